"""Judge when a notification was received (通知接收之日, HN-20(c)), by A40.

It is received on the day of reading. Failing that, on the next working day after it stood in the
inbox and was taken by the recipient's mail or message server. The earlier of the two counts, and
which one it was is kept. A message that lies in the inbox only, unread, was not received.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar, add_working_days
from catalog.notifications.model import Basis, NotificationId, Receipt


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a notification: in the inbox since, read at, taken outside at."""

    notification_id: NotificationId
    sent_at: dt.datetime
    read_at: dt.datetime | None
    delivered_at: dt.datetime | None  # the first of the deliveries outside


def received(facts: Facts, *, now: dt.datetime, calendar: Calendar) -> Receipt | None:
    """Return the receipt as it can be proven ``now``, None if it can not be yet.

    A day that only an unknown calendar year would give is not given out (A5): reading still counts.
    """
    deemed = _deemed(facts, now=now, calendar=calendar)
    if facts.read_at is None:
        return deemed
    read_on = local_date(facts.read_at)
    if deemed is not None and deemed.received_on < read_on:
        return deemed
    return Receipt(
        notification_id=facts.notification_id,
        received_on=read_on,
        basis=Basis.READ,
        proven_at=facts.read_at,
    )


def _deemed(facts: Facts, *, now: dt.datetime, calendar: Calendar) -> Receipt | None:
    if facts.delivered_at is None:
        return None
    reached_at = max(facts.sent_at, facts.delivered_at)
    next_day = add_working_days(local_date(reached_at), 1, calendar)
    if next_day.provisional or local_date(now) < next_day.day:
        return None
    return Receipt(
        notification_id=facts.notification_id,
        received_on=next_day.day,
        basis=Basis.DEEMED,
        proven_at=reached_at,
    )
