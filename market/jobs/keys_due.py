"""Enter the end of keys of the service that are over (密钥停用). Safe with several workers."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.audit_log.sequencer.operations.publishing import LogSigner
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.key_custody import operations as key_custody
from catalog.key_custody import queries

_ACTOR: Final = system("keys_due", "key:end")


async def run(db: Database, *, now: dt.datetime, signer: LogSigner) -> int:
    """Return how many keys were ended."""
    async with begin(db, _ACTOR) as tx:
        if not await queries.list_due(tx, now):
            return 0

    async def end(tx: Tx) -> int:
        ended = await key_custody.end_keys(
            tx, actor=_ACTOR, now=now, origin=signer.origin, by=signer.signer
        )
        return len(ended)

    return await database.run(db, _ACTOR, end, must_remember=False)
