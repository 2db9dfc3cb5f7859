"""Ties of parties, stated by them, by the operator, from a register; and what related parties may not do."""

from __future__ import annotations

import asyncio
import json
import pathlib
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.journeys.test_allowed_revenue_http import REVIEW, make_public
from tests.journeys.test_special_prices import BANDS, offer
from tests.makers_affiliations import (
    DEALINGS,
    OTHER_PERSON,
    OUTSIDER,
    PERSON,
    TIES,
    dealings,
    firm,
    state,
    tie,
    under_one_roof,
)
from tests.makers_bidding import make_sale
from tests.makers_demands import another_supplier, invite, published, quote, requested
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import REGISTRATION, Trade, make_trade
from tests.stages import staged
from tests.terminal import Run

UNKNOWN = str(uuid.UUID(int=7))
USE = "industrial_development"


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    trade.filing_id = await trade.priced(  # type: ignore[attr-defined]
        price_items=[BANDS], pricing_regime="negotiated"
    )
    await trade.listed()
    return trade


async def decide(trade: Trade, dealing: str, *, releases: bool, reason: str = "已核实") -> Any:
    body = {"releases": releases, "reason": reason}
    return await trade.by(trade.regulator).post(f"{DEALINGS}/{dealing}/decisions", body)


async def told(trade: Trade, who: Any) -> list[str]:
    inbox = must(await trade.by(who).get("/api/v1/my/notifications"))
    return [each["topic"] for each in inbox["items"]]


# ── what waits, and what is listed ──────────────────────────────────────────────────────────


async def test_a_price_for_its_own_side_waits_for_the_authority(trade: Trade) -> None:
    """GD-18: a special price between two firms of one group is held, told, released, and used."""
    await under_one_roof(trade, trade.buyer)
    special = must(await offer(trade))["id"]

    held = await trade.place(quantity=20, special_price_id=special)
    (found,) = await dealings(trade, status="open")
    must(await decide(trade, found["id"], releases=True))
    placed = await trade.place(quantity=20, special_price_id=special)

    assert (held.status_code, code(held)) == (409, "related_dealing_held")
    assert (found["matter"], found["matter_id"], found["is_held"]) == (
        "special_price",
        special,
        True,
    )
    assert found["relation"] == "same_controller"
    assert found["in_words"].count("港航集团有限公司 —持股 60.00%→") == 2
    assert placed.status_code == 201
    assert "related_dealing_found" in await told(trade, trade.regulator)
    assert "related_dealing_released" in await told(trade, trade.buyer)
    by_matter = {each["matter"]: each for each in await dealings(trade)}
    assert (by_matter["order"]["is_held"], by_matter["order"]["state"]) == (False, "open")


async def test_what_was_refused_is_never_used(trade: Trade) -> None:
    await under_one_roof(trade, trade.buyer)
    special = must(await offer(trade))["id"]
    (found,) = await dealings(trade)

    refused = must(await decide(trade, found["id"], releases=False))
    used = await trade.place(quantity=20, special_price_id=special)
    again = await decide(trade, found["id"], releases=True)

    assert refused["state"] == "refused"
    assert code(used) == "related_dealing_held"
    assert code(again) == "related_dealing_event_not_allowed"


async def test_a_tie_that_comes_to_light_later_holds_what_was_not_used(trade: Trade) -> None:
    special = must(await offer(trade))["id"]
    assert await dealings(trade) == []
    await under_one_roof(trade, trade.buyer)

    used = await trade.place(quantity=20, special_price_id=special)

    assert code(used) == "related_dealing_held"
    assert [each["matter_id"] for each in await dealings(trade)] == [special]


async def test_an_order_at_everybody_s_price_goes_on_and_is_listed(trade: Trade) -> None:
    must(await state(trade, trade.supplier, tie(firm(trade.supplier.party), firm(trade.buyer.party), share_bps=2_500)))  # fmt: skip

    order = must(await trade.place(quantity=20))

    (found,) = await dealings(trade)
    assert (found["matter"], found["matter_id"]) == ("order", order["id"])
    assert (found["relation"], found["is_held"]) == ("holding", False)


async def test_two_who_are_not_related_are_in_no_list(trade: Trade) -> None:
    must(await state(trade, trade.buyer, tie(OUTSIDER, firm(trade.buyer.party))))

    must(await trade.place(quantity=20, special_price_id=must(await offer(trade))["id"]))

    assert await dealings(trade) == []


