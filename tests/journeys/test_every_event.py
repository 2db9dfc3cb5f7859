"""One table: what each event of a certificate does at once to register, feed, offer, orders, people (GD-17)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from tests.journeys import test_product_expiry as expiry
from tests.journeys.test_instruments import step, verified
from tests.journeys.test_product_expiry import LAST, OnSale
from tests.makers_changes import Changing
from tests.makers_registration import must

trade = expiry.trade  # a product on offer, one order delivered, a validity that ends on 19 June


class Follows(NamedTuple):
    """What is there after the event."""

    state: str  # the register
    announced: list[str]  # the feed, the newest first; the first issue stands below
    offer: tuple[str, str | None]  # state, reason
    order: str
    buyer: list[str]  # what the buyer is told
    holder: list[str]  # what the old holder is told


async def _issue(trade: OnSale) -> None:
    """Do nothing more: the certificate is issued, the product on offer."""


async def _change(trade: OnSale) -> None:
    changing = Changing(trade, trade.number)
    wanted = {"scenarios": [{"code": "port_safety", "description": "港口与航道作业安全预警"}]}
    must(await changing.issue(await changing.authorised(wanted=wanted)))


async def _freeze(trade: OnSale) -> None:
    path = f"/api/v1/certificates/{trade.number}/freezes"
    must(await trade.by(trade.issuer).post(path, {"reason": "权属争议核查"}))


async def _unfreeze(trade: OnSale) -> None:
    await _freeze(trade)
    path = f"/api/v1/certificates/{trade.number}/unfreezes"
    must(await trade.by(trade.issuer).post(path, {"reason": "争议已解决"}))


async def _deregister(trade: OnSale) -> None:
    path = f"/api/v1/certificates/{trade.number}/deregistrations"
    said = {"reason": "不再经营", "open_orders_acknowledged": True}
    must(await trade.by(trade.supplier).post(path, said))


async def _by_instrument(trade: OnSale, effect: str) -> None:
    instrument = await verified(trade, certificate_number=trade.number, effect=effect)
    must(await step(trade, instrument, "executions", trade.adjudicator))


async def _revoke(trade: OnSale) -> None:
    await _by_instrument(trade, "against_registrant")


async def _no_holder(trade: OnSale) -> None:
    await _by_instrument(trade, "no_holder")


async def _new_holder(trade: OnSale, act: str) -> None:
    instrument = await verified(
        trade,
        certificate_number=trade.number,
        effect="new_holder",
        new_holder_party_id=str(trade.objector.party.id),
    )
    must(await step(trade, instrument, act, trade.objector))


async def _transfer(trade: OnSale) -> None:
    await _new_holder(trade, "transfers")


async def _deregister_by_new_holder(trade: OnSale) -> None:
    await _new_holder(trade, "deregistrations")


async def _expire(trade: OnSale) -> None:
    await trade.run_on(LAST.replace(day=LAST.day + 1))


MOVED, ENDED = ["certificate_moved"], ["certificate_ended"]
TABLE: dict[Callable[[OnSale], Awaitable[None]], Follows] = {
    _issue: Follows("active", [], ("listed", None), "delivering", [], []),
    _change: Follows(
        "superseded",
        ["issued", "changed"],
        ("listed", None),
        "delivering",
        ["certificate_changed"],
        ["certificate_issued", *MOVED],
    ),
    _freeze: Follows(
        "frozen", ["frozen"], ("suspended", "certificate_frozen"), "delivering", ENDED, MOVED
    ),
    _unfreeze: Follows(
        "active",
        ["unfrozen", "frozen"],
        ("suspended", "certificate_frozen"),  # the operator resumes it, through the gate
        "delivering",
        ENDED,
        MOVED * 2,
    ),
    _deregister: Follows(
        "deregistered",
        ["deregistered"],
        ("delisted", "certificate_deregistered"),
        "delivering",
        ENDED,
        MOVED,
    ),
    _revoke: Follows(
        "revoked", ["revoked"], ("delisted", "certificate_revoked"), "terminated", ENDED, MOVED
    ),
    _no_holder: Follows(
        "deregistered",
        ["deregistered"],
        ("delisted", "certificate_deregistered"),
        "terminated",
        ENDED,
        MOVED,
    ),
    _transfer: Follows(
        "transferred",
        ["issued", "transferred", "frozen"],
        ("suspended", "certificate_frozen"),
        "delivering",
        ENDED * 2,
        MOVED * 2,
    ),
    _deregister_by_new_holder: Follows(
        "deregistered",
        ["deregistered", "frozen"],
        ("delisted", "certificate_deregistered"),
        "delivering",
        ENDED * 2,
        MOVED * 2,
    ),
    _expire: Follows(
        "active",
        ["product_expired"],
        ("suspended", "product_expired"),
        "delivering",
        ["purchase_expired"],
        ["product_expired"],
    ),
}
ABOUT_CERTIFICATES = {
    "certificate_changed",
    "certificate_ended",
    "certificate_issued",
    "certificate_moved",
    "product_expired",
    "purchase_expired",
}


async def _told(trade: OnSale, who: Any, already: int = 0) -> list[str]:
    found = [each for each in await trade.topics(who) if each in ABOUT_CERTIFICATES]
    return found[: len(found) - already]


@pytest.mark.parametrize("event", TABLE, ids=lambda event: event.__name__.strip("_"))
async def test_an_event_is_everywhere_at_once(
    trade: OnSale, event: Callable[[OnSale], Awaitable[None]]
) -> None:
    await event(trade)

    announced = must(await trade.api.get("/api/v1/register-events"))["items"]
    offer = await trade.offer()
    found = Follows(
        state=(await trade.certificate())["state"],
        announced=[each["event"] for each in announced[:-1]],
        offer=(offer["state"], offer["reason"]),
        order=must(await trade.by(trade.buyer).get(f"/api/v1/orders/{trade.order}"))["state"],
        buyer=await _told(trade, trade.buyer),
        holder=await _told(trade, trade.supplier, already=1),  # that it was issued
    )
    assert found == TABLE[event]
    assert announced[-1]["event"] == "issued"
    if offer["state"] != "listed":
        assert (await trade.place()).status_code == 409
