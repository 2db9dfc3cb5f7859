"""Carry messages to the endpoints of parties: to public addresses alone, over https, once (SSRF, ASVS 1.3.6).

The name is resolved here and the connection goes to the address that was looked at, as when catalogues
of others are read; no redirect is followed, and of the answer nothing is read but its head.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

import httpx

from market.channels.harvest_web import NotPublic, checked_address
from market.webhooks import signing
from market.webhooks.model import Answer, Taken

SECONDS: Final = 20.0  # the spec asks for 15 to 30
_ERROR_LENGTH: Final = 200
_AGENT: Final = "Shushi-Webhooks/1"


class Sender:
    """Send with one client; ``private`` lets loopback, private networks and http through."""

    def __init__(self, client: httpx.AsyncClient, *, private: bool = False) -> None:
        self._client = client
        self._private = private

    async def send(self, taken: Taken, *, at: dt.datetime) -> Answer:
        """Hand a message over and return what was answered; never raises for what the other side does."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._once(taken, at)
        except TimeoutError:
            return Answer(status=None, error=f"more than {SECONDS:.0f} s")
        except (httpx.HTTPError, httpx.InvalidURL, NotPublic, OSError, ValueError) as error:
            return Answer(status=None, error=(str(error) or type(error).__name__)[:_ERROR_LENGTH])

    async def _once(self, taken: Taken, at: dt.datetime) -> Answer:
        url = httpx.URL(taken.url)
        if url.scheme != "https" and not self._private:
            return Answer(status=None, error="not https")
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        checked = await checked_address(url.host, port, private=self._private)
        delivery = taken.delivery
        body = delivery.payload.encode()
        request = self._client.build_request(
            "POST",
            url.copy_with(host=checked),
            content=body,
            headers=signing.headers(delivery.message_id, at, body, taken.keys)
            | {
                "host": url.netloc.decode(),
                "content-type": "application/json",
                "user-agent": _AGENT,
            },
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            return Answer(
                status=answer.status_code,
                error="" if answer.is_success else answer.reason_phrase[:_ERROR_LENGTH],
                retry_after_seconds=_seconds(answer.headers.get("retry-after", "")),
            )
        finally:
            await answer.aclose()


def _seconds(text: str) -> int | None:
    """Return what a Retry-After asks for in seconds; a date in it is not heeded."""
    return int(text) if text.isdigit() and len(text) < 7 else None  # noqa: PLR2004 - a week and more
