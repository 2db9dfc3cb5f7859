"""The nouns of this room: a line of the queue (待办), its heads, and what is asked for."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.timers.model import Timer
from catalog.timers.urgency import Urgency


class QueueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Whose queue is asked for, and which part of it; what is None does not matter."""

    against: str | None = None
    kind: str | None = None
    urgency: Urgency | None = None


class Pressing(msgspec.Struct, frozen=True, kw_only=True):
    """How much a last day presses today (催办), and by how many working days."""

    urgency: Urgency
    working_days_left: int
    working_days_late: int


class QueueItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody owes (待办事项): the case as people know it, what is due, by when."""

    timer: Timer
    pressing: Pressing
    case_number: str | None  # 受理编号, 凭证编号, 合同编号; None while it has none
    title: str | None  # 数据产品名称 or what stands in its place


class QueueHead(msgspec.Struct, frozen=True, kw_only=True):
    """How much waits under one head (分组), and from which to which last day it reaches."""

    urgency: Urgency
    count: int
    provisional_count: int
    due_from: dt.date | None
    due_through: dt.date | None


class CaseName(msgspec.Struct, frozen=True):
    """How people call the case of a timer: its number and its title."""

    number: str | None
    title: str | None


class WorkQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue (待办清单) on a day: its heads with all their counts, and one page of lines."""

    today: dt.date
    heads: tuple[QueueHead, ...]
    items: tuple[QueueItem, ...]
    next_cursor: str | None = None
