"""Rank the bids by the sheets of the panel (评审排名): a rule that anybody computes again.

What a bid's agency did before (a criterion of past performance) has the points of its last filed evaluation
(HN-24); who has none has ``NEWCOMER``. A bid qualifies if more than half of the panel says so. Its points are the mean of all sheets, each the
sum of points times weight, in whole numbers until the very end. Of equal bids goes first, in this order: who
has more points in the heaviest criterion, in the next heaviest, and so on (of equally heavy ones the
first announced counts first); who handed in earlier; whose digest is smaller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from catalog.agency_selection.announcing import WHOLE_BPS
from catalog.agency_selection.model import Bid, BidScore, Criterion, Ranked, ScoreSheet
from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.rulebooks.rulebook import Rulebook

NEWCOMER: Final = 60  # [P]: a pass, so that a newcomer is neither shut out nor preferred
_HUNDREDTHS: Final = 100


class FewerThanTwoAgencies(Refused):
    """Fewer than two agencies can be chosen (HN-23); the selection fails and is announced again."""

    code = "fewer_than_two_agencies"


class SelectionNotFailed(Refused):
    """Two or more qualify, so that the selection has a result and does not fail."""

    code = "selection_not_failed"


class ResultMissing(Invalid):
    """What is published of award or failure says something."""

    code = "selection_result_missing"


def rank(
    bids: Collection[Bid],
    sheets: Sequence[ScoreSheet],
    criteria: Sequence[Criterion],
    past: Mapping[PartyId, int],
) -> tuple[Ranked, ...]:
    """Return the ranking: who qualifies, the best first, then who does not.

    ``past`` are the points of the last filed evaluations, by agency.
    """
    given = {
        bid.id: _scores_of(bid, sheets, criteria, past.get(bid.agency_party_id, NEWCOMER))
        for bid in bids
    }
    in_order = sorted(
        bids,
        key=lambda bid: (
            not _qualifies(given[bid.id]),
            -_total(given[bid.id], criteria),
            [-_points(given[bid.id], each) for each in _heaviest_first(criteria)],
            bid.handed_in_at,
            bid.sha256,
        ),
    )
    return tuple(
        Ranked(
            bid_id=bid.id,
            agency_party_id=bid.agency_party_id,
            is_qualified=_qualifies(given[bid.id]),
            points=_total(given[bid.id], criteria) * _HUNDREDTHS // (WHOLE_BPS * len(sheets)),
            rank=number if _qualifies(given[bid.id]) else None,
        )
        for number, bid in enumerate(in_order, start=1)
    )


def winners(ranking: Iterable[Ranked], seats: int, rulebook: Rulebook) -> tuple[PartyId, ...]:
    """Return who is chosen: the best who qualify, as many as there are seats.

    :raises FewerThanTwoAgencies: if fewer qualify than the text demands.
    """
    found = tuple(each.agency_party_id for each in ranking if each.is_qualified)[:seats]
    if len(found) < rulebook.minimum_agencies:
        raise FewerThanTwoAgencies(qualified=len(found))
    return found


def check_failed(count: int, rulebook: Rulebook) -> None:
    """Return if the selection failed: of ``count`` who bid or qualify there are too few.

    :raises SelectionNotFailed: if there are enough.
    """
    if count >= rulebook.minimum_agencies:
        raise SelectionNotFailed(qualified=count)


def check_result(text: str) -> None:
    """Return if a result says something.

    :raises ResultMissing: if it does not.
    """
    if not text.strip():
        raise ResultMissing


def _scores_of(
    bid: Bid, sheets: Iterable[ScoreSheet], criteria: Iterable[Criterion], past: int
) -> list[BidScore]:
    before = {each.code: past for each in criteria if each.is_past_performance}
    return [
        msgspec.structs.replace(score, points=score.points | before)
        for sheet in sheets
        for score in sheet.scores
        if score.bid_id == bid.id
    ]


def _qualifies(scores: Sequence[BidScore]) -> bool:
    return 2 * sum(each.is_qualified for each in scores) > len(scores)


def _points(scores: Iterable[BidScore], criterion: Criterion) -> int:
    return sum(each.points[criterion.code] for each in scores)


def _total(scores: Sequence[BidScore], criteria: Iterable[Criterion]) -> int:
    return sum(_points(scores, each) * each.weight_bps for each in criteria)


def _heaviest_first(criteria: Iterable[Criterion]) -> list[Criterion]:
    return sorted(criteria, key=lambda each: -each.weight_bps)  # stable: the first announced first
