"""Show the code tables by which products are sorted: industries and regions (行业、地区代码)."""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.code_trees import queries
from catalog.code_trees.model import Branch, Tree
from catalog.kernel.errors import Missing
from market.http.answers import answers
from market.http.command import Command, answer, read
from market.http.context import AnyRequest

_PUBLIC_FOR_AN_HOUR = "public, max-age=3600"


class CodeTreeMissing(Missing):
    """There is no tree of this name."""

    code = "not_found"


@get(
    "/api/v1/code-trees/{tree:str}",
    summary="A code with what lies above and below it",
    tags=["products"],
    opt=answers(Branch, refusals=(404, 422)),
)
async def get_branch(
    request: AnyRequest, tree: FromPath[str], *, code: FromQuery[str | None] = None
) -> Response[bytes]:
    """Return a code of ``industry`` (GB/T 4754) or ``region`` (GB/T 2260); without one, the top."""
    if tree not in set(Tree):
        raise CodeTreeMissing

    async def look(c: Command) -> Branch:
        return await queries.get_branch(c.tx, tree=Tree(tree), code=code)

    return answer(await read(request, look), cache=_PUBLIC_FOR_AN_HOUR)
