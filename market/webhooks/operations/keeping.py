"""Register endpoints, rotate their secrets, switch them off and on, replay messages (回调地址)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Refused
from catalog.kernel.ids import new_id
from catalog.kernel.sealed import NONCE_BYTES, Box
from market.webhooks import addresses, delivering, sealing, signing, store, telling
from market.webhooks.model import (
    Delivery,
    Endpoint,
    EndpointId,
    EndpointSecret,
    NewEndpoint,
)
from market.webhooks.queries import WebhookMissing
from market.webhooks.sealing import SigningKeys

# [P] so many endpoints of one party are on: each is told everything that it asks for.
MOST_ENDPOINTS: Final = 20


class TooManyEndpoints(Refused):
    """The party has as many endpoints as it may; one is to be switched off first."""

    code = "webhook_endpoints_too_many"


class EndpointOff(Refused):
    """The endpoint is switched off, or on already."""

    code = "webhook_endpoint_off"


async def register(
    tx: Tx, *, actor: Actor, now: dt.datetime, new: NewEndpoint, allows_private: bool, box: Box
) -> EndpointSecret:
    """Register where one's party is told what happens; the secret is shown now and never again.

    :raises NotPermitted: if the actor keeps no endpoints.
    :raises WebhookUrlUnfit: if the address is none to which messages go.
    :raises EventTypeUnknown: if something can not be told.
    :raises TooManyEndpoints: if the party has as many as it may.
    """
    actor.require("webhook:manage")
    addresses.check_url(new.url, allows_private=allows_private)
    telling.check_types(new.event_types)
    await store.take_turn(tx, actor.party)
    if await store.count_endpoints(tx, actor.party) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(maximum=MOST_ENDPOINTS)
    keys = make_keys()
    endpoint = Endpoint(
        id=EndpointId(new_id()),
        party_id=actor.party,
        url=new.url,
        event_types=tuple(dict.fromkeys(new.event_types)),
        description=new.description,
        created_at=now,
        public_key=signing.public_key_of(keys),
    )
    await store.insert_endpoint(tx, endpoint)
    await _keep(tx, endpoint, keys, now=now, old_until=now, box=box)
    await _remember(
        tx,
        Happened.WEBHOOK_REGISTERED,
        endpoint,
        actor=actor,
        now=now,
        facts={"event_types": endpoint.event_types},
    )
    return EndpointSecret(endpoint=endpoint, secret=signing.secret_of(keys))


async def rotate(
    tx: Tx, *, actor: Actor, now: dt.datetime, endpoint_id: uuid.UUID, box: Box
) -> EndpointSecret:
    """Give an endpoint new keys; the old ones sign beside them for a day, so that none is missed.

    :raises NotPermitted: if the actor keeps no endpoints.
    :raises WebhookMissing: if it is not an endpoint of the actor's party.
    """
    before = await _lock(tx, actor, endpoint_id)
    until = now + delivering.OVERLAP
    keys = make_keys()
    endpoint = msgspec.structs.replace(before, public_key=signing.public_key_of(keys))
    await store.set_public_key(tx, endpoint.id, signing.public_key_of(keys))
    await _keep(tx, endpoint, keys, now=now, old_until=until, box=box)
    await _remember(tx, Happened.WEBHOOK_ROTATED, endpoint, actor=actor, now=now)
    return EndpointSecret(
        endpoint=endpoint, secret=signing.secret_of(keys), previous_valid_until=until
    )


async def switch(
    tx: Tx, *, actor: Actor, now: dt.datetime, endpoint_id: uuid.UUID, on: bool
) -> Endpoint:
    """Switch an endpoint off, or on again: what waited meanwhile goes out then.

    :raises NotPermitted: if the actor keeps no endpoints.
    :raises WebhookMissing: if it is not an endpoint of the actor's party.
    :raises EndpointOff: if it is so already.
    """
    before = await _lock(tx, actor, endpoint_id)
    if (before.disabled_at is None) == on:
        raise EndpointOff(is_on=on)
    after = msgspec.structs.replace(
        before,
        failing_since=None,
        disabled_at=None if on else now,
        disabled_because=None if on else "by its party",
    )
    await store.update_endpoint(tx, after)
    event = Happened.WEBHOOK_ENABLED if on else Happened.WEBHOOK_DISABLED
    await _remember(tx, event, after, actor=actor, now=now, facts={"because": "by its party"})
    return after


async def replay(tx: Tx, *, actor: Actor, now: dt.datetime, delivery_id: uuid.UUID) -> Delivery:
    """Tell a message once more, with the same id, as if it had never been tried (重放).

    :raises NotPermitted: if the actor keeps no endpoints.
    :raises WebhookMissing: if it is not a message to an endpoint of the actor's party.
    :raises WebhookEventNotAllowed: if it waits already.
    """
    actor.require("webhook:manage")
    before = await store.lock_delivery(tx, delivery_id)
    if before is None or before.party_id != actor.party:
        raise WebhookMissing
    after = delivering.replayed(before, at=now)
    await store.update_delivery(tx, after)
    endpoint = await store.find_endpoint(tx, before.endpoint_id)
    assert endpoint is not None, "a message has its endpoint"
    await _remember(
        tx,
        Happened.WEBHOOK_REPLAYED,
        endpoint,
        actor=actor,
        now=now,
        facts={"message_id": before.message_id},
    )
    return after


async def _lock(tx: Tx, actor: Actor, endpoint_id: uuid.UUID) -> Endpoint:
    actor.require("webhook:manage")
    found = await store.lock_endpoint(tx, endpoint_id)
    if found is None or found.party_id != actor.party:
        raise WebhookMissing
    return found


def make_keys(*, shared: bytes | None = None) -> SigningKeys:
    """Return new keys for an endpoint; ``shared`` is a secret that it has already."""
    return SigningKeys(
        shared=secrets.token_bytes(sealing.KEY_BYTES) if shared is None else shared,
        private=secrets.token_bytes(sealing.KEY_BYTES),
    )


def sealed(keys: SigningKeys, *, endpoint_id: uuid.UUID, number: int, box: Box) -> bytes:
    """Return keys as they are kept."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return sealing.seal_keys(box, keys, endpoint_id=endpoint_id, number=number, nonce=nonce)


async def _keep(
    tx: Tx,
    endpoint: Endpoint,
    keys: SigningKeys,
    *,
    now: dt.datetime,
    old_until: dt.datetime,
    box: Box,
) -> None:
    # They lie behind a wall of their own: nobody reads them but the job that signs.
    async with beyond_own_rows(tx):
        number = await store.next_number(tx, endpoint.id)
        await store.insert_keys(
            tx,
            endpoint.id,
            number=number,
            sealed=sealed(keys, endpoint_id=endpoint.id, number=number, box=box),
            now=now,
            old_until=old_until,
        )


async def _remember(
    tx: Tx,
    event: Happened,
    endpoint: Endpoint,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: dict[str, Any] | None = None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("webhook_endpoint", str(endpoint.id))],
        facts={"url": endpoint.url, "public_key": endpoint.public_key} | (facts or {}),
    )
