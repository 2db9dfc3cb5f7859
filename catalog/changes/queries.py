"""Read changes. One that the viewer has no part in does not exist for it (HN-28)."""

from __future__ import annotations

import uuid

from catalog.case_access import queries as case_access
from catalog.case_access.model import Case
from catalog.case_access.visibility import Sight
from catalog.certificates import format as certificate_format
from catalog.certificates import queries as certificates
from catalog.changes import content, duties, redaction, store
from catalog.changes.content import Difference
from catalog.changes.model import Change, ChangeFile
from catalog.changes.states import State
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.rulebooks.registry import accepting_by_silence


async def get(tx: Tx, *, viewer: Actor, change_id: uuid.UUID) -> ChangeFile:
    """Return a change with all that belongs to it.

    Registrant, agent, assigned agency, those of the staff who handle it and the authority see it;
    row-level security says the same.

    :raises NotPermitted: if the viewer reads no applications.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("application:read")
    change = await store.find(tx, change_id)
    if change is None:
        raise Missing
    seen = await case_access.require_sight(tx, viewer=viewer, case=duties.case_of(change))
    if seen is Sight.REDACTED:
        async with beyond_own_rows(tx):
            return redaction.redacted(await _assemble(tx, change))
    return await _assemble(tx, change)


async def find(tx: Tx, *, change_id: uuid.UUID) -> Change:
    """Return the change itself, for a command on it.

    :raises Missing: if there is none that the acting party may know of.
    """
    change = await store.find(tx, change_id)
    if change is None:
        raise Missing
    return change


async def differences_of(tx: Tx, change: Change) -> tuple[Difference, ...]:
    """Return what a change makes different from the certificate that it changes."""
    certificate = await certificates.find(tx, change.certificate_number)
    assert certificate is not None, "a change is of a certificate"
    return content.differences(
        certificate_format.read_document(certificate.document), change.wanted
    )


async def find_case(tx: Tx, *, change_id: uuid.UUID) -> Case:
    """Return a change as the rule of who handles it needs it.

    :raises Missing: if there is none that the acting party may know of.
    """
    return duties.case_of(await find(tx, change_id=change_id))


async def _assemble(tx: Tx, change: Change) -> ChangeFile:
    return ChangeFile(
        change=change,
        differences=await differences_of(tx, change),
        materials=tuple(await store.list_materials(tx, change.id)),
        papers=tuple(await store.list_papers(tx, change.id)),
    )


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    certificate_number: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Change]:
    """Return a page of the changes that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads no applications.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("application:read")
    query = paging.fingerprint("changes", state, certificate_number)
    found = await store.list_page(
        tx,
        state=state,
        certificate_number=certificate_number,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    shown = [redaction.shown(each, viewer) for each in found]
    return paging.page_by_id(query, shown, limit)


async def list_of_certificate(tx: Tx, *, viewer: Actor, number: str) -> list[ChangeFile]:
    """Return the changes of a certificate that were handed in, of which the viewer sees all.

    The oldest comes first.

    :raises NotPermitted: if the viewer reads no applications.
    """
    viewer.require("application:read")
    found = await store.list_page(
        tx, state=None, certificate_number=number, before=None, limit=paging.MAX_LIMIT
    )
    opened = [
        await find_in_full(tx, viewer=viewer, change_id=change.id)
        for change in reversed(found)
        if change.submitted_at is not None
    ]
    return [each for each in opened if each is not None]


async def find_in_full(tx: Tx, *, viewer: Actor, change_id: uuid.UUID) -> ChangeFile | None:
    """Return a change with all that belongs to it, or None to whoever does not see all of it."""
    change = await store.find(tx, change_id)
    if change is None:
        return None
    seen = await case_access.sight(tx, viewer=viewer, case=duties.case_of(change))
    return await _assemble(tx, change) if seen is Sight.FULL else None


async def list_silent(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return changes that wait for an answer under rules by which silence accepts (视为受理)."""
    return await store.list_waiting(tx, rulebooks=accepting_by_silence(), limit=limit)
