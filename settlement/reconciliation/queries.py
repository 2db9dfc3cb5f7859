"""Read statement files, breaks, and whether a channel's clearing account is explained (对账)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.kernel.workdays import Calendar, count_working_days
from settlement.payments.channel import ChannelEvent, EventKind
from settlement.reconciliation import store
from settlement.reconciliation.model import Break, Gate, StatementFile
from settlement.reconciliation.states import State

_STATED: Final = """
    SELECT coalesce(sum(CASE l.move WHEN 'pay_in' THEN l.amount_fen ELSE -l.amount_fen END
                        - l.fee_fen), 0)::bigint AS stated
      FROM settlement.statement_lines l
      JOIN settlement.statement_files s ON s.id = l.file_id AND s.reconciled_at IS NOT NULL
     WHERE l.channel = $1 AND l.outcome = 'succeeded'"""
_NOT_STATED: Final = f"""
    SELECT coalesce(sum(CASE f.move WHEN 'pay_in' THEN f.amount_fen ELSE -f.amount_fen END),
                    0)::bigint
      FROM ({store.FACTS}) f
     WHERE NOT EXISTS (
            SELECT FROM settlement.statement_files s
             WHERE s.channel = $1 AND s.reconciled_at IS NOT NULL
               AND s.stated_on = (f.at AT TIME ZONE 'Asia/Shanghai')::date)
       AND NOT EXISTS (
            SELECT FROM settlement.statement_lines l
              JOIN settlement.statement_files s ON s.id = l.file_id
             WHERE s.reconciled_at IS NOT NULL AND l.channel = $1 AND l.move = f.move
               AND l.transaction_id = f.transaction_id)""".replace("$2", "$1")  # noqa: S608 - parts of our own


async def list_files(
    tx: Tx,
    *,
    viewer: Actor,
    channel: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[StatementFile]:
    """Return a page of statement files, the newest first.

    :raises NotPermitted: if the viewer reads no reconciliation.
    """
    viewer.require("reconciliation:read")
    query = paging.fingerprint("statement_files", channel)
    rows = await tx.fetch(
        store.SELECT_FILE
        + """
         WHERE ($1::text IS NULL OR channel = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        channel,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, [store.file_of(row) for row in rows], limit)


async def cleared_until(tx: Tx, *, viewer: Actor, day: dt.date) -> dict[str, int]:
    """Return by channel what it holds for us at the end of a day, by the ledger, in all books.

    :raises NotPermitted: if the viewer reads no reconciliation.
    """
    viewer.require("reconciliation:read")
    return await store.cleared_until(tx, day)


async def list_unreconciled(tx: Tx, *, limit: int) -> list[StatementFile]:
    """Return files that were loaded and not compared yet, the oldest day first."""
    rows = await tx.fetch(
        store.SELECT_FILE + " WHERE reconciled_at IS NULL ORDER BY stated_on, id LIMIT $1",
        limit,
    )
    return [store.file_of(row) for row in rows]


async def list_told(tx: Tx, file: StatementFile, *, limit: int) -> list[ChannelEvent]:
    """Return what a file tells of payments whose channel did not tell it otherwise (到账).

    For channels that tell by their file alone.
    """
    rows = await tx.fetch(
        """SELECT l.transaction_id, l.reference, l.amount_fen, l.happened_at
             FROM settlement.statement_lines l
             JOIN settlement.payments p ON p.channel = l.channel AND p.reference = l.reference
             LEFT JOIN settlement.channel_events e
               ON e.channel = l.channel AND e.event_id = 'line-' || l.transaction_id
            WHERE l.file_id = $1 AND l.move = 'pay_in' AND l.outcome = 'succeeded'
              AND e.event_id IS NULL
              AND p.channel_transaction_id IS DISTINCT FROM l.transaction_id
            ORDER BY l.number LIMIT $2""",
        file.id,
        limit,
    )
    return [
        ChannelEvent(
            event_id=f"line-{row['transaction_id']}",
            kind=EventKind.SUCCEEDED,
            reference=row["reference"],
            amount_fen=row["amount_fen"],
            currency="CNY",
            channel_transaction_id=row["transaction_id"],
            happened_at=row["happened_at"],
        )
        for row in rows
    ]


