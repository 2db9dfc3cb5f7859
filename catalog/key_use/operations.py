"""Remember that keys were loaded, how often they signed, and what nobody lived to tell."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx
from catalog.key_use import store
from catalog.key_use.counting import SILENT_FOR, KeyUse
from catalog.key_use.model import Count, Run, UseTold
from catalog.signing.model import KeyId

_ACTOR: Final[Actor] = system("keys")


async def begin(tx: Tx, *, use: KeyUse, now: dt.datetime) -> None:
    """Remember that a process loaded its keys, before it signs with any."""
    keys = use.keys_held()
    ids = tuple(key.key_id for key in keys)
    await store.insert(tx, Run(id=use.run, key_ids=ids, begun_at=now, told_at=now))
    await audit_log.append(
        tx,
        Event.KEY_LOADED,
        actor=_ACTOR,
        now=now,
        subjects=_about(ids),
        facts={"run": use.run, "keys": keys},
    )


async def tell(
    tx: Tx, *, use: KeyUse, now: dt.datetime, is_last: bool = False
) -> tuple[Count, ...]:
    """Remember what a process signed since it last told; return it, to be settled after the commit.

    A process that was given up as silent, and lives, begins anew.
    """
    run = await store.lock(tx, use.run)
    if run is None:
        await begin(tx, use=use, now=now)
    counts = use.counts()
    if counts or is_last:
        await _append(
            tx,
            now,
            UseTold(run=use.run, since=use.told_at, until=now, counts=counts, is_last=is_last),
            tuple(count.key_id for count in counts),
        )
    if is_last:
        await store.delete(tx, use.run)
    else:
        await store.tell(tx, use.run, now)
    return counts


async def give_up_silent(tx: Tx, *, now: dt.datetime) -> int:
    """Remember of each process that fell silent since when nothing is known; return how many."""
    silent = await store.take_silent(tx, now - SILENT_FOR)
    for run in silent:
        await _append(
            tx,
            now,
            UseTold(run=run.id, since=run.told_at, until=None, counts=None, is_last=True),
            run.key_ids,
        )
    return len(silent)


async def _append(tx: Tx, now: dt.datetime, told: UseTold, about: tuple[KeyId, ...]) -> None:
    await audit_log.append(
        tx,
        Event.KEY_USED,
        actor=_ACTOR,
        now=now,
        subjects=_about(about),
        facts=told.facts(),
    )


def _about(key_ids: tuple[KeyId, ...]) -> list[Subject]:
    return [Subject("key", key_id) for key_id in key_ids]
