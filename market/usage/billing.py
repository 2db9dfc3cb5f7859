"""Compute from the uses what was charged of them (按量账单复算): no more than the public bytes is needed.

Every window ends with one of the uses; all uses to there are counted and priced by the item that the bill
names. So whoever has the statement comes to the same fen as the ledger, or to the place where not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from market.pricing import metered
from market.pricing.compute import priced
from market.usage.model import MeteredBill, Outcome, UsageEvent
from settlement.charging.model import Tally


class WindowFault(msgspec.Struct, frozen=True):
    """A window that does not say what its uses come to."""

    to_seq: int
    reason: str


def faults(
    bill: MeteredBill, events: Sequence[UsageEvent], digests: Sequence[str]
) -> Iterator[WindowFault]:
    """Yield every window of a bill that the uses contradict; ``digests`` are those of the uses."""
    ends = [window.to_seq for window in bill.windows]
    if ends != sorted(set(ends)):
        yield WindowFault(0, "the windows do not follow one another")
        return
    tallies = tallies_of(events, digests)
    for window in bill.windows:
        used = tallies.get(window.to_seq)
        if used is None:
            yield WindowFault(window.to_seq, "no use has the number with which the window ends")
            continue
        quantity = metered.quantity(bill.price_item, used)
        due = priced(bill.price_item, quantity, bought_before=bill.bought_before).amount_fen
        told = (window.quantity, window.cumulative_fen, window.record_sha256)
        if told != (quantity, due, used.record_sha256):
            yield WindowFault(
                window.to_seq,
                f"all uses to there cost {due} fen, and {window.cumulative_fen} were charged",
            )
    last = bill.windows[-1].cumulative_fen if bill.windows else 0
    if bill.charged_fen != last:
        yield WindowFault(0, f"{last} fen were charged, and the bill says {bill.charged_fen}")


def tallies_of(events: Sequence[UsageEvent], digests: Sequence[str]) -> dict[int, Tally]:
    """Return what was used through each use, by its number."""
    found, calls, size = {}, 0, 0
    for event, digest in zip(events, digests, strict=False):
        calls += event.price_units
        size += bytes_of(event)
        found[event.order_seq] = Tally(
            to_seq=event.order_seq, calls=calls, bytes=size, record_sha256=digest
        )
    return found


def bytes_of(event: UsageEvent) -> int:
    """Return the bytes of a use that count: what costs no unit costs no bytes."""
    return event.bytes if event.decision is Outcome.ALLOW and event.price_units else 0
