"""Say in both languages what entries and accounts are called (凭证种类、科目)."""

from __future__ import annotations

from typing import Final

from settlement.ledger import disk
from settlement.ledger.accounts import Purpose
from settlement.ledger_reports.words import kind_words
from settlement.statements.model import Side

SIDES: Final[dict[Side, tuple[str, str]]] = {
    Side.SUPPLIER: ("供方对账单", "Statement for the supplier"),
    Side.BUYER: ("需方对账单", "Statement for the buyer"),
    Side.DEPARTMENT: ("数源部门及国库对账单", "Statement for department and treasury"),
    Side.REGULATOR: ("监管对账单", "Statement for the regulator"),
}
BOOKS: Final[dict[str, tuple[str, str]]] = {
    "market": ("市场账簿", "Market"),
    "public_data": ("公共数据账簿", "Public data"),
}
_LANGUAGES: Final = ("zh", "en")


def kind(code: str, language: str) -> str:
    """Return what a kind of entry is called; its code if it has no name here."""
    return kind_words(code)[_LANGUAGES.index(language)]


def side(code: Side, language: str) -> str:
    """Return what the statement of a side is called."""
    return SIDES[code][_LANGUAGES.index(language)]


def purpose(code: str, language: str) -> str:
    """Return what the accounts of a purpose are called in the chart (科目)."""
    title = disk.read_chart()[Purpose(code)]
    return f"{title.number} {title.zh if language == 'zh' else title.en}"


def book(code: str, language: str) -> str:
    """Return what a book is called; its code if it has no name here."""
    return BOOKS.get(code, (code, code))[_LANGUAGES.index(language)]
