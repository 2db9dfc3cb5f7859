"""Answer with a feed, and with nothing to whoever has it already (If-None-Match)."""

from __future__ import annotations

import hashlib
from typing import Final

from litestar import Response

from market.http.context import AnyRequest

FEED_LENGTH: Final = 50


def feed_answer(request: AnyRequest, body: bytes, media_type: str) -> Response[bytes]:
    """Return the feed with its ETag; 304 and no body if the caller named it."""
    tag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "public, max-age=60"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(body, headers=headers, media_type=media_type)
