"""Search the public catalogue. Everyone may; nothing confidential stands in its documents.

An index answers for the catalogue up to its position. What was committed since is read in one
statement and laid over: old versions are left out by the index itself, new ones are ranked by the
same formula and counted by the same conditions. So what was committed is in the next answer, however
far the index is behind; and where there is none, or it is too far behind, PostgreSQL answers itself.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from catalog.code_trees import queries as code_trees
from catalog.kernel import paging
from catalog.kernel.db import Row, Tx
from catalog.search import (
    explaining,
    facets,
    highlighting,
    prices,
    question,
    ranking,
    records,
    store,
)
from catalog.search.facets import ALL, FACETS
from catalog.search.model import Count, Filters, Found, Hit, Sort, Why
from catalog.search.port import (
    FACET_VALUES,
    Asked,
    Candidates,
    Counts,
    Frequencies,
    Record,
    SearchPort,
    View,
    Walk,
)
from catalog.search.question import Concept
from catalog.search.ranking import Averages, Reason, Wanted, Words
from catalog.thesaurus.synonyms import NO_SYNONYMS, Synonyms

MAX_LIMIT: Final = 100
# What has everything that was asked is shown alone if there is so much of it.
ENOUGH: Final = 20
# [P] as many as a bulk of imports brings; whoever looks at what changed sees all of it.
MOST_MATCHING: Final = 1_000_000
# [P] of more changes than these an index is not corrected: PostgreSQL answers instead.
MOST_CHANGED: Final = 2000
_VALUES_PER_FACET: Final = 20


class _Delta(msgspec.Struct, frozen=True):
    """What changed beyond the index: whose versions there are old, and what is found now."""

    without: frozenset[uuid.UUID] = frozenset()
    records: Mapping[uuid.UUID, Record] = {}
    facets: Mapping[uuid.UUID, tuple[tuple[str, ...], ...]] = {}


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is put to a view, with what is laid over its answers."""

    view: View
    asked: Asked
    delta: _Delta
    wanted: tuple[Wanted, ...] = ()
    averages: Averages = Averages()
    weights: tuple[float, ...] = ()  # of all that was asked, 0 what stands nowhere


