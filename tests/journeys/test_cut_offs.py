"""Stop a product, an agreement, a zone, a grant or a party at once, and let them go on (BJ-28).

What others ask for: revocation that works at the next request and for one order alone
(delta-io/delta-sharing #245), and an end of an agreement of which the buyer is told
(eclipse-tractusx/sig-release #777).
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from catalog.kernel.db import Database
from catalog.kernel.ids import new_id
from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

trade = staged(make_trade)


async def cut(trade: Trade, who: Member, level: str, subject: object) -> httpx.Response:
    return await trade.by(who).post(
        "/api/v1/cut-offs", {"level": level, "subject_id": str(subject), "reason": "风险核查"}
    )


async def lift(trade: Trade, who: Member, cut_off: dict[str, Any]) -> httpx.Response:
    return await trade.by(who).post(
        f"/api/v1/cut-offs/{cut_off['id']}/liftings", {"reason": "核查通过"}
    )


async def grant_of(trade: Trade, order: str) -> uuid.UUID:
    from catalog.kernel.actor import system
    from catalog.kernel.db import begin
    from market.access import queries

    async with begin(trade.db, system("test")) as tx:
        grant = await queries.find_for_order(tx, order_id=uuid.UUID(order))
    assert grant is not None
    return grant.id


async def subject_of(trade: Trade, level: str, order: str) -> object:
    return {
        "product": trade.product_id,
        "agreement": order,
        "party": trade.buyer.party.id,
    }.get(level) or await grant_of(trade, order)


@pytest.mark.parametrize("level", ["product", "agreement", "grant", "party"])
async def test_the_next_request_after_a_cut_off_is_refused_and_after_its_lifting_served(
    trade: Trade, level: str
) -> None:
    order = await trade.delivered()
    token = must(await trade.step(order, "access-tokens", trade.buyer))["access_token"]
    assert (await trade.content(order)).status_code == 200

    (stands,) = must(
        await cut(trade, trade.regulator, level, await subject_of(trade, level, order))
    )["cut_offs"]

    assert (stands["level"], stands["orders_reached"]) == (level, 1)
    assert code(await trade.content(order)) == "authorisation_cut_off"
    assert code(await trade.content(order, token)) == "authorisation_cut_off"
    assert code(await trade.step(order, "access-tokens", trade.buyer)) == "authorisation_cut_off"
    assert (await trade.order(order))["state"] == "delivering"
    must(await lift(trade, trade.regulator, stands))
    assert (await trade.content(order)).status_code == 200
    assert code(await lift(trade, trade.regulator, stands)) == "cut_off_event_not_allowed"
    usage = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/usage"))
    denied = [line["reasons"] for line in usage["statement"]["lines"] if line["reasons"]]
    assert denied == [["authorisation_cut_off"]] * 2


async def test_nothing_new_is_ordered_cleared_or_delivered_of_what_is_cut_off(
    trade: Trade,
) -> None:
    placed, paid = await trade.placed(), await trade.paid()

    must(await cut(trade, trade.issuer, "product", trade.product_id))

    assert code(await trade.place()) == "authorisation_cut_off"
    assert code(await trade.step(paid, "deliveries", trade.supplier)) == "authorisation_cut_off"
    rejected = must(await trade.step(placed, "clearances", trade.acceptor))
    assert rejected["state"] == "rejected"
    assert rejected["decision"]["reasons"] == ["authorisation_cut_off"]
    assert rejected["decision"]["facts"]["is_cut_off"]


async def test_a_decision_is_kept_with_the_facts_by_which_it_was_made(trade: Trade) -> None:
    order = await trade.cleared()

    decided = (await trade.order(order))["decision"]

    assert decided["allowed"]
    assert decided["facts"]["leg"] == "enterprise_to_buyer"
    assert decided["facts"]["mode"] == "dataset_product"


async def test_a_supplier_cuts_off_its_own_and_finds_nothing_of_others(
    trade: Trade, db: Database
) -> None:
    order = await trade.delivered()
    other = await make_member(db, Role.SUPPLIER, now=trade.clock.now())
    for level in ("product", "agreement", "grant"):
        subject = await subject_of(trade, level, order)
        assert code(await cut(trade, other, level, subject)) == "not_found"
        must(await cut(trade, trade.supplier, level, subject))
    for level in ("zone", "party"):
        assert code(await cut(trade, trade.supplier, level, trade.buyer.party.id)) == "not_found"
    for level in ("product", "agreement", "grant", "zone", "party"):
        assert code(await cut(trade, trade.regulator, level, new_id())) == "not_found"

    own = must(await trade.by(trade.supplier).get("/api/v1/cut-offs", limit=2))
    assert [each["level"] for each in own["items"]] == ["grant", "agreement"]
    (last,) = must(
        await trade.by(trade.supplier).get("/api/v1/cut-offs", limit=2, cursor=own["next_cursor"])
    )["items"]
    assert last["level"] == "product"
    assert must(await trade.by(other).get("/api/v1/cut-offs"))["items"] == []
    everything = must(await trade.by(trade.issuer).get("/api/v1/cut-offs"))["items"]
    assert len(everything) == 3


async def test_who_ordered_a_cut_off_lifts_it_or_the_authority(trade: Trade) -> None:
    order = await trade.delivered()
    (by_supplier,) = must(await cut(trade, trade.supplier, "product", trade.product_id))["cut_offs"]
    (by_authority,) = must(await cut(trade, trade.regulator, "agreement", order))["cut_offs"]

    assert code(await lift(trade, trade.supplier, by_authority)) == "not_found"
    assert code(await lift(trade, trade.issuer, by_authority)) == "cut_off_of_another"
    assert code(await lift(trade, trade.issuer, by_supplier)) == "cut_off_of_another"
    assert code(await trade.content(order)) == "authorisation_cut_off"
    must(await lift(trade, trade.regulator, by_supplier))
    assert code(await trade.content(order)) == "authorisation_cut_off"
    must(await lift(trade, trade.regulator, by_authority))
    assert (await trade.content(order)).status_code == 200
    missing = await lift(trade, trade.regulator, {"id": new_id()})
    assert code(missing) == "not_found"


async def test_whose_order_was_stopped_is_told_once(trade: Trade) -> None:
    order = await trade.delivered()
    must(await cut(trade, trade.regulator, "product", trade.product_id))

    for _ in range(2):
        await trade.api.run_jobs()

    inbox = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    told = [each for each in inbox if each["topic"] == "purchase_cut_off"]
    assert [each["subject"]["id"] for each in told] == [order]


async def test_of_two_who_cut_the_same_off_at_once_one_did(trade: Trade) -> None:
    answers = await asyncio.gather(
        *(cut(trade, trade.regulator, "product", trade.product_id) for _ in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    again = await cut(trade, trade.regulator, "product", trade.product_id)
    assert code(again) == "cut_off_stands"


async def test_a_zone_is_cut_off_with_every_product_that_stands_in_it(trade: Trade) -> None:
    order = await trade.delivered()
    operator = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    founded = must(
        await trade.by(trade.regulator).post(
            "/api/v1/zones",
            {
                "code": "weather",
                "kind": "domain",
                "said": {"name": "气象专区", "domains": ["other"]},
                "operator_party_id": str(operator.party.id),
                "supervisor_party_id": str(trade.regulator.party.id),
            },
        )
    )["zone"]
    must(
        await trade.by(trade.regulator).post(
            f"/api/v1/zones/{founded['id']}/decisions",
            {"event": "open", "reason": "开区"},
        )
    )
    must(
        await trade.by(operator).post(
            f"/api/v1/zones/{founded['id']}/products",
            {"product_id": trade.product_id, "reason": "入区"},
        )
    )

    (stands,) = must(await cut(trade, trade.regulator, "zone", founded["id"]))["cut_offs"]

    assert (stands["level"], stands["subject_id"]) == ("product", trade.product_id)
    assert stands["zone_id"] == founded["id"]
    assert code(await trade.content(order)) == "authorisation_cut_off"
