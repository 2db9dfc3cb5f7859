"""Take back from those who were paid, by the legs of the entry that paid them (冲正).

Today's rates have no say: who got so many fen of an order gives back its part of what is refunded,
counted over all refunds of that order together, never more than it got, and never less after a
later refund than after an earlier one. A full refund takes back each leg to the fen.

The tax goes first, where the order says it: what is kept bears the tax of what is kept, to the fen, as
its invoice and the red letter do; the rest of a refund is of the net amount and divided as above.

What a party can not give back, because it was paid out already, comes first out of what it is still
owed down to the floor of its contract, then out of its retention (质保金), and last out of the
platform's own money (平台垫付), which the platform may claim from the party elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from catalog.kernel.errors import Refused
from settlement.taxes import taxing


class ReversalTooLarge(Refused):
    """More would be taken back than was paid out."""

    code = "reversal_too_large"


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Where the fen that one party gives back come from."""

    payable_fen: int
    retention_fen: int
    loss_fen: int


def given_back(legs: Sequence[int], reversed_before: Sequence[int], by_fen: int) -> tuple[int, ...]:
    """Return what each leg gives back now, so that ``by_fen`` more is taken back of the entry.

    :raises ReversalTooLarge: if the entry paid less than is taken back in all.
    """
    gross, before = sum(legs), sum(reversed_before)
    after = before + by_fen
    if by_fen <= 0 or after > gross:
        raise ReversalTooLarge(paid_fen=gross, reversed_fen=before, amount_fen=by_fen)
    exact = [Fraction(leg * after, gross) for leg in legs]
    now = [
        max(was, part.numerator // part.denominator)
        for was, part in zip(reversed_before, exact, strict=True)
    ]

    def lacking(index: int) -> Fraction:
        return exact[index] - now[index]

    everyone = range(len(legs))
    while sum(now) < after:
        now[max((i for i in everyone if now[i] < legs[i]), key=lambda i: (lacking(i), -i))] += 1
    while sum(now) > after:
        now[min((i for i in everyone if now[i] > reversed_before[i]), key=lacking)] -= 1
    return tuple(part - was for part, was in zip(now, reversed_before, strict=True))


def given_back_with_tax(
    legs: Sequence[int],
    reversed_before: Sequence[int],
    by_fen: int,
    *,
    tax_leg: int,
    tax_rate_bps: int,
) -> tuple[int, ...]:
    """Return what each leg gives back, where one of them is the tax in what was paid.

    :raises ReversalTooLarge: if the entry paid less than is taken back in all.
    """
    gross, after = sum(legs), sum(reversed_before) + by_fen
    if by_fen <= 0 or after > gross:
        raise ReversalTooLarge(paid_fen=gross, reversed_fen=after - by_fen, amount_fen=by_fen)
    kept = taxing.inside(gross - after, tax_rate_bps).tax_fen
    # A charge-back that was won may have put a fen more back: it stays until the others caught up.
    tax = min(max(legs[tax_leg] - kept - reversed_before[tax_leg], 0), by_fen)
    others = [place for place in range(len(legs)) if place != tax_leg]
    due = dict.fromkeys(others, 0)
    if tax < by_fen:
        parts = given_back(
            [legs[place] for place in others],
            [reversed_before[place] for place in others],
            by_fen - tax,
        )
        due = dict(zip(others, parts, strict=True))
    return tuple(tax if place == tax_leg else due[place] for place in range(len(legs)))


def sources(due_fen: int, *, owed_fen: int, floor_fen: int, retained_fen: int) -> Sources:
    """Return where ``due_fen`` come from: what the party is owed, its retention, the platform.

    ``owed_fen`` may be negative already; ``floor_fen`` is zero or negative.
    """
    payable = min(due_fen, max(owed_fen - floor_fen, 0))
    retention = min(due_fen - payable, max(retained_fen, 0))
    return Sources(
        payable_fen=payable, retention_fen=retention, loss_fen=due_fen - payable - retention
    )
