"""Name one's chief data officer (首席数据官, GD-01(a))."""

from __future__ import annotations

import datetime as dt

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from market.responsibility import store
from market.responsibility.model import ChiefDataOfficer, Named


async def name_officer(tx: Tx, *, actor: Actor, now: dt.datetime, named: Named) -> ChiefDataOfficer:
    """Name the chief data officer of one's party, in place of whoever it was.

    :raises NotPermitted: if the actor names none.
    """
    actor.require("chief_data_officer:name")
    await store.put(tx, actor.party, named, now=now)
    await audit_log.append(
        tx,
        Happened.CHIEF_DATA_OFFICER_NAMED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(actor.party))],
        after={"name": named.name, "post": named.post, "contact": named.contact},
        rules=("GD-01",),
    )
    found = await store.find(tx, actor.party)
    assert found is not None, "it was put there"
    return found
