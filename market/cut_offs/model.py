"""Say what a cut-off is (切断): what it stops, why, by whom, and whether it still stands."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.cut_offs.states import State

CutOffId = NewType("CutOffId", uuid.UUID)
Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]


class Level(enum.StrEnum):
    """How much is stopped (下线层级, E48). An order is cut off by its own life."""

    AGREEMENT = "agreement"  # 合同: what was granted under it
    ZONE = "zone"  # 专区: every product that stands in it
    PRODUCT = "product"  # 数据产品: every order of it
    GRANT = "grant"  # 使用授权
    PARTY = "party"  # 主体: all that it bought and sold


class CutOff(msgspec.Struct, frozen=True, kw_only=True):
    """One cut-off (切断)."""

    id: CutOffId
    level: Level
    subject_id: uuid.UUID  # a contract has the id of its order, a negotiated agreement its own
    state: State
    reason: str
    ordered_by_party_id: PartyId
    ordered_at: dt.datetime
    orders_reached: int  # how many running orders it stopped when it was ordered
    version: int
    zone_id: uuid.UUID | None = None  # the zone it was ordered for, with each of its products
    told_at: dt.datetime | None = None  # since when the buyers know
    lifted_at: dt.datetime | None = None
    lift_reason: str | None = None
