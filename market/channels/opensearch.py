"""Ask and write a catalogue index in OpenSearch (OpenSearch 检索索引), for those who outgrow one machine.

Each generation is an index of its own under one alias. A document's version is the snapshot it was
read in, so that of two writers the older one never overwrites the newer. What an index holds is
written beside it after a refresh: whatever a search sees is at least that, and what changed beyond
is laid over as with any other index.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

import httpx
import msgspec

from catalog.search import opensearch
from catalog.search.disk.writing import IndexedRow
from catalog.search.opensearch import LAYOUT, STATE_ID, Json
from catalog.search.overlay import Overlay
from catalog.search.port import (
    CANDIDATES,
    Asked,
    Candidates,
    Counts,
    Frequencies,
    Guess,
    IndexAway,
    Ranking,
    RemoteState,
    Walk,
)
from catalog.search.ranking import Record

_GONE: Final = 404
_CONFLICT: Final = 409
# [P] who searches waits no longer before the database is asked; a bulk of writes may.
_ASK_WITHIN: Final = httpx.Timeout(2.0)
_WRITE_WITHIN: Final = httpx.Timeout(30.0, connect=2.0)


class OpenSearchIndex:
    """The catalogue's index in OpenSearch: asked and written by every host."""

    def __init__(self, http: httpx.AsyncClient, *, url: str, alias: str, shards: int = 1) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._alias = alias
        self._shards = shards
        self._view: OpenSearchView | None = None

    def view(self) -> OpenSearchView | None:
        """Return it as this process last heard of it; None while it has not, or there is none."""
        return self._view

    async def hear(self) -> RemoteState | None:
        """Ask which index counts and up to where it goes.

        :raises IndexAway: if OpenSearch does not answer.
        """
        named = await self.send("GET", f"/_alias/{self._alias}", none_if_gone=True)
        found = None
        for index in named or {}:
            told = await self.send("GET", f"/{index}/_doc/{STATE_ID}", none_if_gone=True)
            if told is not None and told.get("found"):
                found = msgspec.convert({**told["_source"]["state"], "index": index}, RemoteState)
        if found is None or found.layout != LAYOUT:
            self._view = None
        elif self._view is None or self._view.state != found:
            self._view = OpenSearchView(self, found)
        return found

    async def create(self) -> str:
        """Create the next index, which nobody asks yet; return its name."""
        name = f"{self._alias}-{secrets.token_hex(6)}"
        body = opensearch.body_of_index(shards=self._shards, replicas=1 if self._shards > 1 else 0)
        await self.send("PUT", f"/{name}", body)
        return name

    async def put(
        self, index: str, rows: Iterable[IndexedRow], gone: Sequence[uuid.UUID], *, version: int
    ) -> None:
        """Index rows in place of what was there, and take out what is gone; newer ones stay.

        :raises IndexAway: if one was not taken.
        """
        lines: list[Json] = []
        for row in rows:
            lines += (
                {"index": _versioned(str(row.product_id), version)},
                opensearch.document(
                    row.product_id, row.place, row.terms, row.facets, row.price_fen
                ),
            )
        lines += [{"delete": _versioned(str(each), version)} for each in gone]
        if not lines:
            return
        content = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        answer = await self.send("POST", f"/{index}/_bulk", content=content)
        for item in (answer or {}).get("items", ()):
            ((kind, told),) = item.items()
            is_late = told["status"] == _CONFLICT  # somebody wrote a newer one
            was_gone = kind == "delete" and told["status"] == _GONE
            if told["status"] >= 300 and not is_late and not was_gone:  # noqa: PLR2004 - HTTP's classes
                raise IndexAway(f"{kind} {told['_id']}: {told['status']}")

    async def commit(self, index: str, *, position: str, database: str, version: int) -> None:
        """Let everything that was put be seen, then say up to where it goes."""
        await self.send("POST", f"/{index}/_refresh")
        state = {"position": position, "database": database, "layout": LAYOUT}
        where = f"/{index}/_doc/{STATE_ID}?version={version}&version_type=external_gte"
        await self.send("PUT", where, {"state": state}, is_late_good=True)

    async def make_current(self, index: str) -> None:
        """Let an index that is whole take the place of the one that counts, at once.

        The one before stays, for whoever asks it just now; what is older is removed.
        """
        before = await self.send("GET", f"/_alias/{self._alias}", none_if_gone=True)
        known = await self.send("GET", f"/{self._alias}-*/_alias", none_if_gone=True)
        actions: list[Json] = [{"remove": {"index": b, "alias": self._alias}} for b in before or {}]
        actions.append({"add": {"index": index, "alias": self._alias}})
        await self.send("POST", "/_aliases", {"actions": actions})
        for old in set(known or {}) - {index} - set(before or {}):
            await self.send("DELETE", f"/{old}", none_if_gone=True)

    async def search(self, index: str, body: Json) -> Json:
        """Return the answer to a search.

        :raises IndexAway: if there is none.
        """
        answer = await self.send("POST", f"/{index}/_search", body, within=_ASK_WITHIN)
        if answer is None or answer.get("timed_out") or answer["_shards"]["failed"]:
            raise IndexAway("an answer with parts missing")
        return answer

    async def send(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        content: str | None = None,
        none_if_gone: bool = False,
        is_late_good: bool = False,
        within: httpx.Timeout = _WRITE_WITHIN,
    ) -> Json | None:
        """Send one request and return its answer.

        :raises IndexAway: if OpenSearch does not answer, or with a refusal.
        """
        headers = {
            "content-type": "application/json" if content is None else "application/x-ndjson"
        }
        sent = content if content is not None else None if body is None else json.dumps(body)
        try:
            response = await self._http.request(
                method, self._url + path, content=sent, headers=headers, timeout=within
            )
            if response.status_code == _GONE and none_if_gone:
                return None
            if response.status_code == _CONFLICT and is_late_good:
                return None
            response.raise_for_status()
            answer: Json = response.json()
        except (httpx.HTTPError, ValueError) as error:
            self._view = None  # until it is heard again the database is asked at once
            raise IndexAway(f"{method} {path.partition('?')[0]}: {type(error).__name__}") from error
        return answer


