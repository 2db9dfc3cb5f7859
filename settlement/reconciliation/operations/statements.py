"""Load what channels state, and hold it against the books (导入、核对)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from typing import Final

import asyncpg
import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import end_of_day, local_date, start_of_day
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from settlement.ledger.accounts import BOOK, Account, Purpose, clearing_of
from settlement.ledger.journal import Kind
from settlement.payments.remittance import find_codes
from settlement.reconciliation import states, store
from settlement.reconciliation.comparing import judge
from settlement.reconciliation.differences import DESKS, DUE
from settlement.reconciliation.model import Break, Found, StatementFile
from settlement.reconciliation.operations.booking import Booking, By, move, out_of_clearing, post
from settlement.reconciliation.statement_file import Move, Statement, StatementLineDoubled

_AT_ONCE: Final = 1000  # breaks that are looked at again in one go


class StatementLoadedBefore(Conflict):
    """These bytes, or another file for this day of the channel, were loaded before."""

    code = "statement_loaded_before"


class StatementOfAnotherChannel(Conflict):
    """The file says that it is another channel's."""

    code = "statement_of_another_channel"


class StatementOfTheFuture(Refused):
    """The day that the file states is not over."""

    code = "statement_of_the_future"


async def load(
    tx: Tx, *, actor: Actor, now: dt.datetime, channel: str, statement: Statement, fee_bps: int
) -> StatementFile:
    """Take a channel's statement in, whole or not at all (导入对账单).

    :raises NotPermitted: if the actor does not reconcile.
    :raises StatementOfAnotherChannel: if the file is not this channel's.
    :raises StatementOfTheFuture: if its day is not over.
    :raises StatementLoadedBefore: if it, or another one for its day, was loaded.
    :raises StatementLineDoubled: if another file stated one of its lines before.
    """
    actor.require("reconciliation:run")
    if statement.channel != channel:
        raise StatementOfAnotherChannel(channel=channel, name=statement.channel)
    if now < end_of_day(statement.stated_on):
        raise StatementOfTheFuture(on=statement.stated_on.isoformat())
    file = StatementFile(
        id=new_id(),
        channel=channel,
        stated_on=statement.stated_on,
        sha256=statement.sha256,
        line_count=len(statement.lines),
        total_fen=statement.total_fen,
        fee_bps=fee_bps,
        loaded_at=now,
        loaded_by=actor.account_id,
    )
    if not await store.insert_file(tx, file):
        raise StatementLoadedBefore(channel=channel, on=statement.stated_on.isoformat())
    references = await _told_references(tx, statement)
    try:
        async with tx.savepoint():
            await store.insert_lines(tx, file, statement.lines, references)
    except asyncpg.UniqueViolationError as violation:
        number = await store.find_stated(tx, channel, statement.lines)
        assert number is not None, "another file has the line"
        line = next(line for line in statement.lines if line.number == number)
        raise StatementLineDoubled(line=number, name=line.transaction_id) from violation
    await remember_file(tx, by=By(actor, now), event=Event.CHANNEL_STATEMENT_LOADED, file=file)
    return file


async def _told_references(tx: Tx, statement: Statement) -> dict[int, str]:
    """Return our references of the lines that have none, found in what the payer wrote."""
    told = {
        line.number: codes
        for line in statement.lines
        if line.move is Move.PAY_IN and not line.reference and (codes := find_codes(line.remark))
    }
    ours = await store.references_of(
        tx, statement.channel, [code for codes in told.values() for code in codes]
    )
    return {
        number: ours[known[0]]
        for number, codes in told.items()
        if len(known := [code for code in codes if code in ours]) == 1
    }


