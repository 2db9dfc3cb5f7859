"""Read selections: everybody the announcement and the result, who takes part what is his to see."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.agency_selection import bidding, store
from catalog.agency_selection.award import check_winner, objection_stands
from catalog.agency_selection.model import (
    PanelDrawRecord,
    PublicRanked,
    PublicSelection,
    SealedBid,
    Selection,
    SelectionFile,
)
from catalog.agency_selection.panel import FORMAT
from catalog.agency_selection.states import Event, State, advance
from catalog.draws import queries as draws
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page

_RESULT: Final = frozenset({State.AWARDED, State.FAILED})


async def get_public(tx: Tx, *, selection_id: uuid.UUID) -> PublicSelection:
    """Return what everybody sees of a selection. Public.

    :raises Missing: if there is none.
    """
    return await _public(tx, await _get(tx, selection_id))


async def list_public(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[PublicSelection]:
    """Return a page of selections as everybody sees them, the newest first. Public.

    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("agency-selections")
    found = await store.list_page(
        tx, before=paging.decode_id(query, cursor), limit=paging.check_limit(limit) + 1
    )
    shown = [await _public(tx, selection) for selection in found[:limit]]
    return Page(shown, paging.next_by_id(query, found, limit))


async def get_file(tx: Tx, *, viewer: Actor, selection_id: uuid.UUID) -> SelectionFile:
    """Return panel, sheets and remarks as far as the viewer may see them.

    Operator and bureau see all, an expert of the panel the panel and his own sheet.

    :raises NotPermitted: if the viewer neither runs, supervises nor scores selections.
    :raises Missing: if there is none.
    """
    viewer.require("agency_selection:read")
    selection = await _get(tx, selection_id)
    return SelectionFile(
        selection=selection,
        panel=await store.find_panel(tx, selection.id),
        sheets=tuple(await store.list_sheets(tx, selection.id)),
        remarks=tuple(await store.list_remarks(tx, selection.id)),
    )


async def list_bids(tx: Tx, *, viewer: Actor, selection_id: uuid.UUID) -> list[SealedBid]:
    """Return the bids that the viewer may know of, with their content where the seal is open.

    An agency sees its own. Everybody else sees who, when and a digest until the bids are opened; the
    second wall withholds the content, so that no query can give it out.

    :raises NotPermitted: if the viewer has no part in selections.
    :raises Missing: if there is no such selection.
    """
    viewer.require("agency_bid:read")
    selection = await _get(tx, selection_id)
    documents = await store.read_documents(tx, selection.id)
    bids = await store.list_bids(tx, selection.id)
    return [SealedBid(bid=bid, document=documents.get(bid.id)) for bid in bids]


async def get_draw(
    tx: Tx, *, selection_id: uuid.UUID, viewer: Actor | None = None
) -> PanelDrawRecord:
    """Return the draw of the panel: to who may see the panel once drawn, to all with the result.

    :raises Missing: if there is none that the viewer may see.
    """
    selection = await _get(tx, selection_id)
    sees_it = viewer is not None and viewer.may("agency_selection:read")
    if not sees_it and selection.state not in _RESULT:
        raise Missing
    panel = await store.find_panel(tx, selection.id)
    if panel is None or panel.seed is None or panel.checkpoint_size is None:
        raise Missing
    committed = await draws.find_proven(tx, panel.entry_id)
    assert committed is not None, "a checkpoint covered it"
    concluded = panel.concluded_entry_id
    return PanelDrawRecord(
        format=FORMAT,
        commitment=panel.commitment,
        commitment_sha256=panel.commitment_sha256,
        committed=committed,
        seed=panel.seed,
        experts=panel.experts,
        # Why somebody stood aside is nobody else's business.
        recusals=tuple(msgspec.structs.replace(each, reason="") for each in panel.recusals),
        concluded=None if concluded is None else await draws.find_proven(tx, concluded),
        before=await draws.find_earlier(tx, size=panel.checkpoint_size),
    )


async def check_takes_bids(tx: Tx, *, selection_id: uuid.UUID, now: dt.datetime) -> None:
    """Return if files may be sealed for a selection: it is there, and its window runs.

    :raises Missing: if there is none.
    :raises AgencySelectionEventNotAllowed: if its bids are opened.
    :raises BidWindowClosed: if its window is over.
    """
    selection = await _get(tx, selection_id)
    advance(selection.state, Event.BID)
    bidding.check_open(selection, now)


async def get_won(
    tx: Tx, *, operator: PartyId, selection_id: uuid.UUID, agency: PartyId
) -> Selection:
    """Return a selection that the agency won; asked before a contract is signed (HN-23).

    :raises Missing: if the operator announced no such selection.
    :raises SelectionNotAwarded: and the other refusals of ``award.check_winner``.
    """
    selection = await _get(tx, selection_id)
    if selection.operator_party_id != operator:
        raise Missing
    check_winner(selection, agency, await store.list_remarks(tx, selection.id))
    return selection


async def find_latest_award(tx: Tx, *, selection_id: uuid.UUID) -> Selection | None:
    """Return an awarded selection if its operator has announced none since that still counts.

    A failed one does not count. For the job that reminds of the next.
    """
    selection = await store.find(tx, selection_id)
    if selection is None or selection.state is not State.AWARDED:
        return None
    later = (
        each
        for each in await store.list_of_operator(tx, selection.operator_party_id)
        if each.id > selection.id and each.state is not State.FAILED
    )
    return None if any(later) else selection


async def find_last_award(tx: Tx) -> dt.datetime | None:
    """Return when a selection was awarded last, None if none ever was."""
    return await store.find_last_award(tx)


async def _get(tx: Tx, selection_id: uuid.UUID) -> Selection:
    selection = await store.find(tx, selection_id)
    if selection is None:
        raise Missing
    return selection


async def _public(tx: Tx, selection: Selection) -> PublicSelection:
    # Only a number is given out of the bids, and only whether an objection stands.
    async with beyond_own_rows(tx):
        bids = await store.list_bids(tx, selection.id)
        remarks = await store.list_remarks(tx, selection.id)
    shown = selection.ranking if selection.state in _RESULT else ()
    return PublicSelection(
        id=selection.id,
        selection_number=selection.selection_number,
        title=selection.title,
        operator_party_id=selection.operator_party_id,
        state=selection.state,
        criteria=selection.criteria,
        qualifications=selection.qualifications,
        panel_size=selection.panel_size,
        seats=selection.seats,
        announced_at=selection.announced_at,
        bids_until=selection.bids_until,
        closes_at=selection.closes_at,
        follows=selection.follows,
        bid_count=None
        if selection.opened_at is None
        else sum(bid.opened_at is not None for bid in bids),
        opened_at=selection.opened_at,
        result=selection.result,
        ranking=tuple(
            PublicRanked(
                agency_party_id=each.agency_party_id,
                is_qualified=each.is_qualified,
                points=each.points,
                rank=each.rank,
                is_winner=each.agency_party_id in selection.winners,
            )
            for each in shown
        ),
        awarded_at=selection.awarded_at,
        failed_at=selection.failed_at,
        objection_stands=objection_stands(remarks),
    )
