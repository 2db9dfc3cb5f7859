"""Search the public catalogue. Everyone may; nothing confidential stands in its documents."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.db import Row, Tx
from catalog.products import terms
from catalog.search import question
from catalog.search.model import FACETS, Count, Filters, Found, Hit
from catalog.search.question import Weighed

MAX_LIMIT: Final = 100
# A question is asked for fewer words until this many are found.
ENOUGH: Final = 20
_DEEPEST: Final = 1_000_000  # how far into a result a cursor may lead
_ALL_KINDS: Final = 2 ** len(FACETS) - 1  # grouping() of the count over everything
# A word that is commoner than this is just common; it is not counted further.
_COUNTED_TO: Final = 5000
_VALUES_PER_FACET: Final = 20
# How much D, C (description), B (labels), A (title) weigh; chosen on the known items of 2026-11.
_WEIGHTS: Final = [0.1, 1.0, 0.5, 1.0]
_BY_LENGTH: Final = 2  # ts_rank's flag: divide by the length of the document


async def search(
    tx: Tx,
    *,
    text: str = "",
    filters: Filters | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Found:
    """Return products that ``text`` finds, best first; without words the newest first.

    :raises SearchQuestionTooLong: if the question is longer than questions are.
    :raises SearchQuestionUnreadable: if it holds control characters.
    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this question.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise paging.LimitOutOfRange(limit=limit, maximum=MAX_LIMIT)
    asked = question.read(text)
    narrowed = msgspec.structs.astuple(filters or Filters())
    query = paging.fingerprint("search", asked, narrowed)
    # A plan that is kept for all questions can not use the index for those that have words.
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    if not text.strip():
        return await _browse(tx, narrowed=narrowed, limit=limit, query=query, cursor=cursor)
    return await _find(tx, asked=asked, narrowed=narrowed, limit=limit, query=query, cursor=cursor)


async def find_certificate_number(tx: Tx, *, product_id: uuid.UUID) -> str | None:
    """Return the number of the product's certificate in force, or None (凭证编号)."""
    number: str | None = await tx.fetch_value(
        """
        SELECT number FROM catalog.certificates
         WHERE product_id = $1 AND state = 'active' LIMIT 1""",
        product_id,
    )
    return number


async def _find(
    tx: Tx,
    *,
    asked: list[str],
    narrowed: tuple[Any, ...],
    limit: int,
    query: str,
    cursor: str | None,
) -> Found:
    position = paging.decode(query, cursor, 1)
    offset = 0 if position is None else _offset(position[0])
    words = question.weigh(await _count_each(tx, asked), await _count_all(tx))
    if not words:
        return Found(items=[], total=0, facets={}, next_cursor=None, terms=asked)
    wanted = await _choose(tx, words, narrowed)
    rows = await tx.fetch(
        """
        WITH covered AS MATERIALIZED (
            SELECT d.product_id, d.terms, m.coverage, m.places
              FROM catalog.product_documents d
             CROSS JOIN LATERAL (
                   SELECT sum(w.weight) AS coverage, array_agg(w.place) AS places
                     FROM unnest($14::text[], $15::float8[]) WITH ORDINALITY
                          AS w(term, weight, place)
                    WHERE d.terms @@ w.term::tsquery) m
             WHERE d.terms @@ $1::tsquery
               AND ($2::text IS NULL OR d.form = $2) AND ($3::text IS NULL OR d.industry = $3)
               AND ($4::text IS NULL OR d.region = $4) AND ($5::text IS NULL OR d.level = $5)
               AND ($6::text IS NULL OR d.supplier_name = $6) AND ($7::text IS NULL OR d.theme = $7)
               AND ($8::text IS NULL OR d.source = $8)
               AND ($9::text IS NULL OR d.update_cycle = $9)
        ), needed AS (
            -- Only what can come on this page is ranked; ranking costs more than covering.
            SELECT coalesce(min(coverage), 0) AS coverage
              FROM (SELECT coverage FROM covered ORDER BY coverage DESC LIMIT $16::bigint + $17::bigint) AS first
        ), best AS (
            SELECT product_id, coverage, places,
                   CASE WHEN terms @@ $11::tsquery
                        THEN ts_rank_cd($12::float4[], terms, $11::tsquery, $13) ELSE 0 END AS near,
                   ts_rank($12::float4[], terms, $10::tsquery, $13) AS rank
              FROM covered WHERE coverage >= (SELECT coverage FROM needed)
             ORDER BY coverage DESC, near DESC, rank DESC, product_id
             LIMIT $16::bigint OFFSET $17::bigint
        )
        SELECT d.product_id, d.source_id, d.name, d.supplier_name, d.summary, d.form, d.industry,
               d.region, d.level, d.theme, d.source, d.update_cycle, d.format, d.published_at,
               b.coverage, b.places, c.number AS certified
          FROM best b
          JOIN catalog.product_documents d USING (product_id)
          LEFT JOIN LATERAL (
               SELECT number FROM catalog.certificates
                WHERE product_id = b.product_id AND state = 'active' LIMIT 1) c ON true
         ORDER BY b.coverage DESC, b.near DESC, b.rank DESC, b.product_id""",
        wanted,
        *narrowed,
        question.any_of(words),
        question.all_of(words),
        _WEIGHTS,
        _BY_LENGTH,
        [terms.quoted(word.term) for word in words],
        [word.weight for word in words],
        limit + 1,
        offset,
    )
    facets, total = await _facets(tx, wanted, narrowed)
    whole = sum(word.weight for word in words)
    return Found(
        items=[
            _hit(row, row["coverage"] / whole, [words[place - 1].term for place in row["places"]])
            for row in rows[:limit]
        ],
        total=total,
        facets=facets,
        next_cursor=paging.encode(query, offset + limit) if len(rows) > limit else None,
        terms=asked,
    )


