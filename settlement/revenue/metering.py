"""Pay out what is charged bit by bit (按量分账): what all of it comes to, never one bit for itself.

Rounded bit by bit, a split drifts: 100,000 charges of a few fen misallocate a fifteenth of the
money. So each party is entitled to the whole fen of its claim on everything charged so far; a
charge pays the difference, which is never negative, because no claim falls when the total grows.
What no party is entitled to yet, fewer fen than there are parties, waits as a residual (尾差). When
nothing more is charged, one division of the final total gives it out, at most one fen each.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from settlement.escrow.release import Increment
from settlement.ledger.accounts import Account
from settlement.ledger.journal import Leg
from settlement.revenue.dividing import divide

Claims = Mapping[Account, Fraction]


def increment(earlier: Claims, later: Claims) -> Increment:
    """Return what is paid when the claims on all that was charged grow; none were before the first."""
    owed = {
        account: _whole(claim) - _whole(earlier.get(account, Fraction(0)))
        for account, claim in later.items()
    }
    charge = sum(later.values(), Fraction(0)) - sum(earlier.values(), Fraction(0))
    waiting = _whole(charge) - sum(owed.values())
    charged, settled = dict(owed), dict.fromkeys(owed, 0)
    short = max(-waiting, 0)
    for account, amount in owed.items():
        drawn = min(short, amount)
        charged[account] -= drawn
        settled[account] = drawn
        short -= drawn
    return Increment(charged=_legs(charged), settled=_legs(settled), waiting_fen=max(waiting, 0))


def final(claims: Claims) -> tuple[Leg, ...]:
    """Return what goes out of the residual when nothing more is charged: together, all of it."""
    parts = divide(list(claims.values()))
    return _legs({account: part.extra_fen for account, part in zip(claims, parts, strict=True)})


def _whole(claim: Fraction) -> int:
    return claim.numerator // claim.denominator


def _legs(amounts: dict[Account, int]) -> tuple[Leg, ...]:
    return tuple(Leg(account, amount) for account, amount in amounts.items() if amount)
