"""Tables and statements of the public notices (公示). Public rows: there is no row-level security."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from catalog.notices.model import Notice, NoticeId, Posting, Result
from catalog.notices.publicity import PublicFields
from catalog.notices.states import State

NOTICES: Final = sa.Table(
    "notices",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("application_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("registrant_party_id", sa.Uuid, nullable=False),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("public_fields", postgresql.JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Date),
    sa.Column("ends_on", sa.Date),
    sa.Column("ends_at", sa.DateTime(timezone=True)),
    sa.Column("provisional", sa.Boolean, nullable=False),
    sa.Column("result", sa.Text),
    sa.Column("remark", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

NOTICE_POSTINGS: Final = sa.Table(
    "notice_postings",
    METADATA,
    sa.Column("notice_id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("receipt_sha256", sa.Text, nullable=False),
    sa.Column("posted_by", sa.Uuid),
    schema="catalog",
)


def _select(table: sa.Table) -> str:
    """Return the statement that reads every declared column of ``table``, each by its name."""
    columns = ", ".join(column.name for column in table.columns)
    return f"SELECT {columns} FROM {table.fullname}"  # noqa: S608 - our own names


_SELECT_NOTICES: Final = _select(NOTICES)


async def insert(tx: Tx, notice: Notice) -> None:
    """Insert a notice that stands on no channel yet."""
    await tx.insert(
        NOTICES,
        id=notice.id,
        application_id=notice.application_id,
        product_id=notice.product_id,
        registrant_party_id=notice.registrant_party_id,
        rulebook=notice.rulebook,
        public_fields=msgspec.to_builtins(notice.public_fields),
        state=notice.state.value,
        provisional=notice.provisional,
        remark=notice.remark,
        created_at=notice.created_at,
    )


async def insert_posting(
    tx: Tx, notice_id: NoticeId, posting: Posting, posted_by: uuid.UUID | None
) -> None:
    """Insert a posting; it is never changed."""
    await tx.insert(
        NOTICE_POSTINGS,
        notice_id=notice_id,
        channel=posting.channel,
        url=posting.url,
        published_at=posting.published_at,
        receipt_sha256=posting.receipt_sha256,
        posted_by=posted_by,
    )


async def update(tx: Tx, notice: Notice) -> None:
    """Write back what may change of ``notice``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.notices
           SET state = $2, starts_on = $3, ends_on = $4, ends_at = $5, provisional = $6,
               result = $7, remark = $8
         WHERE id = $1""",
        notice.id,
        notice.state.value,
        notice.starts_on,
        notice.ends_on,
        None if notice.ends is None else notice.ends.ends_at,
        notice.provisional,
        None if notice.result is None else notice.result.value,
        notice.remark,
    )
    assert touched == 1, "a locked notice can not vanish"


async def lock(tx: Tx, notice_id: uuid.UUID) -> Notice | None:
    """Lock and return a notice, or None."""
    row = await tx.fetch_one(f"{_SELECT_NOTICES} WHERE id = $1 FOR UPDATE", notice_id)
    return None if row is None else await _whole(tx, row)


async def find(tx: Tx, notice_id: uuid.UUID) -> Notice | None:
    """Return a notice, or None."""
    row = await tx.fetch_one(f"{_SELECT_NOTICES} WHERE id = $1", notice_id)
    return None if row is None else await _whole(tx, row)


async def list_of_application(tx: Tx, application_id: uuid.UUID) -> list[Notice]:
    """Return all notices that an application ever had, the oldest first."""
    ids = await tx.fetch(
        "SELECT id FROM catalog.notices WHERE application_id = $1 ORDER BY id", application_id
    )
    found = [await find(tx, row["id"]) for row in ids]
    return [notice for notice in found if notice is not None]


async def find_current(tx: Tx, application_id: uuid.UUID) -> Notice | None:
    """Return the newest notice of an application, or None."""
    row = await tx.fetch_one(
        f"""{_SELECT_NOTICES} WHERE application_id = $1
         ORDER BY created_at DESC, id DESC LIMIT 1""",
        application_id,
    )
    return None if row is None else await _whole(tx, row)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return (notice, application) of running notices that may be over, what ended first first.

    Provisional ends are looked at each time, because the notice of days off may have arrived;
    they come last, so that they can not keep the others waiting.
    """
    rows = await tx.fetch(
        """
        SELECT id, application_id FROM catalog.notices
         WHERE state = 'running' AND (ends_at <= $1 OR provisional)
         ORDER BY provisional, ends_at, id LIMIT $2""",
        now,
        limit,
    )
    return [(row["id"], row["application_id"]) for row in rows]


async def list_page(
    tx: Tx, *, state: State | None, before: uuid.UUID | None, limit: int
) -> list[Notice]:
    """Return notices, the newest first, from behind ``before``. Only what stands somewhere."""
    rows = await tx.fetch(
        f"""{_SELECT_NOTICES}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        None if state is None else state.value,
        before,
        limit,
    )
    postings = await _postings(tx, [row["id"] for row in rows])
    return [_notice(row, postings.get(row["id"], ())) for row in rows]


async def _whole(tx: Tx, row: Row) -> Notice:
    return _notice(row, (await _postings(tx, [row["id"]])).get(row["id"], ()))


async def _postings(tx: Tx, ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[Posting, ...]]:
    rows = await tx.fetch(
        """
        SELECT notice_id, channel, url, published_at, receipt_sha256
          FROM catalog.notice_postings WHERE notice_id = ANY($1::uuid[])
         ORDER BY notice_id, published_at, channel""",
        ids,
    )
    found: dict[uuid.UUID, tuple[Posting, ...]] = {}
    for row in rows:
        values: dict[str, Any] = dict(row)
        notice_id = values.pop("notice_id")
        found[notice_id] = (*found.get(notice_id, ()), Posting(**values))
    return found


def _notice(row: Row, postings: tuple[Posting, ...]) -> Notice:
    return Notice(
        id=NoticeId(row["id"]),
        application_id=row["application_id"],
        product_id=row["product_id"],
        registrant_party_id=PartyId(row["registrant_party_id"]),
        rulebook=row["rulebook"],
        public_fields=msgspec.convert(row["public_fields"], PublicFields),
        state=State(row["state"]),
        postings=postings,
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        provisional=row["provisional"],
        result=None if row["result"] is None else Result(row["result"]),
        remark=row["remark"],
        created_at=row["created_at"],
    )
