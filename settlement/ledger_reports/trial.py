"""Add a trial balance up (试算平衡): what moved leads from what stood to what stands, and all of it to zero."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from settlement.ledger.accounts import Chart, Guarding, OwnerKind, Purpose, Side, Title
from settlement.ledger_reports.model import TrialBalance, TrialLine, TrialSums
from settlement.periods.months import Span


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What stood on a purpose or an account before the months, and what moved in them."""

    purpose: str
    account: str | None = None
    accounts: int = 1
    entries: int = 0
    opening_fen: int
    debits_fen: int
    credits_fen: int


def balance(
    *,
    book: str | None,
    span: Span | None,
    as_of: dt.datetime | None,
    moved: Sequence[Moved],
    chart: Chart,
) -> TrialBalance:
    """Return the trial balance of a book, None for all together, its lines by the numbers of the chart."""
    listed = lines(moved, chart)
    total = sums(listed)
    difference = total.credits_fen - total.debits_fen
    return TrialBalance(
        book=book,
        period=None if span is None else span.text,
        first_day=None if span is None else span.first.first_day,
        last_day=None if span is None else span.last.last_day,
        as_of=as_of,
        entries=sum(each.entries for each in moved),
        lines=listed,
        total=total,
        difference_fen=difference,
        is_balanced=difference == 0 and total.opening_fen == 0 and total.closing_fen == 0,
    )


def lines(moved: Iterable[Moved], chart: Chart) -> tuple[TrialLine, ...]:
    """Return a line for each purpose or account, by the numbers of the chart, then by account."""
    found = [_line(each, title_of(each.purpose, chart)) for each in moved]
    return tuple(sorted(found, key=lambda line: (line.number, line.account or "")))


def sums(lines: Sequence[TrialLine]) -> TrialSums:
    """Return what lines come to together."""
    return TrialSums(
        sum(line.opening_fen for line in lines),
        sum(line.debits_fen for line in lines),
        sum(line.credits_fen for line in lines),
        sum(line.closing_fen for line in lines),
    )


def title_of(purpose: str, chart: Chart) -> Title:
    """Return the title of a purpose, or a blank one: legs of an account that is gone still count."""
    if purpose not in set(Purpose):
        return Title("", "科目表外", "off the chart", Side.CREDIT, Guarding.NONE, OwnerKind.MARKET)
    return chart[Purpose(purpose)]


def _line(each: Moved, title: Title) -> TrialLine:
    return TrialLine(
        number=title.number,
        purpose=each.purpose,
        title_zh=title.zh,
        title_en=title.en,
        side=title.side,
        account=each.account,
        accounts=each.accounts,
        opening_fen=each.opening_fen,
        debits_fen=each.debits_fen,
        credits_fen=each.credits_fen,
        closing_fen=each.opening_fen + each.credits_fen - each.debits_fen,
    )
