"""The nouns of this room: an endpoint (回调地址), a message (回调消息), what was answered."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.webhooks.sealing import SigningKeys
from market.webhooks.states import State

EndpointId = NewType("EndpointId", uuid.UUID)
DeliveryId = NewType("DeliveryId", uuid.UUID)


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to tell, and what: names of ``/api/v1/webhook-event-types``."""

    url: Annotated[str, Meta(min_length=1, max_length=1_000)]
    event_types: Annotated[
        tuple[Annotated[str, Meta(max_length=100)], ...], Meta(min_length=1, max_length=100)
    ]
    description: Annotated[str, Meta(max_length=200)] = ""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a party is told what happened."""

    id: EndpointId
    party_id: PartyId
    url: str
    event_types: tuple[str, ...]
    description: str
    created_at: dt.datetime
    public_key: str | None = None  # of the newest key by which v1a is signed
    failing_since: dt.datetime | None = None
    disabled_at: dt.datetime | None = None
    disabled_because: str | None = None


class EndpointSecret(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with the secret by which it knows our messages: shown once."""

    endpoint: Endpoint
    secret: str
    previous_valid_until: dt.datetime | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one endpoint, and how far it is (``message_id`` is the same at each try)."""

    id: DeliveryId
    endpoint_id: EndpointId
    party_id: PartyId
    message_id: str
    event_type: str
    aggregate: str
    log_index: int
    payload: str
    state: State
    attempts: int
    next_attempt_at: dt.datetime
    created_at: dt.datetime
    last_status: int | None = None
    last_error: str | None = None
    settled_at: dt.datetime | None = None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a worker has taken, with where it goes and what signs it now."""

    delivery: Delivery
    url: str
    keys: tuple[SigningKeys, ...]  # the newest first; those before count until their last instant


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the other side said: its status, or (None) why there was none."""

    status: int | None
    error: str = ""
    retry_after_seconds: int | None = None


class EventTypes(msgspec.Struct, frozen=True):
    """What an endpoint may ask to be told."""

    items: tuple[str, ...]
