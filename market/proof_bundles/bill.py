"""Compute the bill of an order again (账单复算), from what was metered, the contract and the journal.

What is due is the filed price of the quantity that was bought, by the rule that placed the order
(``market/pricing/compute.py``); who gets how much of it, by the rule that paid it out
(``settlement/revenue/split.py``). A use counts once, a denial never (``market/usage/metering.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import UNSET

from market.orders.contract import ContractRead
from market.pricing import compute, metered
from market.pricing.model import Charge
from market.usage import billing, metering
from market.usage.model import Outcome, UsageEvent
from settlement.charging.model import Tally
from settlement.ledger.accounts import Purpose, refund_owed_to, residual_of
from settlement.ledger.journal import Entry, Kind, Leg
from settlement.money import Fen


class Difference(msgspec.Struct, frozen=True):
    """A place where the books say something else than the contract and the uses come to."""

    place: str
    expected: int
    found: int


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """What an order comes to, to the fen."""

    units_used: int
    units_bought: int | None  # None: as many as one likes
    used_fen: int | None  # what was used at the price of a unit; None where a use has no price
    due_fen: int
    paid_fen: int
    released_fen: int
    refunded_fen: int
    portions: tuple[tuple[str, int], ...]  # account → fen that the split gives it
    differences: tuple[Difference, ...]


def units_of(events: Iterable[UsageEvent]) -> tuple[int, UsageEvent | None]:
    """Return how many units were used, and the first event that was counted wrongly.

    A denial uses none, nor does a request that was let through before under the same key.
    """
    total = 0
    let_through: set[str] = set()
    wrong = None
    for event in events:
        is_allowed = event.decision is Outcome.ALLOW
        expected = metering.units(
            is_allowed=is_allowed,
            is_repeated=event.request_key in let_through,
            asked=max(event.price_units, 1),
        )
        if event.price_units != expected and wrong is None:
            wrong = event
        if is_allowed:
            let_through.add(event.request_key)
        total += event.price_units
    return total, wrong


def bytes_of(events: Iterable[UsageEvent]) -> int:
    """Return how many bytes were used that count; a price by volume is of these."""
    return sum(billing.bytes_of(event) for event in events)


def bill(
    contract: ContractRead, *, units_used: int, entries: Sequence[Entry], bytes_used: int = 0
) -> Bill:
    """Return what the order comes to, and every place where the journal says something else.

    Of one that pays as it uses (按实际用量计费) the escrow gives out what its uses cost: never more, and
    exactly that once the rest went back.

    :raises DomainError: if the contract sells a quantity, or splits by shares, that none may.
    """
    price = contract.price
    due = price.due_fen()
    bought = compute.quota(price.item, price.quantity)
    split = contract.frozen_split()
    if metered.is_metered(price.item):
        used = Tally(to_seq=0, calls=units_used, bytes=bytes_used, record_sha256="")
        return _metered(contract, bought=bought, used=used, entries=entries)
    moved = _moved(entries)
    # What went back in part is not shared; all captures of the rest are divided as one sum.
    shared = due - moved[Kind.REFUND] if moved[Kind.RELEASE] else due
    portions = (
        {leg.account.code: leg.amount_fen for leg in split.credits(Fen(shared))}
        if shared > 0
        else {}
    )
    found = [
        Difference("contract.price.amount_fen", due, price.amount_fen),
        *_of_the_tax(contract),
        *_of_the_units(bought, units_used),
        *_of_what_came(due, moved),
        *_of_what_went(contract, due, portions, entries),
    ]
    is_by_use = price.item.charge is Charge.PER_UNIT and price.item.included_uses is None
    return Bill(
        units_used=units_used,
        units_bought=bought,
        used_fen=compute.priced(price.item, units_used).amount_fen if is_by_use else None,
        due_fen=due,
        paid_fen=moved[Kind.PAY_IN],
        released_fen=moved[Kind.RELEASE],
        refunded_fen=moved[Kind.REFUND],
        portions=tuple(portions.items()),
        differences=tuple(each for each in found if each.expected != each.found),
    )


def _metered(
    contract: ContractRead, *, bought: int | None, used: Tally, entries: Sequence[Entry]
) -> Bill:
    price, split, moved = contract.price, contract.frozen_split(), _moved(entries)
    quantity = metered.quantity(price.item, used)
    cost = metered.cumulative_fen(price.item, quantity, bought_before=price.bought_before)
    released, went_back = moved[Kind.RELEASE], moved[Kind.REFUND] > 0
    # What nobody accepted is not charged: then all of it goes back.
    due = min(cost, released) if not (went_back and released) else cost
    owed = split.credits(Fen(released)) if released else ()
    waiting = _waiting(entries)
    if released and waiting:
        step = split.increment(0, Fen(released))
        owed = (*step.charged, Leg(residual_of(contract.order_id), step.waiting_fen))
    portions = {leg.account.code: leg.amount_fen for leg in owed}
    back = moved[Kind.PAY_IN] - released if went_back else 0
    found = [
        Difference("contract.price.amount_fen", price.due_fen(), price.amount_fen),
        *_of_the_tax(contract),
        *_of_the_units(bought, used.calls),
        Difference("journal release", due, released),
        *_of_what_went(contract, back, portions, entries, back=back),
    ]
    return Bill(
        units_used=used.calls,
        units_bought=bought,
        used_fen=cost,
        due_fen=cost,
        paid_fen=moved[Kind.PAY_IN],
        released_fen=released,
        refunded_fen=moved[Kind.REFUND],
        portions=tuple(portions.items()),
        differences=tuple(each for each in found if each.expected != each.found),
    )


def _moved(entries: Sequence[Entry]) -> dict[Kind, int]:
    return {kind: sum(entry.amount_fen for entry in entries if entry.kind is kind) for kind in Kind}


def _waiting(entries: Sequence[Entry]) -> int:
    """Return what lies on the residual of the order: nobody is entitled to it yet (尾差)."""
    return sum(
        leg.amount_fen
        for entry in entries
        for leg in entry.legs
        if leg.account.purpose is Purpose.ROUNDING_RESIDUAL
    )


def _of_the_tax(contract: ContractRead) -> Iterable[Difference]:
    """Tell of another tax than the price has in it, and of one that is not taken out of the money."""
    price = contract.price
    due, told = compute.taxed(price.item, price.amount_fen), price.taxed
    for name in ("net_fen", "tax_fen", "gross_fen"):
        expected = 0 if due is None else getattr(due, name)
        found = 0 if told is None else getattr(told, name)
        yield Difference(f"contract.price.taxed.{name}", expected, found)
    rate = 0 if price.item.tax is UNSET else price.item.tax.rate_bps
    owed = contract.split.tax
    yield Difference("contract.split.tax.rate_bps", rate, 0 if owed is None else owed.rate_bps)


def _of_the_units(bought: int | None, used: int) -> Iterable[Difference]:
    """Tell of uses beyond what was paid for: so many more were let through."""
    if bought is not None and used > bought:
        yield Difference("units", bought, used)


def _of_what_came(due: int, moved: Mapping[Kind, int]) -> Iterable[Difference]:
    """Tell whether exactly what was due was paid, once anything moved."""
    if any(moved.values()):
        yield Difference("journal pay_in", due, moved[Kind.PAY_IN])


def _of_what_went(
    contract: ContractRead,
    due: int,
    portions: dict[str, int],
    entries: Sequence[Entry],
    *,
    back: int | None = None,
) -> Iterable[Difference]:
    """Compare every account that the escrow was paid out to, or back to.

    That such an entry debits the escrow of its order is what makes it an entry (``journal.py``).
    """
    refund = refund_owed_to(contract.buyer.party_id).code
    moved = _moved(entries)
    if back is None:
        back = moved[Kind.REFUND] if moved[Kind.RELEASE] else due
    for kinds, expected in (
        ((Kind.RELEASE, Kind.RESIDUAL_SETTLED), portions),
        ((Kind.REFUND,), {refund: back}),
    ):
        of_kind = [entry for entry in entries if entry.kind in kinds]
        if not of_kind:
            continue
        got: dict[str, int] = {}
        for leg in (leg for entry in of_kind for leg in entry.legs):
            if leg.account.purpose is not Purpose.ORDER_ESCROW:
                got[leg.account.code] = got.get(leg.account.code, 0) + leg.amount_fen
        for account in dict.fromkeys((*expected, *got)):
            place = f"journal {kinds[0]} to {account}"
            yield Difference(place, expected.get(account, 0), got.get(account, 0))
