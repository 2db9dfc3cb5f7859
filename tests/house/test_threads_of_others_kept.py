"""Each complaint of others that we know of has a test that names its thread, or a reason that can be read."""

from __future__ import annotations

import ast
import pathlib
import re
import tomllib

import pytest

TABLE = tomllib.loads((pathlib.Path(__file__).parent / "threads_of_others.toml").read_text("utf-8"))
THREADS = {thread: kept for part in TABLE.values() for thread, kept in part.items()}
TESTED = [
    (thread, test)
    for thread, kept in THREADS.items()
    for test in ([kept] if isinstance(kept, str) else kept)
    if "::" in test
]


@pytest.mark.parametrize(("thread", "test"), TESTED)
def test_a_thread_has_its_test_which_names_it(thread: str, test: str) -> None:
    path, _, name = test.partition("::")
    text = pathlib.Path(path).read_text("utf-8")
    number = thread.partition("#")[2]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)

    assert name in {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, functions)}
    assert re.search(rf"#{number}\b", text), f"{path} does not name {thread}"


def test_a_thread_without_a_test_has_a_reason() -> None:
    reasons = [kept for kept in THREADS.values() if isinstance(kept, str) and "::" not in kept]

    assert all(len(reason.split()) >= 5 for reason in reasons)
    assert 0 < len(reasons) < 3 < len(TESTED)


def test_a_thread_is_named_by_repository_and_number() -> None:
    assert all(re.fullmatch(r"[\w./-]+( \w+)? #\d+", thread) for thread in THREADS)
