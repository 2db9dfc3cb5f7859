"""Open and generate a quarterly report (季度报备), HN-21."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.delegations import queries as delegations
from catalog.delegations.model import Delegation
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.registry import PROVINCE
from catalog.signing.canonical import sha256_hex
from market.identity import queries as identity
from market.identity.model import Capacity
from market.supervision import queries, states, store
from market.supervision.model import (
    LAYOUT,
    Grant,
    Header,
    Operator,
    QuarterlyReport,
    ReportId,
    Signed,
)
from market.supervision.operations import casework
from market.supervision.quarters import Quarter, ended_since, last_ended
from market.supervision.report import compute, document


class ReportLogNotSequenced(Refused):
    """Entries of the quarter have no place under a signed checkpoint yet; soon they have."""

    code = "report_log_not_sequenced"


class ReportAlreadyGenerated(Conflict):
    """The quarter has a report. A new version is made only of one that was returned."""

    code = "report_already_generated"


class ReportMoneyUntied(Refused):
    """The log and the journal do not tell the same money; that has to be mended first."""

    code = "report_money_untied"


async def open_due(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> list[QuarterlyReport]:
    """Open the report of every quarter that ended under the delegation, so that its time runs (A29).

    A service that stood still for longer than a quarter owes the reports of all of them. Quarters
    before the delegation was entered here are not this market's. Nothing is opened twice, and
    nothing if the operator had no delegation on the last quarter's last day.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("report:open")
    operator = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    granted = await delegations.find_in_force(tx, on=last_ended(now).last_day)
    began = [
        max(each.valid_from, local_date(each.created_at))
        for each in granted
        if operator is not None and each.operator_party_id == operator.id
    ]
    if operator is None or not began:
        return []
    opened = []
    for quarter in ended_since(min(began), now):
        if await store.find_living(tx, quarter) is not None:
            continue
        await store.lock_quarter(tx, quarter)
        if await store.find_living(tx, quarter) is not None:
            continue  # another worker opened it meanwhile
        opened.append(
            await _open(
                tx, quarter, None,
                operator_party_id=operator.id, actor=actor, now=now, calendar=calendar,
            )
        )  # fmt: skip
    return opened


async def generate(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, year: int, quarter: int
) -> QuarterlyReport:
    """Generate the report of a quarter that is over (生成).

    1. The operator is delegated today, and the quarter is over.
    2. The quarter has no report yet, or one that was returned and is now replaced.
    3. Every entry of the quarter is under the newest signed checkpoint.
    4. The report is computed from these entries and the journal; both tell the same money.
    5. Its bytes are stored, and their digest stands in the log.

    :raises NotPermitted: if the actor may not generate reports.
    :raises ReportQuarterUnknown: if there is no such quarter.
    :raises ReportQuarterNotOver: if it is not over.
    :raises OperatorNotDelegated: if the operator has no delegation today (HN-05).
    :raises ReportAlreadyGenerated: if there is a report that was not returned.
    :raises ReportLogNotSequenced: if an entry of the quarter waits for its place or its checkpoint.
    :raises ReportMoneyUntied: if log and journal differ.
    """
    actor.require("report:generate")
    named = Quarter(year, quarter)
    named.require_over(now)
    operator_party_id = actor.party
    granted = await delegations.get_in_force(
        tx, operator_party_id=operator_party_id, on=local_date(now)
    )
    report = await _to_generate(
        tx, named, operator_party_id=operator_party_id, actor=actor, now=now, calendar=calendar
    )
    checkpoint = await _covering_checkpoint(tx)
    gathered = await queries.gather(tx, named, checkpoint.size)
    if gathered.uncovered_count:
        raise ReportLogNotSequenced(entries=gathered.uncovered_count)
    header = await _header(tx, report, named, granted, checkpoint, now=now)
    computed = compute(header, gathered.entries, gathered.journal, gathered.calendar)
    if not computed.is_tied:
        raise ReportMoneyUntied(year=year, quarter=quarter)
    record = document(computed)
    generated = msgspec.structs.replace(
        report,
        state=states.advance(report.state, states.Event.GENERATE),
        log_size=checkpoint.size,
        record_sha256=sha256_hex(record),
        generated_at=now,
        generated_by=actor.account_id,
    )
    await store.save_document(tx, generated, record)
    await casework.remember(tx, Event.REPORT_GENERATED, generated, actor=actor, now=now)
    return await queries.with_due(tx, generated)


async def _to_generate(
    tx: Tx,
    quarter: Quarter,
    *,
    operator_party_id: PartyId,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
) -> QuarterlyReport:
    """Return the open version of a quarter, opening it, or the one after a returned, if need be."""
    await store.lock_quarter(tx, quarter)
    living = await store.find_living(tx, quarter)
    if living is not None and living.state is states.State.OPEN:
        return living
    if living is not None:
        if (living.state, states.Event.REGENERATE) not in states.TRANSITIONS:
            raise ReportAlreadyGenerated(report_id=str(living.id), state=living.state.value)
        replaced = msgspec.structs.replace(
            living, state=states.advance(living.state, states.Event.REGENERATE)
        )
        await store.save(tx, replaced)
    return await _open(
        tx,
        quarter,
        living,
        operator_party_id=operator_party_id,
        actor=actor,
        now=now,
        calendar=calendar,
    )


async def _open(
    tx: Tx,
    quarter: Quarter,
    replaced: QuarterlyReport | None,
    *,
    operator_party_id: PartyId,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
) -> QuarterlyReport:
    report = QuarterlyReport(
        id=ReportId(new_id()),
        year=quarter.year,
        quarter=quarter.number,
        version=1 if replaced is None else replaced.version + 1,
        replaces=None if replaced is None else replaced.id,
        state=states.State.OPEN,
        operator_party_id=operator_party_id,
        opened_at=now,
    )
    await store.insert(tx, report)
    if replaced is None:  # a new version answers the timer that ran since the return
        await casework.start_clock(
            tx,
            report,
            now=now,
            calendar=calendar,
            period=(await casework.rulebook_on(tx, now)).quarterly_report,
            started_on=quarter.last_day,
        )
    await casework.remember(tx, Event.REPORT_OPENED, report, actor=actor, now=now)
    return report


async def _covering_checkpoint(tx: Tx) -> Signed:
    try:
        published = await log.get_checkpoint(tx)
    except log.LogEmpty as empty:
        raise ReportLogNotSequenced(entries=0) from empty
    return casework.signed(published.size, published.root, published.note)


async def _header(
    tx: Tx,
    report: QuarterlyReport,
    quarter: Quarter,
    granted: Delegation,
    checkpoint: Signed,
    *,
    now: dt.datetime,
) -> Header:
    operator = await identity.get_party(tx, granted.operator_party_id)
    return Header(
        id=report.id,
        year=quarter.year,
        quarter=quarter.number,
        version=report.version,
        replaces=report.replaces,
        starts_at=quarter.starts_at,
        ends_at=quarter.ends_at,
        generated_at=now,
        rulebook=PROVINCE.code,
        operator=Operator(party_id=operator.id, name=operator.name, uscc=operator.uscc),
        delegation=Grant(
            id=granted.id,
            authority_party_id=granted.authority_party_id,
            document_number=granted.document_number,
            valid_from=granted.valid_from,
            valid_to=granted.valid_to,
        ),
        checkpoint=checkpoint,
        layout=LAYOUT,
    )