async def test_a_tie_that_is_over_ties_nobody(trade: Trade) -> None:
    body = tie(firm(trade.supplier.party), firm(trade.buyer.party), valid_until="2026-03-01")
    must(await state(trade, trade.supplier, body))

    must(await trade.place(quantity=20))

    assert await dealings(trade) == []


@pytest.mark.parametrize(
    ("who", "dealing", "reason", "refused"),
    [
        ("adjudicator", None, "x", (403, "permission_missing")),
        ("buyer", None, "x", (403, "permission_missing")),
        ("regulator", UNKNOWN, "x", (404, "not_found")),
        ("regulator", None, " ", (422, "related_dealing_reason_missing")),
    ],
)
async def test_only_the_authority_decides_and_says_why(
    trade: Trade, who: str, dealing: str | None, reason: str, refused: tuple[int, str]
) -> None:
    await under_one_roof(trade, trade.buyer)
    must(await offer(trade))
    (found,) = await dealings(trade)

    answer = await trade.by(getattr(trade, who)).post(
        f"{DEALINGS}/{dealing or found['id']}/decisions", {"releases": True, "reason": reason}
    )

    assert (answer.status_code, code(answer)) == refused
    assert [each["state"] for each in await dealings(trade)] == ["open"]


async def test_two_who_decide_at_once_decide_once(trade: Trade) -> None:
    await under_one_roof(trade, trade.buyer)
    must(await offer(trade))
    (found,) = await dealings(trade)

    both = await asyncio.gather(
        decide(trade, found["id"], releases=True), decide(trade, found["id"], releases=False)
    )

    assert sorted(each.status_code for each in both) == [200, 409]


# ── what related parties may not do ─────────────────────────────────────────────────────────


async def test_a_firm_of_the_operator_buys_no_public_data_of_its_zone(
    api: Api, db: Database, clock: ManualClock
) -> None:
    """A47: who operates the market does not get round it through a subsidiary."""
    trade = await make_public(api, db, clock)
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    must(await trade.place(use_category=USE))
    operator = trade.adjudicator.party
    must(await state(trade, trade.adjudicator, tie(firm(operator), OUTSIDER)))
    must(await state(trade, trade.adjudicator, tie(OUTSIDER, firm(trade.buyer.party))))

    refused = await trade.place(use_category=USE)
    must(await trade.place(trade.stranger, use_category=USE))

    assert code(refused) == "operator_redevelopment_forbidden"


async def test_nobody_bids_for_its_own_side_or_against_it(
    api: Api, db: Database, clock: ManualClock
) -> None:
    sale = await make_sale(api, db, clock)
    auction = await sale.announced()
    must(await state(sale, sale.buyer, tie(firm(sale.buyer.party), firm(sale.supplier.party))))
    must(await state(sale, sale.stranger, tie(PERSON, firm(sale.stranger.party))))
    must(
        await state(
            sale,
            sale.third,
            tie(PERSON, firm(sale.third.party), kind="legal_representative", share_bps=None),
        )
    )

    by_the_owner = await sale.join(auction, sale.buyer)
    must(await sale.join(auction, sale.stranger))
    by_the_same_person = await sale.join(auction, sale.third)

    assert code(by_the_owner) == "bidder_related"
    assert "持股 60.00%" in by_the_owner.json()["facts"]["path"]
    assert code(by_the_same_person) == "bidder_related"
    assert by_the_same_person.json()["facts"] == {
        "tied_to": "bidder",
        "relation": "same_person",
        "path": "",
    }


async def test_a_tied_supplier_is_not_invited_and_quotes_nothing(trade: Trade) -> None:
    rival, _ = await another_supplier(trade)
    post, request = await requested(trade, trade.supplier, rival)
    must(await state(trade, trade.supplier, tie(firm(trade.supplier.party), firm(rival.party))))
    another = await published(trade)
    both = await invite(trade, another, trade.supplier, rival)
    must(await state(trade, trade.buyer, tie(firm(trade.buyer.party), firm(trade.supplier.party))))
    one = await invite(trade, another, trade.supplier)

    quoted = await quote(trade, request)

    assert code(both) == "quote_invitee_related"
    assert both.json()["facts"]["relation"] in {"controls", "controlled_by"}
    assert code(one) == "quote_invitee_related"
    assert code(quoted) == "quote_related_party"
    assert str(trade.buyer.party.id) not in quoted.text
    assert post != another


# ── what is stated, and by whom ─────────────────────────────────────────────────────────────


