"""Ask whether a party may buy a product: who it is, whose it is, and whether it is on offer (DSL 33)."""

from __future__ import annotations

from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from catalog.products.model import DeliveryMode
from market.access.grants import RawExportForbidden


class BuyerNotVerified(Refused):
    """Only who was identified may buy (DSL 33)."""

    code = "buyer_not_verified"


class ProductNotListed(Refused):
    """The product is not on offer."""

    code = "product_not_listed"


class OwnProductNotOrderable(Refused):
    """Nobody buys of himself."""

    code = "own_product_not_orderable"


class OperatorRedevelopmentForbidden(Refused):
    """Who operates market or zone, or is controlled by it, does not buy public data of its own (A47)."""

    code = "operator_redevelopment_forbidden"


class PricingFilingRequired(Refused):
    """No price is filed and in effect for this product and use (BJ-17)."""

    code = "pricing_filing_required"


def check_buyer(
    *,
    buyer: PartyId,
    supplier: PartyId | None,
    is_verified: bool,
    is_operator: bool,
    is_public_data: bool,
) -> None:
    """Return if this party may buy this product.

    :raises BuyerNotVerified: if it was not identified, or is suspended.
    :raises OwnProductNotOrderable: if it is its own product.
    :raises OperatorRedevelopmentForbidden: if who operates the market, or the zone of the
        product, would buy public data, or a party that it controls.
    """
    if not is_verified:
        raise BuyerNotVerified
    if buyer == supplier:
        raise OwnProductNotOrderable
    if is_operator and is_public_data:
        raise OperatorRedevelopmentForbidden


def check_raw(*, mode: DeliveryMode, is_public_data: bool) -> None:
    """Return if it is not raw public data that are asked for.

    :raises RawExportForbidden: if it is: they do not leave their zone, whatever their level.
    """
    if is_public_data and mode is DeliveryMode.RAW_SHARE:
        raise RawExportForbidden
