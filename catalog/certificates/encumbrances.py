"""Say what stands in the way of ending a certificate (权利负担): a burden on it, an open dispute.

A burden lies on the registered right, not on a piece of paper: it goes with every certificate that
takes the place of the one on which it was entered. Several rank as they were entered (HN-17). A pledge, a trust or an insurance gives somebody else a right in the product; who registered it can
not walk away from that, nor hand it on. Open orders do not stand in the way: deregistering is the
registrant's right, and running contracts go on (A19).
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Sequence

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId


class EncumbranceKind(enum.StrEnum):
    """What burdens a certificate (权利负担)."""

    PLEDGE = "pledge"  # 质押
    TRUST = "trust"  # 信托
    INSURANCE = "insurance"  # 保险
    SEIZURE = "seizure"  # 司法查封


class CertificateEncumbered(Refused):
    """Somebody else has a right in the certificate, or disputes it."""

    code = "certificate_encumbered"


class EncumbrancePeriodInvalid(Invalid):
    """A burden ends on or after the day on which it begins."""

    code = "encumbrance_period_invalid"


class Encumbrance(msgspec.Struct, frozen=True, kw_only=True):
    """A burden on a certificate (权利负担): for whom, by which document, from when to when."""

    id: uuid.UUID
    certificate_number: str
    kind: EncumbranceKind
    beneficiary: str  # 质权人、受托人、保险人、法院
    beneficiary_party_id: PartyId | None  # if it takes part here: then it is told and may read
    document_number: str
    file_id: uuid.UUID
    file_sha256: str
    since_on: dt.date
    until_on: dt.date | None
    registered_by: AccountId | None
    registered_at: dt.datetime
    released_at: dt.datetime | None = None
    release_reason: str | None = None
    release_file_sha256: str | None = None
    release_file_id: uuid.UUID | None = None


class PublicEncumbrance(msgspec.Struct, frozen=True):
    """What everybody sees of a burden that was not released: its kind, its days and its rank."""

    kind: EncumbranceKind
    since_on: dt.date
    until_on: dt.date | None
    rank: int = 1  # 顺位; 1 in files that were saved before it was told


def public(burdens: Sequence[Encumbrance]) -> tuple[PublicEncumbrance, ...]:
    """Return what everybody sees of the burdens that were not released.

    They rank in the order in which they were entered: ``burdens`` are in it (登记顺位).
    """
    standing = [burden for burden in burdens if burden.released_at is None]
    return tuple(
        PublicEncumbrance(burden.kind, burden.since_on, burden.until_on, rank)
        for rank, burden in enumerate(standing, start=1)
    )


def stands(encumbrance: Encumbrance, today: dt.date) -> bool:
    """Tell whether a burden stands today: begun, not over, not released."""
    is_over = encumbrance.until_on is not None and encumbrance.until_on < today
    return encumbrance.released_at is None and encumbrance.since_on <= today and not is_over


def check_period(since_on: dt.date, until_on: dt.date | None) -> None:
    """Return if a burden does not end before it begins.

    :raises EncumbrancePeriodInvalid: if it does.
    """
    if until_on is not None and until_on < since_on:
        raise EncumbrancePeriodInvalid(since_on=since_on.isoformat(), until_on=until_on.isoformat())


def check_unburdened(standing: Sequence[Encumbrance]) -> None:
    """Return if nothing burdens the certificate.

    :raises CertificateEncumbered: if something does; it names what and for whom.
    """
    if standing:
        burdens = [{"kind": each.kind.value, "for": each.beneficiary} for each in standing]
        raise CertificateEncumbered(burdens=burdens, open_objections=0)


def check_free(standing: Sequence[Encumbrance], open_objections: int) -> None:
    """Return if nothing burdens the certificate and nobody's objection is open.

    :raises CertificateEncumbered: if one does, or is.
    """
    check_unburdened(standing)
    if open_objections:
        raise CertificateEncumbered(burdens=[], open_objections=open_objections)
