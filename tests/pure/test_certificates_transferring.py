"""When a certificate is handed on by agreement: no database."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.certificates import transferring
from catalog.certificates.transferring import (
    AgreementDocument,
    Transfer,
    TransferAgreementDiffers,
    TransferNotSigned,
    VoluntaryTransferNotAllowed,
)
from catalog.kernel.ids import PartyId, new_id

TODAY = dt.date(2028, 2, 29)
OLD, NEW = PartyId(new_id()), PartyId(new_id())


def agreement(**changes: Any) -> AgreementDocument:
    said: dict[str, Any] = {
        "certificate_number": "HN-QQ-2026-00000010",
        "from_party_id": OLD,
        "to_party_id": NEW,
        "contract_sha256": "ab" * 32,
        "agreed_on": TODAY,
    }
    return AgreementDocument(**(said | changes))


def check(found: AgreementDocument) -> None:
    transferring.check_agreement(
        found,
        certificate_number="HN-QQ-2026-00000010",
        from_party=OLD,
        contract_sha256="ab" * 32,
        today=TODAY,
    )


def test_it_is_off_unless_the_rules_are_set_so() -> None:
    transferring.check_allowed(is_allowed=True)
    with pytest.raises(VoluntaryTransferNotAllowed):
        transferring.check_allowed(is_allowed=False)


def test_an_agreement_hands_this_certificate_to_somebody_else() -> None:
    check(agreement())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("certificate_number", "HN-QQ-2026-0000002Y"),
        ("from_party_id", NEW),
        ("to_party_id", OLD),
        ("contract_sha256", "cd" * 32),
        ("agreed_on", TODAY + dt.timedelta(days=1)),
    ],
)
def test_an_agreement_about_something_else_is_refused(member: str, value: Any) -> None:
    with pytest.raises(TransferAgreementDiffers) as refused:
        check(agreement(**{member: value}))

    assert refused.value.facts == {"member": member}


@pytest.mark.parametrize("accepted_at", [None, dt.datetime(2028, 2, 29, tzinfo=dt.UTC)])
def test_both_have_to_sign(accepted_at: dt.datetime | None) -> None:
    transfer = Transfer(
        id=new_id(),
        certificate_number="HN-QQ-2026-00000010",
        from_party_id=OLD,
        to_party_id=NEW,
        agreement=b"{}",
        agreement_sha256="ab" * 32,
        from_key_id="0" * 16,
        from_signature=b"",
        offered_by=None,
        offered_at=dt.datetime(2028, 2, 29, tzinfo=dt.UTC),
        accepted_at=accepted_at,
    )
    if accepted_at is not None:
        transferring.check_signed(transfer)
        return
    with pytest.raises(TransferNotSigned):
        transferring.check_signed(transfer)
