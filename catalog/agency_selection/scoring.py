"""Say what a score sheet must hold (评分表)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from catalog.agency_selection.model import Bid, BidScore, Criterion, ScoreSheet
from catalog.kernel.errors import Conflict, Invalid, Refused

HIGHEST: Final = 100


class ScoreMissing(Invalid):
    """A sheet scores every opened bid by every criterion, from 0 to 100; it says what is not."""

    code = "score_missing"


class SheetHandedIn(Conflict):
    """The expert's sheet is there; it is never changed."""

    code = "score_sheet_handed_in"


class SheetsMissing(Refused):
    """Not every expert of the panel has handed his sheet in; it says how many are missing."""

    code = "score_sheets_missing"


def check_sheet(
    scores: Sequence[BidScore], bids: Collection[Bid], criteria: Iterable[Criterion]
) -> None:
    """Return if a sheet is whole; past performance is not the panel's to score.

    :raises ScoreMissing: if a bid or a criterion is missing, doubled or unknown, or out of bounds.
    """
    codes = {each.code for each in criteria if not each.is_past_performance}
    if sorted(str(each.bid_id) for each in scores) != sorted(str(bid.id) for bid in bids):
        raise ScoreMissing(bid_id="*", criteria=[])
    for each in scores:
        wrong = codes ^ set(each.points)
        wrong |= {code for code, given in each.points.items() if not 0 <= given <= HIGHEST}
        if wrong:
            raise ScoreMissing(bid_id=str(each.bid_id), criteria=sorted(wrong))


def check_all_in(experts: Collection[str], sheets: Iterable[ScoreSheet]) -> None:
    """Return if every expert has scored.

    :raises SheetsMissing: if not.
    """
    left = set(experts) - {str(sheet.expert) for sheet in sheets}
    if left:
        raise SheetsMissing(missing=len(left))
