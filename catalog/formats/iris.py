"""Make addresses that any reader of RDF takes: people type blanks and brackets into them."""

from __future__ import annotations

import re
import urllib.parse
from typing import Final

_WEB: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
# What RFC 3987 lets stand in an address, besides letters of any script.
_KEPT: Final = ":/?#[]@!$&'()*+,;=-._~%"
# What may not stand between < and > (RFC 3987, Turtle's IRIREF).
_NOT_IN_IRI: Final = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


_WORLDWIDE: Final = ("http://", "https://", "urn:", "doi:")


def is_worldwide(identifier: str) -> bool:
    """Tell whether an identifier is one for all the world, as an address, a URN or a DOI is."""
    return identifier.startswith(_WORLDWIDE)


def safe_iri(address: str) -> str:
    """Return an address with what none may hold written by its bytes."""
    return _NOT_IN_IRI.sub(_percent, address)


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode())


def web_address(text: str) -> str | None:
    """Return ``text`` as an address of the web in ASCII, None if it is none."""
    stripped = text.strip()
    if not _WEB.match(stripped):
        return None
    quoted = urllib.parse.quote(_BAD_PERCENT.sub("%25", stripped), safe=_KEPT)
    try:
        parts = urllib.parse.urlsplit(quoted)
        if not parts.hostname:
            return None
    except ValueError:  # a bracket that is no IPv6 address
        return None
    path = parts.path.replace("[", "%5B").replace("]", "%5D")
    rest = [each.replace("[", "%5B").replace("]", "%5D") for each in (parts.query, parts.fragment)]
    return urllib.parse.urlunsplit(
        (parts.scheme, parts.netloc, path, rest[0], rest[1].replace("#", "%23"))
    )
