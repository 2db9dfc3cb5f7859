"""Count the entries of each order, so that none is taken out between its commit and its place (逐单计数)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from catalog.audit_log.model import Leaf, Subject

#: Most entries count no order: only those that hold this are read.
_MARK: Final = b'"order_seq":'
ORDER: Final = "order"


class _Numbered(msgspec.Struct, frozen=True):
    """A leaf, as far as it matters here: reading no more takes a third less time."""

    subjects: tuple[Subject, ...]
    order_seq: int | None = None


_decoder: Final = msgspec.json.Decoder(_Numbered)


class OrderGap(ValueError):
    """An entry of an order has not the number that is due: one was taken out, or doubled."""


def order_of(leaf: Leaf | _Numbered) -> str:
    """Return the order that an entry counts."""
    for each in leaf.subjects:
        if each.kind == ORDER:
            return each.id
    return ""


def counted(before: Mapping[str, int], numbered: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return how far each order is after entries with these numbers.

    :raises OrderGap: if a number is not the next of its order.
    """
    after: dict[str, int] = {}
    for order, number in numbered:
        due = after.get(order, before.get(order, 0)) + 1
        if number != due:
            raise OrderGap(f"entry {number} of order {order} is next, but {due} is due")
        after[order] = number
    return after


def numbered(leaves: Iterable[bytes]) -> list[tuple[str, int]]:
    """Return order and number of the leaves that count one, in their order.

    :raises msgspec.MsgspecError: if the bytes are no leaf.
    """
    found = (_decoder.decode(each) for each in leaves if _MARK in each)
    return [(order_of(leaf), leaf.order_seq) for leaf in found if leaf.order_seq is not None]
