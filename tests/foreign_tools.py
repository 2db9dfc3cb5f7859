"""Programs that nobody here wrote, fetched from their registries at pinned versions (外部工具)."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
from typing import Any

import pytest

JOSE = "jose@6.2.17"
BITSTRING = "@digitalbazaar/bitstring@3.1.0"


def npm(into: pathlib.Path, *packages: str) -> pathlib.Path:
    """Install packages; skip, saying why, where there is no npm or no registry."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    (into / "package.json").write_text('{"private": true, "type": "module"}')
    done = subprocess.run(
        ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *packages],
        cwd=into,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"npm can not install {packages}: {done.stderr[-300:]}")
    return into


def node(folder: pathlib.Path, script: str, given: Any) -> Any:
    """Run a module that reads JSON from its first argument and prints JSON."""
    path = folder / "script.mjs"
    path.write_text(script)
    done = subprocess.run(
        ["node", str(path), json.dumps(given)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
