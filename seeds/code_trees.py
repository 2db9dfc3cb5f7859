"""Read the code tables that come with the service, from ``reference/code_trees``.

Each file says in its first lines which standard it follows and where its rows come from.
"""

from __future__ import annotations

import pathlib
from typing import Final

from catalog.code_trees.model import Table, Tree
from catalog.code_trees.reading import read_table

DIRECTORY: Final = pathlib.Path(__file__).parent / "reference" / "code_trees"


def read_tables() -> list[Table]:
    """Return the table of each tree."""
    return [read_table(tree, (DIRECTORY / f"{tree.value}.txt").read_bytes()) for tree in Tree]
