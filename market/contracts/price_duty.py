"""Write the filed price as a duty to compensate, and hold a duty against the filing (BJ-17, GD-05).

The duty names the filing, its version and the digest of what was filed: so a policy says which
price it is, and a price that changes later does not change what was agreed.
"""

from __future__ import annotations

import re
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
from settlement.money import CURRENCY

PAY_AMOUNT: Final = "payAmount"
_CURRENCY: Final = f"{OWN}currency"
_FILING: Final = f"{OWN}filing"
_VERSION: Final = f"{OWN}filingVersion"
_SHA256: Final = f"{OWN}filingSha256"
_ITEM: Final = f"{OWN}priceItem"
_QUANTITY: Final = f"{OWN}quantity"
_PARTS: Final = (PAY_AMOUNT, _CURRENCY, _FILING, _VERSION, _SHA256, _ITEM, _QUANTITY)

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


def of_filing(filing: Filing, *, item_code: str, quantity: int) -> PriceDuty:
    """Return what a quantity costs by a filing that is in effect.

    :raises OfferPriceNotFiled: if the filing has no such item, or is not on record.
    :raises QuantityOutOfRange: if it is not sold in that quantity.
    """
    item = filing.item(item_code)
    if item is None or filing.filing_number is None or filing.record_sha256 is None:
        raise OfferPriceNotFiled(differing=["price_item"])
    return PriceDuty(
        amount_fen=price_fen(item, quantity),
        filing_number=filing.filing_number,
        filing_version=filing.version,
        filing_sha256=filing.record_sha256,
        price_item=item_code,
        quantity=quantity,
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
    return PolicyRule(
        action=COMPENSATE,
        constraint=tuple(
            PolicyConstraint(name, "eq", value) for name, value in zip(_PARTS, told, strict=True)
        ),
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
        is_known = part.left_operand in _PARTS and part.left_operand not in told
        if not is_known or part.operator != "eq" or not isinstance(right, str):
            raise ConstraintUnknown(left_operand=part.left_operand, operator=part.operator)
        told[part.left_operand] = right
    missing = [name for name in _PARTS if name not in told]
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
    )


def check(told: PriceDuty, filing: Filing) -> None:
    """Return if a price is what the filing in effect asks for that item and quantity.

    :raises OfferPriceNotFiled: if it is another; it names what differs.
    :raises QuantityOutOfRange: if it is not sold in that quantity.
    """
    filed = of_filing(filing, item_code=told.price_item, quantity=told.quantity)
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