async def _browse(
    tx: Tx, *, narrowed: tuple[Any, ...], limit: int, query: str, cursor: str | None
) -> Found:
    position = paging.decode(query, cursor, 2)
    at, before = (None, None) if position is None else _place(*position)
    rows = await tx.fetch(
        """
        SELECT d.product_id, d.source_id, d.name, d.supplier_name, d.summary, d.form, d.industry,
               d.region, d.level, d.theme, d.source, d.update_cycle, d.format, d.published_at,
               c.number AS certified
          FROM catalog.product_documents d
          LEFT JOIN LATERAL (
               SELECT number FROM catalog.certificates
                WHERE product_id = d.product_id AND state = 'active' LIMIT 1) c ON true
         WHERE ($1::text IS NULL OR d.form = $1) AND ($2::text IS NULL OR d.industry = $2)
           AND ($3::text IS NULL OR d.region = $3) AND ($4::text IS NULL OR d.level = $4)
           AND ($5::text IS NULL OR d.supplier_name = $5) AND ($6::text IS NULL OR d.theme = $6)
           AND ($7::text IS NULL OR d.source = $7) AND ($8::text IS NULL OR d.update_cycle = $8)
           AND ($9::text IS NULL OR (d.published_at, d.product_id) < ($9::text::timestamptz, $10))
         ORDER BY d.published_at DESC, d.product_id DESC
         LIMIT $11""",
        *narrowed,
        at,
        before,
        limit + 1,
    )
    facets, total = await _facets(tx, None, narrowed)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = paging.encode(query, last["published_at"].isoformat(), str(last["product_id"]))
    return Found(
        items=[_hit(row, 0.0, []) for row in rows[:limit]],
        total=total,
        facets=facets,
        next_cursor=following,
        terms=[],
    )


async def _count_each(tx: Tx, asked: list[str]) -> list[tuple[str, int]]:
    rows = await tx.fetch(
        """
        SELECT (SELECT count(*) FROM (SELECT FROM catalog.product_documents d
                                       WHERE d.terms @@ w.term::tsquery LIMIT $2) AS few) AS count
          FROM unnest($1::text[]) WITH ORDINALITY AS w(term, place)
         ORDER BY w.place""",
        [terms.quoted(term) for term in asked],
        _COUNTED_TO,
    )
    return [(term, row["count"]) for term, row in zip(asked, rows, strict=True)]


async def _count_all(tx: Tx) -> int:
    # The planner's own estimate is exact enough to weigh words by.
    estimate = await tx.fetch_value(
        "SELECT reltuples::bigint FROM pg_class WHERE oid = 'catalog.product_documents'::regclass"
    )
    return max(int(estimate), 2 * _COUNTED_TO)


