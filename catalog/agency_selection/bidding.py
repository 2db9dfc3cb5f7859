"""Say who may bid, until when, with what, and how a bid is sealed (递交应选文件), HN-23."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from catalog.agency_selection.model import BidDocument, Evidence, Qualification, Selection
from catalog.files.model import StoredFile
from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.signing.canonical import canonical, sha256_hex

FORMAT: Final = "shushi/agency-bid/1"


class BidWindowClosed(Refused):
    """The window is over; what comes later is not taken."""

    code = "bid_window_closed"


class BidWindowOpen(Refused):
    """The window still runs; until its end no bid is opened."""

    code = "bid_window_open"


class BidderIsRelated(Refused):
    """Operator, bureau, and who is bound to them are no neutral third party (HN-05: 中立、客观)."""

    code = "bidder_is_related"


class BidEvidenceMissing(Invalid):
    """Every qualification of the announcement is shown by a file; it says which are not."""

    code = "bid_evidence_missing"


class BidEvidenceNotSealed(Invalid):
    """A file of a bid was uploaded sealed for this selection, so that nobody read it before."""

    code = "bid_evidence_not_sealed"


class BidTextMissing(Invalid):
    """A bid says what it offers."""

    code = "bid_text_missing"


class NoBid(Refused):
    """The agency has no bid in this selection."""

    code = "no_bid"


def check_open(selection: Selection, now: dt.datetime) -> None:
    """Return if bids may come in.

    :raises BidWindowClosed: if the window is over: 24:00 of its last day is one second too late.
    """
    if now >= selection.closes_at:
        raise BidWindowClosed(closed_at=selection.closes_at.isoformat())


def check_over(selection: Selection, now: dt.datetime) -> None:
    """Return if bids may be opened.

    :raises BidWindowOpen: if the window still runs.
    """
    if now < selection.closes_at:
        raise BidWindowOpen(closes_at=selection.closes_at.isoformat())


def check_bidder(
    agency: PartyId, *, institutions: Collection[PartyId], related: Collection[PartyId]
) -> None:
    """Return if the agency is neutral: neither operator nor bureau, nor bound to them.

    :raises BidderIsRelated: if it is not.
    """
    if {agency, *related} & set(institutions):
        raise BidderIsRelated


def check_evidence(
    qualifications: Sequence[Qualification],
    files: Mapping[str, StoredFile],
    selection_id: UUID,
) -> None:
    """Return if every qualification is shown, by a file that nobody could read.

    :raises BidEvidenceMissing: if one is not shown, or something else is.
    :raises BidEvidenceNotSealed: if a file was not uploaded for this selection.
    """
    wanted = {each.code for each in qualifications}
    if wanted != set(files):
        raise BidEvidenceMissing(
            missing=sorted(wanted - set(files)), unknown=sorted(set(files) - wanted)
        )
    for code, file in sorted(files.items()):
        if file.sealed_for != selection_id:
            raise BidEvidenceNotSealed(qualification=code)


def draw_up(
    selection: Selection,
    agency: PartyId,
    *,
    proposal: str,
    price_fen: int,
    files: Mapping[str, StoredFile],
    related: Collection[PartyId],
    nonce: str,
) -> BidDocument:
    """Return the document of a bid, whose digest is all that is shown until the bids are opened.

    :raises BidTextMissing: if it offers nothing.
    """
    if not proposal.strip():
        raise BidTextMissing
    return BidDocument(
        format=FORMAT,
        selection_id=str(selection.id),
        agency_party_id=str(agency),
        proposal=proposal,
        price_fen=price_fen,
        evidence=tuple(
            Evidence(qualification=code, file_id=file.id, sha256=file.sha256)
            for code, file in sorted(files.items())
        ),
        related_party_ids=tuple(sorted({str(each) for each in related})),
        nonce=nonce,
    )


def seal(document: BidDocument) -> tuple[bytes, str]:
    """Return the bytes of a bid and their digest (密封摘要)."""
    sealed = canonical(document)
    return sealed, sha256_hex(sealed)
