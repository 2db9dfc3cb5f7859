"""Say which address an endpoint may have: https, a host, no words of ours in it (SSRF, OPERATIONS §1.8).

Where the host lies is looked at when a message goes out (``market/channels/webhook_web.py``): a name can
come to mean another address after it was registered.
"""

from __future__ import annotations

import ipaddress
import urllib.parse

from catalog.kernel.errors import Invalid


class WebhookUrlUnfit(Invalid):
    """The address is not https, has no host, or holds a user, a fragment, a bare IP address."""

    code = "webhook_url_unfit"


def check_url(url: str, *, allows_private: bool) -> None:
    """Return if messages may go to the address; ``allows_private`` also lets http and IPs through.

    :raises WebhookUrlUnfit: if not.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise WebhookUrlUnfit(url=url[:200]) from error
    is_plain = not (parts.username or parts.password or parts.fragment)
    schemes = ("https", "http") if allows_private else ("https",)
    is_named = allows_private or not _is_ip(host)
    if not (parts.scheme in schemes and host and is_plain and is_named and url.isascii()):
        raise WebhookUrlUnfit(url=url[:200])


def _is_ip(host: str) -> bool:
    # Also as 0x7f.1, 2130706433 or 127.1, which resolvers take for addresses.
    last = host.rstrip(".").rpartition(".")[2]
    if last.isdigit() or last.lower().startswith("0x"):
        return True
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
