"""Say what can be looked for (检索条件)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log.model import Subject
from catalog.kernel.errors import Invalid
from catalog.log_search.model import Wanted

_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2999
_LONGEST: Final = 200  # [P] no kind or id of ours is longer


class SubjectIncomplete(Invalid):
    """A subject is asked for by its kind and its id, both; each of them short."""

    code = "log_subject_incomplete"


class PeriodEmpty(Invalid):
    """The period ends before it begins."""

    code = "log_period_empty"


class DayInvalid(Invalid):
    """A day is written as 2026-03-02, and has a next one."""

    code = "log_day_invalid"


class AccountInvalid(Invalid):
    """An actor is asked for by the id of its account."""

    code = "log_account_invalid"


def day(text: str | None) -> dt.date | None:
    """Return the day that somebody wrote into a form.

    :raises DayInvalid: if it is none.
    """
    if text is None:
        return None
    try:
        found = dt.date.fromisoformat(text)
    except ValueError as error:
        raise DayInvalid from error
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise DayInvalid
    return found


def account(text: str | None) -> uuid.UUID | None:
    """Return the account whose id somebody wrote into a form.

    :raises AccountInvalid: if it is no id.
    """
    try:
        return None if text is None else uuid.UUID(text)
    except ValueError as error:
        raise AccountInvalid from error


def wanted(
    *,
    subject_kind: str | None = None,
    subject_id: str | None = None,
    actor_id: uuid.UUID | None = None,
    action: str | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> Wanted:
    """Return what somebody looks for; an instant without a zone is UTC, as everything in the log.

    :raises SubjectIncomplete: if only one half of the subject is told, or it is no subject.
    :raises PeriodEmpty: if the period ends before it begins.
    """
    if bool(subject_kind) is not bool(subject_id):
        raise SubjectIncomplete
    subject = None
    if subject_kind and subject_id:
        if ":" in subject_kind or max(len(subject_kind), len(subject_id)) > _LONGEST:
            raise SubjectIncomplete
        subject = Subject(subject_kind, subject_id)
    since, until = _aware(since), _aware(until)
    if since is not None and until is not None and until < since:
        raise PeriodEmpty
    return Wanted(
        subject=subject,
        actor_account_id=actor_id,
        action=action or None,
        since=since,
        until=until,
    )


def _aware(at: dt.datetime | None) -> dt.datetime | None:
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=dt.UTC)
