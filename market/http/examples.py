"""Find the example of a route: what was sent to it once, and what it answered (示例).

The examples are data, ``examples/*.json``, one file for each module of this door. They were taken
from the journeys of the tests, where every answer is held against its type, and are not written by
hand: ``pytest -p tests.record_examples tests/journeys`` adds what is missing and renews what no
longer decodes. A house test decodes each of them.
"""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

DIRECTORY: Final = pathlib.Path(__file__).parent / "examples"


class Example(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One exchange. ``None`` where a route takes or sends no JSON."""

    request: Any = None
    answer: Any = None


def file_of(module: str) -> pathlib.Path:
    """Return the file with the examples of a module of this door."""
    return DIRECTORY / f"{module.rpartition('.')[2]}.json"


@functools.cache
def all_examples() -> Mapping[tuple[str, str], Example]:
    """Return every example by method and path, as the policy table writes them."""
    found: dict[tuple[str, str], Example] = {}
    for path in sorted(DIRECTORY.glob("*.json")):
        for place, example in read(path).items():
            method, _, route = place.partition(" ")
            found[method, route] = example
    return found


def read(path: pathlib.Path) -> dict[str, Example]:
    """Return the examples of one file by ``METHOD /path``; none if there is no file yet."""
    if not path.exists():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Example])


def complete(kind: Any, value: Any) -> Any:
    """Return an example as its type writes it today, with the fields that have come since.

    :raises msgspec.ValidationError: if it is not of that type any more.
    """
    read_again = msgspec.json.decode(msgspec.json.encode(value), type=kind, strict=True)
    return msgspec.json.decode(msgspec.json.encode(read_again))
