"""Say what a yearly plan promises, and how far it is."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from market.open_plans.states import State

PlanId = NewType("PlanId", uuid.UUID)
ItemId = NewType("ItemId", uuid.UUID)

Year = Annotated[int, Meta(ge=2020, le=2100)]
Quarter = Annotated[int, Meta(ge=1, le=4)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class Field(enum.StrEnum):
    """In which field data are: those that GD-08 puts first, and any other."""

    METEOROLOGY = "meteorology"  # 气象
    RESEARCH = "research"  # 科研
    TRANSPORT = "transport"  # 交通
    OTHER = "other"


class Promise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a department will open, until which quarter of the plan's year."""

    department: Annotated[str, Meta(min_length=1, max_length=200)]  # 责任部门
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    field: Field
    due_quarter: Quarter


class Draft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan as it is written before it is published."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(max_length=5_000)] = ""
    items: Annotated[tuple[Promise, ...], Meta(max_length=1_000)] = ()


class Postponement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when something is put off, and why."""

    due_year: Year
    due_quarter: Quarter
    reason: Reason


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of one year, without what it promises."""

    id: PlanId
    year: int
    title: str
    text: str
    version: int
    updated_at: dt.datetime
    due_on: dt.date  # until when it was to be published
    published_at: dt.datetime | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One promise of a plan, and what became of it."""

    id: ItemId
    plan_id: PlanId
    number: int
    department: str
    title: str
    field: Field
    due_year: int
    due_quarter: int
    state: State
    product_id: uuid.UUID | None = None
    opened_at: dt.datetime | None = None
    reason: str | None = None
    overdue_told_for: dt.date | None = None
    is_overdue: bool = False  # as of the day of reading


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a department is."""

    department: str
    promised: int
    opened: int
    overdue: int


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with all that it promises, the priority fields first, and how far each department is."""

    plan: Plan
    items: list[Item]
    progress: list[Progress]
