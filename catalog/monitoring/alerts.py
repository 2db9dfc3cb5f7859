"""Name what a monitor may find wrong with a log (告警). The names never change their meaning."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Final

import msgspec

from catalog.audit_log.leaf import instant


class Kind(enum.StrEnum):
    """What is wrong."""

    UNREACHABLE = "log_unreachable"  # nothing was answered
    MALFORMED = "checkpoint_malformed"  # what is served is no checkpoint
    OTHER_LOG = "other_log"  # a checkpoint of another log
    UNSIGNED = "checkpoint_unsigned"  # by none of the keys that are pinned, or wrongly
    TRUNCATED = "log_truncated"  # smaller than a checkpoint that was accepted
    FORKED = "log_forked"  # does not continue one that was accepted: another history, signed
    FILE_MISSING = "file_missing"  # a tile or a bundle that the checkpoint promises
    TILE_DIFFERS = "tile_differs"  # a tile that does not lead to the signed root
    LEAF_DIFFERS = "leaf_differs"  # an entry that is not the one in the tree
    ENTRY_MALFORMED = "entry_malformed"  # in the tree, and no leaf of ours
    ORDER_BROKEN = (
        "order_sequence_broken"  # an entry of an order is missing, doubled or out of order
    )
    HEADS_DIFFER = "heads_differ"  # published heads hide entries, add some, or go back
    KEY_NOT_LOGGED = "key_not_logged"  # a published key that the log does not know like this
    NOTICE_WRONG = "key_notice_wrong"  # what is told of the log's own keys does not count
    NOTICE_MISSING = "key_notice_missing"  # the log has a notice about its keys that is not told
    KEY_DISTRUSTED = "key_distrusted"  # the log itself distrusts a key by which we knew it
    LINE_WRONG = "checkpoint_line_wrong"  # a line of a further algorithm that is not its key's
    LINE_MISSING = "checkpoint_line_missing"  # no such line, or none that can be checked here
    COSIGNATURE_WRONG = "cosignature_wrong"  # a line in a witness's name that is not its own
    QUORUM_MISSING = "quorum_missing"  # too few witnesses cosigned, for too long
    CHECKPOINT_STALE = "checkpoint_stale"  # nothing newer than that is signed
    HEADS_STALE = "heads_stale"  # entries older than that are under no heads
    REWRITTEN = "log_rewritten"  # what was read before is served otherwise now


#: What is found in what was signed once stays found, whatever is served later, until a person saw it.
LASTING: Final = frozenset(
    {
        Kind.TRUNCATED,
        Kind.FORKED,
        Kind.ENTRY_MALFORMED,
        Kind.ORDER_BROKEN,
        Kind.HEADS_DIFFER,
        Kind.KEY_DISTRUSTED,
        Kind.REWRITTEN,
    }
)


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: what it is about, and why."""

    kind: Kind
    about: str  # an entry, an order, a tile, a size
    why: str

    @property
    def key(self) -> str:
        """Return by what it is the same alert when it is found again."""
        return f"{self.kind}:{self.about}"


class Wrong(Exception):
    """Something of a log is wrong; nothing that hangs on it is taken. ``alert`` says what."""

    def __init__(self, kind: Kind, about: object, why: str) -> None:
        super().__init__(f"{kind} {about}: {why}")
        self.alert = Alert(kind=kind, about=str(about), why=why)


def line(origin: str, alert: Alert, *, since: dt.datetime, is_over: bool = False) -> bytes:
    """Return an alert as it is told: one JSON object."""
    return msgspec.json.encode(
        {
            "type": "over" if is_over else "alert",
            "log": origin,
            "alert": alert.kind,
            "about": alert.about,
            "why": alert.why,
            "key": alert.key,
            "since": instant(since),
        }
    )
