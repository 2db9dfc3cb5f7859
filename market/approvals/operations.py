"""Lay down a chain; ask, decide, take back; and let through what was approved (内部审批)."""

from __future__ import annotations

import datetime as dt
import uuid

from msgspec.structs import replace

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing, Refused
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from market.approvals import chain, deciding, store
from market.approvals.model import Approval, ApprovalId, Chain, Step, Verdict, Wanted
from market.approvals.states import State
from market.identity import queries as identity


class ApprovalRequired(Refused):
    """The organisation's own chain asks for an approval of exactly these terms first."""

    code = "approval_required"


class ApprovalPending(Refused):
    """The organisation's own approval is asked for, and not through yet."""

    code = "approval_pending"


class ApprovalAskedBefore(Conflict):
    """Approval of these terms is asked for, or was given."""

    code = "approval_asked_before"


class ApprovalNotNeeded(Refused):
    """No step of the chain asks for this amount, or the organisation has no chain."""

    code = "approval_not_needed"


async def define_chain(tx: Tx, *, actor: Actor, now: dt.datetime, steps: tuple[Step, ...]) -> Chain:
    """Lay down the chain of one's own party (设定审批链); what was asked before keeps its steps.

    :raises NotPermitted: if the actor lays down no chains.
    :raises ApprovalChainOfBuyer: if the actor is one of those who would have to ask.
    :raises ApprovalChainUnfit: if a step names nobody who decides.
    """
    actor.require("approval_chain:define")
    if actor.may("approval:request"):
        raise chain.ApprovalChainOfBuyer
    chain.check(steps, await identity.roles_of_colleagues(tx, viewer=actor, on=local_date(now)))
    await store.put_chain(
        tx,
        Chain(
            party_id=actor.party,
            steps=steps,
            version=1,
            updated_at=now,
            updated_by=identity.account_of(actor),
        ),
    )
    defined = await store.find_chain(tx, actor.party)
    assert defined is not None, "it was just stored"
    await audit_log.append(
        tx,
        Happened.APPROVAL_CHAIN_DEFINED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(actor.party))],
        facts={"steps": steps},
        after={"version": defined.version},
    )
    return defined


async def request(tx: Tx, *, actor: Actor, now: dt.datetime, wanted: Wanted) -> Approval:
    """Ask one's own organisation (提交审批). The caller holds the thing locked, and says what it is.

    :raises NotPermitted: if the actor asks for no approvals.
    :raises ApprovalNotNeeded: if no step asks for this amount.
    :raises ApprovalAskedBefore: if it is asked for already, or given.
    :raises ApprovalWithoutApprover: if nobody but the actor could approve.
    """
    actor.require("approval:request")
    steps = await _applying(tx, actor.party, wanted.amount_fen)
    if not steps:
        raise ApprovalNotNeeded
    live = await _live(tx, actor.party, wanted)
    if live is not None and not deciding.is_over(live, now):
        raise ApprovalAskedBefore(state=live.state.value)
    if live is not None:
        await _expire(tx, live, actor=actor, now=now)
    asked = deciding.begin(
        wanted,
        steps,
        approval_id=ApprovalId(new_id()),
        party=actor.party,
        by=identity.account_of(actor),
        colleagues=await identity.roles_of_colleagues(tx, viewer=actor, on=local_date(now)),
        now=now,
    )
    await store.insert(tx, asked)
    await _remember(tx, Happened.APPROVAL_REQUESTED, asked, actor=actor, now=now)
    await _tell(tx, Topic.APPROVAL_WANTED, asked, now=now)
    return asked


