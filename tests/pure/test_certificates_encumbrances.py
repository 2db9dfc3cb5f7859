"""What burdens a certificate, in which rank, and when: no database."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.certificates import encumbrances
from catalog.certificates.encumbrances import (
    CertificateEncumbered,
    Encumbrance,
    EncumbranceKind,
    EncumbrancePeriodInvalid,
)
from catalog.kernel.ids import new_id

TODAY = dt.date(2028, 2, 29)
DAY = dt.timedelta(days=1)


def burden(**changes: Any) -> Encumbrance:
    made = Encumbrance(
        id=new_id(),
        certificate_number="HN-QQ-2026-00000010",
        kind=EncumbranceKind.PLEDGE,
        beneficiary="示例银行",
        beneficiary_party_id=None,
        document_number="质字1号",
        file_id=new_id(),
        file_sha256="0" * 64,
        since_on=TODAY,
        until_on=TODAY,
        registered_by=None,
        registered_at=dt.datetime(2028, 2, 29, tzinfo=dt.UTC),
    )
    return msgspec.structs.replace(made, **changes)


RELEASED = burden(released_at=dt.datetime(2028, 2, 29, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("found", "day", "stands"),
    [
        (burden(), TODAY, True),
        (burden(), TODAY - DAY, False),
        (burden(), TODAY + DAY, False),
        (burden(until_on=None), TODAY + 366 * DAY, True),
        (RELEASED, TODAY, False),
    ],
)
def test_a_burden_stands_from_its_first_to_its_last_day_unless_it_was_released(
    found: Encumbrance, day: dt.date, *, stands: bool
) -> None:
    assert encumbrances.stands(found, day) is stands


def test_those_that_were_not_released_rank_in_the_order_of_their_entry() -> None:
    shown = encumbrances.public([RELEASED, burden(), burden(kind=EncumbranceKind.TRUST)])

    assert [(each.kind, each.rank) for each in shown] == [
        (EncumbranceKind.PLEDGE, 1),
        (EncumbranceKind.TRUST, 2),
    ]


def test_a_burden_does_not_end_before_it_begins() -> None:
    encumbrances.check_period(TODAY, TODAY)
    encumbrances.check_period(TODAY, None)
    with pytest.raises(EncumbrancePeriodInvalid):
        encumbrances.check_period(TODAY, TODAY - DAY)


def test_a_burden_or_an_open_objection_keeps_a_certificate_where_it_is() -> None:
    encumbrances.check_free([], 0)
    with pytest.raises(CertificateEncumbered) as burdened:
        encumbrances.check_free([burden()], 0)
    with pytest.raises(CertificateEncumbered) as disputed:
        encumbrances.check_free([], 2)

    assert burdened.value.facts["burdens"] == [{"kind": "pledge", "for": "示例银行"}]
    assert disputed.value.facts["open_objections"] == 2
