"""Which products may stand in a collection."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import Product
from market.collections.curating import CollectionEmpty, CollectionEntryUnfit, check_entries
from market.collections.model import Entry
from market.http.wording import words
from tests.makers_products import make_product

OWNER = PartyId(new_id())
MINE = make_product(supplier_party_id=OWNER, is_public=True)
DRAFT = make_product(supplier_party_id=OWNER)
THEIRS = make_product(is_public=True)


def check(*products: Product, **how: Any) -> None:
    found = {each.id: each for each in (MINE, DRAFT, THEIRS)}
    entries = [Entry(product_id=each.id) for each in products]
    check_entries(entries, found, **({"owner": OWNER, "must_be_public": False} | how))


def test_a_supplier_chooses_among_its_own_and_the_operator_among_all() -> None:
    check(MINE, DRAFT)
    check(MINE, THEIRS, owner=None, must_be_public=True)
    check()


def test_what_is_gone_may_stay_where_it_stood() -> None:
    check(DRAFT, kept={DRAFT.id}, must_be_public=True)


@pytest.mark.parametrize(
    ("products", "how", "faults"),
    [
        ((MINE, MINE), {}, {2: "twice"}),
        ((make_product(),), {}, {1: "unknown"}),
        ((MINE, THEIRS), {}, {2: "foreign"}),
        ((DRAFT,), {"must_be_public": True}, {1: "not_public"}),
        ((DRAFT, DRAFT), {"kept": {DRAFT.id}}, {2: "twice"}),
        ((THEIRS, DRAFT), {"must_be_public": True}, {1: "foreign", 2: "not_public"}),
    ],
)
def test_every_product_that_may_not_is_named_by_its_place(
    products: tuple[Product, ...], how: dict[str, Any], faults: dict[int, str]
) -> None:
    with pytest.raises(CollectionEntryUnfit) as refused:
        check(*products, **how)

    told = [(each.pointer, each.message) for each in refused.value.errors]
    assert told == [(f"/entries/{place - 1}", why) for place, why in faults.items()]
    assert refused.value.facts["entries"] == [str(place) for place in faults]
    assert refused.value.facts["reason"] == sorted(faults.values())


def test_why_a_product_may_not_stand_there_is_said_in_words() -> None:
    with pytest.raises(CollectionEntryUnfit) as refused:
        check(THEIRS, DRAFT, must_be_public=True)
    said = words(refused.value.code, refused.value.facts)

    assert said.zh == "第1、2项不能列入专题集合：不是本单位的产品、尚未公开。"
    assert said.en == "What stands at 1, 2 can not be in the collection: foreign, not public."


def test_a_public_one_is_not_empty() -> None:
    with pytest.raises(CollectionEmpty):
        check(must_be_public=True)
