"""A base answers as one would who looks at every product, and so does an index that changed since."""

from __future__ import annotations

import collections
import json
import pathlib
import random
import uuid

import msgspec
import numpy as np
import pytest

from catalog.products import terms
from catalog.search import facets, prices, ranking, records
from catalog.search.columns import Values
from catalog.search.disk import building
from catalog.search.disk.base import Base, key_of
from catalog.search.disk.building import Builder
from catalog.search.facets import ALL
from catalog.search.port import Asked, Walk
from catalog.search.prices import Prices
from catalog.search.question import Concept
from catalog.search.ranking import Record, Wanted

WORDS = ["港口", "气象", "机场", "水位", "a\\b", "o'neil", "旅馆", "图书馆"]
NOTHING_OLD = np.zeros(0, np.int32)


class Product(msgspec.Struct, frozen=True):
    id: uuid.UUID
    place: int
    literal: str
    kinds: tuple[Values, ...]
    price_fen: int | None

    @property
    def record(self) -> Record:
        packed = records.pack(self.id, self.place, records.read_vector(self.literal))
        return Record(packed, 0, len(packed))

    @property
    def copied(self) -> bytes:
        """Return it as the database copies it out."""
        kinds = [
            list(values) if facet.is_list else values[0] if values else None
            for facet, values in zip(ALL, self.kinds, strict=True)
        ]
        price = r"\N" if self.price_fen is None else str(self.price_fen)
        fields = (self.literal, json.dumps(kinds, ensure_ascii=False))
        told = [each.replace("\\", "\\\\").replace("\t", "\\t") for each in fields]
        return "\t".join([str(self.id), str(self.place), price, *told]).encode() + b"\n"


