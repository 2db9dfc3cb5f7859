"""Legal instruments: what they must say, who verifies them, who may act on them; their life."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from catalog.certificates.basis import InstrumentKind
from catalog.instruments import lodging
from catalog.instruments.model import Effect, Instrument, InstrumentId
from catalog.instruments.states import (
    TRANSITIONS,
    Event,
    InstrumentEventNotAllowed,
    State,
    advance,
)
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId, new_id

HOLDER, REGISTRANT = PartyId(new_id()), PartyId(new_id())
ANNA, BEN, CLARA = (AccountId(new_id()) for _ in range(3))
TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def make_instrument(**said: Any) -> Instrument:
    return Instrument(
        **{
            "id": InstrumentId(new_id()),
            "kind": InstrumentKind.JUDGMENT,
            "issuing_body": "示例市中级人民法院",
            "document_number": "（2026）示01民终1号",
            "issued_on": TODAY,
            "effective_on": TODAY,
            "file_id": new_id(),
            "file_sha256": "ab" * 32,
            "effect": Effect.NEW_HOLDER,
            "new_holder_party_id": HOLDER,
            "certificate_number": "HN-QQ-2026-00000018",
            "application_id": new_id(),
            "product_id": new_id(),
            "registrant_party_id": REGISTRANT,
            "rulebook": "hn-2023-interim",
            "state": State.LODGED,
            "lodged_by_party_id": HOLDER,
            "lodged_by": ANNA,
            "lodged_at": NOW,
        }
        | said
    )


def test_an_instrument_is_about_one_thing() -> None:
    lodging.check_target("HN-QQ-2026-00000018", None)
    lodging.check_target(None, new_id())
    for target in ((None, None), ("HN-QQ-2026-00000018", new_id())):
        with refusal("instrument_target_unclear"):
            lodging.check_target(*target)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"new_holder": None}, "instrument_new_holder_contradictory"),
        ({"new_holder": REGISTRANT}, "instrument_new_holder_contradictory"),
        ({"effect": Effect.NO_HOLDER}, "instrument_new_holder_contradictory"),
        ({"issued_on": TODAY + dt.timedelta(days=1)}, "instrument_days_contradictory"),
        ({"effective_on": TODAY - dt.timedelta(days=1)}, "instrument_days_contradictory"),
    ],
)
def test_what_contradicts_itself_is_not_lodged(said: dict[str, Any], code: str) -> None:
    good: dict[str, Any] = {
        "effect": Effect.NEW_HOLDER,
        "new_holder": HOLDER,
        "registrant": REGISTRANT,
        "issued_on": TODAY,
        "effective_on": None,
        "today": TODAY,
    }

    lodging.check_content(**good)
    with refusal(code):
        lodging.check_content(**good | said)


def test_two_people_verify_neither_of_whom_lodged_it() -> None:
    checked = make_instrument(checked_by=BEN)

    lodging.check_second_person(checked, CLARA)
    with refusal("instrument_not_checked"):
        lodging.check_second_person(make_instrument(), CLARA)
    for account in (ANNA, BEN):
        with refusal("second_person_required"):
            lodging.check_second_person(checked, account)


def test_the_named_holder_acts_on_a_certificate_and_the_operator_on_the_rest() -> None:
    about_application = make_instrument(certificate_number=None)
    for_nobody = make_instrument(effect=Effect.NO_HOLDER, new_holder_party_id=None)

    lodging.check_holder(make_instrument(), HOLDER)
    lodging.check_takeable(make_instrument())
    lodging.check_for_operator(for_nobody)
    lodging.check_for_operator(about_application)
    with refusal("not_the_named_holder"):
        lodging.check_holder(make_instrument(), REGISTRANT)
    with refusal("instrument_nothing_to_take_over"):
        lodging.check_takeable(about_application)
    with refusal("instrument_names_a_holder"):
        lodging.check_for_operator(make_instrument())


def test_what_it_brings_about_refers_to_it_as_it_was_verified() -> None:
    instrument = make_instrument()

    assert instrument.reference.effective_on == TODAY
    assert instrument.reference.file_sha256 == instrument.file_sha256


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_an_instrument_moves_only_as_the_table_says(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(InstrumentEventNotAllowed):
            advance(state, event)
