"""Count the days of a notice (公示期): from the day on which all channels are up (A14, HN-16)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable
from typing import Final

from catalog.kernel.errors import Conflict, Invalid
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Deadline, deadline
from catalog.kernel.workdays import Calendar, count_working_days
from catalog.rulebooks.rulebook import Rulebook

_SHA256: Final = re.compile("[0-9a-f]{64}")


class ChannelUnknown(Invalid):
    """The rulebook does not know this channel."""

    code = "notice_channel_unknown"


class ChannelAlreadyPosted(Conflict):
    """This channel was posted before; its receipt stays."""

    code = "notice_channel_already_posted"


class ReceiptMalformed(Invalid):
    """A posting elsewhere is proven by an address and the SHA-256 of what was seen there (A39)."""

    code = "notice_receipt_malformed"


def check_posting(
    channel: str, posted: Collection[str], rulebook: Rulebook, *, url: str, receipt_sha256: str
) -> None:
    """Return if ``channel`` may be recorded as posted.

    :raises ChannelUnknown: if the rulebook has no such channel.
    :raises ChannelAlreadyPosted: if it is up already.
    :raises ReceiptMalformed: if the address or the receipt's hash is not one.
    """
    if channel not in rulebook.notice_channels:
        raise ChannelUnknown(channel=channel, channels=list(rulebook.notice_channels))
    if channel in posted:
        raise ChannelAlreadyPosted(channel=channel)
    if not url.startswith(("https://", "http://", "/")) or not _SHA256.fullmatch(receipt_sha256):
        raise ReceiptMalformed(channel=channel)


def missing_channels(posted: Collection[str], rulebook: Rulebook) -> tuple[str, ...]:
    """Return the channels that are not up yet, in the rulebook's order."""
    return tuple(channel for channel in rulebook.notice_channels if channel not in posted)


def starts_on(posted_at: Iterable[dt.datetime]) -> dt.date:
    """Return the day from which the notice counts: the one of the latest posting (A14)."""
    return max(local_date(instant) for instant in posted_at)


def ends(
    starting: dt.date, rulebook: Rulebook, calendar: Calendar, *, extended_by: int = 0
) -> Deadline:
    """Return when the notice is over: 24:00 of its seventh working day, and of those it lost."""
    return deadline(rulebook.public_notice, starting, calendar, extended_by=extended_by)


def remaining_working_days(now: dt.datetime, ends_on: dt.date, calendar: Calendar) -> int:
    """Return how many working days are left after today (剩余工作日); 0 on the last day."""
    return count_working_days(local_date(now), ends_on, calendar)