class _Ranked(msgspec.Struct, frozen=True):
    """A product with all that gives it its place."""

    score: float
    place: int
    product_id: uuid.UUID
    record: Record


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page ended, and by which numbers it was ranked: the next one is ranked by the same."""

    weights: tuple[float, ...]
    averages: tuple[float, float, float]
    every: bool
    score: float
    place: int
    product_id: uuid.UUID


async def search(
    tx: Tx,
    *,
    port: SearchPort | None = None,
    text: str = "",
    synonyms: Synonyms = NO_SYNONYMS,
    filters: Filters | None = None,
    sort: Sort = Sort.RELEVANCE,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Found:
    """Return products that ``text`` finds, best first; without words the newest first.

    :raises SearchQuestionTooLong: if the question is longer than questions are.
    :raises SearchQuestionUnreadable: if it holds control characters.
    :raises LimitOutOfRange: if a page of that size is not given.
    :raises CursorUnreadable: if the cursor is not of this question.
    :raises SearchPricesUnreadable: if no price lies in the range that is asked for.
    :raises SearchFilterUnknown: if a filter can not have the value, or its table lacks the code.
    :raises SynonymsOutdated: if they are of a table that changed since: read them and ask again.
    """
    asked = _asked(text, synonyms, filters or Filters())
    if not 1 <= limit <= MAX_LIMIT:
        raise paging.LimitOutOfRange(limit=limit, maximum=MAX_LIMIT)
    concepts = asked.concepts
    prices_asked = msgspec.structs.astuple(asked.prices)
    query = paging.fingerprint("search", text, sorted(asked.narrowed.items()), prices_asked, sort)
    begins = _read_cursor(query, cursor, len(concepts))
    if text.strip() and not concepts:
        return await _nothing(tx, asked)
    put = await _put(tx, port, asked, synonyms.version if concepts else None)
    every, guesses = True, Candidates(0, [])
    if concepts:
        put = await _weighed(put, begins)
        if not put.wanted:
            return await _nothing(tx, asked)
        guesses = await put.view.candidates(put.asked)
        every = _has_enough(put, guesses) if begins is None else begins.every
    if concepts and sort is Sort.RELEVANCE:
        ordered = _ranked(put, guesses, begins)
    else:
        walk = Walk(
            after=None if begins is None else (begins.place, begins.product_id),
            is_newest_first=sort is not Sort.OLDEST,
            limit=limit + 1,
        )
        ordered = await _walked(put, walk, every=every)
    page = ordered[:limit]
    counts = await _counted(put, every=every)
    if not counts.total:
        return await _nothing(tx, asked)
    last = page[-1] if len(ordered) > limit else None
    return Found(
        items=await _hits(tx, put, page),
        total=counts.total,
        facets=_facets(counts, asked.narrowed),
        next_cursor=None if last is None else _cursor(query, put, last, every=every),
        terms=[concept.name for concept in concepts],
    )


async def count_whole(
    tx: Tx, *, port: SearchPort | None, text: str, synonyms: Synonyms, filters: Filters
) -> int:
    """Return how many products have everything that ``text`` asks for.

    :raises DomainError: see ``search``, of the question and the filters.
    """
    put = await _put(tx, port, _asked(text, synonyms, filters), None)
    wanted = tuple(Wanted(_keys(concept), 1.0) for concept in put.asked.concepts)
    if not wanted:
        return 0
    beside = _of_delta(msgspec.structs.replace(put, wanted=wanted), every=True)
    return (await put.view.count(put.asked, every=True)).total + len(beside)


async def read_position(tx: Tx) -> str:
    """Return up to where the catalogue is known to whoever looks now; see ``list_matching``."""
    return await store.read_position(tx)


async def list_matching(
    tx: Tx,
    *,
    text: str,
    synonyms: Synonyms,
    filters: Filters,
    beyond: str | None = None,
    published_since: dt.datetime | None = None,
    limit: int = MOST_MATCHING,
) -> list[uuid.UUID]:
    """Return products that have everything ``text`` asks for, the newest first.

    Of those alone that changed beyond a position, if one is named and still known.

    :raises DomainError: see ``search``, of the question and the filters.
    :raises SynonymsOutdated: see ``search``.
    """
    asked = _asked(text, synonyms, filters)
    if text.strip() and not asked.concepts:
        return []
    await store.check_synonyms(tx, synonyms.version if asked.concepts else None)
    return await store.list_matching(
        tx, asked, beyond=beyond, published_since=published_since, limit=limit
    )


async def find_certificate_number(tx: Tx, *, product_id: uuid.UUID) -> str | None:
    """Return the number of the product's certificate in force, or None (凭证编号)."""
    number: str | None = await tx.fetch_value(
        """
        SELECT number FROM catalog.certificates
         WHERE product_id = $1 AND state = 'active' LIMIT 1""",
        product_id,
    )
    return number


async def _put(tx: Tx, port: SearchPort | None, asked: Asked, synonyms: int | None) -> _Question:
    """Put a question to the index with what it does not know yet, or else to the database."""
    # The view first: whatever is committed between it and the statement is in the statement.
    view = None if port is None else port.view()
    if view is not None and view.position is not None:
        changed = await store.list_changed(
            tx,
            position=view.position,
            tsquery=question.tsquery_of_all(asked.concepts, every=False) or None,
            narrowed=asked.narrowed,
            prices=asked.prices,
            at_most=MOST_CHANGED,
            synonyms=synonyms,
        )
        if changed is not None:
            delta = _delta(changed)
            return _Question(
                view=view,
                asked=msgspec.structs.replace(asked, without=delta.without),
                delta=delta,
            )
    await store.check_synonyms(tx, synonyms)
    return _Question(view=store.FullText(tx), asked=asked, delta=_Delta())


def _delta(changed: Sequence[store.Changed]) -> _Delta:
    found = {
        each.product_id: store.record_of(each.product_id, each.place, each.terms)
        for each in changed
        if each.place is not None and each.terms is not None
    }
    return _Delta(
        frozenset(each.product_id for each in changed),
        found,
        {each.product_id: each.facets for each in changed if each.product_id in found},
    )


