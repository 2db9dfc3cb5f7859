"""Read the documents of products: by what was asked, of a page, and what changed beyond an index."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec

from catalog.kernel.db import Row, Tx
from catalog.search import question, records
from catalog.search.facets import ALL, FACETS
from catalog.search.overlay import Changed
from catalog.search.port import Asked
from catalog.search.ranking import Record
from catalog.search.store import outbox
from catalog.thesaurus.synonyms import SynonymsOutdated

# Words are $1 in every statement that narrows, facets come next, then the lowest and the highest
# price, and what else it asks after them.
_BY_FACETS: Final = " AND ".join(
    f"(${place}::text IS NULL OR d.{facet.column} @> ARRAY[${place}::text])"
    if facet.is_list
    else f"(${place}::text IS NULL OR d.{facet.column} = ${place}::text)"
    for place, facet in enumerate(ALL, start=2)
)
_LOW: Final = len(ALL) + 2
NARROWED: Final = (
    f"{_BY_FACETS} AND (${_LOW}::bigint IS NULL OR d.price_fen >= ${_LOW})"
    f" AND (${_LOW + 1}::bigint IS NULL OR d.price_fen <= ${_LOW + 1})"
)
# What a page shows of a document besides its facets.
_SHOWN: Final = (
    "d.source_id, d.name, d.summary, d.industry, d.format, d.price_fen, d.published_at,"
    " c.number AS certificate_number"
)
# Only of those that have one is it looked for.
_NUMBER: Final = (
    "SELECT number FROM catalog.certificates"
    " WHERE d.certified = 'yes' AND product_id = d.product_id AND state = 'active'"
)
COLUMNS: Final = ", ".join(f"d.{facet.column}" for facet in ALL)
# What no page shows is only told of those that changed.
_UNSEEN: Final = ("terms", "industry_codes", "certified", "price")
_OF_MOVED: Final = ", ".join(
    f"CASE WHEN w.is_moved THEN d.{column}{'::text' if column == 'terms' else ''} END AS {column}"
    for column in _UNSEEN
)
_COLUMNS_SHOWN: Final = ", ".join(
    f"d.{facet.column}" for facet in ALL if facet.column not in _UNSEEN
)


def parameter(number: int) -> str:
    """Return the parameter that comes so many after those of words, facets and prices."""
    return f"${_LOW + 1 + number}"


def conditions(asked: Asked) -> list[str | int | None]:
    """Return the parameters of ``NARROWED``, and before them the words."""
    wanted = question.tsquery_of_all(asked.concepts, least=asked.needed) or None
    facets = (asked.narrowed.get(facet) for facet in FACETS)
    return [wanted, *facets, asked.prices.from_fen, asked.prices.to_fen]


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What one statement told: what changed beyond a position, and the documents of a page."""

    position: str  # up to which it was read
    changed: Mapping[uuid.UUID, Changed]
    documents: Mapping[uuid.UUID, Row]
    is_shared: bool  # it is committed, and so true for others too

    def accounts_for(self, page: Sequence[uuid.UUID]) -> bool:
        """Tell whether each product of a page is there, or went since."""
        if len(self.documents) == len(page):
            return True
        return self.changed.keys() | self.documents.keys() >= set(page)

    @property
    def may_be_kept(self) -> bool:
        """Tell whether the page stays what it is until a document changes.

        The number of a certificate is told by another table: it may be another one without that.
        """
        return (
            self.is_shared
            and not self.changed
            and not any(row["certificate_number"] for row in self.documents.values())
        )


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
               {_OF_MOVED}, {_COLUMNS_SHOWN}, {_SHOWN}
          FROM catalog.search_state s
         CROSS JOIN catalog.synonym_state n
         CROSS JOIN asked
          LEFT JOIN wanted w ON true
          LEFT JOIN catalog.product_documents d ON d.product_id = w.product_id
          LEFT JOIN LATERAL (
               {_NUMBER} AND NOT w.is_moved LIMIT 1) c ON true""",  # noqa: S608 - names of ours
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
    beyond = beyond if beyond is not None and await outbox.is_known(tx, beyond) else None
    rows = await tx.fetch(
        f"""
        SELECT d.product_id FROM catalog.product_documents d
         WHERE ($1::text IS NULL OR d.terms @@ $1::text::tsquery) AND {NARROWED}
           AND ({parameter(1)}::text IS NULL OR d.product_id IN (
                SELECT o.product_id FROM catalog.search_outbox o
                 WHERE o.xid >= pg_snapshot_xmin({parameter(1)}::text::pg_snapshot)
                   AND NOT pg_visible_in_snapshot(o.xid, {parameter(1)}::text::pg_snapshot)))
           AND ({parameter(2)}::timestamptz IS NULL OR d.published_at >= {parameter(2)})
         ORDER BY d.place DESC, d.product_id DESC LIMIT {parameter(3)}""",  # noqa: S608 - a part that all statements share
        *conditions(asked),
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


async def list_changed_rows(tx: Tx, position: str) -> list[Row]:
    """Return the products that changed beyond ``position``, each once, with their documents."""
    return await tx.fetch(
        f"""
        SELECT m.product_id, d.place, d.terms::text AS terms, {COLUMNS}, d.price_fen
          FROM (SELECT DISTINCT product_id
                  FROM catalog.search_outbox
                 WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
                   AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)) AS m
          LEFT JOIN catalog.product_documents d USING (product_id)""",  # noqa: S608 - names of ours
        position,
    )


def every_document(tx: Tx) -> AsyncIterator[Row]:
    """Yield all documents, as they are to be indexed."""
    return tx.cursor(
        f"""
        SELECT d.product_id, d.place, d.terms::text AS terms, {COLUMNS}, d.price_fen
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
        f"SELECT d.product_id, d.place, d.price_fen, d.terms::text, json_build_array({COLUMNS})"  # noqa: S608 - names of ours
        "  FROM catalog.product_documents d ORDER BY d.place, d.product_id",
        write,
    )


async def list_documents(tx: Tx, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """Return what is shown of products, by id, with the numbers of their certificates in force."""
    rows = await tx.fetch(
        f"""
        SELECT d.product_id, {_SHOWN}, {COLUMNS}
          FROM catalog.product_documents d
          LEFT JOIN LATERAL (
               {_NUMBER} LIMIT 1) c ON true
         WHERE d.product_id = ANY($1::uuid[])""",  # noqa: S608 - names of ours
        list(product_ids),
    )
    return {row["product_id"]: row for row in rows}


def record_of(product_id: uuid.UUID, place: int, literal: str) -> Record:
    """Return the record of a row that stands in no file."""
    packed = records.pack(product_id, place, records.read_vector(literal))
    return Record(packed, 0, len(packed))
