"""Say what a submission (提交) must state besides its materials: HN-03, 06, 07, 15(2), 17 and 25."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from catalog.authorisation_letters.validity import AuthorisationLetterMissing
from catalog.kernel.errors import Conflict, Invalid
from catalog.registration.completeness import MaterialKind


class FirstRegistrationUnanswered(Invalid):
    """Whether it is a first registration (是否首次登记) must be answered; there is no default."""

    code = "first_registration_unanswered"


class PriorRegistrationEvidenceMissing(Invalid):
    """Who registered elsewhere says where, and proves it."""

    code = "prior_registration_evidence_missing"


class TruthStatementMissing(Invalid):
    """The applicant answers for 真实性、完整性、合法性 and says so with every submission."""

    code = "truth_statement_missing"


class ListingRequired(Invalid):
    """A product of supermarket resources is registered when it is, or will be, listed there."""

    code = "listing_required_for_supermarket_resource"


class CertificateFieldMissing(Invalid):
    """A field that the certificate must state (HN-17) is empty."""

    code = "certificate_field_missing"


class RegistrationConflict(Conflict):
    """The product is registered already, or an application for it is under way."""

    code = "registration_conflict"


class PriorRegistration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registration at another institution (其他登记机构办理情况, HN-07)."""

    institution: str
    number: str
    registered_on: dt.date


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What the applicant states, as far as the rules of this file look at it."""

    is_first_registration: bool | None
    prior_registrations: Sequence[PriorRegistration]
    files_through_agent: bool
    truth_confirmed: bool
    is_of_supermarket_resource: bool
    listing_intended_on: dt.date | None
    certificate_fields: Mapping[str, bool]  # HN-17 field → is it filled in


def check(statement: Statement, handed_in: Mapping[MaterialKind, str | None]) -> None:
    """Return if everything that must be stated is stated.

    :raises TruthStatementMissing: if the truth is not answered for (HN-25).
    :raises FirstRegistrationUnanswered: if it is left open whether it is the first (HN-07).
    :raises PriorRegistrationEvidenceMissing: if an earlier one is not named or not proven (HN-07).
    :raises AuthorisationLetterMissing: if an agent files without its letter (HN-06).
    :raises ListingRequired: if a supermarket product has no listing intent (HN-03).
    :raises CertificateFieldMissing: if the certificate could not be filled in (HN-17).
    """
    if not statement.truth_confirmed:
        raise TruthStatementMissing
    if statement.is_first_registration is None:
        raise FirstRegistrationUnanswered
    if not statement.is_first_registration and (
        not statement.prior_registrations or MaterialKind.PRIOR_REGISTRATION_PROOF not in handed_in
    ):
        raise PriorRegistrationEvidenceMissing(
            institutions=[prior.institution for prior in statement.prior_registrations]
        )
    if statement.files_through_agent and MaterialKind.AUTHORISATION_LETTER not in handed_in:
        raise AuthorisationLetterMissing
    if statement.is_of_supermarket_resource and statement.listing_intended_on is None:
        raise ListingRequired
    empty = sorted(name for name, filled in statement.certificate_fields.items() if not filled)
    if empty:
        raise CertificateFieldMissing(fields=empty)
