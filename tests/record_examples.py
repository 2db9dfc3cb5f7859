"""Keep what journeys send and get as the examples of the interface document.

``pytest -p tests.record_examples tests/journeys`` adds the examples that are missing, and renews
those that went stale: a field is gone, or one came that is required. A field that came with a
default needs no new recording. Without ``-n``: one process writes the files.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import msgspec
import pytest

from market.http import answers, describe, examples
from market.http.examples import Example
from market.http.policy import API
from tests import contract

Place = tuple[str, str]

LONGEST = 4_000
SECRETS = {"current", "new", "password", "secret", "token", "foundation_code"}
HIDDEN = "(not shown here)"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_seen: dict[Place, Example] = {}


async def keep(response: httpx.Response) -> None:
    """Keep a good exchange of a route, if it shows more than the one that was kept before."""
    await response.aread()
    place = contract.find(response.request.method, response.request.url.path)
    if place is None or response.status_code not in (200, 201):
        return
    method, _, path = place.name.partition(" ")
    handler = describe.handlers_by_place()[method, path]
    sent = said = None
    if describe.body_of(handler) is not None:
        sent = msgspec.json.decode(response.request.content)
    if answers.said_by(handler).kind is not None:
        said = msgspec.json.decode(response.content)
    if sent is said is None:
        return
    example = tidied(Example(request=sent, answer=said), method, path)
    before = _seen.get((method, path))
    if before is None or rank(example) > rank(before):
        _seen[method, path] = example


def rank(example: Example) -> int:
    """Return how much an example shows; what is too long to be read counts less."""
    length = len(msgspec.json.encode(example))
    return length if length <= LONGEST else -length


def tidied(example: Example, method: str, path: str) -> Example:
    """Return an example without secrets, with ids that are the same in every recording.

    Lists are cut to two items, if what is left is still of its type.
    """
    text = msgspec.json.encode(_without_secrets(msgspec.to_builtins(example))).decode()
    numbers = {found: n for n, found in enumerate(dict.fromkeys(UUID.findall(text)), 1)}
    text = UUID.sub(lambda m: str(uuid.UUID(int=(7 << 76) | (2 << 62) | numbers[m[0]])), text)
    whole = msgspec.json.decode(text, type=Example)
    short = Example(request=whole.request, answer=_cut(whole.answer))
    return short if complaint((method, path), short) is None else whole


def complaint(place: Place, example: Example) -> str | None:
    """Return what is wrong with the example of a place, or None if nothing is."""
    handler = describe.handlers_by_place().get(place)
    if handler is None or place not in API:
        return "no such route"
    pairs = (
        (describe.body_of(handler), example.request),
        (answers.said_by(handler).kind, example.answer),
    )
    for kind, value in pairs:
        if kind is None:
            if value is not None:
                return "an example where there is no JSON"
            continue
        try:
            whole = examples.complete(kind, value)
        except msgspec.ValidationError as error:
            return str(error)
        if not _holds(whole, value):
            return f"{kind} is not written like that"
    return None


def _holds(whole: Any, part: Any) -> bool:
    # A field that came later and has a default is no fault; one that is gone is.
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _holds(whole[key], part[key]) for key in part)
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_holds, whole, part))
    return bool(whole == part) or isinstance(part, str)  # an instant has several spellings


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: HIDDEN if key in SECRETS and isinstance(item, str) else _without_secrets(item)
            for key, item in value.items()
        }
    return list(map(_without_secrets, value)) if isinstance(value, list) else value


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in value.items()}
    return list(map(_cut, value[:2])) if isinstance(value, list) else value


def pytest_configure(config: pytest.Config) -> None:
    contract.HOOKS["response"].append(keep)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what is missing or spoilt; leave the rest as it is, so that a recording is small."""
    modules = {
        place: handler.fn.__module__ for place, handler in describe.handlers_by_place().items()
    }
    kept = {
        place: example
        for place, example in examples.all_examples().items()
        if complaint(place, example) is None
    }
    by_file: dict[Any, dict[str, Example]] = {f: {} for f in examples.DIRECTORY.glob("*.json")}
    for place, example in sorted((_seen | kept).items(), key=lambda item: item[0][::-1]):
        by_file.setdefault(examples.file_of(modules[place]), {})[" ".join(place)] = example
    for path, found in by_file.items():
        text = msgspec.json.format(msgspec.json.encode(found), indent=2)
        path.write_bytes(text + b"\n")
