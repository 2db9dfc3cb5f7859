"""Ask timestamp authorities over HTTP (RFC 3161 §3.4)."""

from __future__ import annotations

import datetime as dt
import secrets
import urllib.parse
from typing import Final

import httpx
import structlog

from catalog.timestamps import ocsp, revocation, token
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Authority, AuthorityUnreachable, RevocationSource
from catalog.timestamps.token import Trust

TIMEOUT_SECONDS: Final = 15.0
_LONGEST_ANSWER: Final = 256 * 1024
_NONCE_BITS: Final = 63
#: Kept with every timestamp, for ever: an authority's own list is short [P].
_LONGEST_LIST: Final = 64 * 1024
_log = structlog.get_logger("jobs")


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


class RevocationSources:
    """Ask what authorities' issuers say of their certificates: lists (RFC 5280), responders (RFC 6960)."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def collect(self, response: bytes, data: bytes, trust: Trust) -> tuple[bytes, ...]:
        """Return what is said of a timestamp's certificates; what is not to be had is told in the log, and left out.

        A responder is asked first, since its answer is of this moment; the list is kept beside it.

        :raises TimestampWrong: if no trusted authority gave it over these bytes.
        """
        chain = token.check(response, data, trust).chain
        found = []
        for question in ocsp.questions(chain):
            raw = await self._ask(question)
            if raw is not None and revocation.belongs(raw, chain):
                found.append(raw)
            else:
                _log.warning("timestamp_responder_silent", url=question.url)
        for url in revocation.addresses(chain):
            raw = await self._fetch(url)
            if raw is not None and revocation.belongs(raw, chain):
                found.append(raw)
            else:
                _log.warning("timestamp_revocation_list_missing", url=url)
        return tuple(found)

    async def _ask(self, question: ocsp.Question) -> bytes | None:
        headers = {"content-type": ocsp.QUERY_TYPE, "accept": ocsp.ANSWER_TYPE}
        try:
            answer = await self._client.post(
                question.url, content=question.query, headers=headers, timeout=TIMEOUT_SECONDS
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return _usable(answer)

    async def _fetch(self, url: str) -> bytes | None:
        try:
            answer = await self._client.get(url, timeout=TIMEOUT_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return _usable(answer)


def _usable(answer: httpx.Response) -> bytes | None:
    is_usable = answer.is_success and len(answer.content) <= _LONGEST_LIST
    return answer.content if is_usable else None


class Authorities:
    """Who stamps our log, and whom we trust for it; and when somebody was missed last."""

    def __init__(
        self,
        authorities: tuple[Authority, ...],
        trust: Trust,
        algorithm: HashAlgorithm,
        sources: RevocationSource | None = None,
    ) -> None:
        self.authorities = authorities
        self.trust = trust
        self.algorithm = algorithm
        self._sources = sources
        self.asked_at: dict[str, dt.datetime] = {}
        self.alarmed_at: dt.datetime | None = None

    async def collect(self, response: bytes, data: bytes) -> tuple[bytes, ...]:
        """Return the revocation lists and responders' answers that are kept with a timestamp.

        :raises TimestampWrong: if no trusted authority gave it over these bytes.
        """
        if self._sources is None:
            return ()
        return await self._sources.collect(response, data, self.trust)
