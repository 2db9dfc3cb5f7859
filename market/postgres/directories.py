"""Lay out the data directory, and find a place that is short enough for a socket (目录)."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from market.postgres.binaries import LauncherError

if TYPE_CHECKING:
    from market.postgres.account import Account

PORT: Final = 5432  # only the name of the socket: there is no network port
# sun_path holds 108 bytes on Linux and 104 on macOS, with the closing NUL.
LONGEST_SOCKET_PATH: Final = 103 if sys.platform == "darwin" else 107
SOCKET_PREFIX: Final = "shushi-"


class MissingRight(LauncherError):
    """The system lets us not write where we must (权限不足)."""

    code = "data_directory_not_writable"
    zh = "无法写入 {path}：{reason}。请更改目录权限，或用 MARKET_DATA_DIR 指定可写的目录。"
    en = (
        "Can not write to {path}: {reason}. Change the rights of the directory, or set "
        "MARKET_DATA_DIR to one that you may write."
    )


def made(data_dir: Path) -> Path:
    """Return the directory, made if it was absent; what lies in it protects itself.

    As root others may walk through it (not list it), since the server's user must.

    :raises MissingRight: if it can not be made or written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise MissingRight(path=data_dir, reason=error.strerror) from error
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        raise MissingRight(path=data_dir, reason=os.strerror(13))
    return data_dir


def socket_dir(cluster: Path, account: Account, *, reachable: bool) -> tuple[Path, bool]:
    """Return the directory for the socket, and whether it is a temporary one.

    It is the cluster itself, unless its path is too long for a socket, holds a character that
    connection strings give a meaning to, or can not be walked to by the server's user.
    """
    if reachable and _fits(cluster) and not set(str(cluster)) & set(",\"'\\@"):
        return cluster, False
    for base in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp is private and new
        if _fits(Path(base) / (SOCKET_PREFIX + "12345678")):
            made_dir = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=base))
            if not account.is_current:
                os.chown(made_dir, account.uid, account.gid)
            return made_dir, True
    raise MissingRight(path=tempfile.gettempdir(), reason="TMPDIR is too long for a socket")


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH
