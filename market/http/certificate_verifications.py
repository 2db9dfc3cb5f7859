"""Examine an uploaded certificate, proof or case file (上传核验). The body is the file."""

from __future__ import annotations

from litestar import Response, post
from litestar.params import FromQuery

from catalog.certificates.standing import instant_of
from market.http.answers import answers, takes
from market.http.command import Command, answer, read
from market.http.context import AnyRequest, context
from market.http.uploads import Verification, given_for, told
from market.verification.examining import Given
from market.verification.kinds import MAX_BYTES, UploadTooLarge


@post(
    "/api/v1/certificate-verifications",
    summary="Whether an uploaded file is genuine, and whether its certificate counted at an instant",
    tags=["certificates"],
    status_code=200,
    request_max_body_size=None,  # our own limit is counted while the bytes come in
    opt=takes("*/*") | answers(Verification, refusals=(409, 422)),
)
async def verify_upload(
    request: AnyRequest,
    at: FromQuery[str | None] = None,
    known_size: FromQuery[int] = 0,
) -> Response[bytes]:
    """Return what an uploaded file is worth: PDF, JSON, vc+jwt, ``.tlog-proof``, evidence, case file.

    It is examined in a process of its own and kept nowhere. ``at`` is the instant of which the
    certificate's standing is told (RFC 3339; now if none); ``known_size`` a checkpoint that the
    caller knows: a proof under a smaller one is not genuine.
    """
    raw = await _body(request)
    return answer(await verification(request, raw, at=at, known_size=known_size))


async def verification(
    request: AnyRequest, raw: bytes, *, at: str | None, known_size: int = 0
) -> Verification:
    """Return what a file is worth; no transaction is open while it is examined."""
    wiring = context(request)

    async def prepare(c: Command) -> Given:
        instant_of(at, now=c.now)  # refused before anything is examined
        return await given_for(c.tx, wiring, known_size)

    examined = await wiring.examiners.examine(raw, await read(request, prepare))

    async def tell(c: Command) -> Verification:
        return await told(c.tx, raw, examined, instant_of(at, now=c.now))

    return await read(request, tell)


async def _body(request: AnyRequest) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise UploadTooLarge(maximum_bytes=MAX_BYTES)
        parts.append(part)
    return b"".join(parts)
