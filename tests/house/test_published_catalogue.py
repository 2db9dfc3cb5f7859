"""What is published of the illegal writes is what is tried."""

from __future__ import annotations

from tests.illegal_writes.catalogue import PUBLISHED, attempts, render


def test_the_published_catalogue_of_illegal_writes_is_current() -> None:
    assert PUBLISHED.read_text("utf-8") == render(), "run python -m tests.illegal_writes"


def test_no_attempt_is_told_twice_under_one_name() -> None:
    names = [what for _, what, _, _ in attempts()]

    assert len(names) >= 40
    assert [name for name in names if names.count(name) > 1] == []
