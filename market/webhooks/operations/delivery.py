"""Make messages of what the log has got, hand them to workers, record what was answered (投递)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Row, Tx
from catalog.kernel.ids import new_id
from catalog.kernel.sealed import Box
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from market.webhooks import delivering, signing, store, telling
from market.webhooks.model import Answer, Delivery, DeliveryId, Endpoint, Taken
from market.webhooks.operations import keeping
from market.webhooks.states import State

# [P] so many entries are looked at in one transaction.
BATCH: Final = 1_000


async def tell(tx: Tx, *, actor: Actor, now: dt.datetime) -> int:
    """Make messages of the next entries of the log, in its order; return how many entries.

    The entry was written in the transaction of the command, and the place in the log and the messages
    are written in one here: what was done is told, and what was not done is not.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("webhook:deliver")
    start = await store.lock_size(tx)
    if start is None:
        return 0
    size = await log.get_size(tx)
    asked = await store.asked_types(tx)
    if not asked:
        if size != start:
            await store.set_size(tx, size)
        return 0
    events = [event.value for event in Happened if telling.type_of(event.value) in asked]
    end = min(start + BATCH, size)
    for row in await store.list_entries(tx, start=start, events=events, limit=end - start):
        await _address(tx, row, now=now)
    if end != start:
        await store.set_size(tx, end)
    return end - start


async def take_due(tx: Tx, *, actor: Actor, now: dt.datetime, limit: int, box: Box) -> list[Taken]:
    """Take messages that are due for this worker alone, of each thing one at a time.

    :raises NotPermitted: if the actor is not the job for it.
    :raises WebhookSecretSealed: if keys were sealed under another key than the service has.
    """
    actor.require("webhook:deliver")
    return await store.lease(tx, now=now, until=now + delivering.LEASE, limit=limit, box=box)


async def seal_bare(tx: Tx, *, actor: Actor, box: Box) -> int:
    """Seal secrets that were kept before there was a key for it, and give each a key for v1a.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("webhook:deliver")
    bare = await store.take_bare(tx, limit=BATCH)
    for row in bare:
        endpoint_id, number = row["endpoint_id"], row["number"]
        made = keeping.make_keys(shared=signing.shared_of(row["secret"]))
        sealed = keeping.sealed(made, endpoint_id=endpoint_id, number=number, box=box)
        public_key = signing.public_key_of(made)
        await store.seal(tx, endpoint_id, number=number, sealed=sealed, public_key=public_key)
    return len(bare)


async def record(
    tx: Tx, *, actor: Actor, now: dt.datetime, delivery_id: uuid.UUID, answer: Answer
) -> Delivery | None:
    """Record what was answered; an endpoint that failed too long is switched off, and its party told.

    None if another worker settled it meanwhile: this one had it for longer than its lease.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("webhook:deliver")
    delivery = await store.lock_delivery(tx, delivery_id)
    if delivery is None or delivery.state is not State.QUEUED:
        return None
    settled = delivering.settle(delivery, answer, at=now)
    await store.update_delivery(tx, settled)
    before = await store.lock_endpoint(tx, delivery.endpoint_id)
    assert before is not None, "a message has its endpoint"
    after = delivering.after(before, answer, at=now)
    if after != before:
        await store.update_endpoint(tx, after)
    if after.disabled_at is not None and before.disabled_at is None:
        await _switched_off(tx, after, actor=actor, now=now)
    return settled


async def _address(tx: Tx, row: Row, *, now: dt.datetime) -> None:
    about = telling.subject_of(row["event"], row["subjects"])
    if about is None:
        return
    kind, identifier = about
    parties = await store.list_parties(tx, kind, identifier, row["at"])
    event_type = telling.type_of(row["event"])
    for endpoint in await store.list_listening(
        tx, parties=parties, event_type=event_type, at=row["at"]
    ):
        payload = telling.message(
            row["event"],
            kind=kind,
            identifier=identifier,
            at=row["at"],
            entry_id=row["entry_id"],
            index=row["idx"],
        )
        await store.insert_delivery(
            tx,
            Delivery(
                id=DeliveryId(new_id()),
                endpoint_id=endpoint.id,
                party_id=endpoint.party_id,
                message_id=telling.message_id(row["entry_id"]),
                event_type=event_type,
                aggregate=f"{kind}:{identifier}",
                log_index=row["idx"],
                payload=payload.decode(),
                state=State.QUEUED,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
            ),
        )


async def _switched_off(tx: Tx, endpoint: Endpoint, *, actor: Actor, now: dt.datetime) -> None:
    await notifications.send(
        tx,
        now=now,
        to=endpoint.party_id,
        topic=Topic.WEBHOOK_DISABLED,
        subject=Subject("webhook_endpoint", str(endpoint.id)),
        facts={"url": endpoint.url, "since": endpoint.failing_since},
    )
    await audit_log.append(
        tx,
        Happened.WEBHOOK_DISABLED,
        actor=actor,
        now=now,
        subjects=[Subject("webhook_endpoint", str(endpoint.id))],
        facts={"url": endpoint.url, "because": endpoint.disabled_because},
    )
