"""Close a month of the books (月结): begin it, take it a step further, explain what stands open.

Each step is one transaction. A step that died half-way left nothing, and whoever comes next takes
it again: the job, a person, or both at once, since they wait for each other at the month's row.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.signing.canonical import sha256_hex
from settlement.periods import chain, checklist, queries, sealing, store
from settlement.periods.model import Closing, Period, Step
from settlement.periods.months import Month, month_of
from settlement.periods.queries import PeriodMissing
from settlement.periods.states import Event, State, advance

#: So many entries are chained in one transaction: a second or less.
CHAINED_AT_ONCE: Final = 5_000
_EXPLANATION_MAX: Final = 500


class PeriodEarlierOpen(Refused):
    """A month is closed after the one before it."""

    code = "period_earlier_open"


class PeriodExplainedAlready(Conflict):
    """Somebody explained this account for this month before; what was written stays."""

    code = "period_explained_already"


class PeriodExplanationMissing(Invalid):
    """What explains an account is a sentence, not nothing and not a book."""

    code = "period_explanation_missing"


class PeriodAccountEmpty(Refused):
    """Nothing that needs an explanation stands on this account at the end of the month."""

    code = "period_account_empty"


async def begin(tx: Tx, *, actor: Actor, now: dt.datetime, book: str, month: Month) -> Period:
    """Begin to close a month that is over: from the commit on no entry is let into it.

    :raises NotPermitted: if the actor closes no books.
    :raises PeriodNotOver: if the month is not over.
    :raises PeriodMissing: if there is no such book, or nothing was booked in it so far.
    :raises PeriodEarlierOpen: if the month before it is not closed.
    :raises PeriodEventNotAllowed: if it is being closed, or was.
    """
    actor.require("period:close")
    month.require_over(now)
    first = await store.first_month(tx, book)
    if first is None or month < month_of(first):
        raise PeriodMissing
    state = await store.lock_state(tx, book, month)
    shut = advance(state, Event.BEGIN)
    previous = await store.newest(tx, book)
    due = month_of(first) if previous is None else _month_after(previous)
    if due != month or (previous is not None and previous.sealed_at is None):
        raise PeriodEarlierOpen(period=due.text)
    before = chain.FIRST if previous is None else previous.head
    begun = Closing(
        book=book,
        month=month.text,
        begun_at=now,
        begun_by=actor.account_id,
        begun_by_name=actor.name,
        before=before,
        head=before,
    )
    await store.insert(tx, begun)
    await store.save_state(tx, book, month, shut)
    await _remember(tx, Happened.PERIOD_CLOSING_BEGUN, begun, actor=actor, now=now)
    return (await queries.get_period(tx, viewer=actor, book=book, month=month)).period


async def take_step(
    tx: Tx, *, actor: Actor, now: dt.datetime, book: str, month: Month
) -> tuple[Step, int]:
    """Take the closing of a month one step further; return what is next, and how many are chained.

    It stays where it is while somebody still writes, or while an account is not explained.

    :raises NotPermitted: if the actor closes no books.
    :raises PeriodMissing: if its closing was not begun.
    """
    actor.require("period:close")
    of = await store.lock(tx, book, month)
    if of is None:
        raise PeriodMissing
    step = of.step
    if step is Step.WAITING_FOR_WRITERS:
        await store.raise_barrier(tx, of)
    elif step is Step.NUMBERING:
        await _number(tx, of, month)
    elif step is Step.CHAINING:
        await _chain(tx, of)
    elif step is Step.EXPLAINING:
        await _seal(tx, of, month, actor=actor, now=now)
    after = await store.lock(tx, book, month)
    assert after is not None, "it was locked"
    return after.step, after.chained


async def explain(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    book: str,
    month: Month,
    account: str,
    explanation: str,
) -> Period:
    """Write down why something stands on an account at the end of a month (挂账说明).

    :raises NotPermitted: if the actor closes no books.
    :raises PeriodExplanationMissing: if nothing is said, or more than 500 characters.
    :raises PeriodMissing: if the closing of the month was not begun.
    :raises PeriodEventNotAllowed: if it is sealed.
    :raises PeriodAccountEmpty: if nothing that needs it stands there.
    :raises PeriodExplainedAlready: if somebody explained it before.
    """
    actor.require("period:close")
    told = explanation.strip()
    if not told or len(told) > _EXPLANATION_MAX:
        raise PeriodExplanationMissing(maximum=_EXPLANATION_MAX)
    of = await store.lock(tx, book, month)
    if of is None:
        raise PeriodMissing
    advance(State.CLOSING if of.sealed_at is None else State.CLOSED, Event.SEAL)
    standings = await store.standings(tx, book, of.month, account)
    if not standings:
        raise PeriodAccountEmpty(account=account)
    (standing,) = standings
    if standing.explanation is not None:
        raise PeriodExplainedAlready(account=account)
    await store.insert_explanation(
        tx,
        book=book,
        month=of.month,
        account=account,
        explanation=told,
        explained_by=actor.account_id,
        explained_by_name=actor.name,
        explained_at=now,
    )
    await audit_log.append(
        tx,
        Happened.PERIOD_EXPLAINED,
        actor=actor,
        now=now,
        subjects=[Subject("period", name_of(of))],
        facts={"account": account, "balance_fen": standing.balance_fen},
        reason=told,
    )
    return (await queries.get_period(tx, viewer=actor, book=book, month=month)).period


def name_of(closing: Closing) -> str:
    """Return under which name the log knows a month: ``market-2026-11``."""
    return f"{closing.book}-{closing.month}"


async def _number(tx: Tx, of: Closing, month: Month) -> None:
    """Give the entries their numbers and strike the balances, once nobody can still write."""
    assert of.barrier is not None, "closing_step"
    if not await store.writers_are_done(tx, of.barrier):
        return
    await store.number(tx, of, month)
    await store.strike_balances(tx, of, month)


async def _chain(tx: Tx, of: Closing) -> None:
    digests = await store.digests(tx, of, after=of.chained, limit=CHAINED_AT_ONCE)
    head = chain.follow(of.head, of.chained + 1, digests)
    await store.save_chain(tx, of, chained=of.chained + len(digests), head=head)


async def _seal(tx: Tx, of: Closing, month: Month, *, actor: Actor, now: dt.datetime) -> None:
    standings = await store.standings(tx, of.book, of.month)
    if checklist.unexplained(standings, month.last_day):
        return
    opened = queries.opened(standings, month.last_day)
    record = sealing.record(
        of,
        await queries.lines_of(tx, of.book, of.month),
        queries.sums_of(opened),
        [each for each in opened if each.explanation is not None],
        sealed_at=now,
    )
    state = advance(await store.lock_state(tx, of.book, month), Event.SEAL)
    await store.seal(tx, of, now=now, record=record)
    await store.save_state(tx, of.book, month, state)
    sealed = msgspec.structs.replace(of, sealed_at=now, record=record)
    await _remember(tx, Happened.PERIOD_CLOSED, sealed, actor=actor, now=now)


def _month_after(closing: Closing) -> Month:
    year, _, number = closing.month.partition("-")
    return Month(int(year), int(number)).next


async def _remember(
    tx: Tx, event: Happened, closing: Closing, *, actor: Actor, now: dt.datetime
) -> None:
    record = closing.record
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("period", name_of(closing))],
        facts={
            "book": closing.book,
            "month": closing.month,
            "entries": closing.entries,
            "chain_head": closing.head.hex(),
        },
        digests=() if record is None else [Digest("period", name_of(closing), sha256_hex(record))],
    )
