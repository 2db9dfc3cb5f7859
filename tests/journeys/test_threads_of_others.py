"""What users of other systems complain of does not happen here; each test names their threads.

The rest of the threads have their tests with their subject: ``tests/house/threads_of_others.toml``.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from market.negotiations.operations import delivering
from tests.api import Api, code
from tests.journeys.test_orders_by_agreement import agreed, delivered
from tests.journeys.test_running_downloads import PART, Download, grant_of, stopped_entries
from tests.makers_identity import make_member
from tests.makers_negotiations import BASE, PURPOSE, requested, terms
from tests.makers_registration import must
from tests.makers_trade import TERMS, Trade, make_trade
from tests.stages import staged

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


trade = staged(make_trade)


async def later(trade: Trade, delta: dt.timedelta) -> None:
    trade.clock.move_by(delta)
    await trade.sign_in_again()
    await trade.api.keep_the_log()


# ── expiry, termination ─────────────────────────────────────────────────────────────────────────


async def test_a_download_that_the_end_of_its_grant_cuts_is_told_as_broken_off(
    trade: Trade,
) -> None:
    """eclipse-tractusx/tractusx-edc #934, #948: what expired was told as completed."""
    order = await trade.delivered()
    grant = await grant_of(trade, order)
    download = Download(trade.api.context.downloads, grant, can_hang_up=True)
    await later(trade, grant.scope.valid_to - trade.clock.now() - SECOND)
    assert await download.part() == PART

    trade.clock.move_by(SECOND)

    with pytest.raises(StopAsyncIteration):
        await download.part()
    await trade.sign_in_again()
    (entry,) = await stopped_entries(trade)
    assert entry["payload"]["facts"] == {
        "usage_id": str(download.usage_id),
        "bytes_sent": len(PART),
        "reasons": ["grant_expired"],
    }


async def test_an_end_by_the_clock_is_an_event_and_told_once(trade: Trade) -> None:
    """conveyordata/data-product-portal #3754, #3821, #3867: an expiry that nobody is told revokes nothing."""
    end = (trade.clock.now() + 8 * DAY).isoformat()
    order = await delivered(trade, await agreed(trade, ends_at=end))
    must(await trade.step(order, "acceptances", trade.buyer))
    await later(trade, 8 * DAY)

    for _ in range(3):
        await trade.api.run_jobs()

    for who in (trade.buyer, trade.supplier):
        ended = await trade.by(who).find_in_log(
            subject_kind="order", subject_id=order, action="grant:expired"
        )
        assert len(ended) == 1
    assert (await trade.order(order))["state"] == "completed"


async def test_what_can_not_be_delivered_any_more_is_not_paid_and_what_was_paid_goes_back(
    trade: Trade,
) -> None:
    """oceanprotocol/market #362: buyers paid again and again for what had expired when it was asked for."""
    end = (trade.clock.now() + 8 * DAY).isoformat()

    async def by_agreement() -> dict[str, Any]:
        return {"agreement_id": await agreed(trade, ends_at=end), "purpose": PURPOSE}

    unpaid = await trade.contracted(**await by_agreement())
    paid = await trade.paid(**await by_agreement())
    placed = await trade.placed(**await by_agreement())
    await later(trade, 8 * DAY - SECOND)
    await trade.api.run_jobs()
    assert (await trade.order(paid))["state"] == "paid"
    await later(trade, SECOND)

    refused = await trade.step(unpaid, "payments", trade.buyer)
    await trade.api.run_jobs()

    assert (refused.status_code, code(refused)) == (409, "agreement_over")
    for order in (unpaid, paid, placed):
        shown = await trade.order(order)
        assert (shown["state"], shown["reason"]) == ("terminated", "agreement_over")
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{paid}/ledger"))
    assert "refund" in str(ledger)


async def test_no_term_is_too_short_to_fetch_what_was_paid_for(trade: Trade) -> None:
    """oceanprotocol/market #362: a term of two seconds could be bought."""
    for term in ({"term_days": 0}, {"term_days": -1}):
        refused = await trade.place(terms=TERMS | term)
        assert refused.status_code in (400, 422)
    order = await trade.delivered(terms=TERMS | {"term_days": 1})
    await later(trade, DAY - SECOND)

    assert (await trade.content(order)).status_code == 200


# ── negotiations that are stuck, doubled or apart ───────────────────────────────────────────────


async def test_a_message_that_nobody_takes_is_tried_so_often_and_then_left_and_told(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    """eclipse-edc/Connector #1487, sovity/edc-ce #1188, sovity/edc-ui #888: it was sent for ever, unseen."""
    talk = await requested(trade)
    tried = 0

    async def broken(*_: object, **__: object) -> None:
        nonlocal tried
        tried += 1
        raise RuntimeError("the other side is out of order")

    must(await talk.say(trade.supplier, "agreements"))
    with monkeypatch.context() as patched:
        patched.setattr(delivering, "receive", broken)
        for _ in range(20):
            await talk.carry()
            trade.clock.move_by(HOUR)
    await later(trade, SECOND)

    assert tried == 12
    told = (await talk.messages(trade.supplier))[-1]
    assert (told["outcome"], told["attempts"]) == ("given_up", 12)
    auditor = await make_member(trade.db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    given_up = await trade.by(auditor).find_in_log(action="negotiation_message:given_up")
    assert len(given_up) == 1
    await talk.said(trade.supplier, "agreements")
    assert await talk.states() == ("agreed", "agreed")


async def test_who_has_ended_it_is_not_asked_again_and_the_other_learns_it(trade: Trade) -> None:
    """eclipse-tractusx/tractusx-edc #1145: the consumer had ended it, the provider sent seven times more."""
    talk = await requested(trade)
    must(await talk.say(trade.supplier, "agreements"))
    must(await talk.say(trade.buyer, "terminations", code="budget", reason="预算取消"))

    for _ in range(3):
        await talk.carry()
        trade.clock.move_by(HOUR)
    await later(trade, SECOND)

    assert await talk.states() == ("terminated", "terminated")
    sent = [m for m in await talk.messages(trade.supplier) if m["is_sent"]]
    assert {m["attempts"] for m in sent} <= {0, 1}
    assert "pending" not in {m["outcome"] for m in sent}
    assert (await talk.seen(trade.supplier))["code"] is not None


async def test_a_counter_request_goes_on_with_the_negotiation_that_there_is(trade: Trade) -> None:
    """eclipse-edc/Connector #3380: a counter-request began another negotiation."""
    talk = await requested(trade)
    await talk.said(trade.supplier, "offers", terms=terms(trade, quantity=5))

    await talk.said(trade.buyer, "requests", terms=terms(trade, quantity=4))

    for who in (trade.buyer, trade.supplier):
        (only,) = must(await trade.by(who).get(BASE))["items"]
        assert only["id"] == talk.ids[str(who.party.id)]


# ── prices and policies ─────────────────────────────────────────────────────────────────────────


async def test_a_price_is_enforced_and_no_note_beside_the_offer(trade: Trade) -> None:
    """FraunhoferISST/DataspaceConnector #439, IDSA DataspaceConnectorUI #71: a modality without enforcement."""
    free = {"code": "free", "charge": "per_unit", "unit": "api_call", "unit_price_fen": 0}
    await trade.priced(price_items=[*trade.filing()["price_items"], free])

    gratis = must(await trade.place(price_item="free"))
    fixed = must(await trade.place(price_item="forever", quantity=1))
    haggled = await trade.place(price_item="forever", quantity=1, expected_amount_fen=999_999)

    assert (gratis["amount_fen"], fixed["amount_fen"]) == (0, 1_000_000)
    assert (haggled.status_code, code(haggled)) == (409, "order_price_differs")


# ── governance ──────────────────────────────────────────────────────────────────────────────────


async def test_whoever_writes_an_offer_does_not_publish_it(
    api: Api, db: Database, clock: ManualClock
) -> None:
    """ckan/ckan #3959, open-data/ckanext-canada #8: an editor published without anybody's approval."""
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced()
    listing = must(await trade.draft_listing())["id"]
    must(await trade.listing_step(listing, "submissions", trade.supplier))

    refused = await trade.listing_step(listing, "publications", trade.supplier)

    assert (refused.status_code, code(refused)) == (403, "permission_missing")
    assert code(await trade.place()) == "product_not_listed"
    must(await trade.listing_step(listing, "publications", trade.acceptor))
    must(await trade.place())


async def test_a_request_for_data_is_answered_with_every_reason_against_it(trade: Trade) -> None:
    """okfn/ckanext-unhcr #277: whoever asked for access saw neither an answer nor why."""
    order = await trade.placed(terms=TERMS | {"is_cross_border": True})
    must(await trade.step(order, "clearances", trade.acceptor))

    answered = await trade.order(order)

    assert (answered["state"], answered["reason"]) == ("rejected", "cross_border_route_missing")
    assert answered["decision"]["reasons"] == ["cross_border_route_missing"]