def made(chance: random.Random, count: int) -> list[Product]:
    found = []
    for _ in range(count):
        title, text = (" ".join(chance.choices(WORDS, k=chance.randrange(4))) for _ in "tb")
        values: dict[str, Values] = {
            "form": chance.choice([(), ("dataset",), ("data_api",)]),
            "industry": chance.choice([(), ("C", "13"), ("G",)]),
            "supplier_name": (f'供方 "{chance.randrange(130)}"\t',),
        }
        found.append(
            Product(
                uuid.UUID(int=chance.randrange(4) << 64 | chance.getrandbits(32)),
                chance.randrange(count // 2 + 1),
                terms.vector(title=title, labels=chance.choices(WORDS, k=1), body=text),
                tuple(values.get(facet.name, ()) for facet in ALL),
                chance.choice([None, 100, 20_000]),
            )
        )
    return sorted(found, key=lambda each: (each.place, each.id.bytes))


def built(path: pathlib.Path, products: list[Product]) -> Base:
    builder = Builder(path)
    copied = b"".join(each.copied for each in products)
    for first in range(0, len(copied), 1000):
        builder.feed(copied[first : first + 1000])
    builder.finish()
    return Base(path / "base")


def asked_at(chance: random.Random) -> Asked:
    concepts = [
        Concept(tuple((word,) for word in chance.sample(WORDS, chance.choice((1, 1, 2)))))
        for _ in range(chance.randrange(1, 4))
    ]
    if chance.random() < 0.2:
        concepts[0] = Concept((tuple(chance.sample(WORDS, 2)),))
    narrowed = chance.choice([{}, {"form": "dataset"}, {"industry": "C"}, {"industry": "13"}])
    within = chance.choice([Prices(), Prices(), Prices(200, None), Prices(None, 200)])
    least = chance.randrange(1, len(concepts) + 1)
    if chance.random() < 0.25:
        return Asked(narrowed=narrowed, prices=within)
    return Asked(concepts=tuple(concepts), least=least, narrowed=narrowed, prices=within)


def wanted_of(asked: Asked, weights: tuple[float, ...]) -> list[Wanted]:
    return [
        Wanted(tuple(tuple(map(records.key, way)) for way in concept.ways), weight)
        for concept, weight in zip(asked.concepts, weights, strict=True)
    ]


def plainly(products: list[Product], asked: Asked) -> list[int]:
    wanted = wanted_of(asked, (1.0,) * len(asked.concepts))
    return [
        row
        for row, each in enumerate(products)
        if facets.is_within(each.kinds, asked.narrowed)
        and prices.is_within(each.price_fen, asked.prices)
        and sum(ranking.covers(*each.record, one) for one in wanted) >= asked.needed
    ]


@pytest.mark.parametrize("seed", range(6))
def test_a_base_answers_as_one_would_who_looks_at_every_product(
    tmp_path: pathlib.Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(building, "_AT_ONCE", chance.choice((50, 1 << 20)))
    monkeypatch.setattr(building, "_COMMON", chance.choice((1, 100, 1 << 14)))
    monkeypatch.setattr(building, "_MOST_COMMON", chance.choice((3, 1024)))
    products = made(chance, 400)
    base = built(tmp_path, products)

    for _ in range(60):
        asked = asked_at(chance)
        key = key_of(asked)
        old = np.array(sorted(chance.sample(range(400), chance.choice((0, 1, 60)))), np.int32)
        there = [row for row in plainly(products, asked) if row not in old]

        many, tally = base.tally(key, old)
        assert (many, base.total(key, old)) == (len(there), len(there))
        told = base.columns.told(tally, asked.narrowed, most=1000)
        for number, facet in enumerate(ALL):
            counted = collections.Counter(
                value
                for row in there
                for value in products[row].kinds[number]
                if facets.is_counted(facet, value, asked.narrowed)
            )
            assert told[facet.name] == dict(counted)

        newest = chance.random() < 0.5
        ordered = there[::-1] if newest else there
        after = chance.choice(products)
        walk = Walk(after=(after.place, after.id), is_newest_first=newest, limit=7)
        beyond = products.index(after)
        rest = [row for row in ordered if (row < beyond if newest else row > beyond)]
        found = base.walk(key, walk, old)
        assert [whose(each) for each in found] == [products[row].id.bytes for row in rest[:7]]
        found = base.walk(key, Walk(after=None, is_newest_first=newest, limit=7), old)
        assert [whose(each) for each in found] == [products[row].id.bytes for row in ordered[:7]]

        if not asked.concepts:
            continue
        weights = tuple(chance.choice((0.1, 1.0, 5.0)) for _ in asked.concepts)
        wanted = wanted_of(asked, weights)
        best = ranking.best(
            [products[row].record for row in there], wanted, base.averages, most=len(there) + 1
        )
        found = base.best(key, weights, most=9, after=None, old=old)
        assert [whose(each) for each in found] == [each.product for each in best[:9]]
        if best:
            last = chance.randrange(len(best))
            after_it = ranking.standing(best[last])
            found = base.best(key, weights, most=9, after=after_it, old=old)
            behind = [each.product for each in best[last + 1 : last + 10]]
            assert [whose(each) for each in found] == behind


def whose(record: Record) -> bytes:
    product, *_ = records.read_head(record.data, record.start)
    return product


def test_products_are_known_by_their_ids_words_and_prices(tmp_path: pathlib.Path) -> None:
    products = made(random.Random(1), 200)
    base = built(tmp_path, products)

    asked = [products[n].id for n in (5, 7, 190)]
    assert base.rows_of([*asked, uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)]).tolist() == [
        5,
        7,
        190,
    ]
    assert [base.price(row) for row in range(200)] == [each.price_fen for each in products]
    have = [n for n, each in enumerate(products) if ranking.covers(*each.record, want("港口"))]
    assert base.frequency("港口") == len(have)
    assert base.frequency("没有") == 0
    old = np.array(have[:2], np.int32)
    assert base.products_with("港口", most=3, old=old) == [products[n].id for n in have[2:5]]


def want(word: str) -> Wanted:
    return Wanted(((records.key(word),),), 1.0)


def test_a_base_of_nothing_finds_nothing(tmp_path: pathlib.Path) -> None:
    base = built(tmp_path, [])
    asked = Asked(concepts=(Concept((("港口",),)),))

    assert base.size == 0
    assert base.tally(key_of(Asked()), NOTHING_OLD)[0] == 0
    assert base.total(key_of(asked), NOTHING_OLD) == 0
    assert base.best(key_of(asked), (1.0,), most=5, after=None, old=NOTHING_OLD) == []
    assert (
        base.walk(key_of(Asked()), Walk(after=None, is_newest_first=True, limit=5), NOTHING_OLD)
        == []
    )
    assert base.rows_of([uuid.UUID(int=1)]).tolist() == []
