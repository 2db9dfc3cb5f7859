"""Add entries with their payloads, and find them by what they are about."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.audit_log.store.tables import ENTRIES, OUTBOX
from catalog.kernel.db import Row, Tx
from catalog.kernel.statements.db import Write, insertion


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One of many entries as it is stored, without what all of them share."""

    entry_id: uuid.UUID
    subjects: list[str]
    salt: bytes
    payload: bytes
    leaf: bytes


_WAIT_ALL: Final = """
    INSERT INTO audit_log.outbox (entry_id)
    SELECT e.entry_id FROM unnest($1::uuid[]) WITH ORDINALITY AS e (entry_id, place)
     ORDER BY e.place"""
_KEEP_ALL: Final = """
    INSERT INTO audit_log.entries (
        entry_id, at, event, subjects, actor_account_id, actor_party_id, salt, payload, leaf)
    SELECT e.entry_id, $6, $7, ARRAY(SELECT jsonb_array_elements_text(e.subjects::jsonb)),
           $8, $9, e.salt, e.payload, e.leaf
      FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[])
           AS e (entry_id, subjects, salt, payload, leaf)"""


async def append(
    tx: Tx,
    *,
    entry_id: uuid.UUID,
    leaf: bytes,
    at: dt.datetime,
    event: str,
    subjects: list[str],
    actor_account_id: uuid.UUID | None,
    actor_party_id: uuid.UUID | None,
    salt: bytes,
    payload: bytes,
    beside: Sequence[Write],
) -> None:
    """Keep an entry and let it wait for its place, with further writes. Takes no lock.

    It goes to the database with what is written next to it, or as the transaction ends.
    """
    await tx.write_later(
        *beside,
        insertion(OUTBOX, entry_id=entry_id),
        insertion(
            ENTRIES,
            entry_id=entry_id,
            at=at,
            event=event,
            subjects=subjects,
            actor_account_id=actor_account_id,
            actor_party_id=actor_party_id,
            salt=salt,
            payload=payload,
            leaf=leaf,
        ),
    )


async def append_many(
    tx: Tx,
    written: Sequence[Written],
    *,
    at: dt.datetime,
    event: str,
    actor_account_id: uuid.UUID | None,
    actor_party_id: uuid.UUID | None,
    beside: Sequence[Write],
) -> None:
    """Keep entries of one event and actor as ``append`` does each, with further writes."""
    ids = [each.entry_id for each in written]
    await tx.write(
        *beside,
        Write(_WAIT_ALL, (ids,)),
        Write(
            _KEEP_ALL,
            (
                ids,
                [msgspec.json.encode(each.subjects).decode() for each in written],
                [each.salt for each in written],
                [each.payload for each in written],
                [each.leaf for each in written],
                at,
                event,
                actor_account_id,
                actor_party_id,
            ),
        ),
    )


async def add_erased(
    tx: Tx, rows: list[tuple[uuid.UUID, dt.datetime, str, list[str], bytes]]
) -> None:
    """Keep of entries whose payload is lost the leaf and what it tells, so that they are found."""
    for row in rows:
        await tx.execute(
            """INSERT INTO audit_log.entries (entry_id, at, event, subjects, leaf)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT (entry_id) DO NOTHING""",
            *row,
        )


# The index of the log (``log_search``) has them, and what it does not have yet is looked through.
_NAMING: Final = "ANY(ARRAY(SELECT audit_log.entries_naming($1)))"
_NAMES: Final = f"p.entry_id = {_NAMING}"
# What an entry says is read through the view that shows it to nobody else. It is asked for by ids of
# its own: nothing is joined into a view that keeps its secrets before it has found its rows.
_OPEN: Final = f"""(
    SELECT entry_id, actor_party_id, salt, payload FROM audit_log.open_payloads
     WHERE entry_id = {_NAMING}) o"""  # noqa: S608 - our own text
_ENTRY_TABLES: Final = """
    audit_log.entries p LEFT JOIN audit_log.places l USING (entry_id)"""


async def list_placed_about(tx: Tx, subjects: list[str], *, size: int, limit: int) -> list[Row]:
    """Return the entries below a place about any of the subjects, in their places."""
    return await tx.fetch(
        f"""SELECT l.idx, p.leaf, o.actor_party_id, o.salt, o.payload
             FROM audit_log.entries p JOIN audit_log.places l USING (entry_id)
                  LEFT JOIN {_OPEN} USING (entry_id)
            WHERE {_NAMES} AND l.idx < $2 ORDER BY l.idx LIMIT $3""",  # noqa: S608 - our own text
        subjects,
        size,
        limit,
    )


