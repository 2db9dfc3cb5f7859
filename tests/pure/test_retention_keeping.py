"""Until when a case is kept: the years of its rulebook from the day on which it ended."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from catalog.kernel.periods import Period, Unit
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import registry
from market.retention import keeping
from market.retention.model import Kind, Recheck, Wrong
from tests.filled import filled

TWENTY = Period(20, Unit.YEARS, "[P]")
NO_YEARS = Calendar({})


@pytest.mark.parametrize(
    ("ended_on", "until"),
    [
        (dt.date(2026, 3, 2), dt.date(2046, 3, 2)),
        (dt.date(2028, 2, 29), dt.date(2048, 2, 29)),
        (dt.date(2026, 12, 31), dt.date(2046, 12, 31)),
        (None, None),
    ],
)
def test_a_case_is_kept_until_the_corresponding_day(
    ended_on: dt.date | None, until: dt.date | None
) -> None:
    assert keeping.retain_until(ended_on, TWENTY, NO_YEARS) == until


def test_a_case_of_a_leap_day_is_kept_until_the_last_of_february() -> None:
    until = keeping.retain_until(dt.date(2028, 2, 29), Period(21, Unit.YEARS, "[P]"), NO_YEARS)

    assert until == dt.date(2049, 2, 28)


def test_the_last_day_is_a_day_of_keeping_and_what_has_not_ended_is_never_past() -> None:
    last = dt.date(2046, 3, 2)

    after = last + dt.timedelta(days=1)
    assert not keeping.is_past(last, last, is_held=False)
    assert keeping.is_past(last, after, is_held=False)
    assert not keeping.is_past(last, after, is_held=True)
    assert not keeping.is_past(None, dt.date(2126, 1, 1), is_held=False)


def test_no_rulebook_keeps_a_case_for_less_than_twenty_years() -> None:
    for code in registry.RULEBOOKS:
        retention = registry.by_code(code).retention
        assert (retention.unit, retention.length >= 20) == (Unit.YEARS, True)


def test_what_came_of_a_batch_is_written_and_read_again() -> None:
    """The audit log keeps it as JSON, and whoever answers for it reads it back."""
    wrong = Wrong("a", "ab" * 32, "数据说明.pdf", "missing")
    came = msgspec.structs.replace(filled(Recheck), kind=Kind.CERTIFICATES, wrong=(wrong,))

    assert msgspec.json.decode(msgspec.json.encode(came), type=Recheck) == came
