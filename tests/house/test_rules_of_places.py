"""Every rule of Beijing's and Guangdong's texts, and every rule on money, has its code and its test, or a reason."""

from __future__ import annotations

import functools
import pathlib
import re
import tomllib

import pytest

from tests.house.test_rules_are_kept import names_in

PLACES = {"BJ": ("rules_of_beijing.toml", 31), "GD": ("rules_of_guangdong.toml", 19)}
# Those with parts are told part by part.
PARTS = {
    "BJ-14": "abc",
    "BJ-21": "ab",
    "BJ-27": "ab",
    "BJ-30": "abc",
    "GD-01": "abc",
    "GD-02": "ab",
    "GD-05": "ab",
    "GD-07": "ab",
    "GD-17": "abc",
}
TABLES = {
    place: tomllib.loads((pathlib.Path(__file__).parent / name).read_text("utf-8"))["articles"]
    for place, (name, _) in PLACES.items()
}
MONEY = tomllib.loads((pathlib.Path(__file__).parent / "rules_of_money.toml").read_text("utf-8"))[
    "articles"
]
ROWS = [(rule, kept) for table in (*TABLES.values(), MONEY) for rule, kept in table.items()]
KEPT = [(rule, kept) for rule, kept in ROWS if isinstance(kept, list)]
CODE = ("catalog", "settlement", "market")


def room_of(path: str) -> pathlib.Path:
    room = pathlib.Path(path).parent
    return room.parent if room.name in ("operations", "store") else room


@functools.cache
def cited() -> dict[str, str]:
    """Return every rule that the code cites, by part where it names one, and a file that does."""
    found = {}
    for package in CODE:
        for path in sorted(pathlib.Path(package).rglob("*.py")):
            for rule in re.findall(r"\b((?:BJ|GD)-\d+(?:\([a-z]\))?)", path.read_text("utf-8")):
                found[rule] = str(path)
    return found


@pytest.mark.parametrize("place", PLACES)
def test_no_rule_is_left_out(place: str) -> None:
    rules = [
        f"{rule}({part})" if part else rule
        for rule in (f"{place}-{number:02}" for number in range(1, PLACES[place][1] + 1))
        for part in PARTS.get(rule, "") or [""]
    ]

    assert list(TABLES[place]) == rules


def test_every_rule_that_the_code_cites_stands_in_a_table() -> None:
    rules = {rule for rule, _ in ROWS}
    known = rules | {rule.partition("(")[0] for rule in rules}

    assert {rule: path for rule, path in cited().items() if rule not in known} == {}


def test_every_rule_on_money_that_settlement_cites_stands_in_its_table() -> None:
    cites = {
        rule
        for path in pathlib.Path("settlement").rglob("*.py")
        for rule in re.findall(r"\b(?:JX|QD|ZJ)-\d+", path.read_text("utf-8"))
    }

    assert cites <= set(MONEY)
    assert {"JX-3", "QD-11"} <= cites


@pytest.mark.parametrize(("rule", "kept"), KEPT, ids=[rule for rule, _ in KEPT])
def test_a_rule_has_its_code_and_its_test_and_both_name_it(rule: str, kept: list[str]) -> None:
    code, test = kept[:2]
    path, _, name = test.partition("::")
    article = rule.partition("(")[0]

    assert pathlib.Path(code).is_file()
    found = names_in(path)
    assert name in found or (name == "*" and found), f"{test} is not there"
    text = "".join(each.read_text("utf-8") for each in room_of(code).rglob("*.py"))
    assert re.search(rf"{article}\b", text), f"{room_of(code)} does not cite {article}"
    assert re.search(rf"{article}\b", pathlib.Path(path).read_text("utf-8")), (
        f"{path} does not cite {article}"
    )


def test_a_reason_says_something() -> None:
    reasons = [kept for _, kept in ROWS if isinstance(kept, str)]
    reasons += [each for _, kept in KEPT for each in kept[2:]]

    assert all(len(reason.split()) >= 3 for reason in reasons)
    assert all(len(kept) <= 3 for _, kept in KEPT)
