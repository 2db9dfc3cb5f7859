"""Search the public catalogue. Everyone may; nothing confidential stands in its documents.

An index answers for the catalogue up to its position, and an overlay knows what a process has read of
what came after: old versions are left out by the index itself, new ones are ranked by the same formula
and counted by the same conditions. Then one statement reads what was committed since the overlay,
together with the documents of the page. Mostly that is nothing, and a page that was made before is the
same; else the page is made again with it. So what was committed is in the next answer, however far the
index is behind; and where there is none, or it is too far behind, PostgreSQL answers itself.
"""

from __future__ import annotations

import datetime as dt
import operator
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from catalog.code_trees import queries as code_trees
from catalog.kernel import paging
from catalog.kernel.db import Row, Tx
from catalog.search import cursors, facets, hits, prices, question, ranking, records
from catalog.search.cursors import Place
from catalog.search.facets import FACETS
from catalog.search.model import Filters, Found, IndexStanding, Sort
from catalog.search.overlay import EVERYTHING, Changed, Overlay, count
from catalog.search.port import (
    FACET_VALUES,
    FEW,
    Asked,
    Counts,
    Frequencies,
    IndexUnreadable,
    Ranking,
    SearchPort,
    View,
    Walk,
)
from catalog.search.question import Concept
from catalog.search.ranking import Averages, Ranked, Record, Wanted, Words
from catalog.search.store import documents, outbox
from catalog.search.store.full_text import FullText
from catalog.thesaurus.synonyms import NO_SYNONYMS, Synonyms

MAX_LIMIT: Final = 100
# What has everything that was asked is shown alone if there is so much of it.
ENOUGH: Final = 20
# [P] as many as a bulk of imports brings; whoever looks at what changed sees all of it.
MOST_MATCHING: Final = 1_000_000
# [P] of more changes than these an index is not corrected: PostgreSQL answers instead.
MOST_CHANGED: Final = 2000


