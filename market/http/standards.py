"""Show the standards that are known here, and what replaced those that were withdrawn (标准名录)."""

from __future__ import annotations

from litestar import Response, get

from catalog.products.known_standards import STANDARDS, KnownStandard
from market.http.answers import answers
from market.http.command import answer

_PUBLIC_FOR_AN_HOUR = "public, max-age=3600"


@get(
    "/api/v1/standards",
    summary="The standards that are known",
    tags=["products"],
    opt=answers(list[KnownStandard]),
)
async def list_standards() -> Response[bytes]:
    """Return the standards that are known; others may be cited too, withdrawn ones may not."""
    return answer(list(STANDARDS), cache=_PUBLIC_FOR_AN_HOUR)
