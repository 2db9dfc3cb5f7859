"""Tables and statements of the public notices (公示). Public rows: there is no row-level security."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import PartyId
from catalog.notices.board import BoardPosting
from catalog.notices.channel import Standing
from catalog.notices.model import Interruption, Notice, NoticeId, Posting, Result
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
    sa.Column("extended_by", sa.Integer, nullable=False),
    schema="catalog",
)

NOTICE_CHANNEL_CHECKS: Final = sa.Table(
    "notice_channel_checks",
    METADATA,
    sa.Column("notice_id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

NOTICE_INTERRUPTIONS: Final = sa.Table(
    "notice_interruptions",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("notice_id", sa.Uuid, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("down_from", sa.DateTime(timezone=True), nullable=False),
    sa.Column("up_at", sa.DateTime(timezone=True)),
    sa.Column("lost_working_days", sa.Integer),
    schema="catalog",
)

BOARD_POSTINGS: Final = sa.Table(
    "board_postings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("operator", sa.Text, nullable=False),
    sa.Column("notice_id", sa.Uuid, nullable=False),
    sa.Column("public_fields", postgresql.JSONB, nullable=False),
    sa.Column("page_url", sa.Text, nullable=False),
    sa.Column("content_sha256", sa.Text, nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

BOARD_WITHDRAWALS: Final = sa.Table(
    "board_withdrawals",
    METADATA,
    sa.Column("posting_id", sa.Uuid, primary_key=True),
    sa.Column("remark", sa.Text, nullable=False),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
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


_SELECT_NOTICES: Final = select_all(NOTICES)


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
               result = $7, remark = $8, extended_by = $9
         WHERE id = $1""",
        notice.id,
        notice.state.value,
        notice.starts_on,
        notice.ends_on,
        None if notice.ends is None else notice.ends.ends_at,
        notice.provisional,
        None if notice.result is None else notice.result.value,
        notice.remark,
        notice.extended_by,
    )
    assert touched == 1, "a locked notice can not vanish"


async def lock(tx: Tx, notice_id: uuid.UUID) -> Notice | None:
    """Lock and return a notice, or None."""
    row = await tx.fetch_one(f"{_SELECT_NOTICES} WHERE id = $1 FOR UPDATE", notice_id)
    return None if row is None else await _whole(tx, row)


