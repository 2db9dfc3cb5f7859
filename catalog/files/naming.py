"""Read the name, the media type and the seal that a caller gave, and refuse those that are none.

The name is only ever shown and sent back; the bytes lie under their digest (ASVS 5.3.2).
"""

from __future__ import annotations

import re
import unicodedata
import urllib.parse
import uuid
from typing import Final

from catalog.kernel.errors import Invalid

MAX_NAME_LENGTH: Final = 255
OCTETS: Final = "application/octet-stream"
_TOKEN: Final = r"[A-Za-z0-9!#$&^_.+-]{1,100}"  # noqa: S105  # RFC 6838 §4.2
_MEDIA_TYPE: Final = re.compile(rf"{_TOKEN}/{_TOKEN}")
# Cc and Cf hold line breaks and the marks that turn the reading direction ("gpj.exe").
_FORBIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class FileNameInvalid(Invalid):
    """The X-File-Name header is missing, not percent-encoded UTF-8, too long, or no name."""

    code = "file_name_invalid"


class FileMediaTypeInvalid(Invalid):
    """The content type is not of the form type/subtype."""

    code = "file_media_type_invalid"


class SealedForInvalid(Invalid):
    """The X-Sealed-For header holds no id."""

    code = "sealed_for_invalid"


def sealed_for(header: str | None) -> uuid.UUID | None:
    """Return for which case a file is sealed (密封), None if for none.

    :raises SealedForInvalid: if the header holds no id.
    """
    if header is None:
        return None
    try:
        return uuid.UUID(header.strip())
    except ValueError as error:
        raise SealedForInvalid from error


def file_name(header: str | None) -> str:
    """Return the name that the percent-encoded ``header`` holds, without any path.

    :raises FileNameInvalid: if there is none in it.
    """
    if not header or len(header) > 9 * MAX_NAME_LENGTH:
        raise FileNameInvalid(maximum=MAX_NAME_LENGTH)
    try:
        decoded = urllib.parse.unquote(header, errors="strict")
    except UnicodeDecodeError as error:
        raise FileNameInvalid(maximum=MAX_NAME_LENGTH) from error
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", decoded)[-1]).strip()
    is_name = 0 < len(name) <= MAX_NAME_LENGTH and name.strip(".")
    if not is_name or any(unicodedata.category(c) in _FORBIDDEN for c in name):
        raise FileNameInvalid(maximum=MAX_NAME_LENGTH)
    return name


def media_type(header: str | None) -> str:
    """Return the media type in ``header`` without its parameters; none means plain bytes.

    :raises FileMediaTypeInvalid: if it is not of the form type/subtype.
    """
    given = (header or OCTETS).split(";")[0].strip().lower()
    if not _MEDIA_TYPE.fullmatch(given):
        raise FileMediaTypeInvalid(media_type=given[:100])
    return given