async def reconcile(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, file_id: uuid.UUID
) -> StatementFile:
    """Hold a file against payments and journal: keep each difference, book the agreed fees (核对).

    A second time gives the same answer and changes nothing.

    :raises NotPermitted: if the actor does not reconcile.
    :raises Missing: if there is no such file.
    """
    actor.require("reconciliation:run")
    file = await store.lock_file(tx, file_id)
    if file is None:
        raise Missing
    if file.reconciled_at is not None:
        tx.remember()  # the first run wrote the audit entry; this one changes nothing
        return file
    pairs = await store.compare(
        tx, file, since=start_of_day(file.stated_on), until=end_of_day(file.stated_on)
    )
    found = [each for pair in pairs for each in judge(pair, fee_bps=file.fee_bps)]
    due_on = deadline(DUE, local_date(now), calendar).last_day
    books = await store.books_of(tx, [each.reference for each in found])
    kept = [_kept(file, each, now, due_on, books.get(each.reference, BOOK)) for each in found]
    await store.insert_breaks(tx, kept)
    fee_key = await _book_fees(tx, By(actor, now), file)
    disturbed = len({each.line_id for each in found if each.line_id is not None})
    file = msgspec.structs.replace(
        file,
        reconciled_at=now,
        matched_count=file.line_count - disturbed,
        break_count=len(found),
        fee_key=fee_key,
    )
    await store.set_reconciled(tx, file)
    kinds = Counter(str(each.kind) for each in found)
    await remember_file(
        tx, by=By(actor, now), event=Event.CHANNEL_STATEMENT_RECONCILED, file=file, **kinds
    )
    await match_explained(tx, actor=actor, now=now, channel=file.channel)
    return file


async def match_explained(tx: Tx, *, actor: Actor, now: dt.datetime, channel: str) -> int:
    """Close the breaks whose other side has come since; return how many (后续核对一致).

    What was booked away for one of them is booked back.
    """
    actor.require("reconciliation:run")
    by = By(actor, now)
    explained = await store.lock_explained(tx, channel, limit=_AT_ONCE)
    for each in explained:
        key = None
        if each.state is states.State.BOOKED:
            key = await out_of_clearing(tx, by, each, is_back=True)
        await move(
            tx,
            by,
            each,
            event=states.Event.MATCH,
            what=Event.CHANNEL_BREAK_RESOLVED,
            resolved_at=now,
            resolving_key=key,
        )
    return len(explained)


async def _book_fees(tx: Tx, by: By, file: StatementFile) -> uuid.UUID | None:
    """Book what the channel keeps, in each book its own; return the key of the first entry."""
    keys = [
        await post(
            tx,
            by,
            Booking(
                kind=Kind.CHANNEL_FEE_CHARGED,
                source=Account(Purpose.CHANNEL_FEE, file.channel),
                to=clearing_of(file.channel),
                amount_fen=fees,
                book=book,
            ),
        )
        for book, fees in (await store.expected_fees(tx, file)).items()
    ]
    return keys[0] if keys else None


def _kept(file: StatementFile, found: Found, now: dt.datetime, due_on: dt.date, book: str) -> Break:
    assert found.transaction_id is not None, "what went through a channel has its number"
    return Break(
        id=new_id(),
        file_id=file.id,
        channel=file.channel,
        kind=found.kind,
        move=found.move,
        reference=found.reference,
        transaction_id=found.transaction_id,
        ours_fen=found.ours_fen,
        theirs_fen=found.theirs_fen,
        difference_fen=found.difference_fen,
        state=states.State.OPEN,
        desk=DESKS[found.kind],
        found_on=file.stated_on,
        found_at=now,
        due_on=due_on,
        book=book,
    )


async def remember_file(
    tx: Tx, *, by: By, event: Event, file: StatementFile, **counts: int
) -> None:
    """Remember what became of a file, with its digest; a part of another command."""
    await audit_log.append(
        tx,
        event,
        actor=by.actor,
        now=by.now,
        subjects=[Subject("channel_statement", str(file.id))],
        facts={
            "channel": file.channel,
            "stated_on": file.stated_on.isoformat(),
            "lines": file.line_count,
            **counts,
        },
        digests=[Digest("channel_statement", str(file.id), file.sha256)],
    )
