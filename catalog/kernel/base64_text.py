"""Read base64 in its one spelling: bits that say nothing must be zero, so nothing can be changed unseen."""

from __future__ import annotations

import base64


def decoded(text: str | bytes) -> bytes:
    """Return the bytes of a base64 text (RFC 4648 §4, with padding; §3.5 on the bits left over).

    :raises ValueError: if it is none, or another spelling of what it holds.
    """
    raw = base64.b64decode(text, validate=True)
    told = text.encode() if isinstance(text, str) else text
    if base64.b64encode(raw) != told:
        raise ValueError("another spelling of its base64")
    return raw
