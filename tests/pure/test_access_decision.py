"""The policy decision of RULES §8: its tables row by row, and what no combination may allow."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.products.model import DeliveryMode as M
from catalog.products.model import Level
from market.access.decision import (
    CHECKS,
    Answer,
    Condition,
    Facts,
    Leg,
    answer,
    conditions_of,
    decide,
)

COLUMNS = (
    M.RAW_SHARE,
    M.DATASET_PRODUCT,
    M.API_CALL,
    M.MODEL_DEPLOY,
    M.VERIFICATION,
    M.REPORT_RESULT,
    M.SANDBOX,
    M.PRIVACY_COMPUTING,
)
A, B, C = Leg.DEPARTMENT_TO_ZONE, Leg.ZONE_TO_BUYER, Leg.ENTERPRISE_TO_BUYER
# One letter a mode, in the order of COLUMNS.
ROWS = [
    (A, Level.BJ_1, "YNYYNNYY"),
    (A, Level.BJ_2, "NNYYNNYY"),
    (A, Level.BJ_3, "NNYYNNYY"),
    (A, Level.BJ_4, "NNNNNNCC"),
    (A, Level.GENERAL, "YNYYNNYY"),
    (A, Level.IMPORTANT, "NNNNNNCC"),
    (A, Level.CORE, "NNNNNNNN"),
    (B, Level.BJ_1, "NCYYYYYY"),
    (B, Level.GENERAL, "NCYYYYYY"),
    (B, Level.BJ_2, "NNYYYYYY"),
    (B, Level.BJ_3, "NNYYYYYY"),
    (B, Level.BJ_4, "NNNNCCCC"),
    (B, Level.IMPORTANT, "NNNNCCCC"),
    (B, Level.CORE, "NNNNNNNN"),
    (C, Level.GENERAL, "CYYYYYYY"),
    (C, Level.BJ_1, "CYYYYYYY"),
    (C, Level.BJ_4, "CYYYYYYY"),
    (C, Level.IMPORTANT, "NNYNNNYY"),
    (C, Level.CORE, "NNNNNNNN"),
]
LETTER = {"Y": Answer.ALLOWED, "C": Answer.CONDITIONAL, "N": Answer.REFUSED}
ALL = frozenset(Condition)


def facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {"leg": C, "mode": M.API_CALL, "level": Level.GENERAL}
    return Facts(**(values | changes))


@pytest.mark.parametrize(("leg", "level", "row"), ROWS)
def test_the_tables_stand_as_the_rules_have_them(leg: Leg, level: Level, row: str) -> None:
    assert (
        "".join({v: k for k, v in LETTER.items()}[answer(leg, level, mode)] for mode in COLUMNS)
        == row
    )


@pytest.mark.parametrize(("leg", "level", "row"), ROWS)
def test_a_conditional_mode_needs_every_one_of_its_conditions(
    leg: Leg, level: Level, row: str
) -> None:
    for mode, letter in zip(COLUMNS, row, strict=True):
        needed = conditions_of(leg, level, mode)
        given_all = decide(facts(leg=leg, level=level, mode=mode, conditions=ALL))
        assert given_all.allowed == (letter != "N"), (leg, level, mode)
        for one in needed:
            lacking = decide(facts(leg=leg, level=level, mode=mode, conditions=ALL - {one}))
            assert not lacking.allowed
        if letter == "C":
            assert needed


def test_the_conditions_are_those_that_the_rules_name() -> None:
    assert conditions_of(A, Level.BJ_1, M.RAW_SHARE) == {Condition.EVALUATED_AND_APPROVED}
    assert Condition.BOTH_SIGN in conditions_of(A, Level.BJ_4, M.SANDBOX)
    assert conditions_of(B, Level.BJ_1, M.DATASET_PRODUCT) == {
        Condition.PROCESSED,
        Condition.NOT_REVERSIBLE,
    }
    assert conditions_of(B, Level.BJ_4, M.VERIFICATION) == {
        Condition.WRITTEN_NEED,
        Condition.TECHNICAL_MEANS,
        Condition.TIME_LIMITED,
    }
    assert conditions_of(C, Level.GENERAL, M.RAW_SHARE) == {Condition.RAW_TRADE_APPROVAL}
    assert conditions_of(C, Level.GENERAL, M.API_CALL) == frozenset()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_party_verified": False}, "party_not_verified"),
        ({"is_party_banned": True}, "party_banned"),
        ({"is_certificate_alive": False}, "certificate_not_active"),
        ({"is_listing_alive": False}, "product_not_listed"),
        ({"level": None}, "classification_missing"),
        ({"contains_core_data": True}, "national_core_data_not_marketable"),
        ({"level": Level.CORE}, "national_core_data_not_marketable"),
        ({"leg": B, "mode": M.RAW_SHARE}, "raw_export_forbidden"),
        ({"leg": B, "mode": M.DATASET_PRODUCT}, "delivery_condition_missing"),
        ({"leg": B, "level": Level.BJ_2, "mode": M.DATASET_PRODUCT}, "delivery_mode_not_allowed"),
        ({"mode": M.RAW_SHARE}, "raw_trade_approval_missing"),
        ({"is_scenario_granted": False}, "purpose_mismatch"),
        ({"is_within_scope": False}, "scope_exceeded"),
        ({"contains_personal_information": True}, "personal_information_basis_missing"),
        ({"contains_important_data": True}, "masking_record_missing"),
        (
            {"contains_important_data": True, "has_masking_record": True},
            "responsibility_clause_missing",
        ),
        (
            {
                "contains_important_data": True,
                "has_masking_record": True,
                "has_security_clause": True,
                "mode": M.DATASET_PRODUCT,
            },
            "delivery_mode_not_allowed",
        ),
        ({"is_cross_border": True}, "cross_border_route_missing"),
        ({"needs_secrecy_review": True}, "secrecy_review_missing"),
    ],
)
def test_each_check_refuses_by_its_name(changes: dict[str, Any], code: str) -> None:
    found = decide(facts(**changes))

    assert not found.allowed
    assert found.code == code


def test_what_meets_every_check_is_allowed_and_named_for_nothing() -> None:
    found = decide(
        facts(
            contains_personal_information=True,
            has_personal_basis=True,
            contains_important_data=True,
            has_masking_record=True,
            has_security_clause=True,
            is_cross_border=True,
            has_cross_border_route=True,
            needs_secrecy_review=True,
            has_secrecy_review=True,
        )
    )

    assert found.allowed
    assert found.code is None
    assert found.reasons == ()


def test_the_first_failure_names_the_decision_and_all_are_kept_in_order() -> None:
    found = decide(
        facts(
            leg=B,
            level=None,
            mode=M.RAW_SHARE,
            is_party_banned=True,
            is_cross_border=True,
            needs_secrecy_review=True,
        )
    )

    assert found.code == "party_banned"
    assert found.reasons == (
        "party_banned",
        "classification_missing",
        "raw_export_forbidden",
        "cross_border_route_missing",
        "secrecy_review_missing",
    )


def test_raw_public_data_leave_the_zone_at_no_level_and_under_no_condition() -> None:
    for level in (*Level, None):
        found = decide(facts(leg=B, level=level, mode=M.RAW_SHARE, conditions=ALL))
        assert "raw_export_forbidden" in found.reasons


any_facts = st.builds(
    Facts,
    leg=st.sampled_from(Leg),
    mode=st.sampled_from(M),
    level=st.none() | st.sampled_from(Level),
    conditions=st.frozensets(st.sampled_from(Condition)),
    **{field.name: st.booleans() for field in msgspec.structs.fields(Facts) if field.type is bool},
)


@settings(max_examples=600, deadline=None)
@given(any_facts)
def test_nothing_is_allowed_that_a_single_rule_forbids(some: Facts) -> None:
    found = decide(some)

    forbidding = [check(some) for check in CHECKS]
    assert found.allowed == (not any(forbidding))
    if found.allowed:
        assert some.level is not None
        assert answer(some.leg, some.level, some.mode) is not Answer.REFUSED
        assert conditions_of(some.leg, some.level, some.mode) <= some.conditions
        assert some.level is not Level.CORE


@settings(max_examples=300, deadline=None)
@given(any_facts, st.sampled_from(["is_party_banned", "contains_core_data"]))
def test_a_bad_fact_more_never_allows_what_was_refused(some: Facts, worse: str) -> None:
    before, after = decide(some), decide(msgspec.structs.replace(some, **{worse: True}))

    assert before.allowed or not after.allowed
    assert not after.allowed
