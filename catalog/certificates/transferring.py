"""Say when a certificate is handed on by agreement (协议转让, A22): off unless the rulebook says so.

HN-19 knows only legal instruments. Where certificates are handed on by agreement — the bureau has set it
so, or the text has it (NDA35-34) — both parties sign the same agreement with their own keys, nothing may
burden the certificate and nobody dispute it, and the bureau authorises the new one as it does a first
issue (HN-16(b)), if the rulebook asks for that.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId


class VoluntaryTransferNotAllowed(Refused):
    """The rules know no transfer by agreement: deregister, and register afresh (A22)."""

    code = "voluntary_transfer_not_allowed"


class TransferAgreementDiffers(Invalid):
    """The agreement is about another certificate, other parties or another contract."""

    code = "transfer_agreement_differs"


class TransferSignatureInvalid(Invalid):
    """The party's own key for contracts did not sign the agreement."""

    code = "transfer_signature_invalid"


class TransferUnderWay(Conflict):
    """Another transfer of the certificate is under way."""

    code = "transfer_under_way"


class TransferSignedAlready(Conflict):
    """The new holder has signed."""

    code = "transfer_signed_already"


class TransferAuthorisedAlready(Conflict):
    """The bureau has authorised this transfer."""

    code = "transfer_authorised_already"


class TransferNeedsNoAuthorisation(Refused):
    """The certificate's rulebook asks for no authorisation by the bureau."""

    code = "transfer_needs_no_authorisation"


class TransferNotSigned(Refused):
    """The new holder has not signed the agreement."""

    code = "transfer_not_signed"


class AgreementDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What both parties sign (转让协议)."""

    certificate_number: str
    from_party_id: uuid.UUID
    to_party_id: uuid.UUID
    contract_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    agreed_on: dt.date


class TransferAuthorisationDocument(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What the bureau signs to let the new holder's certificate be issued (授权发证)."""

    transfer_id: uuid.UUID
    certificate_number: str
    agreement_sha256: str
    authority: Annotated[str, Meta(min_length=1, max_length=200)]
    authorisation_number: Annotated[str, Meta(min_length=1, max_length=200)]
    decided_on: dt.date


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """That a certificate is to be handed on by agreement, and how far it is (协议转让)."""

    id: uuid.UUID
    certificate_number: str
    from_party_id: PartyId
    to_party_id: PartyId
    agreement: bytes  # as both sign it
    agreement_sha256: str
    from_key_id: str
    from_signature: bytes
    offered_by: AccountId | None
    offered_at: dt.datetime
    to_key_id: str | None = None
    to_signature: bytes | None = None
    accepted_at: dt.datetime | None = None
    bureau_party_id: PartyId | None = None
    authority: str | None = None
    authorisation_number: str | None = None
    authorisation: bytes | None = None
    authorisation_sha256: str | None = None
    authorisation_key_id: str | None = None
    authorisation_signature: bytes | None = None
    authorised_at: dt.datetime | None = None
    new_certificate_number: str | None = None
    issued_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None  # issued, or taken back
    needs_authorisation: bool = True  # 主管部门授权, as the certificate's rulebook says
    contract_file_id: uuid.UUID | None = None  # None: of before it was kept by its id


def check_allowed(*, is_allowed: bool) -> None:
    """Return if the rules let certificates be handed on by agreement.

    :raises VoluntaryTransferNotAllowed: if not.
    """
    if not is_allowed:
        raise VoluntaryTransferNotAllowed


def check_agreement(
    agreement: AgreementDocument,
    *,
    certificate_number: str,
    from_party: PartyId,
    contract_sha256: str,
    today: dt.date,
) -> None:
    """Return if an agreement hands on this certificate, from its registrant to somebody else.

    :raises TransferAgreementDiffers: if not, or if it lies in the future.
    """
    for member, is_so in (
        ("certificate_number", agreement.certificate_number == certificate_number),
        ("from_party_id", agreement.from_party_id == from_party),
        ("to_party_id", agreement.to_party_id != from_party),
        ("contract_sha256", agreement.contract_sha256 == contract_sha256),
        ("agreed_on", agreement.agreed_on <= today),
    ):
        if not is_so:
            raise TransferAgreementDiffers(member=member)


def check_signed(transfer: Transfer) -> None:
    """Return if both parties have signed.

    :raises TransferNotSigned: if the new holder has not.
    """
    if transfer.accepted_at is None:
        raise TransferNotSigned
