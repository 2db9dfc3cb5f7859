"""Find the words for a code, in Chinese and English. The words are data: ``wording/*.toml``.

What stands in a refusal as a code itself (a state, a level, a role) is called by its name too:
``names.toml`` has them. So no reader meets ``bj_2`` where 二级 is meant. Amounts are told in yuan
(``¥1,234.56``) and instants in Beijing time, while the facts beside the words stay as machines read them.
"""

from __future__ import annotations

import datetime as dt
import functools
import pathlib
import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.local_time import SHANGHAI
from settlement.money import yuan

_DIRECTORY: Final = pathlib.Path(__file__).parent / "wording"
_NAMES: Final = pathlib.Path(__file__).parent / "names.toml"
# Whose codes are English words already.
_PLAIN_FACTS: Final = frozenset({"state", "event", "role", "capacity", "outcome", "reason"})
_CODE: Final = re.compile(r"[a-z][a-z0-9_]*")
_BETWEEN: Final = {"zh": "、", "en": ", "}
# English of a library or a system, told on by us: several words, none of them Chinese.
_PROSE: Final = re.compile(r"[^\u3400-\u9fff]*[A-Za-z]{2,}[ :][^\u3400-\u9fff]*")
_TOLD_ON: Final = frozenset({"reason", "detail"})
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


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


@functools.cache
def all_names() -> Mapping[str, Any]:
    """Return what values are called: of one refusal (``of``), else by language and fact."""
    return tomllib.loads(_NAMES.read_text("utf-8"))


def words(code: str, facts: Mapping[str, Any]) -> Wording:
    """Return the wording of ``code`` with the facts filled in."""
    wording = all_wordings().get(code)
    if wording is None:
        return Wording(zh=code, en=code)

    def filled(text: str, language: str) -> str:
        return text.format_map(
            _Facts({key: _readable(code, key, value, language) for key, value in facts.items()})
        )

    return Wording(zh=filled(wording.zh, "zh"), en=filled(wording.en, "en"))


def table_of(code: str, fact: str) -> Mapping[str, str]:
    """Return what the values of a fact are called in Chinese, where it stands in this refusal."""
    names = all_names()
    like = str(names["like"].get(f"{code}.{fact}") or names["like"].get(fact, fact))
    of_this: Mapping[str, Mapping[str, str]] = names["of"].get(code, {})
    general: Mapping[str, str] = names["zh"].get(like, {})
    return {**general, **of_this.get(like, {}), **of_this.get(fact, {})}


def name_of(code: str, fact: str, value: str, language: str) -> str:
    """Return what a value is called that stands in a refusal; what is in no list stands for itself.

    English that a library said is told as what it is (原文).
    """
    chinese = _chinese(code, fact, value)
    if language == "zh":
        if chinese is None and fact in _TOLD_ON and _PROSE.fullmatch(value):
            return f"{value}（原文）"
        return chinese or value
    names = all_names()
    like = names["like"].get(f"{code}.{fact}") or names["like"].get(fact, fact)
    is_code = _CODE.fullmatch(value) is not None and (fact in _PLAIN_FACTS or chinese is not None)
    plain = value.replace("_", " ") if is_code else value
    return str(names["en"].get(like, {}).get(value, plain))


def _chinese(code: str, fact: str, value: str) -> str | None:
    table = table_of(code, fact)
    if value in table:
        return table[value]
    for pattern, words in _patterns(code, fact):
        found = pattern.fullmatch(value)
        if found is not None:
            return words.format(*found.groups())
    return None


@functools.cache
def _patterns(code: str, fact: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what is called alike with something else in its place: ``more than {} bytes``."""
    return tuple(
        (re.compile("(.+)".join(map(re.escape, said.split("{}"))), re.DOTALL), words)
        for said, words in table_of(code, fact).items()
        if "{}" in said
    )


def _instant(value: str, language: str) -> str:
    """Return an instant as readers here tell it, to the second: in Beijing time (the facts keep UTC)."""
    at = dt.datetime.fromisoformat(value).astimezone(SHANGHAI)
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M:%S}"
    return f"{at:%Y-%m-%d %H:%M:%S} (UTC+8)"


def _readable(code: str, fact: str, value: Any, language: str) -> str:
    if fact.endswith("_fen") and isinstance(value, int):
        return yuan(value)  # people read yuan; the fact itself stays whole fen
    if _INSTANT.fullmatch(str(value)):
        return _instant(str(value), language)
    if isinstance(value, list | tuple | set | frozenset):
        return _BETWEEN[language].join(name_of(code, fact, str(item), language) for item in value)
    whole = name_of(code, fact, str(value), language)
    if whole != str(value):
        return whole
    parts = str(value).split(", ")
    named = [name_of(code, fact, part, language) for part in parts]
    # Several codes in one text; what is prose with commas in it stays as it is.
    return _BETWEEN[language].join(named) if named != parts else str(value)
