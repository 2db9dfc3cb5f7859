"""Say what is billed, and what is billed once (计量): a request counts once, a denial never.

A download that broke off and is asked for again with the same key is the same request (RULES
§6.8); it is recorded again, for it happened, but costs nothing more. Only what was let through
makes a key known: who was denied and asks again later asks anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from market.usage.billing import bytes_of
from market.usage.model import StoredEvent
from settlement.charging.model import Charged, Tally

FIRST: Final = "0" * 64


def units(*, is_allowed: bool, is_repeated: bool, asked: int) -> int:
    """Return how many units this request uses up."""
    return asked if is_allowed and not is_repeated else 0


def next_seq(events: int) -> int:
    """Return the number of the next event of an order that has so many."""
    return events + 1


def tally(before: Charged, events: Iterable[StoredEvent]) -> Tally:
    """Return what was used by the last of ``events``, which follow what was charged before (累计用量).

    Of bytes count those of requests that count: what broke off and is sent again costs nothing more.
    """
    to_seq, calls, size, digest = before.to_seq, before.calls, before.bytes, FIRST
    for stored in events:
        event = stored.event
        to_seq, digest = event.order_seq, stored.record_sha256
        calls += event.price_units
        size += bytes_of(event)
    return Tally(to_seq=to_seq, calls=calls, bytes=size, record_sha256=digest)
