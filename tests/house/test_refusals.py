"""Every refusal can happen, is exercised by a test, and tells the facts that its wording names."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import string
from collections.abc import Iterator
from types import ModuleType

import pytest

from catalog.kernel import errors
from catalog.kernel.errors import DomainError, Missing
from market.http.problem import document, status_of
from market.http.wording import all_wordings
from tests.house import walk

# The five kinds say how a refusal is answered. Only ``Missing`` is raised itself: that an id is
# foreign or unknown must read the same everywhere.
KINDS = (DomainError, errors.Invalid, errors.Forbidden, Missing, errors.Conflict, errors.Refused)
# A placeholder that the door fills in.
OF_THE_DOOR = {"request_id"}


def _refusals() -> list[type[DomainError]]:
    return [cls for cls in walk.subclasses(DomainError) if "code" in vars(cls) and cls not in KINDS]


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__} ({cls.code})"


@functools.cache
def _said_in_tests() -> frozenset[str]:
    """Return every name that a test uses, beyond importing it, and every text that stands in one."""
    said: set[str] = set()
    for path in pathlib.Path("tests").rglob("*.py"):
        if "house" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Name):
                said.add(node.id)
            elif isinstance(node, ast.Attribute):
                said.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    return frozenset(said)


@functools.cache
def _raised() -> tuple[tuple[str, type[DomainError], frozenset[str] | None], ...]:
    """Return where refusals are made: place, class, names of facts (None: not told one by one)."""
    return tuple(found for module in walk.modules() for found in _made_in(module))


def _made_in(module: ModuleType) -> Iterator[tuple[str, type[DomainError], frozenset[str] | None]]:
    tree = ast.parse(pathlib.Path(str(module.__file__)).read_text("utf-8"))
    # A call is met as a whole; what is only caught is not made there.
    met = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    met |= {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.type is not None
        for part in ast.walk(node.type)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            cls = _refusal(module, node.func)
            names = [keyword.arg for keyword in node.keywords]
            facts = None if None in names else frozenset(map(str, names))
        elif isinstance(node, ast.Raise) and node.exc is not None and id(node.exc) not in met:
            cls, facts = _refusal(module, node.exc), frozenset[str]()
        elif isinstance(node, ast.Name | ast.Attribute) and id(node) not in met:
            cls, facts = _refusal(module, node), None  # handed on, and made elsewhere
        else:
            continue
        if cls is not None:
            yield f"{module.__file__}:{node.lineno}", cls, facts


def _refusal(module: ModuleType, said: ast.expr) -> type[DomainError] | None:
    """Return the refusal that an expression names."""
    found: object = module
    for name in ast.unparse(said).split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) and issubclass(found, DomainError) else None


def _placeholders(code: str) -> set[str]:
    wording = all_wordings()[code]
    return {
        re.split(r"[.\[]", name)[0]
        for text in (wording.zh, wording.en)
        for _, name, _, _ in string.Formatter().parse(text)
        if name
    }


def test_every_refusal_is_exercised_by_a_test() -> None:
    said = _said_in_tests()

    never = [_path(cls) for cls in _refusals() if not {cls.__name__, cls.code} & said]

    assert never == []


def test_every_other_code_that_is_worded_is_exercised_by_a_test() -> None:
    of_classes = {cls.code for cls in walk.subclasses(DomainError)} | {cls.code for cls in KINDS}

    never = sorted(set(all_wordings()) - of_classes - _said_in_tests())

    assert never == []


def test_every_refusal_can_happen() -> None:
    made = {cls for _, cls, _ in _raised()}

    dead = [_path(cls) for cls in _refusals() if cls not in made]

    assert dead == []


def test_nobody_refuses_without_a_name_of_its_own() -> None:
    nameless = [
        f"{place}: {cls.__name__}"
        for place, cls, facts in _raised()
        if cls in KINDS and cls is not Missing and facts is not None
    ]

    assert nameless == []


def test_whoever_refuses_tells_the_facts_that_the_wording_names() -> None:
    untold = {
        place: (cls.code, sorted(missing))
        for place, cls, facts in _raised()
        if facts is not None and (missing := _placeholders(cls.code) - facts - OF_THE_DOOR)
    }

    assert untold == {}


@pytest.mark.parametrize("cls", _refusals(), ids=lambda cls: cls.code)
def test_every_refusal_is_answered_by_its_code_in_both_languages(cls: type[DomainError]) -> None:
    facts = dict.fromkeys(_placeholders(cls.code), 7)
    error = cls(**facts)

    problem = document(
        error.code,
        status_of(error),
        facts=error.facts,
        errors=error.errors,
        accept_language="zh-CN",
        request_id="r",
    )

    assert problem.type == f"urn:shushi:problem:{cls.code}"
    # Some are not the caller's fault: a database that is away, a log that can promise nothing, a full lane.
    not_now = ("service_unavailable", "log_behind", "log_stopped", "lane_full")
    assert 400 <= problem.status < 500 or (problem.status == 503 and cls.code in not_now)
    assert problem.title == problem.wording["zh"]
    assert problem.wording["en"] not in ("", cls.code)
    assert "{" not in problem.wording["zh"] + problem.wording["en"]
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", cls.code)
