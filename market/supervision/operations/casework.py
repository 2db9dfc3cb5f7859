"""Do what every command on a report does: lock it, keep its clock, remember it."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Any, Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import PROVINCE
from catalog.rulebooks.rulebook import Rulebook
from catalog.timers import operations as timers
from market.supervision import store
from market.supervision.model import QuarterlyReport, Signed
from market.supervision.queries import TIMER, ReportMissing

_AGAINST: Final = "supermarket_operator"


async def lock(tx: Tx, report_id: uuid.UUID) -> QuarterlyReport:
    """Lock and return a report.

    :raises ReportMissing: if there is none.
    """
    report = await store.lock(tx, report_id)
    if report is None:
        raise ReportMissing
    return report


def signed(size: int, root: bytes, note: bytes) -> Signed:
    """Return a checkpoint as reports and traces carry it."""
    return Signed(size=size, root=base64.b64encode(root).decode(), note=note.decode())


async def rulebook_on(tx: Tx, now: dt.datetime) -> Rulebook:
    """Return the province's rulebook as it stands today: a report is no case with a filing."""
    return await rulebooks.in_force(tx, code=PROVINCE.code, on=local_date(now))


async def start_clock(
    tx: Tx,
    report: QuarterlyReport,
    *,
    now: dt.datetime,
    calendar: Calendar,
    period: Period,
    started_on: dt.date,
    note: str = "",
) -> None:
    """Start the clock for submitting a report."""
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=TIMER,
        subject_kind="report",
        subject_id=report.id,
        against=_AGAINST,
        rulebook=PROVINCE.code,
        period=period,
        started_on=started_on,
        party_id=report.operator_party_id,
        note=note,
    )


async def remember(
    tx: Tx,
    event: Event,
    report: QuarterlyReport,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    """Append what happened to a report to the audit log."""
    facts: dict[str, Any] = {
        "year": report.year,
        "quarter": report.quarter,
        "version": report.version,
        "state": report.state.value,
        "replaces": None if report.replaces is None else str(report.replaces),
        "log_size": report.log_size,
        "key_id": None if report.signature is None else report.signature.key_id,
    }
    digest = report.record_sha256
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("report", str(report.id))],
        facts=facts,
        reason=reason,
        rules=("HN-21",),
        digests=() if digest is None else [Digest("report", str(report.id), digest)],
    )
