"""Serve the code trees as pages to walk down: industries and regions with counts (浏览)."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.code_trees import queries as code_trees
from catalog.code_trees.model import Branch, Tree
from catalog.kernel.errors import Missing
from catalog.search import queries as search
from catalog.search.model import Filters, Found
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal.code_names import CodeNames
from market.portal.render import language_of, page
from market.portal.show import cleaned, one_of
from market.portal.wording import Speaker

#: By which filter a search finds what lies in a branch.
FILTER_OF: Final = {Tree.INDUSTRY: "industry", Tree.REGION: "region_code"}
_NEWEST_SHOWN: Final = 5


class Shelves(msgspec.Struct, frozen=True):
    """A branch of a tree, and what of the catalogue lies in it."""

    branch: Branch
    found: Found

    @property
    def names(self) -> CodeNames:
        """Return what the codes on the page are called."""
        codes = (*self.branch.above, *self.branch.below)
        return CodeNames({self.branch.tree: {each.code: each.name for each in codes}})

    @property
    def counts(self) -> dict[str, int]:
        """Return how many products lie in each of the codes right below."""
        counted = self.found.facets.get(FILTER_OF[self.branch.tree], [])
        return {each.value: each.count for each in counted}


@get("/browse/{tree:str}", include_in_schema=False)
async def browse(
    request: AnyRequest, tree: FromPath[str], *, code: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show a code, what lies right below it with counts, and the newest products in it."""
    wanted, at = one_of(Tree, tree), cleaned(code)
    if wanted is None:
        raise Missing

    async def look(c: Command) -> Shelves:
        branch = await code_trees.get_branch(c.tx, tree=wanted, code=at)
        filters = Filters(industry=at) if wanted is Tree.INDUSTRY else Filters(region_code=at)
        found = await search.search(
            c.tx, port=c.context.search, filters=filters, limit=_NEWEST_SHOWN
        )
        return Shelves(branch, found)

    shelves = await read(request, look)
    return page(
        request,
        "browse.html",
        branch=shelves.branch,
        found=shelves.found,
        counts=shelves.counts,
        facet=FILTER_OF[wanted],
        called=shelves.names.called(Speaker(language_of(request))),
        trees=tuple(Tree),
    )
