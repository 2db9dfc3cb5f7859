"""What waits is told the most urgent first, and what there is none of is not told."""

from __future__ import annotations

import datetime as dt

from settlement.ledger_reports.waiting import PLACES, What, ranked, waiting


def test_what_is_late_or_unexplained_comes_before_what_only_waits() -> None:
    found = ranked(
        [
            waiting(What.MONTHS_TO_CLOSE, 2, since_on=dt.date(2026, 1, 1)),
            waiting(What.BREAKS, 3, amount_fen=700),
            waiting(What.BREAKS_LATE, 1, amount_fen=200),
            waiting(What.GATES, 0, amount_fen=0),
        ]
    )

    assert [(each.what, each.is_urgent) for each in found] == [
        (What.BREAKS_LATE, True),
        (What.BREAKS, False),
        (What.MONTHS_TO_CLOSE, False),
    ]
    assert found[0].place == "/reconciliation"
    assert set(PLACES) == set(What)
