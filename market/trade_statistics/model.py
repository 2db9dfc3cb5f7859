"""Say what the statistics of the trade hold (交易统计, F32): by industry, by scenario, by region, by month."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Final

import msgspec

from catalog.signing.model import Signature

FORMAT: Final = "shushi/trade-statistics/1"


class Dimension(enum.StrEnum):
    """By what the entries of the books are sorted."""

    INDUSTRY = "industry"  # 国民经济行业分类 GB/T 4754: 门类、大类
    SCENARIO = "scenario"  # 应用场景
    REGION = "region"  # 行政区划 GB/T 2260
    MONTH = "month"  # 会计期间


class Rest(enum.StrEnum):
    """Why an entry stands under no code. Both lines are shown, or the sums would not be the ledger's."""

    NOT_ASSIGNED = "not_assigned"  # 未归类: its order names no such code
    NO_ORDER = "no_order"  # 非订单业务: payouts, fees of channels, what stands in suspense


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """What entries of a kind moved from one purpose to another, for orders of the same facts."""

    month: str
    kind: str
    debit: str
    credit: str
    has_order: bool
    industry_section: str = ""
    industry_division: str = ""
    scenario: str = ""
    region_code: str = ""
    entries: int  # those whose first credit this is: of a split, only one leg counts the entry
    amount_fen: int


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """What the entries of one line come to, in fen."""

    entries: int = 0  # 凭证笔数
    moved_fen: int = 0  # 发生额: all debits, which are all credits
    paid_fen: int = 0  # 成交金额: what buyers paid for orders
    refunded_fen: int = 0  # 退款金额: what is owed back to them
    suppliers_fen: int = 0  # 权利人所得, less what was taken back
    departments_fen: int = 0  # 数源部门所得
    treasury_fen: int = 0  # 应缴国库非税收入 (JX-3)
    platform_fen: int = 0  # 平台服务费
    tax_fen: int = 0  # 应交税费


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One code of a dimension, or one of the rests, and what it comes to."""

    code: str  # C、C39; port_safety; 460100; 2026-11; or a rest
    above: str = ""  # the section of a division
    is_rest: bool = False
    sums: Sums


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """All entries of the months, sorted by one dimension: the lines come to the totals of the whole."""

    dimension: Dimension
    lines: tuple[Line, ...]


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """One purpose as the statistics have it, and as the closed months of the ledger do (核对)."""

    purpose: str
    debits_fen: int
    credits_fen: int
    ledger_debits_fen: int
    ledger_credits_fen: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of closed months of one book, as they are signed."""

    format: str
    book: str
    period: str
    first_day: dt.date
    last_day: dt.date
    supplier_party_id: uuid.UUID | None  # of its orders alone; None: of the whole book
    supplier_name: str
    chain_head: str  # of the last month: what the audit log holds of these books
    totals: Sums
    tables: tuple[Table, ...]
    controls: tuple[Control, ...]


class SignedStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics as they are handed out: the bytes that were signed, and the same to be read."""

    type: str
    document: bytes
    sha256: str
    signature: Signature
    statistics: Statistics
