"""When the log can still promise a place, and how it says that it can not."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.audit_log import promising
from catalog.audit_log.promising import Backlog, LogBehind, LogStopped
from catalog.audit_log.receipts import MAXIMUM_MERGE_DELAY

NOW = dt.datetime(2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
HALF = MAXIMUM_MERGE_DELAY / 2
TICK = dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    "backlog",
    [
        Backlog(),
        Backlog(waiting_since=NOW),
        Backlog(waiting_since=NOW - HALF),
        Backlog(waiting_since=NOW + dt.timedelta(hours=1)),  # by a clock that goes before ours
    ],
)
def test_a_log_that_keeps_up_promises(backlog: Backlog) -> None:
    promising.check(backlog, NOW)


def test_an_entry_that_waits_longer_than_half_of_the_delay_ends_promising() -> None:
    with pytest.raises(LogBehind) as refused:
        promising.check(Backlog(waiting_since=NOW - HALF - TICK), NOW)

    assert refused.value.facts == {"waiting_seconds": 150, "retry_after_seconds": 30}


@pytest.mark.parametrize("waiting_since", [None, NOW, NOW - dt.timedelta(days=1)])
def test_a_log_that_is_stopped_promises_nothing_however_little_waits(
    waiting_since: dt.datetime | None,
) -> None:
    with pytest.raises(LogStopped) as refused:
        promising.check(Backlog(waiting_since, NOW - dt.timedelta(seconds=1)), NOW)

    assert refused.value.facts == {
        "stopped_since": "2026-12-31T23:59:58.000000Z",
        "retry_after_seconds": 300,
    }


def test_whoever_is_refused_has_as_long_to_mend_as_waited() -> None:
    assert promising.PATIENCE * 2 == MAXIMUM_MERGE_DELAY
