"""Post entries and open accounts. Whoever calls has decided that the money may move."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Happened, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, DomainError, Invalid, Refused
from settlement.ledger import store
from settlement.ledger.accounts import BOOK, RULES, Account, OrderOfAnotherBook
from settlement.ledger.journal import Entry, read_record
from settlement.money import CEILING, CURRENCY


class KeyReused(Conflict):
    """The key belongs to an entry that says something else."""

    code = "journal_key_reused"


class BalanceInsufficient(Refused):
    """The account holds less than would leave it, or what it holds is frozen."""

    code = "ledger_balance_insufficient"


class OrderMoneyExceeded(Refused):
    """The order would give out more than was paid in."""

    code = "order_money_exceeded"


class PeriodClosed(Refused):
    """The month of the value date is closed, or being closed, or before the first that was closed.

    A late fact goes into the open month.
    """

    code = "period_closed"


class ReversalExceeded(Refused):
    """More would be taken back of a leg than it was."""

    code = "reversal_exceeds_the_leg"


class ReversesNothing(Refused):
    """The entry that is named has no leg that this one takes back."""

    code = "reverses_no_leg"


class MonthMissing(Conflict):
    """The journal has no part for the month in which the key was made; it is made in time, as a rule."""

    code = "journal_month_missing"


class FloorNotAllowed(Invalid):
    """No contract sets such a floor: it is above zero, or the account may not be overdrawn."""

    code = "floor_not_allowed"


class NotAllPosted(Exception):
    """Of many entries one can not be posted; ``post`` tells which, and why. For who undoes and looks."""


class Effect(enum.StrEnum):
    """What became of an entry that was posted."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"


class Posted(msgspec.Struct, frozen=True):
    """An entry in the journal, and whether this call put it there."""

    entry: Entry
    effect: Effect

    @property
    def is_new(self) -> bool:
        """Tell whether this call moved the money."""
        return self.effect is Effect.ACCEPTED


#: Ids of accounts, by the book and the account. They never change once they are committed.
AccountIds = Mapping[tuple[str, Account], int]
AHEAD_DAYS: Final = 62  # ours: two months in which the job may fail and be mended

_KEY_VERSION: Final = 7  # what is no UUIDv7 belongs to no month

_REFUSALS: Final[dict[str, type[DomainError]]] = {
    "guarded_balance_not_below_floor": BalanceInsufficient,
    "order_money_not_given_out_twice": OrderMoneyExceeded,
    "order_money_not_negative": OrderMoneyExceeded,
    "journal_period_is_open": PeriodClosed,
    "reversed_no_more_than_the_leg": ReversalExceeded,
    "journal_reverses_a_leg": ReversesNothing,
}


async def post(tx: Tx, *, actor: Actor, now: dt.datetime, entry: Entry) -> Posted:
    """Post an entry once, whoever sends it how often.

    :raises KeyReused: if its key belongs to another entry.
    :raises BalanceInsufficient: if a guarded account would fall below its floor.
    :raises OrderMoneyExceeded: if the order would give out more than was paid in.
    :raises PeriodClosed: if the month of its value date is closed.
    :raises MonthMissing: if the month of its key has no part of the journal.
    :raises OrderOfAnotherBook: if its order's money stands in another book.
    :raises ReversesNothing: if it reverses what has no such leg.
    :raises ReversalExceeded: if it takes back more of a leg than is left of it.
    """
    accounts = [leg.account for leg in entry.legs]
    ids = await store.account_ids(tx, accounts, book=entry.book, currency=entry.currency, now=now)
    rule = await store.rule_id(tx, entry.rule_version)
    with _refusals(
        entry.key,
        account=entry.debited.code,
        amount_fen=entry.amount_fen,
        value_on=entry.value_on.isoformat(),
        reverses=None if entry.reverses is None else str(entry.reverses),
    ):
        is_new = await store.insert(tx, entry, ids, rule=rule)
    if not is_new:
        return await _replayed(tx, entry)
    await audit_log.append(
        tx,
        Event.JOURNAL_POSTED,
        actor=actor,
        now=now,
        subjects=_subjects(entry),
        facts={"kind": str(entry.kind), "amount_fen": entry.amount_fen},
        digests=[Digest("journal", str(entry.key), entry.digest().hex())],
    )
    return Posted(entry, Effect.ACCEPTED)


async def roll_up(tx: Tx, *, now: dt.datetime) -> int:
    """Make spendable what arrived on accounts whose credits wait (入账汇总); return how many entries.

    It takes what transactions wrote that are over, in whatever order they ended; what one that is
    still running wrote waits for the next time. It remembers nothing: the entries were remembered.
    """
    return await store.roll_up(tx, now)


async def make_months(tx: Tx) -> int:
    """Make the parts of the journal for this month and the next two; return how many were missing."""
    return await store.make_months(tx, AHEAD_DAYS)


