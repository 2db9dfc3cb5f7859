"""Speak to the service as a program would: JSON in, JSON out, one key per command."""

from __future__ import annotations

import contextlib
import pathlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from tests import contract


class Api:
    """A client for one signed-in account, or for nobody."""

    def __init__(self, http: httpx.AsyncClient, app: Any, clock: ManualClock) -> None:
        self.http = http
        self.app = app
        self.clock = clock
        self.token: str | None = None
        self.acting_for: str | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def on(cls, app: Any, clock: ManualClock) -> AsyncIterator[Api]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://testserver", event_hooks=contract.HOOKS
        ) as http:
            yield cls(http, app, clock)

    def as_(self, token: str) -> Api:
        """Return the same client with another token."""
        other = Api(self.http, self.app, self.clock)
        other.token = token
        return other

    def for_(self, principal: object) -> Api:
        """Return the same client, acting for a principal."""
        other = Api(self.http, self.app, self.clock)
        other.token = self.token
        other.acting_for = str(principal)
        return other

    @property
    def context(self) -> Any:
        return self.app.litestar.state.context

    async def run_jobs(self) -> dict[str, int]:
        """Do what time brought about, as the service's own loop would."""
        from market.jobs import loop

        return await loop.run_once(self.context)

    async def keep_the_log(self) -> None:
        """Give what waits its signed place; without, the log soon promises nothing any more."""
        from market.jobs import sequence_log

        wiring = self.context
        await sequence_log.run(
            wiring.db,
            now=wiring.now(),
            signer=wiring.log_signer,
            journal=wiring.checkpoint_journal,
            directory=wiring.log_directory,
        )

    async def export(self, out: pathlib.Path, **options: Any) -> pathlib.Path:
        """Write what outsiders check, with every entry in its place in the log; return where."""
        from market.cli.export import write_export

        await self.keep_the_log()
        settings = self.context.settings
        await write_export(
            self.context.db,
            out,
            now=self.context.now(),
            origin=settings.log_origin,
            signer_journal=settings.journal_path,
            **options,
        )
        return out

    async def find_in_log(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return what the search of the log finds, once all that waits is in it and in its index."""
        from market.jobs import index_log

        await self.keep_the_log()
        await index_log.run(self.context.db)
        found = await self.get("/api/v1/log/entries", limit=200, **wanted)
        assert found.status_code == 200, found.text
        return list(found.json()["items"])

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params or None, headers=self._headers())

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        return await self._send("POST", path, body, key, headers)

    async def put(
        self, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> httpx.Response:
        return await self._send("PUT", path, body, key, headers)

    async def delete(self, path: str, *, key: str | None = None) -> httpx.Response:
        return await self._send("DELETE", path, None, key, {})

    async def upload(
        self, content: bytes, name: str, media_type: str, **extra: str
    ) -> httpx.Response:
        """Upload a file and return the answer (its id is in it)."""
        import urllib.parse

        headers = self._headers() | {
            "content-type": media_type,
            "x-file-name": urllib.parse.quote(name),
            "idempotency-key": uuid.uuid4().hex,
        }
        headers |= {each.replace("_", "-"): value for each, value in extra.items()}
        return await self.http.post("/api/v1/files", content=content, headers=headers)

    async def _send(
        self, method: str, path: str, body: Any, key: str | None, extra: dict[str, str]
    ) -> httpx.Response:
        headers = self._headers() | {"idempotency-key": key or uuid.uuid4().hex}
        headers |= {name.replace("_", "-"): value for name, value in extra.items()}
        return await self.http.request(
            method, path, json=body if body is not None else {}, headers=headers
        )

    def _headers(self) -> dict[str, str]:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        return headers | ({"acting-for": self.acting_for} if self.acting_for else {})


def code(response: httpx.Response) -> str:
    """Return the code of a refusal."""
    assert response.headers["content-type"].startswith("application/problem+json"), response.text
    return str(response.json()["code"])
