"""Whether a certificate counted is told of any past instant, with the reason, and of none to come."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.certificates import standing
from catalog.certificates.format import document_bytes
from catalog.certificates.model import Certificate, Change
from catalog.certificates.number import CertificateNumber
from catalog.certificates.standing import Ground, Standing
from catalog.certificates.states import State
from catalog.kernel.ids import PartyId, new_id
from catalog.signing.canonical import sha256_hex
from tests.pure.test_certificates_format import SIGNER, make_document, refusal

ISSUED = dt.datetime(2026, 5, 14, 1, 0, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta(microseconds=1)


def certificate(**changes: Any) -> Certificate:
    document = document_bytes(make_document())
    values: dict[str, Any] = {
        "number": CertificateNumber(make_document().registration_number),
        "application_id": new_id(),
        "product_id": new_id(),
        "product_name": "港口作业气象风险指数接口",
        "registrant_party_id": PartyId(new_id()),
        "version": 1,
        "document": document,
        "record_sha256": sha256_hex(document),
        "key_id": SIGNER.key_id,
        "signature": SIGNER.sign(document),
        "issued_at": ISSUED,
        "issued_by": None,
        "entry_id": new_id(),
        "state": State.ACTIVE,
        "state_since": ISSUED,
        "open_objections": 0,
    }
    return Certificate(**(values | changes))


def history(*states: State) -> list[Change]:
    """A life with a change every hour from the issue on."""
    return [
        Change(state=state, at=ISSUED + n * HOUR, reason="x")
        for n, state in enumerate((State.ACTIVE, *states))
    ]


def told(at: dt.datetime, *states: State, **changes: Any) -> Standing:
    return standing.standing_at(certificate(**changes), history(*states), at, successor="NEXT")


def grounds(found: Standing) -> list[Ground]:
    return [each.ground for each in found.because]


def test_before_its_issue_there_is_none_and_from_that_instant_on_it_counts() -> None:
    before, then = told(ISSUED - TICK), told(ISSUED)

    assert (before.counts, before.state, before.since) == (False, None, None)
    assert (before.until, grounds(before)) == (ISSUED, [Ground.NOT_YET_ISSUED])
    assert (then.counts, then.since, then.until) == (True, ISSUED, None)


def test_a_freeze_counts_from_its_instant_to_its_end() -> None:
    life = (State.FROZEN, State.ACTIVE)

    assert told(ISSUED + HOUR - TICK, *life).counts
    frozen = told(ISSUED + HOUR, *life)
    assert (frozen.counts, frozen.since, frozen.until) == (False, ISSUED + HOUR, ISSUED + 2 * HOUR)
    again = told(ISSUED + 2 * HOUR, *life)
    assert (again.counts, again.since, again.until) == (True, ISSUED + 2 * HOUR, None)


@pytest.mark.parametrize("state", [each for each in State if each is not State.ACTIVE])
def test_every_other_state_does_not_count_and_says_so_in_both_languages(state: State) -> None:
    found = told(ISSUED + 2 * HOUR, state)

    assert not found.counts
    assert grounds(found) == [Ground(state.value)]
    assert found.because[0].zh
    assert found.because[0].en
    took_its_place = state in {State.SUPERSEDED, State.TRANSFERRED}
    assert found.superseded_by == ("NEXT" if took_its_place else None)


def test_what_took_its_place_is_not_named_of_a_time_when_nothing_had() -> None:
    assert told(ISSUED, State.SUPERSEDED).superseded_by is None


def test_an_event_that_leaves_the_state_does_not_begin_it_anew() -> None:
    found = told(ISSUED + 3 * HOUR, State.ACTIVE, State.ACTIVE, State.FROZEN)
    before = told(ISSUED + 2 * HOUR, State.ACTIVE, State.ACTIVE, State.FROZEN)

    assert found.since == ISSUED + 3 * HOUR
    assert (before.since, before.until) == (ISSUED, ISSUED + 3 * HOUR)


def test_its_term_and_its_products_validity_end_with_their_last_day_in_beijing() -> None:
    last = dt.date(2026, 5, 14)
    midnight = dt.datetime(2026, 5, 14, 16, 0, tzinfo=dt.UTC)

    assert told(midnight - TICK, valid_through=last).counts
    over = told(midnight, valid_through=last)
    assert (over.counts, grounds(over)) == (False, [Ground.TERM_OVER])
    assert grounds(told(midnight - TICK, product_valid_to=last)) == [Ground.ACTIVE]
    expired = told(midnight, product_valid_to=last)
    assert expired.counts
    assert grounds(expired) == [Ground.ACTIVE, Ground.PRODUCT_VALIDITY_OVER]


def test_what_a_distrusted_key_signed_never_counted() -> None:
    found = standing.standing_at(certificate(), history(), ISSUED + DAY, is_distrusted=True)

    assert (found.counts, found.state) == (False, State.ACTIVE)
    assert grounds(found) == [Ground.KEY_DISTRUSTED, Ground.ACTIVE]


def test_every_ground_has_words() -> None:
    assert set(standing._WORDS) == set(Ground)


NOW = ISSUED + DAY


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-14T09:00:00+08:00",
        "2026-05-14T09:00:00 08:00",  # a plus sign that was not escaped
        "2026-05-14T01:00:00Z",
        " 2026-05-14T01:00:00Z ",
    ],
)
def test_an_instant_is_read_with_its_offset(text: str) -> None:
    assert standing.instant_of(text, now=NOW) == ISSUED


def test_without_an_instant_now_is_asked_for() -> None:
    assert standing.instant_of(None, now=NOW) == NOW
    assert standing.instant_of("", now=NOW) == NOW


@pytest.mark.parametrize(
    "text", ["2026-05-14T09:00:00", "2026-05-14", "yesterday", "0001-01-01T00:00:00+08:00"]
)
def test_what_is_no_instant_with_an_offset_is_refused(text: str) -> None:
    with refusal("instant_unreadable"):
        standing.instant_of(text, now=NOW)


def test_of_an_instant_still_to_come_nothing_is_told() -> None:
    with refusal("instant_still_to_come"):
        standing.instant_of("2026-05-15T01:00:01Z", now=NOW)
    assert standing.instant_of("2026-05-15T01:00:00Z", now=NOW) == NOW
