"""The books at a terminal: trial balance, accounts, statements, and where an amount comes from."""

from __future__ import annotations

import json
import pathlib

from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_month_end import closed, month_ends, month_of, sell
from tests.journeys.test_readings_keys_settings import kept
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged
from tests.terminal import Run

trade = staged(make_trade)


async def test_the_trial_balance_is_drilled_into_at_a_terminal(trade: Trade, run: Run) -> None:
    await sell(trade)
    month = await closed(trade)

    whole = await run(trade.issuer, "ledger", "trial-balance", "--period", month)
    payables = await run(trade.issuer, "ledger", "trial-balance", "--purpose", "payable")
    later = await run(trade.issuer, "ledger", "trial-balance", "--period", "2026-13")
    strange = await run(trade.supplier, "ledger", "trial-balance")

    assert whole.returncode == 0, whole.stderr
    assert "平衡 · in balance" in whole.stdout
    assert "2241.01" in whole.stdout
    assert f"payable/{trade.supplier.party.id}" in payables.stdout
    assert (later.returncode, strange.returncode) == (1, 1)
    assert "[month_unknown]" in later.stderr


async def test_a_supplier_reads_its_account_and_keeps_a_file_of_it(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    await sell(trade)
    code = f"payable/{trade.supplier.party.id}"

    own = await run(trade.supplier, "ledger", "accounts")
    lines = await run(trade.supplier, "ledger", "account", code)
    told = await run(trade.supplier, "ledger", "account", code, "--json")
    for name in ("account.csv", "account.xlsx"):
        kept = await run(trade.supplier, "ledger", "account", code, "--out", str(tmp_path / name))
        assert kept.returncode == 0, kept.stderr
    odd = await run(trade.supplier, "ledger", "account", code, "--out", str(tmp_path / "a.pdf"))
    foreign = await run(trade.stranger, "ledger", "account", code)

    (page,) = json.loads(told.stdout)
    assert code in own.stdout
    assert "放款分账" in lines.stdout
    assert "未结账" in lines.stdout
    assert page["closing_fen"] == page["items"][0]["amount_fen"] > 0
    assert "放款分账" in (tmp_path / "account.csv").read_text("utf-8-sig")
    assert (tmp_path / "account.xlsx").read_bytes().startswith(b"PK")
    assert odd.returncode == 2
    assert foreign.returncode == 1


async def test_what_of_an_account_is_read_by_the_house_stays_in_the_log(
    db: Database, trade: Trade
) -> None:
    await sell(trade)
    code = f"payable/{trade.supplier.party.id}"
    month = month_of(trade)

    must(
        await trade.by(trade.regulator).get(f"/api/v1/account-ledgers/market/{code}", period=month)
    )
    must(await trade.by(trade.supplier).get(f"/api/v1/account-ledgers/market/{code}"))
    sheet = await trade.by(trade.regulator).get(
        f"/api/v1/account-ledgers/market/{code}/file", file_format="xlsx"
    )
    routes = [json.dumps(each) for each in await kept(db, "record:read")]

    assert sheet.content.startswith(b"PK")
    assert sum("/api/v1/account-ledgers/" in each for each in routes) == 2
    assert sum("{owner}/file" in each for each in routes) == 1
    assert all(str(trade.supplier.party.id) in each for each in routes)


async def test_every_fen_of_an_order_is_explained_to_both_sides_and_to_the_house(
    trade: Trade, run: Run
) -> None:
    order = await sell(trade)
    path = f"/api/v1/explanations/order/{order}"

    told = [
        must(await trade.by(who).get(path))
        for who in (trade.buyer, trade.supplier, trade.regulator, trade.issuer)
    ]
    shown = await run(trade.buyer, "ledger", "explain", "order", order)
    english = await run(trade.supplier, "ledger", "explain", "order", order, "--lang", "en")
    strange = await trade.by(trade.stranger).get(path)
    unknown = await trade.by(trade.issuer).get(f"/api/v1/explanations/entry/{order}")

    assert all(each == told[0] for each in told)
    assert told[0]["is_as_posted"]
    assert [each["way"] for each in told[0]["entries"]] == ["whole", "divided"]
    released = told[0]["entries"][1]
    one = must(await trade.by(trade.supplier).get(f"/api/v1/explanations/entry/{released['key']}"))
    assert one["entries"] == [released]
    assert shown.returncode == 0, shown.stderr
    assert "权利人按利润分成分得" in shown.stdout
    assert "Right holder:" in english.stdout
    assert (strange.status_code, unknown.status_code) == (404, 404)


async def test_the_books_are_replayed_at_a_terminal_and_offline_from_an_export(
    api: Api, db: Database, trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    await sell(trade)
    await closed(trade)
    out = tmp_path / "export"
    await api.export(out)

    asked = await run(trade.regulator, "ledger", "replay", "--wait", "0")
    await api.run_jobs()
    listed = must(await trade.by(trade.regulator).get("/api/v1/ledger/replays"))["items"]
    offline = await run(None, "ledger", "replay", str(out))
    as_json = await run(None, "ledger", "replay", str(out), "--json")
    strange = await run(trade.supplier, "ledger", "replay")
    nothing = await run(None, "ledger", "replay", str(tmp_path))

    assert asked.returncode == 1  # it was not waited for
    assert [(each["step"], each["report"]["is_good"]) for each in listed] == [("finished", True)]
    assert offline.returncode == 0, offline.stderr + offline.stdout
    assert "一致 · All of it agrees." in offline.stdout
    assert json.loads(as_json.stdout)["entries"] == listed[0]["report"]["entries"] == 2
    assert (strange.returncode, nothing.returncode) == (1, 2)


async def test_an_export_that_was_changed_names_the_first_entry_that_disagrees(
    api: Api, db: Database, trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    await sell(trade)
    out = tmp_path / "export"
    await api.export(out)
    journal = out / "records" / "journal.jsonl"
    first, second = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(first)
    gone = json.loads(second)["id"]

    told = await run(None, "ledger", "replay", str(out))
    journal.write_bytes(b"no line\n")
    torn = await run(None, "ledger", "replay", str(out))

    assert told.returncode == 1
    assert told.stdout.splitlines()[-1].endswith(gone)
    assert "is gone; the log knows it" in told.stdout
    assert torn.returncode == 2


async def test_statements_are_listed_kept_and_verified_at_a_terminal(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    await sell(trade)
    none = await run(trade.supplier, "statements", "list")
    month = await closed(trade)

    listed = await run(trade.supplier, "statements", "list")
    shown = await run(trade.supplier, "statements", "get", "supplier", month)
    kept = {}
    for kind in ("json", "xlsx", "pdf"):
        place = tmp_path / f"told.{kind}"
        got = await run(trade.supplier, "statements", "get", "supplier", month, "--out", str(place))
        assert got.returncode == 0, got.stderr
        kept[kind] = place
    keys = tmp_path / "keys.json"
    keys.write_bytes((await trade.api.get("/api/v1/keys")).content)
    genuine = await run(None, "statements", "verify", str(kept["json"]), "--keys", str(keys))
    other = await run(trade.supplier, "statements", "get", "supplier", month, "--out", "x.doc")
    foreign = await run(
        trade.supplier, "statements", "get", "buyer", month, "--party", str(trade.buyer.party.id)
    )

    assert none.stdout == ""
    assert listed.stdout.startswith(f"{month}  market")
    assert f"payable/{trade.supplier.party.id}" in shown.stdout
    assert kept["xlsx"].read_bytes().startswith(b"PK")
    assert kept["pdf"].read_bytes().startswith(b"%PDF")
    assert genuine.returncode == 0, genuine.stdout + genuine.stderr
    assert (other.returncode, foreign.returncode) == (2, 1)


async def test_what_waits_is_told_the_most_urgent_first(trade: Trade, run: Run) -> None:
    await sell(trade)
    await month_ends(trade)

    told = (await trade.by(trade.regulator).get("/api/v1/ledger/waiting")).json()
    shown = await run(trade.issuer, "ledger", "waiting")
    strange = await trade.by(trade.supplier).get("/api/v1/ledger/waiting")

    assert "months_to_close" in [each["what"] for each in told]
    assert "未结账的月份" in shown.stdout
    assert strange.status_code == 403


async def test_a_supervisor_has_the_books_replayed_and_reads_what_it_came_to(
    api: Api, trade: Trade
) -> None:
    await sell(trade)
    regulator = trade.by(trade.regulator)
    asked = must(await regulator.post("/api/v1/ledger/replays", {}))
    await api.run_jobs()
    done = must(await trade.by(trade.regulator).get(f"/api/v1/ledger/replays/{asked['id']}"))
    refused = await trade.by(trade.issuer).post("/api/v1/ledger/replays", {})
    unknown = await trade.by(trade.regulator).get(f"/api/v1/ledger/replays/{trade.buyer.party.id}")

    assert (asked["step"], asked["entries_total"], asked["report"]) == ("waiting", 2, None)
    assert (done["step"], done["entries_done"], done["report"]["is_good"]) == ("finished", 2, True)
    assert (refused.status_code, unknown.status_code) == (403, 404)
