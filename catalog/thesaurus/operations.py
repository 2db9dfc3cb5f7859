"""Change the table of synonyms (同义词维护): each change with its reason, in the log, at once in force."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.thesaurus import store
from catalog.thesaurus.grouping import Table, tidy
from catalog.thesaurus.model import Imported, SynonymChange, SynonymGroup, SynonymGroupId
from catalog.thesaurus.queries import SynonymGroupMissing
from catalog.thesaurus.states import Event, State, advance


async def propose(
    tx: Tx, *, actor: Actor, now: dt.datetime, words: Sequence[str], reason: str
) -> SynonymGroup:
    """Propose a group; it counts once somebody confirms it.

    :raises NotPermitted: if the actor proposes none.
    :raises DomainError: see ``grouping.tidy`` and ``grouping.Table.add``.
    """
    actor.require("synonym:propose")
    await store.lock(tx)
    group = await _new(tx, words=words, reason=reason, now=now, state=State.PROPOSED)
    await _keep(tx, Happened.SYNONYMS_PROPOSED, group, actor=actor)
    return group


async def add(
    tx: Tx, *, actor: Actor, now: dt.datetime, words: Sequence[str], reason: str
) -> SynonymGroup:
    """Put a group into force; the next question of every process is asked by it.

    :raises NotPermitted: if the actor does not edit the table.
    :raises DomainError: see ``grouping.tidy`` and ``grouping.Table.add``.
    """
    actor.require("synonym:edit")
    await store.lock(tx)
    group = await _new(tx, words=words, reason=reason, now=now, state=State.IN_FORCE)
    await _keep(tx, Happened.SYNONYMS_ADDED, group, actor=actor)
    return group


async def decide(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    group_id: uuid.UUID,
    is_confirmed: bool,
    reason: str,
) -> SynonymGroup:
    """Put a proposed group into force, or decline it.

    :raises NotPermitted: if the actor does not edit the table.
    :raises SynonymGroupMissing: if there is none.
    :raises SynonymEventNotAllowed: if it was decided.
    :raises DomainError: see ``grouping.Table.add``: others may have come since.
    """
    actor.require("synonym:edit")
    event = Event.CONFIRM if is_confirmed else Event.DECLINE
    group = await _moved(tx, group_id=group_id, event=event, reason=reason, now=now)
    if is_confirmed:
        Table((await store.read_table(tx)).groups).add(group.words)
    told = Happened.SYNONYMS_ADDED if is_confirmed else Happened.SYNONYMS_DECLINED
    await _keep(tx, told, group, actor=actor)
    return group


async def remove(
    tx: Tx, *, actor: Actor, now: dt.datetime, group_id: uuid.UUID, reason: str
) -> SynonymGroup:
    """Take a group out of force; the next question of every process is asked without it.

    :raises NotPermitted: if the actor does not edit the table.
    :raises SynonymGroupMissing: if there is none.
    :raises SynonymEventNotAllowed: if it is not in force.
    """
    actor.require("synonym:edit")
    group = await _moved(tx, group_id=group_id, event=Event.REMOVE, reason=reason, now=now)
    await _keep(tx, Happened.SYNONYMS_REMOVED, group, actor=actor)
    return group


async def import_groups(
    tx: Tx, *, actor: Actor, now: dt.datetime, groups: Sequence[Sequence[str]], reason: str
) -> Imported:
    """Put a list of groups into force, all or none; what is in force already is left as it is.

    :raises NotPermitted: if the actor does not edit the table.
    :raises DomainError: see ``grouping.tidy`` and ``grouping.Table.add``.
    """
    actor.require("synonym:edit")
    version = await store.lock(tx)
    beside = Table((await store.read_table(tx)).groups)
    added: list[SynonymGroup] = []
    for words in map(tidy, groups):
        if not beside.has(words):
            beside.add(words)
            added.append(_group(words, State.IN_FORCE, reason, now))
    await store.put(tx, added, [_change(group, actor) for group in added])
    if added:
        version = await store.raise_version(tx)
    await audit_log.append(
        tx,
        Happened.SYNONYMS_IMPORTED,
        actor=actor,
        now=now,
        subjects=[Subject("synonym_table", str(version))],
        facts={"added": len(added), "known": len(groups) - len(added), "version": version},
        reason=reason,
    )
    return Imported(added=len(added), known=len(groups) - len(added), version=version)


async def _new(
    tx: Tx, *, words: Sequence[str], reason: str, now: dt.datetime, state: State
) -> SynonymGroup:
    group = _group(tidy(words), state, reason, now)
    Table((await store.read_table(tx)).groups).add(group.words)
    return group


async def _moved(
    tx: Tx, *, group_id: uuid.UUID, event: Event, reason: str, now: dt.datetime
) -> SynonymGroup:
    await store.lock(tx)
    before = await store.find(tx, group_id)
    if before is None:
        raise SynonymGroupMissing
    return msgspec.structs.replace(
        before, state=advance(before.state, event), reason=reason, changed_at=now
    )


async def _keep(tx: Tx, event: Happened, group: SynonymGroup, *, actor: Actor) -> None:
    await store.put(tx, [group], [_change(group, actor)])
    if event in (Happened.SYNONYMS_ADDED, Happened.SYNONYMS_REMOVED):
        await store.raise_version(tx)
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=group.changed_at,
        subjects=[Subject("synonym_group", str(group.id))],
        facts={"words": list(group.words), "state": group.state.value},
        reason=group.reason,
    )


def _group(words: tuple[str, ...], state: State, reason: str, now: dt.datetime) -> SynonymGroup:
    return SynonymGroup(
        id=SynonymGroupId(new_id()), words=words, state=state, reason=reason, changed_at=now
    )


def _change(group: SynonymGroup, actor: Actor) -> SynonymChange:
    return SynonymChange(
        id=new_id(),
        group_id=group.id,
        words=group.words,
        state=group.state,
        reason=group.reason,
        changed_by=actor.account_id,
        changed_by_name=actor.name,
        changed_at=group.changed_at,
    )
