"""An order's data asked for once: by its grant, by how it was cleared, and by what stands now (BJ-27)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import DeliveryMode, Level
from market.access import grants, rates
from market.access.asking import Standing, ask, refusal
from market.access.decision import Condition, Facts, Leg, decide
from market.access.model import Asked, Grant, GrantId, Scope
from market.access.rates import Limits, Per, Rate, Tally
from market.access.states import State

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
END = NOW + dt.timedelta(days=3650)


def make_grant(**changes: Any) -> Grant:
    scope: dict[str, Any] = {
        "purpose": "停工判断",
        "scenario": "port_safety",
        "delivery_mode": DeliveryMode.API_CALL,
        "fields": ("hour", "level"),
        "quota": 3,
        "valid_from": NOW,
        "valid_to": NOW + dt.timedelta(days=1),
    }
    scope |= changes.pop("scope", {})
    values: dict[str, Any] = {
        "id": GrantId(new_id()),
        "order_id": new_id(),
        "buyer_party_id": PartyId(new_id()),
        "supplier_party_id": PartyId(new_id()),
        "product_id": new_id(),
        "product_version": 1,
        "content_sha256": "ab" * 32,
        "content_size_bytes": 10,
        "media_type": "text/csv",
        "file_name": "a.csv",
        "fingerprint_id": "cd" * 16,
        "scope": Scope(**scope),
        "state": State.ACTIVE,
        "used": 0,
        "order_seq": 0,
        "last_record_sha256": "0" * 64,
        "created_at": NOW,
    }
    return Grant(**(values | changes))


def make_standing(grant: Grant, **changes: Any) -> Standing:
    values: dict[str, Any] = {
        "order_id": grant.order_id,
        "level": "bj_1",
        "cleared_by": Facts(
            leg=Leg.ENTERPRISE_TO_BUYER, mode=DeliveryMode.API_CALL, level=Level.GENERAL
        ),
        "grant_state": grant.state,
        "is_use_allowed": True,
        "is_buyer_verified": True,
        "is_buyer_banned": False,
        "has_personal_basis": True,
    }
    return Standing(**(values | changes))


def reasons(
    grant: Grant, now: dt.datetime = NOW, standing: dict[str, Any] | None = None, **asked: Any
) -> tuple[str, ...]:
    stands = make_standing(grant, **(standing or {}))
    return ask(grant, Asked(**asked), stands, now).reasons


def test_what_was_granted_is_let_through() -> None:
    assert reasons(make_grant()) == ()
    assert (
        reasons(
            make_grant(used=2),
            purpose="停工判断",
            scenario="port_safety",
            delivery_mode=DeliveryMode.API_CALL,
            fields=("hour",),
        )
        == ()
    )
    assert reasons(make_grant(used=99, scope={"quota": None, "fields": ()}), fields=("x",)) == ()


@pytest.mark.parametrize(
    ("grant", "later", "asked", "code"),
    [
        ({"state": State.CUT_OFF}, 0, {}, "authorisation_cut_off"),
        ({"state": State.REVOKED}, 0, {}, "authorisation_cut_off"),
        ({"state": State.EXPIRED}, 0, {}, "grant_expired"),
        ({}, -1, {}, "grant_not_yet_valid"),
        ({}, 86_400, {}, "grant_expired"),
        ({}, 0, {"purpose": "营销"}, "purpose_mismatch"),
        ({}, 0, {"scenario": "marketing"}, "purpose_mismatch"),
        ({}, 0, {"fields": ("hour", "name")}, "scope_exceeded"),
        ({}, 0, {"delivery_mode": DeliveryMode.SANDBOX}, "scope_exceeded"),
        ({"used": 3}, 0, {}, "quota_exhausted"),
        ({"used": 2}, 0, {"uses": 2}, "quota_exhausted"),
    ],
)
def test_each_limit_refuses_by_its_name(
    grant: dict[str, Any], later: int, asked: dict[str, Any], code: str
) -> None:
    found = reasons(make_grant(**grant), NOW + dt.timedelta(seconds=later), **asked)

    assert found == (code,)
    assert grants.refusal(found).code == code


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        ({"is_buyer_verified": False}, "party_not_verified"),
        ({"is_buyer_banned": True}, "party_banned"),
        ({"is_cut_off": True}, "authorisation_cut_off"),
        ({"is_use_allowed": False}, "use_not_allowed_now"),
    ],
)
def test_what_has_become_of_an_order_since_forbids_its_use(
    standing: dict[str, Any], code: str
) -> None:
    assert reasons(make_grant(), standing=standing) == (code,)
    assert grants.refusal((code,)).code == code


def test_personal_information_is_used_as_long_as_its_basis_stands() -> None:
    facts = Facts(
        leg=Leg.ENTERPRISE_TO_BUYER,
        mode=DeliveryMode.API_CALL,
        level=Level.GENERAL,
        contains_personal_information=True,
        has_personal_basis=True,
    )

    assert reasons(make_grant(), standing={"cleared_by": facts}) == ()
    assert reasons(make_grant(), standing={"cleared_by": facts, "has_personal_basis": False}) == (
        "personal_information_basis_missing",
    )


def test_raw_public_data_are_refused_to_whoever_asks_for_them_under_another_grant() -> None:
    facts = Facts(leg=Leg.ZONE_TO_BUYER, mode=DeliveryMode.API_CALL, level=Level.BJ_1)

    assert reasons(
        make_grant(), standing={"cleared_by": facts}, delivery_mode=DeliveryMode.RAW_SHARE
    ) == ("raw_export_forbidden", "scope_exceeded")


def test_an_end_of_the_offer_ends_nothing_that_was_sold() -> None:
    facts = Facts(
        leg=Leg.ENTERPRISE_TO_BUYER,
        mode=DeliveryMode.API_CALL,
        level=Level.GENERAL,
        is_listing_alive=False,
    )

    assert reasons(make_grant(), standing={"cleared_by": facts}) == ()


def test_an_order_that_was_cleared_before_facts_were_kept_is_asked_for_what_stands_now() -> None:
    grant = make_grant(scope={"delivery_mode": DeliveryMode.DATASET_PRODUCT})

    assert reasons(grant, standing={"cleared_by": None}) == ()
    assert reasons(grant, standing={"cleared_by": None, "is_cut_off": True}) == (
        "authorisation_cut_off",
    )


CONTAINED = (
    "contains_personal_information",
    "contains_important_data",
    "is_cross_border",
    "needs_secrecy_review",
)


def cleared(leg: Leg, mode: DeliveryMode, level: Level, contained: list[bool]) -> Facts:
    return Facts(
        leg=leg,
        mode=mode,
        level=level,
        conditions=tuple(Condition),
        has_masking_record=True,
        has_security_clause=True,
        has_personal_basis=True,
        has_cross_border_route=True,
        has_secrecy_review=True,
        **dict(zip(CONTAINED, contained, strict=True)),
    )


@settings(max_examples=400, deadline=None)
@given(
    st.builds(
        cleared,
        st.sampled_from(Leg),
        st.sampled_from(DeliveryMode),
        st.sampled_from(Level),
        st.lists(st.booleans(), min_size=4, max_size=4),
    ).filter(lambda facts: decide(facts).allowed),
    st.sampled_from(DeliveryMode),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.sampled_from(State),
)
def test_whatever_forbids_a_use_of_an_order_that_was_cleared_has_a_refusal_of_its_own(
    order: Facts, mode: DeliveryMode, told: list[bool], state: State
) -> None:
    grant = make_grant(state=state)
    verified, banned, cut, allowed, lost, other = told

    found = reasons(
        grant,
        standing={
            "cleared_by": order,
            "is_buyer_verified": verified,
            "is_buyer_banned": banned,
            "is_cut_off": cut,
            "is_use_allowed": allowed,
            "has_personal_basis": not lost,
        },
        delivery_mode=mode,
        purpose="营销" if other else None,
    )

    assert set(found) <= set(grants.REFUSALS)


def limited(**limits: Any) -> Limits:
    return Limits(rates=(Rate(Per.MINUTE, 2), Rate(Per.DAY, 3)), **limits)


def test_a_rate_is_of_the_clock_and_the_next_minute_has_uses_again() -> None:
    at = dt.datetime(2026, 12, 31, 15, 59, 30, tzinfo=dt.UTC)  # half a minute before the new year
    tallies: tuple[Tally, ...] = ()
    let_through = []
    for seconds in (0, 1, 2, 30, 31, 90, 91):
        now = at + dt.timedelta(seconds=seconds)
        grant = make_grant(
            scope={"quota": None, "limits": limited(), "valid_from": at, "valid_to": END},
            recent=tallies,
        )
        found = reasons(grant, now)
        if not found:
            tallies = rates.counted(limited(), tallies, 1, now)
        let_through.append((seconds, found))

    # Two in the last minute of the year; a new minute and a new day; then two more of three a day.
    exceeded = ("rate_exceeded",)
    assert let_through == [
        (0, ()), (1, ()), (2, exceeded), (30, ()), (31, ()), (90, ()), (91, exceeded),
    ]  # fmt: skip


def test_a_refusal_for_the_rate_tells_when_one_use_is_free() -> None:
    at = dt.datetime(2026, 3, 2, 1, 10, 59, 500_000, tzinfo=dt.UTC)
    limits = Limits(rates=(Rate(Per.MINUTE, 1), Rate(Per.HOUR, 1)))
    grant = make_grant(scope={"limits": limits}, recent=rates.counted(limits, (), 1, at))

    found = refusal(grant, ("rate_exceeded",), at)
    minute_only = rates.seconds_until_free(Limits(rates=(Rate(Per.MINUTE, 1),)), grant.recent, at)

    assert (found.code, found.facts["retry_after_seconds"]) == ("rate_exceeded", 49 * 60 + 1)
    assert minute_only == 1
    assert rates.seconds_until_free(limits, (), at) == 1
    assert "retry_after_seconds" not in refusal(grant, ("quota_exhausted",), at).facts


def test_a_clock_that_is_put_back_gives_no_uses_away() -> None:
    limits = Limits(rates=(Rate(Per.MINUTE, 1),))
    tallies = rates.counted(limits, (), 1, NOW)

    assert rates.exceeded(limits, tallies, 1, NOW - dt.timedelta(minutes=2)) == [Per.MINUTE]
    again = rates.counted(limits, tallies, 0, NOW - dt.timedelta(minutes=2))
    assert again == tallies


def test_what_is_asked_for_again_by_its_key_is_within_every_rate() -> None:
    limits = Limits(rates=(Rate(Per.MINUTE, 1),))
    grant = make_grant(scope={"limits": limits}, recent=rates.counted(limits, (), 1, NOW))

    assert reasons(grant, uses=0) == ()
    assert reasons(grant) == ("rate_exceeded",)


@pytest.mark.parametrize(
    ("rows", "most", "found"),
    [(1000, 1000, ()), (1001, 1000, ("rows_exceeded",)), (None, 1000, ("rows_exceeded",)),
     (None, None, ())],
)  # fmt: skip
def test_an_answer_of_too_many_rows_or_of_nobody_knows_how_many_is_refused(
    rows: int | None, most: int | None, found: tuple[str, ...]
) -> None:
    grant = make_grant(scope={"limits": Limits(rows_per_answer=most, rows=rows)})

    assert reasons(grant) == found


@given(
    st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 3)), max_size=40),
    st.integers(1, 6),
    st.sampled_from(Per),
)
def test_in_no_window_of_the_clock_is_more_let_through_than_was_agreed(
    asked: list[tuple[int, int]], most: int, per: Per
) -> None:
    limits, tallies, now = Limits(rates=(Rate(per, most),)), (), NOW
    windows: dict[dt.datetime, int] = {}
    for later, uses in asked:
        now += dt.timedelta(seconds=later)
        if not rates.exceeded(limits, tallies, uses, now):
            tallies = rates.counted(limits, tallies, uses, now)
            begin = rates.begin_of(per, now)
            windows[begin] = windows.get(begin, 0) + uses

    assert all(uses <= most for uses in windows.values())
    assert rates.begin_of(per, now) <= now < rates.end_of(per, now)


def test_a_licence_without_limits_has_the_bytes_that_it_always_had() -> None:
    scope = msgspec.to_builtins(make_grant().scope)

    assert "limits" not in scope
    assert msgspec.convert(scope, Scope).held_to == Limits()
    limits = {"rates": [{"per": "minute", "uses": 5}]}
    assert msgspec.convert(scope | {"limits": limits}, Scope).held_to.rates == (
        Rate(Per.MINUTE, 5),
    )


def test_the_last_second_counts_and_the_end_does_not() -> None:
    end = NOW + dt.timedelta(days=1)

    assert reasons(make_grant(), end - dt.timedelta(microseconds=1)) == ()
    assert reasons(make_grant(), end) == ("grant_expired",)


def test_all_reasons_are_kept_the_cut_off_first() -> None:
    grant = make_grant(state=State.CUT_OFF, used=3)

    found = reasons(grant, NOW + dt.timedelta(days=2), purpose="营销")

    assert found == (
        "authorisation_cut_off",
        "grant_expired",
        "purpose_mismatch",
        "quota_exhausted",
    )
    assert grants.refusal(found).facts == {"reasons": list(found)}
