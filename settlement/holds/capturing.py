"""Say what may be captured of a hold, and when it is over by the clock (划付、到期)."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Refused
from settlement.holds.model import Hold
from settlement.holds.states import Event, advance
from settlement.ledger.journal import Entry


class HoldExceeded(Refused):
    """More would be captured than is left of the hold."""

    code = "hold_exceeded"


class HoldRanOut(Refused):
    """The time of the hold is over; what it held is free again, or about to be."""

    code = "hold_ran_out"


class HoldNotDue(Refused):
    """The time of the hold is not over, or it has no end."""

    code = "hold_not_due"


class HoldOfAnother(Refused):
    """The entry takes money from another account, or for another order, than the hold is on."""

    code = "hold_of_another_account"


def has_run_out(hold: Hold, now: dt.datetime) -> bool:
    """Tell whether the time of the hold is over."""
    return hold.expires_at is not None and now >= hold.expires_at


def capturing(hold: Hold, entry: Entry, now: dt.datetime) -> Event:
    """Return by which event ``entry`` captures the hold.

    :raises EventNotAllowed: if nothing is held any more.
    :raises HoldOfAnother: if the entry debits another account, or is of another order or book.
    :raises HoldRanOut: if it comes too late.
    :raises HoldExceeded: if it takes more than is left.
    """
    is_rest = entry.amount_fen == hold.left_fen
    event = Event.CAPTURE_REST if is_rest else Event.CAPTURE_PART
    advance(hold.state, event)
    if (entry.debited, entry.order_id, entry.book) != (hold.account, hold.order_id, hold.book):
        raise HoldOfAnother(account=hold.account.code)
    if has_run_out(hold, now):
        assert hold.expires_at is not None, "what has no end does not run out"
        raise HoldRanOut(until=hold.expires_at.isoformat())
    if entry.amount_fen > hold.left_fen:
        raise HoldExceeded(left_fen=hold.left_fen, amount_fen=entry.amount_fen)
    return event


def check_due(hold: Hold, now: dt.datetime) -> None:
    """Return if the time of the hold is over.

    :raises HoldNotDue: if not.
    """
    if not has_run_out(hold, now):
        raise HoldNotDue
