"""Keep the index of the log, and search it.

Every index has the time and the place behind what is looked for, so that a page is read from where
it begins and no further. Row-level security lets PostgreSQL use an index only where the comparison
can tell nothing to anybody (``leakproof``): equality and order of ids, texts, instants and numbers
are such, the membership of arrays is none.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx

_INSTANT: Final = sa.DateTime(timezone=True)
_UUID: Final = pg.UUID(as_uuid=True)

ENTRIES: Final = sa.Table(
    "search_entries",
    METADATA,
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entry_id", _UUID, nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("actor_account_id", _UUID),
    sa.Column("actor_party_id", _UUID),
    schema="audit_log",
)
SUBJECTS: Final = sa.Table(
    "search_subjects",
    METADATA,
    sa.Column("subject", _UUID, primary_key=True),
    sa.Column("at", _INSTANT, primary_key=True),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event", sa.Text, primary_key=True),
    schema="audit_log",
)
STATE: Final = sa.Table(
    "search_state",
    METADATA,
    sa.Column("log_id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    schema="audit_log",
)

Place = tuple[dt.datetime, int]


async def lock_size(tx: Tx) -> int:
    """Return how much of the log is indexed, and keep every other indexer out."""
    size: int = await tx.fetch_value("SELECT size FROM audit_log.search_state FOR UPDATE")
    return size


async def get_size(tx: Tx) -> int:
    """Return how much of the log is indexed."""
    size: int = await tx.fetch_value("SELECT size FROM audit_log.search_state")
    return size


async def index(tx: Tx, start: int, limit: int) -> int:
    """Index up to ``limit`` entries of the log from ``start`` on; return how many."""
    added = await tx.fetch_value(
        """WITH batch AS MATERIALIZED (
               SELECT l.idx, p.entry_id, p.at, p.event, p.subjects, p.actor_account_id,
                      p.actor_party_id
                 FROM audit_log.places l JOIN audit_log.entries p USING (entry_id)
                WHERE l.idx >= $1 AND l.idx < $1 + $2
           ), entries AS (
               INSERT INTO audit_log.search_entries
                      (idx, entry_id, at, event, actor_account_id, actor_party_id)
               SELECT idx, entry_id, at, event, actor_account_id, actor_party_id
                 FROM batch ORDER BY idx
           ), subjects AS (
               INSERT INTO audit_log.search_subjects (subject, at, idx, event)
               SELECT DISTINCT audit_log.subject_key(s.key), b.at, b.idx, b.event
                 FROM batch b CROSS JOIN LATERAL unnest(b.subjects) AS s (key)
           )
           SELECT count(*) FROM batch""",
        start,
        limit,
    )
    await tx.execute("UPDATE audit_log.search_state SET size = $1", start + added)
    return int(added)


async def opens_subject(tx: Tx, kind: str, identifier: str) -> bool:
    """Tell whether a thing is the acting party's own, or a case that is open to who acts."""
    found: bool = await tx.fetch_value("SELECT audit_log.opens_subject($1, $2)", kind, identifier)
    return found


async def supervises(tx: Tx) -> bool:
    """Tell whether the acting party delegates any operator (HN-05)."""
    found: bool = await tx.fetch_value("SELECT catalog.supervises(NULL)")
    return found


async def acts_for_a_house(tx: Tx) -> bool:
    """Tell whether the acting party operates the market, or supervises it."""
    found: bool = await tx.fetch_value("SELECT audit_log.acts_for_a_house()")
    return found


# What every search has: the bounds of time, the place where the last page ended, the log's size.
_WITHIN: Final = """
    x.idx < $1 AND ($2::timestamptz IS NULL OR x.at >= $2)
    AND ($3::timestamptz IS NULL OR x.at < $3)
    AND ($4::timestamptz IS NULL OR (x.at, x.idx) < ($4, $5::bigint))"""
_NEWEST: Final = "ORDER BY x.at DESC, x.idx DESC LIMIT $6"


_ENTRIES: Final = "audit_log.search_entries"
_SUBJECTS: Final = "audit_log.search_subjects"


