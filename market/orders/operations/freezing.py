"""Freeze with an order who shares in its money, and which fees come before (收益分配)."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

from msgspec import UNSET

from catalog.certificates import queries as certificates
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.products.model import DataNature
from catalog.registration import queries as registration
from market.orders import shares
from market.orders.model import Order
from market.orders.shares import Holder, Rates
from market.pricing.regimes import is_public
from market.revenue_agreements import queries as revenue_agreements
from settlement.fees import queries as fees
from settlement.ledger.accounts import Book
from settlement.revenue.agreement import FrozenSplit, freeze
from settlement.revenue.retaining import Retained

#: Of what the market takes by its settings, and owners share by the certificate.
SPLIT_VERSION: Final = "order-split/1"


def book_of(nature: DataNature | None) -> Book:
    """Return in which book the money of such data is accounted (公共数据收益单独核算, JX-3).

    Mixed data follow the stricter rules, as for their price (BJ-02).
    """
    return Book.PUBLIC_DATA if is_public(nature) else Book.MARKET


async def freeze_split(
    tx: Tx,
    order: Order,
    rates: Rates,
    *,
    is_public_data: bool,
    certificate_number: str | None,
    now: dt.datetime,
) -> FrozenSplit:
    """Return the split of an order that is cleared now.

    The schedule in force says which fees come first; without one, the rates of the settings are
    shares. What is left goes by the revenue agreement of the product; without one, to the owners
    whom its certificate names.
    """
    schedule = await fees.find_in_force(tx, on=local_date(now))
    agreement = await revenue_agreements.find_in_force(tx, product_id=order.product_id)
    left = shares.untaken(rates) if schedule is not None else rates
    shared = (
        shares.shares(
            await _holders(tx, order, certificate_number), left, is_public_data=is_public_data
        )
        if agreement is None
        else shares.of_agreement(agreement.agreed.shares(), left, is_public_data=is_public_data)
    )
    sources = [each.code for each in (schedule, agreement) if each is not None]
    return freeze(
        version="+".join(sources) or SPLIT_VERSION,
        frozen_at=now,
        shares=shared,
        deductions=()
        if schedule is None
        else shares.deductions(
            schedule.fees,
            rates,
            supplier=order.supplier_party_id,
            is_public_data=is_public_data,
            has_own_tax=order.price_item.tax is not UNSET,
        ),
        tax=shares.owed_tax(order.price_item.tax, order.supplier_party_id),
        retained=retained_of(order),
    )


def retained_of(order: Order) -> Retained | None:
    """Return what is kept of the supplier's share by the terms of an order (质保金), or None."""
    share, days = order.terms.retention_bps, order.terms.retention_days
    if share is UNSET or days is UNSET:
        return None
    return Retained(party_id=order.supplier_party_id, share_bps=share, days=days)


async def _holders(tx: Tx, order: Order, certificate_number: str | None) -> list[Holder]:
    certificate = (
        None if certificate_number is None else await certificates.find(tx, certificate_number)
    )
    case = (
        None
        if certificate is None
        else await registration.find(tx, application_id=certificate.application_id)
    )
    if case is None or not case.form.owners:
        return [Holder(order.supplier_party_id, Fraction(1))]
    return [Holder(owner.party_id, owner.share) for owner in case.form.owners]
