"""Show amounts, sizes and addresses as people read them."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Final

_FEN_PER_YUAN: Final = 100
_KIBI: Final = 1024
_SIZE_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_MAX_FILTER_LENGTH: Final = 200


def yuan(amount_fen: int) -> str:
    """Return an amount in yuan, to the fen: ¥1,234.50."""
    whole, fen = divmod(abs(amount_fen), _FEN_PER_YUAN)
    sign = "−" if amount_fen < 0 else ""
    return f"{sign}¥{whole:,}.{fen:02}"


def whole(number: int) -> str:
    """Return a count with its thousands set apart: 64,087."""
    return f"{number:,}"


def size(size_bytes: int) -> str:
    """Return a size in the unit in which it is below 1024, with one decimal."""
    unit, scale = 0, 1
    while size_bytes >= scale * _KIBI and unit < len(_SIZE_UNITS) - 1:
        unit, scale = unit + 1, scale * _KIBI
    if unit == 0:
        return f"{size_bytes} B"
    tenths = size_bytes * 10 // scale
    return f"{tenths // 10}.{tenths % 10} {_SIZE_UNITS[unit]}"


def address(path: str, query: Mapping[str, str | None]) -> str:
    """Return a path with those of the parameters that say something."""
    said = {name: value for name, value in query.items() if value}
    return f"{path}?{urllib.parse.urlencode(said)}" if said else path


def cleaned(text: str | None) -> str | None:
    """Return what somebody typed or linked without unreadable characters, None if none is left."""
    if text is None:
        return None
    readable = "".join(character for character in text if character.isprintable())
    return readable.strip()[:_MAX_FILTER_LENGTH] or None


def own_path(text: str | None) -> str:
    """Return where to go on after signing in: a path of this site, or else the first page.

    A path is taken apart and put together again, so that no other host can hide in it.
    """
    given = text or "/"
    plain = given.isprintable() and given.startswith("/") and "\\" not in given
    if not plain or given.startswith("//"):
        return "/"
    parts = urllib.parse.urlsplit(given)
    path = urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    query = urllib.parse.quote(parts.query, safe="=&%+:@!$'()*,;~-._/?")
    return path + (f"?{query}" if query else "")
