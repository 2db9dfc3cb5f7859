"""Send bytes so that a browser stores them and never runs them, whoever made them.

``attachment`` with a name in both forms (RFC 6266, RFC 8187), and a sandbox in case the bytes are
opened after all (ASVS 3.2.1, 5.4). That types are not guessed (nosniff) every answer of ours says.
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from typing import Final

from litestar import Response

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SAFE: Final = "!#$&+-.^_`|~"  # attr-char of RFC 8187, besides letters and digits
_NOT_PLAIN: Final = re.compile(r"[^A-Za-z0-9 !#$&+.^_`|~()-]")


def content_disposition(file_name: str) -> str:
    """Return the header value under which a file of this name is stored."""
    plain = _NOT_PLAIN.sub("_", file_name)
    encoded = urllib.parse.quote(file_name, safe=_SAFE)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def headers(*, file_name: str, size_bytes: int, sha256: str) -> dict[str, str]:
    """Return the headers of a file's content; its digest too, for the receiver to check."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    return {
        "content-disposition": content_disposition(file_name),
        "content-length": str(size_bytes),
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "private, no-store",
        "etag": f'"{sha256}"',
        "repr-digest": f"sha-256=:{digest}:",  # RFC 9530
    }


def workbook(content: bytes, file_name: str) -> Response[bytes]:
    """Return a workbook of ours, made for who asked and kept by nobody between."""
    return Response(
        content,
        media_type=XLSX,
        headers={
            "cache-control": "no-store",
            "content-disposition": content_disposition(file_name),
            "x-content-type-options": "nosniff",
        },
    )


def paper(content: bytes, file_name: str, *, cache: str) -> Response[bytes]:
    """Return a paper of ours as PDF, for as long as ``cache`` says."""
    return Response(
        content,
        media_type="application/pdf",
        headers={
            "cache-control": cache,
            "content-disposition": content_disposition(file_name),
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )
