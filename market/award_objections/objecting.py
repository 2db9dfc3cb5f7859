"""Say who may object to a result and to what, and who may decide on it (成交异议的提出与处理)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Period, Unit
from market.auctions.bidding import NotABidder
from market.auctions.model import Bidder
from market.award_objections.model import AwardObjection
from market.award_objections.states import State

#: An objection is answered three days after it was received.
DECIDED_WITHIN: Final = Period(3, Unit.DAYS, "招标投标法实施条例 54")


class AwardObjectionReasonsMissing(Invalid):
    """Whoever objects, or decides, says why."""

    code = "award_objection_reasons_missing"


class AwardObjectionAgainstNobody(Refused):
    """The number that is objected to has won nothing."""

    code = "award_objection_against_nobody"


class ObjectedBefore(Conflict):
    """The bidder has objected to this result already."""

    code = "award_objected_before"


class DeciderInvolved(Refused):
    """Whoever decides belongs to the supplier or to a bidder."""

    code = "award_objection_decider_involved"


def check(
    bidder: Bidder | None,
    winners: Collection[int],
    *,
    against: int | None,
    reasons: str,
    earlier: Collection[AwardObjection],
    result: int,
) -> Bidder:
    """Return who objects, if it may object so.

    :raises NotABidder: if it has no number in the auction.
    :raises AwardObjectionReasonsMissing: if nothing says why.
    :raises AwardObjectionAgainstNobody: if who is objected to has won nothing.
    :raises ObjectedBefore: if it has objected to this result already, and did not take that back.
    """
    if bidder is None:
        raise NotABidder
    check_reasons(reasons)
    if against is not None and against not in winners:
        raise AwardObjectionAgainstNobody(number=against)
    for each in earlier:
        is_same = (each.paddle, each.result) == (bidder.paddle, result)
        if is_same and each.state is not State.WITHDRAWN:
            raise ObjectedBefore
    return bidder


def check_reasons(reasons: str) -> None:
    """Return if something says why.

    :raises AwardObjectionReasonsMissing: if nothing does.
    """
    if not reasons.strip():
        raise AwardObjectionReasonsMissing


def check_decider(party: PartyId | None, involved: Collection[PartyId]) -> None:
    """Return if whoever decides has no part in the auction.

    :raises DeciderInvolved: if it belongs to the supplier or a bidder.
    """
    if party in involved:
        raise DeciderInvolved
