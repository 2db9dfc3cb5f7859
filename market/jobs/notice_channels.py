"""Post notices on the other channels, look whether they stand there, withdraw closed ones (HN-16).

What is said to other sites is said while no transaction is open; what came of it is recorded in
one of its own per notice.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.notices import operations as notices
from catalog.notices import queries
from catalog.notices.board import content_sha256
from catalog.notices.channel import (
    ChannelUnreachable,
    NoticeChannel,
    Poster,
    PostingReceipt,
    Standing,
)
from catalog.notices.model import Notice, Posting
from catalog.registration.operations import interruption
from catalog.registration.operations import notice as registration
from catalog.timers import queries as timers

BATCH: Final = 50
_ACTOR: Final = system("notice_channels", "notice:confirm_channel", "notice:watch")
_log = structlog.get_logger("jobs")


class Watched(Protocol):
    """A channel at which one can look."""

    async def check(self, receipt: PostingReceipt) -> Standing:
        """Look whether the notice still stands there as it was posted."""
        ...


async def run(
    db: Database,
    *,
    clock: Callable[[], dt.datetime],
    public_url: str,
    channels: Mapping[str, Any],
    check_every: dt.timedelta,
) -> int:
    """Post, look and withdraw; return how many notices something was done to.

    ``channels`` holds ``NoticeChannel``s by their names, and our own platform, at which one can
    only look.
    """
    done = 0
    for name, channel in channels.items():
        if hasattr(channel, "publish"):
            done += await _post_all(db, clock, public_url, name, channel)
            done += await _withdraw_all(db, clock, name, channel)
    return done + await _look_at_all(db, clock, channels, check_every)


async def _post_all(
    db: Database,
    clock: Callable[[], dt.datetime],
    public_url: str,
    name: str,
    channel: NoticeChannel,
) -> int:
    async with begin(db, _ACTOR) as tx:
        waiting = await queries.list_to_post(tx, channel=name, limit=BATCH)
    done = 0
    for notice in waiting:
        poster = Poster(
            notice_id=notice.id,
            public_fields=notice.public_fields,
            page_url=f"{public_url}/notices/{notice.id}",
        )
        try:
            receipt = await channel.publish(poster)
            confirm = functools.partial(
                _confirm, now=clock(), notice_id=notice.id, name=name, receipt=receipt
            )
            await database.run(db, _ACTOR, confirm)
            done += 1
        except ChannelUnreachable as error:
            _log.warning("notice_not_posted", channel=name, notice=str(notice.id), why=str(error))
        except DomainError as refused:
            # The application was withdrawn meanwhile, or somebody confirmed by hand.
            _log.info("notice_not_confirmed", notice=str(notice.id), code=refused.code)
    return done


async def _confirm(
    tx: Tx, *, now: dt.datetime, notice_id: uuid.UUID, name: str, receipt: PostingReceipt
) -> Notice:
    return await registration.confirm_channel(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        notice_id=notice_id,
        channel=name,
        url=receipt.url,
        receipt_sha256=receipt.sha256,
    )


async def _withdraw_all(
    db: Database, clock: Callable[[], dt.datetime], name: str, channel: NoticeChannel
) -> int:
    async with begin(db, _ACTOR) as tx:
        closed = await queries.list_to_withdraw(tx, channel=name, limit=BATCH)
    done = 0
    for notice in closed:
        try:
            await channel.withdraw(
                _receipt(notice, name), notice_id=notice.id, remark=notice.remark
            )
        except ChannelUnreachable as error:
            _log.warning(
                "notice_not_withdrawn", channel=name, notice=str(notice.id), why=str(error)
            )
            continue
        mark = functools.partial(
            notices.mark_withdrawn, now=clock(), notice_id=notice.id, channel=name
        )
        await database.run(db, _ACTOR, mark, must_remember=False)
        done += 1
    return done


async def _look_at_all(
    db: Database,
    clock: Callable[[], dt.datetime],
    channels: Mapping[str, Watched],
    check_every: dt.timedelta,
) -> int:
    if not channels:
        return 0
    async with begin(db, _ACTOR) as tx:
        running = await queries.list_to_check(tx, checked_before=clock() - check_every, limit=BATCH)
    done = 0
    for notice in running:
        standings = {
            posting.channel: await channels[posting.channel].check(_receipt_of(posting))
            for posting in notice.postings
            # What a person confirmed by hand stands elsewhere, in a form that is not ours.
            if posting.channel in channels and _is_ours(posting, notice)
        }
        record = functools.partial(_record, now=clock(), notice_id=notice.id, standings=standings)
        if standings:
            done += await database.run(db, _ACTOR, record, must_remember=False)
    return done


async def _record(
    tx: Tx, *, now: dt.datetime, notice_id: uuid.UUID, standings: Mapping[str, Standing]
) -> bool:
    return await interruption.record_check(
        tx,
        actor=_ACTOR,
        now=now,
        calendar=await timers.get_calendar(tx),
        notice_id=notice_id,
        standings=standings,
    )


def _is_ours(posting: Posting, notice: Notice) -> bool:
    return posting.receipt_sha256 == content_sha256(notice.public_fields)


def _receipt(notice: Notice, name: str) -> PostingReceipt:
    return next(_receipt_of(posting) for posting in notice.postings if posting.channel == name)


def _receipt_of(posting: Posting) -> PostingReceipt:
    return PostingReceipt(
        url=posting.url, published_at=posting.published_at, sha256=posting.receipt_sha256
    )