async def _choose(tx: Tx, words: list[Weighed], narrowed: tuple[Any, ...]) -> str:
    wanted = ""
    for wanted in question.ladder(words, common=_COUNTED_TO):
        count = await tx.fetch_value(
            """
            SELECT count(*) FROM (
                SELECT FROM catalog.product_documents d
                 WHERE d.terms @@ $1::tsquery
                   AND ($2::text IS NULL OR d.form = $2) AND ($3::text IS NULL OR d.industry = $3)
                   AND ($4::text IS NULL OR d.region = $4) AND ($5::text IS NULL OR d.level = $5)
                   AND ($6::text IS NULL OR d.supplier_name = $6)
                   AND ($7::text IS NULL OR d.theme = $7) AND ($8::text IS NULL OR d.source = $8)
                   AND ($9::text IS NULL OR d.update_cycle = $9)
                 LIMIT $10) AS few""",
            wanted,
            *narrowed,
            ENOUGH,
        )
        if count >= ENOUGH:
            break
    return wanted


async def _facets(
    tx: Tx, wanted: str | None, narrowed: tuple[Any, ...]
) -> tuple[dict[str, list[Count]], int]:
    rows = await tx.fetch(
        """
        WITH found AS MATERIALIZED (
            SELECT d.form, d.industry, d.region, d.level, d.supplier_name, d.theme, d.source,
                   d.update_cycle
              FROM catalog.product_documents d
             WHERE ($1::text IS NULL OR d.terms @@ $1::tsquery)
               AND ($2::text IS NULL OR d.form = $2) AND ($3::text IS NULL OR d.industry = $3)
               AND ($4::text IS NULL OR d.region = $4) AND ($5::text IS NULL OR d.level = $5)
               AND ($6::text IS NULL OR d.supplier_name = $6) AND ($7::text IS NULL OR d.theme = $7)
               AND ($8::text IS NULL OR d.source = $8)
               AND ($9::text IS NULL OR d.update_cycle = $9)
        ), counted AS (
            SELECT coalesce(form, industry, region, level, supplier_name, theme, source,
                            update_cycle) AS value,
                   grouping(form, industry, region, level, supplier_name, theme, source,
                            update_cycle) AS kind,
                   count(*) AS count
              FROM found
             GROUP BY GROUPING SETS ((form), (industry), (region), (level), (supplier_name),
                                     (theme), (source), (update_cycle), ())
        ), placed AS (
            SELECT value, kind, count,
                   row_number() OVER (PARTITION BY kind ORDER BY count DESC, value) AS place
              FROM counted
             WHERE value <> '' OR kind = 255
        )
        SELECT value, kind, count FROM placed WHERE place <= $10 ORDER BY kind DESC, place""",
        wanted,
        *narrowed,
        _VALUES_PER_FACET,
    )
    found: dict[str, list[Count]] = {facet: [] for facet in FACETS}
    total = 0
    for row in rows:
        if row["kind"] == _ALL_KINDS:
            total = row["count"]
        else:
            found[_facet_of(row["kind"])].append(Count(row["value"], row["count"]))
    return found, total


def _facet_of(kind: int) -> str:
    # grouping() has one bit per column, the first the highest; the grouped column's is 0.
    return FACETS[len(FACETS) - (~kind & 255).bit_length()]


def _hit(row: Row, score: float, matched: list[str]) -> Hit:
    return Hit(
        id=row["product_id"],
        source_id=row["source_id"],
        name=row["name"],
        supplier=row["supplier_name"],
        description=row["summary"],
        form=row["form"],
        industry=row["industry"],
        region=row["region"],
        level=row["level"],
        theme=row["theme"],
        source=row["source"],
        update_cycle=row["update_cycle"],
        format=row["format"],
        published_at=row["published_at"],
        certified=row["certified"],
        score=round(score, 4),
        matched=matched,
    )


def _offset(value: Any) -> int:
    if not isinstance(value, int) or not 0 <= value <= _DEEPEST:
        raise paging.CursorUnreadable
    return value


def _place(at: Any, product_id: Any) -> tuple[str, uuid.UUID]:
    try:
        return (msgspec.convert(at, dt.datetime).isoformat(), uuid.UUID(str(product_id)))
    except (ValueError, msgspec.ValidationError) as error:
        raise paging.CursorUnreadable from error
