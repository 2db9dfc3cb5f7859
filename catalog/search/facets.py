"""Say by what a search is narrowed, and by what its answers are counted (筛选、分面).

To add one more, say by certificate:

1. a column of ``catalog.product_documents``, text, or an array of text if a product may have several
   values (migration; ``Document``, ``documents.document`` and ``put_document`` in ``products`` fill
   it). Whoever changes what it says writes it in the same transaction: by that every index knows;
2. a line in ``ALL`` below, and a field of its name in ``model.Filters``;
3. a parameter in ``market/http/products.py``, and a line in the options of ``market/cli/search.py``;
4. another ``LAYOUT`` in ``disk.py``: indexes of the old one are made anew by themselves.

Statements, every index, what is laid over it, counts and cursors follow from the line. A number, as
a price, is counted by steps; a range of it is asked beside the facets (``prices.py``).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from catalog.code_trees.lineage import CodeMalformed, canonical, lineage
from catalog.code_trees.model import Tree
from catalog.kernel.errors import FieldError, Invalid
from catalog.products.model import DeliveryMode, Form, Level, UpdateCycle
from catalog.search.prices import PriceBand


class SearchFilterUnknown(Invalid):
    """A search is narrowed to a value that its field can not have (筛选值不存在)."""

    code = "search_filter_unknown"


class Certified(enum.StrEnum):
    """Whether a product has a certificate in force (有效凭证)."""

    YES = "yes"
    NO = "no"


class OpenData(enum.StrEnum):
    """Whether a product is open data (开放数据)."""

    YES = "yes"
    NO = "no"


class Facet(msgspec.Struct, frozen=True):
    """One thing by which products are narrowed and counted."""

    name: str
    column: str  # of the documents
    is_list: bool = False  # a product has several values there
    values: type[enum.StrEnum] | None = None  # which there are; None: whatever was written
    tree: Tree | None = None  # its values are codes: a product is filed under all above its own


ALL: Final = (
    Facet("form", "form", values=Form),
    Facet("industry", "industry_codes", is_list=True, tree=Tree.INDUSTRY),
    Facet("region", "region"),
    Facet("region_code", "region_codes", is_list=True, tree=Tree.REGION),
    Facet("level", "level", values=Level),
    Facet("supplier_name", "supplier_name"),
    Facet("theme", "theme"),
    Facet("source", "source"),
    Facet("update_cycle", "update_cycle", values=UpdateCycle),
    Facet("delivery", "delivery_modes", is_list=True, values=DeliveryMode),
    Facet("zone", "zone"),
    Facet("certified", "certified", values=Certified),
    Facet("open_data", "open_data", values=OpenData),
    Facet("price", "price", values=PriceBand),
)
# [P] no value of a field is longer; what is, is a text and no filter.
MAX_VALUE_LENGTH: Final = 200
FACETS: Final = tuple(facet.name for facet in ALL)

# How many steps a tree has: sections, divisions, groups, classes; provinces, cities, counties.
_STEPS: Final = {Tree.INDUSTRY: 4, Tree.REGION: 3}


def check(narrowed: Mapping[str, str]) -> None:
    """Return if each value is one that its field may have.

    :raises SearchFilterUnknown: if one is not; whether a table has a code is not asked here.
    """
    for facet in ALL:
        value = narrowed.get(facet.name)
        if value is not None and not _may_be(facet, value):
            raise unknown(facet.name, value)


def as_filed(narrowed: Mapping[str, str]) -> dict[str, str]:
    """Return what a search is narrowed to, each code as products are filed under it (460000 as 46)."""
    trees = {facet.name: facet.tree for facet in ALL}
    return {
        name: value if (tree := trees[name]) is None else canonical(tree, value)
        for name, value in narrowed.items()
    }


def codes_asked(narrowed: Mapping[str, str]) -> list[tuple[str, Tree, str]]:
    """Return the codes to which a search is narrowed: field, tree and code."""
    return [(f.name, f.tree, narrowed[f.name]) for f in ALL if f.tree and f.name in narrowed]


def unknown(name: str, value: str) -> SearchFilterUnknown:
    """Return the refusal of a value."""
    error = FieldError(f"/{name}", SearchFilterUnknown.code, value)
    return SearchFilterUnknown(field=name, value=value, errors=(error,))


def step(facet: Facet, narrowed: Mapping[str, str]) -> int:
    """Return of which step of its tree the values of a facet are counted; 0 is the top.

    Those are counted that lie right below the code that is asked for. Without a tree there is one
    step; below the last there is nothing.
    """
    asked = narrowed.get(facet.name)
    return len(lineage(facet.tree, asked)) if facet.tree and asked else 0


def steps(facet: Facet) -> int:
    """Return how many steps the tree of a facet has."""
    return _STEPS[facet.tree] if facet.tree else 1


def step_of(facet: Facet, value: str) -> int:
    """Return on which step a value stands."""
    return len(lineage(facet.tree, value)) - 1 if facet.tree else 0


def is_counted(facet: Facet, value: str, narrowed: Mapping[str, str]) -> bool:
    """Tell whether a value is one that is counted."""
    return facet.tree is None or step_of(facet, value) == step(facet, narrowed)


def commonest(counts: Mapping[str, int], most: int) -> dict[str, int]:
    """Return the values that most products have, of equals the first by name."""
    ordered = sorted((-count, value) for value, count in counts.items())
    return {value: -count for count, value in ordered[:most]}


def is_within(kinds: Sequence[Sequence[str]], narrowed: Mapping[str, str]) -> bool:
    """Tell whether a product with these values, in the order of ``ALL``, is one that is asked for."""
    return not narrowed or all(
        narrowed.get(facet.name) in (None, *values)
        for facet, values in zip(ALL, kinds, strict=True)
    )


def _may_be(facet: Facet, value: str) -> bool:
    if facet.tree is not None:
        try:
            lineage(facet.tree, value)
        except CodeMalformed:
            return False
    if not value.strip() or len(value) > MAX_VALUE_LENGTH:
        return False
    return facet.values is None or value in facet.values.__members__.values()
