"""Ask whether an order that pays as it uses may be placed so (按实际用量计费)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET, UnsetType

from catalog.kernel.errors import Invalid, Refused
from catalog.signing.canonical import canonical, sha256_hex
from market.orders.model import Order
from market.orders.terms import RequestedTerms
from market.pricing import metered
from market.pricing.model import PriceItem
from market.usage.model import ChargedWindow, MeteredBill
from settlement.charging.model import Charge, Priced, Tally


class PrepaymentMissing(Refused):
    """What is charged as it is used is drawn from a prepayment, and this quantity comes to none."""

    code = "order_prepayment_missing"


class MeteredAtSpecialPrice(Refused):
    """A special price is for one quantity; what is charged as it is used has no quantity yet."""

    code = "order_metered_at_special_price"


class CreditWithoutMetering(Invalid):
    """A credit limit is agreed for what is charged as it is used, and for nothing else (信用额度)."""

    code = "order_credit_without_metering"


class RetentionOfMetered(Invalid):
    """Nothing is kept of what is charged as it is used: each window is accepted for itself (质保金)."""

    code = "order_retention_of_metered"


def check(item: PriceItem, terms: RequestedTerms, *, amount_fen: int, is_special: bool) -> None:
    """Return if an order of this item may be placed on these terms.

    :raises CreditWithoutMetering: if it would have a credit limit, and pays in advance.
    :raises RetentionOfMetered: if something would be kept, and it is charged as it is used.
    :raises MeteredAtSpecialPrice: if it is charged as it is used, at a special price.
    :raises PrepaymentMissing: if it is charged as it is used, and nothing is paid first.
    """
    if not metered.is_metered(item):
        if terms.credit_limit_fen is not UNSET:
            raise CreditWithoutMetering
        return
    if terms.retention_bps is not UNSET:
        raise RetentionOfMetered
    if is_special:
        raise MeteredAtSpecialPrice
    if not amount_fen:
        raise PrepaymentMissing


def is_metered(order: Order) -> bool:
    """Tell whether an order is charged as it is used."""
    return metered.is_metered(order.price_item)


def credit_limit_fen(order: Order) -> int:
    """Return how far below zero the contract lets the balance run (信用额度)."""
    limit = order.terms.credit_limit_fen
    return 0 if limit is UNSET else limit


def price_of(order: Order, used: Tally) -> Priced:
    """Return what all uses of an order cost, by the price that was frozen with it."""
    item = order.price_item
    quantity = metered.quantity(item, used)
    return Priced(
        price_item=item.code,
        price_sha256=sha256_hex(canonical(item)),
        quantity=quantity,
        cumulative_fen=metered.cumulative_fen(item, quantity, bought_before=order.bought_before),
    )


def bill_of(order: Order, charges: Iterable[Charge]) -> MeteredBill | UnsetType:
    """Return what its usage statement says of the windows of an order; UNSET if it has none."""
    if not is_metered(order):
        return UNSET
    windows = tuple(
        ChargedWindow(
            to_seq=each.to_seq,
            quantity=each.quantity,
            cumulative_fen=each.cumulative_fen,
            record_sha256=each.record_sha256,
        )
        for each in charges
    )
    return MeteredBill(
        price_item=order.price_item,
        bought_before=order.bought_before,
        windows=windows,
        charged_fen=windows[-1].cumulative_fen if windows else 0,
    )
