"""On which days a delegation counts (HN-05)."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.delegations import validity
from tests.makers_products import make_delegation


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


OPEN = make_delegation(valid_from=day("2026-01-01"))
TERM = make_delegation(valid_from=day("2026-01-01"), valid_to=day("2026-06-30"))
ENDED = make_delegation(valid_from=day("2026-01-01"), ended_on=day("2026-03-02"), end_reason="违规")


@pytest.mark.parametrize(
    ("delegation", "on", "counts"),
    [
        (OPEN, "2025-12-31", False),
        (OPEN, "2026-01-01", True),
        (OPEN, "2036-01-01", True),
        (TERM, "2026-06-30", True),
        (TERM, "2026-07-01", False),
        (ENDED, "2026-03-01", True),
        (ENDED, "2026-03-02", False),
    ],
)
def test_a_delegation_counts_from_its_first_to_its_last_day(delegation, on, counts) -> None:
    assert validity.is_in_force(delegation, day(on)) is counts


def test_an_operator_without_a_delegation_today_may_not_act() -> None:
    assert validity.require_in_force([ENDED, TERM], day("2026-06-30")) is TERM
    with pytest.raises(validity.OperatorNotDelegated) as refused:
        validity.require_in_force([ENDED, TERM], day("2026-07-01"))

    assert refused.value.facts == {"on": "2026-07-01"}


def test_a_day_has_at_most_one_delegation() -> None:
    validity.check_new([TERM], valid_from=day("2026-07-01"), valid_to=None)
    validity.check_new([ENDED], valid_from=day("2026-03-02"), valid_to=None)
    validity.check_new([TERM], valid_from=day("2025-01-01"), valid_to=day("2025-12-31"))
    for first, last in (("2026-06-30", None), ("2025-01-01", "2026-01-01")):
        with pytest.raises(validity.DelegationOverlaps):
            validity.check_new([TERM], valid_from=day(first), valid_to=last and day(last))


def test_a_delegation_does_not_end_before_it_begins() -> None:
    with pytest.raises(validity.DelegationPeriodInvalid):
        validity.check_new([], valid_from=day("2026-02-01"), valid_to=day("2026-01-31"))


def test_a_delegation_ends_once() -> None:
    validity.check_end(OPEN)
    with pytest.raises(validity.DelegationEnded):
        validity.check_end(ENDED)
