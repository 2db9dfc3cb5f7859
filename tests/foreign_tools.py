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
GO_LIBRARY = pathlib.Path("/usr/share/gocode")  # Debian's golang-golang-x-mod-dev


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


def program(name: str, package: str) -> str:
    """Return where a program lies; skip, saying which package has it, where it is not."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"no {name}: apt install {package}")
    return found


def go_program(place: pathlib.Path) -> pathlib.Path:
    """Build the small Go program of ``foreign/gocheck`` without any network; skip where there is no Go."""
    go = shutil.which("go")
    if go is None or not (GO_LIBRARY / "src/golang.org/x/mod/sumdb/note").is_dir():
        pytest.skip("no Go, or no golang.org/x/mod: apt install golang-go golang-golang-x-mod-dev")
    environment = {
        **os.environ,
        "GOPATH": str(GO_LIBRARY),
        "GO111MODULE": "off",
        "GOPROXY": "off",
        "GOFLAGS": "",
        "GOCACHE": str(place / "cache"),
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        [go, "build", "-o", str(place / "gocheck"), str(_HERE / "gocheck" / "main.go")],
        env=environment,
        check=True,
        timeout=170,
    )
    return place / "gocheck"


def accepts(gocheck: pathlib.Path, *arguments: object) -> bool:
    """Tell whether the Go program accepts what it is shown."""
    done = subprocess.run(
        [str(gocheck), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    assert (done.stdout == "ok\n") is (done.returncode == 0)
    return done.returncode == 0