class _Put(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, as it was read, and from where on."""

    query: str  # by which a cursor knows its question
    asked: Asked
    sort: Sort
    limit: int
    begins: Place | None
    synonyms: int | None  # the version of those that were read into it

    @property
    def key(self) -> tuple[Any, ...]:
        """Return by what the same page is known."""
        return self.query, self.asked.concepts, self.limit, self.begins


class _Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A question that is put to a view, with what is laid over its answers."""

    view: View
    asked: Asked
    wanted: tuple[Wanted, ...]
    laid_over: Sequence[tuple[Changed, int]]  # what changed, with how many of the things it has
    averages: Averages = Averages()
    weights: tuple[float, ...] = ()  # of all that was asked, 0 what stands nowhere
    is_alone: bool = False  # what has all of it is ranked alone

    def needing(self, least: int) -> _Asking:
        """Return it with how many of the things that are asked a product must have."""
        return msgspec.structs.replace(self, asked=msgspec.structs.replace(self.asked, least=least))

    @property
    def changed(self) -> list[Changed]:
        """Return what is found of what changed."""
        return [each for each, has in self.laid_over if has >= self.asked.needed]


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, before its documents are read."""

    asking: _Asking
    page: list[Ranked]
    products: list[uuid.UUID]  # of the page
    has_more: bool
    counts: Counts


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
    :raises IndexUnreadable: if the index says what can not be so; see ``disk/faults.py`` for what is done.
    """
    asked = _asked(text, synonyms, filters or Filters())
    if not 1 <= limit <= MAX_LIMIT:
        raise paging.LimitOutOfRange(limit=limit, maximum=MAX_LIMIT)
    concepts = asked.concepts
    prices_asked = msgspec.structs.astuple(asked.prices)
    query = paging.fingerprint("search", text, sorted(asked.narrowed.items()), prices_asked, sort)
    begins = cursors.read(query, cursor, concepts=len(concepts))
    if text.strip() and not concepts:
        return await _nothing(tx, asked)
    put = _Put(
        query=query,
        asked=asked,
        sort=sort,
        limit=limit,
        begins=begins,
        synonyms=synonyms.version if concepts else None,
    )
    # The view first: whatever is committed between it and the statement is in the statement.
    view = None if port is None else port.view()
    found = None if view is None or view.position is None else await _by_index(tx, view, put)
    if found is None:
        await documents.check_synonyms(tx, put.synonyms)
        answer = await _answer(put, FullText(tx), Overlay(""))
        found = _found(put, answer, await documents.list_documents(tx, answer.products))
    return found if found.total else await _nothing(tx, asked)


async def count_whole(
    tx: Tx, *, port: SearchPort | None, text: str, synonyms: Synonyms, filters: Filters
) -> int:
    """Return how many products have everything that ``text`` asks for.

    :raises DomainError: see ``search``, of the question and the filters.
    """
    asked = _asked(text, synonyms, filters)
    if not asked.concepts:
        return 0
    view, overlay = None if port is None else port.view(), None
    if view is not None and view.position is not None:
        read = await _read_on(tx, view, view.overlay, [], None)
        overlay = None if read is None else read[0]
    if view is None or overlay is None:
        view, overlay = FullText(tx), Overlay("")
    wanted = tuple(Wanted(_keys(concept), 1.0) for concept in asked.concepts)
    asking = _Asking(
        view=view,
        asked=msgspec.structs.replace(asked, without=frozenset(overlay.changed)),
        wanted=wanted,
        laid_over=overlay.within(wanted, asked),
    )
    return await _total(asking)


async def get_standing(tx: Tx, port: SearchPort | None) -> IndexStanding:
    """Return how far an index is behind, and whether it answers all the same."""
    view = None if port is None else port.view()
    if view is None or view.position is None or not await outbox.is_known(tx, view.position):
        return IndexStanding(is_answering=False)
    behind, since = await outbox.read_behind(tx, view.position)
    return IndexStanding(is_answering=behind <= MOST_CHANGED, behind=behind, behind_since=since)


async def read_position(tx: Tx) -> str:
    """Return up to where the catalogue is known to whoever looks now; see ``list_matching``."""
    return await outbox.read_position(tx)


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
    await documents.check_synonyms(tx, synonyms.version if asked.concepts else None)
    return await documents.list_matching(
        tx, asked, beyond=beyond, published_since=published_since, limit=limit
    )


async def check_codes(tx: Tx, filters: Filters) -> None:
    """Return if the tables of codes have each one to which a search is narrowed.

    :raises DomainError: see ``search``, of the filters.
    """
    await _check_codes(tx, _asked("", NO_SYNONYMS, filters))


async def find_certificate_number(tx: Tx, *, product_id: uuid.UUID) -> str | None:
    """Return the number of the product's certificate in force, or None (凭证编号)."""
    number: str | None = await tx.fetch_value(
        """
        SELECT number FROM catalog.certificates
         WHERE product_id = $1 AND state = 'active' LIMIT 1""",
        product_id,
    )
    return number


async def _by_index(tx: Tx, view: View, put: _Put) -> Found | None:
    """Return what the index finds with all that was committed; None if it is too far behind.

    :raises IndexUnreadable: if it names products that there are not, and that did not go just now.
    """
    overlay = view.overlay
    kept: Found | None = overlay.kept(put.key)
    if kept is not None:
        read = await _read_on(tx, view, overlay, [], put.synonyms)
        if read is None or not read[1].changed:
            return None if read is None else kept
        overlay = read[0]
    answer = await _answer(put, view, overlay)
    read = await _read_on(tx, view, overlay, answer.products, put.synonyms)
    if read is not None and read[1].changed:
        answer = await _answer(put, view, read[0])
        read = await _read_on(tx, view, read[0], answer.products, put.synonyms)
    if read is None:
        return None
    if not read[1].accounts_for(answer.products):
        raise IndexUnreadable
    # What was hidden in between is not shown any more.
    found = _found(put, answer, read[1].documents)
    if read[1].may_be_kept:
        read[0].keep(put.key, found)
    return found


async def _read_on(
    tx: Tx, view: View, overlay: Overlay, page: Sequence[uuid.UUID], synonyms: int | None
) -> tuple[Overlay, documents.Read] | None:
    """Return the overlay with what was committed since, and the documents of a page; None if too much."""
    read = await documents.read_on(
        tx,
        position=overlay.position,
        page=page,
        at_most=MOST_CHANGED - len(overlay.changed),
        synonyms=synonyms,
    )
    if read is None:
        return None
    known = overlay.plus(read.changed, read.position)
    if read.is_shared:
        view.overlay = known
    return known, read


async def _answer(put: _Put, view: View, overlay: Overlay) -> _Answer:
    """Answer from an index and what is laid over it."""
    asking = await _weighed(put, view, overlay)
    if put.asked.concepts and not asking.wanted:
        return _Answer(asking=asking, page=[], products=[], has_more=False, counts=Counts(0, {}))
    found: list[Record] = []
    if asking.wanted:
        found, asking = await _candidates(asking, put)
    if asking.wanted and put.sort is Sort.RELEVANCE:
        ordered = _ranked(asking, found, put)
    else:
        walk = Walk(
            after=None if put.begins is None else (put.begins.place, put.begins.product_id),
            is_newest_first=put.sort is not Sort.OLDEST,
            limit=put.limit + 1,
        )
        ordered = await _walked(asking, walk)
    page = ordered[: put.limit]
    return _Answer(
        asking=asking,
        page=page,
        products=[uuid.UUID(bytes=each.product) for each in page],
        has_more=len(ordered) > put.limit,
        counts=await _counted(asking),
    )


async def _candidates(asking: _Asking, put: _Put) -> tuple[list[Record], _Asking]:
    """Return what may come first, and the question with how much of it is needed to be found.

    All of it if enough products have that; else all but one thing; else any. Whatever has a part is
    ranked too, unless very many have all of it; the next pages do as the first one did.
    """
    by, begins = _ranking(asking, put), put.begins
    first = await asking.view.candidates(asking.asked, by=by)
    if begins is not None:
        is_alone = begins.is_alone
    else:
        is_alone = first.count >= FEW or len(asking.wanted) == 1
    asking = msgspec.structs.replace(asking, is_alone=is_alone)
    if is_alone:
        return first.records, asking
    found, needed = [*first.records], len(asking.wanted)
    has_enough = first.count + len(asking.changed) >= ENOUGH
    for least in dict.fromkeys((needed - 1, 1)):
        less = asking.needing(least)
        found += (await less.view.candidates(less.asked, by=by)).records
        if not has_enough:
            needed = least
            has_enough = least == 1 or await _total(less) >= ENOUGH
    if begins is not None:
        needed = min(begins.least, len(asking.wanted))
    return found, asking.needing(needed)


def _ranking(asking: _Asking, put: _Put) -> Ranking:
    return Ranking(
        weights=tuple(each.weight for each in asking.wanted),
        averages=asking.averages,
        most=put.limit + 1,
        after=None if put.begins is None else put.begins.standing,
    )


async def _total(asking: _Asking) -> int:
    return await asking.view.total(asking.asked) + len(asking.changed)


async def _weighed(put: _Put, view: View, overlay: Overlay) -> _Asking:
    """Return the question with what each of its things weighs; what stands nowhere is left out."""
    concepts = put.asked.concepts
    if not concepts:
        weights, averages = [], Averages()
    elif put.begins is not None:
        weights, averages = list(put.begins.weights), Averages(*put.begins.averages)
    else:
        words = list(dict.fromkeys(w for c in concepts for way in c.ways for w in way))
        told = await view.frequencies(words)
        averages = told.averages
        weights = [_weight(concept, told, overlay) for concept in concepts]
    known = [(c, w) for c, w in zip(concepts, weights, strict=True) if w > 0]
    wanted = tuple(Wanted(_keys(c), w) for c, w in known)
    return _Asking(
        view=view,
        asked=Asked(
            concepts=tuple(c for c, _ in known),
            narrowed=put.asked.narrowed,
            prices=put.asked.prices,
            without=frozenset(overlay.changed),
        ),
        wanted=wanted,
        laid_over=overlay.within(wanted, put.asked),
        averages=averages,
        weights=tuple(weights),
    )


def _keys(concept: Concept) -> tuple[Words, ...]:
    return tuple(tuple(records.key(word) for word in way) for way in concept.ways)


def _weight(concept: Concept, told: Frequencies, overlay: Overlay) -> float:
    # Asked by a rare word, a thing stays rare, however common what others call it.
    of_ways = [min(told.of_words[word] for word in way) for way in concept.ways]
    frequency = of_ways[0] or sum(of_ways)
    if not frequency:
        frequency = len(overlay.found([Wanted(_keys(concept), 1.0)], EVERYTHING, least=1))
    return ranking.weight(frequency, told.total) if frequency else 0.0


def _ranked(asking: _Asking, found: Sequence[Record], put: _Put) -> list[Ranked]:
    changed = [each.record for each in asking.needing(1).changed if each.record is not None]
    return ranking.best(
        list(dict.fromkeys((*found, *changed))),
        asking.wanted,
        asking.averages,
        most=put.limit + 1,
        after=None if put.begins is None else put.begins.standing,
    )


async def _walked(asking: _Asking, walk: Walk) -> list[Ranked]:
    there = await asking.view.walk(asking.asked, walk=walk)
    changed = [each.record for each in asking.changed if each.record is not None]
    found = ranking.rank((*there, *changed), asking.wanted, asking.averages)
    found.sort(key=_by_place, reverse=walk.is_newest_first)
    if walk.after is None:
        return found[: walk.limit]
    after = (walk.after[0], walk.after[1].bytes)
    beyond = [
        each
        for each in found
        if (_by_place(each) < after if walk.is_newest_first else _by_place(each) > after)
    ]
    return beyond[: walk.limit]


_by_place: Final = operator.itemgetter(1, 2)


async def _counted(asking: _Asking) -> Counts:
    """Return how many are found in all and by kind, with what changed."""
    told = await asking.view.count(asking.asked)
    changed = asking.changed
    if not changed:
        return told
    narrowed = asking.asked.narrowed
    kinds = {name: dict(values) for name, values in told.facets.items()}
    for name, values in count(changed, narrowed).items():
        counted = kinds[name]
        for value, more in values.items():
            if value not in counted and len(told.facets[name]) >= FACET_VALUES:
                asked = msgspec.structs.replace(asking.asked, narrowed={**narrowed, name: value})
                counted[value] = (await asking.view.count(asked)).total
            counted[value] = counted.get(value, 0) + more
    return Counts(told.total + len(changed), kinds)


def _found(put: _Put, answer: _Answer, told: Mapping[uuid.UUID, Row]) -> Found:
    asking, last = answer.asking, answer.page[-1] if answer.has_more else None
    return Found(
        items=hits.page(
            [
                (each, told[product_id])
                for each, product_id in zip(answer.page, answer.products, strict=True)
                if product_id in told
            ],
            concepts=asking.asked.concepts,
            wanted=asking.wanted,
            averages=asking.averages,
        ),
        total=answer.counts.total,
        facets=hits.counted(answer.counts),
        next_cursor=None
        if last is None
        else cursors.write(
            put.query,
            weights=asking.weights,
            averages=asking.averages,
            least=asking.asked.needed,
            is_alone=asking.is_alone,
            last=last,
        ),
        terms=[concept.name for concept in put.asked.concepts],
    )


async def _nothing(tx: Tx, asked: Asked) -> Found:
    """Return that nothing is found; whether codes that were asked for exist matters only now.

    :raises SearchFilterUnknown: if the table of one has it not.
    """
    await _check_codes(tx, asked)
    return Found(
        items=[],
        total=0,
        facets={},
        next_cursor=None,
        terms=[concept.name for concept in asked.concepts],
    )


async def _check_codes(tx: Tx, asked: Asked) -> None:
    for field, tree, code in facets.codes_asked(asked.narrowed):
        if code not in await code_trees.find(tx, tree=tree, codes=[code]):
            raise facets.unknown(field, code)


def _asked(text: str, synonyms: Synonyms, filters: Filters) -> Asked:
    given = {name: value for name in FACETS if (value := getattr(filters, name)) is not None}
    facets.check(given)
    narrowed = facets.as_filed(given)
    return Asked(
        concepts=question.read(text, synonyms),
        narrowed=narrowed,
        prices=prices.read(filters.price_from_fen, filters.price_to_fen),
    )
