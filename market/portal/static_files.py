"""Hold the portal's few files in memory, each under a name that changes with its bytes.

What is not in the map is not there: no path of a request ever reaches the disk.
"""

from __future__ import annotations

import functools
import hashlib
import pathlib
from collections.abc import Mapping
from typing import Final

import msgspec

_DIRECTORY: Final = pathlib.Path(__file__).parent / "static"
_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".js": "text/javascript",
}


class StaticFile(msgspec.Struct, frozen=True):
    """A file as it is served."""

    content: bytes
    media_type: str


@functools.cache
def _addresses() -> Mapping[str, tuple[str, StaticFile]]:
    found = {}
    for path in sorted(_DIRECTORY.iterdir()):
        media_type = _MEDIA_TYPES.get(path.suffix)
        if media_type is None or not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:12]
        name = f"{path.stem}.{digest}{path.suffix}"
        found[path.name] = (name, StaticFile(content, media_type))
    return found


@functools.cache
def all_files() -> Mapping[str, StaticFile]:
    """Return every file by the name under which it is served."""
    return dict(_addresses().values())


def address(name: str) -> str:
    """Return the address of a packaged file; a page that names another is a fault of ours.

    :raises KeyError: if there is no such file.
    """
    return f"/static/{_addresses()[name][0]}"
