"""Find the words of the pages, in Chinese and English. The words are data: ``wording*.toml``.

``wording.*.toml`` has those of the catalogue and the register, ``wording_trade.*.toml`` those of the trade.
"""

from __future__ import annotations

import enum
import functools
import pathlib
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

LANGUAGES: Final = ("zh", "en")
_DIRECTORY: Final = pathlib.Path(__file__).parent


@functools.cache
def all_words(language: str) -> Mapping[str, str]:
    """Return every wording of a language by its key: ``home.title``, ``label.form.dataset``."""
    found: dict[str, str] = {}
    for path in sorted(_DIRECTORY.glob(f"wording*.{language}.toml")):
        more = dict(_flat(tomllib.loads(path.read_text("utf-8")), ""))
        twice = found.keys() & more.keys()
        assert not twice, f"worded twice: {sorted(twice)}"
        found |= more
    return found


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def names_of(group: str) -> list[str]:
    """Return the values of a fixed list that have a name, in the order of the wording files."""
    prefix = f"label.{group}."
    return [key.removeprefix(prefix) for key in all_words(LANGUAGES[0]) if key.startswith(prefix)]


class Speaker:
    """Say things in one language."""

    def __init__(self, language: str) -> None:
        self.language: Final = language

    def __call__(self, key: str, **facts: object) -> str:
        """Return the wording of ``key`` with the facts filled in.

        :raises KeyError: if there is none: a page without its words is a fault of ours.
        """
        return self._words[key].format_map(facts)

    @property
    def _words(self) -> Mapping[str, str]:
        return all_words(self.language)  # read when something is said first: no start waits for it

    def label(self, group: str, value: object) -> str:
        """Return how a value of a fixed list is called; what is in no list stands for itself."""
        plain = str(value.value if isinstance(value, enum.Enum) else value)
        return self._words.get(f"label.{group}.{plain}", plain)

    def count(self, key: str, number: int) -> str:
        """Return the wording for so many: ``key.one`` for one, else ``key.many``."""
        return self(f"{key}.{'one' if number == 1 else 'many'}", count=f"{number:,}")
