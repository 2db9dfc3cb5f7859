"""How long somebody who guesses has to wait; how long sessions and tokens live."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import DomainError
from market.identity.backoff import MAX_FAILURES, WINDOW, TooManySignIns, check_attempts
from market.identity.lifetimes import (
    MAX_TOKEN_LIFE,
    TokenExpiryOutOfRange,
    TokenScopeNotAllowed,
    TokenWithoutScope,
    check_token,
    session_ends,
)

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def test_four_failures_are_forgiven() -> None:
    check_attempts([NOW] * (MAX_FAILURES - 1), NOW)


def test_five_failures_are_waited_off_until_the_oldest_of_them_is_out_of_the_window() -> None:
    attempts = [NOW - dt.timedelta(minutes=i) for i in range(MAX_FAILURES)]

    with pytest.raises(TooManySignIns) as refused:
        check_attempts(attempts, NOW)

    assert refused.value.facts == {"retry_after_seconds": 11 * 60}


def test_failures_older_than_the_window_do_not_count() -> None:
    check_attempts([NOW - WINDOW] * 100, NOW)


@given(
    st.lists(st.integers(min_value=0, max_value=3600), max_size=30),
)
def test_whoever_waits_as_long_as_he_is_told_is_heard(seconds_ago: list[int]) -> None:
    attempts = [NOW - s * SECOND for s in seconds_ago]

    try:
        check_attempts(attempts, NOW)
    except TooManySignIns as refused:
        check_attempts(attempts, NOW + refused.facts["retry_after_seconds"] * SECOND)


def test_a_session_ends_after_half_an_hour_unused_and_twelve_hours_in_any_case() -> None:
    idle_ends_at, ends_at = session_ends(NOW)

    assert idle_ends_at - NOW == dt.timedelta(minutes=30)
    assert ends_at - NOW == dt.timedelta(hours=12)


TOKEN: dict[str, Any] = {
    "scopes": ["order:read"],
    "permissions": {"order:read", "order:place", "token:manage"},
    "expires_at": NOW + MAX_TOKEN_LIFE,
    "now": NOW,
}


def test_a_token_for_a_part_of_the_permissions_and_a_year_is_issued() -> None:
    check_token(**TOKEN)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"scopes": []}, TokenWithoutScope),
        ({"scopes": ["order:read", "order:pay"]}, TokenScopeNotAllowed),
        ({"scopes": ["token:manage"]}, TokenScopeNotAllowed),
        ({"expires_at": NOW}, TokenExpiryOutOfRange),
        ({"expires_at": NOW + MAX_TOKEN_LIFE + SECOND}, TokenExpiryOutOfRange),
    ],
)
def test_a_token_for_more_or_for_longer_is_refused(
    changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    with pytest.raises(refusal):
        check_token(**(TOKEN | changes))
