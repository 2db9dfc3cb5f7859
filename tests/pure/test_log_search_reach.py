"""What can be looked for in the log, and how far."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.log_search import reach, searching
from catalog.log_search.model import Wanted
from catalog.log_search.reach import SECURITY, ActionUnknown, Reach
from catalog.log_search.searching import (
    AccountInvalid,
    DayInvalid,
    PeriodEmpty,
    SubjectIncomplete,
)
from market.identity.permissions import PERMISSIONS, Role, clearance_of

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def of(role: Role) -> Actor:
    return Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(new_id()),
        name="someone",
        roles=frozenset({role.value}),
        permissions=PERMISSIONS[role],
        clearance=clearance_of(frozenset({role})),
    )


@pytest.mark.parametrize("role", list(Role))
def test_how_far_a_role_searches(role: Role) -> None:
    further = {
        Role.REGULATOR: Reach.EVERYTHING,
        Role.AUDIT_ADMINISTRATOR: Reach.EVERYTHING,
        Role.SECURITY_ADMINISTRATOR: Reach.SECURITY,
    }

    assert of(role).may("log:search")
    assert reach.reach_of(of(role)) is further.get(role, Reach.OWN)


def test_an_action_is_an_event_of_the_log() -> None:
    assert reach.events_within(Reach.OWN, None) is None
    assert reach.events_within(Reach.EVERYTHING, "order:placed") == ["order:placed"]
    with pytest.raises(ActionUnknown):
        reach.events_within(Reach.EVERYTHING, "order:p%")


def test_a_security_administrator_finds_what_concerns_security_and_no_case() -> None:
    assert reach.events_within(Reach.SECURITY, None) == sorted(SECURITY)
    assert reach.events_within(Reach.SECURITY, "role:granted") == ["role:granted"]
    assert reach.events_within(Reach.SECURITY, "material:read") == []
    assert not {e for e in SECURITY if e.partition(":")[0] in ("application", "order", "bid")}


@pytest.mark.parametrize(
    "half",
    [
        {"subject_kind": "order"},
        {"subject_id": "1"},
        {"subject_kind": "", "subject_id": "1"},
        {"subject_kind": "a:b", "subject_id": "1"},
        {"subject_kind": "order", "subject_id": "x" * 201},
    ],
)
def test_a_subject_is_asked_for_by_both_its_halves(half: dict[str, Any]) -> None:
    with pytest.raises(SubjectIncomplete):
        searching.wanted(**half)


def test_a_period_begins_before_it_ends_and_is_utc_unless_it_says() -> None:
    naive = NOW.replace(tzinfo=None)

    found = searching.wanted(since=naive, until=NOW + dt.timedelta(hours=1), action="")

    assert found == Wanted(since=NOW, until=NOW + dt.timedelta(hours=1))
    with pytest.raises(PeriodEmpty):
        searching.wanted(since=NOW, until=NOW - dt.timedelta(seconds=1))


def test_a_form_asks_by_days_and_by_the_id_of_an_account() -> None:
    account = uuid.uuid4()

    assert searching.day("2026-03-02") == dt.date(2026, 3, 2)
    assert searching.account(str(account)) == account
    assert (searching.day(None), searching.account(None)) == (None, None)
    for wrong in ("2.3.2026", "0001-01-01", "9999-12-31"):
        with pytest.raises(DayInvalid):
            searching.day(wrong)
    with pytest.raises(AccountInvalid):
        searching.account("wang.fang")


def test_what_is_not_asked_for_does_not_matter() -> None:
    assert searching.wanted() == Wanted()
    assert searching.wanted(subject_kind="order", subject_id="a:b").subject == Subject(
        "order", "a:b"
    )


def test_a_clearance_alone_opens_nothing() -> None:
    nobody = Actor(
        account_id=None,
        party_id=None,
        name="public",
        roles=frozenset(),
        permissions=frozenset(),
        clearance=Clearance.AUDITOR,
    )

    assert reach.reach_of(nobody) is Reach.OWN
