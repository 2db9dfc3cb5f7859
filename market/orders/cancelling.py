"""Ask which side may give an order up, and for which reason (取消) [P]."""

from __future__ import annotations

from typing import Final

from catalog.kernel.errors import Invalid
from market.orders.model import CancellationReason, Side


class CancellationReasonOfOtherSide(Invalid):
    """The reason is one that the other side has."""

    code = "cancellation_reason_of_other_side"


_ANY: Final = frozenset({CancellationReason.AGREED, CancellationReason.OTHER})
REASONS: Final[dict[Side, frozenset[CancellationReason]]] = {
    Side.BUYER: _ANY
    | {
        CancellationReason.NO_LONGER_NEEDED,
        CancellationReason.PLACED_BY_MISTAKE,
        CancellationReason.SUPPLIER_LATE,
    },
    Side.SUPPLIER: _ANY
    | {
        CancellationReason.CANNOT_DELIVER,
        CancellationReason.PRODUCT_WITHDRAWN,
        CancellationReason.BUYER_LATE,
    },
}


def check(reason: CancellationReason, side: Side) -> None:
    """Return if this side may give an order up for this reason.

    :raises CancellationReasonOfOtherSide: if not, with those that it may have.
    """
    if reason not in REASONS[side]:
        raise CancellationReasonOfOtherSide(
            reason=reason.value,
            side=side.value,
            reasons=sorted(each.value for each in REASONS[side]),
        )