async def _weighed(put: _Question, begins: _Place | None) -> _Question:
    """Return the question with what each of its things weighs; what stands nowhere is left out."""
    concepts = put.asked.concepts
    if begins is not None:
        weights, averages = list(begins.weights), Averages(*begins.averages)
    else:
        words = list(dict.fromkeys(w for c in concepts for way in c.ways for w in way))
        told = await put.view.frequencies(words)
        averages = told.averages
        weights = [_weight(concept, told, put.delta) for concept in concepts]
    known = [(c, w) for c, w in zip(concepts, weights, strict=True) if w > 0]
    return _Question(
        view=put.view,
        asked=msgspec.structs.replace(put.asked, concepts=tuple(c for c, _ in known)),
        delta=put.delta,
        wanted=tuple(Wanted(_keys(c), w) for c, w in known),
        averages=averages,
        weights=tuple(weights),
    )


def _weight(concept: Concept, told: Frequencies, delta: _Delta) -> float:
    # Asked by a rare word, a thing stays rare, however common what others call it.
    of_ways = [min(told.of_words[word] for word in way) for way in concept.ways]
    frequency = of_ways[0] or sum(of_ways)
    if not frequency:
        wanted = Wanted(_keys(concept), 1.0)
        frequency = sum(
            ranking.covers(r.data, r.start, r.end, wanted) for r in delta.records.values()
        )
    return ranking.weight(frequency, told.total) if frequency else 0.0


def _keys(concept: Concept) -> tuple[Words, ...]:
    return tuple(tuple(records.key(word) for word in way) for way in concept.ways)


def _has_enough(put: _Question, guesses: Candidates) -> bool:
    """Tell whether enough products have everything that is asked."""
    return len(put.wanted) == 1 or guesses.every + len(_of_delta(put, every=True)) >= ENOUGH


def _of_delta(put: _Question, *, every: bool) -> list[uuid.UUID]:
    """Return what is found of what changed: with everything that is asked, or with any of it."""
    if not put.wanted:
        return list(put.delta.records)
    enough = all if every else any
    return [
        product_id
        for product_id, r in put.delta.records.items()
        if enough(ranking.covers(r.data, r.start, r.end, wanted) for wanted in put.wanted)
    ]


def _ranked(put: _Question, guesses: Candidates, begins: _Place | None) -> list[_Ranked]:
    found = [_scored(put, record) for record in (*guesses.records, *put.delta.records.values())]
    found.sort(key=_by_score, reverse=True)
    if begins is None:
        return found
    after = (begins.score, begins.place, begins.product_id)
    return [each for each in found if _by_score(each) < after]


async def _walked(put: _Question, walk: Walk, *, every: bool) -> list[_Ranked]:
    there = await put.view.walk(put.asked, every=every, walk=walk)
    changed = [put.delta.records[product_id] for product_id in _of_delta(put, every=every)]
    found = [_scored(put, record) for record in (*there, *changed)]
    found.sort(key=_by_place, reverse=walk.is_newest_first)
    if walk.after is None:
        return found[: walk.limit]
    after = walk.after
    beyond = [
        each
        for each in found
        if (_by_place(each) < after if walk.is_newest_first else _by_place(each) > after)
    ]
    return beyond[: walk.limit]


def _scored(put: _Question, record: Record) -> _Ranked:
    head = records.read_head(record.data, record.start)
    score = ranking.score(record.data, record.start, record.end, put.wanted, put.averages)
    return _Ranked(score, head.place, head.product_id, record)


def _by_score(each: _Ranked) -> tuple[float, int, uuid.UUID]:
    return each.score, each.place, each.product_id


def _by_place(each: _Ranked) -> tuple[int, uuid.UUID]:
    return each.place, each.product_id


async def _counted(put: _Question, *, every: bool) -> Counts:
    """Return how many are found in all and by kind, with what changed."""
    told = await put.view.count(put.asked, every=every)
    changed = _of_delta(put, every=every)
    kinds = {name: dict(values) for name, values in told.facets.items()}
    for product_id in changed:
        for facet, values in zip(ALL, put.delta.facets[product_id], strict=True):
            for value in values:
                if not facets.is_counted(facet, value, put.asked.narrowed):
                    continue
                counted = kinds[facet.name]
                if value not in counted and len(told.facets[facet.name]) >= FACET_VALUES:
                    narrowed = {**put.asked.narrowed, facet.name: value}
                    asked = msgspec.structs.replace(put.asked, narrowed=narrowed)
                    counted[value] = (await put.view.count(asked, every=every)).total
                counted[value] = counted.get(value, 0) + 1
    return Counts(told.total + len(changed), kinds)


