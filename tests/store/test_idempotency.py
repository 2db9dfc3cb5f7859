"""The record of answered commands, in the database."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, NothingRemembered, Tx, begin, run
from market.idempotency import operations as idempotency
from market.idempotency.operations import IdempotencyKeyReused, StoredAnswer

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


async def _answer(db: Database, actor: Actor, digest: bytes = b"1") -> StoredAnswer | None:
    async with begin(db, actor) as tx:
        stored = await idempotency.claim(
            tx, principal="p", key="k", route="POST /x", request_sha256=digest, now=NOW
        )
        if stored is None:
            await asyncio.sleep(0.05)
            await idempotency.keep(tx, principal="p", key="k", status=201, headers={}, body=b"{}")
        return stored


async def test_of_many_at_once_one_does_it_and_the_others_get_its_answer(
    db: Database, almighty: Actor
) -> None:
    answers = await asyncio.gather(*(_answer(db, almighty) for _ in range(20)))

    assert answers.count(None) == 1
    assert answers.count(StoredAnswer(status=201, headers={}, body=b"{}")) == 19


async def test_the_same_key_for_another_body_is_refused(db: Database, almighty: Actor) -> None:
    await _answer(db, almighty)

    with pytest.raises(IdempotencyKeyReused):
        await _answer(db, almighty, digest=b"2")


async def test_a_command_that_rolled_back_leaves_its_key_free(
    db: Database, almighty: Actor
) -> None:
    with pytest.raises(RuntimeError, match="midway"):  # noqa: PT012 - the body is what fails
        async with begin(db, almighty) as tx:
            await idempotency.claim(
                tx, principal="p", key="k", route="POST /x", request_sha256=b"1", now=NOW
            )
            raise RuntimeError("midway")

    assert await _answer(db, almighty) is None


async def test_a_command_that_remembers_nothing_is_undone(db: Database, almighty: Actor) -> None:
    async def forgetful(tx: Tx) -> None:
        await idempotency.claim(
            tx, principal="p", key="k", route="POST /x", request_sha256=b"1", now=NOW
        )

    with pytest.raises(NothingRemembered):
        await run(db, almighty, forgetful)

    assert await _answer(db, almighty) is None
