"""Say in OpenSearch's words what an index is and what it is asked (OpenSearch 报文).

Words come cut and are only separated by spaces, so its own analysers have no say; what it scores by
only picks candidates, which ``ranking.py`` ranks from the same records as everywhere. Written after
the public documentation of OpenSearch 2: index creation, bulk, search with aggregations,
``search_after``, external versions.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from catalog.search import facets, records
from catalog.search.facets import ALL
from catalog.search.overlay import Kinds
from catalog.search.port import FACET_VALUES, Alike, Asked, Counts, Frequencies, Guess
from catalog.search.question import Concept
from catalog.search.ranking import FIELDS, Averages, Record
from catalog.search.totals import field_of, values_by_field

Json = dict[str, Any]

# What is made by other rules than these is made anew.
LAYOUT: Final = "3"
#: The document that says up to where an index goes; it has no readers, so no search finds it.
STATE_ID: Final = "state"
_PUBLIC: Final = "public"
_NOTHING: Final[Json] = {"buckets": []}


def body_of_index(*, shards: int, replicas: int) -> Json:
    """Return what an index is created with. With one shard its counts are exact."""
    keyword = {"type": "keyword"}
    return {
        "settings": {
            "number_of_shards": shards,
            "number_of_replicas": replicas,
            # Whoever writes says when it is to be seen.
            "refresh_interval": "-1",
            # So long a deleted document remembers its version, against a writer that comes late.
            "gc_deletes": "1h",
            "analysis": {"analyzer": {"cut": {"type": "custom", "tokenizer": "whitespace"}}},
        },
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "id": keyword,
                "words": {"type": "text", "analyzer": "cut", "norms": True},
                "readers": keyword,
                # By the one it is narrowed; by the others it is counted, a step of a tree at a time.
                **{facet.name: keyword for facet in ALL},
                **{field_of(f, step): keyword for f in ALL for step in range(facets.steps(f))},
                "place": {"type": "long"},
                "price_fen": {"type": "long"},
                **{f"{field}_words": {"type": "integer"} for field in FIELDS},
                "record": {"type": "binary"},
                "state": {"type": "object", "enabled": False},
            },
        },
    }


def document(
    product_id: uuid.UUID,
    place: int,
    literal: str,
    kinds: Kinds,
    price_fen: int | None,
) -> Json:
    """Return a product as it is indexed."""
    vector = records.read_vector(literal)
    record = records.pack(product_id, place, vector)
    _, _, *lengths = records.read_head(record, 0)
    return {
        "id": str(product_id),
        "words": records.first_words(vector),
        "readers": [_PUBLIC],
        **{f.name: list(found) for f, found in zip(ALL, kinds, strict=True) if found},
        **{field: list(found) for field, found in values_by_field(kinds).items()},
        "place": place,
        **({} if price_fen is None else {"price_fen": price_fen}),
        **{f"{name}_words": length for name, length in zip(FIELDS, lengths, strict=True)},
        "record": base64.b64encode(record).decode("ascii"),
    }


def query(asked: Asked) -> Json:
    """Return the query for products that have as many of the concepts as are needed."""
    concepts = [_concept(each) for each in asked.concepts]
    wanted: Json = {"must": concepts}
    if asked.needed < len(concepts):
        wanted = {"must": [{"bool": {"should": concepts, "minimum_should_match": asked.needed}}]}
    if asked.without:
        wanted["must_not"] = [{"ids": {"values": sorted(map(str, asked.without))}}]
    return {"bool": {"filter": _filters(asked), **wanted}}


def aggregations(asked: Asked) -> Json:
    """Return by what the products found are counted."""
    asking = ((facet, facets.step(facet, asked.narrowed)) for facet in ALL)
    return {
        facet.name: {"terms": {"field": field_of(facet, step), "size": FACET_VALUES}}
        for facet, step in asking
        if step < facets.steps(facet)  # below the last there is nothing
    }


def counts(answer: Json) -> Counts:
    """Return what such an answer counts."""
    told = answer["aggregations"]
    return Counts(
        answer["hits"]["total"]["value"],
        {
            name: {b["key"]: b["doc_count"] for b in told.get(name, _NOTHING)["buckets"]}
            for name in facets.FACETS
        },
    )


def frequencies_of(words: Sequence[str]) -> Json:
    """Return the search that tells how often words are, and how long the fields."""
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"filter": [{"term": {"readers": _PUBLIC}}]}},
        "aggs": {
            **{f"w{n}": {"filter": {"term": {"words": word}}} for n, word in enumerate(words)},
            **{
                field: {
                    "filter": {"range": {f"{field}_words": {"gte": 1}}},
                    "aggs": {"mean": {"avg": {"field": f"{field}_words"}}},
                }
                for field in FIELDS
            },
        },
    }


def frequencies(words: Sequence[str], answer: Json) -> Frequencies:
    """Return what such an answer tells."""
    told = answer["aggregations"]
    title, labels, text = (max(told[field]["mean"]["value"] or 1.0, 1.0) for field in FIELDS)
    return Frequencies(
        answer["hits"]["total"]["value"],
        {word: told[f"w{n}"]["doc_count"] for n, word in enumerate(words)},
        Averages(title, labels, text),
    )


def alike(guess: Guess) -> Json:
    """Return the query for products that have a word like a guess."""
    word = guess.word
    if guess.alike is Alike.SLIPS:
        like: Json = {"fuzzy": {"words": {"value": word, "fuzziness": guess.slips}}}
    elif guess.alike is Alike.BEGINS:
        like = {"prefix": {"words": {"value": word}}}
    else:
        patterns = [f"{word[:place]}.{word[place + 1 :]}" for place in range(len(word))]
        like = {"regexp": {"words": {"value": "|".join(patterns)}}}
    return {"bool": {"filter": [{"term": {"readers": _PUBLIC}}, like]}}


def record_of(hit: Mapping[str, Any]) -> Record:
    """Return the record that a hit brings along."""
    packed = base64.b64decode(hit["_source"]["record"])
    return Record(packed, 0, len(packed))


def _filters(asked: Asked) -> list[Json]:
    # Who may see a product is a condition like any other: nothing is taken out afterwards.
    found: list[Json] = [{"term": {"readers": _PUBLIC}}]
    found += [{"term": {facet: value}} for facet, value in asked.narrowed.items()]
    ends = {"gte": asked.prices.from_fen, "lte": asked.prices.to_fen}
    within = {name: fen for name, fen in ends.items() if fen is not None}
    return [*found, {"range": {"price_fen": within}}] if within else found


def _concept(concept: Concept) -> Json:
    ways = [_way(way) for way in concept.ways]
    return ways[0] if len(ways) == 1 else {"dis_max": {"queries": ways}}


def _way(way: Sequence[str]) -> Json:
    words: list[Json] = [{"term": {"words": word}} for word in way]
    return words[0] if len(words) == 1 else {"bool": {"must": words}}
