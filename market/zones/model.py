"""Say what a zone is, who supervises it since when, and which products stand in it."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, Literal, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.zones.states import State

ZoneId = NewType("ZoneId", uuid.UUID)

Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class Kind(enum.StrEnum):
    """Of which type a zone is (专区类型, E23, BJ-03)."""

    DOMAIN = "domain"  # 领域类
    REGIONAL = "regional"  # 区域类
    COMPREHENSIVE_BASIC = "comprehensive_basic"  # 综合基础类


class Domain(enum.StrEnum):
    """For which field a zone of a field is: those that BJ-03 names, and any other."""

    FINANCE = "finance"  # 金融
    EDUCATION = "education"  # 教育
    MEDICAL = "medical"  # 医疗
    TRANSPORT = "transport"  # 交通
    CREDIT = "credit"  # 信用
    CULTURE_TOURISM = "culture_tourism"  # 文旅
    OTHER = "other"  # its name says which


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the authority says of a zone, and may say otherwise later."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    description: Annotated[str, Meta(max_length=5_000)] = ""
    domains: Annotated[tuple[Domain, ...], Meta(max_length=7)] = ()
    region_code: Annotated[str, Meta(pattern="^([0-9]{2}|[0-9]{4}|[0-9]{6})?$")] = ""  # GB/T 2260
    serves_zone_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=100)] = ()


class Foundation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A zone that is to be: what is said of it, and what stays: its code, its type, its operator."""

    code: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
    kind: Kind
    said: Said
    operator_party_id: uuid.UUID
    supervisor_party_id: uuid.UUID | None = None


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a zone as a whole, and why."""

    event: Literal["open", "suspend", "resume", "close"]
    reason: Reason


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A zone of public data (公共数据专区)."""

    id: ZoneId
    code: str
    kind: Kind
    state: State
    name: str
    description: str
    domains: tuple[Domain, ...]
    region_code: str
    serves_zone_ids: tuple[uuid.UUID, ...]
    operator_party_id: PartyId
    operator_name: str
    supervisor_party_id: PartyId
    supervisor_name: str
    version: int
    founded_at: dt.datetime
    updated_at: dt.datetime
    reason: str | None = None  # of the last decision


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """Who supervises a zone from a day on (监管移交, BJ-07)."""

    number: int
    party_id: PartyId
    name: str
    from_day: dt.date
    reason: str


class ZoneFile(msgspec.Struct, frozen=True, kw_only=True):
    """A zone with how its supervision was handed over."""

    zone: Zone
    supervisions: list[Supervision]


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """That a product stands in a zone, or stood there: since when and until when, and why."""

    id: uuid.UUID
    zone_id: ZoneId
    product_id: uuid.UUID
    product_name: str
    supplier_name: str
    placed_at: dt.datetime
    reason: str
    removed_at: dt.datetime | None = None
    removal_reason: str | None = None
