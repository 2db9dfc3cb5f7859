"""Enter and revoke keys. Called by ``catalog.audit_log.operations``, which remembers it.

The log stands above this room (it signs with its keys), so this room can not write entries; the
commands that callers use are ``register_service_keys``, ``register_party_key`` and ``revoke_key``
there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import msgspec

from catalog.kernel.actor import Actor, NotPermitted
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing, Refused
from catalog.signing import possession, store
from catalog.signing.algorithms import Algorithm
from catalog.signing.keyring import KeyNotValid, is_valid_at
from catalog.signing.model import PublicKey, key_id_of
from catalog.signing.purposes import SIGNED_SIDE_BY_SIDE, Purpose, own_algorithm


class KeyTaken(Conflict):
    """The key is registered already; a key has one holder and one purpose."""

    code = "key_taken"


class NoSuchKey(Missing):
    """There is no key of that id."""

    code = "key_missing"


class KeyNotAnnounced(Refused):
    """The log's own key is not changed by putting another one in its place: the old one announces it."""

    code = "log_key_not_announced"


class KeyAlreadyDistrusted(Conflict):
    """The key is distrusted already, from the same entry or an earlier one."""

    code = "key_already_distrusted"


class KeyAlreadyRevoked(Conflict):
    """The key was revoked before; that instant stays."""

    code = "key_already_revoked"


async def lock_service_keys(tx: Tx) -> None:
    """Wait until nobody else changes keys of the service; held until the transaction ends."""
    await store.lock_service_keys(tx)


async def enter_service_keys(
    tx: Tx,
    *,
    now: dt.datetime,
    keys: Mapping[Purpose, bytes],
    of_the_log: Mapping[Algorithm, bytes],
    of_certificates: Mapping[Algorithm, bytes],
    certify: Callable[[PublicKey], bytes] | None = None,
    overlap: dt.timedelta = dt.timedelta(0),
) -> list[PublicKey]:
    """Enter the service's own keys that are new; what signed before by the same algorithm ends.

    ``keys`` are of each purpose's own algorithm; ``of_the_log`` sign checkpoints beside that, by other
    algorithms, and ``of_certificates`` certificates. For the ``overlap`` the old one may sign on:
    whoever has not read the new file yet does. ``certify`` makes the X.509 of the key that seals papers.
    Return all keys that were entered or changed. Workers that start at once take turns.

    :raises KeyNotValid: if one of them was ended or revoked: what it signs would not count.
    :raises KeyNotAnnounced: if the log has another key than the one that signs it.
    """
    await store.lock_service_keys(tx)
    changed: list[PublicKey] = []
    wanted = [(purpose, own_algorithm(purpose), key) for purpose, key in sorted(keys.items())]
    wanted += [(Purpose.CHECKPOINT, each, key) for each, key in sorted(of_the_log.items())]
    wanted += [(Purpose.CERTIFICATE, each, key) for each, key in sorted(of_certificates.items())]
    for purpose, algorithm, public_key in wanted:
        of_its_purpose = await store.list_of(tx, None, purpose)
        held = [
            key
            for key in of_its_purpose
            if key.algorithm is algorithm or purpose not in SIGNED_SIDE_BY_SIDE
        ]
        known = next((key for key in held if key.public_key == public_key), None)
        if known is not None and not is_valid_at(known, now):
            raise KeyNotValid(key_id=known.key_id, signed_at=now.isoformat())
        if known is not None:
            continue
        if held and (purpose, algorithm) == (Purpose.CHECKPOINT, Algorithm.ED25519):
            raise KeyNotAnnounced(key_id=key_id_of(public_key))
        changed += await _end(tx, held, now=now, at=now + overlap)
        new = PublicKey(key_id_of(public_key), purpose, public_key, now, algorithm=algorithm)
        if purpose is Purpose.PAPER and certify is not None:
            new = msgspec.structs.replace(new, certificate=certify(new))
        changed.append(await _enter(tx, new))
    return changed


