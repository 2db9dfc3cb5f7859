"""Find the words of a message, in Chinese and English. The words are data: ``texts.toml``."""

from __future__ import annotations

import functools
import pathlib
import string
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.notifications.topics import Topic

_FILE: Final = pathlib.Path(__file__).with_name("texts.toml")


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a message says in both languages: the title, which tells nothing, and the words."""

    title_zh: str
    title_en: str
    zh: str
    en: str

    @property
    def facts_needed(self) -> frozenset[str]:
        """Return the names of the facts that the words speak of."""
        parsed = string.Formatter().parse(self.zh + self.en)
        return frozenset(name for _, name, _, _ in parsed if name is not None)


@functools.cache
def all_texts() -> Mapping[str, Text]:
    """Return every text by its topic."""
    return msgspec.convert(tomllib.loads(_FILE.read_text("utf-8")), dict[str, Text])


def words(topic: Topic, facts: Mapping[str, Any]) -> Text:
    """Return the text of ``topic`` with the facts filled in."""
    text = all_texts()[topic.value]
    absent = text.facts_needed - facts.keys()
    assert not absent, f"a message on {topic.value} needs the facts {sorted(absent)}"
    readable = {name: _readable(value) for name, value in facts.items()}
    return msgspec.structs.replace(
        text, zh=text.zh.format_map(readable), en=text.en.format_map(readable)
    )


def _readable(value: Any) -> str:
    return "、".join(str(item) for item in value) if isinstance(value, list) else str(value)
