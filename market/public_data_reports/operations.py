"""Draw up, seal, publish and deliver the yearly report of public data (出具年度报告)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from catalog.timers import operations as timers
from market.allowed_revenue import queries as allowances
from market.identity import queries as identity
from market.identity.model import Capacity
from market.public_data_reports import disclosing, drawing_up, queries, store
from market.public_data_reports.check import SUBJECT
from market.public_data_reports.model import DrawUp, Due, SignedReport
from market.trade_statistics import queries as statistics
from settlement.ledger.accounts import Book
from settlement.periods import months

_BOOK: Final = Book.PUBLIC_DATA
_RULES: Final = ("GD-07", "JX-3")
CLOCK: Final = "public_data_disclosure"
CLOCK_SUBJECT: Final = "operator"


async def draw_up(
    tx: Tx, *, actor: Actor, now: dt.datetime, wanted: DrawUp, signer: Signer
) -> SignedReport:
    """Draw up the report of a year, or a correction of it: one more version, never a change.

    It is sealed in the log, published in its public part, and told to the regulator and the operator.

    :raises NotPermitted: if the actor draws up none.
    :raises PartyMissing: if there is no such operator.
    :raises PeriodNotClosed: if the months of the year are not all closed.
    :raises CorrectionUnexplained: if there is a version and no reason for another.
    :raises ReportUnchanged: if nothing is other than in the newest version.
    """
    actor.require("public_data_report:draw_up")
    operator = await identity.get_party(tx, PartyId(wanted.operator_party_id))
    before = await store.lock_of_year(tx, operator.id, wanted.year)
    span = months.span(str(wanted.year))
    report = drawing_up.draw_up(
        report_id=new_id(),
        year=wanted.year,
        today=local_date(now),
        operator_party_id=operator.id,
        operator_name=operator.name,
        revenue=await statistics.get_statistics(
            tx,
            viewer=actor,
            book=_BOOK,
            span=span,
            supplier_party_id=operator.id,
            supplier_name=operator.name,
        ),
        departments=await queries.list_departments(
            tx, book=_BOOK, span=span, operator_party_id=operator.id
        ),
        allowances=await allowances.list_of_operator(tx, operator.id),
        before=None if before is None else (before.report, before.sha256),
        correction=wanted.correction,
    )
    document = canonical(report)
    made = SignedReport(
        type=report.format,
        document=document,
        sha256=sha256_hex(document),
        signature=signer.seal(document),
        report=report,
    )
    await store.insert(tx, made, now=now, by=actor.account_id)
    await audit_log.append(
        tx,
        Event.PUBLIC_DATA_REPORT_DRAWN_UP,
        actor=actor,
        now=now,
        subjects=[Subject(SUBJECT, str(report.id)), Subject("party", str(operator.id))],
        facts={
            "year": wanted.year,
            "version": report.public.version,
            "net_fen": report.public.net_fen,
            "corrects_sha256": report.corrects_sha256,
        },
        reason=report.public.correction or None,
        rules=_RULES,
        digests=[Digest(SUBJECT, str(report.id), made.sha256)],
    )
    await _stop_clock(tx, operator.id, wanted.year, now=now)
    await _deliver(tx, made, now=now)
    return made


async def remind(tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, due: Due) -> bool:
    """Start the days in which an operator discloses a year, and tell it; return if that was new.

    One that owes an older year is told of the next when that is reported.

    :raises NotPermitted: if the actor reminds nobody.
    """
    actor.require("public_data_report:remind")
    operator = PartyId(due.operator_party_id)
    try:
        timer = await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=CLOCK,
            subject_kind=CLOCK_SUBJECT,
            subject_id=operator,
            against="operator",
            rulebook=HAINAN_2023.code,
            period=disclosing.WITHIN,
            started_on=disclosing.counted_from(due.year),
            party_id=operator,
            note=str(due.year),
        )
    except timers.TimerAlreadyRunning:
        return False
    await audit_log.append(
        tx,
        Event.PUBLIC_DATA_REPORT_AWAITED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(operator))],
        facts={"year": due.year, "due_on": timer.due_on.isoformat()},
        rules=("NAT-DISC",),
    )
    await notifications.send(
        tx,
        now=now,
        to=operator,
        topic=Topic.PUBLIC_DATA_REPORT_DUE,
        subject=Subject("party", str(operator)),
        facts={
            "operator": due.operator_name,
            "year": due.year,
            "due_on": timer.due_on.isoformat(),
        },
    )
    return True


async def _stop_clock(tx: Tx, operator: PartyId, year: int, *, now: dt.datetime) -> None:
    """Record that a year is disclosed, in time or late, if its days run."""
    running = await timers.find_running(
        tx, kind=CLOCK, subject_kind=CLOCK_SUBJECT, subject_id=operator
    )
    if running is not None and running.note == str(year):
        await timers.meet(tx, now=now, kind=CLOCK, subject_kind=CLOCK_SUBJECT, subject_id=operator)


async def _deliver(tx: Tx, made: SignedReport, *, now: dt.datetime) -> None:
    authority = await identity.find_institution(tx, Capacity.PROVINCIAL_AUTHORITY)
    told = [PartyId(made.report.operator_party_id)]
    if authority is not None:
        told.append(authority.id)
    public = made.report.public
    for party in told:
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=Topic.PUBLIC_DATA_REPORT_DRAWN_UP,
            subject=Subject(SUBJECT, str(made.report.id)),
            facts={
                "operator": public.operator_name,
                "year": public.year,
                "version": public.version,
                "net_fen": public.net_fen,
            },
        )
