"""Say which address a source may have: one of the web, that anybody could open (来源地址).

Where its host lies is looked at when a page is fetched (``market/channels/harvest_web.py``): a name
can come to mean another address after the source was named.
"""

from __future__ import annotations

import urllib.parse
from typing import Final

from catalog.kernel.errors import FieldError, Invalid

_WEB: Final = frozenset({"http", "https"})
_SHOWN: Final = 200


class HarvestAddressUnfit(Invalid):
    """The address is none of the web, has no host, or holds a user, a fragment or a space."""

    code = "harvest_address_unfit"


def check_address(url: str) -> None:
    """Return if a catalogue can be read at the address.

    :raises HarvestAddressUnfit: if not.
    """
    if not _is_fit(url):
        error = FieldError("/url", HarvestAddressUnfit.code, url[:_SHOWN])
        raise HarvestAddressUnfit(url=url[:_SHOWN], errors=(error,))


def _is_fit(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    is_plain = not (parts.username or parts.password or parts.fragment)
    is_readable = url.isprintable() and " " not in url
    return parts.scheme in _WEB and bool(host) and is_plain and is_readable
