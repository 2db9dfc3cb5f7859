"""Say what runs from when in an objection (异议期限); how long stands in the rulebook (HN-20)."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Deadline, deadline
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook

FORWARDING = "objection_forwarding"
RECHECK = "objection_recheck"
RESPONSE = "objection_response"
DETERMINATION = "objection_determination"
ACCEPTANCE = "objection_acceptance"
PROCEEDINGS = "objection_proceedings"


def forward_by(received_on: dt.date, rulebook: Rulebook, calendar: Calendar) -> Deadline:
    """Return until when the registrant must be told: 3 days from receipt (HN-20(b), A1)."""
    return deadline(rulebook.objection_forwarding, received_on, calendar)


def is_rechecked(rulebook: Rulebook, *, in_notice: bool) -> bool:
    """Tell whether the registrar's own re-check ends an objection (公示期内异议核查)."""
    return in_notice and rulebook.recheck_binds


def answer_by(notice_received_on: dt.date, rulebook: Rulebook, calendar: Calendar) -> Deadline:
    """Return until when the registrant's response (反馈说明) is in time: 7 days from receipt."""
    return deadline(rulebook.objection_response, notice_received_on, calendar)


def is_late(now: dt.datetime, due: Deadline) -> bool:
    """Tell whether an answer that comes ``now`` is late. It is kept all the same, and marked."""
    return now >= due.ends_at


def received_on(delivered_at: dt.datetime, now: dt.datetime) -> dt.date:
    """Return the day on which the registrant got the notification, as the receipt says (A40).

    A receipt can not lie in the future; then the day it was recorded counts.
    """
    return local_date(min(delivered_at, now))
