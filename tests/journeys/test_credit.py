"""The five functions of a credit record, and what they do to an order (QD-S2, GZF-29)."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import httpx
import pytest

from catalog.kernel.db import begin
from catalog.kernel.local_time import SHANGHAI, local_date
from catalog.products.operations.publishing import set_visible
from market.credit import queries as credit
from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import MAKER, Member, make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

PATH = "/api/v1/credit-records"
UNKNOWN = "01890000-0000-7000-8000-000000000000"
STEPS: dict[str, dict[str, Any]] = {
    "objections": {"statement": "数据由供方书面同意转用"},
    "answers": {"upholds": False, "answer": "未见书面同意"},
    "sanctions": {"is_banned": True},
    "repairs": {"reason": "已整改并赔偿"},
}


trade = staged(make_trade)


async def found(trade: Trade, party: Member | None = None) -> str:
    """Return a finding about the buyer."""
    body = {
        "party_id": str((party or trade.buyer).party.id),
        "act": "misuse_of_data",
        "facts": "将所购数据转卖给第三方",
        "basis": "投诉 TS-2026-000001 处理决定",
    }
    return str(must(await trade.by(trade.adjudicator).post(PATH, body))["id"])


async def step(trade: Trade, who: Member, record: str, name: str, **body: Any) -> httpx.Response:
    return await trade.by(who).post(f"{PATH}/{record}/{name}", STEPS[name] | body)


async def punished(trade: Trade, **sanction: Any) -> str:
    """Return a finding about the buyer that is punished, by a ban unless something else is said."""
    record = await found(trade)
    must(await step(trade, trade.buyer, record, "objections"))
    must(await step(trade, trade.regulator, record, "answers"))
    body = {"is_banned": not sanction} | sanction
    must(await step(trade, trade.regulator, record, "sanctions", **body))
    return record


async def test_a_banned_party_is_refused_until_it_is_repaired(trade: Trade) -> None:
    placed = await trade.placed()
    record = await punished(trade)

    refused = await trade.place()
    cleared = must(await trade.step(placed, "clearances", trade.acceptor))
    mine = must(await trade.by(trade.buyer).get("/api/v1/my/credit"))
    must(await trade.place(trade.stranger))
    repaired = must(await step(trade, trade.regulator, record, "repairs"))

    assert code(refused) == "credit_party_banned"
    assert refused.json()["facts"] == {"until": "2029-03-02"}  # three years from 2 March 2026
    assert (cleared["state"], "party_banned" in str(cleared["decision"])) == ("rejected", True)
    assert mine["standing"]["is_banned"]
    assert repaired["state"] == "repaired"
    assert must(await trade.place())["state"] == "placed"
    topics = [
        each["topic"]
        for each in must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    ]
    assert [topic for topic in topics if topic.startswith("credit")] == [
        "credit_repaired",
        "credit_punished",
        "credit_objection_answered",
        "credit_act_found",
    ]


async def test_a_ban_ends_by_itself_on_the_day_after_its_last(trade: Trade) -> None:
    record = await punished(trade)
    for day, is_banned in ((2, True), (3, False)):
        trade.clock.move_to(dt.datetime(2029, 3, day, 9, tzinfo=SHANGHAI))
        await trade.sign_in_again()
        today = local_date(trade.clock.now())
        async with begin(trade.db, trade.regulator.actor) as tx:
            party = trade.buyer.party.id
            assert await credit.is_banned(tx, party_id=party, on=today) == is_banned
        public = must(await trade.api.get("/api/v1/credit-list"))["sanctions"]
        assert bool(public) == is_banned
    assert must(await trade.by(trade.buyer).get(f"{PATH}/{record}"))["state"] == "punished"

    assert (await trade.api.run_jobs())["credit_due"] == 1

    assert must(await trade.by(trade.buyer).get(f"{PATH}/{record}"))["state"] == "expired"
    late = await step(trade, trade.regulator, record, "repairs")
    assert code(late) == "credit_event_not_allowed"
    assert (await trade.api.run_jobs())["credit_due"] == 0


async def test_an_order_above_the_limit_is_refused_and_one_below_is_not(trade: Trade) -> None:
    await punished(trade, order_limit_fen=50_000)

    above = await trade.place(quantity=5)  # five at 123.45 yuan
    below = await trade.place(quantity=4)

    assert code(above) == "credit_order_limit_exceeded"
    assert below.status_code == 201


async def test_nobody_is_punished_before_it_was_heard_nor_by_who_found_it(trade: Trade) -> None:
    record = await found(trade)
    early = await step(trade, trade.regulator, record, "sanctions")
    strange = await step(trade, trade.stranger, record, "objections")
    silent = await step(trade, trade.buyer, record, "objections", statement=" ")
    trade.clock.move_by(dt.timedelta(days=20))
    await trade.sign_in_again()
    late = await step(trade, trade.buyer, record, "objections")
    empty = await step(trade, trade.regulator, record, "sanctions", is_banned=False)
    must(await step(trade, trade.regulator, record, "sanctions"))
    twice = await step(trade, trade.regulator, record, "sanctions")
    own = must(
        await trade.by(trade.regulator).post(
            PATH,
            {
                "party_id": str(trade.stranger.party.id),
                "act": "other",
                "facts": "拒不整改",
                "basis": "琼数罚〔2026〕2号",
            },
        )
    )["id"]
    trade.clock.move_by(dt.timedelta(days=20))
    await trade.sign_in_again()
    by_finder = await step(trade, trade.regulator, own, "sanctions")

    assert [code(each) for each in (early, silent, late, empty, twice, by_finder)] == [
        "credit_objection_days_running",
        "credit_reason_missing",
        "credit_objection_over",
        "credit_sanction_empty",
        "credit_event_not_allowed",
        "credit_finder_decides",
    ]
    assert strange.status_code == 404


async def test_what_was_found_wrongly_falls_and_is_shown_to_nobody(trade: Trade) -> None:
    record = await found(trade)
    must(await step(trade, trade.buyer, record, "objections"))
    (running,) = must(
        await trade.by(trade.regulator).get("/api/v1/timers", kind="credit_objection")
    )["items"]
    must(await step(trade, trade.regulator, record, "answers", upholds=True, answer="属实"))

    assert running["timer"]["against"] == "authority"
    again = await step(trade, trade.regulator, record, "sanctions")
    assert code(again) == "credit_event_not_allowed"
    assert must(await trade.api.get("/api/v1/credit-list"))["sanctions"] == []
    assert must(await trade.place())["state"] == "placed"


async def test_everybody_reads_who_is_punished_and_rewarded_and_nothing_of_the_case(
    trade: Trade,
) -> None:
    await punished(trade)
    praise = {"party_id": str(trade.supplier.party.id), "text": "连续三年无投诉"}
    must(await trade.by(trade.regulator).post("/api/v1/credit-rewards", praise))
    silent = await trade.by(trade.regulator).post("/api/v1/credit-rewards", praise | {"text": " "})

    public = await trade.api.get("/api/v1/credit-list")
    shown = must(public)

    assert code(silent) == "credit_reason_missing"
    assert [each["uscc"] for each in shown["sanctions"]] == [trade.buyer.party.uscc]
    assert [each["text"] for each in shown["rewards"]] == ["连续三年无投诉"]
    assert "将所购数据转卖" not in public.text
    mine = must(await trade.by(trade.supplier).get("/api/v1/my/credit"))
    assert mine["standing"]["is_rewarded"]
    assert [each["text"] for each in mine["rewards"]] == ["连续三年无投诉"]


async def test_a_finding_is_read_by_its_party_and_the_houses_alone(trade: Trade) -> None:
    record = await found(trade)

    for who, status in (
        (trade.buyer, 200),
        (trade.adjudicator, 200),
        (trade.regulator, 200),
        (trade.acceptor, 404),
        (trade.stranger, 404),
    ):
        assert (await trade.by(who).get(f"{PATH}/{record}")).status_code == status
        listed = must(await trade.by(who).get(PATH))["items"]
        assert [each["id"] for each in listed] == ([record] if status == 200 else [])
    of_nobody = must(await trade.by(trade.regulator).get(PATH, party_id=UNKNOWN))["items"]
    assert of_nobody == []


@pytest.mark.parametrize("name", STEPS)
async def test_each_step_is_for_its_own_people(trade: Trade, name: str) -> None:
    for who in (trade.buyer, trade.acceptor, trade.adjudicator, trade.regulator):
        answer = await step(trade, who, str(uuid.uuid4()), name)
        may = name == "objections" or who is trade.regulator
        assert answer.status_code == (404 if may else 403), (name, who.actor.roles)
    unknown = await trade.by(trade.adjudicator).post(
        PATH, {"party_id": UNKNOWN, "act": "other", "facts": "x", "basis": "x"}
    )
    assert unknown.status_code == 404
    for who in (trade.buyer, trade.acceptor):
        body = {"party_id": str(trade.supplier.party.id), "text": "x"}
        assert (await trade.by(who).post("/api/v1/credit-rewards", body)).status_code == 403


async def test_two_who_punish_at_once_punish_once(trade: Trade) -> None:
    record = await found(trade)
    trade.clock.move_by(dt.timedelta(days=20))
    await trade.sign_in_again()
    colleague = await make_member(
        trade.db, Role.REGULATOR, now=trade.clock.now(), party=trade.regulator.party
    )

    answers = await asyncio.gather(
        *(
            step(trade, who, record, "sanctions")
            for who in (trade.regulator, colleague, trade.regulator, colleague)
        )
    )

    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]


async def test_what_a_supplier_ranked_lower_offers_stands_last_on_the_page(trade: Trade) -> None:
    other = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    for who in (trade.supplier, other):
        trade.supplier = who
        product = await trade.describe(name="甲乙丙台风路径")
        async with begin(trade.db, MAKER) as tx:
            tx.remember()  # as if it were listed
            await set_visible(
                tx, now=trade.clock.now(), product_id=uuid.UUID(product), is_public=True
            )

    async def found() -> list[str]:
        trade.api.context.ranked_lower = credit.RankedLower()  # as if half a minute had passed
        items = must(await trade.api.get("/api/v1/products", q="甲乙丙台风路径"))["items"]
        return [each["id"] for each in items]

    before = await found()
    record = await found_about(trade, before[0])
    after = await found()
    must(await step(trade, trade.regulator, record, "repairs"))

    assert len(before) == 2
    assert after == before[::-1]
    assert await found() == before


async def found_about(trade: Trade, product_id: str) -> str:
    """Return a finding about a product's supplier, which ranks it lower."""
    async with begin(trade.db, MAKER) as tx:
        party = await tx.fetch_value(
            "SELECT supplier_party_id FROM catalog.products WHERE id = $1::uuid", product_id
        )
    said = {"party_id": str(party), "act": "other", "facts": "虚假描述", "basis": "查证"}
    record = str(must(await trade.by(trade.adjudicator).post(PATH, said))["id"])
    trade.clock.move_by(dt.timedelta(days=20))
    await trade.sign_in_again()
    sanction = {"is_banned": False, "is_ranked_lower": True}
    must(await step(trade, trade.regulator, record, "sanctions", **sanction))
    return record


