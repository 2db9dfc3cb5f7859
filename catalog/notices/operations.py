"""Post, start, extend, end and close notices (公示). Parts of a registration's commands.

Each is called by an operation of the registration, which has asked for the permission, holds the
application locked and remembers what was done; so these do neither. ``rulebook`` is that of the
application, as it stood when it was filed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as AuditEvent
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notices import board, counting, interruption, store
from catalog.notices.board import BoardPosting
from catalog.notices.channel import Standing
from catalog.notices.model import Interruption, Notice, NoticeId, Posting, Result
from catalog.notices.publicity import PublicFields
from catalog.notices.states import Event, State, advance
from catalog.rulebooks.rulebook import Rulebook


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
    rulebook: Rulebook,
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
            posted,
            counting.starts_on(p.published_at for p in postings),
            rulebook,
            calendar,
            Event.START,
        )
    await store.update(tx, posted)
    return posted


async def recompute(tx: Tx, *, notice: Notice, rulebook: Rulebook, calendar: Calendar) -> Notice:
    """Move the end to where the calendar now puts it; the notice is held locked.

    Also one that was not provisional: a year's notice may move days of the December before.
    """
    if notice.starts_on is None:
        return notice
    moved = _run(notice, notice.starts_on, rulebook, calendar, Event.EXTEND)
    if moved != notice:
        await store.update(tx, moved)
    return moved


async def end(tx: Tx, *, notice: Notice, result: Result) -> Notice:
    """End a notice whose days are over; the notice is held locked."""
    ended = msgspec.structs.replace(notice, state=advance(notice.state, Event.END), result=result)
    await store.update(tx, ended)
    return ended


async def restart(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    rulebook: Rulebook,
    notice: Notice,
    remark: str,
) -> Notice:
    """Run an ended notice once more from today, because the bureau sent it back."""
    again = _run(
        msgspec.structs.replace(notice, result=None, remark=remark, extended_by=0),
        local_date(now),
        rulebook,
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


async def look_after(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    rulebook: Rulebook,
    notice: Notice,
    standings: Mapping[str, Standing],
) -> tuple[Notice, Interruption | None]:
    """Keep what was found on the channels of a running notice, which is held locked.

    The first channel that is away begins an interruption; it is over when all are up. If it took
    more than one working day the notice is longer by the days that it lost ([P]). Return the
    notice, and the interruption that began or ended by this.
    """
    for channel, standing in standings.items():
        await store.keep_check(tx, notice_id=notice.id, channel=channel, standing=standing, now=now)
    away = [(c, s) for c, s in standings.items() if s is not Standing.UP]
    open_one = await _open_interruption(tx, notice)
    if away and open_one is None:
        channel, standing = away[0]
        began = Interruption(
            id=new_id(), notice_id=notice.id, channel=channel, standing=standing, down_from=now
        )
        await store.insert_interruption(tx, began)
        return notice, began
    if away or open_one is None:
        return notice, None
    lost = interruption.lost_working_days(open_one.down_from, now, calendar)
    over = msgspec.structs.replace(open_one, up_at=now, lost_working_days=lost)
    await store.end_interruption(tx, over)
    if interruption.extends(lost, rulebook):
        assert notice.starts_on is not None, "a running notice has begun"
        longer = msgspec.structs.replace(
            notice,
            extended_by=notice.extended_by + lost,
            remark=interruption.remark(over.channel, lost, notice.remark),
        )
        notice = _run(longer, notice.starts_on, rulebook, calendar, Event.EXTEND)
        await store.update(tx, notice)
    return notice, over


async def is_held_up(
    tx: Tx, *, now: dt.datetime, calendar: Calendar, rulebook: Rulebook, notice: Notice
) -> bool:
    """Tell whether a channel is away for so long that the notice can not be over yet."""
    open_one = await _open_interruption(tx, notice)
    if open_one is None:
        return False
    lost = interruption.lost_working_days(open_one.down_from, now, calendar)
    return interruption.extends(lost, rulebook)


async def mark_withdrawn(tx: Tx, *, now: dt.datetime, notice_id: uuid.UUID, channel: str) -> None:
    """Keep that the posting of a closed notice was withdrawn from a channel."""
    await store.keep_check(
        tx, notice_id=notice_id, channel=channel, standing=Standing.WITHDRAWN, now=now
    )


async def _open_interruption(tx: Tx, notice: Notice) -> Interruption | None:
    found = await store.list_interruptions(tx, notice.id)
    return next((each for each in found if each.up_at is None), None)


# ── the board: when this is the bureau's site ───────────────────────────────────────────────


async def receive_posting(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    operator: str,
    notice_id: uuid.UUID,
    given: Mapping[str, Any],
    page_url: str,
) -> BoardPosting:
    """Put a notice of a trusted operator on the board; the same once more is the same posting.

    The door has checked the operator's signature.

    :raises NoticeFieldConfidential: if there is a field that is not whitelisted (A13, HN-28).
    :raises NoticeFieldMissing: if one is missing or malformed.
    :raises BoardPostingDiffers: if it was posted before with other content.
    """
    fields = board.read_fields(given)
    posting = BoardPosting(
        id=new_id(),
        operator=operator,
        notice_id=notice_id,
        public_fields=fields,
        page_url=page_url,
        content_sha256=board.content_sha256(fields),
        received_at=now,
    )
    if not await store.insert_board_posting(tx, posting):
        stands = await store.find_board_posting_of(tx, operator=operator, notice_id=notice_id)
        assert stands is not None, "a posting is never removed"
        board.check_same(stands, posting.content_sha256)
        tx.remember()  # it was remembered when it came first
        return stands
    await _remember_board(tx, AuditEvent.BOARD_POSTING_RECEIVED, posting, actor=actor, now=now)
    return posting


async def withdraw_posting(
    tx: Tx, *, actor: Actor, now: dt.datetime, operator: str, posting_id: uuid.UUID, remark: str
) -> BoardPosting:
    """Mark a posting of the operator's own as withdrawn; it stays readable.

    :raises Missing: if the operator has no such posting.
    """
    posting = await store.find_board_posting(tx, posting_id)
    if posting is None or posting.operator != operator:
        raise Missing
    if not await store.insert_board_withdrawal(tx, posting_id=posting.id, remark=remark, now=now):
        tx.remember()  # it was remembered when it came first
        return posting
    await _remember_board(tx, AuditEvent.BOARD_POSTING_WITHDRAWN, posting, actor=actor, now=now)
    return msgspec.structs.replace(posting, withdrawn_at=now, remark=remark)


async def _remember_board(
    tx: Tx, event: AuditEvent, posting: BoardPosting, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("notice", str(posting.notice_id))],
        facts={"operator": posting.operator, "posting_id": str(posting.id)},
        rules=("HN-16",),
        digests=[Digest("board_posting", str(posting.id), posting.content_sha256)],
    )


async def lock(tx: Tx, notice_id: uuid.UUID) -> Notice:
    """Lock and return a notice.

    :raises Missing: if there is none.
    """
    notice = await store.lock(tx, notice_id)
    if notice is None:
        raise Missing
    return notice


def _run(
    notice: Notice, starting: dt.date, rulebook: Rulebook, calendar: Calendar, event: Event
) -> Notice:
    due = counting.ends(starting, rulebook, calendar, extended_by=notice.extended_by)
    return msgspec.structs.replace(
        notice,
        state=advance(notice.state, event),
        starts_on=starting,
        ends_on=due.last_day,
        provisional=due.provisional,
    )
