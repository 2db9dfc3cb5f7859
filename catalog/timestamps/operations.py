"""Keep what authorities answered: checked, numbered, bound by the log, and never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.signing.canonical import canonical, sha256_hex
from catalog.timestamps import archive, hashing, revocation, store, token
from catalog.timestamps.archive import Archive
from catalog.timestamps.model import TIMESTAMP, Kept, Kind, Record
from catalog.timestamps.queries import Everything
from catalog.timestamps.token import Trust


async def keep_checkpoint(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    trust: Trust,
    authority: str,
    size: int,
    note: bytes,
    response: bytes,
    said: Sequence[bytes] = (),
) -> Kept | None:
    """Keep an authority's timestamp over a checkpoint; None if it gave one meanwhile.

    :raises NotPermitted: if the actor is not the job for it.
    :raises TimestampWrong: if no trusted authority gave it over this note, or its certificate was revoked.
    """
    actor.require("timestamps:keep")
    await store.lock(tx)
    newest = await store.newest_by(tx, authority)
    if newest is not None and newest[0] >= size:
        return None
    return await _keep(
        tx,
        actor=actor,
        now=now,
        trust=trust,
        authority=authority,
        kind=Kind.CHECKPOINT,
        size=size,
        covers=note,
        response=response,
        said=said,
    )


async def keep_archive(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    trust: Trust,
    authority: str,
    everything: Everything,
    response: bytes,
    said: Sequence[bytes] = (),
) -> Kept:
    """Keep an authority's timestamp over everything so far, hashed anew.

    :raises NotPermitted: if the actor is not the command for it.
    :raises TimestampWrong: if no trusted authority gave it over this text.
    """
    actor.require("timestamps:keep")
    await store.lock(tx)
    kept = await _keep(
        tx,
        actor=actor,
        now=now,
        trust=trust,
        authority=authority,
        kind=Kind.ARCHIVE,
        size=everything.size,
        covers=text_of(everything).text(),
        response=response,
        said=said,
    )
    await store.add_archive(
        tx,
        kept.number,
        covers=len(everything.records),
        records=archive.joined(everything.records),
        bundles=archive.joined(everything.bundles),
    )
    return kept


def text_of(everything: Everything) -> Archive:
    """Return what is to be stamped over everything."""
    algorithm = everything.algorithm
    return Archive(
        origin=everything.origin,
        algorithm=algorithm,
        count=len(everything.records),
        records_root=hashing.root_of(algorithm, everything.records),
        size=everything.size,
        entries_root=hashing.root_of(algorithm, everything.bundles),
    )


async def _keep(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    trust: Trust,
    authority: str,
    kind: Kind,
    size: int,
    covers: bytes,
    response: bytes,
    said: Sequence[bytes],
) -> Kept:
    stamped = token.check(response, covers, trust)
    is_covered = revocation.check(stamped.chain, (*said, *trust.lists), stamped.at)
    number = await store.count(tx) + 1
    record = canonical(
        Record(
            number=number,
            kind=kind,
            size=size,
            algorithm=stamped.algorithm,
            covers=covers,
            response=response,
            revocation=tuple(said) or msgspec.UNSET,
        )
    )
    kept = Kept(
        number=number,
        kind=kind,
        size=size,
        algorithm=stamped.algorithm,
        record=record,
        stamped_at=stamped.at,
        ends_at=stamped.ends_at,
        authority=authority,
    )
    entry = await audit_log.append(
        tx,
        Event.LOG_TIMESTAMPED,
        actor=actor,
        now=now,
        subjects=[Subject(TIMESTAMP, str(number))],
        facts={
            "kind": kind.value,
            "size": size,
            "authority": authority,
            "signed_by": stamped.authority,
            "stamped_at": stamped.at,
            "ends_at": stamped.ends_at,
            "certificate_stood": is_covered,
        },
        digests=[Digest(TIMESTAMP, str(number), sha256_hex(record))],
    )
    await store.add(tx, kept, entry_id=entry.id, kept_at=now)
    return kept
