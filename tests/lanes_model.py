"""An independent serial model of the journal, and random requests for it: what a lane must come to."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import uuid
from typing import Final

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import new_id
from settlement.lanes.model import Request
from settlement.ledger.accounts import Account, Purpose, clearing_of, escrow_of, refund_owed_to
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import Posted

NOON: Final = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
FEE: Final = Account(Purpose.PLATFORM_FEE, str(uuid.UUID(int=1)))
TAX: Final = Account(Purpose.TAX_PAYABLE, str(uuid.UUID(int=2)))
REUSED, SHORT = "journal_key_reused", "ledger_balance_insufficient"


def entry(kind: Kind, source: Account, *arrivals: Leg, order: uuid.UUID | None = None) -> Entry:
    """Return a new entry."""
    return Entry(
        key=new_id(),
        kind=kind,
        legs=transfer(source, arrivals),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="model/1",
        order_id=order,
    )


def pay_in(order: uuid.UUID, amount: int) -> Entry:
    """Return an entry by which money comes into an escrow."""
    return entry(Kind.PAY_IN, clearing_of("sandbox"), Leg(escrow_of(order), amount), order=order)


def release(order: uuid.UUID, amount: int, owner: str = "owner") -> Entry:
    """Return an entry by which an escrow is paid out, a part of it to accounts that all share."""
    parts = (amount - 2 * (amount // 10), amount // 10, amount // 10)
    to = (Account(Purpose.PAYABLE, owner), FEE, TAX)
    legs = [Leg(each, part) for each, part in zip(to, parts, strict=True) if part]
    return entry(Kind.RELEASE, escrow_of(order), *legs, order=order)


def refund(order: uuid.UUID, amount: int, payer: uuid.UUID) -> Entry:
    """Return an entry by which an escrow is owed back."""
    return entry(Kind.REFUND, escrow_of(order), Leg(refund_owed_to(payer), amount), order=order)


def refund_settled(payer: uuid.UUID, amount: int) -> Entry:
    """Return an entry by which what is owed back leaves."""
    return entry(Kind.REFUND_SETTLED, refund_owed_to(payer), Leg(clearing_of("sandbox"), amount))


@dataclasses.dataclass
class SerialModel:
    """The journal as one reads the rules: one entry after the other, and nothing else."""

    balances: dict[str, int] = dataclasses.field(default_factory=dict)
    posted: dict[uuid.UUID, Entry] = dataclasses.field(default_factory=dict)

    def post(self, sent: Entry) -> str:
        """Post an entry and return its code."""
        before = self.posted.get(sent.key)
        if before is not None:
            return "replayed" if _same(sent, before) else REUSED
        source, *rest = sent.legs
        left = self.balances.get(source.account.code, 0) + source.amount_fen
        if source.account.purpose is not Purpose.CHANNEL_CLEARING and left < 0:
            return SHORT
        self.balances[source.account.code] = left
        for leg in rest:
            code = leg.account.code
            self.balances[code] = self.balances.get(code, 0) + leg.amount_fen
        self.posted[sent.key] = sent
        return "accepted"


def _same(one: Entry, other: Entry) -> bool:
    return (one.kind, one.legs, one.order_id) == (other.kind, other.legs, other.order_id)


def outcome(answer: Posted | BaseException) -> str:
    """Return the code of what a lane answered."""
    if isinstance(answer, Posted):
        return str(answer.effect)
    if isinstance(answer, DomainError):
        return answer.code
    raise answer


def random_batch(
    rng: random.Random, orders: list[uuid.UUID], payer: uuid.UUID, sent: list[Entry], size: int
) -> list[Request]:
    """Return requests as unruly clients send them: doubled, keys used again, more than there is."""
    batch: list[Entry] = []
    for _ in range(size):
        chance, earlier = rng.random(), sent + batch
        if earlier and chance < 0.12:
            batch.append(rng.choice(earlier))
            continue
        fresh = _random_entry(rng, rng.choice(orders), rng.randint(1, 120), payer)
        if earlier and chance < 0.2:
            fresh = under_key(fresh, rng.choice(earlier).key)
        batch.append(fresh)
    return [Request(each) for each in batch]


def _random_entry(rng: random.Random, order: uuid.UUID, amount: int, payer: uuid.UUID) -> Entry:
    kind = rng.choice((Kind.PAY_IN, Kind.PAY_IN, Kind.RELEASE, Kind.RELEASE, Kind.REFUND, None))
    if kind is Kind.PAY_IN:
        return pay_in(order, amount)
    if kind is Kind.RELEASE:
        return release(order, amount)
    return refund_settled(payer, amount) if kind is None else refund(order, amount, payer)


def under_key(fresh: Entry, key: uuid.UUID) -> Entry:
    """Return an entry under another's key."""
    return Entry(
        key=key,
        kind=fresh.kind,
        legs=fresh.legs,
        booked_at=fresh.booked_at,
        value_on=fresh.value_on,
        rule_version=fresh.rule_version,
        order_id=fresh.order_id,
    )
