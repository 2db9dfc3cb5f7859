"""Find our modules and classes, for the tests of the house."""

from __future__ import annotations

import enum
import functools
import importlib
import pathlib
from typing import Any

PACKAGES = ("catalog", "settlement", "market", "seeds")


@functools.cache
def modules() -> tuple[Any, ...]:
    """Return every module of ours, imported (migrations' revisions excepted)."""
    found = []
    for package in PACKAGES:
        for path in sorted(pathlib.Path(package).rglob("*.py")):
            if "versions" in path.parts or path.name in ("env.py", "__main__.py"):
                continue
            parts = list(path.with_suffix("").parts)
            if parts[-1] == "__init__":
                parts.pop()
            found.append(importlib.import_module(".".join(parts)))
    return tuple(found)


@functools.cache
def subclasses(base: type) -> tuple[type, ...]:
    """Return all classes of ours below ``base``."""
    modules()
    found: dict[str, type] = {}

    def walk(cls: type) -> None:
        for child in cls.__subclasses__():
            if child.__module__.split(".")[0] in PACKAGES:
                found[f"{child.__module__}.{child.__qualname__}"] = child
            walk(child)

    walk(base)
    return tuple(found[name] for name in sorted(found))


def machines() -> list[tuple[str, type[enum.Enum], dict[Any, Any]]]:
    """Return every state machine: its module, its State, its TRANSITIONS."""
    return [
        (module.__name__, module.State, module.TRANSITIONS)
        for module in modules()
        if hasattr(module, "TRANSITIONS") and hasattr(module, "State")
    ]