def _facets(counts: Counts, narrowed: Mapping[str, str]) -> dict[str, list[Count]]:
    return {
        facet.name: [
            Count(value, count)
            for value, count in sorted(
                counts.facets[facet.name].items(), key=lambda pair: (-pair[1], pair[0])
            )
            if facets.is_counted(facet, value, narrowed)
        ][:_VALUES_PER_FACET]
        for facet in ALL
    }


async def _hits(tx: Tx, put: _Question, page: Sequence[_Ranked]) -> list[Hit]:
    rows = await store.list_documents(tx, [each.product_id for each in page])
    # What was hidden since the index was asked is not shown any more.
    return [_hit(put, each, rows[each.product_id]) for each in page if each.product_id in rows]


def _hit(put: _Question, each: _Ranked, row: Row) -> Hit:
    record = each.record
    told = ranking.reasons(record.data, record.start, record.end, put.wanted, put.averages)
    concepts = put.asked.concepts
    standing = [word for reason in told for word in concepts[reason.wanted].ways[reason.way]]
    return Hit(
        id=row["product_id"],
        source_id=row["source_id"],
        name=row["name"],
        supplier=row["supplier_name"],
        description=row["summary"],
        form=row["form"],
        industry=row["industry"],
        region=row["region"],
        region_code=row["region_codes"][-1] if row["region_codes"] else None,
        level=row["level"],
        theme=row["theme"],
        source=row["source"],
        update_cycle=row["update_cycle"],
        delivery=row["delivery_modes"],
        format=row["format"],
        published_at=row["published_at"],
        zone=row["zone"],
        certified=row["certified"],
        price_from_fen=row["price_fen"],
        score=round(each.score, 4),
        matched=[concepts[number].name for number in sorted(reason.wanted for reason in told)],
        why=[_why(concepts[reason.wanted], reason) for reason in told],
        highlights={
            "name": highlighting.places(row["name"], standing),
            "description": highlighting.places(row["summary"], standing),
        }
        if standing
        else {},
    )


def _why(concept: Concept, reason: Reason) -> Why:
    told: dict[str, Any] = {
        "word": concept.name,
        "by": "".join(concept.ways[reason.way]),
        "fields": reason.fields,
        "share": reason.share,
    }
    zh, en = explaining.why(**told)
    return Why(**told, zh=zh, en=en)


async def _nothing(tx: Tx, asked: Asked) -> Found:
    """Return that nothing is found; whether codes that were asked for exist matters only now.

    :raises SearchFilterUnknown: if the table of one has it not.
    """
    for field, tree, code in facets.codes_asked(asked.narrowed):
        if code not in await code_trees.find(tx, tree=tree, codes=[code]):
            raise facets.unknown(field, code)
    return Found(
        items=[],
        total=0,
        facets={},
        next_cursor=None,
        terms=[concept.name for concept in asked.concepts],
    )


def _asked(text: str, synonyms: Synonyms, filters: Filters) -> Asked:
    narrowed = {name: value for name in FACETS if (value := getattr(filters, name)) is not None}
    facets.check(narrowed)
    return Asked(
        concepts=question.read(text, synonyms),
        narrowed=narrowed,
        prices=prices.read(filters.price_from_fen, filters.price_to_fen),
    )


def _cursor(query: str, put: _Question, last: _Ranked, *, every: bool) -> str:
    # By the numbers of the first page every page is ranked, so that no product changes its place
    # because others came.
    weights = put.weights
    averages = msgspec.structs.astuple(put.averages)
    return paging.encode(
        query, weights, averages, every, last.score, last.place, str(last.product_id)
    )


def _read_cursor(query: str, cursor: str | None, concepts: int) -> _Place | None:
    """Return where the page before ended.

    :raises CursorUnreadable: if the cursor is not one of this question.
    """
    position = paging.decode(query, cursor, 6)
    if position is None:
        return None
    try:
        place = msgspec.convert(dict(zip(_Place.__struct_fields__, position, strict=True)), _Place)
    except msgspec.ValidationError as error:
        raise paging.CursorUnreadable from error
    numbers = (*place.weights, *place.averages, place.score)
    if len(place.weights) != concepts or not all(map(math.isfinite, numbers)):
        raise paging.CursorUnreadable
    if min(place.weights, default=0.0) < 0 or min(place.averages) < 1:
        raise paging.CursorUnreadable
    if not -(2**63) <= place.place < 2**63:
        raise paging.CursorUnreadable
    return place
