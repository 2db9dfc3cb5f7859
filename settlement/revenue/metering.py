"""Pay out what is charged bit by bit (按量分账): what all of it comes to, never one bit for itself.

Rounded bit by bit, a split drifts: 100,000 charges of a few fen misallocate a fifteenth of the
money. So each party is entitled to the whole fen of its claim on everything charged so far; a
charge pays the difference, which is never negative, because no claim falls when the total grows.
What no party is entitled to yet, fewer fen than there are parties, waits as a residual (尾差). When
nothing more is charged, one division of the final total gives it out, at most one fen each.
"""

from __future__ import annotations

import msgspec

from settlement.ledger.accounts import Account
from settlement.ledger.journal import Leg
from settlement.money import Fen
from settlement.revenue.agreement import FrozenSplit
from settlement.revenue.dividing import divide, floors


class Increment(msgspec.Struct, frozen=True, kw_only=True):
    """What one charge pays: ``charged`` from the buyer's money, ``settled`` out of the residual.

    ``waiting_fen`` of the charge goes into the residual. It never waits and is settled at once.
    """

    charged: tuple[Leg, ...]
    settled: tuple[Leg, ...]
    waiting_fen: int


def increment(split: FrozenSplit, before_fen: int, after_fen: Fen) -> Increment:
    """Return what is paid when the total that was charged grows from one sum to another.

    The sums are cumulative; zero before means that nothing was charged yet.
    """
    assert 0 <= before_fen < after_fen, "a charge makes the total grow"
    earlier = entitled(split, before_fen)
    owed = {
        account: whole - earlier.get(account, 0)
        for account, whole in entitled(split, after_fen).items()
    }
    waiting = after_fen - before_fen - sum(owed.values())
    charged, settled = dict(owed), dict.fromkeys(owed, 0)
    short = max(-waiting, 0)
    for account, amount in owed.items():
        drawn = min(short, amount)
        charged[account] -= drawn
        settled[account] = drawn
        short -= drawn
    return Increment(charged=_legs(charged), settled=_legs(settled), waiting_fen=max(waiting, 0))


def final(split: FrozenSplit, total_fen: Fen) -> tuple[Leg, ...]:
    """Return what goes out of the residual when nothing more is charged: together, all of it."""
    claims = split.claims(total_fen)
    parts = divide([claim.exact for claim in claims])
    return _legs({claim.account: part.extra_fen for claim, part in zip(claims, parts, strict=True)})


def entitled(split: FrozenSplit, total_fen: int) -> dict[Account, int]:
    """Return the whole fen to which each account is entitled of all that was charged."""
    if total_fen == 0:
        return {}
    claims = split.claims(Fen(total_fen))
    whole = floors([claim.exact for claim in claims])
    return {claim.account: part for claim, part in zip(claims, whole, strict=True)}


def _legs(amounts: dict[Account, int]) -> tuple[Leg, ...]:
    return tuple(Leg(account, amount) for account, amount in amounts.items() if amount)
