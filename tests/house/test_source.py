"""What no linter knows: the clock, floats near money, SQL, unfinished marks, machine paths."""

from __future__ import annotations

import ast
import pathlib
import re
import subprocess

import pytest

SOURCES = sorted(
    path
    for package in ("catalog", "settlement", "market", "seeds")
    for path in pathlib.Path(package).rglob("*.py")
)
TOUCHING = {"store.py", "queries.py", "operations.py", "db.py", "clock.py", "disk.py"}


def _calls(path: pathlib.Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_only_the_clock_reads_the_clock() -> None:
    forbidden = re.compile(
        r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|monotonic|perf_counter))$"
    )
    readers = {
        str(path): [call for call in _calls(path) if forbidden.search(call)]
        for path in SOURCES
        if path != pathlib.Path("catalog/kernel/clock.py")
    }

    assert {path: calls for path, calls in readers.items() if calls} == {}


def test_no_float_comes_near_money() -> None:
    offences = []
    for path in pathlib.Path("settlement").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                offences.append(f"{path}:{node.lineno} {node.value}")
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                joins_a_path = "'" in ast.unparse(node)
                if not joins_a_path:
                    offences.append(f"{path}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.Name) and node.id in ("float", "Decimal", "round"):
                offences.append(f"{path}:{node.lineno} {node.id}")

    assert offences == []


def test_sql_stands_only_in_stores_queries_and_migrations() -> None:
    statement = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s", re.IGNORECASE)
    strangers = []
    for path in SOURCES:
        parts = set(path.parts)
        in_its_place = (
            path.name in ("store.py", "queries.py", "db.py")
            or parts & {"store", "queries", "migrations", "postgres"}
            or str(path) == "market/http/health.py"
        )
        if in_its_place:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                continue
            text = node.value
            if (statement.match(text) and "\n" in text) or re.match(r"^\s*SELECT .* FROM ", text):
                strangers.append(f"{path}:{node.lineno}")

    assert strangers == []


def test_nothing_tracked_is_unfinished_or_tells_of_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True)
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImplemented" + r"Error)\b")
    paths = re.compile(r"(?<![\w.])/(wo" + r"rk|far" + r"m)/|pypi\.org|files\.pythonhosted")
    found = []
    for name in listed.stdout.split():
        path = pathlib.Path(name)
        if not path.is_file() or path.suffix in (".png", ".ico", ".woff2", ".gz"):
            continue
        if "assets" in path.parts or "static" in path.parts:
            continue
        text = path.read_text("utf-8", errors="replace")
        if path.suffix == ".py" and marks.search(text):
            found.append(f"{name}: unfinished mark")
        if paths.search(text):
            found.append(f"{name}: machine path or registry")

    assert found == []


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.name == "operations.py" or "operations" in p.parts], ids=str
)
def test_every_operation_is_keyword_only_after_the_transaction(path: pathlib.Path) -> None:
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_"):
            positional = [a.arg for a in node.args.args]
            assert positional[:1] == ["tx"], f"{path}: {node.name} does not take tx first"
            # Two more may stand without names where the call then reads as a sentence.
            assert len(positional) <= 3, f"{path}: {node.name} takes {positional}"


def test_no_two_files_of_tests_have_the_same_name() -> None:
    names = [path.name for path in pathlib.Path("tests").rglob("test_*.py")]

    assert sorted(name for name in set(names) if names.count(name) > 1) == [], (
        "pytest imports them by their names alone, and collects only one"
    )
