"""Write and read what a log says of its own keys (密钥公告): a signed note of C2SP for each change.

A notice is signed by the key that it brings and by one that was trusted before, and its digest stands
in an entry of the log. So whoever knows one key of a log finds the next ones, and the place from which
each counts. The format is told in FORMAT.md.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from catalog.audit_log.checkpoint import (
    NoteMalformed,
    VerifierKey,
    VerifierKeyMalformed,
    is_signed_by,
    parse_note,
    parse_vkey,
    sign_line,
)
from catalog.audit_log.leaf import instant
from catalog.kernel.errors import Invalid, Refused

FORMAT: Final = "shushi/key-notice/1"
KIND: Final = "key_notice"  # of the digest that binds it
ROOT: Final = "/root"  # after the log's name: the name of its root key

_LINES: Final = 6
_WITH_PLACE: Final = 7


class Action(enum.StrEnum):
    """What becomes of a key of the log."""

    ANNOUNCE = "announce"  # 启用: it signs checkpoints from the notice's entry on
    ROOT = "root"  # 设立根密钥: it may announce and distrust, and signs no checkpoint
    END = "end"  # 停用: it signs nothing from the notice's entry on
    DISTRUST = "distrust"  # 不可信: what it signed from the entry named on never counted


class KeyNoticeMalformed(Invalid):
    """The text is no notice about a key of a log."""

    code = "key_notice_malformed"


class KeyNoticeNotSigned(Refused):
    """A key that has to sign the notice did not."""

    code = "key_notice_not_signed"


class KeyNotice(msgspec.Struct, frozen=True):
    """What is said of one key of a log, and on whose authority."""

    action: Action
    key: VerifierKey
    by: VerifierKey
    at: str
    since: int | None = None  # only of a distrust: the first entry that does not count

    @property
    def origin(self) -> str:
        """Return which log it is about."""
        return self.by.name.removesuffix(ROOT)

    @property
    def signers(self) -> tuple[VerifierKey, ...]:
        """Return who must have signed it: a key that it brings shows that somebody has it."""
        brings = self.action in (Action.ANNOUNCE, Action.ROOT)
        return (self.by, self.key) if brings else (self.by,)

    def text(self) -> str:
        """Return the note's text, one thing on each line."""
        lines = [FORMAT, self.origin, self.action, f"key {self.key}", f"by {self.by}"]
        lines += [f"at {self.at}"]
        if self.since is not None:
            lines.append(f"from {self.since}")
        return "\n".join(lines) + "\n"


def drawn_up(
    action: Action,
    key: VerifierKey,
    by: VerifierKey,
    now: dt.datetime,
    since: int | None = None,
) -> KeyNotice:
    """Return a notice as it is to be signed."""
    return KeyNotice(action, key, by, instant(now), since)


def signed(notice: KeyNotice, signatures: Iterable[tuple[VerifierKey, bytes]]) -> bytes:
    """Return the notice as a signed note."""
    lines = "".join(sign_line(key, signature) for key, signature in signatures)
    return f"{notice.text()}\n{lines}".encode()


def read(raw: bytes) -> KeyNotice:
    """Return what a signed notice says; whether its keys may say it, the chain tells.

    :raises KeyNoticeMalformed: if it is none, or not written as it has to be.
    :raises KeyNoticeNotSigned: if a key that has to sign it did not.
    """
    try:
        note = parse_note(raw)
        notice = _parsed(note.text.split("\n")[:-1])
    except (NoteMalformed, VerifierKeyMalformed) as error:
        raise KeyNoticeMalformed(reason=error.facts["reason"]) from error
    except ValueError as error:
        raise KeyNoticeMalformed(reason=str(error)) from error
    if notice.text() != note.text:
        raise KeyNoticeMalformed(reason="not written as it has to be")
    for key in notice.signers:
        if not is_signed_by(note, key):
            raise KeyNoticeNotSigned(key=str(key))
    return notice


def _parsed(lines: Sequence[str]) -> KeyNotice:
    if len(lines) not in (_LINES, _WITH_PLACE) or lines[0] != FORMAT:
        raise ValueError("not the lines of a notice")
    action = Action(lines[2])
    key = parse_vkey(_after("key ", lines[3]))
    by = parse_vkey(_after("by ", lines[4]))
    since = None if len(lines) == _LINES else int(_after("from ", lines[6]))
    origin = lines[1]
    named = origin + ROOT if action is Action.ROOT else origin
    if key.name != named or by.name not in (origin, origin + ROOT) or key == by:
        raise ValueError("a key of another log, or one that speaks for itself")
    if (action is Action.DISTRUST) != (since is not None) or (since is not None and since < 0):
        raise ValueError("an entry from which on is named where a key is distrusted")
    return KeyNotice(action, key, by, _after("at ", lines[5]), since)


def _after(word: str, line: str) -> str:
    if not line.startswith(word):
        raise ValueError(f"no line of {word.strip()}")
    return line.removeprefix(word)


def digest(raw: bytes) -> str:
    """Return what the entry of a notice holds of it."""
    return hashlib.sha256(raw).hexdigest()
