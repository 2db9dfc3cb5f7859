"""Claim a key for a command, or find what was answered before."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid
from market.idempotency import store


class IdempotencyKeyReused(Invalid):
    """The key was used for another request: another route or another body."""

    code = "idempotency_key_reused"


class AnswerNotKept(Conflict):
    """It was done under this key before; its answer held a secret, which is told only once."""

    code = "answer_not_kept"


class StoredAnswer(msgspec.Struct, frozen=True):
    """An answer as it was given the first time."""

    status: int
    headers: dict[str, str]
    body: bytes


async def claim(
    tx: Tx, *, principal: str, key: str, route: str, request_sha256: bytes, now: dt.datetime
) -> StoredAnswer | None:
    """Return None when the key is now ours, or the answer that was given under it before.

    :raises IdempotencyKeyReused: if it was used for another request.
    """
    if await store.claim(
        tx, principal=principal, key=key, route=route, request_sha256=request_sha256, now=now
    ):
        return None
    row = await store.find(tx, principal, key)
    if row is None or row["route"] != route or row["request_sha256"] != request_sha256:
        raise IdempotencyKeyReused(route=route)
    return StoredAnswer(status=row["status"], headers=row["headers"], body=bytes(row["body"]))


async def keep(
    tx: Tx, *, principal: str, key: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Keep the answer, in the transaction that did the work."""
    await store.keep(tx, principal=principal, key=key, status=status, headers=headers, body=body)
