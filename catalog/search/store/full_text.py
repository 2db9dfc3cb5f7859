"""Ask PostgreSQL's own full text as if it were an index."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from catalog.kernel.db import Tx
from catalog.products import terms
from catalog.search.facets import ALL, FACETS, Facet, is_counted
from catalog.search.overlay import Overlay
from catalog.search.port import (
    CANDIDATES,
    Asked,
    Candidates,
    Counts,
    Frequencies,
    Guess,
    Ranking,
    Walk,
)
from catalog.search.ranking import Averages, Record
from catalog.search.store.documents import COLUMNS, NARROWED, conditions, parameter, record_of

# A word that is commoner than this is just common; it is not counted further.
_COUNTED_TO: Final = 5000
_SINGLE: Final = tuple(facet for facet in ALL if not facet.is_list)
_LISTS: Final = tuple(facet for facet in ALL if facet.is_list)
_ALL_KINDS: Final = 2 ** len(_SINGLE) - 1  # grouping() of the count over everything
# How much D, C (text), B (labels), A (title) weigh where PostgreSQL picks its first candidates.
_WEIGHTS: Final = [0.1, 0.5, 0.25, 1.0]
_BY_LENGTH: Final = 2  # ts_rank's flag: divide by the length of the document


def _count_all() -> str:
    single = ", ".join(facet.column for facet in _SINGLE)
    sets = ", ".join(f"({facet.column})" for facet in _SINGLE)
    lists = [
        f" UNION ALL SELECT value, -{number}, count(*) FROM found, unnest({facet.column}) AS value"  # noqa: S608 - names of ours
        " GROUP BY value"
        for number, facet in enumerate(_LISTS, start=1)
    ]
    return (
        f"SELECT coalesce({single}) AS value, grouping({single}) AS kind, count(*) AS count"  # noqa: S608 - as above
        f" FROM found GROUP BY GROUPING SETS ({sets}, ())" + "".join(lists)
    )


_COUNTED: Final = _count_all()


class FullText:
    """PostgreSQL's own full text as an index: slower, and never behind."""

    position = None
    overlay = Overlay("")

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    async def frequencies(self, words: Sequence[str]) -> Frequencies:
        """Return how often words are, as far as it is worth counting."""
        # A plan that is kept for all questions can not use the index for those that have words.
        await self._tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        rows = await self._tx.fetch(
            """
            SELECT (SELECT count(*) FROM (SELECT FROM catalog.product_documents d
                                           WHERE d.terms @@ w.term::tsquery LIMIT $2) AS few) AS count
              FROM unnest($1::text[]) WITH ORDINALITY AS w(term, place)
             ORDER BY w.place""",
            [terms.quoted(word) for word in words],
            _COUNTED_TO,
        )
        # The planner's own estimate is exact enough to weigh words by.
        total = await self._tx.fetch_value(
            "SELECT reltuples::bigint FROM pg_class"
            " WHERE oid = 'catalog.product_documents'::regclass"
        )
        counts = {word: row["count"] for word, row in zip(words, rows, strict=True)}
        return Frequencies(max(int(total), 2 * _COUNTED_TO), counts, Averages())

    async def candidates(self, asked: Asked, *, by: Ranking) -> Candidates:  # noqa: ARG002 - it ranks by its own
        """Return those that PostgreSQL ranks first."""
        count = await self.total(asked) if asked.needed == len(asked.concepts) else 0
        return Candidates(count, list((await self._best(asked)).values()))

    async def walk(self, asked: Asked, *, walk: Walk) -> list[Record]:
        """Return products in the order of their places."""
        direction, beyond = ("DESC", "<") if walk.is_newest_first else ("ASC", ">")
        place, product_id = walk.after or (None, None)
        rows = await self._tx.fetch(
            f"""
            SELECT d.product_id, d.place, d.terms::text AS terms
              FROM catalog.product_documents d
             WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {NARROWED}
               AND ({parameter(1)}::bigint IS NULL
                    OR (d.place, d.product_id) {beyond} ({parameter(1)}, {parameter(2)}::uuid))
             ORDER BY d.place {direction}, d.product_id {direction} LIMIT {parameter(3)}""",  # noqa: S608 - two words of ours
            *conditions(asked),
            place,
            product_id,
            walk.limit,
        )
        return [record_of(row["product_id"], row["place"], row["terms"]) for row in rows]

    async def alike(self, guesses: Sequence[Guess], *, limit: int) -> list[uuid.UUID]:  # noqa: ARG002 - as the port has it
        """Return none: its words are not looked through without reading every document."""
        return []

    async def count(self, asked: Asked) -> Counts:
        """Return how many there are, and of which kinds."""
        rows = await self._tx.fetch(
            f"""
            WITH found AS MATERIALIZED (
                SELECT {COLUMNS}
                  FROM catalog.product_documents d
                 WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {NARROWED}
            )
            {_COUNTED}""",  # noqa: S608 - as above
            *conditions(asked),
        )
        facets: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
        total = 0
        for row in rows:
            if row["kind"] == _ALL_KINDS:
                total = row["count"]
            elif row["value"] and is_counted(
                facet := _facet_of(row["kind"]), row["value"], asked.narrowed
            ):
                facets[facet.name][row["value"]] = row["count"]
        return Counts(total, facets)

    async def total(self, asked: Asked) -> int:
        """Return how many there are."""
        count: int = await self._tx.fetch_value(
            f"""
            SELECT count(*) FROM catalog.product_documents d
             WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {NARROWED}""",  # noqa: S608 - as above
            *conditions(asked),
        )
        return count

    async def _best(self, asked: Asked) -> dict[uuid.UUID, Record]:
        rows = await self._tx.fetch(
            f"""
            SELECT d.product_id, d.place, d.terms::text AS terms
              FROM catalog.product_documents d
             WHERE d.terms @@ $1::text::tsquery AND {NARROWED}
             ORDER BY ts_rank({parameter(1)}::float4[], d.terms, $1::text::tsquery, {parameter(2)}) DESC,
                      d.product_id
             LIMIT {parameter(3)}""",  # noqa: S608 - as above
            *conditions(asked),
            _WEIGHTS,
            _BY_LENGTH,
            CANDIDATES,
        )
        return {
            row["product_id"]: record_of(row["product_id"], row["place"], row["terms"])
            for row in rows
        }


def _facet_of(kind: int) -> Facet:
    if kind < 0:
        return _LISTS[-kind - 1]
    # grouping() has one bit per column, the first the highest; the grouped column's is 0.
    highest: int = (~kind & _ALL_KINDS).bit_length()
    return _SINGLE[len(_SINGLE) - highest]
