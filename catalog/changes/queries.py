"""Read changes. One that the viewer has no part in does not exist for it (HN-28)."""

from __future__ import annotations

import uuid

from catalog.certificates import format as certificate_format
from catalog.certificates import queries as certificates
from catalog.changes import content, store
from catalog.changes.model import Change, ChangeFile
from catalog.changes.states import State
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page


async def get(tx: Tx, *, viewer: Actor, change_id: uuid.UUID) -> ChangeFile:
    """Return a change with all that belongs to it.

    Registrant, agent, assigned agency, staff and regulator see it; row-level security says the
    same.

    :raises NotPermitted: if the viewer reads no applications.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("application:read")
    change = await store.find(tx, change_id)
    if change is None:
        raise Missing
    certificate = await certificates.find(tx, change.certificate_number)
    assert certificate is not None, "a change is of a certificate"
    return ChangeFile(
        change=change,
        differences=content.differences(
            certificate_format.read_document(certificate.document), change.wanted
        ),
        materials=tuple(await store.list_materials(tx, change_id)),
        papers=tuple(await store.list_papers(tx, change_id)),
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
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], paging.encode(query, str(found[limit - 1].id)))


async def list_of_certificate(tx: Tx, *, viewer: Actor, number: str) -> list[ChangeFile]:
    """Return the changes of a certificate that were handed in and the viewer may see, oldest first.

    :raises NotPermitted: if the viewer reads no applications.
    """
    viewer.require("application:read")
    found = await store.list_page(
        tx, state=None, certificate_number=number, before=None, limit=paging.MAX_LIMIT
    )
    return [
        await get(tx, viewer=viewer, change_id=change.id)
        for change in reversed(found)
        if change.submitted_at is not None
    ]
