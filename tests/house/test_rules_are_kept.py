"""Every rule of Hainan's text has its code and its test, or a reason that can be read (issue of the law)."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import tomllib

import pytest

TABLE = tomllib.loads((pathlib.Path(__file__).parent / "rules_of_hainan.toml").read_text("utf-8"))

# The articles, as the text has them: those with parts are told part by part.
PARTS = {
    "HN-02": "1 2 3 4",
    "HN-05": "1 2 3",
    "HN-09": "1 2 3",
    "HN-10": "a b",
    "HN-15": "1 2 3 4 5",
    "HN-16": "a b",
    "HN-18": "a b",
    "HN-19": "a b c d",
    "HN-20": "a b c 1 2",
    "HN-21": "a b",
    "HN-22": "a b",
}
ARTICLES = [
    f"{article}({part})" if part else article
    for article in (f"HN-{n:02}" for n in range(1, 31))
    for part in PARTS.get(article, "").split() or [""]
]
# How many rows each state machine has in the text of the rules.
ROWS = {
    "application": 30,
    "certificate": 14,
    "objection": 12,
    "instrument": 5,
    "spot_check": 7,
    "agency": 10,
}
KEPT = [
    (f"{section}: {rule}", kept)
    for section, rules in TABLE.items()
    for rule, kept in rules.items()
    if isinstance(kept, list)
]


@functools.cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse(pathlib.Path(path).read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, functions) and node.name.startswith("test_")
    )


def test_no_article_is_left_out() -> None:
    assert list(TABLE["articles"]) == ARTICLES


def test_no_row_of_a_machine_is_left_out() -> None:
    assert {name: len(TABLE[name]) for name in ROWS} == ROWS


@pytest.mark.parametrize(("rule", "kept"), KEPT, ids=[rule for rule, _ in KEPT])
def test_a_rule_has_its_code_and_its_test(rule: str, kept: list[str]) -> None:
    code, test = kept
    path, _, name = test.partition("::")

    assert pathlib.Path(code).is_file()
    found = names_in(path)
    assert name in found or (name == "*" and found), f"{rule}: {test} is not there"


@pytest.mark.parametrize(
    ("rule", "kept"),
    [(rule, kept) for rule, kept in TABLE["articles"].items() if isinstance(kept, list)],
)
def test_the_room_that_obeys_an_article_cites_it(rule: str, kept: list[str]) -> None:
    article = rule.partition("(")[0]
    room = pathlib.Path(kept[0]).parent
    room = room.parent if room.name in ("operations", "store") else room
    text = "".join(path.read_text("utf-8") for path in room.rglob("*.py"))

    assert re.search(rf"{article}\b", text), f"{room} does not cite {article}"


def test_a_reason_says_something() -> None:
    reasons = [kept for rules in TABLE.values() for kept in rules.values() if isinstance(kept, str)]

    assert all(len(reason.split()) >= 3 for reason in reasons)
