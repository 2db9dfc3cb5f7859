"""Tell from a code where it stands in its tree (上下级关系).

A region lies in the one it begins with, and so do groups and classes of industries; to which
section a division belongs is a table of the standard (GB/T 4754—2017, table 1). GB/T 2260 writes
all regions with six digits, 460000 for a province and 460100 for a city; the noughts stand for
nothing below and are left out.
"""

from __future__ import annotations

import re
from typing import Final

from catalog.code_trees.model import Tree
from catalog.kernel.errors import Invalid

#: The last division (大类) of each section (门类), in the standard's order.
_LAST_DIVISIONS: Final = (
    ("A", 5), ("B", 12), ("C", 43), ("D", 46), ("E", 50), ("F", 52), ("G", 60), ("H", 62), ("I", 65), ("J", 69),
    ("K", 70), ("L", 72), ("M", 75), ("N", 79), ("O", 82), ("P", 83), ("Q", 85), ("R", 90), ("S", 96), ("T", 97),
)  # fmt: skip
_SIX_DIGITS: Final = re.compile(r"[0-9]{6}")
_SHORTEST: Final = 2
_SHAPES: Final = {
    Tree.INDUSTRY: re.compile(r"[A-T]|[0-9]{2,4}"),
    Tree.REGION: re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}"),
}


class CodeMalformed(Invalid):
    """The text is no code of this tree: it has another shape."""

    code = "code_malformed"


def canonical(tree: Tree, code: str) -> str:
    """Return a code as its table has it: a province by two digits, a city by four (460000 is 46).

    What has not the shape of a code is returned as it is.
    """
    if tree is not Tree.REGION or not _SIX_DIGITS.fullmatch(code):
        return code
    while len(code) > _SHORTEST and code.endswith("00"):
        code = code[:-2]
    return code


def lineage(tree: Tree, code: str) -> tuple[str, ...]:
    """Return the codes from the top of the tree down to ``code`` itself.

    Whatever is filed under all of them is found in every subtree that it lies in.

    :raises CodeMalformed: if it has not the shape of a code of this tree.
    """
    if not _SHAPES[tree].fullmatch(code):
        raise CodeMalformed(tree=tree.value, given=code)
    code = canonical(tree, code)
    if tree is Tree.REGION:
        return tuple(code[:length] for length in range(2, len(code) + 1, 2))
    if code.isalpha():
        return (code,)
    return (_section(code), *(code[:length] for length in range(2, len(code) + 1)))


def parent(tree: Tree, code: str) -> str | None:
    """Return the code right above ``code``, or None at the top.

    :raises CodeMalformed: if it has not the shape of a code of this tree.
    """
    line = lineage(tree, code)
    return line[-2] if len(line) > 1 else None


def is_in_subtree(tree: Tree, code: str, *, of: str) -> bool:
    """Tell whether ``code`` is the code ``of`` or lies below it.

    :raises CodeMalformed: if it has not the shape of a code of this tree.
    """
    return canonical(tree, of) in lineage(tree, code)


def _section(code: str) -> str:
    division = int(code[:2])
    for section, last in _LAST_DIVISIONS:
        if 1 <= division <= last:
            return section
    raise CodeMalformed(tree=Tree.INDUSTRY.value, given=code)
