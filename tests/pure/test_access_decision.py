"""The policy decision of RULES §8: its tables row by row, and what no combination may allow.

The tables stand here as they are printed in RULES §8.1, column by column, and the rules of §8.2 a
second time, each by itself and by other means than the code has (BJ-21, BJ-22, BJ-23, GD-12).

A complaint of others that these tests answer: w3c-cg/dataspaces #3 (the same policy is granted here and
denied there).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.products.model import DeliveryMode as M
from catalog.products.model import Level
from market.access.decision import (
    Answer,
    Condition,
    Decision,
    Facts,
    Leg,
    answer,
    conditions_of,
    decide,
)

A, B, C = Leg.DEPARTMENT_TO_ZONE, Leg.ZONE_TO_BUYER, Leg.ENTERPRISE_TO_BUYER
# RULES §8.1 as printed. Where a column of the rules names two modes, both stand below it.
LEG_A = """
level | raw_share | api_call | model_deploy | sandbox | privacy_computing
1     | Y         | Y        | Y            | Y       | Y
2     | N         | Y        | Y            | Y       | Y
3     | N         | Y        | Y            | Y       | Y
4     | N         | N        | N            | C       | C
core  | N         | N        | N            | N       | N
"""
LEG_B = """
level | raw_share | dataset_product | api_call | model_deploy | verification | report_result | sandbox | privacy_computing
1     | N         | C               | Y        | Y            | Y            | Y             | Y       | Y
2     | N         | N               | Y        | Y            | Y            | Y             | Y       | Y
3     | N         | N               | Y        | Y            | Y            | Y             | Y       | Y
4     | N         | N               | N        | N            | C            | C             | C       | C
core  | N         | N               | N        | N            | N            | N             | N       | N
"""
# Leg C is told in sentences: raw needs an approval (QD-S2), important data stay where they are (SIX-1).
LEG_C = """
level     | raw_share | dataset_product | api_call | model_deploy | verification | report_result | sandbox | privacy_computing
general   | C         | Y               | Y        | Y            | Y            | Y             | Y       | Y
important | N         | N               | Y        | N            | N            | N             | Y       | Y
core      | N         | N               | N        | N            | N            | N             | N       | N
"""
# A scheme's levels, by the row of the table that they stand in: mapped by table, never by equality.
NAMES = {
    "1": (Level.BJ_1, Level.GENERAL),
    "2": (Level.BJ_2,),
    "3": (Level.BJ_3,),
    "4": (Level.BJ_4, Level.IMPORTANT),
    "core": (Level.CORE,),
    "general": (Level.GENERAL, Level.BJ_1, Level.BJ_2, Level.BJ_3, Level.BJ_4),
    "important": (Level.IMPORTANT,),
}


def printed(leg: Leg, table: str) -> list[tuple[Leg, Level, M, str]]:
    header, *lines = (line.split("|") for line in table.strip().splitlines())
    modes = [M(name.strip()) for name in header[1:]]
    cells = [
        (leg, level, mode, letter.strip())
        for name, *letters in lines
        for level in NAMES[name.strip()]
        for mode, letter in zip(modes, letters, strict=True)
    ]
    # A mode that the table has no column for is not said to be allowed, so it is refused.
    missing = [(leg, cell[1], mode, "N") for cell in cells for mode in M if mode not in modes]
    return [*cells, *dict.fromkeys(missing)]


CELLS = [*printed(A, LEG_A), *printed(B, LEG_B), *printed(C, LEG_C)]
LETTER = {"Y": Answer.ALLOWED, "C": Answer.CONDITIONAL, "N": Answer.REFUSED}
ALL = frozenset(Condition)


def facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {"leg": C, "mode": M.API_CALL, "level": Level.GENERAL}
    return Facts(**(values | changes))


def test_every_level_and_mode_of_every_leg_stands_in_the_printed_tables() -> None:
    assert {cell[:3] for cell in CELLS} == set(itertools.product(Leg, Level, M))
    assert len(CELLS) == len(Leg) * len(Level) * len(M)


@pytest.mark.parametrize(("leg", "level", "mode", "letter"), CELLS)
def test_the_tables_stand_as_the_rules_have_them(
    leg: Leg, level: Level, mode: M, letter: str
) -> None:
    assert answer(leg, level, mode) is LETTER[letter]


@pytest.mark.parametrize(("leg", "level", "mode", "letter"), CELLS)
def test_a_conditional_mode_needs_every_one_of_its_conditions(
    leg: Leg, level: Level, mode: M, letter: str
) -> None:
    needed = conditions_of(leg, level, mode)
    given_all = decide(facts(leg=leg, level=level, mode=mode, conditions=tuple(ALL)))

    assert given_all.allowed == (letter != "N")
    assert bool(needed) or letter != "C"
    for one in needed:
        assert not decide(
            facts(leg=leg, level=level, mode=mode, conditions=tuple(ALL - {one}))
        ).allowed


def test_data_without_a_level_go_nowhere() -> None:
    for leg, mode in itertools.product(Leg, M):
        assert "classification_missing" in decide(facts(leg=leg, mode=mode, level=None)).reasons


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
        ({"is_redevelopment": True}, "operator_redevelopment_forbidden"),
        ({"is_certificate_alive": False}, "certificate_not_active"),
        ({"is_listing_alive": False}, "product_not_listed"),
        ({"is_cut_off": True}, "authorisation_cut_off"),
        ({"is_begun": False}, "grant_not_yet_valid"),
        ({"is_over": True}, "grant_expired"),
        ({"is_use_allowed_now": False}, "use_not_allowed_now"),
        ({"level": None}, "classification_missing"),
        ({"contains_core_data": True}, "national_core_data_not_marketable"),
        ({"level": Level.CORE}, "national_core_data_not_marketable"),
        ({"leg": B, "mode": M.RAW_SHARE}, "raw_export_forbidden"),
        ({"leg": B, "mode": M.DATASET_PRODUCT}, "delivery_condition_missing"),
        ({"leg": B, "level": Level.BJ_2, "mode": M.DATASET_PRODUCT}, "delivery_mode_not_allowed"),
        ({"mode": M.RAW_SHARE}, "raw_trade_approval_missing"),
        ({"is_scenario_granted": False}, "purpose_mismatch"),
        ({"is_within_scope": False}, "scope_exceeded"),
        ({"is_quota_left": False}, "quota_exhausted"),
        ({"is_within_rate": False}, "rate_exceeded"),
        ({"is_within_rows": False}, "rows_exceeded"),
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
        found = decide(facts(leg=B, level=level, mode=M.RAW_SHARE, conditions=tuple(ALL)))
        assert "raw_export_forbidden" in found.reasons


any_facts = st.builds(
    Facts,
    leg=st.sampled_from(Leg),
    mode=st.sampled_from(M),
    level=st.none() | st.sampled_from(Level),
    conditions=st.frozensets(st.sampled_from(Condition)).map(tuple),
    **{field.name: st.booleans() for field in msgspec.structs.fields(Facts) if field.type is bool},
)


# Each rule of §8.2 by itself: what it forbids, whatever the others say.
CELL = {cell[:3]: cell[3] for cell in CELLS}
NEEDED = {
    (A, M.SANDBOX): {"written_need", "technical_means", "time_limited", "both_sign"},
    (A, M.PRIVACY_COMPUTING): {"written_need", "technical_means", "time_limited", "both_sign"},
    (B, M.DATASET_PRODUCT): {"processed", "not_reversible"},
    (B, M.VERIFICATION): {"written_need", "technical_means", "time_limited"},
    (B, M.REPORT_RESULT): {"written_need", "technical_means", "time_limited"},
    (B, M.SANDBOX): {"written_need", "technical_means", "time_limited"},
    (B, M.PRIVACY_COMPUTING): {"written_need", "technical_means", "time_limited"},
    (C, M.RAW_SHARE): {"raw_trade_approval"},
}


def lacks_a_condition(f: Facts) -> bool:
    there = {condition.value for condition in f.conditions}
    if f.leg is A and "evaluated_and_approved" not in there:
        return True
    if f.level is None or CELL[f.leg, f.level, f.mode] != "C":
        return False
    return not NEEDED[f.leg, f.mode] <= there


RULES: dict[str, Callable[[Facts], bool]] = {
    "1 party verified": lambda f: not f.is_party_verified,
    "2 sanction or ban": lambda f: f.is_party_banned,
    "2 own zone (A47)": lambda f: f.is_redevelopment,
    "3 certificate alive": lambda f: not f.is_certificate_alive,
    "3 listing alive": lambda f: not f.is_listing_alive,
    "3 agreement and grant alive": lambda f: f.is_cut_off or not f.is_begun or f.is_over,
    "3 order in a state of use": lambda f: not f.is_use_allowed_now,
    "4 classification known": lambda f: f.level is None,
    "5 core data": lambda f: f.contains_core_data or f.level is Level.CORE,
    "6 leg, level, mode": lambda f: f.level is None or CELL[f.leg, f.level, f.mode] == "N",
    "6 raw public data": lambda f: f.leg is B and f.mode is M.RAW_SHARE,
    "6 conditions": lacks_a_condition,
    "7 purpose": lambda f: not f.is_scenario_granted,
    "8 least privilege": lambda f: not (f.is_within_scope and f.is_quota_left),
    "8 agreed limits of use": lambda f: not (f.is_within_rate and f.is_within_rows),
    "9 personal information": lambda f: (
        f.contains_personal_information and not f.has_personal_basis
    ),
    "10 masking": lambda f: f.contains_important_data and not f.has_masking_record,
    "10 security clause": lambda f: f.contains_important_data and not f.has_security_clause,
    "10 manner": lambda f: (
        f.contains_important_data and f.mode not in {M.API_CALL, M.SANDBOX, M.PRIVACY_COMPUTING}
    ),
    "11 cross-border": lambda f: f.is_cross_border and not f.has_cross_border_route,
    "12 secrecy review": lambda f: f.needs_secrecy_review and not f.has_secrecy_review,
}


@settings(max_examples=3_000, deadline=None)
@given(any_facts)
def test_nothing_is_allowed_that_a_single_rule_forbids_and_all_else_is(some: Facts) -> None:
    forbidding = [name for name, forbids in RULES.items() if forbids(some)]

    assert decide(some).allowed == (not forbidding), forbidding


@settings(max_examples=2_000, deadline=None)
@given(
    st.sampled_from(sorted(RULES)),
    st.sampled_from([cell for cell in CELLS if cell[3] != "N"]),
    st.data(),
)
def test_each_rule_forbids_by_itself_where_all_others_are_content(
    name: str, cell: tuple[Leg, Level, M, str], data: st.DataObject
) -> None:
    good = facts(
        leg=cell[0],
        level=cell[1],
        mode=cell[2],
        conditions=tuple(ALL),
        has_personal_basis=True,
        has_masking_record=True,
        has_security_clause=True,
        has_cross_border_route=True,
        has_secrecy_review=True,
    )
    flags = [field.name for field in msgspec.structs.fields(Facts) if field.type is bool]
    worse = data.draw(st.lists(st.sampled_from(flags), min_size=1, max_size=3, unique=True))
    some = msgspec.structs.replace(good, **{flag: not getattr(good, flag) for flag in worse})

    assert decide(good).allowed
    if RULES[name](some):
        assert not decide(some).allowed


@settings(max_examples=300, deadline=None)
@given(any_facts)
def test_the_facts_are_kept_with_the_decision_and_lead_to_it_again(some: Facts) -> None:
    found = decide(some)
    kept = msgspec.json.decode(msgspec.json.encode(found), type=Decision)

    assert kept == found
    assert kept.facts is not None
    assert decide(kept.facts) == found


@settings(max_examples=300, deadline=None)
@given(any_facts, st.sampled_from(["is_party_banned", "contains_core_data"]))
def test_a_bad_fact_more_never_allows_what_was_refused(some: Facts, worse: str) -> None:
    before, after = decide(some), decide(msgspec.structs.replace(some, **{worse: True}))

    assert before.allowed or not after.allowed
    assert not after.allowed
