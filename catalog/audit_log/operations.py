"""Append entries to the log, promise their places, enter and revoke keys.

``append`` is called by every command, in its transaction. What the job does stands in ``sequencer``.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from catalog.audit_log import (
    key_notices,
    leaf,
    receipts,
)
from catalog.audit_log.events import Event
from catalog.audit_log.key_record import key_record
from catalog.audit_log.model import Appended, Digest, EntryId, Happened, Subject
from catalog.audit_log.store import checkpoints, entries
from catalog.audit_log.store.entries import Written
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.statements.db import Write
from catalog.signing import operations as signing
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import PublicKey, key_id_of
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer


async def append(
    tx: Tx,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    subjects: Iterable[Subject],
    facts: Any = None,
    before: Any = None,
    after: Any = None,
    reason: str | None = None,
    rules: Iterable[str] = (),
    digests: Iterable[Digest] = (),
    order_seq: int | None = None,
    entry_id: EntryId | None = None,
    beside: Sequence[Write] = (),
) -> Appended:
    """Remember ``event`` in the caller's transaction. Plain inserts, no lock.

    ``beside`` are writes that go to the database in the same statement; one that names the entry
    needs its id beforehand: ``entry_id``, from ``new_entry_id``.

    ``subjects`` and ``digests`` are public; what stands in ``facts``, ``before``, ``after`` and
    ``reason`` goes into the payload, of which the public leaf has only a salted commitment.

    :raises EntryTooLong: if the leaf does not fit a bundle.
    :raises NotCanonical: if a value has no canonical JSON form.
    """
    entry_id = entry_id or new_entry_id()
    about = tuple(subjects)
    salt = secrets.token_bytes(leaf.SALT_LENGTH)
    payload = leaf.payload_bytes(actor, facts=facts, before=before, after=after, reason=reason)
    public = leaf.leaf_bytes(
        entry_id,
        now,
        event.value,
        subjects=about,
        payload_sha256=leaf.commitment(salt, payload),
        digests=digests,
        rules=rules,
        order_seq=order_seq,
    )
    await entries.append(
        tx,
        entry_id=entry_id,
        leaf=public,
        at=now,
        event=event.value,
        subjects=[subject.key for subject in about],
        actor_account_id=actor.account_id,
        actor_party_id=actor.party_id,
        salt=salt,
        payload=payload,
        beside=beside,
    )
    tx.remember()
    return Appended(entry_id, public)


async def append_many(
    tx: Tx,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    happened: Iterable[Happened],
    rules: Sequence[str] = (),
    beside: Sequence[Write] = (),
) -> None:
    """Remember ``event`` as often as it happened, each an entry of its own, in one statement.

    ``beside`` are writes that go to the database in the same statement, if anything happened.

    :raises EntryTooLong: if a leaf does not fit a bundle.
    :raises NotCanonical: if a value has no canonical JSON form.
    """
    acted = leaf.acting(actor)
    written = [_written(event, acted=acted, now=now, each=each, rules=rules) for each in happened]
    if not written:
        return
    await entries.append_many(
        tx,
        written,
        at=now,
        event=event.value,
        actor_account_id=actor.account_id,
        actor_party_id=actor.party_id,
        beside=beside,
    )
    tx.remember(len(written))


def _written(
    event: Event, *, acted: bytes, now: dt.datetime, each: Happened, rules: Sequence[str]
) -> Written:
    entry_id, salt = new_entry_id(), secrets.token_bytes(leaf.SALT_LENGTH)
    payload = leaf.payload_of(
        acted, facts=each.facts, before=each.before, after=each.after, reason=each.reason
    )
    public = leaf.leaf_bytes(
        entry_id,
        now,
        event.value,
        subjects=each.subjects,
        payload_sha256=leaf.commitment(salt, payload),
        digests=each.digests,
        rules=rules,
    )
    return Written(
        entry_id=entry_id,
        subjects=[subject.key for subject in each.subjects],
        salt=salt,
        payload=payload,
        leaf=public,
    )


def new_entry_id() -> EntryId:
    """Return the id of an entry that is yet to be appended."""
    return EntryId(new_id())


def receipt(entry: Appended, *, signer: Signer, log: str, now: dt.datetime) -> str:
    """Return the signed promise that an entry will be in the log (``receipts``)."""
    document = receipts.drawn_up(entry, log=log, now=now)
    return receipts.packed(document, signer.seal(document))


# ── keys ────────────────────────────────────────────────────────────────────────────────────


async def register_service_keys(
    tx: Tx,
    *,
    now: dt.datetime,
    keys: Mapping[Purpose, bytes],
    of_the_log: Mapping[Algorithm, bytes] = MappingProxyType({}),
    of_certificates: Mapping[Algorithm, bytes] = MappingProxyType({}),
    certify: Callable[[PublicKey], bytes] | None = None,
    overlap: dt.timedelta = dt.timedelta(0),
) -> list[PublicKey]:
    """Enter the service's own public keys where they are new, and end what signed before them.

    ``keys`` are of each purpose's own algorithm; ``of_the_log`` sign checkpoints beside that, by other
    algorithms, and ``of_certificates`` certificates. What signed before may sign on for the ``overlap``.
    ``certify`` makes the X.509 of the key that seals papers.
    Called whenever the service starts; returns what changed, mostly nothing.

    :raises KeyNotValid: if one of them was ended or revoked: the service does not start with it.
    :raises KeyNotAnnounced: if the log has another key than the one that signs it.
    """
    changed = await signing.enter_service_keys(
        tx,
        now=now,
        keys=keys,
        of_the_log=of_the_log,
        of_certificates=of_certificates,
        certify=certify,
        overlap=overlap,
    )
    if changed:
        await remember_keys(tx, Event.KEY_REGISTERED, actor=system("keys"), now=now, keys=changed)
    return changed


async def register_party_key(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    purpose: Purpose,
    public_key: bytes,
    possession: bytes,
    algorithm: Algorithm = Algorithm.ED25519,
) -> PublicKey:
    """Register a key of the actor's party, whose private half the service never sees.

    ``possession`` is the signature, with that very key, over ``signing.possession.statement``.

    :raises PurposeNotForParties: if only the service signs for that purpose.
    :raises PossessionNotProven: if the signature is not the key's.
    :raises KeyTaken: if the key is registered already.
    """
    key = await signing.enter_party_key(
        tx,
        actor=actor,
        now=now,
        purpose=purpose,
        public_key=public_key,
        possession_signature=possession,
        algorithm=algorithm,
    )
    await remember_keys(tx, Event.KEY_REGISTERED, actor=actor, now=now, keys=[key])
    return key


async def revoke_key(
    tx: Tx, *, actor: Actor, now: dt.datetime, key_id: str, reason: str
) -> PublicKey:
    """Revoke a key: what it signs from now on does not count; what it signed before does.

    :raises NoSuchKey: if there is none of that id.
    :raises KeyAlreadyRevoked: if it was revoked before.
    """
    key = await signing.revoke_key(tx, actor=actor, now=now, key_id=key_id)
    await remember_keys(tx, Event.KEY_REVOKED, actor=actor, now=now, keys=[key], reason=reason)
    return key


async def remember_keys(
    tx: Tx,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    keys: Sequence[PublicKey],
    facts: Any = None,
    reason: str | None = None,
    notice: bytes | None = None,
) -> Appended:
    """Bind keys as they are now, and the notice about the log's own key where there is one."""
    digests = [Digest("key", key.key_id, sha256_hex(key_record(key))) for key in keys]
    if notice is not None:
        sha256 = key_notices.digest(notice)
        digests.append(Digest(key_notices.KIND, sha256[:16], sha256))
    entry = await append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("key", key.key_id) for key in keys],
        facts=facts,
        after=keys,
        reason=reason,
        digests=digests,
    )
    if notice is not None:
        told = key_notices.read(notice)
        await checkpoints.add_key_notice(
            tx,
            entry_id=entry.id,
            action=told.action.value,
            key_id=key_id_of(told.key.public_key),
            note=notice,
        )
    return entry
