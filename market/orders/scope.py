"""Ask whether an order keeps to what was filed and is on offer (BJ-17, BJ-27, GD-05, A47)."""

from __future__ import annotations

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.products.model import DeliveryMode
from market.pricing.model import Charge, Filing, PriceItem


class OutsideFiledScope(Refused):
    """Scenario or manner of use is not among those that were filed (BJ-17, GD-05)."""

    code = "order_outside_filed_scope"


class TrialUsedBefore(Refused):
    """The buyer has tried the product before (试用仅限一次)."""

    code = "trial_used_before"


class PriceDiffers(Conflict):
    """The filed price comes to another amount than the buyer expected."""

    code = "order_price_differs"


class PurposeMissing(Invalid):
    """The buyer does not say what for (BJ-27(a))."""

    code = "order_purpose_missing"


def check_filed(filing: Filing, *, purpose: str, scenario: str, mode: DeliveryMode) -> None:
    """Return if purpose is told, and scenario and manner of use were filed.

    :raises PurposeMissing: if the purpose is empty.
    :raises OutsideFiledScope: if scenario or mode is not among the filed ones, with which.
    """
    if not purpose.strip():
        raise PurposeMissing
    outside = []
    if scenario not in filing.terms.scenarios:
        outside.append("scenario")
    if mode not in filing.terms.delivery_modes:
        outside.append("delivery_mode")
    if outside:
        raise OutsideFiledScope(
            outside=outside,
            scenarios=list(filing.terms.scenarios),
            delivery_modes=[filed.value for filed in filing.terms.delivery_modes],
        )


def check_trial(item: PriceItem, bought_before: int) -> None:
    """Return if the item is no trial, or the buyer's first.

    :raises TrialUsedBefore: if the buyer has tried the product before.
    """
    if item.charge is Charge.TRIAL and bought_before:
        raise TrialUsedBefore(price_item=item.code)


def check_expected(amount_fen: int, expected_fen: int | None) -> None:
    """Return if the amount is the one that the buyer expected, or it expected none.

    :raises PriceDiffers: if it is another.
    """
    if expected_fen is not None and expected_fen != amount_fen:
        raise PriceDiffers(amount_fen=amount_fen, expected_fen=expected_fen)
