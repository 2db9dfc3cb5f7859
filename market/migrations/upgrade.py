"""Bring a database to the newest schema, from code, without an ini file."""

from __future__ import annotations

import asyncio
import pathlib

import asyncpg

from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin

_HERE = pathlib.Path(__file__).parent


def sqlalchemy_url(dsn: str) -> str:
    """Return the SQLAlchemy form of a libpq URL."""
    return "postgresql+asyncpg://" + dsn.split("://", 1)[1]


async def upgrade(dsn: str, revision: str = "head") -> None:
    """Apply all revisions up to ``revision``. Does nothing when they are already there."""
    if revision == "head" and await _is_newest(dsn):
        return  # without loading what migrates, which takes longer than the question
    await asyncio.to_thread(_migrate, "upgrade", dsn, revision)


async def downgrade(dsn: str, revision: str) -> None:
    """Undo revisions down to ``revision``. For tests; a running market only goes forward."""
    await asyncio.to_thread(_migrate, "downgrade", dsn, revision)


def _migrate(how: str, dsn: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("sqlalchemy.url", sqlalchemy_url(dsn).replace("%", "%%"))
    getattr(command, how)(config, revision)


def newest() -> str:
    """Return the newest revision there is: their files are named by them, in order."""
    return max(path.name.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*_*.py"))


async def _is_newest(dsn: str) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetchval("SELECT version_num FROM public.schema_version")
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()
    return bool(found == newest())


async def current(db: Database) -> str:
    """Return the revision that the database is at."""
    async with begin(db, system("migrate")) as tx:
        return str(await tx.fetch_value("SELECT version_num FROM public.schema_version"))
