"""Say how a struct of this room becomes a row, and how two who ask at once take turns."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx

S = TypeVar("S", bound=msgspec.Struct)

INSTANT: Final = sa.DateTime(timezone=True)

# Columns that are JSON; everything else is stored as it stands in the struct.
_JSON: Final = frozenset(
    {
        "form",
        "must_change",
        "dossier",
        "conflicts",
        "reasons",
        "items",
        "overridden_targets",
        "grounds",
    }
)


def table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """Describe a table of the register."""
    return sa.Table(name, METADATA, *columns, schema="catalog")


def must(name: str, kind: Any) -> sa.Column[Any]:
    """Describe a column that always has a value."""
    return sa.Column(name, kind, nullable=False)


def values_of(record: msgspec.Struct) -> dict[str, Any]:
    """Return the columns of a record."""
    values = msgspec.structs.asdict(record)
    return {
        name: msgspec.to_builtins(value) if name in _JSON else _plain(value)
        for name, value in values.items()
    }


def struct_of(row: Row, kind: type[S]) -> S:
    """Return a row as a struct of ``kind``."""
    return msgspec.convert(dict(row), kind)


async def take_turns(tx: Tx, *about: object) -> None:
    """Wait until nobody else asks ``about`` this: two must not both hear that nothing is there."""
    key = "/".join(str(part) for part in about)
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)


def _plain(value: Any) -> Any:
    # asyncpg takes a StrEnum for the text it is; only its plain value is wanted in the row.
    return str(value) if isinstance(value, str) else value
