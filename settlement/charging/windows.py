"""Say where a window ends, and what it charges (计费窗口).

Uses of an order are counted without a gap, so a window is from one number to another and nothing can
come late into it: what is told late has a later number, and goes into the next window. A charge is
what all uses so far cost, less what was charged before: never one window for itself, or a free quota
would begin again with each, and bands would never be reached.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Conflict
from settlement.charging.model import Charged, Tally

#: A window is open for an hour: a day of them fits on a page, and nobody runs far into debt [P].
OPEN_FOR: Final = dt.timedelta(hours=1)
#: At most so many uses in one, so that the work of one transaction is bounded [P].
USES_MAX: Final = 10_000


class WindowOutOfTurn(Conflict):
    """The window does not begin where the one before it ended, or counts less than it."""

    code = "charge_window_out_of_turn"


class ChargeFalls(Conflict):
    """What all uses cost would be less than was charged before: such a price can not be metered."""

    code = "charge_falls"


def is_due(
    *, first_at: dt.datetime, uses: int, now: dt.datetime, open_for: dt.timedelta = OPEN_FOR
) -> bool:
    """Tell whether the window that began with ``first_at`` is closed: it is old, or full."""
    return uses >= USES_MAX or now - first_at >= open_for


def check_turn(before: Charged, tally: Tally) -> None:
    """Return if ``tally`` goes on from what was charged before.

    :raises WindowOutOfTurn: if it ends before, or counts less.
    """
    goes_on = tally.to_seq > before.to_seq
    if not goes_on or tally.calls < before.calls or tally.bytes < before.bytes:
        raise WindowOutOfTurn(charged_to_seq=before.to_seq, to_seq=tally.to_seq)


def amount(before: Charged, cumulative_fen: int) -> int:
    """Return what a window charges, in fen: what all of it costs, less what was charged before.

    :raises ChargeFalls: if that would be negative.
    """
    if cumulative_fen < before.cumulative_fen:
        raise ChargeFalls(charged_fen=before.cumulative_fen, amount_fen=cumulative_fen)
    return cumulative_fen - before.cumulative_fen
