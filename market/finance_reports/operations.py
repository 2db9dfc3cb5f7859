"""Draw up statements of accounts and sign them (对账单); have the journal replayed (全账重放)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.signing.canonical import sha256_hex
from catalog.signing.signer import Signer
from market.finance_reports import store
from market.finance_reports.model import ReplayRun, Step
from market.identity import queries as identity
from settlement.ledger_reports.queries import replaying
from settlement.ledger_reports.replaying import Report
from settlement.periods import months
from settlement.statements import queries as statements
from settlement.statements.model import Side, SignedAccountStatement, Statement


async def draw_up(
    tx: Tx, *, viewer: Actor, side: Side, period: str, book: str, party_id: uuid.UUID | None
) -> Statement:
    """Return the statement of a party, of one's own if none is named, or of a whole book.

    :raises MonthUnknown: if ``period`` is no month, quarter or year.
    :raises NotPermitted: if the viewer reads no statements.
    :raises StatementMissing: if it is somebody else's, or there is no such party.
    :raises PeriodNotClosed: if its months are not all closed.
    """
    span = months.span(period)
    whose = None if side is Side.REGULATOR else party_id or viewer.party
    statements.check_reader(viewer, side, whose)
    name = "" if whose is None else (await identity.get_party(tx, whose)).name
    return await statements.draw_up(
        tx, viewer=viewer, side=side, book=book, span=span, party_id=whose, party_name=name
    )


async def issue(
    tx: Tx,
    *,
    viewer: Actor,
    side: Side,
    period: str,
    book: str,
    party_id: uuid.UUID | None,
    signer: Signer,
) -> SignedAccountStatement:
    """Return a statement, signed: of the same months it is always the same bytes.

    :raises MonthUnknown: and what else ``draw_up`` raises.
    """
    statement = await draw_up(
        tx, viewer=viewer, side=side, period=period, book=book, party_id=party_id
    )
    document = statements.document(statement)
    return SignedAccountStatement(
        type=statement.format,
        document=document,
        sha256=sha256_hex(document),
        signature=signer.seal(document),
        statement=statement,
    )


#: [P] a run of which nothing was heard for so long is taken up by another process, from its first entry.
_SILENCE: Final = dt.timedelta(minutes=10)


async def ask_for_replay(tx: Tx, *, actor: Actor, now: dt.datetime) -> ReplayRun:
    """Ask for a replay of the whole journal; a job runs it (全账重放).

    :raises NotPermitted: if the actor has nothing replayed.
    """
    actor.require("ledger:replay")
    run = ReplayRun(
        id=new_id(),
        step=Step.WAITING,
        asked_at=now,
        asked_by_name=actor.name,
        entries_total=await replaying.count_entries(tx),
        entries_done=0,
    )
    await store.insert(tx, run)
    await audit_log.append(
        tx,
        Event.LEDGER_REPLAY_ASKED,
        actor=actor,
        now=now,
        subjects=[Subject("ledger_replay", str(run.id))],
        facts={"entries": run.entries_total},
    )
    return run


async def take_replay(tx: Tx, *, actor: Actor, now: dt.datetime) -> uuid.UUID | None:
    """Take the oldest run that waits, or that its process left; None if there is none.

    :raises NotPermitted: if the actor has nothing replayed.
    """
    actor.require("ledger:replay")
    return await store.take_one(tx, now=now, silent_since=now - _SILENCE)


async def tell_progress(
    tx: Tx, *, actor: Actor, now: dt.datetime, run_id: uuid.UUID, entries_done: int
) -> None:
    """Write how many entries of a run are replayed.

    :raises NotPermitted: if the actor has nothing replayed.
    """
    actor.require("ledger:replay")
    await store.hear(tx, run_id, now=now, entries_done=entries_done)


async def finish_replay(
    tx: Tx, *, actor: Actor, now: dt.datetime, run_id: uuid.UUID, report: Report
) -> bool:
    """Keep what a run came to, and remember it; return whether nobody had finished it before.

    :raises NotPermitted: if the actor has nothing replayed.
    """
    actor.require("ledger:replay")
    if not await store.finish(tx, run_id, now=now, report=report):
        tx.remember()  # another process was quicker, and wrote the entry
        return False
    first = report.first
    await audit_log.append(
        tx,
        Event.LEDGER_REPLAYED,
        actor=actor,
        now=now,
        subjects=[Subject("ledger_replay", str(run_id))],
        facts={
            "entries": report.entries,
            "disagreements": report.disagreements,
            "is_good": report.is_good,
            "first": None if first is None else str(first.entry or first.subject),
        },
    )
    return True
