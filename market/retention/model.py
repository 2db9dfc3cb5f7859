"""The nouns of this room: a batch that is checked again, what was wrong, until when a case is kept."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec


class Kind(enum.StrEnum):
    """What is checked again."""

    FILES = "files"  # 留存文件的字节
    CERTIFICATES = "certificates"  # 凭证的签名与包含证明
    DOCUMENTS = "documents"  # 意见书、授权书、协议、评价的签名，法律文书所引文件


class Wrong(msgspec.Struct, frozen=True):
    """One thing that is not as it was kept."""

    id: str
    sha256: str
    name: str
    reason: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at next: from behind ``after``, in this round."""

    kind: Kind
    round: int
    after: str | None


class Recheck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a batch (复核记录); ``position`` is where the next one goes on."""

    id: uuid.UUID
    kind: Kind
    round: int
    position: str | None
    is_last: bool  # of its round: the next one begins anew
    checked_count: int
    wrong: tuple[Wrong, ...]
    checked_at: dt.datetime


class Retained(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a case is kept (留存期限); None while its certificate counts."""

    application_id: uuid.UUID
    application_number: str
    state: str
    ended_on: dt.date | None
    retain_until: dt.date | None
    is_past: bool
    held_by: tuple[str, ...] = ()  # complaints for which the evidence is held (证据固定)
