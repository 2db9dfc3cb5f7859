"""Say in both languages what statistics show: dimensions, members, codes (交易统计)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.code_trees.model import Code, Tree
from market.trade_statistics.model import Dimension, Line, Rest

DIMENSIONS: Final[Mapping[Dimension, tuple[str, str]]] = {
    Dimension.INDUSTRY: ("按国民经济行业（GB/T 4754）", "By industry (GB/T 4754)"),
    Dimension.SCENARIO: ("按应用场景", "By scenario"),
    Dimension.REGION: ("按行政区划（GB/T 2260）", "By region (GB/T 2260)"),
    Dimension.MONTH: ("按月份", "By month"),
}
RESTS: Final[Mapping[str, tuple[str, str]]] = {
    Rest.NOT_ASSIGNED: ("未归类", "Not assigned"),
    Rest.NO_ORDER: ("非订单业务", "Of no order"),
}
#: The members of a line, in the order in which they are shown.
MEMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "paid_fen": ("成交金额", "Paid"),
    "refunded_fen": ("退款金额", "Refunded"),
    "suppliers_fen": ("权利人所得", "Right holders"),
    "departments_fen": ("数源部门所得", "Departments"),
    "treasury_fen": ("应缴国库", "Treasury"),
    "platform_fen": ("平台服务费", "Platform"),
    "tax_fen": ("税费", "Tax"),
    "moved_fen": ("发生额", "Moved"),
    "entries": ("凭证笔数", "Entries"),
}
#: Which tree names the codes of a dimension.
TREES: Final[Mapping[Dimension, Tree]] = {
    Dimension.INDUSTRY: Tree.INDUSTRY,
    Dimension.REGION: Tree.REGION,
}
_LANGUAGES: Final = ("zh", "en")

Names = Mapping[Tree, Mapping[str, Code]]


def dimension(code: Dimension, language: str) -> str:
    """Return what the table of a dimension is called."""
    return DIMENSIONS[code][_LANGUAGES.index(language)]


def member(name: str, language: str) -> str:
    """Return what a member of a line is called."""
    return MEMBERS[name][_LANGUAGES.index(language)]


def line(of: Dimension, told: Line, names: Names, language: str) -> str:
    """Return what a line is about: its code with its name, as far as the code trees have one.

    A division is written with its section before it (G55), as the standard does.
    """
    if told.is_rest:
        return RESTS[told.code][_LANGUAGES.index(language)]
    known = names.get(TREES[of], {}).get(told.code) if of in TREES else None
    code = told.above + told.code
    return code if known is None else f"{code} {known.name}"
