"""What computing a price costs on one core, beside a bare loop of the same length."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from market.pricing import compute
from market.pricing.model import Band, Banding
from tests.pure.test_pricing import make_item

RUNS = 2_000
WORST = make_item(
    unit_price_fen=10_000,
    bands=tuple(Band(above=1_000 * n, unit_price_fen=10_000 - 100 * n) for n in range(1, 11)),
    banding=Banding.PER_BAND,
    free_quantity=10,
    cap_fen=10**12,
)


def microseconds(act: Callable[[], object]) -> float:
    """Return the median of what one call costs."""
    costs = []
    for _ in range(RUNS):
        start = time.perf_counter_ns()
        act()
        costs.append(time.perf_counter_ns() - start)
    return statistics.median(costs) / 1_000


def bare() -> int:
    """Walk through as many bands and add up, with nothing asked and nothing named."""
    total, left = 0, 12_000
    for price in range(11):
        units = min(1000, left)
        total += units * price
        left -= units
    return total


def test_a_price_of_eleven_bands_is_computed_within_50_microseconds() -> None:
    plain = microseconds(lambda: compute.price_fen(make_item(), 12_000))
    priced = microseconds(lambda: compute.price_fen(WORST, 12_000))
    loop = microseconds(bare)

    print(f"price: {priced:.1f} µs, bare loop {loop:.1f} µs ({priced / loop:.1f}x)")
    print(f"price without bands, its item made anew: {plain:.1f} µs")
    assert priced <= 50
