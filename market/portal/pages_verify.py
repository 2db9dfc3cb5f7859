"""Examine an uploaded file, for people (上传核验): in words, with the standing of its certificate."""

from __future__ import annotations

import datetime as dt
from typing import Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile

from catalog.kernel.errors import DomainError
from catalog.kernel.local_time import SHANGHAI
from market.http.certificate_verifications import verification
from market.http.context import AnyRequest
from market.http.problem import status_of
from market.http.uploads import Verification
from market.http.wording import Wording, words
from market.portal.render import page
from market.verification.kinds import MAX_BYTES, UploadEmpty, UploadTooLarge

_AROUND_THE_FILE: Final = 64 * 1024


@get("/verify", include_in_schema=False)
async def show_form(request: AnyRequest) -> Response[bytes]:
    """Show the form that takes a file."""
    return _page(request)


@post(
    "/verify",
    include_in_schema=False,
    status_code=200,
    request_max_body_size=MAX_BYTES + _AROUND_THE_FILE,
)
async def examine(request: AnyRequest) -> Response[bytes]:
    """Say what the file is worth, or why it was not examined. It is kept nowhere."""
    form = await request.form()
    file, at = form.get("file"), str(form.get("at") or "")[:40]
    name = ""
    try:
        if not isinstance(file, UploadFile):
            raise UploadEmpty
        name = file.filename[:200]
        raw = await file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise UploadTooLarge(maximum_bytes=MAX_BYTES)
        told = await verification(request, raw, at=_with_offset(at))
    except DomainError as error:
        refusal = words(error.code, error.facts)
        return _page(request, name=name, asked_at=at, refusal=refusal, status=status_of(error))
    return _page(request, name=name, asked_at=at, told=told)


def _with_offset(at: str) -> str | None:
    """Return an instant as a browser's field writes it, in the time of China."""
    try:
        read = dt.datetime.fromisoformat(at)
    except ValueError:
        return at or None
    return at if read.tzinfo else read.replace(tzinfo=SHANGHAI).isoformat()


def _page(
    request: AnyRequest,
    *,
    name: str = "",
    asked_at: str = "",
    told: Verification | None = None,
    refusal: Wording | None = None,
    status: int = 200,
) -> Response[bytes]:
    return page(
        request,
        "verify.html",
        status=status,
        at="/verify",
        file_name=name,
        asked_at=asked_at,
        told=told,
        refusal=refusal,
    )
