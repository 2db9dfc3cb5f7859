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
from market.consents import giving, grounds, narrowing
from market.consents.model import (
    Consent,
    ConsentId,
    Given,
    Grounds,
    Narrowing,
    Recipient,
    RefusalConsequence,
)
from market.consents.states import State

TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
HOLDER = PartyId(new_id())
PURPOSE = "小微企业信用评估"
BUYER = Recipient(party_id=new_id(), name="琼州征信有限公司", contact="0898-1234")


def make_given(**changes: Any) -> Given:
    values: dict[str, Any] = {
        "person_ref": "ab" * 32,
        "scenarios": ("credit_scoring",),
        "purpose": PURPOSE,
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
        ({"purposes": (PURPOSE,)}, True),
        ({"purposes": (f" {PURPOSE} ",)}, True),
        ({"purposes": ("仅用于年审",)}, False),
        ({"purposes": (PURPOSE, "仅用于年审")}, False),
    ],
)
def test_content_is_used_while_everybody_in_it_allows_it(
    changes: dict[str, Any], allowed: bool
) -> None:
    assert (
        grounds.allow(make_grounds(**changes), version=2, purpose=PURPOSE, today=TODAY) is allowed
    )


def test_without_any_consent_nothing_is_allowed() -> None:
    assert not grounds.allow(None, version=1, purpose=PURPOSE, today=TODAY)


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

    found = grounds.allow(summed, version=version, purpose=PURPOSE, today=today)

    assert found is expected


# ── narrowed ────────────────────────────────────────────────────────────────────────────────────


def make_consent(**changes: Any) -> Consent:
    values: dict[str, Any] = {
        "id": ConsentId(new_id()),
        "product_id": new_id(),
        "holder_party_id": HOLDER,
        "person_ref": "ab" * 32,
        "scenario": "credit_scoring",
        "purpose": PURPOSE,
        "data_categories": ("纳税记录", "水电缴费"),
        "recipient": BUYER,
        "method": "电子签名",
        "term_from": TODAY,
        "term_to": TODAY + dt.timedelta(days=30),
        "separate": True,
        "sensitive": False,
        "presented_policy_version": "2026-1",
        "evidence_sha256": "cd" * 32,
        "state": State.STANDING,
        "granted_at": NOW,
    }
    return Consent(**(values | changes))


def narrowed(to: Narrowing, today: dt.date = TODAY, **changes: Any) -> Consent:
    return narrowing.narrowed(make_consent(**changes), to, now=NOW, today=today)


def not_narrowed(to: Narrowing, **how: Any) -> DomainError:
    with pytest.raises(DomainError) as error:
        narrowed(to, **how)
    return error.value


def test_a_narrowed_consent_allows_fewer_data_another_purpose_alone_or_an_earlier_end() -> None:
    fewer = narrowed(Narrowing(data_categories=("纳税记录",)))
    alone = narrowed(Narrowing(purpose="仅用于年审"))
    sooner = narrowed(Narrowing(term_to=TODAY))

    assert (fewer.data_categories, fewer.is_purpose_narrowed) == (("纳税记录",), False)
    assert (alone.purpose, alone.is_purpose_narrowed) == ("仅用于年审", True)
    assert sooner.term_to == TODAY
    assert {each.state for each in (fewer, alone, sooner)} == {State.STANDING}
    assert {each.narrowed_at for each in (fewer, alone, sooner)} == {NOW}
    again = narrowed(Narrowing(term_to=TODAY), is_purpose_narrowed=True)
    assert again.is_purpose_narrowed


@pytest.mark.parametrize(
    ("to", "parts"),
    [
        (Narrowing(), []),
        (Narrowing(data_categories=("水电缴费", "纳税记录")), ["data_categories"]),
        (Narrowing(data_categories=("社保",)), ["data_categories"]),
        (Narrowing(purpose=f"{PURPOSE} "), ["purpose"]),
        (Narrowing(term_to=TODAY + dt.timedelta(days=30)), ["term_to"]),
        (Narrowing(term_to=TODAY - dt.timedelta(days=1)), ["term_to"]),
        (
            Narrowing(data_categories=("社保",), term_to=TODAY + dt.timedelta(days=31)),
            ["data_categories", "term_to"],
        ),
    ],
)
def test_what_is_not_narrower_is_refused_part_by_part(to: Narrowing, parts: list[str]) -> None:
    error = not_narrowed(to)

    assert (error.code, error.facts) == ("consent_not_narrower", {"parts": parts})


def test_a_consent_is_not_narrowed_to_every_purpose_nor_before_it_begins_nor_when_it_is_out() -> (
    None
):
    tomorrow = TODAY + dt.timedelta(days=1)

    assert not_narrowed(Narrowing(purpose=" 不限 ")).code == "blanket_consent_forbidden"
    early = not_narrowed(Narrowing(term_to=TODAY), term_from=tomorrow)
    assert early.code == "consent_not_narrower"
    for state in (State.WITHDRAWN, State.EXPIRED):
        out = not_narrowed(Narrowing(term_to=TODAY), state=state)
        assert out.code == "consent_event_not_allowed"


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
