"""Pack a bundle into one archive, and read one that anybody may have made (ZIP)."""

from __future__ import annotations

import enum
import io
import zipfile
from typing import Final

from catalog.audit_log.verdict import Unreadable
from market.case_files.archive import BROKEN
from market.proof_bundles.model import MANIFEST, NAMES

MAGIC: Final = b"PK\x03\x04"
#: An order with a hundred thousand uses is well below half of it.
MAX_BYTES: Final = 1024 * 1024 * 1024
#: Text of ours is packed to a tenth; what promises more than this is no text of ours.
MAX_RATIO: Final = 200
MAX_MEMBERS: Final = 64
_SMALL: Final = 1024 * 1024
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # no time: the archive of the same members is the same
_NAME_AT: Final = 30  # in the first header of an archive
_IS_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveFault(enum.StrEnum):
    """Why an archive is not looked into."""

    NOT_A_ZIP = "archive_not_a_zip"
    TOO_LARGE = "archive_too_large"
    BOMB = "archive_bomb"
    PATH = "archive_path_unsafe"
    DOUBLED = "archive_member_doubled"
    ENCRYPTED = "archive_encrypted"
    METHOD = "archive_method_unknown"
    BROKEN = "archive_member_broken"
    NO_MANIFEST = "archive_without_manifest"


class ArchiveRefused(Unreadable):
    """The archive is not one that is safe and whole; ``fault`` and ``member`` say why and where."""

    def __init__(self, fault: ArchiveFault, reason: str, member: str = "") -> None:
        where = f"{member}: " if member else ""
        super().__init__(f"no proof bundle: {where}{reason}")
        self.fault = fault
        self.member = member


def pack(parts: dict[str, bytes]) -> bytes:
    """Return the archive of these members, in the order of ``NAMES``."""
    assert set(parts) <= set(NAMES), "a bundle has no other members"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for name in NAMES:
            if name in parts:
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), parts[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def is_one(raw: bytes) -> bool:
    """Tell whether an archive says that it is a bundle; whether it is one is told by reading it."""
    if raw[_NAME_AT:].startswith(MANIFEST.encode()):
        return True
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return MANIFEST in archive.namelist()
    except BROKEN:
        return False


def unpack(raw: bytes) -> dict[str, bytes]:
    """Return the members of an archive. Nothing is unpacked before all of it was found to be safe.

    :raises ArchiveRefused: if it is no archive, unsafe, or broken.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            _check_safe(infos)
            return {info.filename: _read(archive, info) for info in infos}
    except BROKEN as error:
        raise ArchiveRefused(ArchiveFault.NOT_A_ZIP, str(error)) from error


def _check_safe(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    if len(names) > MAX_MEMBERS:
        raise ArchiveRefused(ArchiveFault.TOO_LARGE, f"it holds {len(names)} members")
    for info in infos:
        name = info.filename
        # Ours lie in no folder, so whatever could lead out of one is none of ours.
        if not name or any(c in name for c in "/\\:\0") or name.startswith("."):
            raise ArchiveRefused(ArchiveFault.PATH, "a name that could lead elsewhere", name[:80])
        if names.count(name) > 1:
            raise ArchiveRefused(ArchiveFault.DOUBLED, "it stands there twice", name)
        if info.flag_bits & _IS_ENCRYPTED:
            raise ArchiveRefused(ArchiveFault.ENCRYPTED, "it is encrypted", name)
        if info.compress_type not in _METHODS:
            raise ArchiveRefused(ArchiveFault.METHOD, "it is packed in another way", name)
        if info.file_size > _SMALL and info.file_size > MAX_RATIO * info.compress_size:
            raise ArchiveRefused(ArchiveFault.BOMB, "it would unpack to far too much", name)
    if sum(info.file_size for info in infos) > MAX_BYTES:
        raise ArchiveRefused(ArchiveFault.TOO_LARGE, f"it holds more than {MAX_BYTES} bytes")
    if MANIFEST not in names:
        raise ArchiveRefused(ArchiveFault.NO_MANIFEST, "it has no manifest.json")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(info)
    except BROKEN as error:
        raise ArchiveRefused(ArchiveFault.BROKEN, str(error), info.filename) from error
