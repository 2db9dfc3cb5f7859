"""Reach the market's database from the command line: the embedded server or ``DATABASE_URL``."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import msgspec

from catalog.kernel.clock import SystemClock
from catalog.kernel.db import Database
from market.app import database
from market.migrations.upgrade import upgrade
from market.postgres import cluster
from market.reference import load_reference
from market.settings import Settings


class OpenMarket(msgspec.Struct, frozen=True):
    """A database that is up and at the newest schema, and the settings that reach it."""

    settings: Settings
    db: Database


@contextlib.asynccontextmanager
async def open_market(settings: Settings) -> AsyncIterator[OpenMarket]:
    """Start or adopt the database, bring it up to date, and close it again.

    A server that another process of ours started is only borrowed and keeps running.
    """
    server = None
    if settings.database_url is None:
        server = await cluster.ensure_running(settings.data_dir, bindir=settings.pg_bindir)
        settings = msgspec.structs.replace(
            settings, database_url=server.dsn("shushi"), separate_logins=True
        )
    assert settings.database_url is not None
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    await upgrade(settings.database_url)
    db = database(settings)
    try:
        await load_reference(db, now=SystemClock().now())
        yield OpenMarket(settings, db)
    finally:
        await db.close()
        if server is not None:
            await cluster.stop(server)
