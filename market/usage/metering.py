"""Say what is billed, and what is billed once (计量): a request counts once, a denial never.

A download that broke off and is asked for again with the same key is the same request (RULES
§6.8); it is recorded again, for it happened, but costs nothing more. Only what was let through
makes a key known: who was denied and asks again later asks anew.
"""

from __future__ import annotations

from typing import Final

FIRST: Final = "0" * 64


def units(*, is_allowed: bool, is_repeated: bool, asked: int) -> int:
    """Return how many units this request uses up."""
    return asked if is_allowed and not is_repeated else 0


def next_seq(events: int) -> int:
    """Return the number of the next event of an order that has so many."""
    return events + 1
