"""Tables and statements of the objections (异议)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.objections import deadlines
from catalog.objections.model import Objection
from catalog.objections.states import State

OBJECTIONS: Final = sa.Table(
    "objections",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("notice_id", sa.Uuid),
    sa.Column("certificate_number", sa.Text),
    sa.Column("application_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("objector_party_id", sa.Uuid, nullable=False),
    sa.Column("registrant_party_id", sa.Uuid, nullable=False),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("ruled_on", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("interest_statement", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("grounds", postgresql.JSONB, nullable=False),
    sa.Column("evidence", postgresql.JSONB, nullable=False),
    sa.Column("filed_by", sa.Uuid),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("forward_due_on", sa.Date, nullable=False),
    sa.Column("forwarded_at", sa.DateTime(timezone=True)),
    sa.Column("receipt", sa.Text),
    sa.Column("forward_notification_id", sa.Uuid),
    sa.Column("response_started_on", sa.Date),
    sa.Column("response_due_on", sa.Date),
    sa.Column("response", postgresql.JSONB),
    sa.Column("no_response", sa.Boolean, nullable=False),
    sa.Column("determination", postgresql.JSONB),
    sa.Column("answers", postgresql.JSONB, nullable=False),
    sa.Column("proceedings", postgresql.JSONB),
    sa.Column("closing", sa.Text),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("completion", postgresql.JSONB),
    sa.Column("admission", postgresql.JSONB),
    schema="catalog",
)

OBJECTION_ARCHIVES: Final = sa.Table(
    "objection_archives",
    METADATA,
    sa.Column("objection_id", sa.Uuid, primary_key=True),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

_JSON: Final = frozenset(
    {
        "grounds",
        "evidence",
        "response",
        "determination",
        "answers",
        "proceedings",
        "completion",
        "admission",
    }
)


# A year's notice may move a last day after it was written here: its clock says it, if one ran.
_LAST_DAY: Final = """COALESCE(
    (SELECT t.due_on FROM catalog.timers t
      WHERE t.subject_kind = 'objection' AND t.subject_id = objections.id AND t.kind = '{clock}'
        AND objections.{since} IS NOT NULL
      ORDER BY t.started_at DESC, t.id DESC LIMIT 1), {column}) AS {column}"""
_FROM_CLOCKS: Final = {
    "forward_due_on": _LAST_DAY.format(
        clock=deadlines.FORWARDING, column="forward_due_on", since="received_at"
    ),
    "response_due_on": _LAST_DAY.format(
        clock=deadlines.RESPONSE, column="response_due_on", since="response_started_on"
    ),
}
_SHOWN: Final = ", ".join(
    _FROM_CLOCKS.get(column.name, column.name) for column in OBJECTIONS.columns
)
_SELECT_OBJECTIONS: Final = f"SELECT {_SHOWN} FROM catalog.objections"  # noqa: S608 - our own columns


async def insert(tx: Tx, objection: Objection) -> None:
    """Insert an objection."""
    await tx.insert(OBJECTIONS, **_values(objection))


async def has_open(tx: Tx, *, objector: uuid.UUID, product_id: uuid.UUID) -> bool:
    """Tell whether the objector has an open objection about the product."""
    return bool(
        await tx.fetch_value(
            """
            SELECT 1 FROM catalog.objections
             WHERE objector_party_id = $1 AND product_id = $2
               AND state NOT IN ('rejected', 'closed')""",
            objector,
            product_id,
        )
    )


async def update(tx: Tx, objection: Objection) -> None:
    """Write back what may change of ``objection``, which the caller holds locked."""
    values = _values(objection)
    touched = await tx.execute(
        """
        UPDATE catalog.objections
           SET state = $2, forwarded_at = $3, receipt = $4, response_started_on = $5,
               response_due_on = $6, response = $7, no_response = $8, determination = $9,
               answers = $10, closing = $11, closed_at = $12, proceedings = $13,
               forward_notification_id = $14, forward_due_on = $15, evidence = $16,
               completion = $17, admission = $18, certificate_number = $19,
               registrant_party_id = $20
         WHERE id = $1""",
        objection.id,
        *(
            values[name]
            for name in (
                "state",
                "forwarded_at",
                "receipt",
                "response_started_on",
                "response_due_on",
                "response",
                "no_response",
                "determination",
                "answers",
                "closing",
                "closed_at",
                "proceedings",
                "forward_notification_id",
                "forward_due_on",
                "evidence",
                "completion",
                "admission",
                "certificate_number",
                "registrant_party_id",
            )
        ),
    )
    assert touched == 1, "a locked objection can not vanish"


async def list_open_of_certificate(tx: Tx, number: str) -> list[uuid.UUID]:
    """Return the objections that are open against a certificate, the oldest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM catalog.objections
         WHERE certificate_number = $1 AND state NOT IN ('rejected', 'closed') ORDER BY id""",
        number,
    )
    return [row["id"] for row in rows]


async def insert_archive(
    tx: Tx, *, objection_id: uuid.UUID, document: bytes, sha256: str, archived_at: dt.datetime
) -> None:
    """Insert the archive record of a closed case (存档备案); it is never changed."""
    await tx.insert(
        OBJECTION_ARCHIVES,
        objection_id=objection_id,
        document=document,
        sha256=sha256,
        archived_at=archived_at,
    )


async def lock(tx: Tx, objection_id: uuid.UUID) -> Objection | None:
    """Lock and return an objection that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_OBJECTIONS} WHERE id = $1 FOR UPDATE", objection_id)
    return None if row is None else _objection(row)


