"""Post, start, extend, end and close notices (公示). Parts of a registration's commands.

Each is called by an operation of the registration, which has asked for the permission, holds the
application locked and remembers what was done; so these do neither.
"""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notices import counting, store
from catalog.notices.model import Notice, NoticeId, Posting, Result
from catalog.notices.publicity import PublicFields
from catalog.notices.states import Event, State, advance
from catalog.rulebooks import registry


async def open_or_current(
    tx: Tx,
    *,
    now: dt.datetime,
    application_id: uuid.UUID,
    product_id: uuid.UUID,
    registrant: PartyId,
    rulebook: str,
    public_fields: PublicFields,
) -> Notice:
    """Return the application's notice that is being posted, or a new one on no channel yet."""
    current = await store.find_current(tx, application_id)
    if current is not None and current.state is State.POSTING:
        return current
    notice = Notice(
        id=NoticeId(new_id()),
        application_id=application_id,
        product_id=product_id,
        registrant_party_id=registrant,
        rulebook=rulebook,
        public_fields=public_fields,
        state=State.POSTING,
        postings=(),
        starts_on=None,
        ends_on=None,
        provisional=False,
        result=None,
        remark="",
        created_at=now,
    )
    await store.insert(tx, notice)
    return notice


async def post(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    notice_id: uuid.UUID,
    channel: str,
    url: str,
    receipt_sha256: str,
    posted_by: uuid.UUID | None,
) -> Notice:
    """Record that the notice stands on ``channel``; with the last one its days begin to count.

    :raises Missing: if there is no such notice.
    """
    notice = await lock(tx, notice_id)
    rulebook = registry.by_code(notice.rulebook)
    counting.check_posting(
        channel,
        [posting.channel for posting in notice.postings],
        rulebook,
        url=url,
        receipt_sha256=receipt_sha256,
    )
    posting = Posting(channel=channel, url=url, published_at=now, receipt_sha256=receipt_sha256)
    postings = (*notice.postings, posting)
    posted = msgspec.structs.replace(
        notice, postings=postings, state=advance(notice.state, Event.POST_CHANNEL)
    )
    await store.insert_posting(tx, notice.id, posting, posted_by)
    if not counting.missing_channels([p.channel for p in postings], rulebook):
        posted = _run(
            posted, counting.starts_on(p.published_at for p in postings), calendar, Event.START
        )
    await store.update(tx, posted)
    return posted


async def recompute(tx: Tx, *, notice: Notice, calendar: Calendar) -> Notice:
    """Move a provisional end to where the calendar now puts it; the notice is held locked."""
    if not notice.provisional or notice.starts_on is None:
        return notice
    moved = _run(notice, notice.starts_on, calendar, Event.EXTEND)
    if moved != notice:
        await store.update(tx, moved)
    return moved


async def end(tx: Tx, *, notice: Notice, result: Result) -> Notice:
    """End a notice whose days are over; the notice is held locked."""
    ended = msgspec.structs.replace(notice, state=advance(notice.state, Event.END), result=result)
    await store.update(tx, ended)
    return ended


async def restart(
    tx: Tx, *, now: dt.datetime, calendar: Calendar, notice: Notice, remark: str
) -> Notice:
    """Run an ended notice once more from today, because the bureau sent it back."""
    again = _run(
        msgspec.structs.replace(notice, result=None, remark=remark),
        local_date(now),
        calendar,
        Event.RESTART,
    )
    await store.update(tx, again)
    return again


async def set_current_result(tx: Tx, *, application_id: uuid.UUID, result: Result) -> None:
    """Write the outcome of the application's notice, which ended while an objection was open."""
    current = await store.find_current(tx, application_id)
    assert current is not None, "an application on hold has a notice"
    notice = await lock(tx, current.id)
    await store.update(tx, msgspec.structs.replace(notice, result=result))


async def application_of(tx: Tx, *, notice_id: uuid.UUID) -> uuid.UUID:
    """Return whose notice it is, so that the application can be locked before it.

    :raises Missing: if there is no such notice.
    """
    notice = await store.find(tx, notice_id)
    if notice is None:
        raise Missing
    return notice.application_id


async def close_current(
    tx: Tx, *, application_id: uuid.UUID, result: Result, remark: str
) -> Notice | None:
    """Close the application's notice with a public remark, if it has one that is not closed."""
    current = await store.find_current(tx, application_id)
    notice = None if current is None else await store.lock(tx, current.id)
    if notice is None or notice.state is State.CLOSED:
        return None
    closed = msgspec.structs.replace(
        notice, state=advance(notice.state, Event.CLOSE), result=result, remark=remark
    )
    await store.update(tx, closed)
    return closed


async def lock(tx: Tx, notice_id: uuid.UUID) -> Notice:
    """Lock and return a notice.

    :raises Missing: if there is none.
    """
    notice = await store.lock(tx, notice_id)
    if notice is None:
        raise Missing
    return notice


def _run(notice: Notice, starting: dt.date, calendar: Calendar, event: Event) -> Notice:
    due = counting.ends(starting, registry.by_code(notice.rulebook), calendar)
    return msgspec.structs.replace(
        notice,
        state=advance(notice.state, event),
        starts_on=starting,
        ends_on=due.last_day,
        provisional=due.provisional,
    )
