"""What of an order is kept back, and until when: the last day is a whole one."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from market.orders.inspection import retained_until
from market.orders.model import ReleaseTerms
from market.orders.terms import RequestedTerms, check_retention
from settlement.escrow.release import ReleaseFacts
from settlement.money import Bps
from settlement.revenue.agreement import FrozenSplit, freeze
from settlement.revenue.retaining import Retained, RetentionAboveMaximum, RetentionIncomplete
from settlement.revenue.split import Method, Role, Share

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
SUPPLIER = uuid.UUID(int=1)
KEPT = Retained(party_id=SUPPLIER, share_bps=300, days=30)


def split(retained: Retained | None) -> FrozenSplit:
    share = Share(
        party_id=SUPPLIER,
        role=Role.RIGHT_HOLDER,
        method=Method.PROFIT_SHARING,
        share_bps=Bps(10_000),
    )
    return freeze(version="agreement/1", frozen_at=NOON, shares=(share,), retained=retained)


def facts(accepted_at: dt.datetime | None) -> ReleaseFacts:
    return ReleaseFacts(accepted_at=accepted_at, inspection_ends_at=None, has_open_dispute=False)


@pytest.mark.parametrize(
    ("accepted_at", "retained", "until"),
    [
        # 2 March in Beijing, and 30 days later the end of that day
        (NOON, KEPT, dt.datetime(2026, 4, 1, 16, 0, tzinfo=dt.UTC)),
        # one minute before and at midnight in Beijing
        (
            dt.datetime(2026, 3, 2, 15, 59, tzinfo=dt.UTC),
            KEPT,
            dt.datetime(2026, 4, 1, 16, 0, tzinfo=dt.UTC),
        ),
        (
            dt.datetime(2026, 3, 2, 16, 0, tzinfo=dt.UTC),
            KEPT,
            dt.datetime(2026, 4, 2, 16, 0, tzinfo=dt.UTC),
        ),
        (None, KEPT, None),
        (NOON, None, None),
    ],
)
def test_it_is_kept_to_the_end_of_its_last_day(
    accepted_at: dt.datetime | None, retained: Retained | None, until: dt.datetime | None
) -> None:
    assert retained_until(split(retained), facts(accepted_at)) == until


def test_the_terms_of_a_release_tell_what_is_kept() -> None:
    assert ReleaseTerms(facts=facts(NOON), split=split(KEPT)).retained == KEPT
    assert ReleaseTerms(facts=facts(NOON), split=split(None)).retained is None


def test_share_and_days_are_asked_for_together_and_within_what_the_market_allows() -> None:
    check_retention(RequestedTerms(), most_bps=0)
    check_retention(RequestedTerms(retention_bps=300, retention_days=30), most_bps=300)
    for half in (RequestedTerms(retention_bps=300), RequestedTerms(retention_days=30)):
        with pytest.raises(RetentionIncomplete):
            check_retention(half, most_bps=300)
    with pytest.raises(RetentionAboveMaximum):
        check_retention(RequestedTerms(retention_bps=301, retention_days=30), most_bps=300)