async def list_charged_back(tx: Tx, file: StatementFile, *, limit: int) -> list[ChannelEvent]:
    """Return what a file tells of charge-backs that are over and not lost here yet (拒付).

    Of each that it was opened, in case nobody told that, and that it was lost.
    """
    rows = await tx.fetch(
        """SELECT l.transaction_id, l.reference, l.amount_fen, l.happened_at
             FROM settlement.statement_lines l
            WHERE l.file_id = $1 AND l.move = 'chargeback' AND l.outcome = 'succeeded'
              AND NOT EXISTS (
                    SELECT FROM settlement.channel_events e
                     WHERE e.channel = l.channel AND e.event_id = 'line-l-' || l.transaction_id)
              AND NOT EXISTS (
                    SELECT FROM settlement.chargebacks c
                     WHERE c.channel = l.channel AND c.case_number = l.transaction_id
                       AND c.state = 'lost')
            ORDER BY l.number LIMIT $2""",
        file.id,
        limit,
    )
    return [
        ChannelEvent(
            event_id=f"line-{letter}-{row['transaction_id']}",
            kind=kind,
            reference=row["reference"],
            amount_fen=row["amount_fen"],
            currency="CNY",
            channel_transaction_id=row["transaction_id"],
            happened_at=row["happened_at"],
        )
        for row in rows
        for letter, kind in (
            ("c", EventKind.CHARGED_BACK),
            ("l", EventKind.CHARGEBACK_LOST),
        )
    ]


async def list_breaks(
    tx: Tx,
    *,
    viewer: Actor,
    now: dt.datetime,
    calendar: Calendar,
    channel: str | None = None,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Break]:
    """Return a page of breaks, the oldest first, each with its age.

    :raises NotPermitted: if the viewer reads no reconciliation.
    """
    viewer.require("reconciliation:read")
    query = paging.fingerprint("statement_breaks", channel, state)
    rows = await tx.fetch(
        store.SELECT_BREAK
        + """
         WHERE ($1::text IS NULL OR channel = $1) AND ($2::text IS NULL OR state = $2)
           AND ($3::uuid IS NULL OR id > $3)
         ORDER BY id LIMIT $4""",
        channel,
        None if state is None else state.value,
        paging.decode_id(query, cursor),
        paging.check_limit(limit) + 1,
    )
    found = [_aged(store.break_of(row), now, calendar) for row in rows]
    return paging.page_by_id(query, found, limit)


async def get_break(
    tx: Tx, *, viewer: Actor, now: dt.datetime, calendar: Calendar, break_id: uuid.UUID
) -> Break:
    """Return one break with its age.

    :raises NotPermitted: if the viewer reads no reconciliation.
    :raises Missing: if there is none.
    """
    viewer.require("reconciliation:read")
    row = await tx.fetch_one(store.SELECT_BREAK + " WHERE id = $1", break_id)
    if row is None:
        raise Missing
    return _aged(store.break_of(row), now, calendar)


async def get_gate(tx: Tx, *, viewer: Actor, channel: str) -> Gate:
    """Return whether what stands on a channel's clearing account is explained (对账闸门).

    :raises NotPermitted: if the viewer reads no reconciliation.
    """
    viewer.require("reconciliation:read")
    breaks = await tx.fetch_one(
        """SELECT coalesce(sum(difference_fen), 0)::bigint AS fen, count(*) AS open
             FROM settlement.statement_breaks WHERE channel = $1 AND state = 'open'""",
        channel,
    )
    assert breaks is not None, "a sum has a row"
    return Gate(
        channel=channel,
        stated_until=await tx.fetch_value(
            """SELECT max(stated_on) FROM settlement.statement_files
                WHERE channel = $1 AND reconciled_at IS NOT NULL""",
            channel,
        ),
        clearing_fen=await store.clearing_fen(tx, channel),
        stated_fen=await tx.fetch_value(_STATED, channel),
        differences_fen=breaks["fen"],
        not_stated_fen=await tx.fetch_value(_NOT_STATED, channel),
        open_breaks=breaks["open"],
    )


async def list_channels(tx: Tx) -> list[str]:
    """Return the channels that have breaks which may be explained later."""
    rows = await tx.fetch(
        """SELECT DISTINCT channel FROM settlement.statement_breaks
            WHERE state IN ('open', 'booked') ORDER BY channel"""
    )
    return [row["channel"] for row in rows]


def _aged(found: Break, now: dt.datetime, calendar: Calendar) -> Break:
    until = local_date(found.resolved_at or now)
    age = count_working_days(local_date(found.found_at), until, calendar)
    return msgspec.structs.replace(found, age_days=age)
