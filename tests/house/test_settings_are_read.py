"""What a rulebook offers to be set is read by an operation: a setting nobody reads is a lie."""

from __future__ import annotations

import ast
import pathlib
from typing import Final

import pytest

from catalog.rulebooks.registry import RULEBOOKS

# These say what may be set and show it; that is not reading.
SAYING: Final = {"settings.py", "interpretations.py", "rulebook.py"} | {
    path.name for path in pathlib.Path("catalog/rulebooks").glob("*_20*.py")
}


def _read() -> set[str]:
    found = set()
    for package in ("catalog", "market"):
        for path in pathlib.Path(package).rglob("*.py"):
            if path.parent.name == "rulebooks" and path.name in SAYING:
                continue
            found |= {
                node.attr
                for node in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(node, ast.Attribute)
            }
    return found


@pytest.mark.parametrize("code", RULEBOOKS)
def test_every_open_value_is_read_somewhere(code: str) -> None:
    offered = set(RULEBOOKS[code].open)

    assert offered - _read() == set()


@pytest.mark.parametrize("code", RULEBOOKS)
def test_every_open_value_is_one_of_the_rulebook_s(code: str) -> None:
    rulebook = RULEBOOKS[code]

    assert [name for name in rulebook.open if not hasattr(rulebook, name)] == []
