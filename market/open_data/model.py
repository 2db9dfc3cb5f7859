"""Say what it is for a product to be open, and under which licence."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.open_data.states import State

OpeningId = NewType("OpeningId", uuid.UUID)

Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class Licence(msgspec.Struct, frozen=True):
    """A licence under which data may be opened (开放许可)."""

    code: str
    zh: str
    en: str
    url: str
    requires_attribution: bool


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which product is to be opened, under which licence, and which review says that it may be."""

    product_id: uuid.UUID
    licence: Annotated[str, Meta(min_length=1, max_length=50)]
    secrecy_review: Annotated[str, Meta(max_length=100)] = ""  # 保密审查文号 (GD-17)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """That a product is open, was, or shall be (开放)."""

    id: OpeningId
    product_id: uuid.UUID
    product_name: str
    supplier_party_id: PartyId
    supplier_name: str
    state: State
    licence: str
    secrecy_review: str
    requested_at: dt.datetime
    decided_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    reason: str | None = None


class OpenProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the catalogue of open data (数据开放目录)."""

    product_id: uuid.UUID
    name: str
    supplier_name: str
    summary: str
    licence: str
    open_since: dt.datetime
    update_cycle: str | None
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
    version: int
    downloads: int


class OpenContent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is about to get."""

    product_id: uuid.UUID
    licence: str
    version: int
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str
