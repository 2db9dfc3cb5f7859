"""Say what a collection is, what stands in it, and what its cover tells."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.collections.states import State

CollectionId = NewType("CollectionId", uuid.UUID)


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One product of a collection, and what the curator says of it."""

    product_id: uuid.UUID
    note: Annotated[str, Meta(max_length=500)] = ""


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the curator writes: the products in their order."""

    title: Annotated[str, Meta(min_length=1, max_length=100)]
    text: Annotated[str, Meta(max_length=5_000)] = ""
    audience: Annotated[str, Meta(max_length=100)] = ""  # for whom it is (GX-4)
    entries: Annotated[tuple[Entry, ...], Meta(max_length=200)] = ()


class Presence(enum.StrEnum):
    """Whether a product can be found where the collection names it."""

    THERE = "there"  # 在架
    GONE = "gone"  # 暂未公开
    WITHDRAWN = "withdrawn"  # 已撤回


class ShownEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One product of a collection as it is shown; of one that is gone, its name as it was last."""

    product_id: uuid.UUID
    name: str
    note: str
    presence: Presence
    supplier_name: str | None = None
    summary: str | None = None
    form: str | None = None
    certified: str | None = None
    withdrawn_at: dt.datetime | None = None
    withdrawal_reason: str | None = None


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue says of a collection as a whole."""

    products: int = 0
    gone: int = 0
    certified: int = 0
    suppliers: int = 0
    forms: tuple[str, ...] = ()
    newest_at: dt.datetime | None = None  # since when its newest product is public


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A collection without what stands in it."""

    id: CollectionId
    owner_party_id: PartyId
    owner_name: str
    is_of_operator: bool
    state: State
    title: str
    text: str
    audience: str
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    published_at: dt.datetime | None = None
    reason: str | None = None  # why it was withdrawn
    cover: Cover = Cover()


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A collection (专题集合) with what stands in it; one that was withdrawn shows nothing."""

    head: Head
    entries: list[ShownEntry]
