"""Decide how sensitive a product is: as its most sensitive source (分类分级, GD-02, RULES §8.1).

Two standards name levels. ``STRICTNESS`` maps them by table, never by equal words; where one level
of Beijing's standard meets one of the nation's is our reading [P].
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from catalog.kernel.errors import Invalid
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


class ClassificationMissing(Invalid):
    """The product has no category and level; without them it is not listed (GD-02)."""

    code = "classification_missing"


class ClassificationBelowSources(Invalid):
    """The product is put below its most sensitive source, and nothing says why (RULES §8.1)."""

    code = "classification_below_sources"


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


def check_level(description: Description) -> None:
    """Return if what is said of the level fits together. It may still be missing.

    :raises ClassificationBelowSources: if it is lower than a source's without a record of why.
    :raises NationalCoreDataUndeclared: if a level says core data and the declaration does not.
    """
    of_sources = level_of_sources(description)
    given = description.classification
    levels = [level for level in (of_sources, given and given.level) if level is not None]
    if Level.CORE in levels and not description.contains_national_core_data:
        raise NationalCoreDataUndeclared
    if given is None or of_sources is None or given.reclassification is not None:
        return
    if STRICTNESS[given.level] < STRICTNESS[of_sources]:
        raise ClassificationBelowSources(level=given.level.value, of_sources=of_sources.value)


def require_classified(description: Description) -> Classification:
    """Return the classification; asked before listing (GD-02).

    :raises ClassificationMissing: if there is none.
    """
    if description.classification is None:
        raise ClassificationMissing
    return description.classification
