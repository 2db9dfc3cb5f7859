"""Find the words for a code, in Chinese and English. The words are data: ``wording/*.toml``."""

from __future__ import annotations

import functools
import pathlib
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

_DIRECTORY: Final = pathlib.Path(__file__).parent / "wording"


class Wording(msgspec.Struct, frozen=True):
    """One refusal in both languages, with ``{fact}`` placeholders."""

    zh: str
    en: str


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


@functools.cache
def all_wordings() -> Mapping[str, Wording]:
    """Return every wording by its code.

    :raises ValueError: if two files word the same code.
    """
    found: dict[str, Wording] = {}
    for path in sorted(_DIRECTORY.glob("*.toml")):
        for code, words in tomllib.loads(path.read_text("utf-8")).items():
            if code in found:
                raise ValueError(f"{code} is worded twice, the second time in {path.name}")
            found[code] = msgspec.convert(words, Wording)
    return found


def words(code: str, facts: Mapping[str, Any]) -> Wording:
    """Return the wording of ``code`` with the facts filled in."""
    wording = all_wordings().get(code)
    if wording is None:
        return Wording(zh=code, en=code)
    readable = _Facts({key: _readable(value) for key, value in facts.items()})
    return Wording(zh=wording.zh.format_map(readable), en=wording.en.format_map(readable))


def _readable(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return "、".join(str(item) for item in value)
    return str(value)
