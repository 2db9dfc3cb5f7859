"""Ask for pages as people do: half by two or three words, a quarter by one common word, a quarter browsing.

Half of them are narrowed by one filter, and no two of a list are the same but for those that browse.
"""

from __future__ import annotations

import collections
import random

import asyncpg
import msgspec

from catalog.search import records
from catalog.search.model import Filters

SAMPLED = 4000
COMMON = 60


class Page(msgspec.Struct, frozen=True):
    kind: str
    text: str
    filters: dict[str, str]

    @property
    def narrowed(self) -> Filters:
        return Filters(**self.filters)


async def make(owner: asyncpg.Connection, count: int, *, seed: int) -> list[Page]:
    """Return so many pages that the catalogue has answers for."""
    rows = await owner.fetch(
        "SELECT terms::text AS terms, form, region, level, industry_codes"
        "  FROM catalog.product_documents ORDER BY md5(product_id::text || $1) LIMIT $2",
        str(seed),
        SAMPLED,
    )
    chance = random.Random(seed)
    sampled = [(row, [w for w, *_ in records.read_vector(row["terms"])]) for row in rows]
    known = collections.Counter(word for _, words in sampled for word in words if len(word) > 1)
    common = [word for word, _ in known.most_common(COMMON)]
    pages = []
    for number in range(count):
        row, words = chance.choice(sampled)
        kind = ("words", "word", "words", "browse")[number % 4]
        telling = [w for w in words if len(w) > 1 and known[w] < SAMPLED // 20]
        if kind == "words" and len(telling) < 3:
            telling = [w for w in words if len(w) > 1] or words
        text = {
            "words": " ".join(chance.sample(telling, min(len(telling), chance.choice((2, 3))))),
            "word": chance.choice(common),
            "browse": "",
        }[kind]
        filters: dict[str, str] = {}
        if chance.random() < 0.5:
            name, value = chance.choice(
                [
                    (name, value)
                    for name, value in (
                        ("form", row["form"]),
                        ("region", row["region"]),
                        ("level", row["level"]),
                        ("industry", (row["industry_codes"] or [None])[-1]),
                    )
                    if value
                ]
            )
            filters[name] = value
        pages.append(Page(kind, text, filters))
    return pages
