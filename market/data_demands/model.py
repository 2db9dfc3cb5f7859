"""Say what somebody asks to be open, and what was answered."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.data_demands.states import State

DemandId = NewType("DemandId", uuid.UUID)


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody asks to be open, for what, and where it may be told (which is never shown)."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(min_length=1, max_length=5_000)]
    contact: Annotated[str, Meta(max_length=200)] = ""


class Outcome(enum.StrEnum):
    """What is answered (答复结果)."""

    PLANNED = "planned"  # 列入年度计划
    OPEN_ALREADY = "open_already"  # 已开放
    DECLINED = "declined"  # 不予开放


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is answered, in words that everybody may read."""

    outcome: Outcome
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(min_length=1, max_length=5_000)]
    department: Annotated[str, Meta(min_length=1, max_length=200)]
    plan_item_id: uuid.UUID | None = None  # of what is planned
    product_id: uuid.UUID | None = None  # of what is open already


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """A demand as the houses read it (需求)."""

    id: DemandId
    state: State
    party_id: PartyId | None
    title: str
    text: str
    contact: str
    received_at: dt.datetime
    joined_to: DemandId | None = None
    answered_at: dt.datetime | None = None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered, as everybody reads it, and what came of it."""

    demand_id: DemandId
    outcome: Outcome
    title: str
    text: str
    department: str
    answered_at: dt.datetime
    asked_times: int  # the demand and those that were joined to it
    plan_year: int | None = None
    plan_item_title: str | None = None
    product_id: uuid.UUID | None = None  # by which the plan's promise was kept, or that is open


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever asked keeps: until when it is answered, and the secret to look it up with."""

    id: DemandId
    received_at: dt.datetime
    answer_due_on: dt.date
    secret: str


class LookedUp(msgspec.Struct, frozen=True, kw_only=True):
    """How far one's own demand is; of one that was joined, how far the other is."""

    id: DemandId
    state: State
    title: str
    received_at: dt.datetime
    answer: Answered | None = None
