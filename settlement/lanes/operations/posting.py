"""Post what goes together in one transaction, and find out of each what became of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import asyncpg

from catalog.audit_log import operations as audit_log
from catalog.audit_log.model import Happened, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import DomainError
from settlement.lanes import store
from settlement.lanes.batching import by_transition, halves
from settlement.lanes.model import LaneLost, Move, Request, StateMoved, Transition
from settlement.ledger import operations as ledger
from settlement.ledger.operations import AccountIds, Effect, NotAllPosted, Posted
from settlement.ledger.queries import entries as books

Answer = Posted | Exception

# What the database refuses of an entry: the entry's own fault, whoever else is in the batch.
_REFUSED: Final = (DomainError, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)


async def hold(tx: Tx, *, lane: int, epoch: int) -> None:
    """Hold a lane until the transaction ends: nobody takes it over before.

    :raises LaneLost: if its epoch is over.
    """
    if not await store.renew(tx, lane, epoch):
        raise LaneLost(lane=lane)


async def claim(tx: Tx, *, lane: int, owner: str, is_free: bool, lease: dt.timedelta) -> int | None:
    """Begin a new epoch of a lane and return it; None while its writer gives signs of life."""
    return await store.claim(tx, lane, owner=owner, is_free=is_free, lease=lease)


async def post_together(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    requests: Sequence[Request],
    known: AccountIds,
) -> AccountIds:
    """Post all requests or none; return the ids of the accounts that were not ``known``.

    :raises NotAllPosted: if one can not be; the transaction is then to be undone.
    """
    found = await ledger.post_all(
        tx, actor=actor, now=now, entries=[each.entry for each in requests], known=known
    )
    for transition, moving in by_transition(requests).items():
        if await _move(tx, transition, moving, now) != len(moving):
            raise NotAllPosted
        await audit_log.append_many(
            tx, transition.event, actor=actor, now=now, happened=map(_moved, moving)
        )
    return found


async def post_each(
    tx: Tx, *, actor: Actor, now: dt.datetime, requests: Sequence[Request]
) -> list[Answer]:
    """Post the requests as if one came after the other; return what became of each, in their order.

    What is there already is looked at alone; the rest in halves, so that the few that are refused are
    found in few steps.
    """
    there = await books.list_there(tx, [each.entry.key for each in requests])
    answers: dict[uuid.UUID, Answer] = {}
    for request in requests:
        if request.entry.key in there:
            answers[request.entry.key] = await _alone(tx, actor, now, request)
    fresh = [each for each in requests if each.entry.key not in there]
    answers |= await _part(tx, actor, now, fresh)
    return [answers[each.entry.key] for each in requests]


async def find_out(
    tx: Tx, *, actor: Actor, now: dt.datetime, requests: Sequence[Request], lane: int
) -> list[Answer]:
    """Return what became of requests whose lane was taken over: nothing of it runs any more.

    Who began a new epoch has waited for the last batch of the old one. So what is not in the journal
    is not going to be.
    """
    there = await books.list_there(tx, [each.entry.key for each in requests])
    return [
        await _alone(tx, actor, now, each) if each.entry.key in there else LaneLost(lane=lane)
        for each in requests
    ]


async def _part(
    tx: Tx, actor: Actor, now: dt.datetime, requests: Sequence[Request]
) -> dict[uuid.UUID, Answer]:
    if len(requests) <= 1:
        return {each.entry.key: await _alone(tx, actor, now, each) for each in requests}
    try:
        async with tx.savepoint():
            await post_together(tx, actor=actor, now=now, requests=requests, known={})
    except NotAllPosted:
        first, second = halves(requests)
        answers = await _part(tx, actor, now, first)
        return answers | await _part(tx, actor, now, second)
    return {each.entry.key: Posted(each.entry, Effect.ACCEPTED) for each in requests}


async def _alone(tx: Tx, actor: Actor, now: dt.datetime, request: Request) -> Answer:
    try:
        async with tx.savepoint():
            posted = await ledger.post(tx, actor=actor, now=now, entry=request.entry)
            if posted.is_new and request.move is not None:
                await _move_alone(tx, actor, now, request, request.move)
    except _REFUSED as refused:
        return refused
    return posted


async def _move_alone(tx: Tx, actor: Actor, now: dt.datetime, request: Request, move: Move) -> None:
    if not await _move(tx, move.transition, [request], now):
        raise StateMoved(subject=move.transition.subject, id=str(move.id))
    await audit_log.append_many(
        tx, move.transition.event, actor=actor, now=now, happened=[_moved(request)]
    )


async def _move(
    tx: Tx, transition: Transition, requests: Sequence[Request], now: dt.datetime
) -> int:
    moving = [(each.move.id, each.entry.key) for each in requests if each.move is not None]
    ids, keys = zip(*moving, strict=True)
    return await store.move(tx, transition.sql, ids=ids, keys=keys, at=now)


def _moved(request: Request) -> Happened:
    assert request.move is not None, "only what moves is remembered as moved"
    about = Subject(request.move.transition.subject, str(request.move.id))
    return Happened(subjects=(about,), facts={"amount_fen": request.entry.amount_fen})
