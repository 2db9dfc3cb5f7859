"""Say what a foreign certificate must show to be verified, and whether it counts today (核验、认可)."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import AccountId
from catalog.kernel.periods import Period, Unit
from catalog.recognition.model import Examined, ForeignCertificate
from catalog.recognition.states import State


class ForeignSignatureInvalid(Invalid):
    """The certificate is not what the registrar signed, or its log does not hold it."""

    code = "foreign_signature_invalid"


class ForeignCertificateDiffers(Invalid):
    """The signed certificate says something else than what was entered."""

    code = "foreign_certificate_differs"


class ForeignCertificateNotInForce(Refused):
    """The registrar says that the certificate does not count, or its validity is over."""

    code = "foreign_certificate_not_in_force"


class ForeignDaysContradictory(Invalid):
    """The certificate was not issued yet, or ends before it was."""

    code = "foreign_days_contradictory"


class SourceMissing(Invalid):
    """Whoever looks a certificate up says where."""

    code = "foreign_source_missing"


class ForeignNotChecked(Refused):
    """Nobody has looked the certificate up yet; verifying it is the second look."""

    code = "foreign_not_checked"


class OtherPersonRequired(Refused):
    """Whoever looked first, or imported it, does not verify it too."""

    code = "foreign_second_person_required"


def check_examined(examined: Examined, number: str, product_name: str, holder_name: str) -> None:
    """Return if a signed certificate is genuine, in force, and about what was entered.

    :raises ForeignSignatureInvalid: if its signature or its place in the log do not hold.
    :raises ForeignCertificateDiffers: if it says something else.
    :raises ForeignCertificateNotInForce: if its registrar does not count it.
    """
    if examined.problems:
        raise ForeignSignatureInvalid(problems=list(examined.problems))
    for member, given in (
        ("number", number),
        ("product_name", product_name),
        ("holder_name", holder_name),
    ):
        if getattr(examined, member) != given:
            raise ForeignCertificateDiffers(member=member)
    if not examined.is_in_force:
        raise ForeignCertificateNotInForce(number=number)


def check_days(issued_on: dt.date, valid_to: dt.date | None, today: dt.date) -> None:
    """Return if a certificate was issued and is valid today.

    :raises ForeignDaysContradictory: if its days contradict each other.
    :raises ForeignCertificateNotInForce: if its validity is over.
    """
    if issued_on > today or (valid_to is not None and valid_to < issued_on):
        raise ForeignDaysContradictory
    if valid_to is not None and valid_to < today:
        raise ForeignCertificateNotInForce(number="")


def check_source(source: str) -> None:
    """Return if it is said where a certificate was looked up.

    :raises SourceMissing: if not.
    """
    if not source.strip():
        raise SourceMissing


def check_verifier(certificate: ForeignCertificate, account: AccountId | None) -> None:
    """Return if ``account`` may verify: anybody what the signature proves, else a second person.

    :raises ForeignNotChecked: if nobody looked it up.
    :raises OtherPersonRequired: if it is the same person.
    """
    if certificate.is_signature_checked:
        return
    if certificate.checked_by is None:
        raise ForeignNotChecked
    if account in (certificate.checked_by, certificate.imported_by):
        raise OtherPersonRequired


def recheck_by(looked_at_on: dt.date, period: Period) -> dt.date:
    """Return until when the state of a certificate has to be looked at again."""
    assert period.unit is Unit.DAYS, "a look is due after so many days"
    return looked_at_on + dt.timedelta(days=period.length)


def is_stale(certificate: ForeignCertificate, today: dt.date) -> bool:
    """Tell whether a recognised certificate was not looked at in time."""
    due = certificate.recheck_by
    return certificate.state is State.RECOGNISED and due is not None and due < today


def counts_on(certificate: ForeignCertificate, today: dt.date) -> bool:
    """Tell whether a product may be listed on the strength of it: recognised, valid, looked at in time."""
    is_over = certificate.valid_to is not None and certificate.valid_to < today
    is_recognised = certificate.state is State.RECOGNISED
    return is_recognised and not is_over and not is_stale(certificate, today)