async def count_events_about(tx: Tx, subject: str, event: str) -> int:
    """Return how many entries of one event are about one subject."""
    count: int = await tx.fetch_value(
        f"SELECT count(*) FROM audit_log.entries p WHERE {_NAMES} AND p.event = $2",  # noqa: S608 - our own text
        [subject],
        event,
    )
    return count


async def list_leaves_about(tx: Tx, subject: str, events: list[str], limit: int) -> list[bytes]:
    """Return the leaves of the entries of these events about one subject, oldest first."""
    rows = await tx.fetch(
        f"""SELECT p.leaf FROM audit_log.entries p
            WHERE {_NAMES} AND p.event = ANY($2)
            ORDER BY p.at, p.entry_id LIMIT $3""",  # noqa: S608 - our own text
        [subject],
        events,
        limit,
    )
    return [row["leaf"] for row in rows]


async def find_newest(tx: Tx, event: str) -> Row | None:
    """Return the newest entry of one kind."""
    return await tx.fetch_one(
        """SELECT p.entry_id, p.at, p.event, p.subjects, p.salt, p.payload,
                  l.idx, e.leaf
             FROM (SELECT entry_id, at, event, subjects, salt, payload
                     FROM audit_log.open_payloads WHERE event = $1
                    ORDER BY at DESC, entry_id DESC LIMIT 1) p
                  JOIN audit_log.entries e USING (entry_id)
                  LEFT JOIN audit_log.places l USING (entry_id)""",
        event,
    )


async def list_frequent_actors(
    tx: Tx, *, event: str, since: dt.datetime, at_least: int
) -> list[tuple[uuid.UUID, list[uuid.UUID], int]]:
    """Return accounts that did one kind of thing so often since then, the entries, and how often.

    An entry that stands for several says so itself: ``facts.times``.
    """
    rows = await tx.fetch(
        """SELECT actor_account_id, array_agg(entry_id ORDER BY entry_id) AS entries,
                  sum(times)::bigint AS times
             FROM audit_log.open_payloads CROSS JOIN LATERAL (
                  SELECT coalesce((convert_from(payload, 'UTF8')::jsonb
                                   -> 'facts' ->> 'times')::bigint, 1) AS times) counted
            WHERE at >= $2 AND event = $1 AND actor_account_id IS NOT NULL
            GROUP BY actor_account_id HAVING sum(times) >= $3
            ORDER BY actor_account_id LIMIT 100""",
        event,
        since,
        at_least,
    )
    return [(row["actor_account_id"], row["entries"], row["times"]) for row in rows]


async def list_about_any(tx: Tx, subjects: list[str], limit: int) -> list[Row]:
    """Return the entries about any of the subjects, oldest first."""
    return await tx.fetch(
        f"""SELECT p.entry_id, p.at, p.event, p.subjects, o.salt, o.payload,
                   l.idx, p.leaf
              FROM {_ENTRY_TABLES} LEFT JOIN {_OPEN} USING (entry_id)
             WHERE {_NAMES} ORDER BY p.at, p.entry_id LIMIT $2""",  # noqa: S608 - our own text
        subjects,
        limit,
    )


async def list_covered(
    tx: Tx,
    *,
    size: int,
    since: dt.datetime,
    until: dt.datetime,
    only_since: list[str],
    whenever: list[str],
) -> list[Row]:
    """Return of the first ``size`` entries those older than ``until``, in their places.

    Of the events ``only_since``, those older than ``since`` are left out; those of ``whenever``
    are there however young they are.
    """
    return await tx.fetch(
        """SELECT p.entry_id, p.at, p.event, p.subjects, p.salt, p.payload, l.idx, l.leaf
           FROM audit_log.leaves l JOIN audit_log.open_payloads p USING (entry_id)
           WHERE l.idx < $1
             AND (p.at < $3 AND (p.at >= $2 OR p.event <> ALL($4)) OR p.event = ANY($5))
           ORDER BY l.idx""",
        size,
        since,
        until,
        only_since,
        whenever,
    )


async def list_not_covered(tx: Tx, *, size: int, until: dt.datetime) -> list[Row]:
    """Return event and subjects of the entries older than ``until`` with no place below ``size``."""
    return await tx.fetch(
        """SELECT p.event, p.subjects FROM audit_log.outbox o JOIN audit_log.entries p
               USING (entry_id) WHERE p.at < $2
           UNION ALL
           SELECT p.event, p.subjects FROM audit_log.places l JOIN audit_log.entries p
               USING (entry_id) WHERE l.idx >= $1 AND p.at < $2""",
        size,
        until,
    )
