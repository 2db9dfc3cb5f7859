"""Say which events of the log are told to whom, and in which words (回调事件类型).

Only what has two parties, or happens to a party by somebody else's hand: orders, listings, complaints,
credit, certificates. The name is the log's own with a full stop, as the Standard Webhooks spec has it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from catalog.audit_log.events import Event
from catalog.kernel.errors import FieldError, Invalid

# By the noun of the event: which subject of the entry it is about.
_SUBJECT_OF: Final = {
    "order": "order",
    "contract": "order",
    "delivery": "order",
    "dispute": "order",
    "payout": "order",
    "grant": "order",
    "listing": "listing",
    "complaint": "complaint",
    "credit": "credit_record",
    "certificate": "certificate",
}
_PATHS: Final = {
    "order": "/api/v1/orders/{id}",
    "listing": "/api/v1/listings",
    "complaint": "/api/v1/complaints/{id}",
    "credit_record": "/api/v1/credit-records/{id}",
    "certificate": "/api/v1/certificates/{id}",
}


class EventTypeUnknown(Invalid):
    """There is no such event to be told."""

    code = "webhook_event_type_unknown"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is told: what happened to what; nothing that its reader could not ask for."""

    type: str
    timestamp: str
    data: dict[str, str | int]


def event_types() -> tuple[str, ...]:
    """Return the names of all that can be told, in the order of the log's list."""
    return tuple(_named(event) for event in Event if event.value.partition(":")[0] in _SUBJECT_OF)


def check_types(asked: Iterable[str]) -> None:
    """Return if all of these can be told.

    :raises EventTypeUnknown: if one can not, with its place.
    """
    known = set(event_types())
    errors = tuple(
        FieldError(f"/event_types/{n}", EventTypeUnknown.code)
        for n, each in enumerate(asked)
        if each not in known
    )
    if errors:
        raise EventTypeUnknown(fields=", ".join(each.pointer for each in errors), errors=errors)


def subject_of(event: str, subjects: Collection[str]) -> tuple[str, str] | None:
    """Return kind and id of what a told event is about, or None if it is told to nobody."""
    kind = _SUBJECT_OF.get(event.partition(":")[0])
    if kind is None:
        return None
    for subject in subjects:
        found, _, identifier = subject.partition(":")
        if found == kind:
            return kind, identifier
    return None


def type_of(event: str) -> str:
    """Return the name under which an event of the log is told."""
    return event.replace(":", ".")


def message_id(entry_id: uuid.UUID) -> str:
    """Return by what a receiver knows a message again: the same for every try and replay."""
    return f"msg_{entry_id.hex}"


def message(
    event: str, *, kind: str, identifier: str, at: dt.datetime, entry_id: uuid.UUID, index: int
) -> bytes:
    """Return the bytes of the message about one entry of the log."""
    return msgspec.json.encode(
        Message(
            type=type_of(event),
            timestamp=at.isoformat(),
            data={
                "kind": kind,
                "id": identifier,
                "href": _PATHS[kind].format(id=identifier),
                "log_entry_id": str(entry_id),
                "log_index": index,
            },
        )
    )


def _named(event: Event) -> str:
    return type_of(event.value)
