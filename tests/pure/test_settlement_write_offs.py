"""On which grounds a usage debt is written off, and the life of a write-off."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

import pytest

from settlement.write_offs import grounds
from settlement.write_offs.grounds import (
    LIMIT_FEN,
    TEXT_MAX,
    DebtTooYoung,
    Ground,
    NothingOwed,
    WriteOffAboveLimit,
    WriteOffTextMissing,
)
from settlement.write_offs.model import WriteOff
from settlement.write_offs.states import Event, EventNotAllowed, State, advance

CHARGED = dt.date(2024, 2, 29)
ALLOWED = {
    ("proposed", "approve"): "written_off",
    ("proposed", "reject"): "rejected",
    ("proposed", "withdraw"): "withdrawn",
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = ALLOWED.get((state.value, event.value))

    if following is None:
        with pytest.raises(EventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}
    else:
        assert advance(state, event) == following


@pytest.mark.parametrize(
    ("ground", "last"),
    [
        (Ground.SMALL_AND_OVERDUE, dt.date(2025, 2, 28)),
        (Ground.OVERDUE_THREE_YEARS, dt.date(2027, 2, 28)),
    ],
)
def test_a_ground_of_age_holds_from_the_day_after_its_years(ground: Ground, last: dt.date) -> None:
    with pytest.raises(DebtTooYoung) as refused:
        grounds.check(ground, owed_fen=1, charged_on=CHARGED, today=last)

    grounds.check(ground, owed_fen=1, charged_on=CHARGED, today=last + dt.timedelta(days=1))
    assert refused.value.facts == {"until": last.isoformat()}


@pytest.mark.parametrize(
    "ground", sorted(set(Ground) - {Ground.SMALL_AND_OVERDUE, Ground.OVERDUE_THREE_YEARS})
)
def test_a_ground_that_is_a_document_holds_at_once_up_to_the_limit(ground: Ground) -> None:
    grounds.check(ground, owed_fen=LIMIT_FEN, charged_on=CHARGED, today=CHARGED)

    with pytest.raises(WriteOffAboveLimit) as refused:
        grounds.check(ground, owed_fen=LIMIT_FEN + 1, charged_on=CHARGED, today=CHARGED)
    assert refused.value.facts == {"owed_fen": LIMIT_FEN + 1, "limit_fen": LIMIT_FEN}


@pytest.mark.parametrize("owed", [0, -5])
def test_what_is_not_owed_is_not_written_off(owed: int) -> None:
    with pytest.raises(NothingOwed):
        grounds.check(Ground.BANKRUPT, owed_fen=owed, charged_on=CHARGED, today=CHARGED)


def test_a_document_is_named_in_a_thousand_characters() -> None:
    assert grounds.check_text(" 裁定书 7 ") == "裁定书 7"
    assert grounds.check_text("文" * TEXT_MAX) == "文" * TEXT_MAX
    for wrong in (" \n", "文" * (TEXT_MAX + 1)):
        with pytest.raises(WriteOffTextMissing):
            grounds.check_text(wrong)


def test_a_write_off_is_cited_by_its_year_and_number() -> None:
    found = WriteOff(
        id=uuid.UUID(int=1),
        number=7,
        state=State.PROPOSED,
        order_id=uuid.UUID(int=2),
        amount_fen=5,
        ground=Ground.BANKRUPT,
        evidence="裁定书",
        proposed_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        proposed_by=None,
        proposed_by_name="甲",
    )

    assert found.reference == "HZ-2026-000007"
