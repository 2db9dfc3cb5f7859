"""Statements of the search: what changed beyond an index, the documents, and PostgreSQL as an index itself."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from catalog.products import terms
from catalog.search import question, records
from catalog.search.facets import ALL, FACETS, Facet
from catalog.search.overlay import Changed, Overlay
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
from catalog.thesaurus.synonyms import SynonymsOutdated


class _Xid(sa.types.UserDefinedType[str]):
    """The full number of a transaction."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return what PostgreSQL calls it."""
        return "xid8"


SEARCH_OUTBOX: Final = sa.Table(
    "search_outbox",
    METADATA,
    sa.Column("xid", _Xid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

SEARCH_STATE: Final = sa.Table(
    "search_state",
    METADATA,
    sa.Column("id", sa.Boolean, primary_key=True),
    sa.Column("pruned_xid", _Xid, nullable=False),
    schema="catalog",
)

# A word that is commoner than this is just common; it is not counted further.
_COUNTED_TO: Final = 5000
_SINGLE: Final = tuple(facet for facet in ALL if not facet.is_list)
_LISTS: Final = tuple(facet for facet in ALL if facet.is_list)
_ALL_KINDS: Final = 2 ** len(_SINGLE) - 1  # grouping() of the count over everything
# How much D, C (text), B (labels), A (title) weigh where PostgreSQL picks its first candidates.
_WEIGHTS: Final = [0.1, 0.5, 0.25, 1.0]
_BY_LENGTH: Final = 2  # ts_rank's flag: divide by the length of the document

# Words are $1 in every statement that narrows, facets come next, then the lowest and the highest
# price, and what else it asks after them.
_BY_FACETS: Final = " AND ".join(
    f"(${place}::text IS NULL OR d.{facet.column} @> ARRAY[${place}::text])"
    if facet.is_list
    else f"(${place}::text IS NULL OR d.{facet.column} = ${place}::text)"
    for place, facet in enumerate(ALL, start=2)
)
_LOW: Final = len(ALL) + 2
_NARROWED: Final = (
    f"{_BY_FACETS} AND (${_LOW}::bigint IS NULL OR d.price_fen >= ${_LOW})"
    f" AND (${_LOW + 1}::bigint IS NULL OR d.price_fen <= ${_LOW + 1})"
)
# What a page shows of a document besides its facets.
_SHOWN: Final = (
    "d.source_id, d.name, d.summary, d.industry, d.format, d.price_fen, d.published_at,"
    " c.number AS certificate_number"
)
_COLUMNS: Final = ", ".join(f"d.{facet.column}" for facet in ALL)


def _next(number: int) -> str:
    """Return the parameter that comes so many after those of words, facets and prices."""
    return f"${_LOW + 1 + number}"


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


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What one statement told: what changed beyond a position, and the documents of a page."""

    position: str  # up to which it was read
    changed: Mapping[uuid.UUID, Changed]
    documents: Mapping[uuid.UUID, Row]
    is_shared: bool  # it is committed, and so true for others too


async def read_on(
    tx: Tx,
    *,
    position: str,
    page: Sequence[uuid.UUID],
    at_most: int,
    synonyms: int | None = None,
) -> Read | None:
    """Return what changed beyond ``position``, and the documents of a page, in one statement.

    None if there is more than that, or if the position is older than what is still known, or from
    a future that this database never had.

    :raises SynonymsOutdated: if the synonyms are of another version than ``synonyms``, if any.
    """
    rows = await tx.fetch_public(
        f"""
        WITH asked AS MATERIALIZED (SELECT $1::text::pg_snapshot AS position),
        moved AS MATERIALIZED (
            SELECT DISTINCT o.product_id
              FROM catalog.search_outbox o, asked
             WHERE o.xid >= pg_snapshot_xmin(asked.position)
               AND NOT pg_visible_in_snapshot(o.xid, asked.position)
             LIMIT $2::bigint + 1
        ), wanted AS (
            SELECT product_id, true AS is_moved FROM moved
             UNION ALL
            SELECT product_id, false FROM unnest($3::uuid[]) AS product_id
        )
        SELECT s.pruned_xid < pg_snapshot_xmin(asked.position)
               AND pg_snapshot_xmax(asked.position) <= pg_snapshot_xmax(pg_current_snapshot())
               AS is_known,
               pg_current_snapshot()::text AS position,
               pg_current_xact_id_if_assigned() IS NULL AS is_shared,
               n.version AS synonyms, w.is_moved, w.product_id AS wanted_id, d.place,
               CASE WHEN w.is_moved THEN d.terms::text END AS terms, {_COLUMNS}, {_SHOWN}
          FROM catalog.search_state s
         CROSS JOIN catalog.synonym_state n
         CROSS JOIN asked
          LEFT JOIN wanted w ON true
          LEFT JOIN catalog.product_documents d ON d.product_id = w.product_id
          LEFT JOIN LATERAL (
               SELECT number FROM catalog.certificates
                WHERE product_id = d.product_id AND state = 'active' AND NOT w.is_moved
                LIMIT 1) c ON true""",  # noqa: S608 - names of ours
        position,
        at_most,
        list(page),
    )
    told = rows[0]
    if synonyms is not None and told["synonyms"] != synonyms:
        raise SynonymsOutdated
    changed = {row["wanted_id"]: _changed(row) for row in rows if row["is_moved"]}
    if not told["is_known"] or len(changed) > at_most:
        return None
    return Read(
        position=told["position"],
        changed=changed,
        documents={
            row["wanted_id"]: row
            for row in rows
            if row["is_moved"] is False and row["place"] is not None
        },
        is_shared=told["is_shared"],
    )


def _changed(row: Row) -> Changed:
    if row["place"] is None:
        return Changed(None)
    return Changed(
        record_of(row["wanted_id"], row["place"], row["terms"]), facets_of(row), row["price_fen"]
    )


async def list_matching(
    tx: Tx, asked: Asked, *, beyond: str | None, published_since: dt.datetime | None, limit: int
) -> list[uuid.UUID]:
    """Return the products that have everything asked, of those that changed beyond a position if any.

    All of them again if the outbox does not hold any more what came after it.
    """
    beyond = beyond if beyond is not None and await is_known(tx, beyond) else None
    rows = await tx.fetch(
        f"""
        SELECT d.product_id FROM catalog.product_documents d
         WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {_NARROWED}
           AND ({_next(1)}::text IS NULL OR d.product_id IN (
                SELECT o.product_id FROM catalog.search_outbox o
                 WHERE o.xid >= pg_snapshot_xmin({_next(1)}::text::pg_snapshot)
                   AND NOT pg_visible_in_snapshot(o.xid, {_next(1)}::text::pg_snapshot)))
           AND ({_next(2)}::timestamptz IS NULL OR d.published_at >= {_next(2)})
         ORDER BY d.place DESC, d.product_id DESC LIMIT {_next(3)}""",  # noqa: S608 - a part that all statements share
        *_conditions(asked),
        beyond,
        published_since,
        limit,
    )
    return [row["product_id"] for row in rows]


async def check_synonyms(tx: Tx, version: int | None) -> None:
    """Return if the synonyms are those in force, where no index is asked that would tell.

    :raises SynonymsOutdated: if not.
    """
    if version is not None and version != await tx.fetch_value(
        "SELECT version FROM catalog.synonym_state"
    ):
        raise SynonymsOutdated


def facets_of(row: Row) -> tuple[tuple[str, ...], ...]:
    """Return the values of a document by which it is narrowed and counted."""
    values = ((facet, row[facet.column]) for facet in ALL)
    return tuple((tuple(v) if facet.is_list else (v,)) if v else () for facet, v in values)


async def read_position(tx: Tx) -> str:
    """Return the snapshot of the transaction: what it sees, an index that is made from it holds."""
    position: str = await tx.fetch_value("SELECT pg_current_snapshot()::text")
    return position


async def take_turn(tx: Tx) -> int | None:
    """Return the number of this turn to write an index elsewhere; None if somebody has it just now.

    Until the transaction ends nobody else takes one: who has the later number has the later snapshot.
    """
    number: int | None = await tx.fetch_value(
        """
        SELECT CASE WHEN pg_try_advisory_xact_lock(hashtextextended('catalog.search_turns', 0))
                    THEN nextval('catalog.search_turns') END"""
    )
    return number


async def read_database(tx: Tx) -> str:
    """Return which database this is, and on which timeline: positions count for it alone."""
    name: str = await tx.fetch_value(
        """
        SELECT format('%s/%s/%s', s.system_identifier, c.timeline_id,
                      (SELECT oid FROM pg_database WHERE datname = current_database()))
          FROM pg_control_system() s, pg_control_checkpoint() c"""
    )
    return name


async def is_known(tx: Tx, position: str) -> bool:
    """Tell whether the outbox still holds all that came after ``position``."""
    known: bool = await tx.fetch_value(
        """
        SELECT pruned_xid < pg_snapshot_xmin($1::text::pg_snapshot)
               AND pg_snapshot_xmax($1::text::pg_snapshot)
                   <= pg_snapshot_xmax(pg_current_snapshot())
          FROM catalog.search_state""",
        position,
    )
    return known


async def list_changed_rows(tx: Tx, position: str) -> list[Row]:
    """Return the products that changed beyond ``position``, each once, with their documents."""
    return await tx.fetch(
        f"""
        SELECT m.product_id, d.place, d.terms::text AS terms, {_COLUMNS}, d.price_fen
          FROM (SELECT DISTINCT product_id
                  FROM catalog.search_outbox
                 WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
                   AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)) AS m
          LEFT JOIN catalog.product_documents d USING (product_id)""",  # noqa: S608 - names of ours
        position,
    )


async def read_behind(tx: Tx, position: str) -> tuple[int, dt.datetime | None]:
    """Return how many products changed beyond ``position``, and since when."""
    row = await tx.fetch_one(
        """
        SELECT count(DISTINCT product_id) AS count, min(written_at) AS since
          FROM catalog.search_outbox
         WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
           AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)""",
        position,
    )
    assert row is not None, "a count has one row"
    return row["count"], row["since"]


def every_document(tx: Tx) -> AsyncIterator[Row]:
    """Yield all documents, as they are to be indexed."""
    return tx.cursor(
        f"""
        SELECT d.product_id, d.place, d.terms::text AS terms, {_COLUMNS}, d.price_fen
          FROM catalog.product_documents d""",  # noqa: S608 - names of ours
        prefetch=500,
    )


async def count_documents(tx: Tx, *, most: int) -> int:
    """Return how many documents there are, as far as ``most``."""
    count: int = await tx.fetch_value(
        "SELECT count(*) FROM (SELECT FROM catalog.product_documents LIMIT $1) AS first", most
    )
    return count


async def copy_documents(tx: Tx, write: Callable[[bytes], Awaitable[None]]) -> int:
    """Copy all documents out as they are to be indexed, those of the lowest place first.

    A line is: product, place, price, words, and a list of the values of each facet.
    """
    # By the index they come in their order at once; to sort them all takes longer and much disk.
    await tx.execute("SET LOCAL enable_sort = off")
    return await tx.copy_out(
        f"SELECT d.product_id, d.place, d.price_fen, d.terms::text, json_build_array({_COLUMNS})"  # noqa: S608 - names of ours
        "  FROM catalog.product_documents d ORDER BY d.place, d.product_id",
        write,
    )


async def prune(tx: Tx, *, older_than_seconds: int) -> int:
    """Remove what no index needs that is younger than that; return how much."""
    count: int = await tx.fetch_value(
        """
        WITH gone AS (
            DELETE FROM catalog.search_outbox
             WHERE written_at < now() - make_interval(secs => $1::float8) RETURNING xid
        ), told AS (
            UPDATE catalog.search_state s
               SET pruned_xid = greatest(s.pruned_xid, (SELECT max(xid) FROM gone))
             WHERE EXISTS (SELECT FROM gone)
        )
        SELECT count(*) FROM gone""",
        float(older_than_seconds),
    )
    return count


async def list_documents(tx: Tx, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """Return what is shown of products, by id, with the numbers of their certificates in force."""
    rows = await tx.fetch(
        f"""
        SELECT d.product_id, {_SHOWN}, {_COLUMNS}
          FROM catalog.product_documents d
          LEFT JOIN LATERAL (
               SELECT number FROM catalog.certificates
                WHERE product_id = d.product_id AND state = 'active' LIMIT 1) c ON true
         WHERE d.product_id = ANY($1::uuid[])""",  # noqa: S608 - names of ours
        list(product_ids),
    )
    return {row["product_id"]: row for row in rows}


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
             WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {_NARROWED}
               AND ({_next(1)}::bigint IS NULL
                    OR (d.place, d.product_id) {beyond} ({_next(1)}, {_next(2)}::uuid))
             ORDER BY d.place {direction}, d.product_id {direction} LIMIT {_next(3)}""",  # noqa: S608 - two words of ours
            *_conditions(asked),
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
                SELECT {_COLUMNS}
                  FROM catalog.product_documents d
                 WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {_NARROWED}
            )
            {_COUNTED}""",  # noqa: S608 - as above
            *_conditions(asked),
        )
        facets: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
        total = 0
        for row in rows:
            if row["kind"] == _ALL_KINDS:
                total = row["count"]
            elif row["value"]:
                facets[_facet_of(row["kind"]).name][row["value"]] = row["count"]
        return Counts(total, facets)

    async def total(self, asked: Asked) -> int:
        """Return how many there are."""
        count: int = await self._tx.fetch_value(
            f"""
            SELECT count(*) FROM catalog.product_documents d
             WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {_NARROWED}""",  # noqa: S608 - as above
            *_conditions(asked),
        )
        return count

    async def _best(self, asked: Asked) -> dict[uuid.UUID, Record]:
        rows = await self._tx.fetch(
            f"""
            SELECT d.product_id, d.place, d.terms::text AS terms
              FROM catalog.product_documents d
             WHERE d.terms @@ $1::text::tsquery AND {_NARROWED}
             ORDER BY ts_rank({_next(1)}::float4[], d.terms, $1::text::tsquery, {_next(2)}) DESC,
                      d.product_id
             LIMIT {_next(3)}""",  # noqa: S608 - as above
            *_conditions(asked),
            _WEIGHTS,
            _BY_LENGTH,
            CANDIDATES,
        )
        return {
            row["product_id"]: record_of(row["product_id"], row["place"], row["terms"])
            for row in rows
        }


def record_of(product_id: uuid.UUID, place: int, literal: str) -> Record:
    """Return the record of a row that stands in no file."""
    packed = records.pack(product_id, place, records.read_vector(literal))
    return Record(packed, 0, len(packed))


def _conditions(asked: Asked) -> list[str | int | None]:
    wanted = question.tsquery_of_all(asked.concepts, least=asked.needed) or None
    facets = (asked.narrowed.get(facet) for facet in FACETS)
    return [wanted, *facets, asked.prices.from_fen, asked.prices.to_fen]


def _facet_of(kind: int) -> Facet:
    if kind < 0:
        return _LISTS[-kind - 1]
    # grouping() has one bit per column, the first the highest; the grouped column's is 0.
    highest: int = (~kind & _ALL_KINDS).bit_length()
    return _SINGLE[len(_SINGLE) - highest]
