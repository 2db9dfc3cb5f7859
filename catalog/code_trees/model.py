"""Say what a code is, and in which tree it stands."""

from __future__ import annotations

import enum

import msgspec


class Tree(enum.StrEnum):
    """By which standard something is sorted (代码表)."""

    INDUSTRY = "industry"  # 国民经济行业分类 GB/T 4754: 门类、大类、中类、小类
    REGION = "region"  # 行政区划代码 GB/T 2260: 省、市、县


class Entry(msgspec.Struct, frozen=True):
    """One code and its official name."""

    code: str
    name: str


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """All codes of a tree in one edition, parents before children."""

    tree: Tree
    sha256: str  # of the file it was read from
    entries: tuple[Entry, ...]


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """A code as the catalogue has it. One that a later edition dropped stays known (废止)."""

    tree: Tree
    code: str
    name: str
    parent: str | None
    depth: int  # 1 is the top
    is_current: bool


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A code with what lies above it and the codes right below; without a code, the top."""

    tree: Tree
    above: list[Code]  # from the top down to the code itself
    below: list[Code]
    codes_in_subtree: int  # the code itself included
