"""Say what a run of the replay is (全账重放任务)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec

from settlement.ledger_reports.replaying import Report


class Step(enum.StrEnum):
    """How far a run is; it follows from its times."""

    WAITING = "waiting"  # 待运行
    RUNNING = "running"  # 运行中
    FINISHED = "finished"  # 已完成


class ReplayRun(msgspec.Struct, frozen=True, kw_only=True):
    """A replay of the whole journal that somebody asked for, and what it came to."""

    id: uuid.UUID
    step: Step
    asked_at: dt.datetime
    asked_by_name: str
    entries_total: int  # when it was asked for
    entries_done: int
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    report: Report | None = None