async def test_the_quarterly_report_counts_complaints_and_credit_events(trade: Trade) -> None:
    said = {
        "kind": "price",
        "about": "product",
        "about_id": trade.product_id,
        "facts": "高于备案价",
    }
    must(await trade.by(trade.stranger).post("/api/v1/complaints", said))
    await punished(trade)
    delegated = {
        "operator_party_id": str(trade.issuer.party.id),
        "document_number": "琼数〔2026〕1号",
        "scope": "数据产品确权登记",
        "valid_from": "2026-01-01",
    }
    must(await trade.by(trade.regulator).post("/api/v1/delegations", delegated))
    trade.clock.move_to(dt.datetime(2026, 4, 1, 9, tzinfo=SHANGHAI))
    await trade.sign_in_again()
    await trade.api.run_jobs()
    await trade.api.keep_the_log()

    report = must(
        await trade.by(trade.issuer).post("/api/v1/reports", {"year": 2026, "quarter": 1})
    )["id"]

    document = must(await trade.by(trade.issuer).get(f"/api/v1/reports/{report}"))["document"]
    figures = {each["code"]: each["value"] for each in document["sections"][12]["figures"]}
    assert (figures["received"], figures["credit_events"]) == (1, 4)


async def test_a_complaint_that_was_upheld_becomes_a_finding(trade: Trade) -> None:
    made = must(
        await trade.by(trade.stranger).post(
            "/api/v1/complaints",
            {
                "kind": "misuse_or_leak",
                "about": "party",
                "about_id": str(trade.buyer.party.id),
                "facts": "转卖数据",
            },
        )
    )
    path = f"/api/v1/complaints/{made['id']}"
    staff = trade.by(trade.adjudicator)
    said = {"act": "misuse_of_data", "facts": "转卖数据三次"}
    early = await staff.post(f"{path}/credit-findings", said)
    must(await staff.post(f"{path}/triages", {"decision": "accept"}))
    must(await staff.post(f"{path}/investigations"))
    must(await trade.by(trade.buyer).post(f"{path}/statements", {"text": "系内部使用。"}))
    must(await staff.post(f"{path}/resolutions", {"outcome": "upheld", "findings": "属实"}))

    record = must(await staff.post(f"{path}/credit-findings", said))

    assert code(early) == "complaint_not_upheld"
    assert record["party_id"] == str(trade.buyer.party.id)
    assert made["number"] in record["basis"]


async def test_the_database_keeps_a_record_as_it_may_be(trade: Trade, owner_dsn: str) -> None:
    await found(trade)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        for statement, match in (
            ("UPDATE market.credit_records SET facts = 'x'", "nothing was remembered"),
            ("UPDATE market.credit_records SET state = 'punished'", "punished_by_something"),
            (
                "UPDATE market.credit_records SET state = 'repaired'",
                "repaired_for_a_reason|punished",
            ),
            ("UPDATE market.credit_records SET objection = 'x'", "objected_in_words"),
        ):
            with pytest.raises(asyncpg.PostgresError, match=match):
                await connection.execute(statement)
    finally:
        await connection.close()