async def test_a_party_states_its_own_chain_and_sees_nobody_else_s(trade: Trade) -> None:
    mine = must(await state(trade, trade.buyer, tie(OUTSIDER, firm(trade.buyer.party))))
    above = must(await state(trade, trade.buyer, tie(PERSON, OUTSIDER)))
    must(await state(trade, trade.supplier, tie(OTHER_PERSON, firm(trade.supplier.party))))

    own = must(await trade.by(trade.buyer).get(TIES))["items"]
    all_of_them = must(await trade.by(trade.regulator).get(TIES))["items"]
    about = must(await trade.by(trade.adjudicator).get(TIES, party_id=str(trade.supplier.party.id)))

    assert [each["id"] for each in own] == [above["id"], mine["id"]]
    assert (len(all_of_them), len(about["items"])) == (3, 1)
    assert PERSON["identity_number"] not in json.dumps(all_of_them)
    assert mine["source"] == "declared"


@pytest.mark.parametrize(
    ("body", "status", "refused"),
    [
        (tie(OUTSIDER, {"name": "他人", "uscc": "91460000MA99999999"}), 422, "uscc_malformed"),
        (tie(PERSON, OUTSIDER), 409, "affiliation_not_own"),
        (tie({"name": "x"}, OUTSIDER), 422, "affiliation_end_unnamed"),
        (tie(OUTSIDER, PERSON), 422, "affiliation_ends_unfit"),
        (tie(OUTSIDER, OUTSIDER), 422, "affiliation_ends_unfit"),
        (tie(PERSON, OUTSIDER, share_bps=None), 422, "affiliation_share_unfit"),
        (tie(PERSON, OUTSIDER, valid_until="2019-12-31"), 422, "affiliation_dates_unfit"),
        (tie(PERSON, OUTSIDER, basis=" "), 422, "affiliation_basis_missing"),
    ],
)
async def test_what_may_not_be_stated_changes_nothing(
    trade: Trade, body: dict[str, Any], status: int, refused: str
) -> None:
    answer = await state(trade, trade.buyer, body)

    assert (answer.status_code, code(answer)) == (status, refused)
    assert must(await trade.by(trade.regulator).get(TIES))["items"] == []


async def test_a_tie_is_stated_once_and_ended_by_whoever_stated_it(trade: Trade) -> None:
    own = must(await state(trade, trade.buyer, tie(OUTSIDER, firm(trade.buyer.party))))["id"]
    again = await state(trade, trade.buyer, tie(OUTSIDER, firm(trade.buyer.party), share_bps=100))
    path = f"{TIES}/{own}/endings"

    async def end(who: Any, day: str, reason: str = "股权转让协议") -> Any:
        return await trade.by(who).post(path, {"last_day": day, "reason": reason})

    foreign = await end(trade.supplier, "2026-03-02")
    backdated = await end(trade.buyer, "2026-03-01")
    silent = await end(trade.buyer, "2026-03-02", " ")
    ended = must(await end(trade.buyer, "2026-03-02"))
    twice = await end(trade.adjudicator, "2026-02-01")

    assert code(again) == "affiliation_stated_before"
    assert (foreign.status_code, code(foreign)) == (404, "not_found")
    assert code(backdated) == "affiliation_end_backdated"
    assert code(silent) == "affiliation_basis_missing"
    assert ended["valid_until"] == "2026-03-02"
    assert code(twice) == "affiliation_ended_before"


async def test_who_only_reads_states_nothing_and_a_stranger_reads_nothing(trade: Trade) -> None:
    body = tie(OUTSIDER, firm(trade.buyer.party))

    by_the_authority = await state(trade, trade.regulator, body)
    excerpt = await trade.by(trade.buyer).post("/api/v1/affiliation-excerpts", extract(trade))
    listed = await trade.by(trade.buyer).get(DEALINGS)

    for refused in (by_the_authority, excerpt, listed):
        assert (refused.status_code, code(refused)) == (403, "permission_missing")


