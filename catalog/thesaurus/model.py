"""Say what a group of synonyms is, and what was done to it (同义词组)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import AccountId
from catalog.thesaurus.states import State

SynonymGroupId = NewType("SynonymGroupId", uuid.UUID)


class SynonymGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Words for one thing, and whether they count."""

    id: SynonymGroupId
    words: tuple[str, ...]
    state: State
    reason: str  # of its last change
    changed_at: dt.datetime


class SynonymChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a group: what, by whom, when and why (变更记录). None is ever taken back."""

    id: uuid.UUID
    group_id: SynonymGroupId
    words: tuple[str, ...]
    state: State  # which the change brought about
    reason: str
    changed_by: AccountId | None
    changed_by_name: str
    changed_at: dt.datetime


class SynonymTable(msgspec.Struct, frozen=True, kw_only=True):
    """All groups in force, as they are exported and imported again (导出)."""

    version: int
    groups: list[tuple[str, ...]]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import changed: how many groups came, and how many were there before."""

    added: int
    known: int
    version: int
