"""Fetch pages of foreign catalogues from public addresses alone (SSRF, ASVS 1.3.6).

The name is resolved here, each address is looked at, and the connection goes to the one that was
looked at: a name that answers otherwise a moment later leads nowhere. Each redirect is looked at anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import socket
import urllib.parse
from collections.abc import Callable
from typing import Final

import httpx
import msgspec

from catalog.kernel.errors import Refused

LONGEST: Final = 32 * 1024 * 1024  # [P] of a page
SECONDS: Final = 60.0  # [P] for a page, all redirects together
_REDIRECTS: Final = 5
_ACCEPT: Final = (
    "application/ld+json, text/turtle;q=0.9, application/rdf+xml;q=0.9, application/json;q=0.8"
)

Resolve = Callable[[str, int], "asyncio.Future[list[str]]"]


class SourceUnreachable(Refused):
    """The page was not to be had, or lies where nothing is fetched from."""

    code = "harvest_source_unreachable"


class NotPublic(Exception):
    """A host has an address that is not one of the public internet."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page as it came."""

    content: bytes
    media_type: str
    address: str

    @property
    def sha256(self) -> str:
        """Return the digest of the bytes."""
        return hashlib.sha256(self.content).hexdigest()


class Fetcher:
    """Fetch with one client; ``private`` lets loopback and private networks be read too."""

    def __init__(self, client: httpx.AsyncClient, *, private: bool = False) -> None:
        self._client = client
        self._private = private

    async def fetch(self, address: str) -> Page:
        """Return the page at an address.

        :raises SourceUnreachable: if it is not public, too large, too slow, or an error.
        """
        try:
            async with asyncio.timeout(SECONDS):
                for _ in range(_REDIRECTS + 1):
                    found = await self._once(address)
                    if isinstance(found, Page):
                        return found
                    address = urllib.parse.urljoin(address, found)
        except TimeoutError as error:
            raise SourceUnreachable(reason=f"more than {SECONDS:.0f} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise SourceUnreachable(reason=str(error)[:200] or type(error).__name__) from error
        raise SourceUnreachable(reason=f"more than {_REDIRECTS} redirects")

    async def _once(self, address: str) -> Page | str:
        url = httpx.URL(address)
        if url.scheme not in ("http", "https") or url.userinfo or not url.host:
            raise SourceUnreachable(reason=f"not an address of the web: {address[:100]}")
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        checked = await self._resolved(url.host, port)
        request = self._client.build_request(
            "GET",
            url.copy_with(host=checked),
            headers={"host": url.netloc.decode(), "accept": _ACCEPT},
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            if answer.is_redirect:
                return answer.headers["location"]
            if not answer.is_success:
                raise SourceUnreachable(reason=f"status {answer.status_code}")
            return Page(
                content=await _body(answer),
                media_type=answer.headers.get("content-type", ""),
                address=address,
            )
        finally:
            await answer.aclose()

    async def _resolved(self, host: str, port: int) -> str:
        """Return an address of a host; all it has must be public.

        :raises SourceUnreachable: if one is not.
        """
        try:
            return await checked_address(host, port, private=self._private)
        except NotPublic as error:
            raise SourceUnreachable(reason=str(error)) from error


async def checked_address(host: str, port: int, *, private: bool) -> str:
    """Return an address of a host; unless ``private``, all it has must be public.

    :raises NotPublic: if one is not.
    """
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found = [str(info[4][0]) for info in infos]
    for each in found:
        if not (private or is_public(each)):
            raise NotPublic(f"{host} is not public")
    return found[0]


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet, however it is written."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if ip in ipaddress.ip_network("64:ff9b::/96"):  # an IPv4 address behind NAT64
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    return ip.is_global and not ip.is_multicast


async def _body(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > LONGEST:
            raise SourceUnreachable(reason=f"more than {LONGEST} bytes")
        parts.append(part)
    return b"".join(parts)
