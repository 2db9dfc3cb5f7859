"""Read what a key ceremony wrote, and say so where it can not be read (密钥仪式文件)."""

from __future__ import annotations

import functools
import pathlib
from typing import Any

import rich_click as click

from catalog.audit_log.verdict import Unreadable
from catalog.kernel.actor import system
from catalog.kernel.clock import SystemClock
from market.cli import settings_of
from market.settings import Settings

EXIT_CODES = "Exit code 0: done; 1: could not be done, and why; 2: wrong options, or unreadable."
PATH = click.Path(path_type=pathlib.Path)
DATA_DIR = click.option("--data-dir", type=PATH, help="数据目录 · where data lies")
TRANSCRIPT = click.argument("file", metavar="TRANSCRIPT", type=PATH)
_ACTOR = system("ceremony", "key:rotate", "key:distrust")


def bytes_of(path: pathlib.Path) -> bytes:
    """Return what a file holds.

    :raises CouldNotBeDone: if it can not be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise settings_of.CouldNotBeDone(f"{path}: {error.strerror}") from error


def read_transcript(file: pathlib.Path) -> Any:
    """Return a transcript: the file, and what it tells.

    :raises CouldNotBeDone: if it is none.
    """
    from catalog.key_custody import disk

    try:
        return disk.read_transcript(file)
    except Unreadable as error:
        raise settings_of.CouldNotBeDone(str(error)) from error


async def in_log(settings: Settings, work: Any) -> None:
    """Do what the audit log remembers, in the market of these settings."""
    from catalog.kernel.db import run
    from market.cli.connection import open_market

    now = SystemClock().now()
    async with open_market(settings) as market:
        await run(
            market.db,
            _ACTOR,
            functools.partial(work, actor=_ACTOR, now=now),
            must_remember=False,
        )
