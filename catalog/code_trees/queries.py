"""Read the code trees: names, what lies above and below, whole subtrees. They are public."""

from __future__ import annotations

from collections.abc import Collection

from catalog.code_trees import store
from catalog.code_trees.lineage import canonical, lineage
from catalog.code_trees.model import Branch, Code, Tree
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing


class CodeMissing(Missing):
    """The tree has no such code."""

    code = "not_found"


async def get_branch(tx: Tx, *, tree: Tree, code: str | None = None) -> Branch:
    """Return a code with what lies above and right below it; the top of the tree if none is given.

    :raises CodeMalformed: if the code has not the shape of one of this tree.
    :raises CodeMissing: if the tree has no such code.
    """
    if code is None:
        below = await store.list_below(tx, tree, None)
        return Branch(
            tree=tree, above=[], below=below, codes_in_subtree=await store.count(tx, tree)
        )
    line = lineage(tree, code)
    known = await store.find(tx, tree, line)
    code = line[-1]
    if code not in known:
        raise CodeMissing
    below = await store.list_below(tx, tree, code)
    subtree = await store.list_subtree(tx, tree, code)
    return Branch(
        tree=tree,
        above=[known[each] for each in line if each in known],
        below=below,
        codes_in_subtree=len(subtree),
    )


async def find(tx: Tx, *, tree: Tree, codes: Collection[str]) -> dict[str, Code]:
    """Return those of ``codes`` that the tree has or had, by the code as it was asked for."""
    named = {code: canonical(tree, code) for code in codes}
    found = await store.find(tx, tree, set(named.values()))
    return {code: found[short] for code, short in named.items() if short in found}


async def list_subtree(tx: Tx, *, tree: Tree, code: str) -> list[str]:
    """Return ``code`` and all codes below it, none if the tree does not know it (子树)."""
    return await store.list_subtree(tx, tree, canonical(tree, code))


async def find_sha256(tx: Tx, *, tree: Tree) -> str | None:
    """Return the digest of the file that the tree was loaded from, or None if it was not yet."""
    return await store.find_sha256(tx, tree)
