"""Sign and submit a report (签名、报送); acknowledge it, or return it (确认、退回), HN-21."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.delegations import queries as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.signing.signer import Signer
from catalog.timers import operations as timers
from market.supervision import queries, states, store
from market.supervision.model import QuarterlyReport
from market.supervision.operations import casework
from market.supervision.queries import TIMER


class ReportReturnReasonMissing(Invalid):
    """Who returns a report says why."""

    code = "report_return_reason_missing"


async def sign(
    tx: Tx, *, actor: Actor, now: dt.datetime, report_id: uuid.UUID, signer: Signer
) -> QuarterlyReport:
    """Sign a report with the service's report key (签名).

    :raises ReportMissing: if there is none.
    :raises ReportEventNotAllowed: if it is not generated, or signed already.
    """
    actor.require("report:sign")
    report = await casework.lock(tx, report_id)
    state = states.advance(report.state, states.Event.SIGN)
    found = await store.find(tx, report_id)
    assert found is not None, "it was locked"
    record = found[1]
    assert record is not None, "report_generated_whole"
    signed = msgspec.structs.replace(
        report, state=state, signature=signer.seal(record), signed_at=now
    )
    await store.save(tx, signed)
    await casework.remember(tx, Event.REPORT_SIGNED, signed, actor=actor, now=now)
    return await queries.with_due(tx, signed)


async def submit(
    tx: Tx, *, actor: Actor, now: dt.datetime, report_id: uuid.UUID
) -> QuarterlyReport:
    """Submit a signed report to the bureau (报送, HN-21). Its timer is met, in time or late.

    :raises ReportMissing: if there is none.
    :raises OperatorNotDelegated: if the operator has no delegation today (HN-05).
    :raises ReportEventNotAllowed: if it is not signed.
    """
    actor.require("report:submit")
    report = await casework.lock(tx, report_id)
    await delegations.get_in_force(tx, operator_party_id=actor.party, on=local_date(now))
    submitted = msgspec.structs.replace(
        report,
        state=states.advance(report.state, states.Event.SUBMIT),
        submitted_at=now,
        submitted_by=actor.account_id,
    )
    await store.save(tx, submitted)
    await timers.meet(
        tx,
        now=now,
        kind=TIMER,
        subject_kind="report",
        subject_id=report.replaces or report.id,
    )
    await casework.remember(tx, Event.REPORT_SUBMITTED, submitted, actor=actor, now=now)
    return await queries.with_due(tx, submitted)


async def acknowledge(
    tx: Tx, *, actor: Actor, now: dt.datetime, report_id: uuid.UUID
) -> QuarterlyReport:
    """Acknowledge a submitted report (确认收到).

    :raises ReportMissing: if there is none.
    :raises ReportEventNotAllowed: if it is not submitted.
    """
    actor.require("report:acknowledge")
    report = await casework.lock(tx, report_id)
    acknowledged = msgspec.structs.replace(
        report,
        state=states.advance(report.state, states.Event.ACKNOWLEDGE),
        acknowledged_at=now,
        acknowledged_by=actor.account_id,
    )
    await store.save(tx, acknowledged)
    await casework.remember(tx, Event.REPORT_ACKNOWLEDGED, acknowledged, actor=actor, now=now)
    return await queries.with_due(tx, acknowledged)


async def send_back(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    report_id: uuid.UUID,
    reason: str,
) -> QuarterlyReport:
    """Return a submitted report to the operator (退回), who owes a new version promptly (A33).

    :raises ReportReturnReasonMissing: if no reason is given.
    :raises ReportMissing: if there is none.
    :raises ReportEventNotAllowed: if it is not submitted.
    """
    actor.require("report:acknowledge")
    why = reason.strip()
    if not why:
        raise ReportReturnReasonMissing
    report = await casework.lock(tx, report_id)
    returned = msgspec.structs.replace(
        report,
        state=states.advance(report.state, states.Event.RETURN),
        returned_at=now,
        returned_by=actor.account_id,
        return_reason=why,
    )
    await store.save(tx, returned)
    await casework.start_clock(
        tx,
        report,
        now=now,
        calendar=calendar,
        period=(await casework.rulebook_on(tx, now)).promptly,
        started_on=local_date(now),
        note="returned",
    )
    await casework.remember(tx, Event.REPORT_RETURNED, returned, actor=actor, now=now, reason=why)
    return await queries.with_due(tx, returned)
