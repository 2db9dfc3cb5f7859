"""Of each protected reading it is said who remembers it, and what the door remembers goes its way."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

from litestar.handlers import HTTPRouteHandler

from market.http import routes
from market.http.policy import POLICY
from market.http.readings import READINGS, Kept
from market.portal import routes as pages

_READS = {"read", "read_confidential"}


def _handlers() -> dict[str, HTTPRouteHandler]:
    found = {}
    for handler in (*routes.handlers(), *pages.handlers()):
        if "GET" in handler.http_methods:
            for path in handler.paths:
                found[_plain(path)] = handler
    return found


def _plain(path: str) -> str:
    import re

    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def test_the_register_of_readings_has_every_protected_reading_and_no_other() -> None:
    protected = {
        path
        for (method, path), rule in POLICY.items()
        if method == "GET" and rule.permission is not None
    }

    assert set(READINGS) == protected


def test_what_the_door_remembers_is_read_by_the_way_that_remembers() -> None:
    handlers = _handlers()
    astray = {}
    for route, reading in READINGS.items():
        if reading.kept is not Kept.AT_THE_DOOR:
            continue
        called = _called(handlers[route].fn)
        if not called & _READS:
            astray[route] = sorted(called)

    assert astray == {}


def test_a_subject_is_named_only_where_the_address_has_its_id_alone() -> None:
    wrong = [
        route
        for route, reading in READINGS.items()
        if reading.subject is not None and route.count("{") != 1
    ]

    assert wrong == []


def _called(function: Any) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
