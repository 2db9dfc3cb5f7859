"""Read the words for one thing (同义词) that come with the service, from ``reference/search``."""

from __future__ import annotations

import functools
import pathlib
import tomllib
from typing import Final

from catalog.thesaurus import synonyms
from catalog.thesaurus.synonyms import Synonyms

FILE: Final = pathlib.Path(__file__).parent / "reference" / "search" / "synonyms.toml"


def read_groups() -> list[list[str]]:
    """Return the groups of words, as the file lists them."""
    groups: list[list[str]] = tomllib.loads(FILE.read_text("utf-8"))["groups"]
    return groups


@functools.cache
def load_synonyms() -> Synonyms:
    """Return them as they are before anybody changed the table."""
    return synonyms.read(read_groups())
