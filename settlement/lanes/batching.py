"""Say which of the waiting requests go together (合批).

What goes together must come to the same as one after the other. Entries that only debit an account
do, for its balance is lowest at the end; so do entries that credit it first. One that credits what an
earlier one debits does not: together both could pass where the earlier alone is refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from settlement.lanes.model import Request, Transition
from settlement.ledger.accounts import Account, Guarding

# [P] A commit costs as much as some ten entries; beyond a thousand it is lost among them, and who
# waits for the commit waits longer.
MOST_TOGETHER: Final = 1000
# [P] So few go together whole: halved, a commit would be too dear for them.
FEW_TOGETHER: Final = 128

T = TypeVar("T")


def share(waiting: int) -> int:
    """Return how many of those who wait are taken at most: half of them where they are many.

    So two halves take turns. While the database posts the one, the others are answered and get their
    next ready; if all went at once, each of the two would stand still while the other works.
    """
    return min(max(FEW_TOGETHER, waiting // 2), MOST_TOGETHER)


def together(waiting: Iterable[Request], most: int = MOST_TOGETHER) -> int:
    """Return how many of the first requests may be posted as one."""
    keys: set[uuid.UUID] = set()
    debited: set[Account] = set()
    moved: set[uuid.UUID] = set()
    for count, request in enumerate(waiting):
        entry = request.entry
        credits_a_debited = any(leg.account in debited for leg in entry.legs[1:])
        if count == most or entry.key in keys or credits_a_debited:
            return count
        if request.move is not None:
            if request.move.id in moved:
                return count
            moved.add(request.move.id)
        keys.add(entry.key)
        if entry.debited.guarding is not Guarding.NONE:
            debited.add(entry.debited)
    return len(keys)


def by_transition(requests: Iterable[Request]) -> dict[Transition, list[Request]]:
    """Return the requests that move a row, by how it moves."""
    found: dict[Transition, list[Request]] = {}
    for request in requests:
        if request.move is not None:
            found.setdefault(request.move.transition, []).append(request)
    return found


def halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """Return the first and the second half, in their order."""
    middle = (len(items) + 1) // 2
    return items[:middle], items[middle:]
