"""Say what stands in a manifest (产品清单), and what is wrong with one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from catalog.kernel.errors import DomainError
from catalog.products.model import Description
from catalog.products.references import MAX_LENGTH

Key = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_LENGTH,
        description="How you call the product (供方编号): one product a key, whatever changes in it.",
    ),
]


class Entry(Description, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One product of a manifest: all that is said of it, and how its supplier calls it."""

    key: Key
    draft: bool = False  # not complete yet (草稿)


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data products of one supplier (数据产品清单), as `market products apply` reads them."""

    version: Literal[1] = 1
    products: tuple[Entry, ...]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, in which file and line, with which product and field of it."""

    file: str
    line: int
    key: str | None = None
    pointer: str = ""
    code: str
    facts: dict[str, Any] = {}


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A product that could be read: from where, and in which line each of its fields stands."""

    file: str
    entry: Entry
    lines: dict[str, int]  # by pointer within the product; "" is the product itself

    def line_of(self, pointer: str) -> int:
        """Return the line of a field, or of the nearest thing around it that is written down."""
        while pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines[pointer]

    @property
    def description(self) -> Description:
        """Return what is said of the product."""
        said = {name: getattr(self.entry, name) for name in Description.__struct_fields__}
        return Description(**said)

    def problem(self, refusal: DomainError, pointer: str = "") -> Problem:
        """Return a refusal as a problem of this product."""
        return Problem(
            file=self.file,
            line=self.line_of(pointer),
            key=self.entry.key,
            pointer=pointer,
            code=refusal.code,
            facts=refusal.facts,
        )