async def list_running(tx: Tx) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return (notice, application) of all notices whose days run, in the order of applications."""
    rows = await tx.fetch(
        "SELECT id, application_id FROM catalog.notices WHERE state = 'running'"
        " ORDER BY application_id, id"
    )
    return [(row["id"], row["application_id"]) for row in rows]


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
    tx: Tx,
    *,
    state: State | None,
    year: int | None,
    result: Result | None,
    product_id: uuid.UUID | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Notice]:
    """Return notices, the newest first, from behind ``before``. Only what stands somewhere."""
    rows = await tx.fetch(
        f"""{_SELECT_NOTICES}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
           AND ($4::integer IS NULL
                OR extract(year FROM timezone('Asia/Shanghai', created_at)) = $4)
           AND ($5::text IS NULL OR result = $5)
           AND ($6::uuid IS NULL OR product_id = $6)
         ORDER BY id DESC LIMIT $3""",
        None if state is None else state.value,
        before,
        limit,
        year,
        None if result is None else result.value,
        product_id,
    )
    return await _all_whole(tx, rows)


async def list_to_post(tx: Tx, *, channel: str, limit: int) -> list[Notice]:
    """Return notices being posted that do not stand on ``channel`` yet, the oldest first."""
    rows = await tx.fetch(
        f"""{_SELECT_NOTICES} n
         WHERE state = 'posting' AND NOT EXISTS (
               SELECT FROM catalog.notice_postings p WHERE p.notice_id = n.id AND p.channel = $1)
         ORDER BY id LIMIT $2""",
        channel,
        limit,
    )
    return await _all_whole(tx, rows)


async def list_to_check(tx: Tx, *, checked_before: dt.datetime, limit: int) -> list[Notice]:
    """Return running notices whose channels were not looked at since, the oldest first."""
    rows = await tx.fetch(
        f"""{_SELECT_NOTICES} n
         WHERE state = 'running' AND NOT EXISTS (
               SELECT FROM catalog.notice_channel_checks c
                WHERE c.notice_id = n.id AND c.checked_at > $1)
         ORDER BY id LIMIT $2""",
        checked_before,
        limit,
    )
    return await _all_whole(tx, rows)


async def list_to_withdraw(
    tx: Tx, *, channel: str, withdrawn: Standing, limit: int
) -> list[Notice]:
    """Return closed notices whose posting on ``channel`` was not withdrawn, the oldest first."""
    rows = await tx.fetch(
        f"""{_SELECT_NOTICES} n
         WHERE n.state = 'closed'
           AND EXISTS (SELECT FROM catalog.notice_postings p
                        WHERE p.notice_id = n.id AND p.channel = $1)
           AND NOT EXISTS (SELECT FROM catalog.notice_channel_checks c
                            WHERE c.notice_id = n.id AND c.channel = $1 AND c.standing = $2)
         ORDER BY id LIMIT $3""",  # noqa: S608 - our own names
        channel,
        withdrawn.value,
        limit,
    )
    return await _all_whole(tx, rows)


async def keep_check(
    tx: Tx, *, notice_id: uuid.UUID, channel: str, standing: Standing, now: dt.datetime
) -> None:
    """Keep what was found on a channel last."""
    await tx.execute(
        """
        INSERT INTO catalog.notice_channel_checks (notice_id, channel, standing, checked_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (notice_id, channel) DO UPDATE SET standing = $3, checked_at = $4""",
        notice_id,
        channel,
        standing.value,
        now,
    )


async def insert_interruption(tx: Tx, interruption: Interruption) -> None:
    """Insert an interruption that is not over."""
    await tx.insert(
        NOTICE_INTERRUPTIONS,
        id=interruption.id,
        notice_id=interruption.notice_id,
        channel=interruption.channel,
        standing=interruption.standing.value,
        down_from=interruption.down_from,
    )


async def end_interruption(tx: Tx, interruption: Interruption) -> None:
    """Write when the interruption was over and what it cost."""
    await tx.execute(
        """UPDATE catalog.notice_interruptions SET up_at = $2, lost_working_days = $3
            WHERE id = $1""",
        interruption.id,
        interruption.up_at,
        interruption.lost_working_days,
    )


async def list_interruptions(tx: Tx, notice_id: uuid.UUID) -> list[Interruption]:
    """Return the interruptions of a notice, the first first."""
    rows = await tx.fetch(
        f"{select_all(NOTICE_INTERRUPTIONS)} WHERE notice_id = $1 ORDER BY id", notice_id
    )
    return [msgspec.convert(dict(row), Interruption) for row in rows]


async def insert_board_posting(tx: Tx, posting: BoardPosting) -> bool:
    """Insert a posting; tell False if the operator posted the notice before."""
    return bool(
        await tx.execute(
            """
            INSERT INTO catalog.board_postings
                   (id, operator, notice_id, public_fields, page_url, content_sha256, received_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT ON CONSTRAINT one_posting_of_a_notice DO NOTHING""",
            posting.id,
            posting.operator,
            posting.notice_id,
            msgspec.to_builtins(posting.public_fields),
            posting.page_url,
            posting.content_sha256,
            posting.received_at,
        )
    )


async def insert_board_withdrawal(
    tx: Tx, *, posting_id: uuid.UUID, remark: str, now: dt.datetime
) -> bool:
    """Insert a withdrawal; tell False if it was withdrawn before."""
    return bool(
        await tx.execute(
            """INSERT INTO catalog.board_withdrawals (posting_id, remark, withdrawn_at)
               VALUES ($1, $2, $3) ON CONFLICT (posting_id) DO NOTHING""",
            posting_id,
            remark,
            now,
        )
    )


_SELECT_BOARD: Final = """
        SELECT p.id, p.operator, p.notice_id, p.public_fields, p.page_url, p.content_sha256,
               p.received_at, w.withdrawn_at, coalesce(w.remark, '') AS remark
          FROM catalog.board_postings p
          LEFT JOIN catalog.board_withdrawals w ON w.posting_id = p.id"""


async def find_board_posting(tx: Tx, posting_id: uuid.UUID) -> BoardPosting | None:
    """Return a posting, or None."""
    row = await tx.fetch_one(f"{_SELECT_BOARD} WHERE p.id = $1", posting_id)
    return None if row is None else msgspec.convert(dict(row), BoardPosting)


async def find_board_posting_of(
    tx: Tx, *, operator: str, notice_id: uuid.UUID
) -> BoardPosting | None:
    """Return an operator's posting of a notice, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_BOARD} WHERE p.operator = $1 AND p.notice_id = $2", operator, notice_id
    )
    return None if row is None else msgspec.convert(dict(row), BoardPosting)


async def list_board_postings(
    tx: Tx, *, before: uuid.UUID | None, limit: int
) -> list[BoardPosting]:
    """Return postings, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"{_SELECT_BOARD} WHERE ($1::uuid IS NULL OR p.id < $1) ORDER BY p.id DESC LIMIT $2",
        before,
        limit,
    )
    return [msgspec.convert(dict(row), BoardPosting) for row in rows]


async def _all_whole(tx: Tx, rows: Sequence[Row]) -> list[Notice]:
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
        extended_by=row["extended_by"],
        created_at=row["created_at"],
    )
