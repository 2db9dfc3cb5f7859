"""A policy decision on one core, beside a bare chain of look-ups in the same run (RULES §8)."""

from __future__ import annotations

import datetime as dt
import time
import timeit
from typing import Final

import pytest

from catalog.products.model import DeliveryMode, Level
from market.access.asking import ask
from market.access.decision import Condition, Facts, Leg, decide
from market.access.model import Asked
from tests.pure.test_access_grants import NOW, make_grant, make_standing

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

LIMIT_SECONDS: Final = 100e-6
TIMES: Final = 20_000
# As many questions as the decision asks, each of a dictionary.
KEYS: Final = tuple(f"rule_{number}" for number in range(18))
ANSWERS: Final = dict.fromkeys(KEYS, False)


def bare() -> bool:
    """Ask each key of a dictionary, and stop at the first that forbids."""
    return not any(ANSWERS[key] for key in KEYS)


def seconds(work: object) -> float:
    """Return the best of five rounds, for one."""
    assert callable(work)
    return min(timeit.repeat(work, timer=time.process_time, number=TIMES, repeat=5)) / TIMES


def test_a_decision_takes_less_than_a_hundred_microseconds() -> None:
    good = Facts(
        leg=Leg.ZONE_TO_BUYER,
        mode=DeliveryMode.SANDBOX,
        level=Level.BJ_4,
        conditions=frozenset(Condition),
        contains_personal_information=True,
        has_personal_basis=True,
        needs_secrecy_review=True,
        has_secrecy_review=True,
    )
    bad = Facts(
        leg=Leg.ZONE_TO_BUYER,
        mode=DeliveryMode.RAW_SHARE,
        is_party_banned=True,
        is_cut_off=True,
        is_over=True,
        contains_personal_information=True,
        contains_important_data=True,
        is_cross_border=True,
        needs_secrecy_review=True,
    )
    grant = make_grant()
    standing, asked, now = make_standing(grant), Asked(), NOW + dt.timedelta(hours=1)
    floor = seconds(bare)

    for name, took in (
        ("allowed", seconds(lambda: decide(good))),
        ("refused, ten reasons", seconds(lambda: decide(bad))),
        ("at an access", seconds(lambda: ask(grant, asked, standing, now))),
    ):
        print(f"{name}: {took * 1e6:.1f} µs, {took / floor:.1f} times the bare chain")
        assert took < LIMIT_SECONDS, name
