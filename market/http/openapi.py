"""Serve the OpenAPI document, and a page that shows it without asking anybody else (接口文档)."""

from __future__ import annotations

import asyncio
import functools
import gzip
import pathlib
from typing import Any, Final

import msgspec
from litestar import Response, get

from market.http import describe
from market.http.answers import answers, sends
from market.http.context import AnyRequest

_ASSETS: Final = pathlib.Path(__file__).parent / "assets"
_FOR_MINUTES: Final = "public, max-age=300"
_PAGE: Final = """\
<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>数市 Shushi · 接口文档 · API</title>
<link rel="icon" href="data:,">
<script type="module" src="/docs/rapidoc-min.js"></script>
<style>html, body { height: 100%; margin: 0; }</style>
</head>
<body>
<rapi-doc spec-url="/openapi.json" render-style="read" load-fonts="false" show-header="false"
  regular-font="'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
  mono-font="ui-monospace, monospace" allow-server-selection="false" primary-color="#a61b29"
  schema-description-expanded="true" sort-endpoints-by="path"></rapi-doc>
<noscript><p>此页需要脚本；接口文档见 <a href="/openapi.json">openapi.json</a>。
This page needs scripts; the document itself is <a href="/openapi.json">openapi.json</a>.</p>
</noscript>
</body>
</html>
"""
# RapiDoc sets styles on its elements; scripts come from here alone, and nothing from elsewhere.
_CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@get("/openapi.json", summary="This document", tags=["house"], opt=answers(dict[str, Any]))
async def get_openapi() -> Response[bytes]:
    """Return the OpenAPI 3.1 document of this interface."""
    return Response(
        await asyncio.to_thread(_document),
        media_type="application/json",
        headers={"cache-control": _FOR_MINUTES},
    )


@get(
    "/docs", summary="The document as a page", tags=["house"], opt=sends("text/html; charset=utf-8")
)
async def get_docs() -> Response[bytes]:
    """Return a page that shows the document; all it needs is served from here."""
    return Response(
        _PAGE.encode(),
        media_type="text/html",
        headers={"cache-control": _FOR_MINUTES, "content-security-policy": _CONTENT_POLICY},
    )


@get(
    "/docs/rapidoc-min.js",
    summary="The page's script",
    tags=["house"],
    opt=sends("text/javascript; charset=utf-8"),
)
async def get_docs_script(request: AnyRequest) -> Response[bytes]:
    """Return RapiDoc as it was vendored (MIT)."""
    headers = {"cache-control": "public, max-age=86400", "vary": "accept-encoding"}
    plain, packed = await asyncio.to_thread(_script)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        plain = packed
    return Response(plain, media_type="text/javascript", headers=headers)


@functools.cache
def _document() -> bytes:
    return msgspec.json.encode(describe.document())


@functools.cache
def _script() -> tuple[bytes, bytes]:
    plain = (_ASSETS / "rapidoc-min.js").read_bytes()
    return plain, gzip.compress(plain, mtime=0)
