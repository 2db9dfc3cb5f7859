"""What may become of running contracts when their offer is stopped, and where each thing is had."""

from __future__ import annotations

import itertools
import pathlib
import re

import pytest

from market.http.policy import POLICY
from market.listings import deadlines, eligibility, stopping
from market.listings.model import Effect
from market.listings.states import Event
from tests.pure.test_orders import gate
from tests.pure.test_pricing import refused

FIT = {
    (Event.SUSPEND, Effect.DRAIN),
    (Event.SUSPEND, Effect.FREEZE),
    (Event.DELIST, Effect.DRAIN),
    (Event.DELIST, Effect.CUT),
}


@pytest.mark.parametrize(
    ("event", "effect"), list(itertools.product((Event.SUSPEND, Event.DELIST), Effect))
)
def test_nothing_ends_with_an_offer_that_may_come_back_nor_waits_for_one_that_does_not(
    event: Event, effect: Effect
) -> None:
    if (event, effect) in FIT:
        stopping.check(event, effect)
    else:
        assert refused(stopping.check, event, effect) == "listing_effect_unfit"


def test_whatever_the_gate_names_is_had_by_a_call_that_there_is() -> None:
    source = pathlib.Path(eligibility.__file__).read_text("utf-8")
    named = set(re.findall(r'Item\(\s*"(\w+)"', source))
    calls = {f"{method} {path}" for method, path in POLICY}

    assert named == set(eligibility.WHERE)
    assert {where for where in eligibility.WHERE.values() if where} <= calls


def test_the_operator_looks_at_a_listing_within_five_working_days_which_is_our_number() -> None:
    assert (deadlines.REVIEWED_WITHIN.length, deadlines.REVIEWED_WITHIN.source) == (5, "[P]")


@pytest.mark.parametrize("is_seized", [True, False])
def test_what_a_court_has_seized_is_not_offered_and_without_a_certificate_there_is_nothing_to_seize(
    *, is_seized: bool
) -> None:
    found = gate(has_active_certificate=True, is_seized=is_seized)

    assert found["certificate_seized"] is not is_seized
    assert "certificate_seized" not in gate()
