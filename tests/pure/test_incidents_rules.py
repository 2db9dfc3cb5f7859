"""The life of an incident, what it needs before it goes on, and what its report says (HN-22(a))."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.ids import PartyId
from market.incidents import reporting
from market.incidents.model import (
    Evidence,
    HarmedInterest,
    Incident,
    IncidentId,
    LawField,
    Measure,
    Source,
)
from market.incidents.reporting import (
    AffectedMissing,
    IncidentAcknowledgedAlready,
    IncidentNotReported,
    IncidentTextMissing,
)
from market.incidents.states import (
    TRANSITIONS,
    Event,
    IncidentEventNotAllowed,
    State,
    advance,
)

NOW = dt.datetime(2026, 9, 30, 15, 59, 59, tzinfo=dt.UTC)
OPERATOR, AUTHORITY = PartyId(uuid.UUID(int=1)), PartyId(uuid.UUID(int=2))


def incident(**changes: Any) -> Incident:
    return msgspec.structs.replace(
        Incident(
            id=IncidentId(uuid.UUID(int=3)),
            operator_party_id=OPERATOR,
            source=Source.PEOPLE,
            key="people:3",
            law_field=LawField.DATA_SECURITY,
            harmed_interest=HarmedInterest.TRADE_SECRET,
            description="材料外泄",
            subjects=(),
            evidence=Evidence(log_size=5, log_root="ab" * 32, entries=(), files=()),
            state=State.CONTAINED,
            detected_by=None,
            detected_at=NOW,
            measures=(Measure(text="封禁账户", taken_by=None, taken_at=NOW),),
        ),
        **changes,
    )


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_happens_where_the_table_says_and_nowhere_else(
    state: State, event: Event
) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IncidentEventNotAllowed):
            advance(state, event)


def test_an_incident_goes_the_way_of_the_rules_from_discovery_to_its_end() -> None:
    state, way = State.DETECTED, [State.DETECTED]
    for event in (
        Event.TRIAGE,
        Event.CONTAIN,
        Event.REPORT,
        Event.NOTIFY_AFFECTED,
        Event.FIND_ROOT_CAUSE,
        Event.CLOSE,
    ):
        state = advance(state, event)
        way.append(state)

    assert [each.value for each in way] == [
        "detected",
        "triaged",
        "contained",
        "reported",
        "affected_notified",
        "root_cause",
        "closed",
    ]


@pytest.mark.parametrize("state", [State.CLOSED, State.DISMISSED])
def test_what_ended_stays_ended(state: State) -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] is state]


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_what_was_found_or_done_is_said_in_words(text: str) -> None:
    reporting.check_text("封禁账户")
    with pytest.raises(IncidentTextMissing):
        reporting.check_text(text)


def test_those_who_are_harmed_are_named_or_it_is_said_why_there_are_none() -> None:
    reporting.check_affected([OPERATOR], "")
    reporting.check_affected([], "未涉及他人")
    with pytest.raises(AffectedMissing):
        reporting.check_affected([], "  ")


def test_an_incident_is_closed_with_the_authoritys_receipt_and_gets_one_only() -> None:
    reporting.check_no_receipt(incident())
    reporting.check_receipt(incident(receipt_at=NOW))

    with pytest.raises(IncidentNotReported):
        reporting.check_receipt(incident())
    with pytest.raises(IncidentAcknowledgedAlready):
        reporting.check_no_receipt(incident(receipt_at=NOW))


def test_a_report_says_what_was_found_and_what_was_done_and_which_evidence_is_locked() -> None:
    told = reporting.document(incident(), authority=AUTHORITY, now=NOW)

    assert (told.type, told.measures) == ("shushi/incident-report/v1", ("封禁账户",))
    assert (told.authority_party_id, told.operator_party_id) == (AUTHORITY, OPERATOR)
    assert told.evidence == incident().evidence
    assert told.harmed_interest is HarmedInterest.TRADE_SECRET
