"""Say what the tables of the log hold.

An entry is one row, written once: its leaf, its payload, and what both say in plain columns. What waits
(``outbox``) and what stands where (``places``) name it by its id; the views ``waiting`` and ``leaves``
show the leaves with them, to everybody.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA

OUTBOX: Final = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("entry_id", pg.UUID(as_uuid=True), nullable=False),
    schema="audit_log",
)


ENTRIES: Final = sa.Table(
    "entries",
    METADATA,
    sa.Column("entry_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("subjects", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("actor_account_id", pg.UUID(as_uuid=True)),
    sa.Column("actor_party_id", pg.UUID(as_uuid=True)),
    sa.Column("salt", pg.BYTEA),
    sa.Column("payload", pg.BYTEA),
    sa.Column("leaf", pg.BYTEA, nullable=False),
    schema="audit_log",
)


PLACES: Final = sa.Table(
    "places",
    METADATA,
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entry_id", pg.UUID(as_uuid=True), nullable=False),
    schema="audit_log",
)


TILES: Final = sa.Table(
    "tiles",
    METADATA,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hashes", pg.BYTEA, nullable=False),
    schema="audit_log",
)


STATE: Final = sa.Table(
    "state",
    METADATA,
    sa.Column("log_id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", pg.BYTEA, nullable=False),
    sa.Column("frontier", pg.BYTEA, nullable=False),
    schema="audit_log",
)


CHECKPOINTS: Final = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", pg.BYTEA, nullable=False),
    sa.Column("note", pg.BYTEA, nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    schema="audit_log",
)


ORDER_COUNTS: Final = sa.Table(
    "order_counts",
    METADATA,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("entries", sa.BigInteger, nullable=False),
    schema="audit_log",
)


STOPS: Final = sa.Table(
    "stops",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("resumed_at", sa.DateTime(timezone=True)),
    schema="audit_log",
)


KEY_NOTICES: Final = sa.Table(
    "key_notices",
    METADATA,
    sa.Column("entry_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("note", pg.BYTEA, nullable=False),
    schema="audit_log",
)
