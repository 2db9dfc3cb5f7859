"""Say what the yearly report of public data holds (年度报告), and what of it everybody reads."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Final, NewType

import msgspec
from msgspec import Meta

from catalog.signing.model import Signature
from market.trade_statistics.model import Statistics

FORMAT: Final = "shushi/public-data-report/1"

ReportId = NewType("ReportId", uuid.UUID)


class DepartmentLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one department got of the operator's orders (数源部门), in fen."""

    party_id: uuid.UUID
    name: str
    credited_fen: int  # 分得
    taken_back_fen: int  # 冲回
    net_fen: int


class CostLine(msgspec.Struct, frozen=True, kw_only=True):
    """One allowance that holds on days of the year: cost as decided and reported, and what it allows.

    An allowance may hold for up to three years; it stands whole in the report of each.
    """

    period_from: dt.date
    period_to: dt.date
    document_number: str
    authority: str
    is_trial: bool  # 试行收费标准
    cost_fen: int  # 核定运营成本
    subsidies_fen: int  # 财政补贴
    profit_fen: int  # 准许收益
    tax_fen: int
    deducted_fen: int  # 上期超收扣减
    allowed_fen: int  # 最高准许收入
    carried_fen: int  # 未扣完结转
    actual_cost_fen: int | None  # 实际成本; None: nobody reported it yet
    recovered_fen: int | None  # 期内实际收入, from the closing of the allowance on
    over_fen: int | None  # 结转下期扣减


class PublicPart(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody reads: whose, which year, what came in, who got it, what it cost (公开部分)."""

    operator_name: str
    year: int
    version: int
    drawn_up_on: dt.date
    correction: str  # why there is this version; empty for the first
    paid_fen: int
    refunded_fen: int
    net_fen: int
    treasury_fen: int  # 应缴国库非税收入 (JX-3)
    departments: tuple[DepartmentLine, ...]
    costs: tuple[CostLine, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report, as it is signed."""

    format: str
    id: uuid.UUID
    operator_party_id: uuid.UUID
    corrects_sha256: str | None  # the version before
    public: PublicPart
    revenue: Statistics  # the operator's orders in the book of public data, by what they are about


class SignedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it is kept and handed out."""

    type: str
    document: bytes
    sha256: str
    signature: Signature
    report: Report


class DrawUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of whom and which year a report is to be drawn up; why again, if there is one."""

    operator_party_id: uuid.UUID
    year: Annotated[int, Meta(ge=2023, le=2200)]
    correction: Annotated[str, Meta(max_length=500)] = ""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A closed year of an operator of which no report was drawn up yet."""

    operator_party_id: uuid.UUID
    operator_name: str
    year: int
    due_on: dt.date


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the list that everybody reads."""

    id: uuid.UUID
    operator_party_id: uuid.UUID
    sha256: str
    is_newest: bool
    public: PublicPart
