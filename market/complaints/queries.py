"""Read complaints: those who handle them, who complained, who is complained of; the counts, everybody."""

from __future__ import annotations

import hashlib
import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.timers import queries as timers
from catalog.timers.model import Timer
from market.complaints import redaction, store
from market.complaints.model import SUBJECT, Complaint, Count, Kind, LookedUp
from market.complaints.states import State


class ComplaintMissing(Missing):
    """There is no such complaint, or none that this actor may know of."""

    code = "not_found"


def digest(secret: str) -> bytes:
    """Return by what a complaint is found that is looked up with its secret."""
    return hashlib.sha256(secret.encode()).digest()


async def get(tx: Tx, *, viewer: Actor, complaint_id: uuid.UUID) -> Complaint:
    """Return a complaint to who handles it, to who complained, or redacted to who is complained of.

    :raises ComplaintMissing: if there is none that the viewer may know of.
    """
    visible = await store.find(tx, complaint_id)
    if visible is not None and viewer.party != visible.against_party_id:
        if viewer.party == visible.complainant_party_id or viewer.may("complaint:read"):
            return visible
        raise ComplaintMissing
    async with beyond_own_rows(tx):
        found = await store.find(tx, complaint_id)
    if found is None or viewer.party != found.against_party_id or not redaction.is_told(found):
        raise ComplaintMissing
    return redaction.for_who_is_complained_of(found)


async def list_clocks(tx: Tx, *, viewer: Actor, complaint_id: uuid.UUID) -> list[Timer]:
    """Return the clocks of a complaint to everyone who may read it (办理时限).

    They run against a house; who waits for its answer sees until when, and not only who owes it.

    :raises ComplaintMissing: if there is none that the viewer may know of.
    """
    found = await get(tx, viewer=viewer, complaint_id=complaint_id)
    async with beyond_own_rows(tx):
        return await timers.list_for_subject(tx, subject_kind=SUBJECT, subject_id=found.id)


async def list_complaints(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    kind: Kind | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Complaint]:
    """Return the complaints that the viewer's house handles, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("complaint:read")
    query = paging.fingerprint("complaints", state, kind)
    found = await store.list_page(
        tx,
        state=None if state is None else state.value,
        kind=None if kind is None else kind.value,
        complainant=None,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def list_own(
    tx: Tx,
    *,
    viewer: Actor,
    is_against: bool,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Complaint]:
    """Return the complaints that the viewer's party made, or those against it as it was told.

    :raises NotPermitted: if the viewer belongs to no party.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("my_complaints", is_against, str(viewer.party))
    before = paging.decode_id(query, cursor)
    size = paging.check_limit(limit) + 1
    if not is_against:
        found = await store.list_page(
            tx, state=None, kind=None, complainant=viewer.party, before=before, limit=size
        )
        return paging.page_by_id(query, found, limit)
    async with beyond_own_rows(tx):
        told = await store.list_against(tx, against=viewer.party, before=before, limit=size)
    return paging.page_by_id(
        query, [redaction.for_who_is_complained_of(each) for each in told], limit
    )


async def look_up(tx: Tx, *, number: str, secret: str) -> LookedUp:
    """Return how far the complaint of a number is; who has its secret made it.

    :raises ComplaintMissing: if it is none of ours.
    """
    async with beyond_own_rows(tx):
        found = await store.find_by_secret(tx, number, digest(secret))
    if found is None:
        raise ComplaintMissing
    return redaction.for_who_complained(found)


async def list_counts(tx: Tx) -> list[Count]:
    """Return how many complaints were closed, by year, kind and ending: for everybody."""
    async with beyond_own_rows(tx):
        return await store.count_closed(tx)


async def list_holding(tx: Tx, *, application_id: uuid.UUID) -> list[str]:
    """Return the numbers of the complaints for which the evidence of a case is held."""
    async with beyond_own_rows(tx):
        return await store.list_holding(tx, application_id)