async def set_floor(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    account: Account,
    floor_fen: int,
    rests_on: str,
    book: str = BOOK,
) -> None:
    """Let an account be overdrawn down to ``floor_fen``, as a contract says (约定透支限额).

    :raises FloorNotAllowed: if it is above zero, or such an account is never overdrawn.
    :raises BalanceInsufficient: if the account stands below it already.
    """
    if not RULES[account.purpose].may_be_overdrawn or not -CEILING <= floor_fen <= 0:
        raise FloorNotAllowed(account=account.code, floor_fen=floor_fen)
    account_id = await open_account(tx, now=now, account=account, book=book)
    with _refusals(account=account.code, amount_fen=-floor_fen):
        await store.set_floor(
            tx, account_id=account_id, floor_fen=floor_fen, rests_on=rests_on, now=now
        )
    await audit_log.append(
        tx,
        Event.LEDGER_FLOOR_SET,
        actor=actor,
        now=now,
        subjects=[Subject("ledger_account", account.code)],
        facts={"book": str(book), "floor_fen": floor_fen, "rests_on": rests_on},
    )


async def post_all(
    tx: Tx, *, actor: Actor, now: dt.datetime, entries: Sequence[Entry], known: AccountIds
) -> AccountIds:
    """Post entries whose keys are all new, in one statement; return the ids that were not ``known``.

    :raises NotAllPosted: if one is there already or the database refuses it. The transaction, or the
        part of it, is then to be undone.
    """
    found: AccountIds = {}
    try:
        try:
            ids = _ids(entries, known)
        except KeyError:  # seldom: who writes a lane soon knows the accounts of its callers
            found = await _find_accounts(tx, entries, known, now)
            ids = _ids(entries, {**known, **found})
        await audit_log.append_many(
            tx,
            Event.JOURNAL_POSTED,
            actor=actor,
            now=now,
            happened=map(_happened, entries),
            beside=[store.insertion_of_all(entries, ids)],
        )
    except (
        asyncpg.IntegrityConstraintViolationError,
        asyncpg.DataError,
        OrderOfAnotherBook,
    ) as refused:
        raise NotAllPosted from refused
    return found


async def find(tx: Tx, key: uuid.UUID) -> Entry | None:
    """Return the entry with this key for a command that may be sent twice, or None."""
    record = await store.record_of(tx, key)
    return None if record is None else read_record(record)


async def open_account(tx: Tx, *, now: dt.datetime, account: Account, book: str = BOOK) -> int:
    """Return the number under which the journal writes an account; one that is new is opened (开户)."""
    (account_id,) = await store.account_ids(tx, [account], book=book, currency=CURRENCY, now=now)
    return account_id


async def _replayed(tx: Tx, entry: Entry) -> Posted:
    record = await store.record_of(tx, entry.key)
    assert record is not None, "a key that conflicts is there, and is never removed"
    earlier = read_record(record)
    if not entry.repeats(earlier):
        raise KeyReused(key=str(entry.key))
    tx.remember()  # the first run wrote the audit entry; this one changes nothing
    return Posted(earlier, Effect.REPLAYED)


async def _find_accounts(
    tx: Tx, entries: Sequence[Entry], known: AccountIds, now: dt.datetime
) -> AccountIds:
    """Return the ids of the accounts that are not known yet; those that are new are opened."""
    wanted: dict[tuple[str, str], dict[Account, None]] = {}
    for entry in entries:
        for leg in entry.legs:
            if (entry.book, leg.account) not in known:
                wanted.setdefault((entry.book, entry.currency), {})[leg.account] = None
    found: dict[tuple[str, Account], int] = {}
    for (book, currency), accounts in wanted.items():
        ids = await store.account_ids(tx, list(accounts), book=book, currency=currency, now=now)
        found |= {(book, each): id_ for each, id_ in zip(accounts, ids, strict=True)}
    return found


def _ids(entries: Sequence[Entry], known: AccountIds) -> list[list[int]]:
    return [[known[entry.book, leg.account] for leg in entry.legs] for entry in entries]


def _happened(entry: Entry) -> Happened:
    subjects = tuple(_subjects(entry))
    return Happened(
        subjects=subjects,
        facts={"kind": str(entry.kind), "amount_fen": entry.amount_fen},
        digests=(Digest("journal", subjects[0].id, entry.digest().hex()),),
    )


def _subjects(entry: Entry) -> list[Subject]:
    about = [Subject("journal", str(entry.key))]
    if entry.order_id is not None:
        about.append(Subject("order", str(entry.order_id)))
    return about


@contextlib.contextmanager
def _refusals(key: uuid.UUID | None = None, **facts: Any) -> Iterator[None]:
    """Turn what the database refuses into a refusal of ours; leave the rest a fault."""
    try:
        yield
    except asyncpg.CheckViolationError as violation:
        name = violation.constraint_name
        refusal = _REFUSALS.get(name or "")
        if name is None and key is not None and key.version == _KEY_VERSION:
            refusal = MonthMissing  # the one CHECK without a name: there is no part for the key
        if refusal is None:
            raise
        raise refusal(**facts) from violation
