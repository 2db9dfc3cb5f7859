"""Turn what the server says into an error that tells a person what to do (诊断)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from market.postgres.binaries import LauncherError
from market.postgres.directories import MissingRight
from market.postgres.locks import InUseElsewhere, Place
from market.postgres.running import pid_text

if TYPE_CHECKING:
    from pathlib import Path

LEAST_FREE_MEGABYTES: Final = 200


class DiskFull(LauncherError):
    """There is no room left (磁盘已满)."""

    code = "disk_full"
    zh = (
        "{path} 所在磁盘空间不足：剩余 {free_megabytes} MB，至少需要 {needed_megabytes} MB。"
        "请释放空间后重试；已有数据未受影响。"
    )
    en = (
        "The disk of {path} is full: {free_megabytes} MB are free, at least {needed_megabytes} MB "
        "are needed. Free some space and start again; existing data are not harmed."
    )


class StartFailed(LauncherError):
    """The server said why it did not start (启动失败)."""

    code = "database_start_failed"
    zh = "数据库未能启动。数据库的说明：\n{reason}\n完整日志：{log}"
    en = "The database did not start. It said what stands above; the whole log is in {log}"


def diagnosed(place: Place, said: str) -> LauncherError:
    """Return the error that the server's own words mean."""
    if "No space left on device" in said or free_megabytes(place.data_dir) < 1:
        return disk_full(place)
    if "Permission denied" in said or "Read-only file system" in said:
        return MissingRight(path=place.cluster, reason=said.strip().splitlines()[-1])
    if "BlockingIOError" in said or "is still in use" in said or '"postmaster.pid" already' in said:
        return InUseElsewhere(data_dir=place.data_dir, pid=pid_text(place))
    return StartFailed(reason=said.strip() or "-", log=place.log)


def disk_full(place: Place) -> DiskFull:
    """Return the error with what is left of the disk."""
    return DiskFull(
        path=place.data_dir,
        free_megabytes=free_megabytes(place.data_dir),
        needed_megabytes=LEAST_FREE_MEGABYTES,
    )


def free_megabytes(path: Path) -> int:
    """Return how much an ordinary user may still write."""
    return shutil.disk_usage(path).free // (1024 * 1024)
