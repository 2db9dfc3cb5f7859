"""Programs that nobody here wrote, fetched from their registries at pinned versions (外部工具)."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

_HERE = pathlib.Path(__file__).parent / "foreign"
_PATIENCE_SECONDS = 120


def npm(into: pathlib.Path) -> pathlib.Path:
    """Install what ``foreign/package-lock.json`` names; skip, saying why, where that can not be."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, into)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    _install(command, into, "package-lock.json")
    return into


def python_packages(into: pathlib.Path, pinned: str) -> dict[str, str]:
    """Install what a file of ``foreign/`` names; return the environment in which it is found."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary"]
    command += [":all:", "--disable-pip-version-check", "--require-hashes"]
    command += ["--target", str(into), "--requirement", str(_HERE / pinned)]
    _install(command, into, pinned)
    return {**os.environ, "PYTHONPATH": str(into)}


def _install(command: list[str], folder: pathlib.Path, what: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what}: the registry did not answer in time")
    if done.returncode:
        pytest.skip(f"{what} can not be installed: {done.stderr.strip()[-300:]}")


def node(folder: pathlib.Path, script: str, given: Any) -> Any:
    """Run a module that reads JSON from its standard input and prints JSON."""
    path = folder / "script.mjs"
    path.write_text(script)
    done = subprocess.run(
        ["node", str(path)],
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
