"""datacontract-cli and dataproduct-cli pass what we publish, and the schema of ODPS 4.1 holds for it."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest
import yaml

from catalog.formats import odcs, odps, odps_bitol
from catalog.formats.facts import Facts
from catalog.products.model import Form, MeteringUnit, UpdateCycle
from tests.foreign_tools import python_packages
from tests.makers_facts import SITE, make_facts, make_foreign, make_price
from tests.makers_products import make_description

HOLDS = """
import importlib.metadata, json, pathlib, sys
import jsonschema
place = importlib.metadata.distribution("open-data-products").locate_file("open_data_products")
schema = json.loads(pathlib.Path(place, "odps/data/schema/odps-v4.1.json").read_bytes())
checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
print(json.dumps([[e.message for e in checker.iter_errors(d)] for d in json.load(sys.stdin)]))
"""


# The command itself, once for each file; to load it takes longer than to lint.
LINT = """
import importlib, json, sys
name, *paths = sys.argv[1:]
main, codes = importlib.import_module(f"{name}.cli").main, []
for path in paths:
    sys.argv = [name, "lint", path]
    try:
        main()
        codes.append(0)
    except SystemExit as ended:
        codes.append(ended.code)
print(json.dumps(codes))
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return python_packages(tmp_path_factory.mktemp("contracts"), "contracts.txt")


def run(tools: dict[str, str], script: str, *arguments: str, given: str = "") -> Any:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *arguments],
        env=tools,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def some_facts() -> list[Facts]:
    empty = {"description": "", "publisher": "", "theme": "", "keywords": (), "url": ""}
    every = [
        make_facts(
            make_description(form=form, update_cycle=cycle, industry_section="G"),
            prices=(make_price(unit=unit, charge=charge, amount_fen=fen),),
        )
        for form, cycle, unit, charge, fen in (
            (Form.DATA_API, UpdateCycle.REAL_TIME, MeteringUnit.API_CALL, "per_unit", 1),
            (Form.DATASET, UpdateCycle.HOURLY, MeteringUnit.MONTH, "period", 100),
            (Form.DATA_REPORT, UpdateCycle.STATIC, MeteringUnit.GIGABYTE, "per_unit", 0),
        )
    ]
    return [make_facts(), *every, make_foreign(), make_foreign(**empty)]


@pytest.mark.parametrize(
    ("main", "write", "broken"),
    [
        ("datacontract", odcs.contract, "status"),
        ("dataproduct", odps_bitol.product, "status"),
    ],
)
def test_the_linters_pass_what_we_say_and_would_find_what_is_missing(
    tools: dict[str, str], tmp_path: pathlib.Path, main: str, write: Any, broken: str
) -> None:
    documents = [write(each, SITE) for each in some_facts()]
    document = write(make_facts(), SITE)
    del document[broken]
    paths = []
    for number, each in enumerate([*documents, document]):
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(yaml.safe_dump(each, allow_unicode=True, sort_keys=False))

    done = run(tools, LINT, main, *map(str, paths))

    codes = json.loads(done.stdout.splitlines()[-1])
    assert codes[:-1] == [0] * len(documents), done.stdout[-3000:]
    assert codes[-1] == 1


def test_the_schema_of_odps_holds(tools: dict[str, str]) -> None:
    documents = [odps.product(each, SITE) for each in some_facts()]
    wrong = {**documents[0], "version": 4}

    done = run(tools, HOLDS, given=json.dumps([*documents, wrong]))

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told[:-1] == [[]] * len(documents)
    assert told[-1] == ["4 is not of type 'string'"]
