"""The parties of the money model, and orders with fees and shares of chance."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Final

from settlement.fees.deducting import Base, Fee, Payee, Tier
from settlement.money import Bps
from settlement.revenue.agreement import Deduction, FrozenSplit, OwedTax, freeze
from settlement.revenue.retaining import Retained
from settlement.revenue.split import PURPOSES, Method, Role, Share
from tests.reference import money as reference

HOLDERS: Final = tuple(uuid.UUID(int=0xA0 + n) for n in range(9))
PLATFORM, TREASURY, TAX, AGENCY = (uuid.UUID(int=0xF0 + n) for n in range(4))
DEPARTMENTS: Final = tuple(uuid.UUID(int=0xD0 + n) for n in range(3))
VERIFIED: Final = (*HOLDERS[:6], PLATFORM, TREASURY, *DEPARTMENTS[:2])
BUYERS: Final = tuple(uuid.UUID(int=0xB0 + n) for n in range(5))
#: The floors that contracts set: so far some may owe.
FLOORS: Final = {HOLDERS[0]: -5_000, HOLDERS[1]: -20}


def agreed(rng: random.Random, price: int) -> tuple[reference.Order, FrozenSplit]:
    """Return an order with tax, fees and shares of chance, for the reference and for the service."""
    fees, deductions = fees_of(rng)
    taken = {fee.account for fee in fees}
    tax = None
    if f"tax_payable/{TAX}" not in taken and rng.random() < 0.6:
        tax = OwedTax(party_id=TAX, rate_bps=rng.choice((100, 300, 600, 900, 1_300, 9_999)))
    roles = [(Role.RIGHT_HOLDER, each) for each in rng.sample(HOLDERS, rng.randint(1, 5))]
    roles += [(Role.DEPARTMENT, each) for each in rng.sample(DEPARTMENTS, rng.randint(0, 2))]
    roles += [(Role.PLATFORM, PLATFORM), (Role.TREASURY, TREASURY), (Role.AGENCY, AGENCY)]
    roles = [each for each in roles if f"{PURPOSES[each[0]]}/{each[1]}" not in taken]
    rng.shuffle(roles)
    cuts = sorted(rng.sample(range(1, 10_000), len(roles) - 1))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    shares = tuple(
        Share(party_id=party, role=role, method=Method.PROFIT_SHARING, share_bps=Bps(bps))
        for (role, party), bps in zip(roles, parts, strict=True)
    )
    holders = [party for role, party in roles if role is Role.RIGHT_HOLDER]
    keeper = rng.choice((None, None, *holders[:1], HOLDERS[8]))  # who may have no share at all
    bps = rng.choice((300, rng.randint(1, 10_000)))
    order = reference.Order(
        payer=str(rng.choice(BUYERS)),
        price=price,
        fees=fees,
        shares=tuple((each.account.code, each.share_bps) for each in shares),
        tax=None if tax is None else (tax.account.code, tax.rate_bps),
        keeps=None if keeper is None else (str(keeper), bps),
    )
    split = freeze(
        version=f"agreement/{rng.randint(1, 3)}",
        frozen_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        shares=shares,
        deductions=deductions,
        tax=tax,
        retained=None if keeper is None else Retained(party_id=keeper, share_bps=Bps(bps), days=30),
    )
    return order, split


def fees_of(rng: random.Random) -> tuple[tuple[reference.Fee, ...], tuple[Deduction, ...]]:
    fees, deductions = [], []
    for payee, party in ((Payee.PLATFORM, PLATFORM), (Payee.TAX, TAX)):
        if rng.random() < 0.5:
            continue
        low, high, above = rng.randint(0, 3_000), rng.randint(0, 3_000), rng.randint(1, 10**5)
        least = rng.choice((0, 0, rng.randint(0, 50)))
        most = rng.choice((None, None, least + rng.randint(0, 10**4)))
        is_of_left = rng.random() < 0.5
        fee = Fee(
            code=payee.value,
            payee=payee,
            base=Base.LEFT if is_of_left else Base.GROSS,
            tiers=(Tier(0, low), Tier(above, high)),
            minimum_fen=least,
            maximum_fen=most,
        )
        deductions.append(Deduction(party_id=party, fee=fee))
        fees.append(
            reference.Fee(deductions[-1].account.code, low, above, high, least, most, is_of_left)
        )
    return tuple(fees), tuple(deductions)
