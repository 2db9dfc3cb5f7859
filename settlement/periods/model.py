"""Say what is known of a month of the books and of its closing (结账)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec

from settlement.periods.checklist import Because
from settlement.periods.states import State


class Step(enum.StrEnum):
    """How far the closing of a month has come; each step is a transaction of its own."""

    NOT_BEGUN = "not_begun"
    WAITING_FOR_WRITERS = "waiting_for_writers"  # 等待在途事务
    NUMBERING = "numbering"  # 编凭证号、试算
    CHAINING = "chaining"  # 成链
    EXPLAINING = "explaining"  # 核对挂账
    SEALED = "sealed"  # 已封存


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """The closing of one month, as it is stored."""

    book: str
    month: str
    begun_at: dt.datetime
    begun_by: uuid.UUID | None
    begun_by_name: str
    before: bytes  # the last link of the month before
    head: bytes  # the last link so far
    barrier: int | None = None  # transactions with an id below it may still have been let in
    entries: int | None = None  # how many were numbered
    chained: int = 0
    sealed_at: dt.datetime | None = None
    record: bytes | None = None

    @property
    def step(self) -> Step:
        """Return what is done next."""
        if self.sealed_at is not None:
            return Step.SEALED
        if self.barrier is None:
            return Step.WAITING_FOR_WRITERS
        if self.entries is None:
            return Step.NUMBERING
        return Step.CHAINING if self.chained < self.entries else Step.EXPLAINING


class PeriodLine(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one purpose in one month: opening, debits, credits, closing (科目余额表)."""

    number: str
    purpose: str
    title_zh: str
    title_en: str
    accounts: int
    opening_fen: int
    debits_fen: int
    credits_fen: int
    closing_fen: int


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """What moved on all accounts of one purpose in one month."""

    month: str
    purpose: str
    debits_fen: int
    credits_fen: int


class OpenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is not empty at the end of a month though it should be, and why (挂账)."""

    account: str
    purpose: str
    balance_fen: int
    because: Because | None
    explanation: str | None = None
    explained_by_name: str | None = None


class OpenSum(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts of one purpose that are not empty for one reason."""

    purpose: str
    because: Because | None
    accounts: int
    balance_fen: int


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One month of one book, and how far its closing has come (会计期间)."""

    book: str
    month: str
    state: State
    step: Step
    entries: int | None = None
    chained: int | None = None
    begun_at: dt.datetime | None = None
    begun_by_name: str | None = None
    sealed_at: dt.datetime | None = None
    chain_before: str | None = None
    chain_head: str | None = None
    record_sha256: str | None = None


class PeriodDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A month with its trial balance and what stands on accounts that should be empty."""

    period: Period
    lines: tuple[PeriodLine, ...]  # none before the entries are numbered
    debits_fen: int
    credits_fen: int
    difference_fen: int  # of what stands on all accounts at the end: zero
    open_sums: tuple[OpenSum, ...]
    unexplained: tuple[OpenAccount, ...]  # the first of them
    explained: tuple[OpenAccount, ...]  # by a person


class PeriodRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A closed month exactly as it was sealed; its digest stands in the audit log."""

    format: str
    record: str
    sha256: str
