"""The arrow, the rooms and the purity of rules, checked on the import graph."""

from __future__ import annotations

import fnmatch
import functools
import pathlib
import subprocess
import sys
import tomllib

import grimp
import pytest

PACKAGES = ("catalog", "settlement", "market", "seeds")

# A file is pure unless its name says otherwise.
TOUCHING_NAMES = frozenset({"store", "queries", "operations", "db", "clock", "disk"})
DOORS = (
    "market.http",
    "market.portal",
    "market.witness",
    "market.monitor",
    "market.jobs",
    "market.cli",
    "market.channels",
    "market.metrics",
    "market.postgres",
    "market.migrations",
    "market.app",
    "market.settings",
    "market.database",
    "market.reference",
    "market.log_lines",
    "market.__main__",
    "seeds",
)
OUTSIDE = ("asyncpg", "sqlalchemy", "litestar", "httpx", "alembic", "uvicorn", "jinja2", "tantivy")


@functools.cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True)


def _is_door(module: str) -> bool:
    return any(module == door or module.startswith(door + ".") for door in DOORS)


def _touches(module: str) -> bool:
    return bool(TOUCHING_NAMES & set(module.split(".")[2:]))


def _ours() -> list[str]:
    return sorted(m for m in graph().modules if m.split(".")[0] in PACKAGES)


def test_the_import_contracts_are_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_a_file_is_pure_unless_its_name_says_otherwise() -> None:
    impure = {}
    for module in _ours():
        if _is_door(module) or _touches(module):
            continue
        for outside in OUTSIDE:
            if outside in graph().modules:
                chain = graph().find_shortest_chain(importer=module, imported=outside)
                if chain:
                    impure[module] = " → ".join(chain)
        for touched in graph().find_modules_directly_imported_by(module):
            if touched in ("os", "socket", "subprocess", "catalog.kernel.clock"):
                impure[module] = f"imports {touched}"

    assert impure == {}


def test_a_store_is_touched_only_from_its_own_room() -> None:
    strangers = {}
    for module in _ours():
        if not (module.endswith(".store") or ".store." in module):
            continue
        room = module.split(".store")[0]
        for importer in graph().find_modules_that_directly_import(module):
            inside = importer.startswith(room + ".")
            if not inside or not {"operations", "queries", "store"} & set(importer.split(".")):
                strangers[importer] = module

    assert strangers == {}


def test_coverage_is_asked_of_exactly_the_pure_files() -> None:
    settings = tomllib.loads(pathlib.Path("pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    wrong = []
    for package in settings["run"]["source"]:
        for path in pathlib.Path(package).rglob("*.py"):
            module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            is_measured = not any(fnmatch.fnmatch(str(path), o) for o in settings["run"]["omit"])
            if is_measured == (_is_door(module) or _touches(module)):
                wrong.append(str(path))

    assert wrong == []
    assert set(PACKAGES) - set(settings["run"]["source"]) <= set(DOORS)
    assert settings["report"]["fail_under"] == 100


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_says_what_it_is_for_and_its_init_holds_nothing_else(package: str) -> None:
    import ast

    for path in pathlib.Path(package).rglob("__init__.py"):
        tree = ast.parse(path.read_text("utf-8"))
        assert ast.get_docstring(tree), f"{path} says nothing"
        assert len(tree.body) == 1, f"{path} holds more than its docstring"
