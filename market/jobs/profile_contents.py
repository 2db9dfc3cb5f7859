"""Look into contents that were attached and not looked into yet (数据画像), a few each round."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.profiles import operations as profiles
from catalog.profiles import queries
from catalog.profiles.model import Profile, RefusedBytes
from catalog.profiles.queries import Waiting
from market.channels.cage import Cage, CageBusy
from market.channels.profiler import profiled

_ACTOR: Final = system("profile_contents", "product:describe")
PER_ROUND: Final = 4  # [P] half a minute at most in the usual case; the next round goes on
_log = structlog.get_logger("jobs")


async def run(
    db: Database, *, clock: Callable[[], dt.datetime], cage: Cage, directory: pathlib.Path
) -> int:
    """Profile some contents; return how many. What two processes do at once is kept once."""
    async with begin(db, _ACTOR) as tx:
        waiting = await queries.list_waiting(tx, limit=PER_ROUND)
    done = 0
    for each in waiting:
        try:
            found = await profiled(cage, directory, each.content)
        except CageBusy:
            break  # people come first
        except DomainError as error:
            # Bytes that are gone or altered: `market recheck` makes an incident of that. Here it must
            # not stop the contents behind it.
            _log.warning("content_not_profiled", sha256=each.content.sha256, code=error.code)
            found = RefusedBytes(error.code, {})
        await _keep(db, each, found, now=clock())
        done += 1
    return done


async def _keep(
    db: Database, waiting: Waiting, found: Profile | RefusedBytes, *, now: dt.datetime
) -> None:
    async def once(tx: Tx) -> None:
        await profiles.record(
            tx,
            actor=_ACTOR,
            now=now,
            product_id=waiting.product_id,
            content=waiting.content,
            found=found,
        )

    await database.run(db, _ACTOR, once)
