"""Lock, save and remember a selection: the first and the last steps of every command on it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from catalog.agency_selection import store
from catalog.agency_selection.model import Bid, Panel, Selection
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.rulebook import Rulebook


async def lock(tx: Tx, selection_id: uuid.UUID) -> Selection:
    """Lock and return a selection.

    :raises Missing: if there is none.
    """
    selection = await store.lock(tx, selection_id)
    if selection is None:
        raise Missing
    return selection


async def lock_own(tx: Tx, actor: Actor, selection_id: uuid.UUID) -> Selection:
    """Lock and return a selection of the actor's operator.

    :raises Missing: if there is none, or it is another operator's.
    """
    selection = await lock(tx, selection_id)
    if selection.operator_party_id != actor.party:
        raise Missing
    return selection


async def panel_of(tx: Tx, selection: Selection) -> Panel:
    """Return the panel of a selection whose bids are opened.

    :raises Missing: if there is none that the actor may see.
    """
    panel = await store.find_panel(tx, selection.id)
    if panel is None:
        raise Missing
    return panel


async def standing_bids(tx: Tx, selection: Selection) -> list[Bid]:
    """Return the bids that were neither replaced nor withdrawn."""
    bids = await store.list_bids(tx, selection.id)
    return [bid for bid in bids if bid.replaced_at is None and bid.withdrawn_at is None]


async def rulebook_of(tx: Tx, selection: Selection) -> Rulebook:
    """Return the rulebook of a selection, as it stood on the day of its announcement."""
    day = local_date(selection.announced_at)
    return await rulebooks.of_case(tx, code=selection.rulebook, filed_on=day)


async def authority_of(tx: Tx, operator: PartyId, now: dt.datetime) -> PartyId:
    """Return the bureau that delegated the operator.

    :raises OperatorNotDelegated: if none has today (HN-05).
    """
    return (await delegations.require(tx, operator_party_id=operator, now=now)).authority_party_id


async def tell(
    tx: Tx,
    selection: Selection,
    topic: Topic,
    *,
    to: Iterable[PartyId],
    now: dt.datetime,
    **facts: str,
) -> None:
    """Tell parties about a selection, each once."""
    for party in sorted(set(to)):
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=topic,
            subject=Subject("agency_selection", str(selection.id)),
            facts={"selection_number": selection.selection_number, **facts},
        )


async def remember(
    tx: Tx,
    event: Event,
    selection: Selection,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Any = None,
    before: Selection | None = None,
    reason: str | None = None,
    also: Sequence[Subject] = (),
    digests: Sequence[Digest] = (),
) -> EntryId:
    """Append what happened to a selection to the log."""
    return (
        await audit_log.append(
            tx,
            event,
            actor=actor,
            now=now,
            subjects=[Subject("agency_selection", str(selection.id)), *also],
            facts=facts,
            before=None if before is None else {"state": before.state.value},
            after={"state": selection.state.value},
            reason=reason,
            rules=("HN-05", "HN-23"),
            digests=digests,
        )
    ).id
