"""Find where two documents first differ, in words that lead a person to the place (差异定位)."""

from __future__ import annotations

from typing import Any

import msgspec


def first_difference(stored: bytes, computed: bytes) -> str | None:
    """Return the JSON pointer (RFC 6901) of the first place that differs; None if they are equal.

    Bytes that tell the same JSON but are not the same bytes differ at the root, ``""``; so do
    bytes that are no JSON.
    """
    if stored == computed:
        return None
    try:
        return _pointer(msgspec.json.decode(stored), msgspec.json.decode(computed), "") or ""
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _pointer(left: Any, right: Any, at: str) -> str | None:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}):
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name not in left or name not in right:
                return place
            found = _pointer(left[name], right[name], place)
            if found is not None:
                return found
        return None
    if isinstance(left, list) and isinstance(right, list):
        for i, (one, other) in enumerate(zip(left, right, strict=False)):
            found = _pointer(one, other, f"{at}/{i}")
            if found is not None:
                return found
        shorter = min(len(left), len(right))
        return None if len(left) == len(right) else f"{at}/{shorter}"
    return None if left == right and type(left) is type(right) else at