def extract(trade: Trade, *ties: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return what a register says of the buyer."""
    return {
        "organisation": firm(trade.buyer.party),
        "as_of": "2026-03-02",
        "number": "摘录2026-1",
        "ties": list(ties),
    } | changes


async def test_an_excerpt_of_a_register_ends_what_it_says_no_more(trade: Trade) -> None:
    path, who = "/api/v1/affiliation-excerpts", trade.by(trade.adjudicator)
    first, second = (tie(each, firm(trade.buyer.party), share_bps=5_000) for each in (PERSON, OUTSIDER))  # fmt: skip
    new = must(await who.post(path, extract(trade, first, second)))["new"]
    same = must(await who.post(path, extract(trade, first, second)))["new"]
    less = must(await who.post(path, extract(trade, second, as_of="2026-03-10")))["new"]

    kept = must(await who.get(TIES))["items"]

    assert (len(new), same, less) == (2, [], [])
    assert {(each["holder_name"], each["valid_until"]) for each in kept} == {
        ("张三", "2026-03-09"),
        ("港航集团有限公司", None),
    }
    assert {each["source"] for each in kept} == {"register"}
    too_much = await who.post(path, extract(trade, first, second, tie(OTHER_PERSON, firm(trade.buyer.party))))  # fmt: skip
    of_another = await who.post(path, extract(trade, tie(PERSON, OUTSIDER)))
    assert code(too_much) == code(of_another) == "affiliation_excerpt_unfit"


async def test_the_log_knows_ties_and_dealings_and_shows_neither_to_the_other_side(
    trade: Trade, db: Database
) -> None:
    await under_one_roof(trade, trade.buyer)
    must(await offer(trade))
    (found,) = await dealings(trade)
    must(await decide(trade, found["id"], releases=True))
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())

    entries = await trade.by(auditor).find_in_log(
        subject_kind="related_dealing", subject_id=found["id"]
    )

    assert [each["event"] for each in entries] == [
        "related_dealing:released",
        "related_dealing:found",
    ]
    assert "港航集团有限公司" not in json.dumps(entries, ensure_ascii=False)


async def test_the_database_keeps_a_tie_as_it_was_stated(trade: Trade, owner_dsn: str) -> None:
    own = must(await state(trade, trade.buyer, tie(OUTSIDER, firm(trade.buyer.party))))["id"]
    connection = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(
                "UPDATE market.affiliation_ties SET share_bps = 1 WHERE id = $1", uuid.UUID(own)
            )
        for broken in ("share_bps = 10001", "holder = held", "basis = ' '", "share_bps = NULL"):
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(
                    f"UPDATE market.affiliation_ties SET {broken} WHERE id = $1",
                    uuid.UUID(own),
                )
    finally:
        await connection.close()


# ── at a terminal ───────────────────────────────────────────────────────────────────────────


async def test_ties_are_stated_imported_and_decided_on_at_a_terminal(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    buyer = trade.buyer.party
    made = await run(
        trade.buyer, "affiliations", "state", "legal_representative",
        "--holder", PERSON["identity_number"], PERSON["name"],
        "--held", buyer.uscc, buyer.name, "--from", "2020-01-01", "--basis", "登记",
    )  # fmt: skip
    held = await run(
        trade.buyer, "affiliations", "state", "shareholding", "--holder", OUTSIDER["uscc"],
        OUTSIDER["name"], "--held", buyer.uscc, buyer.name, "--share-bps", "6000",
        "--from", "2020-01-01", "--basis", "章程",
    )  # fmt: skip
    (tmp_path / "one.json").write_text(
        json.dumps(
            extract(trade, tie(OUTSIDER, firm(trade.supplier.party)))
            | {"organisation": firm(trade.supplier.party)}
        )
    )
    imported = await run(trade.adjudicator, "affiliations", "import", tmp_path)
    must(await offer(trade))
    (found,) = await dealings(trade)
    decided = await run(
        trade.regulator, "affiliations", "decide", found["id"], "--release", "--reason", "已核实"
    )
    listed = await run(trade.regulator, "affiliations", "dealings", "--status", "released")
    ended = await run(
        trade.buyer, "affiliations", "end", held.stdout.split()[0],
        "--last-day", "2026-12-31", "--reason", "转让",
    )  # fmt: skip
    mine = await run(trade.buyer, "affiliations", "list")
    (tmp_path / "one.json").write_text("{}")
    broken = await run(trade.adjudicator, "affiliations", "import", tmp_path)

    assert made.returncode == held.returncode == 0, made.stderr + held.stderr
    assert "港航集团有限公司 —shareholding 60.00%→" in imported.stdout
    assert "released" in decided.stdout
    assert found["id"] in listed.stdout
    assert "2026-12-31" in ended.stdout
    assert len(mine.stdout.splitlines()) == 2
    assert (broken.returncode, "one.json" in broken.stderr) == (2, True)
