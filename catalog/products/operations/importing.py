"""Take records of a foreign catalogue in (外部目录导入)."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid
from catalog.kernel.ids import new_id
from catalog.products import imports
from catalog.products.store import products


class ImportRecordDoubled(Invalid):
    """A batch names the same record twice, so it is open which one counts."""

    code = "import_record_doubled"


async def import_batch(
    tx: Tx, *, actor: Actor, now: dt.datetime, batch: Sequence[imports.Prepared]
) -> imports.Result:
    """Take records of a foreign catalogue in, all or none; those that stand there so are left.

    :raises NotPermitted: if the actor may not import.
    :raises ImportRecordDoubled: if the batch has a record twice.
    """
    actor.require("product:import")
    if len({prepared.key for prepared in batch}) < len(batch):
        raise ImportRecordDoubled
    unchanged = await products.find_unchanged(tx, batch)
    arriving = [prepared for prepared in batch if prepared.key not in unchanged]
    new = changed = 0
    if arriving:
        # Cutting words takes the time; meanwhile the transactions of other batches go on.
        rows = await asyncio.to_thread(lambda: [imports.row(prepared) for prepared in arriving])
        new, changed = await products.upsert_imported(tx, rows, now=now)
    result = imports.Result(imported=new, updated=changed, unchanged=len(batch) - new - changed)
    batch_id = str(new_id())
    await audit_log.append(
        tx,
        Event.PRODUCTS_IMPORTED,
        actor=actor,
        now=now,
        subjects=[Subject("import_batch", batch_id)],
        facts=msgspec.to_builtins(result),
        digests=[Digest("import_batch", batch_id, imports.batch_sha256(list(batch)))],
    )
    return result


async def withdraw_imported(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    source: str,
    source_ids: Sequence[str],
    reason: str,
) -> int:
    """Take back records that their foreign catalogue has no more, with a tombstone each; how many.

    A record that comes back is imported as a changed one.

    :raises NotPermitted: if the actor may not import.
    """
    actor.require("product:import")
    count = await products.withdraw_imported(tx, source, source_ids, reason=reason, now=now)
    if count:
        batch_id = str(new_id())
        await audit_log.append(
            tx,
            Event.PRODUCTS_WITHDRAWN,
            actor=actor,
            now=now,
            subjects=[Subject("import_batch", batch_id)],
            facts={"source": source, "withdrawn": count, "reason": reason},
        )
    return count
