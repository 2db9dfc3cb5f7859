"""Take a custodian's confirmation of a day, and hold it against the ledger (存管余额核对)."""

from __future__ import annotations

import datetime as dt

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import end_of_day, local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from settlement.reconciliation import states, store
from settlement.reconciliation.custody_file import Confirmed, Custodian, differing
from settlement.reconciliation.differences import DESKS, DUE, Kind
from settlement.reconciliation.model import Break, StatementFile
from settlement.reconciliation.operations.booking import By, move
from settlement.reconciliation.operations.statements import (
    StatementLoadedBefore,
    StatementOfTheFuture,
    remember_file,
)
from settlement.reconciliation.statement_file import Move


class CustodyOfAnother(Conflict):
    """The file is another institution's, or of another agreement."""

    code = "custody_of_another"


async def confirm(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    custodian: Custodian,
    confirmed: Confirmed,
) -> StatementFile:
    """Take a confirmation in, whole and once; each account that differs is a break (存管余额确认).

    A break is over when a later day agrees; nothing is booked for it here, for the channel's own
    statement says what is missing.

    :raises NotPermitted: if the actor does not reconcile.
    :raises CustodyOfAnother: if it is another institution's, or of another agreement.
    :raises StatementOfTheFuture: if its day is not over.
    :raises StatementLoadedBefore: if it, or another one for its day, was taken.
    """
    actor.require("reconciliation:run")
    day = confirmed.stated_on
    if (confirmed.institution, confirmed.agreement) != (custodian.institution, custodian.agreement):
        raise CustodyOfAnother(name=confirmed.institution, contract_number=confirmed.agreement)
    if now < end_of_day(day):
        raise StatementOfTheFuture(on=day.isoformat())
    ours = await store.cleared_until(tx, day)
    found = differing(ours, confirmed.balances)
    file = StatementFile(
        id=new_id(),
        channel=custodian.account,
        stated_on=day,
        sha256=confirmed.sha256,
        line_count=len(confirmed.balances),
        total_fen=confirmed.total_fen,
        fee_bps=0,
        loaded_at=now,
        loaded_by=actor.account_id,
        reconciled_at=now,
        matched_count=len({*ours, *confirmed.balances}) - len(found),
        break_count=len(found),
    )
    if not await store.insert_file(tx, file):
        raise StatementLoadedBefore(channel=custodian.account, on=day.isoformat())
    await store.set_reconciled(tx, file)
    by = By(actor, now)
    await remember_file(tx, by=by, event=Event.CUSTODY_CONFIRMED, file=file, breaks=len(found))
    for each in await store.lock_open_balances(tx, custodian.account):
        await move(
            tx,
            by,
            each,
            event=states.Event.MATCH,
            what=Event.CHANNEL_BREAK_RESOLVED,
            resolved_at=now,
        )
    due_on = deadline(DUE, local_date(now), calendar).last_day
    await store.insert_breaks(tx, [_break(file, each, now, due_on) for each in found])
    return file


def _break(
    file: StatementFile, found: tuple[str, int, int], now: dt.datetime, due_on: dt.date
) -> Break:
    channel, ours, theirs = found
    return Break(
        id=new_id(),
        file_id=file.id,
        channel=file.channel,
        kind=Kind.BALANCE,
        move=Move.BALANCE,
        reference=channel,
        transaction_id=f"{file.stated_on.isoformat()}/{channel}",
        ours_fen=ours,
        theirs_fen=theirs,
        difference_fen=ours - theirs,
        state=states.State.OPEN,
        desk=DESKS[Kind.BALANCE],
        found_on=file.stated_on,
        found_at=now,
        due_on=due_on,
    )
