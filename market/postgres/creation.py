"""Make a cluster, or check the one that is there (建立数据库集群)."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final

from market.postgres.binaries import LauncherError, libc_locale
from market.postgres.diagnosis import (
    LEAST_FREE_MEGABYTES,
    diagnosed,
    disk_full,
    free_megabytes,
)
from market.postgres.directories import MissingRight

if TYPE_CHECKING:
    from pathlib import Path

    from market.postgres.account import Account
    from market.postgres.binaries import Binaries
    from market.postgres.locks import Place

OWNER: Final = "shushi_owner"
BUILTIN_LOCALE_SINCE: Final = 17


class WrongVersion(LauncherError):
    """The data were written by another major version (数据版本不符)."""

    code = "database_version_mismatch"
    zh = (
        "数据目录 {cluster} 由 PostgreSQL {data_major} 写成，而 {bindir} 中的程序为 "
        "{program_major}。请将 MARKET_PG_BINDIR 设为 {data_major} 版的 bin 目录；"
        "升级须先导出再导入，见 deploy/RUNBOOK.md。"
    )
    en = (
        "The data in {cluster} were written by PostgreSQL {data_major}, and the programs in "
        "{bindir} are version {program_major}. Set MARKET_PG_BINDIR to the bin directory of "
        "version {data_major}; to upgrade, dump and restore as deploy/RUNBOOK.md says."
    )


class NotACluster(LauncherError):
    """The place of the cluster holds something else (目录内容不是数据库)."""

    code = "not_a_database_directory"
    zh = "{cluster} 不为空，也不是 PostgreSQL 数据目录。请移走其中内容，或换用 MARKET_DATA_DIR。"
    en = (
        "{cluster} is not empty and is no PostgreSQL data directory. Move its content away, or "
        "choose another MARKET_DATA_DIR."
    )


def check_or_make_cluster(
    place: Place, programs: Binaries, account: Account, *, sync: bool
) -> None:
    """Make the cluster if there is none; else check that these programs can read it.

    :raises WrongVersion: if another major version wrote it.
    :raises NotACluster: if something else lies there.
    :raises DiskFull: if there is no room for a new one.
    """
    version = place.cluster / "PG_VERSION"
    if version.is_file():
        major = version.read_text().strip()
        if major != str(programs.major):
            raise WrongVersion(
                cluster=place.cluster,
                data_major=major,
                program_major=programs.major,
                bindir=programs.bindir,
            )
        return
    if place.cluster.exists() and any(place.cluster.iterdir()):
        raise NotACluster(cluster=place.cluster)
    if free_megabytes(place.data_dir) < LEAST_FREE_MEGABYTES:
        raise disk_full(place)
    _make_cluster(place, programs, account, sync=sync)


def own(cluster: Path, account: Account) -> None:
    """Give the cluster to the account, if root made it or brought it back from a backup."""
    if account.is_current or cluster.stat().st_uid == account.uid:
        return
    for path in (cluster, *cluster.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def environment() -> dict[str, str]:
    """Return the server's environment: nothing of ours, lest a PG* variable change its mind."""
    inherited = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "HOME")
    kept = {name: os.environ[name] for name in inherited if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": libc_locale(), "TZ": "UTC"}


def _make_cluster(place: Place, programs: Binaries, account: Account, *, sync: bool) -> None:
    """Make the cluster beside its place and move it there: half a cluster is never found."""
    partial = place.data_dir / "postgres.partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        own(partial, account)
    except OSError as error:
        raise MissingRight(path=partial, reason=error.strerror) from error
    descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY)
    try:
        reachable = account.can_enter(partial)
        target = str(partial) if reachable else f"/proc/self/fd/{descriptor}"
        done = account.run(
            _initdb_command(programs, target, sync=sync),
            env=environment(),
            umask=0o077,
            pass_fds=() if reachable else (descriptor,),
        )
    finally:
        os.close(descriptor)
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        place.log.write_text(done.stdout)
        raise diagnosed(place, done.stdout)
    partial.rename(place.cluster)
    if sync:
        descriptor = os.open(place.data_dir, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(descriptor)
        os.close(descriptor)


def _initdb_command(programs: Binaries, target: str, *, sync: bool) -> list[str]:
    command = [
        str(programs.bindir / "initdb"),
        "-D",
        target,
        "-U",
        OWNER,
        "--encoding=UTF8",
    ]
    command += ["--auth-local=trust", "--auth-host=reject", "--data-checksums"]
    command += [f"--locale={libc_locale()}"]
    if programs.major >= BUILTIN_LOCALE_SINCE:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return command if sync else [*command, "--no-sync"]
