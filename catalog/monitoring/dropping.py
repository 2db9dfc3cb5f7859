"""Say what a key is trusted for, and keep that it is not any more (不再信任的密钥).

A person who follows a log may know what the log can not say itself: that a key of it, or of a witness, is
in other hands. What is dropped is laid over what is trusted and taken out of nothing: whoever asks later
sees which key it was, for what it counted, why it counts no more, and what had been accepted on its
word alone.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator

import msgspec

from catalog.audit_log import key_notices
from catalog.audit_log.checkpoint import parse_checkpoint, parse_note
from catalog.audit_log.further_lines import FurtherKey
from catalog.audit_log.leaf import instant
from catalog.witnessing.log_keys import LogKeys
from catalog.witnessing.policy import Policy


class Trusted(enum.StrEnum):
    """What a key is trusted for."""

    LOG = "log"  # it signs the log, or speaks for its keys
    LINE = "line"  # a further line that every checkpoint must bear
    WITNESS = "witness"  # its cosignature counts for the quorum


class Alone(msgspec.Struct, frozen=True):
    """Between which sizes checkpoints were accepted that no other key known now had signed."""

    first: int
    last: int
    count: int


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is trusted no more, since when and why; and if it was taken back, the same of that."""

    key: str
    was: tuple[Trusted, ...]
    at: dt.datetime
    reason: str
    accepted_alone: Alone | None = None
    again_at: dt.datetime | None = None
    again_reason: str | None = None


def keys_of(dropped: Iterable[Dropped]) -> frozenset[str]:
    """Return the keys, as they are written, that are dropped and were not taken back."""
    return frozenset(each.key for each in dropped if each.again_at is None)


def trusted_for(
    vkey: str, keys: LogKeys, lines: Iterable[FurtherKey], policy: Policy | None
) -> tuple[Trusted, ...]:
    """Return what a key is trusted for, nothing if it is not known here."""
    witnesses = () if policy is None else policy.witnesses
    held = {
        Trusted.LOG: set(_of_the_log(keys)),
        Trusted.LINE: set(map(str, lines)),
        Trusted.WITNESS: {str(each.key) for each in witnesses},
    }
    return tuple(each for each, found in held.items() if vkey in found)


def _of_the_log(keys: LogKeys) -> Iterator[str]:
    yield from map(str, (*keys.pinned, *keys.every))
    for row in keys.notices:  # a root key signs no checkpoint, but says which keys do
        notice = key_notices.read(row.note)
        yield from (str(notice.key), str(notice.by))


def accepted_alone(notes: Iterable[bytes], left: LogKeys) -> Alone | None:
    """Return which of the notes that were accepted none of the keys that are left had signed."""
    sizes = []
    for raw in notes:
        note = parse_note(raw)
        checkpoint = parse_checkpoint(note.text)
        if not left.has_signed(note, checkpoint):
            sizes.append(checkpoint.size)
    return Alone(sizes[0], sizes[-1], len(sizes)) if sizes else None


def line(origin: str, dropped: Dropped) -> bytes:
    """Return that a key was dropped, or taken back, as it is told: one JSON object."""
    told: dict[str, object] = {"log": origin, "key": dropped.key, "was": dropped.was}
    if dropped.again_at is not None:
        told |= {"type": "trusted", "at": instant(dropped.again_at), "why": dropped.again_reason}
    else:
        told |= {"type": "dropped", "at": instant(dropped.at), "why": dropped.reason}
        told["accepted_alone"] = dropped.accepted_alone
    return msgspec.json.encode(told)
