"""Bring a database to the newest schema, from code, without an ini file."""

from __future__ import annotations

import asyncio
import pathlib

from alembic import command
from alembic.config import Config

from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin

_HERE = pathlib.Path(__file__).parent


def sqlalchemy_url(dsn: str) -> str:
    """Return the SQLAlchemy form of a libpq URL."""
    return "postgresql+asyncpg://" + dsn.split("://", 1)[1]


def _config(dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(dsn).replace("%", "%%"))
    return config


async def upgrade(dsn: str, revision: str = "head") -> None:
    """Apply all revisions up to ``revision``. Does nothing when they are already there."""
    await asyncio.to_thread(command.upgrade, _config(dsn), revision)


async def downgrade(dsn: str, revision: str) -> None:
    """Undo revisions down to ``revision``. For tests; a running market only goes forward."""
    await asyncio.to_thread(command.downgrade, _config(dsn), revision)


async def current(db: Database) -> str:
    """Return the revision that the database is at."""
    async with begin(db, system("migrate")) as tx:
        return str(await tx.fetch_value("SELECT version_num FROM public.schema_version"))
