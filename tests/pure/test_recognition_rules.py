"""When a foreign certificate is genuine, verified, and counts: no database."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.periods import Period, Unit
from catalog.recognition import standing
from catalog.recognition.model import Examined, ForeignCertificate
from catalog.recognition.standing import (
    ForeignCertificateDiffers,
    ForeignCertificateNotInForce,
    ForeignDaysContradictory,
    ForeignNotChecked,
    ForeignSignatureInvalid,
    OtherPersonRequired,
    SourceMissing,
)
from catalog.recognition.states import (
    TRANSITIONS,
    Event,
    ForeignCertificateEventNotAllowed,
    State,
    advance,
)

TODAY = dt.date(2028, 2, 29)
DAY = dt.timedelta(days=1)
FIRST, SECOND = AccountId(new_id()), AccountId(new_id())
EXAMINED = Examined(
    problems=(),
    number="SJ1",
    product_name="指数",
    holder_name="示例公司",
    issued_on=TODAY,
    valid_to=None,
    is_in_force=True,
)


def certificate(**changes: Any) -> ForeignCertificate:
    made = ForeignCertificate(
        id=new_id(),
        registrar_id=new_id(),
        number="SJ1",
        product_id=new_id(),
        supplier_party_id=PartyId(new_id()),
        holder_name="示例公司",
        product_name="指数",
        issued_on=TODAY,
        valid_to=None,
        file_id=new_id(),
        file_sha256="0" * 64,
        is_signature_checked=False,
        state=State.RECOGNISED,
        imported_by=None,
        imported_at=dt.datetime(2028, 2, 29, tzinfo=dt.UTC),
        recheck_by=TODAY,
    )
    return msgspec.structs.replace(made, **changes)


def test_a_signed_certificate_that_says_what_was_entered_is_taken() -> None:
    standing.check_examined(EXAMINED, "SJ1", "指数", "示例公司")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"problems": ("forged",)}, ForeignSignatureInvalid),
        ({"number": "SJ2"}, ForeignCertificateDiffers),
        ({"product_name": "别的"}, ForeignCertificateDiffers),
        ({"holder_name": "别人"}, ForeignCertificateDiffers),
        ({"is_in_force": False}, ForeignCertificateNotInForce),
    ],
)
def test_a_signed_certificate_that_does_not_hold_is_refused(
    changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        standing.check_examined(
            msgspec.structs.replace(EXAMINED, **changes), "SJ1", "指数", "示例公司"
        )


def test_a_certificate_was_issued_and_is_valid_to_the_end_of_its_last_day() -> None:
    standing.check_days(TODAY, TODAY, TODAY)
    standing.check_days(TODAY, None, TODAY)
    with pytest.raises(ForeignDaysContradictory):
        standing.check_days(TODAY + DAY, None, TODAY)
    with pytest.raises(ForeignDaysContradictory):
        standing.check_days(TODAY, TODAY - DAY, TODAY)
    with pytest.raises(ForeignCertificateNotInForce):
        standing.check_days(TODAY - 2 * DAY, TODAY - DAY, TODAY)


def test_who_looks_a_certificate_up_says_where() -> None:
    standing.check_source("官网查询")
    with pytest.raises(SourceMissing):
        standing.check_source(" ")


def test_what_a_signature_proves_one_person_verifies_and_else_two() -> None:
    standing.check_verifier(certificate(is_signature_checked=True), FIRST)
    standing.check_verifier(certificate(checked_by=FIRST), SECOND)
    with pytest.raises(ForeignNotChecked):
        standing.check_verifier(certificate(), FIRST)
    with pytest.raises(OtherPersonRequired):
        standing.check_verifier(certificate(checked_by=FIRST), FIRST)
    with pytest.raises(OtherPersonRequired):
        standing.check_verifier(certificate(checked_by=FIRST, imported_by=SECOND), SECOND)


@pytest.mark.parametrize("state", State)
def test_only_a_recognised_one_counts(state: State) -> None:
    assert standing.counts_on(certificate(state=state), TODAY) is (state is State.RECOGNISED)


def test_it_counts_until_it_is_over_or_was_not_looked_at_in_time() -> None:
    assert not standing.counts_on(certificate(valid_to=TODAY - DAY), TODAY)
    assert not standing.counts_on(certificate(), TODAY + DAY)
    assert standing.is_stale(certificate(), TODAY + DAY)
    assert not standing.is_stale(certificate(recheck_by=None), TODAY + DAY)
    assert standing.recheck_by(TODAY, Period(90, Unit.DAYS, "[P]")) == dt.date(2028, 5, 29)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_a_foreign_certificate_moves_only_as_its_table_says(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
        return
    with pytest.raises(ForeignCertificateEventNotAllowed) as refused:
        advance(state, event)
    assert refused.value.facts == {"state": state.value, "event": event.value}
