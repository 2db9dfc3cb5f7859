"""The demo is told once for all tests that look at what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.terminal import demo


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What ``market demo`` said. Its data directory is only looked at; who changes it takes a copy."""
    return demo(tmp_path_factory.mktemp("demo") / "data")
