"""Say what an allowed revenue is made of, and how much of it was taken."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.allowed_revenue.states import State

AllowanceId = NewType("AllowanceId", uuid.UUID)

Line = Annotated[str, Meta(max_length=200)]
AmountFen = Annotated[int, Meta(ge=0, le=10**15)]


class Task(enum.StrEnum):
    """Who adjusts what, after actual figures were compared with the filed ones (偏离调整)."""

    NONE = "none"  # as expected
    FEES = "fees"  # 运营机构调整收费
    CEILINGS = "ceilings"  # 主管部门调整上限收费标准


class Decided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the authority decided for one operator and period (核定)."""

    operator_party_id: uuid.UUID
    period_from: dt.date
    period_to: dt.date  # the last day
    cost_fen: AmountFen  # 运营成本
    subsidies_fen: AmountFen = 0  # 财政补贴, not part of the cost
    treasury_rate_bps: Annotated[int, Meta(ge=0, le=10_000)]  # 上年十年期国债平均收益率
    premium_bps: Annotated[int, Meta(ge=0, le=10_000)]  # 加点
    tax_fen: AmountFen
    expected_volume: Annotated[int, Meta(ge=1, le=10**15)]  # 预计业务量
    is_trial: bool = False  # 试行收费标准: there is no full year of operation yet
    document_number: Line
    authority: Line


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What a review of a period found (偏离复核)."""

    actual_cost_fen: int
    actual_volume: int
    deviation_bps: int  # the larger of both
    task: Task
    reviewed_at: dt.datetime
    due_on: dt.date | None = None
    is_cost_reported: bool = True  # False: by the house itself, whose books know the volume alone
    adjusted_at: dt.datetime | None = None
    adjustment: str | None = None


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What one operator may take in one period, and how far that is."""

    id: AllowanceId
    state: State
    operator_party_id: PartyId
    decided: Decided
    deducted_fen: int  # what was taken too much before, and comes off here
    carried_fen: int  # of it, what did not even fit here
    allowed_fen: int
    version: int
    laid_down_at: dt.datetime
    updated_at: dt.datetime
    warned_bps: int = 0  # the highest threshold that was told
    compared: Compared | None = None
    recovered_fen: int | None = None  # what was taken in all; from the closing on
    over_fen: int | None = None  # what the next period has to give back


class Burn(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an allowance was taken by now (实时消耗)."""

    allowance: Allowance
    recovered_fen: int
    remaining_fen: int  # negative: so much was taken too much
    burnt_bps: int
