"""Seal a bid at a terminal, hand it in, and open all of them; real processes, real HTTP."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import stat
import uuid

from tests.makers_bidding import NOTICE, SALT, Sale, make_sale, reserve_of
from tests.makers_registration import must
from tests.stages import staged
from tests.terminal import Run, told

UNKNOWN = str(uuid.UUID(int=7))


sale = staged(make_sale)


async def test_a_bid_is_sealed_offline_handed_in_opened_and_wins(
    sale: Sale, run: Run, tmp_path: pathlib.Path
) -> None:
    keys = {name: tmp_path / f"{name}.key" for name in ("supplier", "operator")}
    made = {name: await run(None, "auctions", "new-key", str(keys[name])) for name in keys}
    public = {name: each.stdout.strip() for name, each in made.items()}
    drafted = must(
        await sale.draft(
            "sealed_first_price",
            supplier_key=public["supplier"],
            reserve_sha256=reserve_of(25_000),
        )
    )
    auction = str(drafted["id"])
    must(
        await sale.at(auction, "announcements", sale.acceptor, {"operator_key": public["operator"]})
    )
    joined = await run(
        sale.buyer, "auctions", "join", auction, "--accept-rules", "--unrelated", "--limit", "900"
    )
    must(await sale.join(auction, sale.stranger))
    await sale.move_by(NOTICE)

    shown = await run(sale.buyer, "auctions", "show", auction)
    saved = tmp_path / "auction.json"
    saved.write_text(shown.stdout, "utf-8")
    out, keep = tmp_path / "sealed.json", tmp_path / "bid.json"
    seal = ("auctions", "seal", str(saved), "450.00", "--paddle", "1", "--out", str(out))
    sealed = await run(None, *seal, "--keep", str(keep))
    again = await run(None, *seal, "--keep", str(keep))
    handed = await run(sale.buyer, "auctions", "submit", str(out))
    mine = told(await run(sale.buyer, "auctions", "mine", auction))
    must(await sale.hand_in_bid(auction, sale.stranger, 30_000))
    await sale.move_by(dt.timedelta(days=1))
    halves = [
        await run(sale.supplier, "auctions", "open", auction, "--key", str(keys["supplier"]),
                  "--reserve", "250", "--salt", SALT),
        await run(sale.acceptor, "auctions", "open", auction, "--key", str(keys["operator"])),
    ]  # fmt: skip
    unsealed = await run(
        None, "auctions", "unseal", str(out),
        "--supplier-key", str(keys["supplier"]), "--operator-key", str(keys["operator"]),
    )  # fmt: skip
    decided = await sale.shown(auction)

    assert joined.stdout.strip() == "1", joined.stderr
    assert sealed.returncode == 0, sealed.stderr
    assert (again.returncode, "已存在" in again.stderr or "exists" in again.stderr) == (2, True)
    # What is handed in tells nothing of the amount; what is kept does, and is nobody else's to read.
    assert "45000" not in out.read_text("utf-8")
    assert json.loads(keep.read_text("utf-8"))["amount_fen"] == 45_000
    assert (
        stat.S_IMODE(keep.stat().st_mode) == stat.S_IMODE(keys["supplier"].stat().st_mode) == 0o600
    )
    assert handed.returncode == 0, handed.stderr
    assert [each["commitment_sha256"] for each in mine["sealed_bids"]] == [sealed.stdout.strip()]
    assert [each.returncode for each in halves] == [0, 0], [each.stderr for each in halves]
    assert told(unsealed)["amount_fen"] == 45_000
    assert {each["paddle"]: each["amount_fen"] for each in decided["bids"]}[1] == 45_000
    assert [each["paddle"] for each in decided["outcome"]["winners"]] == [1]


async def test_bids_in_public_are_made_listed_and_refused_at_a_terminal(
    sale: Sale, run: Run, tmp_path: pathlib.Path
) -> None:
    auction = await sale.opened()
    first = await run(sale.buyer, "auctions", "bid", auction, "310")
    low = await run(sale.stranger, "auctions", "bid", auction, "200")
    nothing = await run(sale.stranger, "auctions", "bid", auction, "many")
    listed = await run(None, "auctions", "list")
    mine = await run(sale.buyer, "auctions", "list", "--status", "open")
    unknown = await run(sale.buyer, "auctions", "show", UNKNOWN)
    saved = tmp_path / "auction.json"
    saved.write_text((await run(sale.buyer, "auctions", "show", auction)).stdout, "utf-8")
    in_public = await run(
        None, "auctions", "seal", str(saved), "450", "--paddle", "1",
        "--out", str(tmp_path / "a"), "--keep", str(tmp_path / "b"),
    )  # fmt: skip

    assert first.returncode == 0, first.stderr
    assert (low.returncode, nothing.returncode) == (1, 2)
    assert listed.returncode == 2  # needs a token
    assert f"{auction}  english  open" in mine.stdout
    assert (unknown.returncode, "[not_found]" in unknown.stderr) == (1, True)
    assert in_public.returncode == 1
    assert not (tmp_path / "a").exists()


async def test_a_box_that_these_keys_do_not_open_is_no_bid(
    sale: Sale, run: Run, tmp_path: pathlib.Path
) -> None:
    auction = await sale.opened("sealed_first_price")
    saved, out = tmp_path / "auction.json", tmp_path / "sealed.json"
    saved.write_text(json.dumps(await sale.shown(auction)), "utf-8")
    sealed = await run(
        None, "auctions", "seal", str(saved), "450", "--paddle", "1",
        "--out", str(out), "--keep", str(tmp_path / "bid.json"),
    )  # fmt: skip
    key = tmp_path / "other.key"
    await run(None, "auctions", "new-key", str(key))
    unseal = ("auctions", "unseal", str(out), "--supplier-key", str(key), "--operator-key")
    others = await run(None, *unseal, str(key))
    no_key = await run(None, *unseal, str(saved))
    taken = await run(sale.buyer, "auctions", "submit", str(out))
    back = await run(sale.buyer, "auctions", "withdraw", auction)
    unread = await run(sale.buyer, "auctions", "submit", str(key))
    wrong_half = await run(sale.supplier, "auctions", "open", auction, "--key", str(key))

    assert sealed.returncode == taken.returncode == back.returncode == 0
    assert (others.returncode, no_key.returncode, unread.returncode) == (1, 2, 2)
    assert '"withdrawn_at": "' in back.stdout
    assert wrong_half.returncode == 1
