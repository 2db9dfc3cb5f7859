"""Answer as OpenSearch 2 does, as far as the catalogue asks: shapes and rules of its public documentation.

What is written is searched after a refresh only, mappings are strict, external versions count, and an
alias names indexes. It is no search engine: it looks through all documents.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from catalog.suggestions.typos import distance

Json = dict[str, Any]


class OpenSearchServer:
    """Indexes in memory behind an ``httpx`` transport."""

    def __init__(self) -> None:
        self.bodies: dict[str, Json] = {}
        self.written: dict[str, dict[str, tuple[int, Json | None]]] = {}
        self.searched: dict[str, dict[str, Json]] = {}
        self.aliases: dict[str, set[str]] = {}
        self.is_away = False
        self.asked: list[tuple[str, str]] = []

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("nobody there", request=request)
        path, method = request.url.path, request.method
        self.asked.append((method, path))
        body = request.content.decode()
        first, *rest = path.strip("/").split("/")
        if first == "_alias":
            return self._alias(rest[0])
        if first == "_aliases":
            return self._swap(json.loads(body))
        if rest == ["_alias"]:
            return self._all(first)
        if method == "PUT" and not rest:
            self.bodies[first] = json.loads(body)
            self.written[first], self.searched[first] = {}, {}
            return ok({"acknowledged": True, "shards_acknowledged": True, "index": first})
        if first not in self.bodies:
            return gone(f"no such index [{first}]")
        if method == "DELETE":
            del self.bodies[first], self.written[first], self.searched[first]
            return ok({"acknowledged": True})
        if rest[0] == "_doc":
            return self._doc(first, rest[1], request)
        return {"_bulk": self._bulk, "_refresh": self._refresh, "_search": self._search}[rest[0]](
            first, body
        )

    def _alias(self, alias: str) -> httpx.Response:
        named = [index for index, aliases in self.aliases.items() if alias in aliases]
        if not named:
            return httpx.Response(404, json={"error": f"alias [{alias}] missing", "status": 404})
        return ok({index: {"aliases": {alias: {}}} for index in named})

    def _all(self, pattern: str) -> httpx.Response:
        prefix = pattern.rstrip("*")
        return ok(
            {
                index: {"aliases": {alias: {} for alias in self.aliases.get(index, ())}}
                for index in self.bodies
                if index.startswith(prefix)
            }
        )

    def _swap(self, body: Json) -> httpx.Response:
        for action in body["actions"]:
            ((kind, told),) = action.items()
            aliases = self.aliases.setdefault(told["index"], set())
            (aliases.add if kind == "add" else aliases.discard)(told["alias"])
        return ok({"acknowledged": True})

    def _doc(self, index: str, identifier: str, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            _, source = self.written[index].get(identifier, (0, None))
            if source is None:
                return httpx.Response(
                    404, json={"_index": index, "_id": identifier, "found": False}
                )
            return ok({"_index": index, "_id": identifier, "found": True, "_source": source})
        told = {"_id": identifier, "version": int(request.url.params["version"])}
        assert request.url.params["version_type"] == "external_gte"
        written = self._write(index, told, json.loads(request.content))
        return httpx.Response(written["status"], json=written)

    def _bulk(self, index: str, body: str) -> httpx.Response:
        assert body.endswith("\n")
        lines = [json.loads(line) for line in body.splitlines()]
        items, place = [], 0
        while place < len(lines):
            ((kind, told),) = lines[place].items()
            assert told["version_type"] == "external_gte"
            source = lines[place + 1] if kind == "index" else None
            items.append({kind: self._write(index, told, source)})
            place += 2 if kind == "index" else 1
        errors = any(item["status"] >= 300 for each in items for item in each.values())
        return ok({"took": 1, "errors": errors, "items": items})

    def _write(self, index: str, told: Json, source: Json | None) -> Json:
        identifier, version = told["_id"], told["version"]
        answer = {"_index": index, "_id": identifier, "_version": version}
        unknown = set(source or {}) - set(self.bodies[index]["mappings"]["properties"])
        if unknown:
            return answer | {"status": 400, "error": {"type": "strict_dynamic_mapping_exception"}}
        before = self.written[index].get(identifier)
        if before is not None and before[0] > version:
            error = {"type": "version_conflict_engine_exception"}
            return answer | {"status": 409, "error": error}
        self.written[index][identifier] = (version, source)
        if source is None and (before is None or before[1] is None):
            return answer | {"status": 404, "result": "not_found"}
        return answer | {"status": 200 if before else 201}

    def _refresh(self, index: str, _: str) -> httpx.Response:
        self.searched[index] = {
            identifier: source
            for identifier, (_, source) in self.written[index].items()
            if source is not None
        }
        return ok({"_shards": {"total": 1, "successful": 1, "failed": 0}})

    def _search(self, index: str, text: str) -> httpx.Response:
        body = json.loads(text)
        found = [
            (score, identifier, source)
            for identifier, source in self.searched[index].items()
            if (score := scored(body["query"], identifier, source)) is not None
        ]
        total = len(found)
        aggregations = {
            name: aggregated(each, found) for name, each in body.get("aggs", {}).items()
        }
        hits = [
            {
                "_index": index,
                "_id": identifier,
                "_score": score,
                "sort": [source.get("place"), source.get("id")],
            }
            | ({"_source": pick(source, body)} if body.get("_source", True) else {})
            for score, identifier, source in found
        ]
        return ok(
            {
                "took": 1,
                "timed_out": False,
                "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
                "hits": {"total": {"value": total, "relation": "eq"}, "hits": ordered(hits, body)},
            }
            | ({"aggregations": aggregations} if aggregations else {})
        )


def ok(body: Json) -> httpx.Response:
    return httpx.Response(200, json=body)


def gone(why: str) -> httpx.Response:
    return httpx.Response(404, json={"error": {"type": why}, "status": 404})


def pick(source: Json, body: Json) -> Json:
    return {name: source[name] for name in body["_source"]} if "_source" in body else source


def ordered(hits: list[Json], body: Json) -> list[Json]:
    if "sort" in body:
        ((_, order),) = body["sort"][0].items()
        hits.sort(key=lambda hit: hit["sort"], reverse=order == "desc")
        after = body.get("search_after")
        if after is not None:
            hits = [
                h for h in hits if (h["sort"] < after if order == "desc" else h["sort"] > after)
            ]
    else:
        hits.sort(key=lambda hit: (-hit["_score"], hit["_id"]))
    return hits[: body["size"]]


def scored(query: Json, identifier: str, source: Json) -> float | None:
    """Return how well a document answers a query, None if not at all."""
    ((kind, told),) = query.items()
    if kind == "bool":
        return of_all(told, identifier, source)
    if kind == "dis_max":
        known = [scored(each, identifier, source) for each in told["queries"]]
        return max((score for score in known if score is not None), default=None)
    if kind == "ids":
        return 1.0 if identifier in told["values"] else None
    ((field, wanted),) = told.items()
    values = source.get(field)
    if kind == "range":
        return 1.0 if values is not None and within(wanted, values) else None
    tokens = values.split() if field == "words" else [values] if isinstance(values, str) else values
    if kind == "term":
        return float((tokens or []).count(wanted)) or None
    return 1.0 if any(is_like(kind, wanted, token) for token in tokens or []) else None


def of_all(told: Json, identifier: str, source: Json) -> float | None:
    total = 0.0
    for each in (*told.get("filter", ()), *told.get("must", ())):
        score = scored(each, identifier, source)
        if score is None:
            return None
        total += score
    if any(scored(each, identifier, source) is not None for each in told.get("must_not", ())):
        return None
    should = [scored(each, identifier, source) for each in told.get("should", ())]
    known = [score for score in should if score is not None]
    return None if len(known) < told.get("minimum_should_match", 0) else total + sum(known)


def within(wanted: Json, value: int) -> bool:
    return wanted.get("gte", value) <= value <= wanted.get("lte", value)


def is_like(kind: str, wanted: Json, token: str) -> bool:
    if kind == "prefix":
        return token.startswith(wanted["value"])
    if kind == "regexp":
        return re.fullmatch(wanted["value"], token) is not None
    assert kind == "fuzzy", kind
    return distance(wanted["value"], token) <= wanted["fuzziness"]


def aggregated(asked: Json, found: list[tuple[float, str, Json]]) -> Json:
    """Return the answer to an aggregation over the documents found."""
    if "avg" in asked:
        values = [source[asked["avg"]["field"]] for _, _, source in found]
        return {"value": sum(values) / len(values) if values else None}
    if "filter" in asked:
        kept = [each for each in found if scored(asked["filter"], each[1], each[2]) is not None]
        nested = {name: aggregated(each, kept) for name, each in asked.get("aggs", {}).items()}
        return {"doc_count": len(kept)} | nested
    field, counts = asked["terms"]["field"], dict[str, int]()
    for _, _, source in found:
        for value in set(source.get(field, ())):
            counts[value] = counts.get(value, 0) + 1
    pattern = asked["terms"].get("include")
    kept_values = [(v, n) for v, n in counts.items() if pattern is None or re.fullmatch(pattern, v)]
    kept_values.sort(key=lambda pair: (-pair[1], pair[0]))
    buckets = [{"key": v, "doc_count": n} for v, n in kept_values[: asked["terms"]["size"]]]
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": 0, "buckets": buckets}