async def _end(
    tx: Tx, keys: list[PublicKey], *, now: dt.datetime, at: dt.datetime
) -> list[PublicKey]:
    """Let those that sign without an end sign until ``at``; return them."""
    changed = []
    for key in keys:
        if key.valid_to is None and is_valid_at(key, now):
            # A period is never empty: a key entered this very instant ends a moment later.
            ends = max(at, key.valid_from + dt.timedelta(microseconds=1))
            await store.end(tx, key.key_id, ends)
            changed.append(msgspec.structs.replace(key, valid_to=ends))
    return changed


async def enter_log_key(
    tx: Tx, *, now: dt.datetime, public_key: bytes, overlap: dt.timedelta
) -> list[PublicKey]:
    """Enter a key of the log that a notice brings; the one before ends after the ``overlap``.

    :raises KeyTaken: if it is registered already.
    """
    await store.lock_service_keys(tx)
    held = [
        key
        for key in await store.list_of(tx, None, Purpose.CHECKPOINT)
        if key.algorithm is Algorithm.ED25519
    ]
    changed = await _end(tx, held, now=now, at=now + overlap)
    new = PublicKey(key_id_of(public_key), Purpose.CHECKPOINT, public_key, now)
    return [*changed, await _enter(tx, new)]


async def enter_root_key(tx: Tx, *, now: dt.datetime, public_key: bytes) -> PublicKey:
    """Enter a root key of the log, whose private half lies in shares.

    :raises KeyTaken: if it is registered already.
    """
    return await _enter(tx, PublicKey(key_id_of(public_key), Purpose.ROOT, public_key, now))


async def lock_key(tx: Tx, key_id: str) -> PublicKey:
    """Return a key, held until the transaction ends.

    :raises NoSuchKey: if there is none of that id.
    """
    key = await store.lock(tx, key_id)
    if key is None:
        raise NoSuchKey(key_id=key_id)
    return key


async def distrust_key(tx: Tx, *, now: dt.datetime, key_id: str, since: int) -> PublicKey:
    """Let nothing count that a key signed from an entry of the log on, and nothing from now on.

    :raises NoSuchKey: if there is none of that id.
    :raises KeyAlreadyDistrusted: if it is, from there on or from an earlier entry.
    """
    key = await lock_key(tx, key_id)
    if key.distrusted_from is not None and key.distrusted_from <= since:
        raise KeyAlreadyDistrusted(key_id=key_id, since=key.distrusted_from)
    await store.distrust(tx, key.key_id, since)
    if key.revoked_at is None:
        await store.revoke(tx, key.key_id, now)
        key = msgspec.structs.replace(key, revoked_at=now)
    return msgspec.structs.replace(key, distrusted_from=since)


async def enter_party_key(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    purpose: Purpose,
    public_key: bytes,
    possession_signature: bytes,
    algorithm: Algorithm = Algorithm.ED25519,
) -> PublicKey:
    """Enter a key of the actor's own party, after it proved to have the private half.

    :raises KeyTaken: if the key is registered already.
    """
    actor.require("key:register")
    if actor.party_id is None:
        raise NotPermitted(permission="key:register")
    possession.check(actor.party_id, purpose, public_key, possession_signature, algorithm)
    return await _enter(
        tx,
        PublicKey(
            key_id_of(public_key),
            purpose,
            public_key,
            now,
            holder_party_id=actor.party_id,
            registered_by=actor.account_id,
            algorithm=algorithm,
        ),
    )


async def _enter(tx: Tx, key: PublicKey) -> PublicKey:
    if await store.find(tx, key.key_id) is not None:
        raise KeyTaken(key_id=key.key_id)
    await store.insert(tx, key)
    return key


async def revoke_key(tx: Tx, *, actor: Actor, now: dt.datetime, key_id: str) -> PublicKey:
    """Revoke a key: what it signs from now on does not count.

    :raises NoSuchKey: if there is none of that id.
    :raises KeyAlreadyRevoked: if it was revoked before.
    """
    actor.require("key:revoke")
    key = await lock_key(tx, key_id)
    if key.revoked_at is not None:
        raise KeyAlreadyRevoked(key_id=key_id, revoked_at=key.revoked_at.isoformat())
    await store.revoke(tx, key.key_id, now)
    return msgspec.structs.replace(key, revoked_at=now)