def _of_events(table: str, holds: str, more: str = "") -> str:
    """Return the newest of each event that is asked for, and of those the newest."""
    return f"""
        SELECT x.at, x.idx, x.event FROM asked CROSS JOIN LATERAL (
               SELECT x.at, x.idx, x.event FROM {table} x
                WHERE {holds} AND x.event = asked.event {more} AND {_WITHIN} {_NEWEST}) x
         {_NEWEST}"""  # noqa: S608 - our own texts


def _of_a_key(table: str, column: str, more: str) -> str:
    # One index has the event before the time. Who asks for no event gets those that there are of
    # this key, found by leaping from one to the next.
    holds = f"x.{column} = $8::uuid"
    leap = f"SELECT x.event FROM {table} x WHERE {holds}"  # noqa: S608 - our own texts
    return f"""
        WITH RECURSIVE there (event) AS (
            SELECT event FROM ({leap} ORDER BY x.event LIMIT 1) first WHERE $7::text[] IS NULL
            UNION ALL
            SELECT next.event FROM there CROSS JOIN LATERAL (
                {leap} AND x.event > there.event ORDER BY x.event LIMIT 1) next
        ), asked (event) AS (SELECT event FROM there UNION ALL SELECT unnest($7::text[]))
        {_of_events(table, holds, more)}"""  # noqa: S608 - our own texts


# All forms take the same arguments: $7 events, $8 the key, $9 who acted or for whom.
_UNUSED: Final = "AND $9::uuid IS NULL"
_NO_KEY: Final = f"$8::uuid IS NULL {_UNUSED}"
# Event and time say the same of both, and let it begin with whichever of the two has less.
_ACTED: Final = """
    AND EXISTS (SELECT 1 FROM audit_log.search_entries a
                 WHERE a.idx = x.idx AND a.event = x.event AND a.at = x.at
                   AND a.actor_account_id = $9::uuid)"""
_FORMS: Final = {
    "all": f"""
        SELECT x.at, x.idx, x.event FROM {_ENTRIES} x
         WHERE {_NO_KEY} AND $7::text[] IS NULL AND {_WITHIN} {_NEWEST}""",  # noqa: S608 - our own texts
    "events": "WITH asked (event) AS (SELECT unnest($7::text[]))" + _of_events(_ENTRIES, _NO_KEY),
    "account": _of_a_key(_ENTRIES, "actor_account_id", _UNUSED),
    "account_of_party": _of_a_key(_ENTRIES, "actor_account_id", "AND x.actor_party_id = $9::uuid"),
    "party": _of_a_key(_ENTRIES, "actor_party_id", _UNUSED),
    "subject": _of_a_key(_SUBJECTS, "subject", _UNUSED),
    "subject_and_actor": _of_a_key(_SUBJECTS, "subject", _ACTED),
}


async def find_places(
    tx: Tx,
    *,
    form: str,
    key: uuid.UUID | None,
    further: uuid.UUID | None,
    events: list[str] | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    before: Place | None,
    size: int,
    limit: int,
) -> list[Row]:
    """Return where the newest entries stand that fit, after the place where the last page ended."""
    # Each search is planned for what it asks: a party has ten entries or ten million.
    await tx.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    at, idx = before or (None, None)
    return await tx.fetch(_FORMS[form], size, since, until, at, idx, limit, events, key, further)


async def read_leaves(tx: Tx, places: list[int]) -> dict[int, Row]:
    """Return what stands in the log at these places."""
    rows = await tx.fetch(
        "SELECT idx, entry_id, leaf FROM audit_log.leaves WHERE idx = ANY($1)", places
    )
    return {row["idx"]: row for row in rows}


async def read_actors(tx: Tx, places: list[int]) -> dict[int, Row]:
    """Return who acted, where the second wall tells it to the acting one."""
    rows = await tx.fetch(
        """SELECT idx, actor_account_id, actor_party_id FROM audit_log.search_entries
            WHERE idx = ANY($1)""",
        places,
    )
    return {row["idx"]: row for row in rows}


async def read_payloads(tx: Tx, entries: list[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """Return the payloads that are open to the acting one, and not erased."""
    rows = await tx.fetch(
        """SELECT entry_id, salt, payload FROM audit_log.open_payloads
            WHERE entry_id = ANY($1) AND payload IS NOT NULL""",
        entries,
    )
    return {row["entry_id"]: row for row in rows}
