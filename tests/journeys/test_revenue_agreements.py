"""Everyone who shares in a product's revenue agrees, and orders are shared as all agreed (ZJ-2)."""

from __future__ import annotations

import asyncio
from typing import Any

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.makers_identity import Member
from tests.makers_owned import make_owned
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

SIGNED = "ab" * 32


trade = staged(make_trade)


def party(who: Member) -> str:
    return str(who.party.id)


def costs(trade: Trade) -> dict[str, Any]:
    return {
        "method": "cost_sharing",
        "costs": [
            {"party_id": party(trade.supplier), "cost_fen": 300},
            {"party_id": party(trade.stranger), "cost_fen": 100},
        ],
    }


async def propose(trade: Trade, terms: dict[str, Any] | None = None, **changes: Any) -> Any:
    agreed = {"terms": terms or costs(trade), "document_sha256": SIGNED} | changes
    return await trade.by(trade.supplier).post(
        "/api/v1/revenue-agreements", {"product_id": trade.product_id, "agreed": agreed}
    )


async def step(trade: Trade, agreement: str, name: str, who: Member, **body: Any) -> Any:
    return await trade.by(who).post(f"/api/v1/revenue-agreements/{agreement}/{name}", body or None)


async def shares(trade: Trade) -> list[tuple[str, str, int]]:
    split = (await trade.contract(await trade.cleared()))["content"]["split"]
    return [(each["party_id"], each["role"], each["share_bps"]) for each in split["shares"]]


async def test_orders_are_shared_as_all_agreed_from_then_on(trade: Trade) -> None:
    claim = {"party_id": party(trade.issuer), "role": "agency", "share_bps": 1_000}
    agreement = must(await propose(trade, claims=[claim]))
    alone = await shares(trade)
    must(await step(trade, agreement["id"], "consents", trade.stranger))
    waiting = await shares(trade)
    concluded = must(await step(trade, agreement["id"], "consents", trade.issuer))

    order = await trade.delivered()
    split = (await trade.contract(order))["content"]["split"]

    assert (agreement["state"], concluded["state"]) == ("proposed", "in_force")
    assert alone == waiting
    assert [role for _, role, _ in alone] == ["platform", "right_holder"]
    assert split["version"] == f"revenue-agreement/{agreement['number']}"
    # of what the platform's 5 % leave: a tenth to the agency, the rest three to one
    assert [(each["role"], each["method"], each["share_bps"]) for each in split["shares"]] == [
        ("platform", "profit_sharing", 500),
        ("agency", "cost_sharing", 950),
        ("right_holder", "cost_sharing", 6_413),
        ("right_holder", "cost_sharing", 2_137),
    ]
    must(await trade.step(order, "acceptances", trade.buyer))
    released = must(await trade.step(order, "releases", trade.issuer))
    assert sum(leg["amount_fen"] for leg in released["credits"]) == 37_035


async def test_an_ended_agreement_shares_no_more_orders_and_keeps_those_it_has(
    trade: Trade,
) -> None:
    agreement = must(await propose(trade))["id"]
    must(await step(trade, agreement, "consents", trade.stranger))
    order = await trade.cleared()

    ended = must(await step(trade, agreement, "endings", trade.stranger, reason="合作结束"))

    assert (ended["state"], ended["reason"]) == ("ended", "合作结束")
    assert len((await trade.contract(order))["content"]["split"]["shares"]) == 3
    assert len(await shares(trade)) == 2
    again = await step(trade, agreement, "endings", trade.supplier, reason="x")
    assert code(again) == "revenue_agreement_event_not_allowed"


async def test_a_new_agreement_takes_the_place_of_the_one_before(trade: Trade) -> None:
    first = must(await propose(trade))["id"]
    must(await step(trade, first, "consents", trade.stranger))
    ip = {
        "method": "ip_sharing",
        "exploiter_party_id": party(trade.supplier),
        "royalty_bps": 2_000,
        "rights": [
            {"party_id": party(trade.stranger), "kind": "patent", "number": "ZL1", "weight": 1}
        ],
    }
    second = must(await propose(trade, ip))

    must(await step(trade, second["id"], "consents", trade.stranger))

    own = trade.by(trade.stranger)
    listed = must(await own.get("/api/v1/revenue-agreements", product_id=trade.product_id))["items"]
    before = must(await own.get(f"/api/v1/revenue-agreements/{first}"))
    assert [each["state"] for each in listed] == ["in_force", "ended"]
    assert before["reason"] == second["number"]
    assert await shares(trade) == [
        (party(trade.issuer), "platform", 500),
        (party(trade.stranger), "right_holder", 1_900),
        (party(trade.supplier), "right_holder", 7_600),
    ]


