"""Claim a key for a command, or find what was answered before."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid
from catalog.kernel.statements.db import Ahead
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


def claiming(
    *, principal: str, key: str, route: str, request_sha256: bytes, now: dt.datetime
) -> Ahead:
    """Return what claims a key for a command, as its transaction is opened."""
    return store.claiming(
        principal=principal, key=key, route=route, request_sha256=request_sha256, now=now
    )


async def find_answer(tx: Tx) -> StoredAnswer | None:
    """Return None when the key is ours that was claimed ahead, or the answer given under it before.

    :raises IdempotencyKeyReused: if it was used for another request.
    """
    assert tx.ahead is not None, "the key was claimed as the transaction was opened"
    if tx.touched_ahead:
        return None
    principal, key, route, request_sha256, _ = tx.ahead.args
    row = await store.find(tx, principal, key)
    if row is None or row["route"] != route or row["request_sha256"] != request_sha256:
        raise IdempotencyKeyReused(route=route)
    return StoredAnswer(status=row["status"], headers=row["headers"], body=bytes(row["body"]))


async def keep(
    tx: Tx, *, principal: str, key: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Keep the answer, in the transaction that did the work."""
    await store.keep(tx, principal=principal, key=key, status=status, headers=headers, body=body)
