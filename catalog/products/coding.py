"""Ask whether the codes of a description exist and fit together (GB/T 4754, GB/T 2260)."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import Final

from catalog.code_trees.lineage import CodeMalformed, canonical, is_in_subtree, lineage
from catalog.code_trees.model import Code, Tree
from catalog.kernel.errors import FieldError, Invalid
from catalog.products.model import Description

#: Which fields hold codes of which tree, from the coarsest to the finest.
FIELDS: Final[Mapping[Tree, tuple[str, ...]]] = {
    Tree.INDUSTRY: ("industry_section", "industry_division", "industry_class"),
    Tree.REGION: ("region_code",),
}


class CodeUnknown(Invalid):
    """A field holds a code that its table does not have, or no longer has (代码不存在)."""

    code = "code_unknown"


class IndustryCodesContradict(Invalid):
    """The division does not lie in the section, or the class not in the division (行业代码不一致)."""

    code = "industry_codes_contradict"


def codes_named(description: Description, tree: Tree) -> dict[str, str]:
    """Return the codes of one tree that the description names, by their field."""
    fields = ((field, getattr(description, field)) for field in FIELDS[tree])
    return {field: code for field, code in fields if code}


def filed_under(description: Description, tree: Tree) -> tuple[str, ...]:
    """Return all codes under which the product is found, from the top down to its finest.

    A code that the tree can not hold counts for nothing: old descriptions were not asked.
    """
    named = list(codes_named(description, tree).values())
    try:
        return lineage(tree, named[-1]) if named else ()
    except CodeMalformed:
        return ()


def check_codes(description: Description, known: Mapping[Tree, Mapping[str, Code]]) -> None:
    """Return if each code is one of its table, and each finer one lies in the coarser.

    :raises CodeUnknown: if one is not, or is not current; ``errors`` name the fields.
    :raises IndustryCodesContradict: if two do not fit.
    """
    unknown = tuple(
        FieldError(f"/{field}", CodeUnknown.code, code)
        for tree in Tree
        for field, code in codes_named(description, tree).items()
        if not _counts(tree, code, known.get(tree, {}))
    )
    if unknown:
        given = {each.pointer[1:]: each.message for each in unknown}
        raise CodeUnknown(fields=list(given), codes=list(given.values()), errors=unknown)
    _check_together(list(codes_named(description, Tree.INDUSTRY).items()))


def _counts(tree: Tree, code: str, known: Mapping[str, Code]) -> bool:
    found = known.get(code) or known.get(canonical(tree, code))
    return found is not None and found.is_current


def _check_together(pairs: Collection[tuple[str, str]]) -> None:
    for (coarse_field, coarse), (fine_field, fine) in itertools.pairwise(pairs):
        if not is_in_subtree(Tree.INDUSTRY, fine, of=coarse):
            error = FieldError(f"/{fine_field}", IndustryCodesContradict.code, coarse)
            raise IndustryCodesContradict(
                fine=fine, coarse=coarse, fields=f"{coarse_field}, {fine_field}", errors=(error,)
            )
