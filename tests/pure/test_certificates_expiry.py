"""When the validity of a certified product is over, and when its holder is reminded: no database."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.certificates import expiry
from catalog.certificates.model import CertificateSummary
from catalog.certificates.number import CertificateNumber
from catalog.certificates.states import State
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.periods import Period, Unit
from tests.pure.test_certificates_format import make_document

LEAP = dt.date(2028, 2, 29)
MONTH = Period(30, Unit.DAYS, "[P]")


def test_the_last_day_is_the_one_that_the_certificate_states() -> None:
    stated = make_document(product_validity={"to": "2028-02-29"})
    open_ended = make_document(product_validity={"update_cycle": "day"})

    assert expiry.last_day(stated) == LEAP
    assert expiry.last_day(open_ended) is None


def test_the_reminder_comes_so_many_days_before_and_none_for_what_has_no_end() -> None:
    assert expiry.remind_on(LEAP, MONTH) == dt.date(2028, 1, 30)
    assert expiry.remind_on(None, MONTH) is None


@pytest.mark.parametrize(
    ("today", "over"),
    [
        (dt.date(2028, 2, 28), False),
        (LEAP, False),  # to the end of its last day
        (dt.date(2028, 3, 1), True),
    ],
)
def test_a_validity_is_over_on_the_day_after_its_last(today: dt.date, over: bool) -> None:
    assert expiry.is_over(LEAP, today) is over
    assert not expiry.is_over(None, today)


@pytest.mark.parametrize("state", State)
def test_a_product_is_sold_on_an_active_certificate_until_its_validity_ends(state: State) -> None:
    now = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    line = CertificateSummary(
        number=CertificateNumber("HN-QQ-2026-00000010"),
        product_id=new_id(),
        product_name="指数",
        registrant_party_id=PartyId(new_id()),
        version=1,
        record_sha256="0" * 64,
        issued_at=now,
        state=state,
        state_since=now,
        product_valid_to=LEAP,
        product_expired_at=None,
    )

    assert line.counts_on(LEAP) is (state is State.ACTIVE)
    assert not line.counts_on(LEAP + dt.timedelta(days=1))
