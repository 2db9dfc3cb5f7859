"""Take files in and hand them out (文件上传、下载). The body is the file, nothing around it."""

from __future__ import annotations

import hashlib
import uuid

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from catalog.agency_selection import queries as selections
from catalog.files import disk, naming, reading
from catalog.files import operations as files
from catalog.files import queries as file_queries
from catalog.files.model import StoredFile
from catalog.kernel.db import begin
from catalog.kernel.errors import Missing
from market.http import attachment
from market.http.answers import answers, creates, sends, takes
from market.http.command import Answer, Command, answer, command, created, idempotency_key
from market.http.confidential import read_confidential, remember_denial
from market.http.context import AnyRequest, actor, context


@post(
    "/api/v1/files",
    summary="Upload a file",
    tags=["files"],
    request_max_body_size=None,  # our own limit is counted while the bytes come in
    opt=takes("*/*", "X-File-Name", optional=("X-Sealed-For",)) | creates(StoredFile),
)
async def upload_file(request: AnyRequest) -> Response[bytes]:
    """Store the body as a file (文件). Its name comes percent-encoded in ``X-File-Name``.

    ``X-Sealed-For`` names the public comparison for whose bid it is: until the bids are opened it is
    seen by who uploaded it alone (密封).
    """
    idempotency_key(request)
    name = naming.file_name(request.headers.get("x-file-name"))
    media_type = naming.media_type(request.headers.get("content-type"))
    settings = context(request).settings
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > settings.max_upload_bytes:
        raise disk.FileTooLarge(maximum_bytes=settings.max_upload_bytes)
    # The bytes are on the disk before the row is; without a row nobody can name them.
    arrived = await disk.take_in(
        settings.files_dir, request.stream(), maximum_bytes=settings.max_upload_bytes
    )

    sealed_for = naming.sealed_for(request.headers.get("x-sealed-for"))

    async def act(c: Command) -> Answer:
        if sealed_for is not None:
            await selections.check_takes_bids(c.tx, selection_id=sealed_for, now=c.now)
        file = await files.record(
            c.tx,
            actor=c.actor,
            now=c.now,
            arrived=arrived,
            file_name=name,
            media_type=media_type,
            sealed_for=sealed_for,
        )
        return created(file, f"/api/v1/files/{file.id}")

    said = [arrived.sha256, media_type, name, *([] if sealed_for is None else [str(sealed_for)])]
    asked = hashlib.sha256("\n".join(said).encode()).digest()
    return await command(request, act, body_sha256=asked)


@get(
    "/api/v1/files/{file_id:uuid}",
    summary="What is known of a file",
    tags=["files"],
    opt=answers(StoredFile),
)
async def get_file(request: AnyRequest, file_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return name, size and digest of a file of one's own, of one's case, or for supervision."""

    async def look(c: Command) -> StoredFile:
        return await file_queries.get(c.tx, viewer=c.actor, file_id=file_id)

    return answer(await read_confidential(request, "file", file_id, look))


@get(
    "/api/v1/files/{file_id:uuid}/content",
    summary="The bytes of a file",
    tags=["files"],
    opt=sends("*/*", "etag", "content-disposition", "repr-digest", refusals=(409,)),
)
async def get_file_content(request: AnyRequest, file_id: FromPath[uuid.UUID]) -> Stream:
    """Return the bytes after hashing them again; a reading by others is remembered (HN-28)."""
    wiring, who = context(request), actor(request)
    try:
        async with begin(wiring.db, who) as tx:
            file = await files.open_content(tx, actor=who, now=wiring.now(), file_id=file_id)
    except (Missing, reading.FileQuarantined):
        await remember_denial(request, "file", file_id)
        raise
    opened = await disk.open_verified(wiring.settings.files_dir, file.sha256, file.size_bytes)
    return Stream(
        disk.chunks_of(opened),
        media_type=file.media_type,
        headers=attachment.headers(
            file_name=file.file_name, size_bytes=file.size_bytes, sha256=file.sha256
        ),
    )
