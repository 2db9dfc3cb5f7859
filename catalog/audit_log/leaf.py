"""Build the bytes of an entry, once (叶与载荷). What is stored is what is hashed.

The leaf is public; the payload (who, for whom, before, after, why) is not, and can be erased.
The leaf holds only a salted commitment to it, so that nobody can guess a short payload.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from catalog.audit_log.model import Digest, EntryId, Leaf, Subject
from catalog.audit_log.tiles import MAX_ENTRY_LENGTH
from catalog.kernel.actor import Actor
from catalog.kernel.errors import Invalid
from catalog.signing.canonical import canonical, canonical_of_texts

VERSION: Final = 1
SALT_LENGTH: Final = 16  # 128 bits, as AUDIT_LOG R6 asks at least

_AT: Final = b'{"at":"'
_AT_BEGINS: Final = len(_AT)
#: As many bytes tell when an entry was made.
BEGINNING: Final = _AT_BEGINS + len("2026-01-01T00:00:00.000000Z")
_NULL: Final = b"null"
_decoder: Final = msgspec.json.Decoder(Leaf)


class EntryTooLong(Invalid):
    """A leaf has at most 65,535 bytes, because a bundle gives its length two bytes."""

    code = "audit_entry_too_long"


@functools.lru_cache(maxsize=64)  # all entries of a batch are of one instant
def instant(at: dt.datetime) -> str:
    """Return an instant as leaves write it: UTC, six decimals, ``Z``.

    :raises ValueError: if it is not aware.
    """
    if at.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def payload_bytes(
    actor: Actor,
    *,
    facts: Any = None,
    before: Any = None,
    after: Any = None,
    reason: str | None = None,
) -> bytes:
    """Return the payload: who acted, for whom, and what was before and after, and why."""
    return payload_of(acting(actor), facts=facts, before=before, after=after, reason=reason)


def acting(actor: Actor) -> bytes:
    """Return the part of a payload that is the same in all that an actor does at once."""
    who = {
        "account_id": actor.account_id,
        "party_id": actor.party_id,
        "name": actor.name,
        "roles": sorted(actor.roles),
    }
    return b'{"acting_for":%b,"actor":%b,' % (canonical(actor.acting_for), canonical(who))


def payload_of(
    acted: bytes,
    *,
    facts: Any = None,
    before: Any = None,
    after: Any = None,
    reason: str | None = None,
) -> bytes:
    """Return the payload of what was done by whom ``acting`` tells: the names in their order."""
    parts = (_NULL if each is None else canonical(each) for each in (after, before, facts, reason))
    return b'%b"after":%b,"before":%b,"facts":%b,"reason":%b}' % (acted, *parts)


def commitment(salt: bytes, payload: bytes) -> str:
    """Return the hex of SHA-256(salt ‖ payload)."""
    return hashlib.sha256(salt + payload).hexdigest()


def leaf_bytes(
    entry_id: EntryId,
    at: dt.datetime,
    event: str,
    *,
    subjects: Iterable[Subject],
    payload_sha256: str,
    digests: Iterable[Digest] = (),
    rules: Iterable[str] = (),
    order_seq: int | None = None,
) -> bytes:
    """Return the leaf as canonical JSON.

    :raises EntryTooLong: if it does not fit a bundle.
    """
    leaf = canonical_of_texts(
        Leaf(
            v=VERSION,
            id=str(entry_id),
            at=instant(at),
            event=event,
            subjects=tuple(subjects),
            payload_sha256=payload_sha256,
            digests=tuple(digests),
            rules=tuple(rules),
            order_seq=order_seq,
        )
    )
    if len(leaf) > MAX_ENTRY_LENGTH:
        raise EntryTooLong(length=len(leaf), maximum=MAX_ENTRY_LENGTH)
    return leaf


def made_at(leaf: bytes) -> dt.datetime | None:
    """Return when an entry was made, by its first bytes: in canonical JSON ``at`` comes first.

    None: the bytes are no leaf.
    """
    if not leaf.startswith(_AT):
        return None
    try:
        return dt.datetime.fromisoformat(leaf[_AT_BEGINS:BEGINNING].decode())
    except ValueError:
        return None


def read_leaf(leaf: bytes) -> Leaf:
    """Return the parts of a leaf.

    :raises msgspec.MsgspecError: if the bytes are no leaf.
    """
    try:
        return _decoder.decode(leaf)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
