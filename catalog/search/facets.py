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
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from catalog.code_trees.lineage import CodeMalformed, lineage
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
    Facet("price", "price", values=PriceBand),
)
# [P] no value of a field is longer; what is, is a text and no filter.
MAX_VALUE_LENGTH: Final = 200
FACETS: Final = tuple(facet.name for facet in ALL)

# How codes look on each step of a tree. A product lies in one branch only, so that those one step
# below the code that was asked for are the ones right below it.
_STEPS: Final = {
    Tree.INDUSTRY: ("[A-T]", "[0-9]{2}", "[0-9]{3}", "[0-9]{4}"),
    Tree.REGION: ("[0-9]{2}", "[0-9]{4}", "[0-9]{6}"),
}
_NOTHING: Final = "[^\\x00-\\uFFFF]"


def check(narrowed: Mapping[str, str]) -> None:
    """Return if each value is one that its field may have.

    :raises SearchFilterUnknown: if one is not; whether a table has a code is not asked here.
    """
    for facet in ALL:
        value = narrowed.get(facet.name)
        if value is not None and not _may_be(facet, value):
            raise unknown(facet.name, value)


def codes_asked(narrowed: Mapping[str, str]) -> list[tuple[str, Tree, str]]:
    """Return the codes to which a search is narrowed: field, tree and code."""
    return [(f.name, f.tree, narrowed[f.name]) for f in ALL if f.tree and f.name in narrowed]


def unknown(name: str, value: str) -> SearchFilterUnknown:
    """Return the refusal of a value."""
    error = FieldError(f"/{name}", SearchFilterUnknown.code, value)
    return SearchFilterUnknown(field=name, value=value, errors=(error,))


def counted(facet: Facet, narrowed: Mapping[str, str]) -> str | None:
    """Return by which pattern the values are that are counted; None: all are.

    Of a tree those are counted that lie right below the code that is asked for, or at the top.
    """
    if facet.tree is None:
        return None
    asked = narrowed.get(facet.name)
    depth = 0 if asked is None else len(lineage(facet.tree, asked))
    return (*_STEPS[facet.tree], _NOTHING)[depth]


def is_counted(facet: Facet, value: str, narrowed: Mapping[str, str]) -> bool:
    """Tell whether a value is one that is counted."""
    pattern = counted(facet, narrowed)
    return pattern is None or re.fullmatch(pattern, value) is not None


def _may_be(facet: Facet, value: str) -> bool:
    if facet.tree is not None:
        try:
            lineage(facet.tree, value)
        except CodeMalformed:
            return False
    if len(value) > MAX_VALUE_LENGTH:
        return False
    return facet.values is None or value in facet.values.__members__.values()
