"""Choose the system user who runs the database: PostgreSQL refuses to run as root (系统用户)."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from market.postgres.binaries import LauncherError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# "postgres" comes with a packaged PostgreSQL; "nobody" is on every Unix.
SERVANTS: Final = ("postgres", "nobody")


class NoAccountToRunAs(LauncherError):
    """We are root, and there is nobody to hand the database to (没有可用的系统用户)."""

    code = "postgres_account_missing"
    zh = (
        "PostgreSQL 不能以 root 身份运行，而本机既没有 postgres 用户也没有 nobody 用户"
        "（或数据目录属于未知用户 {uid}）。请建立 postgres 用户，或以普通用户启动。"
    )
    en = (
        "PostgreSQL refuses to run as root, and this machine has neither a postgres nor a nobody "
        "user (or the data belong to an unknown user {uid}). Create the user postgres, or start "
        "as an ordinary user."
    )


class NotOurDirectory(LauncherError):
    """The cluster belongs to another user (数据目录属于其他用户)."""

    code = "data_directory_of_another_user"
    zh = "数据目录 {path} 属于系统用户 {owner}，当前用户为 {user}。请以 {owner} 身份启动。"
    en = (
        "The data in {path} belong to the system user {owner}, and you are {user}. Start as "
        "{owner}, or choose another MARKET_DATA_DIR."
    )


@dataclass(frozen=True)
class Account:
    """Name a system user, and whether we already are this user."""

    name: str
    uid: int
    gid: int
    is_current: bool

    def run(
        self, command: Sequence[str | Path], **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a short command as this user, with its output captured and an innocuous directory."""
        if not self.is_current:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(  # noqa: S603 - our own commands, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            text=True,
            errors="replace",
            check=False,
            **options,
        )

    def can_enter(self, directory: Path) -> bool:
        """Return whether this user gets through all parents of a directory and into it."""
        return self.is_current or self.run(["test", "-x", str(directory)]).returncode == 0


def account_for(cluster: Path) -> Account:
    """Return who runs the cluster: ourselves, or for root its owner, ``postgres`` or ``nobody``.

    :raises NoAccountToRunAs: if we are root and there is none.
    :raises NotOurDirectory: if we are an ordinary user and the cluster is someone else's.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    me = os.geteuid()
    if me != 0:
        if owner not in (None, me):
            raise NotOurDirectory(path=cluster, owner=_name(owner), user=_name(me))
        return Account(_name(me), me, os.getegid(), is_current=True)
    for candidate in (owner,) if owner else SERVANTS:
        try:
            entry = (
                pwd.getpwnam(candidate) if isinstance(candidate, str) else pwd.getpwuid(candidate)
            )
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, is_current=False)
    raise NoAccountToRunAs(uid=owner or "?")


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid).pw_name if uid is not None else "?"
    except KeyError:
        return str(uid)
