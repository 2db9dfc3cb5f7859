"""Read what is known of files. A file that the viewer may not see does not exist for it (HN-28)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from catalog.files import store
from catalog.files.model import StoredFile
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing


class FileMissing(Missing):
    """There is no such file, or none that this actor may know of."""

    code = "not_found"


async def get(tx: Tx, *, viewer: Actor, file_id: uuid.UUID) -> StoredFile:
    """Return a file of the viewer's own, of its case, or any for staff and regulator.

    An agent that acts for its principal reads what it uploaded for it itself, and what others let the
    principal read; not whatever else the principal has.

    :raises NotPermitted: if the viewer may read no files at all.
    :raises FileMissing: if there is none that it may see.
    """
    viewer.require("file:read")
    found = await store.find(tx, file_id)
    if found is None:
        raise FileMissing
    if viewer.acting_for == found.owner_party_id and viewer.account_id != found.uploaded_by:
        raise FileMissing
    return found


async def get_own(tx: Tx, *, viewer: Actor, file_id: uuid.UUID) -> StoredFile:
    """Return a file that the viewer's party uploaded itself, to be handed in or attached.

    :raises FileMissing: if it is unknown or somebody else's.
    """
    found = await store.find(tx, file_id)
    if found is None or found.owner_party_id != viewer.party:
        raise FileMissing
    return found


async def list_by_ids(tx: Tx, *, file_ids: Sequence[uuid.UUID]) -> list[StoredFile]:
    """Return those of the files that the acting party may see, in id order."""
    return await store.find_many(tx, file_ids)
