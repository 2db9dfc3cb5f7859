"""Data leave the country by a route on record, of the right kind, until its last day, and not after."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from market.orders import cross_border, under_agreement
from market.orders.cross_border import CrossBorderRoute, RouteKind
from market.orders.terms import RequestedTerms

LAST = dt.date(2028, 2, 29)
ROUTE = CrossBorderRoute(
    kind=RouteKind.SECURITY_ASSESSMENT,
    authority="国家互联网信息办公室",
    number="示例评估〔2028〕1号",
    destination="新加坡",
    valid_to=LAST,
    evidence_sha256="ab" * 32,
)


@pytest.mark.parametrize("kind", RouteKind)
@pytest.mark.parametrize("is_important", [True, False])
@pytest.mark.parametrize(("day", "runs"), [(LAST, True), (LAST + dt.timedelta(days=1), False)])
def test_a_route_counts_to_its_last_day_and_for_important_data_only_an_assessment(
    kind: RouteKind, day: dt.date, *, is_important: bool, runs: bool
) -> None:
    is_right = kind is RouteKind.SECURITY_ASSESSMENT or not is_important

    counts = cross_border.counts(
        replace(ROUTE, kind=kind), contains_important_data=is_important, today=day
    )

    assert counts is (runs and is_right)


def test_without_a_record_there_is_no_route() -> None:
    assert not cross_border.counts(UNSET, contains_important_data=False, today=LAST)
    assert cross_border.ends_at(UNSET) is None


@pytest.mark.parametrize(
    ("changes", "is_cut_short"),
    [
        ({"is_cross_border": True, "cross_border_route": ROUTE}, True),
        ({"is_cross_border": False, "cross_border_route": ROUTE}, False),
        ({"is_cross_border": True}, False),
    ],
)
def test_what_is_granted_abroad_ends_with_its_route_in_shanghai(
    changes: dict[str, Any], *, is_cut_short: bool
) -> None:
    end = dt.datetime(2028, 12, 31, tzinfo=dt.UTC)
    route_end = dt.datetime(2028, 2, 29, 16, tzinfo=dt.UTC)

    granted = under_agreement.grant_ends_at(end, None, RequestedTerms(**changes))

    assert granted == (route_end if is_cut_short else end)
