"""Pack a case file into one archive and read one that anybody may have made (ZIP)."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Final

from catalog.audit_log.verdict import Unreadable
from market.case_files.model import FILES

#: A case with a thousand entries is well below; what is larger is no case file.
MAX_BYTES: Final = 64 * 1024 * 1024
#: What reading an archive that anybody may have made can come to.
BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the archive of the same case is the same, byte by byte


def pack(parts: dict[str, bytes]) -> bytes:
    """Return the archive of these parts, in the order of ``FILES``."""
    assert set(parts) == set(FILES), "a case file has all its parts"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), parts[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def unpack(raw: bytes) -> dict[str, bytes]:
    """Return the parts of an archive.

    :raises Unreadable: if it is no archive, lacks a part, or holds more than a case file does.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
            if sorted(names) != sorted(FILES):
                raise Unreadable(f"no case file: it holds {', '.join(names[:20]) or 'nothing'}")
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise Unreadable("no case file: it is too large")
            return {name: archive.read(name) for name in FILES}
    except BROKEN as error:
        raise Unreadable(f"no case file: {error}") from error