async def test_whoever_shares_with_nobody_agrees_by_proposing(trade: Trade) -> None:
    equity = {
        "method": "equity",
        "company_party_id": party(trade.supplier),
        "stakes": [{"party_id": party(trade.stranger), "capital_fen": 1}],
    }
    alone = {
        "method": "profit_sharing",
        "profit": [{"party_id": party(trade.supplier), "share_bps": 10_000}],
    }

    waiting = must(await propose(trade, equity))
    concluded = must(await propose(trade, alone))

    assert (waiting["state"], concluded["state"]) == ("proposed", "in_force")


async def test_who_declines_or_takes_back_ends_it_before_it_began(trade: Trade) -> None:
    declined, withdrawn = [must(await propose(trade))["id"] for _ in range(2)]

    answers = [
        await step(trade, declined, "declinations", trade.stranger, reason="比例不合理"),
        await step(trade, withdrawn, "withdrawals", trade.supplier),
    ]
    after = [
        await step(trade, declined, "consents", trade.stranger),
        await step(trade, withdrawn, "consents", trade.stranger),
        await step(trade, withdrawn, "withdrawals", trade.supplier),
        await step(trade, declined, "declinations", trade.stranger, reason="x"),
    ]

    assert [each.json()["state"] for each in answers] == ["declined", "withdrawn"]
    assert {code(each) for each in after} == {"revenue_agreement_event_not_allowed"}
    assert len(await shares(trade)) == 2


async def test_only_who_is_asked_agrees_once_and_sees_it(trade: Trade) -> None:
    agreement = must(await propose(trade))["id"]
    path = f"/api/v1/revenue-agreements/{agreement}"

    foreign = [
        await step(trade, agreement, "consents", trade.buyer),
        await step(trade, agreement, "declinations", trade.buyer, reason="x"),
        await step(trade, agreement, "endings", trade.buyer, reason="x"),
        await trade.by(trade.buyer).get(path),
    ]
    own = await step(trade, agreement, "consents", trade.supplier)
    not_its = await step(trade, agreement, "withdrawals", trade.stranger)
    at_once = await asyncio.gather(
        *(step(trade, agreement, "consents", trade.stranger) for _ in range(5))
    )

    assert {(each.status_code, code(each)) for each in foreign} == {(404, "not_found")}
    assert code(own) == "revenue_agreed_already"
    assert code(not_its) == "permission_missing"
    assert sorted(each.status_code for each in at_once) == [200, 409, 409, 409, 409]
    assert must(await trade.by(trade.buyer).get("/api/v1/revenue-agreements"))["items"] == []
    assert must(await trade.by(trade.regulator).get(path))["state"] == "in_force"


async def test_what_makes_no_whole_or_names_nobody_is_refused(trade: Trade) -> None:
    supplier = party(trade.supplier)
    half = {"method": "profit_sharing", "profit": [{"party_id": supplier, "share_bps": 5_000}]}
    unknown = {
        "method": "cost_sharing",
        "costs": [{"party_id": "00000000-0000-4000-8000-000000000001", "cost_fen": 1}],
    }
    claim = {"party_id": supplier, "role": "broker", "share_bps": 1_000}

    wrong = [
        await propose(trade, half),
        await propose(trade, claims=[claim]),
        await propose(trade, unknown),
        await propose(trade, {"method": "barter"}),
        await propose(trade, document_sha256="x"),
    ]
    stranger = await trade.by(trade.buyer).post(
        "/api/v1/revenue-agreements",
        {
            "product_id": trade.product_id,
            "agreed": {"terms": costs(trade), "document_sha256": SIGNED},
        },
    )

    assert [(each.status_code, code(each)) for each in wrong[:3]] == [
        (422, "revenue_method_unfit"),
        (422, "revenue_share_twice"),
        (404, "not_found"),
    ]
    assert [each.status_code for each in wrong[3:]] == [422, 422]
    assert code(stranger) == "permission_missing"


async def test_an_owner_whom_the_certificate_names_is_asked_although_it_does_not_share(
    api: Api, db: Database, clock: ManualClock
) -> None:
    owned = await make_owned(api, db, clock)
    await owned.certified()
    await owned.priced()
    await owned.listed()
    supplier, other = party(owned.supplier), party(owned.objector)
    alone = {"method": "profit_sharing", "profit": [{"party_id": supplier, "share_bps": 10_000}]}

    agreement = must(await propose(owned, alone))
    must(await step(owned, agreement["id"], "declinations", owned.objector, reason="未经协商"))

    assert (agreement["state"], agreement["asked"]) == ("proposed", [supplier, other])
    assert [role for _, role, _ in await shares(owned)].count("right_holder") == 2
