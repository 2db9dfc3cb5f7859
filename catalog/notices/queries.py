"""Read notices (公示). They are public, while they run and ever after (永久存档)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel import paging
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.kernel.workdays import Calendar
from catalog.notices import counting, store
from catalog.notices.board import BoardPosting
from catalog.notices.channel import Standing
from catalog.notices.model import Interruption, Notice, PublicNotice, Result
from catalog.notices.publicity import HOW_TO_OBJECT
from catalog.notices.states import State


async def get_public(
    tx: Tx, *, notice_id: uuid.UUID, now: dt.datetime, calendar: Calendar
) -> PublicNotice:
    """Return one notice as everybody sees it.

    :raises Missing: if there is none.
    """
    notice = await store.find(tx, notice_id)
    if notice is None:
        raise Missing
    return _public(notice, now, calendar)


async def list_public(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    state: State | None = None,
    year: int | None = None,
    result: Result | None = None,
    product_id: uuid.UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[PublicNotice]:
    """Return a page of notices, the newest first; with ``state`` only those, e.g. running ones.

    ``year`` is that of the first posting in Shanghai. What was once shown is shown for good (永久存档).
    """
    query = paging.fingerprint("notices", state, year, result, product_id and str(product_id))
    found = await store.list_page(
        tx,
        state=state,
        year=year,
        result=result,
        product_id=product_id,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    items = [_public(notice, now, calendar) for notice in found[:limit]]
    return Page(items, paging.next_by_id(query, found, limit))


async def count_by_state(tx: Tx) -> dict[str, int]:
    """Return how many notices are in each state; states without any are absent."""
    rows = await tx.fetch("SELECT state, count(*) AS count FROM catalog.notices GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


async def list_of_application(tx: Tx, application_id: uuid.UUID) -> list[Notice]:
    """Return all notices that an application ever had, the oldest first. Notices are public."""
    return await store.list_of_application(tx, application_id)


async def find_current(tx: Tx, application_id: uuid.UUID) -> Notice | None:
    """Return the newest notice of an application, or None."""
    return await store.find_current(tx, application_id)


async def get(tx: Tx, notice_id: uuid.UUID) -> Notice:
    """Return one notice with its inner links, for the rooms above.

    :raises Missing: if there is none.
    """
    notice = await store.find(tx, notice_id)
    if notice is None:
        raise Missing
    return notice


async def list_due(
    tx: Tx, *, now: dt.datetime, limit: int = 100
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return (notice, application) of running notices that may be over."""
    return await store.list_due(tx, now=now, limit=limit)


async def list_running(tx: Tx) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Return (notice, application) of all notices whose days run."""
    return await store.list_running(tx)


async def list_to_post(tx: Tx, *, channel: str, limit: int = 100) -> list[Notice]:
    """Return notices that are being posted and do not stand on ``channel`` yet."""
    return await store.list_to_post(tx, channel=channel, limit=limit)


async def list_to_check(tx: Tx, *, checked_before: dt.datetime, limit: int = 100) -> list[Notice]:
    """Return running notices whose channels were not looked at since ``checked_before``."""
    return await store.list_to_check(tx, checked_before=checked_before, limit=limit)


async def list_to_withdraw(tx: Tx, *, channel: str, limit: int = 100) -> list[Notice]:
    """Return closed notices that still stand on ``channel`` as if they were not."""
    return await store.list_to_withdraw(
        tx, channel=channel, withdrawn=Standing.WITHDRAWN, limit=limit
    )


async def list_interruptions(tx: Tx, *, notice_id: uuid.UUID) -> list[Interruption]:
    """Return the interruptions of a notice, the first first."""
    return await store.list_interruptions(tx, notice_id)


async def get_board_posting(tx: Tx, *, posting_id: uuid.UUID) -> BoardPosting:
    """Return a posting of the board, withdrawn ones too.

    :raises Missing: if there is none.
    """
    found = await store.find_board_posting(tx, posting_id)
    if found is None:
        raise Missing
    return found


async def list_board_postings(
    tx: Tx, *, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[BoardPosting]:
    """Return a page of the board, the newest first."""
    query = paging.fingerprint("notice-board")
    found = await store.list_board_postings(
        tx,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


def _public(notice: Notice, now: dt.datetime, calendar: Calendar) -> PublicNotice:
    remaining = None
    if notice.ends_on is not None and notice.state is State.RUNNING:
        remaining = counting.remaining_working_days(now, notice.ends_on, calendar)
    return PublicNotice(
        id=notice.id,
        kind="registration_notice",
        state=notice.state,
        public_fields=notice.public_fields,
        postings=notice.postings,
        starts_on=notice.starts_on,
        ends_on=notice.ends_on,
        provisional=notice.provisional,
        remaining_working_days=remaining,
        result=notice.result,
        remark=notice.remark,
        extended_by=notice.extended_by,
        how_to_object=HOW_TO_OBJECT,
    )
