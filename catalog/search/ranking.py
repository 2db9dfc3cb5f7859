"""Rank what was found (排序): BM25F over title, text and labels, times how much of the question is covered.

One formula for every index and for what no index has yet. A rare word weighs more than a common one
(idf); a word in the title counts twice one in the text, one in a label a quarter; and all of it counts
by the share of the question's weight that a product has at all, so that one word too many costs a
product its place among those that have it, and no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from catalog.search import records
from catalog.search.records import Bytes

# Chosen on known items of the real catalogue and confirmed on others (tests/bench).
_K1: Final = 0.6
_B: Final = 0.75
_TITLE, _LABELS, _TEXT = 2.0, 0.25, 1.0
_COVERAGE: Final = 1.0
_SYNONYM: Final = 0.5  # a synonym tells less than the word itself
FIELDS: Final = ("title", "labels", "text")

Words = tuple[bytes, ...]  # the keys of words that must all be there


class Wanted(msgspec.Struct, frozen=True):
    """One thing that is asked for: its own words, then those of its synonyms; and what it weighs."""

    ways: tuple[Words, ...]
    weight: float


class Record(NamedTuple):
    """Where the record of a product lies (``records.py``)."""

    data: Bytes
    start: int
    end: int


class Averages(msgspec.Struct, frozen=True):
    """How many words the fields have on average, where they have any."""

    title: float = 10.0
    labels: float = 7.0
    text: float = 50.0


class Reason(msgspec.Struct, frozen=True):
    """Why something was found: one thing that was asked, and where it stands."""

    wanted: int  # its place in the question
    way: int  # 0: by its own words; else by which synonym
    fields: tuple[str, ...]
    share: float  # of the score


def weight(frequency: int, total: int) -> float:
    """Return how much a word tells that ``frequency`` of ``total`` products have (idf)."""
    known = min(frequency, total)
    return math.log(1 + (total - known + 0.5) / (known + 0.5))


class Ranked(NamedTuple):
    """A product with all that gives it its place; of two that score the same, the newer is before."""

    score: float
    place: int
    product: bytes
    record: Record


def rank(found: Iterable[Record], asked: Sequence[Wanted], averages: Averages) -> list[Ranked]:
    """Return records with their scores, in no order; 0 for what has nothing that is asked.

    It is the inmost loop of every search, some hundred times a question, so it is written flat.
    """
    plan = [(wanted.weight, wanted.weight * (_K1 + 1), wanted.ways) for wanted in asked]
    whole = sum(wanted.weight for wanted in asked)
    head, entry, key = records.HEAD_LENGTH, records.ENTRY_LENGTH, records.KEY_LENGTH
    aligned = head % entry
    title_each, labels_each, text_each = (
        _B / averages.title,
        _B / averages.labels,
        _B / averages.text,
    )
    ranked = []
    for record in found:
        data, start, end = record
        packed = data[start:end]
        product, place, title, labels, text = records.read_head(packed, 0)
        in_title = _TITLE / (1 - _B + title_each * title)
        in_labels = _LABELS / (1 - _B + labels_each * labels)
        in_text = _TEXT / (1 - _B + text_each * text)
        covered = total = 0.0
        for weight_, most, ways in plan:
            often, worth = 0.0, 1.0
            for way in ways:
                least = math.inf
                for word in way:
                    at = packed.find(word, head)
                    while at > 0 and at % entry != aligned:
                        at = packed.find(word, at + 1)
                    if at < 0:
                        break
                    in_each = packed[at + key : at + entry]
                    times = in_title * in_each[0] + in_labels * in_each[1] + in_text * in_each[2]
                    least = min(least, times)
                else:
                    often = max(often, least * worth)
                worth = _SYNONYM  # the ways after the first are those of synonyms
            if often:
                covered += weight_
                total += most * often / (often + _K1)
        score = total * (covered / whole) ** _COVERAGE if covered else 0.0
        ranked.append(Ranked(score, place, product, record))
    return ranked


def covers(data: Bytes, start: int, end: int, wanted: Wanted) -> bool:
    """Tell whether a record has what is wanted, by its own words or a synonym's."""
    return any(
        all(records.times(data, start, end, word) is not None for word in way)
        for way in wanted.ways
    )


def reasons(
    data: Bytes, start: int, end: int, asked: Sequence[Wanted], averages: Averages
) -> list[Reason]:
    """Return why a record was found, what told most first (为何在此)."""
    factors = _factors(data, start, averages)
    found = []
    for number, wanted in enumerate(asked):
        ways = [
            (_often(data, start, end, way, factors) * (_SYNONYM if place else 1), -place)
            for place, way in enumerate(wanted.ways)
        ]
        often, place = max(ways)
        if often:
            told = wanted.weight * often * (_K1 + 1) / (often + _K1)
            fields = _fields(data, start, end, wanted.ways[-place])
            found.append((told, Reason(number, -place, fields, 0.0)))
    total = sum(told for told, _ in found)
    return [
        msgspec.structs.replace(reason, share=round(told / total, 4))
        for told, reason in sorted(found, key=lambda pair: -pair[0])
    ]


def _factors(data: Bytes, start: int, averages: Averages) -> tuple[float, float, float]:
    _, _, title, labels, text = records.read_head(data, start)
    return (
        _TITLE / (1 - _B + _B * title / averages.title),
        _LABELS / (1 - _B + _B * labels / averages.labels),
        _TEXT / (1 - _B + _B * text / averages.text),
    )


def _often(
    data: Bytes, start: int, end: int, way: Words, factors: tuple[float, float, float]
) -> float:
    # Several words stand for one thing: it is there as often as the one that is there least.
    least = math.inf
    for word in way:
        times = records.times(data, start, end, word)
        if times is None:
            return 0.0
        least = min(least, factors[0] * times[0] + factors[1] * times[1] + factors[2] * times[2])
    return least


def _fields(data: Bytes, start: int, end: int, way: Words) -> tuple[str, ...]:
    counts = [records.times(data, start, end, word) or (0, 0, 0) for word in way]
    return tuple(
        name for name, each in zip(FIELDS, zip(*counts, strict=True), strict=True) if any(each)
    )
