"""When a registration that has a term is renewed, cancelled, revoked, or lapses."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest

from catalog.certificates.number import CertificateNumber
from catalog.certificates.states import State as CertificateState
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.nda35_2026 import NDA35_2026
from catalog.rulebooks.ndrc26_2025 import NDRC26_2025
from catalog.rulebooks.rulebook import Rulebook
from catalog.terms import ending
from catalog.terms.model import Kind, Request, RequestId
from catalog.terms.states import TRANSITIONS, Event, RequestEventNotAllowed, State, advance

LAST = dt.date(2029, 8, 31)
A_DAY = dt.timedelta(days=1)


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_request_moves_as_the_table_says_or_is_refused(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(RequestEventNotAllowed):
            advance(state, event)


@pytest.mark.parametrize(
    ("rulebook", "first", "last"),
    [
        # Six months before 31 August is the last day of February; the day before the last.
        (NDA35_2026, dt.date(2029, 2, 28), dt.date(2029, 8, 30)),
        # Sixty days before, and the last day itself.
        (NDRC26_2025, dt.date(2029, 7, 2), LAST),
    ],
)
def test_a_renewal_is_asked_for_between_two_days_and_not_a_day_outside(
    rulebook: Rulebook, first: dt.date, last: dt.date
) -> None:
    for day in (first, last):
        ending.check_request(Kind.RENEWAL, LAST, rulebook, day, "")
        assert ending.renewed_through(LAST, rulebook, day) > LAST
    for day in (first - A_DAY, last + A_DAY):
        with refusal("renewal_not_open"):
            ending.check_request(Kind.RENEWAL, LAST, rulebook, day, "")


def test_a_renewed_term_begins_where_the_old_one_ended_and_knows_leap_days() -> None:
    leap = dt.date(2032, 2, 29)

    assert ending.renewed_through(LAST, NDRC26_2025, LAST) == dt.date(2032, 8, 31)
    assert ending.renewed_through(leap, NDA35_2026, leap - A_DAY) == dt.date(2037, 2, 28)


def test_where_there_is_no_term_nothing_is_renewed_and_nothing_lapses() -> None:
    with refusal("renewal_not_open"):
        ending.check_request(Kind.RENEWAL, None, HAINAN_2023, LAST, "")
    assert not ending.lapses(CertificateState.ACTIVE, None, LAST, is_asked=False)


def test_only_26_cancels_on_request_and_with_a_reason() -> None:
    ending.check_request(Kind.CANCELLATION, LAST, NDRC26_2025, LAST, "资源停用")
    with refusal("certificate_request_reason_missing"):
        ending.check_request(Kind.CANCELLATION, LAST, NDRC26_2025, LAST, " ")
    for rulebook in (NDA35_2026, HAINAN_2023):
        with refusal("cancellation_not_provided"):
            ending.check_request(Kind.CANCELLATION, LAST, rulebook, LAST, "资源停用")


@pytest.mark.parametrize("state", CertificateState)
def test_a_term_is_over_on_the_day_after_its_last_unless_a_renewal_waits(
    state: CertificateState,
) -> None:
    lives = state in (CertificateState.ACTIVE, CertificateState.FROZEN)

    assert not ending.lapses(state, LAST, LAST, is_asked=False)
    assert ending.lapses(state, LAST, LAST + A_DAY, is_asked=False) is lives
    assert not ending.lapses(state, LAST, LAST + A_DAY, is_asked=True)


def test_what_lapsed_is_cancelled_by_the_registrar_only_under_26() -> None:
    assert ending.must_be_cancelled(NDRC26_2025)
    assert not ending.must_be_cancelled(NDA35_2026)
    assert not ending.must_be_cancelled(HAINAN_2023)


def test_a_refusal_has_a_reason_and_the_law_s_own_cancellation_is_not_refused() -> None:
    def request(*, by_law: bool) -> Request:
        return Request(
            id=RequestId(uuid.UUID(int=1)),
            certificate_number=CertificateNumber("SJ4602026110001"),
            registrant_party_id=PartyId(uuid.UUID(int=2)),
            kind=Kind.CANCELLATION,
            state=State.FILED,
            reason="",
            by_law=by_law,
            rulebook=NDRC26_2025.code,
            filed_on=LAST,
            filed_by=None,
            filed_at=dt.datetime(2029, 8, 31, tzinfo=dt.UTC),
        )

    ending.check_refusal(request(by_law=False), "材料不实")
    with refusal("certificate_request_reason_missing"):
        ending.check_refusal(request(by_law=False), " ")
    with refusal("lapsed_registration_is_cancelled"):
        ending.check_refusal(request(by_law=True), "材料不实")


def test_a_registration_is_revoked_on_the_grounds_of_its_rulebook_with_facts() -> None:
    ending.check_revocation("concealment", "隐瞒共有人", NDRC26_2025)
    with refusal("certificate_request_reason_missing"):
        ending.check_revocation("concealment", " ", NDRC26_2025)
    for ground, rulebook in (("bad_luck", NDRC26_2025), ("concealment", HAINAN_2023)):
        with refusal("revocation_not_provided"):
            ending.check_revocation(ground, "事实", rulebook)