async def decide(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    approval_id: uuid.UUID,
    verdict: Verdict,
    reason: str,
) -> Approval:
    """Approve, reject or skip the open step (审批); the next step opens, or it is over.

    :raises NotPermitted: if the actor decides nothing.
    :raises Missing: if it is unknown, or another party's.
    :raises ApprovalEventNotAllowed: if no step is open any more.
    :raises ApprovalOfAnother: if it is not the actor's to decide (and the others of
        ``deciding.decide``).
    """
    actor.require("approval:decide")
    before = await _lock(tx, actor, approval_id)
    after = deciding.decide(
        before,
        verdict,
        by=identity.account_of(actor),
        may_skip=actor.may("approval_chain:define"),
        reason=reason,
        colleagues=await identity.roles_of_colleagues(tx, viewer=actor, on=local_date(now)),
        now=now,
    )
    kept = await _keep(tx, after, now=now)
    await _remember(
        tx, Happened.APPROVAL_DECIDED, kept, actor=actor, now=now, reason=reason.strip() or None
    )
    is_waiting = kept.state is State.PENDING
    topic = Topic.APPROVAL_WANTED if is_waiting else Topic.APPROVAL_DECIDED
    await _tell(tx, topic, kept, now=now)
    return kept


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, approval_id: uuid.UUID) -> Approval:
    """Take back what one asked for, or approved, and nothing was said by (撤回).

    :raises NotPermitted: if the actor decides nothing.
    :raises Missing: if it is unknown, or another party's.
    :raises ApprovalEventNotAllowed: if it is over, or was used.
    :raises ApprovalOfAnother: if it is somebody else's.
    """
    actor.require("approval:decide")
    before = await _lock(tx, actor, approval_id)
    after = deciding.withdraw(before, by=identity.account_of(actor))
    kept = await _keep(tx, after, now=now)
    await _remember(tx, Happened.APPROVAL_WITHDRAWN, kept, actor=actor, now=now)
    return kept


async def let_through(tx: Tx, *, party: PartyId, now: dt.datetime, wanted: Wanted) -> None:
    """Return if a party may bind itself to these terms; an approval is used by it (放行).

    A part of the command that says it, and remembers it.

    :raises ApprovalRequired: if the chain asks for an approval, and none was asked for or given.
    :raises ApprovalPending: if it is not through yet.
    """
    live = await _live(tx, party, wanted)
    if live is not None and live.state is State.USED:
        return
    if live is not None and live.state is State.APPROVED:
        await _keep(tx, deciding.use(live), now=now)
        return
    if live is not None and not deciding.is_over(live, now):
        waiting = live.open_step
        assert waiting is not None, "what is pending has an open step"
        raise ApprovalPending(step=waiting.step.name)
    if await _applying(tx, party, wanted.amount_fen):
        raise ApprovalRequired(amount_fen=wanted.amount_fen)


async def expire(
    tx: Tx, *, actor: Actor, now: dt.datetime, approval_id: uuid.UUID
) -> Approval | None:
    """Note that the time of a step is over (逾期); None if it was decided meanwhile.

    :raises NotPermitted: if the actor is no job of ours.
    """
    actor.require("approval:expire")
    before = await store.lock(tx, approval_id)
    if before is None or not deciding.is_over(before, now):
        return None
    return await _expire(tx, before, actor=actor, now=now)


async def _expire(tx: Tx, before: Approval, *, actor: Actor, now: dt.datetime) -> Approval:
    kept = await _keep(tx, deciding.expire(before, now), now=now)
    await _remember(tx, Happened.APPROVAL_EXPIRED, kept, actor=actor, now=now)
    await _tell(tx, Topic.APPROVAL_DECIDED, kept, now=now)
    return kept


async def _applying(tx: Tx, party: PartyId, amount_fen: int) -> tuple[Step, ...]:
    found = await store.find_chain(tx, party)
    return () if found is None else chain.applying(found.steps, amount_fen)


async def _live(tx: Tx, party: PartyId, wanted: Wanted) -> Approval | None:
    return await store.lock_live(
        tx,
        party,
        about=wanted.about,
        subject_id=wanted.subject_id,
        terms_sha256=wanted.terms_sha256,
    )


async def _lock(tx: Tx, actor: Actor, approval_id: uuid.UUID) -> Approval:
    found = await store.lock(tx, approval_id)
    if found is None or found.party_id != actor.party:
        raise Missing
    return found


async def _keep(tx: Tx, after: Approval, *, now: dt.datetime) -> Approval:
    kept = replace(after, version=after.version + 1, updated_at=now)
    await store.update(tx, kept)
    return kept


async def _tell(tx: Tx, topic: Topic, about: Approval, *, now: dt.datetime) -> None:
    waiting = about.open_step
    await notifications.send(
        tx,
        now=now,
        to=about.party_id,
        topic=topic,
        subject=Subject("approval", str(about.id)),
        facts={
            "product_name": about.wanted.product_name,
            "amount_fen": about.wanted.amount_fen,
            "step": "—" if waiting is None else waiting.step.name,
            "state": about.state.value,
        },
    )


async def _remember(
    tx: Tx,
    event: Happened,
    about: Approval,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    # The leaf, which is public, names the approval alone: the other side knows the negotiation's
    # id, and would find by it that somebody is asked.
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("approval", str(about.id))],
        facts={"wanted": about.wanted, "steps": about.steps},
        after={"state": about.state.value, "version": about.version},
        reason=reason,
    )
