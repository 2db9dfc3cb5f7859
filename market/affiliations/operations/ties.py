"""State a tie, say until when it stands, take an excerpt of a register of companies (申报、终止、摘录)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from market.affiliations import stating, store
from market.affiliations.model import Excerpt, Source, Stated, Tie, TieId
from market.affiliations.queries import TieMissing


async def state(
    tx: Tx, *, actor: Actor, now: dt.datetime, stated: Stated, identity_key: bytes
) -> Tie:
    """State a tie: a party what stands above itself, the operator whatever it has verified (申报、核录).

    :raises NotPermitted: if the actor states nothing.
    :raises TieEndUnnamed: if an end is not named (and the others of ``stating.node_of``).
    :raises TieEndsUnfit: if such a tie is not between these two (and the others of ``stating.check``).
    :raises TieNotOwn: if a party states what is between others.
    :raises TieStatedBefore: if it stated the same before.
    """
    actor.require("affiliation:state")
    is_operator = actor.may("affiliation:record")
    tie = _tie(
        stated,
        actor=actor,
        now=now,
        source=Source.OPERATOR if is_operator else Source.DECLARED,
        identity_key=identity_key,
    )
    if not is_operator:
        before = await store.list_stated_by(tx, actor.party)
        stating.check_own(tie.holder, tie.held, await store.node_of(tx, actor.party), before)
        stating.check_new(tie, before)
    await store.insert_ties(tx, [tie])
    await _remember(tx, Happened.AFFILIATION_STATED, tie, actor=actor, now=now)
    return tie


async def end(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    tie_id: uuid.UUID,
    last_day: dt.date,
    reason: str,
) -> Tie:
    """Say until when a tie stands (终止): a party of its own, from today on; the operator of any.

    :raises NotPermitted: if the actor states nothing.
    :raises TieMissing: if it is unknown, or a party did not state it itself.
    :raises TieBasisMissing: if nothing says by what it is known.
    :raises TieEndedBefore: if that was said before (and the others of ``stating.check_end``).
    """
    actor.require("affiliation:state")
    is_operator = actor.may("affiliation:record")
    before = await store.lock_tie(tx, tie_id)
    if before is None or not (is_operator or _is_own(before, actor)):
        raise TieMissing
    if not reason.strip():
        raise stating.TieBasisMissing
    stating.check_end(before, last_day, today=local_date(now), may_backdate=is_operator)
    after = msgspec.structs.replace(before, valid_until=last_day, ended_at=now, end_reason=reason)
    await store.end_tie(tx, after)
    await _remember(tx, Happened.AFFILIATION_ENDED, after, actor=actor, now=now, reason=reason)
    return after


async def take_excerpt(
    tx: Tx, *, actor: Actor, now: dt.datetime, excerpt: Excerpt, identity_key: bytes
) -> list[Tie]:
    """Take all that a register says of one organisation: what it says no more has ended (登记摘录).

    Taken again, it changes nothing.

    :raises NotPermitted: if the actor is not the operator's.
    :raises ExcerptUnfit: if it tells of others, or of more than the whole.
    :raises TieEndUnnamed: if an end is not named (and the others of ``stating``).
    """
    actor.require("affiliation:record")
    organisation = stating.node_of(excerpt.organisation, identity_key)
    basis = f"{excerpt.number}（{excerpt.as_of.isoformat()}）"
    told = [
        _tie(
            msgspec.structs.replace(each, basis=basis),
            actor=actor,
            now=now,
            source=Source.REGISTER,
            identity_key=identity_key,
        )
        for each in excerpt.ties
    ]
    stating.check_excerpt(excerpt, organisation, (tie.held for tie in told))
    known = await store.list_of_register(tx, organisation)
    same = {_said(tie) for tie in known} & {_said(tie) for tie in told}
    new = [tie for tie in told if _said(tie) not in same]
    gone = [tie for tie in known if _said(tie) not in same]
    for tie in gone:
        last_day = max(tie.valid_from, excerpt.as_of - dt.timedelta(days=1))
        await store.end_tie(
            tx,
            msgspec.structs.replace(tie, valid_until=last_day, ended_at=now, end_reason=basis),
        )
    await store.insert_ties(tx, new)
    await audit_log.append(
        tx,
        Happened.AFFILIATION_EXCERPT_TAKEN,
        actor=actor,
        now=now,
        subjects=[Subject("affiliation", str(tie.id)) for tie in (*new, *gone)],
        facts={
            "organisation": organisation,
            "number": excerpt.number,
            "as_of": excerpt.as_of,
            "new": [_facts(tie) for tie in new],
            "ended": [str(tie.id) for tie in gone],
        },
        rules=("GD-18",),
    )
    return new


def _is_own(tie: Tie, actor: Actor) -> bool:
    return tie.source is Source.DECLARED and tie.stated_by_party_id == actor.party


def _tie(
    stated: Stated, *, actor: Actor, now: dt.datetime, source: Source, identity_key: bytes
) -> Tie:
    holder = stating.node_of(stated.holder, identity_key)
    held = stating.node_of(stated.held, identity_key)
    stating.check(stated, holder, held)
    return Tie(
        id=TieId(new_id()),
        kind=stated.kind,
        holder=holder,
        holder_name=stated.holder.name.strip(),
        held=held,
        held_name=stated.held.name.strip(),
        share_bps=stated.share_bps,
        is_state_investor=stated.is_state_investor,
        valid_from=stated.valid_from,
        valid_until=stated.valid_until,
        source=source,
        stated_by_party_id=actor.party,
        basis=stated.basis,
        stated_at=now,
    )


def _said(tie: Tie) -> tuple[object, ...]:
    """Return what a tie says, whoever took it and when."""
    return (tie.kind, tie.holder, tie.held, tie.share_bps, tie.is_state_investor, tie.valid_from)


def _facts(tie: Tie) -> dict[str, object]:
    return {
        "id": str(tie.id),
        "kind": tie.kind.value,
        "holder": tie.holder,
        "held": tie.held,
        "share_bps": tie.share_bps,
        "source": tie.source.value,
        "valid_from": tie.valid_from,
        "valid_until": tie.valid_until,
    }


async def _remember(
    tx: Tx,
    event: Happened,
    tie: Tie,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("affiliation", str(tie.id))],
        facts=_facts(tie),
        reason=reason or tie.basis,
        rules=("GD-18",),
    )
