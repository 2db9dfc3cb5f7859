"""Read the public keys. They are public: whoever asks may know them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.signing import store
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose


async def find_key(tx: Tx, key_id: str) -> PublicKey | None:
    """Return the key of that id, or None."""
    return await store.find(tx, key_id)


async def list_public_keys(tx: Tx) -> list[PublicKey]:
    """Return all keys that ever were, the service's and the parties', oldest first."""
    return await store.list_all(tx)


async def list_over(tx: Tx, at: dt.datetime) -> list[PublicKey]:
    """Return the service's keys that ended or were revoked at ``at`` or before, oldest first."""
    return await store.list_over(tx, at)


async def algorithms_of(tx: Tx, key_ids: Iterable[str]) -> dict[str, Algorithm]:
    """Return by which algorithm each of these keys signs."""
    return await store.algorithms_of(tx, key_ids)


async def list_keys_of(tx: Tx, holder: PartyId | None, purpose: Purpose) -> list[PublicKey]:
    """Return the keys of one holder for one purpose; the service's own for holder None."""
    return await store.list_of(tx, holder, purpose)
