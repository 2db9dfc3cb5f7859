"""Hand a sealed bid in, replace it, withdraw it (递交、替换、撤回应选文件), HN-23.

Who reads the tables of this service as their owner reads a bid too; nobody else does before the opening.
"""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping

from catalog.agency_selection import bidding, store
from catalog.agency_selection.model import Bid, BidId, Selection
from catalog.agency_selection.operations import casework
from catalog.agency_selection.states import Event as Happening
from catalog.agency_selection.states import advance
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id


async def hand_in(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    selection_id: uuid.UUID,
    proposal: str,
    price_fen: int,
    evidence: Mapping[str, uuid.UUID],
    related: tuple[PartyId, ...],
) -> Bid:
    """Seal a bid of the actor's agency; one that it handed in before is replaced.

    Until the opening everybody else learns of it who, when, and a digest. The digest is in the log, so
    that the bid can not be exchanged.

    :raises NotPermitted: if the actor bids for no agency.
    :raises Missing: if there is no such selection, or no such file of the actor's.
    :raises AgencySelectionEventNotAllowed: if the bids are opened.
    :raises BidWindowClosed: if the window is over.
    :raises BidderIsRelated: if the agency is not neutral.
    :raises BidEvidenceMissing: if a qualification is not shown.
    :raises BidEvidenceNotSealed: if a file could have been read by others.
    :raises BidTextMissing: if it offers nothing.
    """
    actor.require("agency_bid:hand_in")
    selection = await casework.lock(tx, selection_id)
    advance(selection.state, Happening.BID)
    bidding.check_open(selection, now)
    operator = selection.operator_party_id
    authority = await casework.authority_of(tx, operator, now)
    bidding.check_bidder(actor.party, institutions=(operator, authority), related=related)
    shown = {
        code: await files.get_own(tx, viewer=actor, file_id=file_id)
        for code, file_id in evidence.items()
    }
    bidding.check_evidence(selection.qualifications, shown, selection.id)
    document, sha256 = bidding.seal(
        bidding.draw_up(
            selection,
            actor.party,
            proposal=proposal,
            price_fen=price_fen,
            files=shown,
            related=related,
            nonce=secrets.token_hex(32),
        )
    )
    earlier = await _standing(tx, selection, actor)
    if earlier is not None:
        await store.end_bid(tx, earlier.id, replaced_at=now, withdrawn_at=None)
    bid = Bid(
        id=BidId(new_id()),
        selection_id=selection.id,
        agency_party_id=actor.party,
        sha256=sha256,
        handed_in_at=now,
        handed_in_by=actor.account_id,
    )
    await store.insert_bid(tx, bid, document)
    await casework.remember(
        tx,
        Event.AGENCY_BID_HANDED_IN,
        selection,
        actor=actor,
        now=now,
        facts={"replaces": None if earlier is None else earlier.id},
        also=[Subject("agency_bid", str(bid.id))],
        digests=[Digest("agency_bid", str(bid.id), sha256)],
    )
    return bid


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, selection_id: uuid.UUID) -> Bid:
    """Withdraw the bid of the actor's agency; it is never opened.

    :raises NotPermitted: if the actor bids for no agency.
    :raises Missing: if there is no such selection.
    :raises AgencySelectionEventNotAllowed: if the bids are opened.
    :raises BidWindowClosed: if the window is over.
    :raises NoBid: if there is none to withdraw.
    """
    actor.require("agency_bid:hand_in")
    selection = await casework.lock(tx, selection_id)
    advance(selection.state, Happening.BID)
    bidding.check_open(selection, now)
    bid = await _standing(tx, selection, actor)
    if bid is None:
        raise bidding.NoBid
    await store.end_bid(tx, bid.id, replaced_at=None, withdrawn_at=now)
    await casework.remember(
        tx,
        Event.AGENCY_BID_WITHDRAWN,
        selection,
        actor=actor,
        now=now,
        also=[Subject("agency_bid", str(bid.id))],
    )
    (withdrawn,) = (each for each in await store.list_bids(tx, selection.id) if each.id == bid.id)
    return withdrawn


async def _standing(tx: Tx, selection: Selection, actor: Actor) -> Bid | None:
    bids = await casework.standing_bids(tx, selection)
    return next((bid for bid in bids if bid.agency_party_id == actor.party), None)
