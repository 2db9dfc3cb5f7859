"""Take an edition of a code table into the catalogue."""

from __future__ import annotations

import datetime as dt

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.code_trees import store
from catalog.code_trees.model import Table
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx


async def load(tx: Tx, *, actor: Actor, now: dt.datetime, table: Table) -> None:
    """Let a tree be as an edition of its standard says. Codes that it drops stay known as dropped.

    :raises NotPermitted: if the actor loads no code tables.
    """
    actor.require("code_tree:load")
    await store.put(tx, table, now=now)
    await audit_log.append(
        tx,
        Event.CODE_TREE_LOADED,
        actor=actor,
        now=now,
        subjects=[Subject("code_tree", table.tree.value)],
        facts={"tree": table.tree.value, "codes": len(table.entries)},
        digests=[Digest("code_tree", table.tree.value, table.sha256)],
    )
