"""Run the revisions over asyncpg, under one advisory lock so that two starts can not race."""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_LOCK = 735_110_201


def _migrate(connection: Any) -> None:
    context.configure(connection=connection, target_metadata=None, version_table="schema_version")
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        context.run_migrations()


async def _run() -> None:
    engine = create_async_engine(
        str(context.config.get_main_option("sqlalchemy.url")), poolclass=NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


asyncio.run(_run())
