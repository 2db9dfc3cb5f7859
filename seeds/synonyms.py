"""Read the words for one thing (同义词) that come with the service, from ``reference/search``."""

from __future__ import annotations

import functools
import pathlib
import tomllib
from typing import Final

from catalog.search import synonyms
from catalog.search.synonyms import Synonyms

FILE: Final = pathlib.Path(__file__).parent / "reference" / "search" / "synonyms.toml"


@functools.cache
def load_synonyms() -> Synonyms:
    """Return the synonyms, read once when the first question comes."""
    return synonyms.read(tomllib.loads(FILE.read_text("utf-8"))["groups"])
