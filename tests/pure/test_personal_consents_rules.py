"""Whether a consent was really given, what consents come to, and when an anonymisation counts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from market.anonymisations import accepting
from market.anonymisations.model import Decision
from market.anonymisations.states import Event
from market.consents import giving, grounds
from market.consents.model import Given, Grounds, Recipient, RefusalConsequence

TODAY = dt.date(2026, 3, 2)
HOLDER = PartyId(new_id())
BUYER = Recipient(party_id=new_id(), name="琼州征信有限公司", contact="0898-1234")


def make_given(**changes: Any) -> Given:
    values: dict[str, Any] = {
        "person_ref": "ab" * 32,
        "scenarios": ("credit_scoring",),
        "purpose": "小微企业信用评估",
        "data_categories": ("纳税记录",),
        "recipients": (BUYER,),
        "method": "电子签名",
        "term_from": TODAY,
        "term_to": TODAY + dt.timedelta(days=365),
        "separate": True,
        "sensitive": False,
        "presented_policy_version": "2026-1",
        "explicit_action": True,
        "had_refuse_option": True,
        "refusal_consequence": RefusalConsequence.NONE,
        "evidence_sha256": "cd" * 32,
    }
    return Given(**(values | changes))


def refused(given: Given, **how: Any) -> DomainError:
    with pytest.raises(DomainError) as error:
        giving.check(given, **({"holder": HOLDER, "today": TODAY} | how))
    return error.value


def test_one_scenario_one_recipient_and_an_end_make_a_consent() -> None:
    given = make_given()

    assert giving.check(given, holder=HOLDER, today=TODAY) == given.term_to


@pytest.mark.parametrize(
    ("changes", "unlimited"),
    [
        ({"scenarios": ("a", "b")}, ["scenarios"]),
        ({"scenarios": ()}, ["scenarios"]),
        ({"scenarios": ("全部",)}, ["scenarios"]),
        ({"purpose": " ALL "}, ["purpose"]),
        ({"data_categories": ("纳税记录", "所有")}, ["data_categories"]),
        ({"recipients": ()}, ["recipients"]),
        ({"recipients": (BUYER, BUYER)}, ["recipients"]),
        ({"recipients": (msgspec.structs.replace(BUYER, name="任意第三方"),)}, ["recipients"]),
        ({"term_to": None}, ["term_to"]),
        ({"term_to": None, "purpose": "不限"}, ["purpose", "term_to"]),
    ],
)
def test_a_blanket_consent_is_none_and_the_refusal_says_what_has_no_limit(
    changes: dict[str, Any], unlimited: list[str]
) -> None:
    error = refused(make_given(**changes))

    assert error.code == "blanket_consent_forbidden"
    assert error.facts["unlimited"] == unlimited


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"explicit_action": False}, "preset_consent_forbidden"),
        ({"had_refuse_option": False}, "preset_consent_forbidden"),
        ({"refusal_consequence": RefusalConsequence.SERVICE_DENIED}, "forced_consent_forbidden"),
        ({"separate": False}, "separate_consent_required"),
        ({"term_to": TODAY - dt.timedelta(days=1)}, "consent_term_impossible"),
        ({"term_from": TODAY + dt.timedelta(days=366)}, "consent_term_impossible"),
    ],
)
def test_a_consent_that_was_not_freely_given_is_none(changes: dict[str, Any], code: str) -> None:
    assert refused(make_given(**changes)).code == code


def test_service_may_depend_on_what_it_needs() -> None:
    giving.check(
        make_given(
            refusal_consequence=RefusalConsequence.SERVICE_DENIED, necessary_for_service=True
        ),
        holder=HOLDER,
        today=TODAY,
    )


def test_who_collected_plain_data_for_itself_needs_no_separate_consent() -> None:
    own = (msgspec.structs.replace(BUYER, party_id=HOLDER),)

    giving.check(make_given(recipients=own, separate=False), holder=HOLDER, today=TODAY)
    sensitive = make_given(recipients=own, separate=False, sensitive=True)
    assert refused(sensitive).code == "separate_consent_required"


# ── what they come to ───────────────────────────────────────────────────────────────────────────


def make_grounds(**changes: Any) -> Grounds:
    values: dict[str, Any] = {
        "product_id": new_id(),
        "scenario": "credit_scoring",
        "recipient_party_id": PartyId(new_id()),
        "standing": 2,
        "begins_on": TODAY,
        "ends_on": TODAY,
        "stopped_through_version": 1,
    }
    return Grounds(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"standing": 0}, False),
        ({"begins_on": None}, False),
        ({"ends_on": None}, False),
        ({"begins_on": TODAY + dt.timedelta(days=1)}, False),
        ({"ends_on": TODAY - dt.timedelta(days=1)}, False),
        ({"stopped_through_version": 2}, False),
    ],
)
def test_content_is_used_while_everybody_in_it_allows_it(
    changes: dict[str, Any], allowed: bool
) -> None:
    assert grounds.allow(make_grounds(**changes), version=2, today=TODAY) is allowed


def test_without_any_consent_nothing_is_allowed() -> None:
    assert not grounds.allow(None, version=1, today=TODAY)


@over(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["in", "out"])),
        max_size=8,
    ),
    st.integers(1, 4),
    st.integers(0, 40),
)
def test_no_use_is_allowed_that_a_single_person_forbids(
    persons: list[tuple[int, int, str]], version: int, day: int
) -> None:
    """Each person by itself: began, not over, not withdrawn while this version was the content."""
    standing = [(b, b + length) for b, length, how in persons if how == "in"]
    stopped = 2 if any(how == "out" for *_, how in persons) else 0
    summed = make_grounds(
        standing=len(standing),
        begins_on=TODAY + dt.timedelta(days=max(b for b, _ in standing)) if standing else None,
        ends_on=TODAY + dt.timedelta(days=min(e for _, e in standing)) if standing else None,
        stopped_through_version=stopped,
    )
    today = TODAY + dt.timedelta(days=day)

    forbidding = [person for person in standing if not person[0] <= day <= person[1]]
    expected = bool(standing) and not forbidding and version > stopped

    assert grounds.allow(summed, version=version, today=today) is expected


# ── anonymisations ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("event", "valid_to", "is_good"),
    [
        (Event.ACCEPT, TODAY, True),
        (Event.ACCEPT, TODAY - dt.timedelta(days=1), False),
        (Event.ACCEPT, None, False),
        (Event.REFUSE, None, True),
        (Event.REFUSE, TODAY, False),
        (Event.WITHDRAW, None, True),
    ],
)
def test_an_acceptance_has_a_last_day_and_nothing_else_has(
    event: Event, valid_to: dt.date | None, is_good: bool
) -> None:
    decision = Decision(event=event, reason="重识别测试通过", valid_to=valid_to)

    if is_good:
        accepting.check(decision, today=TODAY)
    else:
        with pytest.raises(accepting.AnonymisationEndMissing):
            accepting.check(decision, today=TODAY)


def test_an_anonymisation_counts_until_its_last_day() -> None:
    assert accepting.counts(TODAY, TODAY)
    assert not accepting.counts(TODAY, TODAY + dt.timedelta(days=1))
    assert not accepting.counts(None, TODAY)
