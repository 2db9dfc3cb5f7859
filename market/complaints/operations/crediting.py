"""Make a finding of dishonesty out of a complaint that was upheld (失信行为认定, QD-S2)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.workdays import Calendar
from market.complaints import store
from market.complaints.model import Outcome
from market.complaints.queries import ComplaintMissing
from market.credit import operations as credit
from market.credit.model import Act, CreditRecord, Finding


class ComplaintNotUpheld(Refused):
    """Only what was found to be so says something about a party."""

    code = "complaint_not_upheld"


async def find_dishonest(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    complaint_id: uuid.UUID,
    act: Act,
    facts: str,
) -> CreditRecord:
    """Find that who was complained of did something dishonest; the complaint is what that rests on.

    :raises NotPermitted: if the actor finds nothing.
    :raises ComplaintMissing: if there is none that the actor may know of.
    :raises ComplaintNotUpheld: if it was not found to be so, not even partly.
    """
    actor.require("credit:find")
    complaint = await store.lock(tx, complaint_id)
    if complaint is None:
        raise ComplaintMissing
    if complaint.outcome not in (Outcome.UPHELD, Outcome.PARTLY_UPHELD):
        raise ComplaintNotUpheld(state=complaint.state.value)
    return await credit.find(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        finding=Finding(
            party_id=complaint.against_party_id,
            act=act,
            facts=facts,
            basis=f"投诉 {complaint.number} 处理决定 · decision on the complaint",
        ),
    )
