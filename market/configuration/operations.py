"""Remember the configuration when it is another than the last one that was remembered."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.kernel.actor import system
from catalog.kernel.db import Tx
from market.configuration.effective import Configuration, changes

_ACTOR: Final = system("configuration")
# A lock of the whole database, so that it can not meet another's number by chance.
_LOCK: Final = 735_110_403


async def remember(tx: Tx, *, now: dt.datetime, configuration: Configuration) -> list[str]:
    """Remember what changed since the last start, by any process; return the names.

    Processes that start at once take turns, so that one says it and the others find it said.
    """
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    before = await _last(tx)
    changed = changes(before, configuration)
    if changed:
        await audit_log.append(
            tx,
            Event.CONFIGURATION_CHANGED,
            actor=_ACTOR,
            now=now,
            subjects=(),
            facts={"changed": changed, "sha256": configuration.sha256},
            before=before,
            after=configuration,
        )
    return changed


async def _last(tx: Tx) -> Configuration | None:
    entry = await log.find_newest(tx, Event.CONFIGURATION_CHANGED)
    if entry is None or entry.payload is None:  # never, or erased: everything is told again
        return None
    return msgspec.convert(entry.payload["after"], Configuration)
