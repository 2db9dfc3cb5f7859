"""The demo's products are complete, and their payloads the same on every machine."""

from __future__ import annotations

import csv
import hashlib
import io
import json

import msgspec
import pytest

from catalog.products.classification import check_level, require_classified
from catalog.products.coding import check_codes
from catalog.products.faults import as_known
from catalog.products.metadata import check_complete, check_readable
from catalog.products.model import Description
from catalog.profiles.conformance import findings
from catalog.profiles.profiling import profile_of
from catalog.tables.reading import open_table
from market.spot_checks.drawing import MIN_INSPECTORS
from seeds.code_trees import read_tables
from seeds.demo import people
from seeds.demo.catalogue import DemoProduct, read_product, read_products
from seeds.demo.changing import new_name
from seeds.demo.payloads import MAKERS

LOGINS = [
    value for name, value in vars(people).items() if name.isupper() and isinstance(value, str)
] + [login for login, *_ in (*people.INSPECTORS, *people.EXPERTS)]
PRODUCTS = read_products()
GOLDEN = {
    "port_weather_risk": "50973d8c3b4358cb",
    "parking_index": "1b86154fada5c440",
    "power_prosperity": "6dbe48d7049c1e25",
    "cold_chain": "b59a1d3b29dd4b03",
    "visitor_forecast": "4cc42e198011fd0d",
    "produce_prices": "5b5fd078b620ffd6",
}


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: p.key)
def test_each_product_can_be_described_and_listed(product: DemoProduct) -> None:
    description = msgspec.convert(product.description, Description)

    check_readable(description)
    check_complete(description)
    check_level(description)
    require_classified(description)
    assert read_product(product.key) == product


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: p.key)
def test_each_product_has_a_dictionary_that_its_file_bears_out(product: DemoProduct) -> None:
    description = msgspec.convert(product.description, Description)

    assert description.items
    assert all(item.title for item in description.items)
    check_codes(description, as_known(read_tables()))
    if product.media_type != "application/json":  # a document, and no table
        profile = profile_of(open_table(io.BytesIO(product.content)))
        assert findings(description, profile) == ()


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: p.key)
def test_each_payload_is_readable_small_and_always_the_same(product: DemoProduct) -> None:
    content = product.content

    assert content == read_product(product.key).content
    assert 2_000 < len(content) < 250_000
    if product.media_type == "text/csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
    elif product.media_type == "application/json":
        assert json.loads(content)["series"]
    else:
        assert all(json.loads(line)["high"] > 0 for line in content.splitlines())


def test_every_payload_belongs_to_a_product() -> None:
    assert {product.content for product in PRODUCTS} == {make() for make in MAKERS.values()}


def test_the_payloads_have_not_changed() -> None:
    digests = {name: hashlib.sha256(make()).hexdigest()[:16] for name, make in MAKERS.items()}

    assert digests == GOLDEN


def test_nobody_in_the_story_signs_in_as_another() -> None:
    assert len(set(LOGINS)) == len(LOGINS)
    assert {login for login, *_ in people.STAFF} <= set(LOGINS)


def test_more_inspectors_stand_in_the_directory_than_are_drawn() -> None:
    assert len(people.INSPECTORS) > MIN_INSPECTORS


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: p.key)
def test_a_products_new_name_can_be_described_and_is_another(product: DemoProduct) -> None:
    description = msgspec.convert(product.description, Description)

    check_readable(msgspec.structs.replace(description, name=new_name(product)))
    assert new_name(product) != product.name
