"""Decide how sensitive a product is: as its most sensitive source (分类分级, GD-02, RULES §8.1).

Two standards name levels. ``STRICTNESS`` maps them by table, never by equal words; where one level
of Beijing's standard meets one of the nation's is our reading [P].
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from catalog.kernel.errors import FieldError, Invalid
from catalog.products.model import Classification, Description, Level

STRICTNESS: Final[dict[Level, int]] = {
    Level.GENERAL: 1,
    Level.BJ_1: 1,
    Level.BJ_2: 2,
    Level.BJ_3: 3,
    Level.BJ_4: 4,
    Level.IMPORTANT: 4,
    Level.CORE: 5,
}

#: Which standard names which levels (RULES §8.1, E45). A year may follow the standard's number.
SCHEMES: Final[Mapping[str, frozenset[Level]]] = {
    "DB11/T 1918": frozenset({Level.BJ_1, Level.BJ_2, Level.BJ_3, Level.BJ_4}),
    "GB/T 43697": frozenset({Level.GENERAL, Level.IMPORTANT, Level.CORE}),
}
_YEAR: Final = re.compile(r"\s*[-—–－]\s*[0-9]{4}$")


class ClassificationMissing(Invalid):
    """The product has no category and level; without them it is not listed (GD-02)."""

    code = "classification_missing"


class ClassificationSchemeMissing(Invalid):
    """A level means nothing without the standard that names it (RULES §8.1: two fields)."""

    code = "classification_scheme_missing"


class LevelNotOfScheme(Invalid):
    """The standard that is named has no such level."""

    code = "level_not_of_scheme"


class ClassificationBelowSources(Invalid):
    """The product is put below its most sensitive source, and nothing says why (RULES §8.1)."""

    code = "classification_below_sources"


class ReclassificationNotRecorded(Invalid):
    """A supplier does not decide alone that a level is lowered: two people do, on the record."""

    code = "reclassification_not_recorded"


class NationalCoreDataUndeclared(Invalid):
    """A level says national core data, the declaration says none (HN-15(2))."""

    code = "national_core_data_undeclared"


def highest(levels: Iterable[Level]) -> Level | None:
    """Return the strictest of ``levels``, or None if there are none; the first of equals."""
    found: Level | None = None
    for level in levels:
        if found is None or STRICTNESS[level] > STRICTNESS[found]:
            found = level
    return found


def level_of_sources(description: Description) -> Level | None:
    """Return the level of the most sensitive source, or None if no source has one."""
    levels = (source.classification_level for source in description.sources)
    return highest(level for level in levels if level is not None)


def is_below(level: Level, other: Level) -> bool:
    """Tell whether ``level`` is less strict than ``other``, whichever standards name them."""
    return STRICTNESS[level] < STRICTNESS[other]


def scheme_of(text: str) -> str | None:
    """Return the standard that ``text`` names, without its year; None if it is none that we know."""
    named = _YEAR.sub("", unicodedata.normalize("NFKC", text).strip())
    return named if named in SCHEMES else None


def check_scheme(given: Classification) -> None:
    """Return if the level is one of the standard that is named with it.

    :raises ClassificationSchemeMissing: if no standard is named.
    :raises LevelNotOfScheme: if it is none that we know, or has no such level.
    """
    if not given.scheme.strip():
        error = FieldError("/classification/scheme", ClassificationSchemeMissing.code)
        raise ClassificationSchemeMissing(level=given.level.value, errors=(error,))
    scheme = scheme_of(given.scheme)
    if scheme is None or given.level not in SCHEMES[scheme]:
        error = FieldError("/classification/level", LevelNotOfScheme.code)
        raise LevelNotOfScheme(level=given.level.value, scheme=given.scheme, errors=(error,))


def check_level(description: Description, recorded: Classification | None = None) -> None:
    """Return if what is said of the level fits together. It may still be missing.

    ``recorded`` is what the product was classified as until now. A level below the sources' counts
    as long as its re-classification stands there, is not undercut, and no source became stricter.

    :raises ReclassificationNotRecorded: if a re-classification is named that nobody recorded.
    :raises ClassificationBelowSources: if it is lower than a source's without a record of why.
    :raises NationalCoreDataUndeclared: if a level says core data and the declaration does not.
    """
    of_sources = level_of_sources(description)
    given = description.classification
    levels = [level for level in (of_sources, given and given.level) if level is not None]
    if Level.CORE in levels and not description.contains_national_core_data:
        error = FieldError("/contains_national_core_data", NationalCoreDataUndeclared.code)
        raise NationalCoreDataUndeclared(errors=(error,))
    if given is None:
        return
    why = given.reclassification
    if why is not None and (recorded is None or recorded.reclassification != why):
        error = FieldError("/classification/reclassification", ReclassificationNotRecorded.code)
        raise ReclassificationNotRecorded(errors=(error,))
    if of_sources is None or not is_below(given.level, of_sources):
        return
    if why is None or recorded is None or not _covers(recorded, given.level, of_sources):
        error = FieldError("/classification/level", ClassificationBelowSources.code)
        raise ClassificationBelowSources(
            level=given.level.value, of_sources=of_sources.value, errors=(error,)
        )


def require_classified(description: Description) -> Classification:
    """Return the classification; asked before listing (GD-02).

    :raises ClassificationMissing: if there is none.
    """
    if description.classification is None:
        raise ClassificationMissing
    return description.classification


def _covers(recorded: Classification, level: Level, of_sources: Level) -> bool:
    why = recorded.reclassification
    decided_for = None if why is None else why.of_sources
    return (
        decided_for is not None
        and not is_below(level, recorded.level)
        and not is_below(decided_for, of_sources)
    )
