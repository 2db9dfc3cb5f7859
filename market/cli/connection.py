"""Reach the market's database from the command line: the embedded server or ``DATABASE_URL``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Final

import asyncpg
import msgspec

from catalog.kernel.clock import SystemClock
from market.postgres import cluster
from market.postgres.binaries import LauncherError
from market.postgres.directories import made
from market.settings import Settings

# What speaks to the database is loaded while the server starts: it takes a third of a second.
if TYPE_CHECKING:
    from catalog.kernel.db import Database

_OLDEST: Final = 150_000  # PostgreSQL 15, as ``server_version_num`` writes it


class DatabaseUnreachable(LauncherError):
    """Nothing answers at ``DATABASE_URL`` that lets us in (连接不上)."""

    code = "database_unreachable"
    zh = "无法连接 DATABASE_URL 所指的数据库：{reason}"
    en = "The database that DATABASE_URL names can not be reached: {reason}"


class DatabaseTooOld(LauncherError):
    """The server is older than the product needs (版本过旧)."""

    code = "database_too_old"
    zh = "DATABASE_URL 所指的 PostgreSQL 版本为 {version}，需要 15 或更高版本。"
    en = "DATABASE_URL names a PostgreSQL {version}; 15 or newer is needed."


class DatabaseNotMigrated(LauncherError):
    """The login may not make what the schema needs (无法升级结构)."""

    code = "database_not_migrated"
    zh = "无法把数据库升级到新结构：{reason}。DATABASE_URL 的登录账号须拥有该数据库并可建立角色。"
    en = (
        "The database could not be brought to the newest schema: {reason}. The login of "
        "DATABASE_URL must own the database and may create roles."
    )


class OpenMarket(msgspec.Struct, frozen=True):
    """A database that is up and at the newest schema, and the settings that reach it."""

    settings: Settings
    db: Database


@contextlib.asynccontextmanager
async def open_market(
    settings: Settings, *, meanwhile: Callable[[], None] | None = None
) -> AsyncIterator[OpenMarket]:
    """Start or adopt the database, bring it up to date, and close it again.

    A server that another process of ours started is only borrowed and keeps running. ``meanwhile``
    is done while a server of ours starts, and repairs what a crash left.
    """
    server = None
    if settings.database_url is None:
        server = await _server(settings, meanwhile)
        settings = msgspec.structs.replace(
            settings, database_url=server.dsn("shushi"), separate_logins=True
        )
    else:
        await _check_server(settings.database_url)
    assert settings.database_url is not None
    made(settings.data_dir)

    from sqlalchemy.exc import DBAPIError

    from market.database import database
    from market.migrations.upgrade import upgrade
    from market.reference import load_reference

    try:
        await upgrade(settings.database_url)
    except DBAPIError as error:
        raise DatabaseNotMigrated(reason=error.orig) from error
    db = database(settings)
    try:
        await load_reference(db, now=SystemClock().now())
        yield OpenMarket(settings, db)
    finally:
        await db.close()
        if server is not None:
            await cluster.stop(server)


async def _server(settings: Settings, meanwhile: Callable[[], None] | None) -> cluster.Server:
    starting = asyncio.create_task(
        cluster.ensure_running(settings.data_dir, bindir=settings.pg_bindir)
    )
    await asyncio.sleep(0)  # from here on a thread of its own starts it
    import market.reference  # noqa: F401

    if meanwhile is not None:
        meanwhile()
    return await starting


async def _check_server(url: str) -> None:
    if not url.startswith(("postgresql://", "postgres://")):
        raise DatabaseUnreachable(reason="postgresql://user@host/database is expected")
    try:
        connection = await asyncpg.connect(url, timeout=15)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachable(reason=error or type(error).__name__) from error
    try:
        number = int(await connection.fetchval("SHOW server_version_num"))
        version = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    if number < _OLDEST:
        raise DatabaseTooOld(version=version)