class OpenSearchView:
    """An index as it was when this process last heard of it, or newer."""

    def __init__(self, index: OpenSearchIndex, state: RemoteState) -> None:
        self._index = index
        self.state = state
        self.overlay = Overlay(state.position)

    @property
    def position(self) -> str:
        """Return the database's snapshot that it holds at least."""
        return self.state.position

    async def frequencies(self, words: Sequence[str]) -> Frequencies:
        """Return how often words are."""
        answer = await self._search(opensearch.frequencies_of(words))
        return opensearch.frequencies(words, answer)

    async def candidates(self, asked: Asked, *, by: Ranking) -> Candidates:  # noqa: ARG002 - it ranks by its own
        """Return the best by what OpenSearch knows."""
        all_of_it = asked.needed == len(asked.concepts)
        answer = await self._search(
            {
                "size": CANDIDATES,
                "track_total_hits": all_of_it,
                "query": opensearch.query(asked),
                "_source": ["record"],
            }
        )
        count = answer["hits"]["total"]["value"] if all_of_it else 0
        return Candidates(count, [opensearch.record_of(hit) for hit in answer["hits"]["hits"]])

    async def walk(self, asked: Asked, *, walk: Walk) -> list[Record]:
        """Return products in the order of their places."""
        order = "desc" if walk.is_newest_first else "asc"
        body: Json = {
            "size": walk.limit,
            "query": opensearch.query(asked),
            "sort": [{"place": order}, {"id": order}],
            "_source": ["record"],
        }
        if walk.after is not None:
            body["search_after"] = [walk.after[0], str(walk.after[1])]
        answer = await self._search(body)
        return [opensearch.record_of(hit) for hit in answer["hits"]["hits"]]

    async def total(self, asked: Asked) -> int:
        """Return how many there are."""
        body = {"size": 0, "track_total_hits": True, "query": opensearch.query(asked)}
        answer = await self._search(body)
        total: int = answer["hits"]["total"]["value"]
        return total

    async def count(self, asked: Asked) -> Counts:
        """Return how many there are, and of which kinds."""
        answer = await self._search(
            {
                "size": 0,
                "track_total_hits": True,
                "query": opensearch.query(asked),
                "aggs": opensearch.aggregations(asked),
            }
        )
        return opensearch.counts(answer)

    async def alike(self, guesses: Sequence[Guess], *, limit: int) -> list[uuid.UUID]:
        """Return some products that have a word like one of the guesses."""
        found: dict[uuid.UUID, None] = {}
        for guess in guesses:
            body = {"size": limit, "query": opensearch.alike(guess), "_source": False}
            answer = await self._search(body)
            found |= {uuid.UUID(hit["_id"]): None for hit in answer["hits"]["hits"]}
        return list(found)

    async def _search(self, body: Json) -> Json:
        return await self._index.search(self.state.index, body)


def _versioned(identifier: str, version: int) -> dict[str, Any]:
    return {"_id": identifier, "version": version, "version_type": "external_gte"}
