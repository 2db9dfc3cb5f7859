"""Serve the files of the package that pages need."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.params import FromPath

from catalog.kernel.errors import Missing
from market.portal import static_files

_FOR_EVER: Final = "public, max-age=31536000, immutable"


@get("/static/{path:path}", include_in_schema=False)
async def get_static(path: FromPath[str]) -> Response[bytes]:
    """Return a packaged file; its name holds a digest of its bytes, so that it never changes.

    :raises Missing: if there is none of that name.
    """
    found = static_files.all_files().get(path.removeprefix("/"))
    if found is None:
        raise Missing
    return Response(
        found.content,
        media_type=found.media_type,
        headers={
            "cache-control": _FOR_EVER,
            "content-security-policy": "default-src 'none'",
        },
    )
