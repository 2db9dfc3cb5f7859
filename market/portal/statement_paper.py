"""Say what stands on a statement of accounts on paper (纸质对账单), Chinese with English beside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from market.finance_reports import words
from market.portal.show import yuan
from settlement.statements.model import AccountLines, Sale, Statement

#: What is longer stands whole in the workbook and in the signed file, and the paper says so.
_LINES_MAX: Final = 2_000
_SHARES: Final = (
    "gross_fen", "own_fen", "platform_fee_fen", "tax_fen", "treasury_fen", "others_fen",
)  # fmt: skip


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the paper: its heading, its columns, its rows, and what they come to."""

    zh: str
    en: str
    columns: tuple[tuple[str, str], ...]
    words: int  # so many columns are text; the others are amounts
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...]
    left_out: int = 0


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """All that the template needs."""

    zh: str
    en: str
    party: str
    book: str
    period: str
    days: str
    date: tuple[int, int, int]
    sums: tuple[tuple[str, str, str], ...]
    blocks: tuple[Block, ...]
    chain_head: str


def paper(told: Statement) -> Paper:
    """Return the paper of a statement."""
    blocks = [_kinds(told)]
    if told.sales:
        blocks.append(_sales(told))
    blocks.extend(_account(account) for account in told.accounts)
    if told.purposes:
        blocks.append(_purposes(told))
    return Paper(
        zh=words.side(told.side, "zh"),
        en=words.side(told.side, "en"),
        party=told.party_name,
        book=words.book(told.book, "zh"),
        period=told.period,
        days=f"{told.first_day} — {told.last_day}",
        date=(told.last_day.year, told.last_day.month, told.last_day.day),
        sums=(
            ("期初余额", "Opening", yuan(told.opening_fen)),
            ("本期转入", "In", yuan(told.credits_fen)),
            ("本期转出", "Out", yuan(told.debits_fen)),
            ("期末余额", "Closing", yuan(told.closing_fen)),
        ),
        blocks=tuple(blocks),
        chain_head=told.chain_head,
    )


def _kinds(told: Statement) -> Block:
    return Block(
        zh="本期业务",
        en="What moved",
        columns=(("业务", "Kind"), ("笔数", "Entries"), ("金额", "Amount")),
        words=1,
        rows=tuple(
            (words.kind(each.kind, "zh"), str(each.entries), yuan(each.amount_fen))
            for each in told.kinds
        ),
        total=(),
    )


def _sales(told: Statement) -> Block:
    return Block(
        zh="分账明细",
        en="How payments were divided",
        columns=(
            ("凭证号", "Number"), ("日期", "Date"), ("价税合计", "Gross"), ("本方所得", "Own"),
            ("平台费", "Platform"), ("其中税额", "Tax"), ("国库", "Treasury"), ("其他方", "Others"),
        ),
        words=2,
        rows=tuple(_sale(sale) for sale in told.sales[:_LINES_MAX]),
        total=("合计", "", *_totals(told.sales)),
        left_out=max(len(told.sales) - _LINES_MAX, 0),
    )  # fmt: skip


def _sale(sale: Sale) -> tuple[str, ...]:
    return (
        sale.voucher,
        str(sale.value_on),
        *(yuan(getattr(sale, member)) for member in _SHARES),
    )


def _totals(sales: Iterable[Sale]) -> Iterable[str]:
    listed = list(sales)
    return [yuan(sum(getattr(sale, member) for sale in listed)) for member in _SHARES]


def _account(account: AccountLines) -> Block:
    lines = tuple(
        (
            line.voucher,
            str(line.value_on),
            words.kind(line.kind, "zh"),
            yuan(-line.amount_fen) if line.amount_fen < 0 else "",
            yuan(line.amount_fen) if line.amount_fen > 0 else "",
            yuan(line.balance_fen),
        )
        for line in account.lines[:_LINES_MAX]
    )
    opening = ("", "", "期初余额", "", "", yuan(account.opening_fen))
    return Block(
        zh=words.purpose(account.purpose, "zh"),
        en=account.account,
        columns=(
            ("凭证号", "Number"), ("日期", "Date"), ("业务", "Kind"), ("转出", "Out"),
            ("转入", "In"), ("余额", "Balance"),
        ),
        words=3,
        rows=(opening, *lines),
        total=(
            "期末", "", "", yuan(account.debits_fen), yuan(account.credits_fen),
            yuan(account.closing_fen),
        ),
        left_out=max(len(account.lines) - _LINES_MAX, 0),
    )  # fmt: skip


def _purposes(told: Statement) -> Block:
    return Block(
        zh="科目余额表",
        en="Balances by purpose",
        columns=(
            ("科目", "Purpose"), ("账户数", "Accounts"), ("期初", "Opening"), ("借方", "Debits"),
            ("贷方", "Credits"), ("期末", "Closing"),
        ),
        words=1,
        rows=tuple(
            (
                words.purpose(each.purpose, "zh"),
                str(each.accounts),
                yuan(each.opening_fen),
                yuan(each.debits_fen),
                yuan(each.credits_fen),
                yuan(each.closing_fen),
            )
            for each in told.purposes
        ),
        total=(
            "合计", "", yuan(told.opening_fen), yuan(told.debits_fen), yuan(told.credits_fen),
            yuan(told.closing_fen),
        ),
    )  # fmt: skip
