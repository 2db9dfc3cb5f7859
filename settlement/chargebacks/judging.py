"""Judge what a channel tells of a charge-back (拒付通知): whether it is of ours, and new."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from settlement.chargebacks.model import Chargeback
from settlement.chargebacks.states import STANDING, Event, State
from settlement.money import CURRENCY
from settlement.payments.callback import Break
from settlement.payments.channel import ChannelEvent, EventKind

# [P] Card schemes give a merchant between seven days and some weeks; the shortest of them counts.
CONTESTED_WITHIN: Final = dt.timedelta(days=7)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of the payment that the event names.

    ``takeable_fen`` can be taken back: what is in the escrow, and what those who shared got, less
    what went back before.
    """

    is_paid: bool
    takeable_fen: int
    case: Chargeback | None  # the one of this number
    has_other_standing: bool


class Judgement(msgspec.Struct, frozen=True):
    """What is to be done: open a case, end it, nothing, or keep a break."""

    event: Event | None = None
    opens: bool = False
    found: Break | None = None


_ENDINGS: Final = {EventKind.CHARGEBACK_WON: Event.WIN, EventKind.CHARGEBACK_LOST: Event.LOSE}
_ENDED: Final = {EventKind.CHARGEBACK_WON: State.WON, EventKind.CHARGEBACK_LOST: State.LOST}
IGNORE: Final = Judgement()


def judge(facts: Facts | None, event: ChannelEvent) -> Judgement:
    """Return what ``event`` comes to; it is of the kinds that tell of charge-backs.

    The same case told again, under whatever event, is old news; told otherwise, it is a break.
    """
    if facts is None:
        return Judgement(found=Break.REFERENCE_UNKNOWN)
    if event.currency != CURRENCY:
        return Judgement(found=Break.CURRENCY_DIFFERS)
    case = facts.case
    if case is not None and case.amount_fen != event.amount_fen:
        return Judgement(found=Break.AMOUNT_DIFFERS)
    if event.kind is EventKind.CHARGED_BACK:
        return IGNORE if case is not None else _opening(facts, event)
    if case is None:
        return Judgement(found=Break.CASE_UNKNOWN)
    if case.state is _ENDED[event.kind]:
        return IGNORE  # it may also have lapsed here before the channel said so
    if case.state not in STANDING:
        return Judgement(found=Break.CASE_OVER)
    return Judgement(_ENDINGS[event.kind])


def from_escrow(amount_fen: int, left_fen: int) -> int:
    """Return how much of a charge-back comes out of the escrow: all that is there, before anybody gives back."""
    return min(amount_fen, left_fen)


def _opening(facts: Facts, event: ChannelEvent) -> Judgement:
    misfits = (
        (Break.NOT_PAID, not facts.is_paid),
        (Break.CHARGED_BACK_TWICE, facts.has_other_standing),
        (Break.AMOUNT_DIFFERS, event.amount_fen > facts.takeable_fen),
    )
    found = next((found for found, holds in misfits if holds), None)
    return Judgement(opens=found is None, found=found)
