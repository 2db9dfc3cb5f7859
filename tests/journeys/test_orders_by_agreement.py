"""What was agreed is what is ordered, delivered and used; one second after its end nothing is any more.

The complaints of others that these tests answer: EDC #5377 and tractusx-edc #2259 (an agreement that was
over was noticed at the transfer, or by the day), sig-release #777 (no way to end one with both told),
w3c/odrl #59 (a price that changes beside the policy).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

from tests.api import code
from tests.makers_negotiations import BASE, PURPOSE, requested, terms
from tests.makers_registration import must
from tests.makers_trade import TERMS, Trade, make_trade
from tests.stages import staged

SECOND = dt.timedelta(seconds=1)


trade = staged(make_trade)


async def agreed(trade: Trade, **changes: Any) -> str:
    return str((await (await requested(trade, **changes)).conclude())["id"])


async def delivered(trade: Trade, agreement: str) -> str:
    order = await trade.delivered(agreement_id=agreement, purpose=PURPOSE)
    assert (await trade.content(order)).status_code == 200
    return order


async def refusal(trade: Trade, agreement: str, **changes: Any) -> tuple[int, str]:
    answer = await trade.place(agreement_id=agreement, **({"purpose": PURPOSE} | changes))
    return answer.status_code, code(answer)


async def test_an_order_by_an_agreement_names_it_in_its_contract(trade: Trade) -> None:
    agreement = await agreed(trade)
    order = await trade.cleared(agreement_id=agreement, purpose=PURPOSE)

    content = (await trade.contract(order))["content"]
    shown = must(await trade.by(trade.buyer).get(f"/api/v1/agreements/{agreement}"))

    assert content["agreement"] == {
        "agreement_id": agreement,
        "sha256": shown["agreement"]["sha256"],
    }


async def test_whatever_differs_from_what_was_agreed_is_not_ordered(trade: Trade) -> None:
    agreement = await agreed(trade, regions=["海南"])
    here = TERMS | {"region": "海南"}

    for changes in (
        {"purpose": "营销", "terms": here},
        {"delivery_mode": "api_call", "terms": here},
        {"quantity": 4, "terms": here},
        {"price_item": "forever", "quantity": 1, "terms": here},
        {"terms": here | {"is_cross_border": True}},
        {"terms": here | {"onward_use": True}},
        {"terms": here | {"destroys_at_end": False}},
        {"terms": here | {"region": "北京"}},
        {"terms": TERMS},
    ):
        assert await refusal(trade, agreement, **changes) == (409, "agreed_terms_not_met")
    assert await refusal(trade, str(uuid.uuid4())) == (404, "not_found")
    stranger = await trade.place(trade.stranger, agreement_id=agreement, purpose=PURPOSE)
    assert (stranger.status_code, code(stranger)) == (404, "not_found")
    assert must(await trade.by(trade.buyer).get("/api/v1/orders"))["items"] == []
    must(await trade.place(agreement_id=agreement, purpose=PURPOSE, terms=here))


async def test_an_agreement_pays_for_one_order_two_at_once_too(trade: Trade) -> None:
    agreement = await agreed(trade)

    answers = await asyncio.gather(
        *(trade.place(agreement_id=agreement, purpose=PURPOSE) for _ in range(3))
    )

    placed = [answer for answer in answers if answer.status_code == 201]
    assert len(placed) == 1
    assert await refusal(trade, agreement) == (409, "agreement_ordered_before")
    order = placed[0].json()["id"]
    must(await trade.step(order, "cancellations", trade.buyer, reason="改期"))
    must(await trade.place(agreement_id=agreement, purpose=PURPOSE))


async def test_one_second_after_its_end_nothing_is_ordered_cleared_or_used(trade: Trade) -> None:
    end = trade.clock.now() + dt.timedelta(days=8)
    used = await agreed(trade, ends_at=end.isoformat())
    order = await delivered(trade, used)
    later = await agreed(trade, ends_at=end.isoformat())
    waiting = await trade.placed(agreement_id=later, purpose=PURPOSE)
    never = await agreed(trade, ends_at=end.isoformat())
    trade.clock.move_by(end - trade.clock.now() - SECOND)
    await trade.sign_in_again()
    await trade.api.keep_the_log()
    assert (await trade.content(order)).status_code == 200

    trade.clock.move_by(SECOND)
    await trade.sign_in_again()
    await trade.api.keep_the_log()

    late = await trade.content(order)
    assert (late.status_code, code(late)) == (409, "grant_expired")
    assert await refusal(trade, never) == (409, "agreement_over")
    cleared = await trade.step(waiting, "clearances", trade.acceptor)
    assert (cleared.status_code, code(cleared)) == (409, "agreement_over")


async def test_when_both_end_it_the_next_request_is_refused(trade: Trade) -> None:
    agreement = await agreed(trade)
    order = await delivered(trade, agreement)
    path = f"/api/v1/agreements/{agreement}"
    must(await trade.by(trade.supplier).post(f"{path}/end-proposals", {"reason": "停止供应"}))
    assert (await trade.content(order)).status_code == 200

    must(await trade.by(trade.buyer).post(f"{path}/end-confirmations"))

    refused = await trade.content(order)
    assert (refused.status_code, code(refused)) == (409, "authorisation_cut_off")
    assert (await trade.order(order))["state"] == "terminated"
    assert await refusal(trade, agreement) == (409, "agreement_not_in_force")


async def test_a_frozen_agreement_is_not_used_until_it_is_let_go(trade: Trade) -> None:
    order = await delivered(trade, await agreed(trade))
    issuer = trade.by(trade.issuer)
    body = {"level": "agreement", "subject_id": order, "reason": "核查"}
    stopped = must(await issuer.post("/api/v1/cut-offs", body))["cut_offs"][0]["id"]

    refused = await trade.content(order)
    must(await issuer.post(f"/api/v1/cut-offs/{stopped}/liftings", {"reason": "核查完毕"}))

    assert (refused.status_code, code(refused)) == (409, "authorisation_cut_off")
    assert (await trade.content(order)).status_code == 200


async def test_what_was_ordered_keeps_its_terms_when_they_are_amended(trade: Trade) -> None:
    agreement = await agreed(trade)
    order = await delivered(trade, agreement)
    follows = {"agreement": f"urn:uuid:{agreement}", "relation": "amends"}

    new = await agreed(trade, quantity=4, succeeds=follows)

    assert (await trade.content(order)).status_code == 200
    assert await refusal(trade, agreement) == (409, "agreement_not_in_force")
    must(await trade.place(agreement_id=new, purpose=PURPOSE, quantity=4))


async def test_a_price_that_was_filed_anew_is_agreed_anew(trade: Trade) -> None:
    agreement = await agreed(trade)
    await trade.priced()

    assert await refusal(trade, agreement) == (409, "agreement_price_superseded")
    follows = {"agreement": f"urn:uuid:{agreement}", "relation": "amends"}
    body = {"product_id": trade.product_id, "terms": terms(trade, succeeds=follows)}
    must(await trade.by(trade.buyer).post(BASE, body))
