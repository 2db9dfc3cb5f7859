"""Say what a certificate that is issued anew says otherwise (重新发放, HN-20(1), HN-20(2)).

What was registered was wrong, as both sides of an objection accepted or an instrument in force says:
the owners and their shares, the name, the form, the scenarios, the validity. The correction is fixed by its
digest before the bureau authorises it: the new certificate is issued like a first one (HN-16(b), A21).
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from catalog.certificates.format import CertificateDocument, CertifiedOwner
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId
from catalog.products.model import Description, Form, Scenario
from catalog.registration import ownership
from catalog.registration.ownership import Owner
from catalog.signing.canonical import canonical, sha256_hex


class CorrectionEmpty(Invalid):
    """Nothing would be otherwise than the certificate says it."""

    code = "reissue_correction_empty"


class CorrectionPeriodInvalid(Invalid):
    """The corrected validity ends before it begins."""

    code = "reissue_validity_invalid"


class OwnerCorrectionNotProvided(Refused):
    """The rulebook knows no correction of who holds the rights: it is deregistered, or transferred."""

    code = "owner_correction_not_provided"


class ReissueAuthorisedAlready(Conflict):
    """The bureau has authorised this reissue."""

    code = "reissue_authorised_already"


class ReissueNeedsNoAuthorisation(Refused):
    """The certificate's rulebook asks for no authorisation by the bureau."""

    code = "reissue_needs_no_authorisation"


class ReissueOrderedAlready(Conflict):
    """Another correction of the certificate waits to be issued."""

    code = "reissue_ordered_already"


class ReissuePending(Refused):
    """The certificate is to be issued anew; until then it does not count again."""

    code = "reissue_pending"


class Corrected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the new certificate says otherwise; what is left out stays (更正后的登记内容)."""

    owners: tuple[Owner, ...] = ()
    product_name: Annotated[str, Meta(max_length=200)] = ""
    product_form: Form | None = None
    scenarios: tuple[Scenario, ...] = ()
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class GroundKind(enum.StrEnum):
    """Why a certificate is issued anew (重新发放的依据)."""

    OBJECTION = "objection"  # 双方接受的处理意见 (HN-20(1))
    INSTRUMENT = "instrument"  # 生效法律文书 (HN-20(2))


class Reissue(msgspec.Struct, frozen=True, kw_only=True):
    """That a certificate is to be issued anew: on what ground, how corrected, how far it is."""

    id: uuid.UUID
    certificate_number: str
    registrant_party_id: PartyId
    ground: GroundKind
    ground_id: uuid.UUID
    corrected: Corrected
    corrected_sha256: str
    ordered_at: dt.datetime
    bureau_party_id: PartyId | None = None
    authority: str | None = None
    authorisation_number: str | None = None
    authorisation: bytes | None = None  # as the bureau signed it
    authorisation_sha256: str | None = None
    key_id: str | None = None
    signature: bytes | None = None
    authorised_by: AccountId | None = None
    authorised_at: dt.datetime | None = None
    new_certificate_number: str | None = None
    issued_at: dt.datetime | None = None
    needs_authorisation: bool = True  # 主管部门授权, as the certificate's rulebook says


class ReissueAuthorisationDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What the bureau signs to let the corrected certificate be issued (授权发证)."""

    reissue_id: uuid.UUID
    certificate_number: str
    corrected_sha256: str
    authority: Annotated[str, Meta(min_length=1, max_length=200)]
    authorisation_number: Annotated[str, Meta(min_length=1, max_length=200)]
    decided_on: dt.date


def digest(corrected: Corrected) -> str:
    """Return the SHA-256 of a correction in its canonical form (RFC 8785)."""
    return sha256_hex(canonical(corrected))


def check(
    document: CertificateDocument, corrected: Corrected, *, owners_may_change: bool = True
) -> tuple[str, ...]:
    """Return which members of the certificate would say something else.

    Owners that are named are always said otherwise: a certificate names them without telling two of
    the same name apart.

    :raises OwnerCorrectionNotProvided: if owners are corrected where the rulebook has no such thing.
    :raises CorrectionEmpty: if none would.
    :raises CorrectionPeriodInvalid: if the validity would end before it begins.
    :raises OwnerSharesNotOne: and the other refusals of ``ownership.check``.
    """
    if corrected.owners and not owners_may_change:
        raise OwnerCorrectionNotProvided(rulebook=document.ruleset)
    if corrected.owners:
        ownership.check(corrected.owners, corrected.owners[0].party_id)
    said = restated(document, corrected, {owner.party_id: "" for owner in corrected.owners})
    validity = said["product_validity"]
    if "from" in validity and "to" in validity and validity["to"] < validity["from"]:
        raise CorrectionPeriodInvalid(valid_from=validity["from"], valid_to=validity["to"])
    found = tuple(name for name in said if said[name] != getattr(document, name))
    if not found:
        raise CorrectionEmpty
    return found


def restated(
    document: CertificateDocument, corrected: Corrected, masked: Mapping[PartyId, str]
) -> dict[str, Any]:
    """Return the members of the new certificate; ``masked`` are the owners' ids as it shows them."""
    validity = dict(document.product_validity)
    for name, day in (("from", corrected.valid_from), ("to", corrected.valid_to)):
        if day is not None:
            validity[name] = day.isoformat()
    owners = tuple(
        CertifiedOwner(
            name=owner.name,
            kind=owner.kind,
            id_masked=masked[owner.party_id],
            share=owner.share_text,
        )
        for owner in corrected.owners
    )
    form = document.product_form if corrected.product_form is None else corrected.product_form.value
    scenarios = tuple(msgspec.to_builtins(each) for each in corrected.scenarios)
    return {
        "product_name": corrected.product_name or document.product_name,
        "owners": owners or document.owners,
        "product_form": form,
        "scenarios": scenarios or document.scenarios,
        "product_validity": validity,
    }


def registrant(current: PartyId, corrected: Corrected) -> PartyId:
    """Return who is the registrant from then on: the same, if it is still an owner, or the first."""
    parties = [owner.party_id for owner in corrected.owners]
    return current if not parties or current in parties else parties[0]


def applied(description: Description, corrected: Corrected) -> Description:
    """Return the product's description with the correction in it."""
    return msgspec.structs.replace(
        description,
        name=corrected.product_name or description.name,
        form=corrected.product_form or description.form,
        scenarios=corrected.scenarios or description.scenarios,
        valid_from=corrected.valid_from or description.valid_from,
        valid_to=corrected.valid_to or description.valid_to,
    )
