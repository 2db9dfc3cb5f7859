"""Judge what operators post on our notice board (公示栏), when we are the bureau's site.

A posting is signed with a secret that the operator shares with the site (HMAC-SHA256, RFC 2104)
over the time, the method, the path and the body. It holds the whitelisted fields and no other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Conflict, Forbidden
from catalog.notices.publicity import PublicFields, check_public
from catalog.signing.canonical import canonical, sha256_hex

CLOCK_SKEW: Final = dt.timedelta(minutes=5)


class BoardSignatureWrong(Forbidden):
    """The operator is not trusted, or the signature is not its own, or too old."""

    code = "board_signature_wrong"


class BoardPostingDiffers(Conflict):
    """The operator posted this notice before, with other content; what stands stays."""

    code = "board_posting_differs"


class BoardPosting(msgspec.Struct, frozen=True, kw_only=True):
    """A notice of an operator on the board."""

    id: uuid.UUID
    operator: str
    notice_id: uuid.UUID
    public_fields: PublicFields
    page_url: str
    content_sha256: str
    received_at: dt.datetime
    withdrawn_at: dt.datetime | None = None
    remark: str = ""


def signature(secret: str, *, at: int, method: str, path: str, body: bytes) -> str:
    """Return the signature of a request made at the second ``at``."""
    message = f"{at}\n{method}\n{path}\n".encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def check_signature(
    secret: str | None,
    *,
    given: str,
    at: str,
    method: str,
    path: str,
    body: bytes,
    now: dt.datetime,
) -> None:
    """Return if the request was signed by the operator, lately.

    :raises BoardSignatureWrong: if not.
    """
    if secret is None or not (at.isascii() and at.isdigit() and len(at) < 12):  # noqa: PLR2004
        raise BoardSignatureWrong
    if abs(now.timestamp() - int(at)) > CLOCK_SKEW.total_seconds():
        raise BoardSignatureWrong
    right = signature(secret, at=int(at), method=method, path=path, body=body)
    if not hmac.compare_digest(right.encode(), given.encode()):
        raise BoardSignatureWrong


def trusted(operators: str) -> dict[str, str]:
    """Return the secrets of the trusted operators, written ``name=secret, name=secret``."""
    pairs: Iterable[tuple[str, str, str]] = (p.strip().partition("=") for p in operators.split(","))
    return {name: secret for name, _, secret in pairs if name and secret}


def read_fields(given: Mapping[str, Any]) -> PublicFields:
    """Return the fields of a posting.

    :raises NoticeFieldConfidential: if there is one that is not whitelisted.
    :raises NoticeFieldMissing: if one is missing or malformed.
    """
    return check_public(given)


def content_sha256(fields: PublicFields) -> str:
    """Return the SHA-256 of what stands there, in its canonical form (RFC 8785)."""
    return sha256_hex(canonical(fields))


def check_same(posting: BoardPosting, sha256: str) -> None:
    """Return if the posting that stands is the one that is posted again.

    :raises BoardPostingDiffers: if not.
    """
    if posting.content_sha256 != sha256:
        raise BoardPostingDiffers(posting_id=str(posting.id))
