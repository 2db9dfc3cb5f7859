"""Ask about prices in effect, answer, and decide: the doubt is cleared, or a correction ordered (问询)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from market.pricing import deadlines
from market.pricing.model import Filing, Inquiry
from market.pricing.operations.casework import (
    lock,
    lock_own,
    meet_clock,
    move,
    remember,
    start_clock,
    stop_clocks,
)
from market.pricing.states import Event, advance


class InquiryAnswered(Conflict):
    """The inquiry was answered before; what was said is decided on, and not said again."""

    code = "pricing_inquiry_answered"


async def inquire(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    filing_id: uuid.UUID,
    question: str,
) -> Filing:
    """Ask the supplier about prices in effect (问询); they go on until it is decided.

    :raises NotPermitted: if the actor is no supervisor.
    :raises FilingMissing: if there is none.
    :raises PricingEventNotAllowed: if it is not in effect.
    """
    actor.require("pricing:record")
    before = await lock(tx, filing_id)
    advance(before.state, Event.INQUIRE)
    timer = await start_clock(
        tx,
        before,
        deadlines.REPLY,
        period=deadlines.REPLIED_WITHIN,
        against=deadlines.SUPPLIER,
        now=now,
        calendar=calendar,
    )
    inquiry = Inquiry(question=question, asked_at=now, due_on=timer.due_on)
    asked = await move(tx, before, Event.INQUIRE, now=now, inquiry=inquiry)
    await _tell(
        tx, asked, Topic.PRICE_INQUIRED, now=now, question=question, due_on=timer.due_on.isoformat()
    )
    await remember(tx, Happened.PRICING_INQUIRED, asked, actor=actor, now=now, reason=question)
    return asked


async def answer(
    tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: uuid.UUID, reply: str
) -> Filing:
    """Answer what the supervisor asked (答复), once.

    :raises NotPermitted: if the actor files no prices.
    :raises FilingMissing: if the filing is unknown or somebody else's.
    :raises PricingEventNotAllowed: if nothing is asked.
    :raises InquiryAnswered: if it was answered before.
    """
    actor.require("pricing:file")
    before = await lock_own(tx, actor, filing_id)
    advance(before.state, Event.ANSWER)
    asked = _inquiry_of(before)
    if asked.reply is not None:
        raise InquiryAnswered
    inquiry = msgspec.structs.replace(asked, reply=reply, replied_at=now)
    answered = await move(tx, before, Event.ANSWER, now=now, inquiry=inquiry)
    await meet_clock(tx, answered, deadlines.REPLY, now=now)
    await remember(tx, Happened.PRICING_ANSWERED, answered, actor=actor, now=now, reason=reply)
    return answered


async def clear(
    tx: Tx, *, actor: Actor, now: dt.datetime, filing_id: uuid.UUID, reason: str
) -> Filing:
    """Decide that nothing is wrong with the prices (问询通过).

    :raises NotPermitted: if the actor is no supervisor.
    :raises FilingMissing: if there is none.
    :raises PricingEventNotAllowed: if nothing was asked.
    """
    actor.require("pricing:record")
    before = await lock(tx, filing_id)
    advance(before.state, Event.CLEAR)
    inquiry = msgspec.structs.replace(_inquiry_of(before), decision=reason, decided_at=now)
    cleared = await move(tx, before, Event.CLEAR, now=now, inquiry=inquiry)
    await stop_clocks(tx, cleared, now=now, note="cleared")
    await remember(tx, Happened.PRICING_CLEARED, cleared, actor=actor, now=now, reason=reason)
    return cleared


async def order_correction(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    filing_id: uuid.UUID,
    reason: str,
) -> Filing:
    """Order that the prices are corrected (责令改正): no order takes them until others are in effect.

    :raises NotPermitted: if the actor is no supervisor.
    :raises FilingMissing: if there is none.
    :raises PricingEventNotAllowed: if nothing was asked.
    """
    actor.require("pricing:record")
    before = await lock(tx, filing_id)
    advance(before.state, Event.ORDER_CORRECTION)
    inquiry = msgspec.structs.replace(_inquiry_of(before), decision=reason, decided_at=now)
    suspended = await move(tx, before, Event.ORDER_CORRECTION, now=now, inquiry=inquiry)
    await stop_clocks(tx, suspended, now=now, note="correction_ordered")
    timer = await start_clock(
        tx,
        suspended,
        deadlines.FILING,
        period=deadlines.FILED_WITHIN,
        against=deadlines.SUPPLIER,
        now=now,
        calendar=calendar,
    )
    await _tell(
        tx,
        suspended,
        Topic.PRICE_CORRECTION_ORDERED,
        now=now,
        reason=reason,
        due_on=timer.due_on.isoformat(),
    )
    await remember(
        tx, Happened.PRICING_CORRECTION_ORDERED, suspended, actor=actor, now=now, reason=reason
    )
    return suspended


def _inquiry_of(about: Filing) -> Inquiry:
    assert about.inquiry is not None, "what is under inquiry was asked something"
    return about.inquiry


async def _tell(tx: Tx, about: Filing, topic: Topic, *, now: dt.datetime, **facts: str) -> None:
    await notifications.send(
        tx,
        now=now,
        to=about.supplier_party_id,
        topic=topic,
        subject=Subject(deadlines.SUBJECT, str(about.id)),
        facts={"filing_number": about.filing_number, **facts},
    )