async def lock_if_free(tx: Tx, objection_id: uuid.UUID) -> Objection | None:
    """Lock and return an objection, or None if someone holds it just now."""
    row = await tx.fetch_one(
        f"{_SELECT_OBJECTIONS} WHERE id = $1 FOR UPDATE SKIP LOCKED", objection_id
    )
    return None if row is None else _objection(row)


async def find(tx: Tx, objection_id: uuid.UUID) -> Objection | None:
    """Return an objection that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_OBJECTIONS} WHERE id = $1", objection_id)
    return None if row is None else _objection(row)


async def list_unreceived(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return forwarded objections whose receipt was not proven yet, the longest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM catalog.objections
         WHERE state = 'awaiting_response' AND response_started_on IS NULL
         ORDER BY forwarded_at, id LIMIT $1""",
        limit,
    )
    return [row["id"] for row in rows]


async def list_unanswered(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return objections whose registrant has let the last day pass, the longest first.

    Its clock is asked: a year's notice that was loaded meanwhile may have moved the day.
    """
    rows = await tx.fetch(
        """
        SELECT o.id FROM catalog.objections o
          JOIN catalog.timers t ON t.subject_kind = 'objection' AND t.subject_id = o.id
               AND t.kind = 'objection_response' AND t.state IN ('open', 'overdue')
         WHERE o.state = 'awaiting_response' AND t.ends_at <= $1 AND NOT t.provisional
         ORDER BY t.ends_at, o.id LIMIT $2""",
        now,
        limit,
    )
    return [row["id"] for row in rows]


async def list_of_application(tx: Tx, application_id: uuid.UUID) -> list[Objection]:
    """Return the objections about an application that the actor may see, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT_OBJECTIONS} WHERE application_id = $1 ORDER BY id LIMIT 1000", application_id
    )
    return [_objection(row) for row in rows]


async def list_referred(
    tx: Tx, *, certificate_number: str | None, application_id: uuid.UUID
) -> list[uuid.UUID]:
    """Return the objections before a court about a certificate, or else about an application."""
    rows = await tx.fetch(
        """
        SELECT id FROM catalog.objections
         WHERE state = 'referred_to_court' AND application_id = $2
           AND certificate_number IS NOT DISTINCT FROM $1
         ORDER BY id""",
        certificate_number,
        application_id,
    )
    return [row["id"] for row in rows]


async def list_page(
    tx: Tx, *, state: State | None, before: uuid.UUID | None, limit: int
) -> list[Objection]:
    """Return objections that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT_OBJECTIONS}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        None if state is None else state.value,
        before,
        limit,
    )
    return [_objection(row) for row in rows]


def _values(objection: Objection) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(objection).items():
        if name in _JSON:
            values[name] = None if value is None else msgspec.to_builtins(value, str_keys=True)
        else:
            values[name] = str(value) if isinstance(value, str) else value
    return values


def _objection(row: Row) -> Objection:
    return msgspec.convert(dict(row), Objection)
