"""Judge what does not agree between a day's statement and what we booked (三方核对).

The database joins the two sides and keeps what agrees to itself; what is left is judged here, one
pair at a time: a line of the channel, what we know of the same transaction, what else is there.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.kernel.local_time import SHANGHAI
from settlement.reconciliation.differences import Kind, fee_of
from settlement.reconciliation.model import Found
from settlement.reconciliation.statement_file import Move, Outcome

# [P] Channels close their day some minutes before midnight; what comes later is in the next file.
CUT: Final = dt.time(23, 30)


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a statement."""

    line_id: int
    reference: str
    transaction_id: str
    outcome: Outcome
    amount_fen: int
    fee_fen: int


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, refund or payout of ours, and what its entry moved on the clearing account."""

    reference: str
    transaction_id: str
    amount_fen: int
    booked_fen: int
    at: dt.datetime

    @property
    def is_booked_as_known(self) -> bool:
        """Tell whether the journal says what the payment says."""
        return self.amount_fen == self.booked_fen


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two sides of one transaction, of which one may be missing.

    ``twin`` is another transaction of ours under the same reference.
    """

    move: Move
    stated: Stated | None
    fact: Fact | None
    twin: Fact | None = None


def judge(pair: Pair, *, fee_bps: int) -> tuple[Found, ...]:
    """Return how the two sides differ; nothing if they agree after all."""
    stated, fact = pair.stated, pair.fact
    if stated is None:
        assert fact is not None, "a pair has a side"
        late = fact.at.astimezone(SHANGHAI).time() >= CUT
        return (_found(pair, Kind.DATE_CUT if late else Kind.SHORT, fact.booked_fen),)
    if stated.outcome is Outcome.FAILED:
        return () if fact is None else (_found(pair, Kind.STATUS, fact.booked_fen),)
    found = []
    if fact is None:
        kind = Kind.LONG if pair.twin is None else Kind.DUPLICATE
        found.append(_found(pair, kind, -stated.amount_fen))
    elif not fact.is_booked_as_known or fact.booked_fen != stated.amount_fen:
        found.append(_found(pair, Kind.AMOUNT, fact.booked_fen - stated.amount_fen))
    fee = expected_fee(pair.move, stated.amount_fen, fee_bps)
    if stated.fee_fen != fee:
        # A fee takes from what the channel owes us, whichever way the money went.
        found.append(_found(pair, Kind.FEE, stated.fee_fen - fee, signed=True))
    return tuple(found)


def expected_fee(move: Move, amount_fen: int, fee_bps: int) -> int:
    """Return what the channel may keep: of what it collects, nothing of what it pays out."""
    return fee_of(amount_fen, fee_bps) if move is Move.PAY_IN else 0


def sign_of(move: Move) -> int:
    """Return 1 if the move makes the channel owe us more, -1 if less."""
    return 1 if move is Move.PAY_IN else -1


def _found(pair: Pair, kind: Kind, difference_fen: int, *, signed: bool = False) -> Found:
    stated, fact = pair.stated, pair.fact
    either = stated or fact
    assert either is not None, "a pair has a side"
    known = fact or pair.twin
    return Found(
        kind=kind,
        move=pair.move,
        reference=either.reference,
        transaction_id=either.transaction_id,
        line_id=None if stated is None else stated.line_id,
        ours_fen=None if known is None else known.booked_fen,
        theirs_fen=None if stated is None else stated.amount_fen,
        difference_fen=difference_fen if signed else sign_of(pair.move) * difference_fen,
    )
