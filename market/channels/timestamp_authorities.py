"""Ask timestamp authorities over HTTP (RFC 3161 §3.4)."""

from __future__ import annotations

import datetime as dt
import secrets
import urllib.parse
from typing import Final

import httpx

from catalog.timestamps import token
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Authority, AuthorityUnreachable
from catalog.timestamps.token import Trust

TIMEOUT_SECONDS: Final = 15.0
_LONGEST_ANSWER: Final = 256 * 1024
_NONCE_BITS: Final = 63


class HttpAuthority:
    """One authority at its address, asked under one of its policies if one is named."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, policy: str | None = None) -> None:
        self.name = urllib.parse.urlsplit(url).netloc.rpartition("@")[2]
        self._url = url
        self._client = client
        self._policy = policy

    async def stamp(self, imprint: bytes, algorithm: HashAlgorithm) -> bytes:
        """Return a response over a digest; it answers this request and no other.

        :raises AuthorityUnreachable: if there is no answer.
        :raises TimestampMalformed: if the answer is none.
        :raises TimestampRefused: if the authority gives no timestamp.
        :raises TimestampWrong: if it answers something else.
        """
        nonce = secrets.randbits(_NONCE_BITS)
        query = token.query(algorithm, imprint, nonce=nonce, policy=self._policy)
        headers = {"content-type": token.QUERY_TYPE, "accept": token.REPLY_TYPE}
        try:
            answer = await self._client.post(
                self._url, content=query, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            raise AuthorityUnreachable(str(error) or type(error).__name__) from error
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        if not answer.is_success or kind != token.REPLY_TYPE:
            raise AuthorityUnreachable(f"status {answer.status_code}, {kind or 'no type'}")
        if len(answer.content) > _LONGEST_ANSWER:
            raise AuthorityUnreachable(f"{len(answer.content)} bytes")
        token.check_reply(answer.content, algorithm, imprint, nonce)
        return answer.content


class Authorities:
    """Who stamps our log, and whom we trust for it; and when somebody was missed last."""

    def __init__(
        self, authorities: tuple[Authority, ...], trust: Trust, algorithm: HashAlgorithm
    ) -> None:
        self.authorities = authorities
        self.trust = trust
        self.algorithm = algorithm
        self.asked_at: dict[str, dt.datetime] = {}
        self.alarmed_at: dt.datetime | None = None
