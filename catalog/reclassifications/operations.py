"""Propose a lower level, take it back, confirm or refuse it (重新定级): two people, on the record."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import new_id
from catalog.products import queries as product_queries
from catalog.products.operations import publishing as products
from catalog.reclassifications import store
from catalog.reclassifications.lowering import check_second_person, lowered, proposed_for
from catalog.reclassifications.model import Proposal, ReclassificationId, ReclassificationRecord
from catalog.reclassifications.queries import ReclassificationMissing
from catalog.reclassifications.states import Event, State, advance


class ReclassificationUnderWay(Conflict):
    """A proposal for this product waits to be decided; one at a time."""

    code = "reclassification_under_way"


async def propose(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, proposal: Proposal
) -> ReclassificationRecord:
    """Propose to put one's own product below its sources; the first of two people.

    :raises NotPermitted: if the actor describes no products; no letter lets an agent do it.
    :raises ProductMissing: if the product is unknown or somebody else's.
    :raises ProductNotDescribed: if its description is not complete.
    :raises FileMissing: if the evidence is not a file of one's own.
    :raises DomainError: see ``lowering.proposed_for``.
    :raises ReclassificationUnderWay: if one waits already.
    """
    actor.require("reclassification:propose")
    product, description = await product_queries.get_for_registration(
        tx, viewer=actor, product_id=product_id
    )
    evidence = await files.get_own(tx, viewer=actor, file_id=proposal.evidence_file_id)
    record = ReclassificationRecord(
        id=ReclassificationId(new_id()),
        product_id=product.id,
        supplier_party_id=actor.party,
        state=State.PROPOSED,
        scheme=proposal.scheme,
        level=proposal.level,
        category=proposal.category,
        level_of_sources=proposed_for(description, proposal),
        reason=proposal.reason,
        evidence_file_id=evidence.id,
        evidence_sha256=evidence.sha256,
        proposed_by=actor.account_id,
        proposed_by_name=actor.name,
        proposed_at=now,
    )
    if not await store.insert(tx, record):
        raise ReclassificationUnderWay
    await _remember(tx, Happened.RECLASSIFICATION_PROPOSED, record, actor=actor, now=now)
    return record


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, reclassification_id: uuid.UUID
) -> ReclassificationRecord:
    """Take one's own proposal back before it is decided.

    :raises NotPermitted: if the actor proposes none.
    :raises ReclassificationMissing: if it is unknown or somebody else's.
    :raises ReclassificationEventNotAllowed: if it was decided.
    """
    actor.require("reclassification:propose")
    before = await store.lock(tx, reclassification_id)
    if before is None or before.supplier_party_id != actor.party:
        raise ReclassificationMissing
    after = msgspec.structs.replace(before, state=advance(before.state, Event.WITHDRAW))
    await store.update(tx, after)
    await _remember(tx, Happened.RECLASSIFICATION_WITHDRAWN, after, actor=actor, now=now)
    return after


async def decide(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    reclassification_id: uuid.UUID,
    is_confirmed: bool,
    remark: str,
) -> ReclassificationRecord:
    """Confirm a proposal, so that the product has its lower level, or refuse it; the second person.

    :raises NotPermitted: if the actor decides none.
    :raises ReclassificationMissing: if there is none.
    :raises ReclassificationEventNotAllowed: if it was decided or withdrawn.
    :raises ReclassificationByOneself: if the actor proposed it or is of its supplier.
    :raises ReclassificationOutdated: if the sources have another level by now.
    """
    actor.require("reclassification:decide")
    before = await store.lock(tx, reclassification_id)
    if before is None:
        raise ReclassificationMissing
    state = advance(before.state, Event.CONFIRM if is_confirmed else Event.REFUSE)
    check_second_person(before, actor)
    after = msgspec.structs.replace(
        before,
        state=state,
        decided_by=actor.account_id,
        decided_by_name=actor.name,
        decided_at=now,
        remark=remark,
    )
    if is_confirmed:
        await products.reclassify(
            tx,
            actor=actor,
            now=now,
            product_id=after.product_id,
            decide=lambda description: lowered(after, description, actor.name),
        )
    await store.update(tx, after)
    event = (
        Happened.RECLASSIFICATION_CONFIRMED if is_confirmed else Happened.RECLASSIFICATION_REFUSED
    )
    await _remember(tx, event, after, actor=actor, now=now)
    return after


async def _remember(
    tx: Tx, event: Happened, record: ReclassificationRecord, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("reclassification", str(record.id)),
            Subject("product", str(record.product_id)),
        ],
        facts={"level": record.level.value, "level_of_sources": record.level_of_sources.value},
        digests=[Digest("reclassification_evidence", str(record.id), record.evidence_sha256)],
        reason=record.remark or record.reason,
        rules=("GD-02", "BJ-23"),
    )
