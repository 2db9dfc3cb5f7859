"""Say what an announcement must hold (比选公告), HN-23."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Final

from catalog.agency_selection.model import Criterion, Qualification, Selection
from catalog.agency_selection.states import State
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook

WHOLE_BPS: Final = 10_000
MIN_PANEL: Final = 3  # [P]: the least odd number that lets one be outvoted


class AnnouncementIncomplete(Invalid):
    """An announcement names criteria that weigh 100 % together, qualifications, and enough seats."""

    code = "selection_announcement_incomplete"


class BidWindowTooShort(Invalid):
    """Agencies need so many days at least to bid [P]."""

    code = "bid_window_too_short"


class SelectionNumberUsed(Conflict):
    """The operator announced another selection under this number."""

    code = "selection_number_used"


def check_announcement(
    *,
    title: str,
    criteria: Sequence[Criterion],
    qualifications: Sequence[Qualification],
    panel_size: int,
    seats: int,
    rulebook: Rulebook,
) -> None:
    """Return if a selection may be announced like this.

    :raises AnnouncementIncomplete: if something is missing; it says what.
    """
    missing = [
        name
        for name, is_missing in (
            ("title", not title.strip()),
            ("criteria", not _are_criteria(criteria)),
            ("weights", not _weigh_all(criteria)),
            (
                "qualifications",
                not qualifications or not _distinct(each.code for each in qualifications),
            ),
            ("panel_size", panel_size < MIN_PANEL or panel_size % 2 == 0),
            ("seats", seats < rulebook.minimum_agencies),
        )
        if is_missing
    ]
    if missing:
        raise AnnouncementIncomplete(missing=missing)


def check_days(today: dt.date, bids_until: dt.date, rulebook: Rulebook, calendar: Calendar) -> None:
    """Return if the bids may come in long enough.

    :raises BidWindowTooShort: if the last day is too early; it says which is the first that is not.
    """
    earliest = deadline(rulebook.agency_bid_window, today, calendar).last_day
    if bids_until < earliest:
        raise BidWindowTooShort(earliest=earliest.isoformat())


def check_beside(
    earlier: Sequence[Selection], *, selection_number: str, follows: uuid.UUID | None
) -> None:
    """Return if a selection may be announced beside those of the same operator.

    :raises SelectionNumberUsed: if the number was used before.
    :raises Missing: if the one that it follows is not a failed one among them.
    """
    if any(each.selection_number == selection_number for each in earlier):
        raise SelectionNumberUsed(selection_number=selection_number)
    if follows is not None and not any(
        each.id == follows and each.state is State.FAILED for each in earlier
    ):
        raise Missing


def _distinct(codes: Iterable[str]) -> bool:
    found = list(codes)
    return len(set(found)) == len(found) and all(code.strip() for code in found)


def _are_criteria(criteria: Sequence[Criterion]) -> bool:
    judged = [each for each in criteria if not each.is_past_performance]
    return (
        bool(judged)
        and len(criteria) - len(judged) <= 1
        and _distinct(each.code for each in criteria)
    )


def _weigh_all(criteria: Sequence[Criterion]) -> bool:
    weights = [each.weight_bps for each in criteria]
    return sum(weights) == WHOLE_BPS and all(weight > 0 for weight in weights)
