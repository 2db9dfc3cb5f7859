"""Enter and revoke keys. Called by ``catalog.audit_log.operations``, which remembers it.

The log stands above this room (it signs with its keys), so this room can not write entries; the
commands that callers use are ``register_service_keys``, ``register_party_key`` and ``revoke_key``
there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from catalog.kernel.actor import Actor, NotPermitted
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from catalog.signing import possession, store
from catalog.signing.algorithms import Algorithm
from catalog.signing.keyring import KeyNotValid, is_valid_at
from catalog.signing.model import PublicKey, key_id_of
from catalog.signing.purposes import Purpose


class KeyTaken(Conflict):
    """The key is registered already; a key has one holder and one purpose."""

    code = "key_taken"


class NoSuchKey(Missing):
    """There is no key of that id."""

    code = "key_missing"


class KeyAlreadyRevoked(Conflict):
    """The key was revoked before; that instant stays."""

    code = "key_already_revoked"


async def enter_service_keys(
    tx: Tx,
    *,
    now: dt.datetime,
    keys: Mapping[Purpose, bytes],
    of_the_log: Mapping[Algorithm, bytes],
    of_certificates: Mapping[Algorithm, bytes],
) -> list[PublicKey]:
    """Enter the service's own keys that are new; what signed before by the same algorithm ends now.

    ``keys`` are of Ed25519; ``of_the_log`` sign checkpoints beside that, by other algorithms, and
    ``of_certificates`` certificates.
    Return all keys that were entered or changed. Workers that start at once take turns.

    :raises KeyNotValid: if one of them was ended or revoked: what it signs would not count.
    """
    await store.lock_service_keys(tx)
    changed: list[PublicKey] = []
    wanted = [(purpose, Algorithm.ED25519, key) for purpose, key in sorted(keys.items())]
    wanted += [(Purpose.CHECKPOINT, each, key) for each, key in sorted(of_the_log.items())]
    wanted += [(Purpose.CERTIFICATE, each, key) for each, key in sorted(of_certificates.items())]
    for purpose, algorithm, public_key in wanted:
        of_its_purpose = await store.list_of(tx, None, purpose)
        held = [key for key in of_its_purpose if key.algorithm is algorithm]
        known = next((key for key in held if key.public_key == public_key), None)
        if known is not None and not is_valid_at(known, now):
            raise KeyNotValid(key_id=known.key_id, signed_at=now.isoformat())
        if known is not None:
            continue
        for key in held:
            if key.valid_to is None and is_valid_at(key, now):
                # A period is never empty: a key entered this very instant ends a moment later.
                at = max(now, key.valid_from + dt.timedelta(microseconds=1))
                await store.end(tx, key.key_id, at)
                changed.append(msgspec.structs.replace(key, valid_to=at))
        new = PublicKey(key_id_of(public_key), purpose, public_key, now, algorithm=algorithm)
        changed.append(await _enter(tx, new))
    return changed


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
    key = await store.lock(tx, key_id)
    if key is None:
        raise NoSuchKey(key_id=key_id)
    if key.revoked_at is not None:
        raise KeyAlreadyRevoked(key_id=key_id, revoked_at=key.revoked_at.isoformat())
    await store.revoke(tx, key.key_id, now)
    return msgspec.structs.replace(key, revoked_at=now)
