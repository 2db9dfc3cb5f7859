"""Give out the serials of certificates and of national codes (编号、赋码)."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx

CERTIFICATE_SERIALS: Final = sa.Table(
    "certificate_serials",
    METADATA,
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("last_serial", sa.Integer, nullable=False),
    schema="catalog",
)


CODE_SERIALS: Final = sa.Table(
    "code_serials",
    METADATA,
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("last_serial", sa.Integer, nullable=False),
    schema="catalog",
)


async def next_serial(tx: Tx, year: int) -> int:
    """Return the next serial of ``year``; the row is held, so none is skipped or doubled."""
    serial: int = await tx.fetch_value(
        """
        INSERT INTO catalog.certificate_serials (year, last_serial) VALUES ($1, 1)
        ON CONFLICT (year) DO UPDATE SET last_serial = certificate_serials.last_serial + 1
        RETURNING last_serial""",
        year,
    )
    return serial


async def next_of_series(tx: Tx, series: str, *, most: int) -> int | None:
    """Return the next serial of a series, None if all are used; the row is held, so none is skipped."""
    serial: int | None = await tx.fetch_value(
        """
        INSERT INTO catalog.code_serials (series, last_serial) VALUES ($1, 1)
        ON CONFLICT (series) DO UPDATE SET last_serial = code_serials.last_serial + 1
            WHERE code_serials.last_serial < $2
        RETURNING last_serial""",
        series,
        most,
    )
    return serial
