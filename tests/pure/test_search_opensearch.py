"""What OpenSearch is told and asked, word by word."""

from __future__ import annotations

import uuid

from catalog.search import opensearch, records
from catalog.search.facets import ALL
from catalog.search.port import Alike, Asked, Guess
from catalog.search.prices import Prices
from catalog.search.question import Concept
from catalog.search.ranking import Averages

PUBLIC = {"term": {"readers": "public"}}
PORT = Concept((("港口",),))
BUS = Concept((("公交",), ("公共", "汽车")))
ID = uuid.UUID(int=7)


def test_an_index_has_a_strict_mapping_and_is_refreshed_by_whoever_writes() -> None:
    body = opensearch.body_of_index(shards=1, replicas=0)

    assert body["settings"]["refresh_interval"] == "-1"
    assert body["settings"]["analysis"]["analyzer"]["cut"]["tokenizer"] == "whitespace"
    assert body["mappings"]["dynamic"] == "strict"
    assert {facet.name for facet in ALL} <= set(body["mappings"]["properties"])


def test_a_product_is_told_with_its_words_values_lengths_and_record() -> None:
    values = [("海南",) if facet.name == "region" else () for facet in ALL]
    told = opensearch.document(ID, 5, "'港口':1A,2C '气象':3B", values, 700)

    assert told["words"].split() == ["港口", "港口", "港口", "气象"]
    assert (told["id"], told["place"], told["price_fen"]) == (str(ID), 5, 700)
    assert (told["region"], told["readers"]) == (["海南"], ["public"])
    assert (told["title_words"], told["labels_words"], told["text_words"]) == (1, 1, 1)
    assert set(told) <= set(
        opensearch.body_of_index(shards=1, replicas=0)["mappings"]["properties"]
    )
    record = opensearch.record_of({"_source": {"record": told["record"]}})
    assert records.read_head(record.data, record.start)[0] == ID.bytes
    assert "price_fen" not in opensearch.document(ID, 5, "'港口':1A", values, None)


def test_whoever_asks_is_a_condition_and_never_a_selection_afterwards() -> None:
    assert opensearch.query(Asked()) == {"bool": {"filter": [PUBLIC], "must": []}}
    assert opensearch.alike(Guess("港", Alike.BEGINS))["bool"]["filter"][0] == PUBLIC
    assert opensearch.frequencies_of(["港口"])["query"]["bool"]["filter"] == [PUBLIC]


def test_a_question_asks_for_all_or_for_any_with_synonyms_as_other_ways() -> None:
    asked = Asked(concepts=(PORT, BUS))
    port = {"term": {"words": "港口"}}
    bus = {
        "dis_max": {
            "queries": [
                {"term": {"words": "公交"}},
                {"bool": {"must": [{"term": {"words": "公共"}}, {"term": {"words": "汽车"}}]}},
            ]
        }
    }

    assert opensearch.query(asked)["bool"]["must"] == [port, bus]
    (any_of,) = opensearch.query(Asked(concepts=(PORT, BUS), least=1))["bool"]["must"]
    assert any_of == {"bool": {"should": [port, bus], "minimum_should_match": 1}}


def test_filters_prices_and_what_is_laid_over_are_conditions() -> None:
    asked = Asked(narrowed={"region": "海南"}, prices=Prices(1, None), without=frozenset({ID}))
    both = Asked(prices=Prices(1, 2))

    told = opensearch.query(asked)["bool"]
    assert told["filter"][1:] == [
        {"term": {"region": "海南"}},
        {"range": {"price_fen": {"gte": 1}}},
    ]
    assert told["must_not"] == [{"ids": {"values": [str(ID)]}}]
    within = opensearch.query(both)["bool"]["filter"][1]
    assert within == {"range": {"price_fen": {"gte": 1, "lte": 2}}}


def test_facets_are_counted_of_trees_right_below_what_is_asked() -> None:
    asked = opensearch.aggregations(Asked(narrowed={"industry": "C"}))

    assert asked["region"] == {"terms": {"field": "region_0", "size": 100}}
    assert asked["industry"] == {"terms": {"field": "industry_1", "size": 100}}
    assert "industry" not in opensearch.aggregations(Asked(narrowed={"industry": "1311"}))
    told = {facet.name: {"buckets": [{"key": "x", "doc_count": 2}]} for facet in ALL}
    del told["industry"]  # nothing was asked of it
    answer = {"hits": {"total": {"value": 2}}, "aggregations": told}
    counts = opensearch.counts(answer)
    assert (counts.total, counts.facets["region"]) == (2, {"x": 2})
    assert counts.facets["industry"] == {}


def test_frequencies_and_lengths_are_read_and_an_empty_index_divides_by_nothing() -> None:
    answer = {
        "hits": {"total": {"value": 9}},
        "aggregations": {
            "w0": {"doc_count": 4},
            "title": {"mean": {"value": 3.5}},
            "labels": {"mean": {"value": None}},
            "text": {"mean": {"value": 0.2}},
        },
    }

    told = opensearch.frequencies(["港口"], answer)

    assert (told.total, told.of_words) == (9, {"港口": 4})
    assert told.averages == Averages(3.5, 1.0, 1.0)


def test_words_that_are_like_others_are_asked_for_by_slips_beginnings_and_characters() -> None:
    slips = opensearch.alike(Guess("tempreature", Alike.SLIPS, 2))["bool"]["filter"][1]
    begins = opensearch.alike(Guess("港", Alike.BEGINS))["bool"]["filter"][1]
    wrong = opensearch.alike(Guess("停车唱", Alike.ONE_CHARACTER_OFF))["bool"]["filter"][1]

    assert slips == {"fuzzy": {"words": {"value": "tempreature", "fuzziness": 2}}}
    assert begins == {"prefix": {"words": {"value": "港"}}}
    assert wrong == {"regexp": {"words": {"value": ".车唱|停.唱|停车."}}}
