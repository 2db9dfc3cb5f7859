"""What must be true before an escrow is released."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from settlement.escrow.release import NotReleasable, Obstacle, ReleaseFacts, check, obstacles

NOW = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
BEFORE, AFTER = NOW - dt.timedelta(microseconds=1), NOW + dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("accepted_at", "ends_at", "disputed"),
    list(itertools.product((None, BEFORE, NOW, AFTER), (None, BEFORE, NOW, AFTER), (False, True))),
)
def test_every_combination_of_facts_names_exactly_what_is_missing(
    accepted_at: dt.datetime | None, ends_at: dt.datetime | None, disputed: bool
) -> None:
    facts = ReleaseFacts(
        accepted_at=accepted_at, inspection_ends_at=ends_at, has_open_dispute=disputed
    )

    found = obstacles(facts, NOW)

    assert (Obstacle.NOT_ACCEPTED in found) is (accepted_at in (None, AFTER))
    assert (Obstacle.INSPECTION_RUNNING in found) is (ends_at in (None, AFTER))
    assert (Obstacle.DISPUTE_OPEN in found) is disputed
    if found:
        with pytest.raises(NotReleasable) as refused:
            check(facts, NOW)
        assert refused.value.facts == {"reasons": [str(obstacle) for obstacle in found]}
    else:
        check(facts, NOW)
