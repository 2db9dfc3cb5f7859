"""Open, generate, sign, submit, acknowledge and return quarterly reports (季度报备, HN-21)."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.delegations import queries as delegations
from catalog.delegations.model import Delegation
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid, Missing, Refused
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.products import queries as products
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.signing.canonical import sha256_hex
from catalog.signing.signer import Signer
from catalog.timers import operations as timers
from market.identity import queries as identity
from market.identity.model import Capacity
from market.supervision import queries, states, store
from market.supervision.model import (
    Grant,
    Header,
    Operator,
    QuarterlyReport,
    ReportId,
    Signed,
)
from market.supervision.quarters import Quarter, last_ended
from market.supervision.queries import TIMER, ReportMissing
from market.supervision.report import compute, document
from market.supervision.trace import FORMAT as TRACE_FORMAT
from market.supervision.trace import Trace, in_stages

_RULEBOOK: Final = HAINAN_2023
_AGAINST: Final = "supermarket_operator"
TRACE_LIMIT: Final = 20_000


class ReportLogNotSequenced(Refused):
    """Entries of the quarter have no place under a signed checkpoint yet; soon they have."""

    code = "report_log_not_sequenced"


class ReportAlreadyGenerated(Conflict):
    """The quarter has a report. A new version is made only of one that was returned."""

    code = "report_already_generated"


class ReportMoneyUntied(Refused):
    """The log and the journal do not tell the same money; that has to be mended first."""

    code = "report_money_untied"


class ReportReturnReasonMissing(Invalid):
    """Who returns a report says why."""

    code = "report_return_reason_missing"


async def open_due(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar
) -> QuarterlyReport | None:
    """Open the report of the quarter that ended last, so that its time runs (A29).

    Return None if it is open already or the operator had no delegation on the quarter's last day.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("report:open")
    quarter = last_ended(now)
    operator = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    granted = await delegations.find_in_force(tx, on=quarter.last_day)
    if operator is None or operator.id not in {each.operator_party_id for each in granted}:
        return None
    await store.lock_quarter(tx, quarter)
    if await store.find_living(tx, quarter) is not None:
        return None
    return await _open(
        tx, quarter, None, operator_party_id=operator.id, actor=actor, now=now, calendar=calendar
    )


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
    await _remember(tx, Event.REPORT_GENERATED, generated, actor=actor, now=now)
    return await queries.with_due(tx, generated)


async def sign(
    tx: Tx, *, actor: Actor, now: dt.datetime, report_id: uuid.UUID, signer: Signer
) -> QuarterlyReport:
    """Sign a report with the service's report key (签名).

    :raises ReportMissing: if there is none.
    :raises ReportEventNotAllowed: if it is not generated, or signed already.
    """
    actor.require("report:sign")
    report = await _lock(tx, report_id)
    state = states.advance(report.state, states.Event.SIGN)
    found = await store.find(tx, report_id)
    assert found is not None, "it was locked"
    record = found[1]
    assert record is not None, "report_generated_whole"
    signed = msgspec.structs.replace(
        report, state=state, signature=signer.seal(record), signed_at=now
    )
    await store.save(tx, signed)
    await _remember(tx, Event.REPORT_SIGNED, signed, actor=actor, now=now)
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
    report = await _lock(tx, report_id)
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
    await _remember(tx, Event.REPORT_SUBMITTED, submitted, actor=actor, now=now)
    return await queries.with_due(tx, submitted)


