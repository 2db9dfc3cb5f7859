"""Say which joint owners and right holders have consented to what is handed in (共同所有者、权利主体同意).

Every owner signs, or authorises one to sign (HN-08(7), A42); so does everybody for whom a right is to
be registered by itself (国数综政策〔2026〕35号 第二十一条). A consent is to exactly the content whose digest it
names; when anything of it changes, it is a consent to something else. The applicant consents by
handing the application in.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Collection, Iterable, Sequence

import msgspec

from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import AccountId, PartyId
from catalog.registration.ownership import Owner
from catalog.registration.rights import RightClaimed


class Basis(enum.StrEnum):
    """How an owner consented (同意方式)."""

    OWN_ACCOUNT = "own_account"  # 本人账户确认
    SIGNED_DOCUMENT = "signed_document"  # 签署的书面同意，由申请人提交
    AUTHORISATION_LETTER = "authorisation_letter"  # 委托申请人代为同意


class OwnerConsentMissing(Refused):
    """Not every joint owner and right holder has consented to what is handed in."""

    code = "owner_consent_missing"


class ConsentToOtherContent(Conflict):
    """What the owner consents to is not what stands there (any more)."""

    code = "owner_consent_to_other_content"


class ConsentGivenAlready(Conflict):
    """The owner has consented to this."""

    code = "owner_consent_given_already"


class ConsentNotGiven(Refused):
    """There is no consent of this owner that could be withdrawn."""

    code = "owner_consent_not_given"


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """The consent of one owner to one content (同意书)."""

    id: uuid.UUID
    application_id: uuid.UUID
    owner_party_id: PartyId
    basis: Basis
    content_sha256: str
    file_id: uuid.UUID | None  # the signed document, or the letter
    file_sha256: str | None
    given_by: AccountId | None
    given_at: dt.datetime
    withdrawn_at: dt.datetime | None = None
    withdrawn_by: AccountId | None = None
    withdrawal_reason: str | None = None


def consenting(
    owners: Iterable[Owner], rights: Iterable[RightClaimed], applicant: PartyId
) -> tuple[Owner | RightClaimed, ...]:
    """Return whose consent is needed, each once: all owners and right holders but the applicant."""
    asked: list[Owner | RightClaimed] = [*owners, *rights]
    named: dict[PartyId, Owner | RightClaimed] = {}
    for each in asked:
        if each.party_id != applicant:
            named.setdefault(each.party_id, each)
    return tuple(named.values())


def standing(consents: Iterable[Consent], content_sha256: str) -> frozenset[PartyId]:
    """Return who has consented to this content and has not taken it back."""
    return frozenset(
        consent.owner_party_id
        for consent in consents
        if consent.withdrawn_at is None and consent.content_sha256 == content_sha256
    )


def check_all(
    named: Sequence[Owner | RightClaimed], consents: Collection[Consent], content_sha256: str
) -> None:
    """Return if each owner and right holder that is named has consented to exactly this content.

    :raises OwnerConsentMissing: if one has not; it names all of them, and apart those whose
        consent was to something else.
    """
    given = standing(consents, content_sha256)
    lacking = [each for each in named if each.party_id not in given]
    if lacking:
        before = {each.owner_party_id for each in consents if each.withdrawn_at is None}
        raise OwnerConsentMissing(
            owners=[each.name for each in lacking],
            void=[each.name for each in lacking if each.party_id in before],
        )


def check_new(
    owner: PartyId, consents: Collection[Consent], *, named_sha256: str, content_sha256: str
) -> None:
    """Return if ``owner`` may consent to what it names.

    :raises ConsentToOtherContent: if something else stands there.
    :raises ConsentGivenAlready: if it has.
    """
    if named_sha256 != content_sha256:
        raise ConsentToOtherContent(content_sha256=content_sha256)
    if owner in standing(consents, content_sha256):
        raise ConsentGivenAlready


def of_owner(owner: PartyId, consents: Iterable[Consent]) -> tuple[Consent, ...]:
    """Return the consents of ``owner`` that stand.

    :raises ConsentNotGiven: if there is none.
    """
    found = tuple(
        each for each in consents if each.owner_party_id == owner and each.withdrawn_at is None
    )
    if not found:
        raise ConsentNotGiven
    return found
