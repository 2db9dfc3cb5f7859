"""Write, check and read the bytes of files: ``<directory>/<aa>/<sha256>``, each digest once.

Bytes come in through a temporary file that is flushed to the disk before it gets its name, so a
name always stands for whole bytes. A crash leaves at most a temporary file or bytes without a row;
never a row without bytes, because the row is written afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pathlib
import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator
from typing import BinaryIO, Final

from catalog.files.model import Arrived
from catalog.kernel.errors import Invalid, Refused

_CHUNK_BYTES: Final = 256 * 1024
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class FileTooLarge(Invalid):
    """The upload has more bytes than are taken here."""

    code = "file_too_large"


class FileEmpty(Invalid):
    """The upload has no bytes."""

    code = "file_empty"


class FileContentAltered(Refused):
    """The stored bytes are gone or no longer those of the digest; they are not handed out."""

    code = "file_content_altered"


async def take_in(
    directory: pathlib.Path, chunks: AsyncIterable[bytes], *, maximum_bytes: int
) -> Arrived:
    """Store the bytes of ``chunks`` and return their digest. Safe against a crash at any moment.

    :raises FileTooLarge: if there are more than ``maximum_bytes``; nothing is kept.
    :raises FileEmpty: if there are none.
    """
    incoming = directory / "incoming"
    incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = incoming / f"{secrets.token_hex(16)}.part"
    digest, size = hashlib.sha256(), 0
    try:
        with part.open("xb") as out:
            async for chunk in chunks:
                size += len(chunk)
                if size > maximum_bytes:
                    raise FileTooLarge(maximum_bytes=maximum_bytes)
                digest.update(chunk)
                await asyncio.to_thread(out.write, chunk)
            if size == 0:
                raise FileEmpty
            await asyncio.to_thread(_flush, out)
        sha256 = digest.hexdigest()
        await asyncio.to_thread(_give_name, part, path_of(directory, sha256))
    finally:
        part.unlink(missing_ok=True)
    return Arrived(sha256, size)


def remove_unfinished(directory: pathlib.Path) -> int:
    """Remove what a crash left of uploads that never ended; return how many there were.

    Called before the service is open, by the one process that has the data directory.
    """
    left = list((directory / "incoming").glob("*.part"))
    for part in left:
        part.unlink(missing_ok=True)
    return len(left)


def path_of(directory: pathlib.Path, sha256: str) -> pathlib.Path:
    """Return where the bytes with this digest lie."""
    assert _SHA256.fullmatch(sha256), "a digest is 64 hexadecimal digits"
    return directory / sha256[:2] / sha256


async def open_verified(directory: pathlib.Path, sha256: str, size_bytes: int) -> BinaryIO:
    """Return the stored bytes, opened, after hashing them again.

    :raises FileContentAltered: if they are missing or not those of the digest.
    """
    return await asyncio.to_thread(_open_verified, directory, sha256, size_bytes)


async def chunks_of(opened: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the bytes of an opened file and close it."""
    try:
        while chunk := await asyncio.to_thread(opened.read, _CHUNK_BYTES):
            yield chunk
    finally:
        opened.close()


def _open_verified(directory: pathlib.Path, sha256: str, size_bytes: int) -> BinaryIO:
    try:
        opened = path_of(directory, sha256).open("rb")
    except FileNotFoundError as error:
        raise FileContentAltered(sha256=sha256) from error
    # The same open file is hashed and then read, so a file put in its place changes nothing.
    if hashlib.file_digest(opened, "sha256").hexdigest() != sha256 or opened.tell() != size_bytes:
        opened.close()
        raise FileContentAltered(sha256=sha256)
    opened.seek(0)
    return opened


def _flush(out: BinaryIO) -> None:
    out.flush()
    os.fsync(out.fileno())


def _give_name(part: pathlib.Path, target: pathlib.Path) -> None:
    if not target.parent.is_dir():
        target.parent.mkdir(mode=0o700, exist_ok=True)
        _flush_directory(target.parent.parent)
    # Replacing equal bytes by equal bytes is harmless, and it heals bytes that were altered.
    part.replace(target)
    _flush_directory(target.parent)


def _flush_directory(path: pathlib.Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
