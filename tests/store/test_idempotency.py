"""The record of answered commands, in the database."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, NothingRemembered, Tx, begin, run
from catalog.kernel.statements.db import Ahead, literal
from market.idempotency import operations as idempotency
from market.idempotency.operations import IdempotencyKeyReused, StoredAnswer

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)


def _claiming(digest: bytes = b"1", key: str = "k", route: str = "POST /x") -> Ahead:
    return idempotency.claiming(principal="p", key=key, route=route, request_sha256=digest, now=NOW)


async def _answer(db: Database, actor: Actor, digest: bytes = b"1") -> StoredAnswer | None:
    async with begin(db, actor, ahead=_claiming(digest)) as tx:
        stored = await idempotency.find_answer(tx)
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
        async with begin(db, almighty, ahead=_claiming()) as tx:
            assert await idempotency.find_answer(tx) is None
            raise RuntimeError("midway")

    assert await _answer(db, almighty) is None


async def test_a_command_that_remembers_nothing_is_undone(db: Database, almighty: Actor) -> None:
    async def forgetful(tx: Tx) -> None:
        assert await idempotency.find_answer(tx) is None

    with pytest.raises(NothingRemembered):
        await run(db, almighty, forgetful, ahead=_claiming())

    assert await _answer(db, almighty) is None


@pytest.mark.parametrize("awkward", ["it's", "back\\slash", "E'\\'; SELECT 1; --", "a b", "数据"])
async def test_what_is_asked_may_hold_whatever_ends_a_text_elsewhere(
    db: Database, almighty: Actor, awkward: str
) -> None:
    claiming = _claiming(key=awkward, route=f"POST /{awkward}")

    async with begin(db, almighty, ahead=claiming) as tx:
        assert await idempotency.find_answer(tx) is None
        await idempotency.keep(tx, principal="p", key=awkward, status=200, headers={}, body=b"")
    async with begin(db, almighty, ahead=claiming) as tx:
        again = await idempotency.find_answer(tx)
        kept = await tx.fetch_one("SELECT idempotency_key, route FROM market.answered_commands")

    assert again is not None
    assert kept is not None
    assert tuple(kept) == (awkward, f"POST /{awkward}")


def test_the_one_character_that_no_text_holds_is_refused_and_cuts_nothing_off() -> None:
    with pytest.raises(ValueError, match="NUL"):
        literal("POST /x\0'; DROP")