async def acknowledge(
    tx: Tx, *, actor: Actor, now: dt.datetime, report_id: uuid.UUID
) -> QuarterlyReport:
    """Acknowledge a submitted report (确认收到).

    :raises ReportMissing: if there is none.
    :raises ReportEventNotAllowed: if it is not submitted.
    """
    actor.require("report:acknowledge")
    report = await _lock(tx, report_id)
    acknowledged = msgspec.structs.replace(
        report,
        state=states.advance(report.state, states.Event.ACKNOWLEDGE),
        acknowledged_at=now,
        acknowledged_by=actor.account_id,
    )
    await store.save(tx, acknowledged)
    await _remember(tx, Event.REPORT_ACKNOWLEDGED, acknowledged, actor=actor, now=now)
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
    report = await _lock(tx, report_id)
    returned = msgspec.structs.replace(
        report,
        state=states.advance(report.state, states.Event.RETURN),
        returned_at=now,
        returned_by=actor.account_id,
        return_reason=why,
    )
    await store.save(tx, returned)
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=TIMER,
        subject_kind="report",
        subject_id=report.id,
        against=_AGAINST,
        rulebook=_RULEBOOK.code,
        period=_RULEBOOK.promptly,
        started_on=local_date(now),
        party_id=report.operator_party_id,
        note="returned",
    )
    await _remember(tx, Event.REPORT_RETURNED, returned, actor=actor, now=now, reason=why)
    return await queries.with_due(tx, returned)


async def trace(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, limit: int = TRACE_LIMIT
) -> Trace:
    """Return the whole line of a product with its proofs, and remember that it was read (A49).

    1. The product is known.
    2. From its entries the line is followed to its cases, orders, uses and money.
    3. The reports that count any of it are added.
    4. Every entry gets its proof under the newest checkpoint, every bound record its bytes.

    :raises NotPermitted: if the actor may not trace.
    :raises Missing: if there is no such product.
    :raises LogEmpty: if no checkpoint is signed yet.
    """
    actor.require("trace:read")
    product = await products.find(tx, product_id=product_id)
    if product is None:
        raise Missing
    subject = Subject("product", str(product_id))
    line, is_complete = await queries.follow(tx, actor, subject, limit=limit)
    line += await queries.list_reports_of(tx, actor, line, limit=limit)
    published = await log.get_checkpoint(tx)
    placed = [entry.index for entry in line if entry.index is not None]
    proofs = await log.prove_inclusions(
        tx, [index for index in placed if index < published.size], published.size
    )
    traced = Trace(
        format=TRACE_FORMAT,
        product_id=product_id,
        product_name=product.name,
        traced_at=now,
        checkpoint=_signed(published.size, published.root, published.note),
        stages=in_stages(line, proofs),
        records=tuple(await queries.list_records(tx, actor, line)),
        waiting_count=len(line) - len(proofs),
        is_complete=is_complete,
    )
    await audit_log.append(
        tx,
        Event.TRACE_READ,
        actor=actor,
        now=now,
        # Not about the product: reading a line does not become a part of it.
        subjects=[],
        facts={"product_id": str(product_id), "entries": len(line), "log_size": published.size},
        rules=("HN-05", "SIX-4"),
    )
    return traced


# ── the parts ──


async def _lock(tx: Tx, report_id: uuid.UUID) -> QuarterlyReport:
    report = await store.lock(tx, report_id)
    if report is None:
        raise ReportMissing
    return report


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
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=TIMER,
            subject_kind="report",
            subject_id=report.id,
            against=_AGAINST,
            rulebook=_RULEBOOK.code,
            period=_RULEBOOK.quarterly_report,
            started_on=quarter.last_day,
            party_id=operator_party_id,
        )
    await _remember(tx, Event.REPORT_OPENED, report, actor=actor, now=now)
    return report


async def _covering_checkpoint(tx: Tx) -> Signed:
    try:
        published = await log.get_checkpoint(tx)
    except log.LogEmpty as empty:
        raise ReportLogNotSequenced(entries=0) from empty
    return _signed(published.size, published.root, published.note)


def _signed(size: int, root: bytes, note: bytes) -> Signed:
    return Signed(size=size, root=base64.b64encode(root).decode(), note=note.decode())


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
        rulebook=_RULEBOOK.code,
        operator=Operator(party_id=operator.id, name=operator.name, uscc=operator.uscc),
        delegation=Grant(
            id=granted.id,
            authority_party_id=granted.authority_party_id,
            document_number=granted.document_number,
            valid_from=granted.valid_from,
            valid_to=granted.valid_to,
        ),
        checkpoint=checkpoint,
    )


async def _remember(
    tx: Tx,
    event: Event,
    report: QuarterlyReport,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
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
