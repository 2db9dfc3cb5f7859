"""Post notices on other sites (公示渠道): the bureau's by signed HTTP, and look at our own.

The bureau's side is a second instance of this service (``POST /api/v1/notice-board``), or whatever
speaks the same: the form stands in ``catalog/notices/board.py``. No interface of the real
省大数据管理局 website was at hand; until there is one, its confirmation by hand stays.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from catalog.kernel.clock import Clock
from catalog.notices.board import BoardPosting, content_sha256, signature
from catalog.notices.channel import ChannelUnreachable, Poster, PostingReceipt, Standing
from catalog.notices.model import PublicNotice

TIMEOUT_SECONDS: Final = 10.0
_PAUSES_SECONDS: Final = (0.2, 0.8)  # between the tries of one call; the job tries again later
_SERVER_FAULT: Final = 500
_GONE: Final = frozenset({404, 410})


class BureauBoard:
    """The bureau's notice board, reached by HTTP, each request signed with the shared secret."""

    def __init__(
        self, url: str, *, operator: str, secret: str, client: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._url = url.rstrip("/")
        self._operator = operator
        self._secret = secret
        self._client = client
        self._clock = clock

    async def publish(self, poster: Poster) -> PostingReceipt:
        """Post a notice; the notice's id makes it one posting however often it is sent."""
        body = {
            "notice_id": str(poster.notice_id),
            "public_fields": msgspec.to_builtins(poster.public_fields),
            "page_url": poster.page_url,
        }
        answer = await self._post("/api/v1/notice-board", body, key=str(poster.notice_id))
        try:
            posting = msgspec.json.decode(answer.content, type=BoardPosting)
        except msgspec.MsgspecError as error:
            raise ChannelUnreachable("the board answered with no receipt") from error
        if posting.content_sha256 != content_sha256(poster.public_fields):
            raise ChannelUnreachable("the board shows something else than was posted")
        return PostingReceipt(
            url=f"{self._url}/notice-board/{posting.id}",
            published_at=posting.received_at,
            sha256=posting.content_sha256,
        )

    async def check(self, receipt: PostingReceipt) -> Standing:
        """Look at the posting as everybody can."""
        found = await _get(self._client, f"{self._url}/api/v1{urlsplit(receipt.url).path}")
        if found is None:
            return Standing.DOWN
        try:
            posting = msgspec.json.decode(found, type=BoardPosting)
        except msgspec.MsgspecError:
            return Standing.DIFFERENT
        is_same = content_sha256(posting.public_fields) == receipt.sha256
        return Standing.UP if is_same and posting.withdrawn_at is None else Standing.DIFFERENT

    async def withdraw(self, receipt: PostingReceipt, *, notice_id: uuid.UUID, remark: str) -> None:
        """Mark the posting as withdrawn."""
        path = f"/api/v1{urlsplit(receipt.url).path}/withdrawals"
        await self._post(path, {"remark": remark}, key=f"withdraw-{notice_id}")

    async def _post(self, path: str, body: Any, *, key: str) -> httpx.Response:
        content = msgspec.json.encode(body)
        failure = "not tried"
        for pause in (*_PAUSES_SECONDS, None):
            at = int(self._clock.now().timestamp())
            signed = signature(self._secret, at=at, method="POST", path=path, body=content)
            try:
                response = await self._client.post(
                    f"{self._url}{path}",
                    content=content,
                    timeout=TIMEOUT_SECONDS,
                    headers={
                        "content-type": "application/json",
                        "idempotency-key": key,
                        "x-operator": self._operator,
                        "x-signed-at": str(at),
                        "x-signature": signed,
                    },
                )
            except httpx.HTTPError as error:
                failure = f"{type(error).__name__}: {error}"
            else:
                if response.is_success:
                    return response
                failure = f"{response.status_code}: {response.text[:300]}"
                if response.status_code < _SERVER_FAULT:
                    break
            if pause is not None:
                await asyncio.sleep(pause)
        raise ChannelUnreachable(failure)


class OwnPlatform:
    """Our own platform, looked at from outside like the other: by its public address."""

    def __init__(self, public_url: str, *, client: httpx.AsyncClient) -> None:
        self._url = public_url.rstrip("/")
        self._client = client

    async def check(self, receipt: PostingReceipt) -> Standing:
        """Look at the notice as everybody can."""
        found = await _get(self._client, f"{self._url}/api/v1{urlsplit(receipt.url).path}")
        if found is None:
            return Standing.DOWN
        try:
            notice = msgspec.json.decode(found, type=PublicNotice)
        except msgspec.MsgspecError:
            return Standing.DIFFERENT
        is_same = content_sha256(notice.public_fields) == receipt.sha256
        return Standing.UP if is_same else Standing.DIFFERENT


async def _get(client: httpx.AsyncClient, url: str) -> bytes | None:
    """Return what stands at ``url``; None if nothing can be had there, b"" if it was taken off."""
    for pause in (*_PAUSES_SECONDS, None):
        try:
            response = await client.get(url, timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError:
            response = None
        if response is not None and response.is_success:
            return response.content
        if response is not None and response.status_code in _GONE:
            return b""
        if pause is not None:
            await asyncio.sleep(pause)
    return None
