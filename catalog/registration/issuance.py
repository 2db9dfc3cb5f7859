"""Say what must be true before a certificate is issued (发证, HN-16): three conditions, no exception.

The notice ran its full seven working days on both channels, nobody's objection is open, and the
bureau authorised the issue with its own signature. A rulebook may do without the last, and let the
first be waived; the second never.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.periods import Deadline
from catalog.rulebooks.rulebook import Rulebook


class NoticeChannelMissing(Refused):
    """The product does not stand on both channels yet (HN-16)."""

    code = "notice_channel_missing"


class NoticePeriodRunning(Refused):
    """The public notice (公示) is not over."""

    code = "notice_period_running"


class ObjectionOpen(Refused):
    """An objection (异议) is not closed."""

    code = "objection_open"


class IssuanceNotAuthorised(Refused):
    """The bureau (省大数据管理局) has not authorised the issue."""

    code = "issuance_not_authorised"


class NoticeNotWaivable(Refused):
    """The rulebook lets no notice be waived, or this one is being posted."""

    code = "notice_not_waivable"


class WaiverReasonMissing(Invalid):
    """Who waives a notice says why."""

    code = "notice_waiver_reason_missing"


class NoticeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the notice says about whether the issue may go on."""

    missing_channels: tuple[str, ...]
    ends: Deadline | None  # None until all channels are up
    open_objections: int
    is_waived: bool = False  # 免予公示 (NDA35-24)


def is_over(ends: Deadline, now: dt.datetime) -> bool:
    """Tell whether the notice has run its full time at ``now``.

    A last day that is only provisional is never the last: a year's notice of days off, when it
    comes, may give the public more days, and a certificate issued meanwhile could not be unissued.
    """
    return not ends.provisional and now >= ends.ends_at


def check_waiver(rulebook: Rulebook, reason: str, *, is_posted: bool) -> None:
    """Return if the notice of a case may be waived (免予公示, NDA35-24).

    :raises NoticeNotWaivable: if the rulebook waives none, or it is being posted.
    :raises WaiverReasonMissing: if no reason is given.
    """
    if not rulebook.notice_may_be_waived or is_posted:
        raise NoticeNotWaivable(rulebook=rulebook.code)
    if not reason.strip():
        raise WaiverReasonMissing


def check_notice(record: NoticeRecord, now: dt.datetime) -> None:
    """Return if the public has had its say.

    :raises NoticeChannelMissing: if a channel is not up.
    :raises NoticePeriodRunning: if the notice is not over.
    :raises ObjectionOpen: if an objection is open.
    """
    if record.ends is None and not record.is_waived:
        raise NoticeChannelMissing(channels=list(record.missing_channels))
    if record.ends is not None and not is_over(record.ends, now):
        raise NoticePeriodRunning(
            ends_on=record.ends.last_day.isoformat(), provisional=record.ends.provisional
        )
    if record.open_objections:
        raise ObjectionOpen(open_objections=record.open_objections)


def check_issue(record: NoticeRecord, now: dt.datetime, *, is_authorised: bool) -> None:
    """Return if the certificate may be issued.

    :raises NoticeChannelMissing: if a channel is not up.
    :raises NoticePeriodRunning: if the notice is not over.
    :raises ObjectionOpen: if an objection is open.
    :raises IssuanceNotAuthorised: if the bureau has not signed.
    """
    check_notice(record, now)
    if not is_authorised:
        raise IssuanceNotAuthorised
