"""What does not hold is refused at every door: where it is negotiated on, ordered by, and used (F66).

One table over what may become of an agreement and the three doors; and to the second where a time ends.
EDC #5377, tractusx-edc #2259: an agreement that was over was noticed at the transfer, or by the day.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import httpx
import pytest

from tests.api import code
from tests.makers_negotiations import BASE, PURPOSE, Talk, requested, terms
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

SECOND: Final = dt.timedelta(seconds=1)
CUT_OFFS: Final = "/api/v1/cut-offs"

#: What each door answers, by what became of the agreement; None: it is let in.
DOORS: Final[dict[str, dict[str, str | None]]] = {
    "in_force": {"amend": None, "renew": None, "order": "agreement_ordered_before", "use": None},
    "ending": {"amend": None, "renew": None, "order": "agreement_ordered_before", "use": None},
    "over": {
        "amend": "agreement_over",
        "renew": None,  # what is over is what is renewed
        "order": "agreement_over",
        "use": "grant_expired",
    },
    "frozen": {
        "amend": "authorisation_cut_off",
        "renew": "authorisation_cut_off",
        "order": "authorisation_cut_off",
        "use": "authorisation_cut_off",
    },
    "terminated": {
        "amend": "agreement_not_in_force",
        "renew": "agreement_succession_wrong",
        "order": "agreement_not_in_force",
        "use": "authorisation_cut_off",
    },
    "succeeded": {
        "amend": "agreement_not_in_force",
        "renew": "agreement_succession_wrong",
        "order": "agreement_not_in_force",
        "use": None,  # what was ordered keeps the terms it was ordered by
    },
}


trade = staged(make_trade)


async def agreed(trade: Trade, **changes: Any) -> str:
    return str((await (await requested(trade, **changes)).conclude())["id"])


async def freeze(trade: Trade, subject: str) -> str:
    body = {"level": "agreement", "subject_id": subject, "reason": "核查"}
    stopped = must(await trade.by(trade.issuer).post(CUT_OFFS, body))
    return str(stopped["cut_offs"][0]["id"])


async def bring_to(trade: Trade, agreement: str, state: str, end: dt.datetime) -> None:
    path = f"/api/v1/agreements/{agreement}"
    if state in ("ending", "terminated"):
        must(await trade.by(trade.supplier).post(f"{path}/end-proposals", {"reason": "停止"}))
    if state == "terminated":
        must(await trade.by(trade.buyer).post(f"{path}/end-confirmations"))
    if state == "succeeded":
        follows = {"agreement": f"urn:uuid:{agreement}", "relation": "replaces"}
        await agreed(trade, quantity=4, succeeds=follows)
    if state == "frozen":
        await freeze(trade, agreement)
    if state == "over":
        trade.clock.move_by(end - trade.clock.now())
        await trade.sign_in_again()
        await trade.api.keep_the_log()


async def knock(trade: Trade, door: str, agreement: str, order: str) -> httpx.Response:
    if door == "use":
        return await trade.content(order)
    if door == "order":
        return await trade.place(agreement_id=agreement, purpose=PURPOSE)
    follows = {"agreement": f"urn:uuid:{agreement}", "relation": f"{door}s"}
    body = {"product_id": trade.product_id, "terms": terms(trade, succeeds=follows)}
    return await trade.by(trade.buyer).post(BASE, body)


@pytest.mark.parametrize("state", DOORS)
async def test_every_door_holds_the_terms_against_what_became_of_them(
    trade: Trade, state: str
) -> None:
    end = trade.clock.now() + dt.timedelta(days=8)
    agreement = await agreed(trade, ends_at=end.isoformat())
    order = await trade.delivered(agreement_id=agreement, purpose=PURPOSE)
    await bring_to(trade, agreement, state, end)

    answers = {
        door: await knock(trade, door, agreement, order)
        for door in ("use", "order", "amend", "renew")
    }

    found = {door: None if a.status_code < 300 else code(a) for door, a in answers.items()}
    assert found == DOORS[state]


async def test_an_agreement_is_frozen_before_anything_is_ordered_by_it_and_let_go(
    trade: Trade,
) -> None:
    agreement = await agreed(trade)
    placed = await trade.placed(agreement_id=agreement, purpose=PURPOSE)
    second = await agreed(trade)
    stops = [await freeze(trade, each) for each in (agreement, second)]

    refused = await trade.place(agreement_id=second, purpose=PURPOSE)
    uncleared = await trade.step(placed, "clearances", trade.acceptor)
    for each in stops:
        path = f"{CUT_OFFS}/{each}/liftings"
        must(await trade.by(trade.issuer).post(path, {"reason": "核查完毕"}))

    assert (refused.status_code, code(refused)) == (409, "authorisation_cut_off")
    assert (uncleared.status_code, code(uncleared)) == (409, "authorisation_cut_off")
    must(await trade.place(agreement_id=second, purpose=PURPOSE))
    assert must(await trade.step(placed, "clearances", trade.acceptor))["state"] == "cleared"


async def test_a_frozen_agreement_is_neither_signed_for_nor_delivered_by(trade: Trade) -> None:
    agreement = await agreed(trade)
    cleared = await trade.cleared(agreement_id=agreement, purpose=PURPOSE)
    stop = await freeze(trade, agreement)
    unsigned = await trade.sign(cleared, trade.buyer, trade.buyer_key)
    must(await trade.by(trade.issuer).post(f"{CUT_OFFS}/{stop}/liftings", {"reason": "核查完毕"}))
    for who, key in ((trade.buyer, trade.buyer_key), (trade.supplier, trade.supplier_key)):
        must(await trade.sign(cleared, who, key))
    await trade.pay(cleared)
    await freeze(trade, agreement)

    undelivered = await trade.step(cleared, "deliveries", trade.supplier)

    assert (unsigned.status_code, code(unsigned)) == (409, "authorisation_cut_off")
    assert (undelivered.status_code, code(undelivered)) == (409, "authorisation_cut_off")


async def test_a_supplier_freezes_its_own_agreements_alone(trade: Trade) -> None:
    agreement = await agreed(trade)
    body = {"level": "agreement", "subject_id": agreement, "reason": "违约"}

    buyers = await trade.by(trade.buyer).post(CUT_OFFS, body)
    strangers = await trade.by(trade.stranger).post(CUT_OFFS, body)
    own = await trade.by(trade.supplier).post(CUT_OFFS, body)

    assert {buyers.status_code, strangers.status_code} == {403}
    assert own.status_code < 300
    refused = await trade.place(agreement_id=agreement, purpose=PURPOSE)
    assert (refused.status_code, code(refused)) == (409, "authorisation_cut_off")


async def agreed_and_unsigned(trade: Trade, end: dt.datetime) -> Talk:
    talk = await requested(trade, ends_at=end.isoformat())
    await talk.said(trade.supplier, "agreements")
    return talk


async def test_what_is_over_is_not_signed_one_second_later(trade: Trade) -> None:
    end = trade.clock.now() + dt.timedelta(days=8)
    in_time, late = await agreed_and_unsigned(trade, end), await agreed_and_unsigned(trade, end)
    trade.clock.move_by(end - trade.clock.now() - SECOND)
    await trade.sign_in_again()
    must(await in_time.sign(trade.buyer, "verifications"))
    await in_time.carry()

    trade.clock.move_by(SECOND)
    await trade.sign_in_again()

    unverified = await late.sign(trade.buyer, "verifications")
    unfinished = await in_time.sign(trade.supplier, "finalizations")
    for refused in (unverified, unfinished):
        assert (refused.status_code, code(refused)) == (409, "agreement_over")
    assert await in_time.states() == ("verified", "verified")


async def test_a_product_that_was_stopped_meanwhile_is_not_signed_for(trade: Trade) -> None:
    talk = await agreed_and_unsigned(trade, trade.clock.now() + dt.timedelta(days=30))
    listing = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["id"]
    must(await trade.listing_step(listing, "suspensions", trade.issuer, reason="核查"))

    stopped = await talk.sign(trade.buyer, "verifications")
    must(await trade.listing_step(listing, "resumptions", trade.issuer))
    body = {"level": "product", "subject_id": trade.product_id, "reason": "核查"}
    must(await trade.by(trade.issuer).post(CUT_OFFS, body))
    cut = await talk.sign(trade.buyer, "verifications")

    assert (stopped.status_code, code(stopped)) == (409, "product_not_listed")
    assert (cut.status_code, code(cut)) == (409, "authorisation_cut_off")
    assert await talk.states() == ("agreed", "agreed")
