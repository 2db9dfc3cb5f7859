"""Write the filed price as a duty to compensate, and hold a duty against the filing (BJ-17, GD-05).

The duty names the filing, its version and the digest of what was filed: so a policy says which
price it is, and a price that changes later does not change what was agreed. Another price than all
pay, or one that is quoted to each buyer, is that of a special price, which the duty names with its reason.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Final

import msgspec

from catalog.kernel.errors import Refused
from market.contracts.constraints import COMPENSATE, whole
from market.contracts.policy import (
    OWN,
    ConstraintUnknown,
    Policy,
    PolicyConstraint,
    PolicyRule,
    PolicyUnreadable,
)
from market.pricing.compute import price_fen
from market.pricing.model import Filing
from market.special_prices import equal_terms
from market.special_prices.model import SpecialPrice
from settlement.money import CURRENCY

PAY_AMOUNT: Final = "payAmount"
_CURRENCY: Final = f"{OWN}currency"
_FILING: Final = f"{OWN}filing"
_VERSION: Final = f"{OWN}filingVersion"
_SHA256: Final = f"{OWN}filingSha256"
_ITEM: Final = f"{OWN}priceItem"
_QUANTITY: Final = f"{OWN}quantity"
_PARTS: Final = (PAY_AMOUNT, _CURRENCY, _FILING, _VERSION, _SHA256, _ITEM, _QUANTITY)
#: Of a special price; both or neither.
SPECIAL_PRICE: Final = f"{OWN}specialPrice"
_REASON: Final = f"{OWN}specialPriceReason"
_FURTHER: Final = (SPECIAL_PRICE, _REASON)

_YUAN: Final = re.compile(r"(0|[1-9][0-9]{0,12})\.([0-9]{2})")


class OfferPriceNotFiled(Refused):
    """The price of the offer is not the filed one: another filing, version, item or amount."""

    code = "offer_price_not_filed"


class PriceDuty(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid, and by which filed plan (价款)."""

    amount_fen: int
    filing_number: str
    filing_version: int
    filing_sha256: str
    price_item: str
    quantity: int
    special_price: str | None = None  # its URN; None: it is what everybody pays
    reason: str | None = None


class Given(msgspec.Struct, frozen=True):
    """A special price that one buyer was offered, and the day on which it is to count."""

    price: SpecialPrice
    today: dt.date


def of_filing(
    filing: Filing, *, item_code: str, quantity: int, given: Given | None = None
) -> PriceDuty:
    """Return what a quantity costs by a filing that is in effect, or by a special price within it.

    :raises OfferPriceNotFiled: if the filing has no such item, or is not on record.
    :raises QuantityOutOfRange: if it is not sold in that quantity.
    :raises QuotationRequired: if each buyer is quoted a price, and this one was not.
    :raises SpecialPriceOver: if the special price is over (and the others of ``equal_terms.py``).
    """
    item = filing.item(item_code)
    if item is None or filing.filing_number is None or filing.record_sha256 is None:
        raise OfferPriceNotFiled(differing=["price_item"])
    if given is not None:
        special = given.price
        equal_terms.check_use(
            special, filing_id=filing.id, item=item, quantity=quantity, today=given.today
        )
        equal_terms.check(
            item, quantity=quantity, amount_fen=special.amount_fen, reason=special.reason
        )
    return PriceDuty(
        amount_fen=price_fen(item, quantity) if given is None else given.price.amount_fen,
        filing_number=filing.filing_number,
        filing_version=filing.version,
        filing_sha256=filing.record_sha256,
        price_item=item_code,
        quantity=quantity,
        special_price=None if given is None else given.price.id.urn,
        reason=None if given is None else given.price.reason,
    )


def write(price: PriceDuty) -> PolicyRule:
    """Return the duty as a rule of a policy."""
    told = (
        yuan(price.amount_fen),
        CURRENCY,
        price.filing_number,
        str(price.filing_version),
        price.filing_sha256,
        price.price_item,
        str(price.quantity),
    )
    said = list(zip(_PARTS, told, strict=True))
    if price.special_price is not None and price.reason is not None:
        said += zip(_FURTHER, (price.special_price, price.reason), strict=True)
    return PolicyRule(
        action=COMPENSATE,
        constraint=tuple(PolicyConstraint(name, "eq", value) for name, value in said),
    )


def read(policy: Policy) -> PriceDuty:
    """Return the price that a policy names.

    :raises PolicyUnreadable: if there is not one duty to pay, or it lacks a part.
    :raises ConstraintUnknown: if it has a part that is not known, or another operator than ``eq``.
    """
    duties = [rule for rule in policy.obligation if rule.action == COMPENSATE]
    if len(duties) != 1:
        raise PolicyUnreadable(reason="a policy has one duty to compensate, of 0.00 if it is free")
    told: dict[str, str] = {}
    for part in duties[0].constraint:
        right = part.right_operand
        is_known = part.left_operand in (*_PARTS, *_FURTHER) and part.left_operand not in told
        if not is_known or part.operator != "eq" or not isinstance(right, str):
            raise ConstraintUnknown(left_operand=part.left_operand, operator=part.operator)
        told[part.left_operand] = right
    asked = (*_PARTS, *_FURTHER) if set(_FURTHER) & set(told) else _PARTS
    missing = [name for name in asked if name not in told]
    if missing:
        raise PolicyUnreadable(reason=f"the duty to compensate lacks {', '.join(missing)}")
    amount = fen(told[PAY_AMOUNT])
    version, quantity = whole(told[_VERSION]), whole(told[_QUANTITY])
    if amount is None or version is None or quantity is None or told[_CURRENCY] != CURRENCY:
        raise PolicyUnreadable(reason="amount, version, quantity or currency can not be read")
    return PriceDuty(
        amount_fen=amount,
        filing_number=told[_FILING],
        filing_version=version,
        filing_sha256=told[_SHA256],
        price_item=told[_ITEM],
        quantity=quantity,
        special_price=told.get(SPECIAL_PRICE),
        reason=told.get(_REASON),
    )


def special_price_id(told: PriceDuty) -> uuid.UUID | None:
    """Return which special price a duty names, or None.

    :raises PolicyUnreadable: if what it names is no name of one.
    """
    if told.special_price is None:
        return None
    try:
        return uuid.UUID(told.special_price)
    except ValueError as error:
        raise PolicyUnreadable(reason="the special price has no such name") from error


def check(told: PriceDuty, filing: Filing, given: Given | None = None) -> None:
    """Return if a price is what the filing in effect, or a special price, asks for item and quantity.

    :raises OfferPriceNotFiled: if it is another; it names what differs.
    :raises QuantityOutOfRange: if it is not sold in that quantity.
    :raises SpecialPriceOver: if the special price is over (and the others of ``equal_terms.py``).
    """
    filed = of_filing(filing, item_code=told.price_item, quantity=told.quantity, given=given)
    differing = [
        name for name in PriceDuty.__struct_fields__ if getattr(told, name) != getattr(filed, name)
    ]
    if differing:
        raise OfferPriceNotFiled(differing=differing)


def yuan(amount_fen: int) -> str:
    """Return an amount as yuan with two digits, as ``payAmount`` has it."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def fen(amount: str) -> int | None:
    """Return the fen of an amount in yuan, or None if it is not written as ``yuan`` writes it."""
    told = _YUAN.fullmatch(amount)
    return None if told is None else int(told[1]) * 100 + int(told[2])
