"""Take files in, hand their content out, and let an agency read the files of its case."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.files import queries, reading, store
from catalog.files.model import Arrived, FileId, StoredFile
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id


async def record(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    arrived: Arrived,
    file_name: str,
    media_type: str,
    sealed_for: uuid.UUID | None = None,
) -> StoredFile:
    """Record an upload whose bytes lie on the disk already.

    One that is ``sealed_for`` a case is seen by its owner alone until that case is unsealed, and nothing
    but its digest stands in the log.

    :raises NotPermitted: if the actor may not upload or belongs to no party.
    """
    actor.require("file:upload")
    file = StoredFile(
        id=FileId(new_id()),
        sha256=arrived.sha256,
        size_bytes=arrived.size_bytes,
        media_type=media_type,
        file_name=file_name,
        uploaded_by=actor.account_id,
        owner_party_id=actor.party,
        uploaded_at=now,
        sealed_for=sealed_for,
    )
    await store.insert(tx, file)
    await audit_log.append(
        tx,
        Event.FILE_UPLOADED,
        actor=actor,
        now=now,
        subjects=[Subject("file", str(file.id))],
        facts={
            "file_name": file.file_name,
            "media_type": file.media_type,
            "size_bytes": file.size_bytes,
        }
        if sealed_for is None
        else {"sealed_for": sealed_for},
        digests=[Digest("file", str(file.id), file.sha256)],
    )
    return file


async def open_content(tx: Tx, *, actor: Actor, now: dt.datetime, file_id: uuid.UUID) -> StoredFile:
    """Return the file whose content the actor is about to get; remember it if it is not its own.

    :raises NotPermitted: if the actor may read no files at all.
    :raises FileMissing: if there is none that it may see.
    :raises FileQuarantined: if it was locked away.
    """
    file = await queries.get(tx, viewer=actor, file_id=file_id)
    reading.check_not_locked_away(actor, is_quarantined=await store.is_quarantined(tx, file_id))
    if reading.is_remembered(actor, file):
        cases = await store.list_cases(tx, file_id)
        await audit_log.append(
            tx,
            Event.MATERIAL_READ,
            actor=actor,
            now=now,
            subjects=[Subject("file", str(file.id)), *cases],
            facts={
                "clearance": actor.clearance.value,
                "part": "file",
                "file_name": file.file_name,
            },
            rules=("HN-26", "HN-28"),
        )
    return file


async def quarantine(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    file_ids: Sequence[FileId],
    case_id: uuid.UUID,
    reason: str,
) -> None:
    """Lock files away for good: from now on only the regulator opens them (HN-15(2)).

    Part of the command that found out: that one asked for the permission.
    """
    await store.insert_quarantine(tx, file_ids=file_ids, case_id=case_id, since=now, reason=reason)
    await audit_log.append(
        tx,
        Event.FILES_QUARANTINED,
        actor=actor,
        now=now,
        subjects=[
            Subject("application", str(case_id)),
            *(Subject("file", str(file_id)) for file_id in file_ids),
        ],
        reason=reason,
        rules=("HN-15", "HN-28"),
    )


async def unseal(tx: Tx, *, case_id: uuid.UUID, now: dt.datetime) -> None:
    """Open the seal of all files that were sealed for a case (开启), once.

    Part of the command that opens the case: that one asked for the permission and remembers.
    """
    await store.insert_unsealing(tx, case_id=case_id, at=now)


async def let_read(
    tx: Tx,
    *,
    file_ids: Sequence[FileId],
    party_id: PartyId,
    case_id: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Let an agency read these files while it has the case (HN-28).

    Part of the command that assigns the case: that one asked for the permission and remembers.
    """
    await store.insert_readers(tx, file_ids=file_ids, party_id=party_id, case_id=case_id, since=now)


async def end_reading(tx: Tx, *, party_id: PartyId, case_id: uuid.UUID, now: dt.datetime) -> int:
    """Take the case's files away from an agency that was replaced; return how many it lost."""
    return await store.end_readers(tx, party_id=party_id, case_id=case_id, until=now)
