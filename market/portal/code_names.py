"""Find what the codes of industries and regions are called, for the pages that show them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import msgspec

from catalog.code_trees import queries as code_trees
from catalog.code_trees.model import Tree
from market.http.command import Command
from market.portal.asked_search import PRICES
from market.portal.show import yuan
from market.portal.wording import Speaker

# The filters, and so the lists of words, whose values are codes of a tree.
_TREE_OF = {"industry": Tree.INDUSTRY, "region_code": Tree.REGION}


class CodeNames(msgspec.Struct, frozen=True):
    """The names of the codes that a page shows."""

    of_trees: Mapping[Tree, Mapping[str, str]] = {}
    of_zones: Mapping[str, str] = {}

    def called(self, speaker: Speaker) -> Callable[[str, str], str]:
        """Return what says how a value is called: by our words, or else by its table's name."""

        def call(name: str, value: str) -> str:
            if name in PRICES and value.isdecimal():
                return yuan(int(value))
            if name == "zone":
                return self.of_zones.get(value, value)
            worded = speaker.label(name, value)
            tree = _TREE_OF.get(name)
            if worded != value or tree is None:
                return worded
            return self.of_trees.get(tree, {}).get(value, value)

        return call


async def find_names(c: Command, codes: Mapping[Tree, Collection[str]]) -> CodeNames:
    """Return the official names of codes; they are Chinese in every language."""
    return CodeNames(
        {
            tree: {
                code: found.name
                for code, found in (await code_trees.find(c.tx, tree=tree, codes=wanted)).items()
            }
            for tree, wanted in codes.items()
        }
    )
