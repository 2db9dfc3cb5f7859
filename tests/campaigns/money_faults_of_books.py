"""The faults of the books: a month that closes, a roll-up that dies, files of channels and banks that are broken.

Whoever works here asks again like the load, until it is answered; what it was told is checked with the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import random
import signal
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from catalog.kernel.actor import Actor, system
from catalog.kernel.clock import monotonic
from catalog.kernel.db import Tx, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, new_id
from catalog.kernel.local_time import SHANGHAI
from settlement.escrow.operations import releasing as escrow
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, Purpose, clearing_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.operations import PeriodClosed, Posted
from settlement.ledger.queries import balances as books
from settlement.money import Bps, Fen
from settlement.payouts.bank_file import Outcome as BankOutcome
from settlement.payouts.bank_file import OutcomeFileMalformed
from settlement.payouts.bank_file import Told as BankTold
from settlement.payouts.choosing import NothingToPay
from settlement.payouts.model import Payout
from settlement.payouts.operations import batches, sending
from settlement.payouts.operations.sending import OutcomesTakenBefore
from settlement.payouts.states import EventNotAllowed
from settlement.payouts.store import lock_lines
from settlement.periods import operations as periods
from settlement.periods.model import Step
from settlement.periods.months import Month
from settlement.periods.operations import PeriodExplainedAlready
from settlement.periods.states import PeriodEventNotAllowed
from settlement.reconciliation import statement_file
from settlement.reconciliation.operations import statements
from settlement.reconciliation.operations.statements import StatementLoadedBefore
from settlement.reconciliation.statement_file import Line, Move, Outcome
from settlement.revenue.agreement import freeze
from settlement.revenue.split import Method, Role, Share
from tests.bank_files import write_outcomes
from tests.campaigns.money_faults import Fault, Scene
from tests.campaigns.money_load import DOWN, PATIENCE_SECONDS, Ack, NeverAnswered
from tests.lanes_model import NOON
from tests.store.money import accepted, paid_escrow

_FEBRUARY: Final = Month(2026, 2)
_WRITERS: Final = 16
_LINES: Final = 400
_CLERK, _SECOND = (
    msgspec.structs.replace(
        system(
            f"clerk {number}", "period:close", "ledger:read", "payout:prepare", "payout:approve",
            "payout:send", "reconciliation:run", "escrow:release",
        ),
        account_id=AccountId(uuid.UUID(int=number)),
    )
    for number in (1, 2)
)  # fmt: skip

T = TypeVar("T")


async def _until(scene: Scene, command: Callable[[Tx], Awaitable[T]], actor: Actor = _CLERK) -> T:
    """Ask until there is an answer; a refusal is one."""
    end = monotonic() + PATIENCE_SECONDS
    while monotonic() < end:
        try:
            return await run(scene.stage.db(), actor, command, must_remember=False)
        except DOWN:
            await asyncio.sleep(scene.rng.uniform(0.005, 0.05))
    raise NeverAnswered


async def _once(
    scene: Scene, command: Callable[[Tx], Awaitable[object]], *done: type[DomainError]
) -> None:
    """Ask until it is done; whoever hears that it was done before has not heard the first answer."""
    with contextlib.suppress(*done):
        await _until(scene, command)


async def _kill_a_backend(scene: Scene) -> None:
    await scene.some_time(0.3)
    scene.stage.kill_backend()


# ── a month that closes ──


async def close_month_under_writers(scene: Scene) -> None:
    """February closes while sixteen write into it; whoever is refused books into March, as a late fact."""
    february: list[uuid.UUID] = []
    late: list[uuid.UUID] = []
    is_over = asyncio.Event()

    async def write() -> None:
        while not is_over.is_set():
            entry = _top_up(scene.rng, dt.date(2026, 2, scene.rng.randint(1, 28)))
            try:
                posted = await _until(scene, lambda tx, e=entry: _post(tx, e))
                february.append(posted.entry.key)
            except PeriodClosed:
                entry = _top_up(scene.rng, NOON.date(), adjusts=_FEBRUARY.first_day)
                posted = await _until(scene, lambda tx, e=entry: _post(tx, e))
                late.append(posted.entry.key)
                if len(late) > 2 * _WRITERS:
                    return
            scene.more_acks.append(Ack("bare", uuid.uuid4(), entry.amount_fen, posted.entry.key))

    writing = [asyncio.create_task(write()) for _ in range(_WRITERS)]
    while not february:  # a month in which nothing was booked is not closed
        await scene.some_time(0.2)
    killing = asyncio.create_task(_kill_a_backend(scene)) if scene.rng.random() < 0.5 else None
    try:
        await _close(scene)
    finally:
        is_over.set()
        await asyncio.gather(*writing)
    if killing is not None:
        await killing
    async with scene.stage.owner() as owner:
        numbered = await owner.fetch("SELECT key FROM settlement.vouchers ORDER BY number")
        state = await owner.fetchval(
            "SELECT state FROM settlement.periods WHERE month = '2026-02-01'"
        )
    if {row["key"] for row in numbered} != set(february) or len(numbered) != len(february):
        scene.findings.append(f"{len(numbered)} are numbered, {len(february)} were let in")
    if state != "closed":
        scene.findings.append(f"February is {state}")
    scene.must_bite(did=bool(february), what="nobody was let in")
    scene.mended()


def _top_up(rng: random.Random, day: dt.date, adjusts: dt.date | None = None) -> Entry:
    to = Account(Purpose.BUYER_ACCOUNT, str(uuid.UUID(int=rng.randint(1, 9))))
    return Entry(
        key=new_id(),
        kind=Kind.TOP_UP,
        legs=transfer(clearing_of("campaign"), [Leg(to, rng.randint(1, 1000))]),
        booked_at=NOON,
        value_on=day,
        rule_version="campaign/1",
        adjusts=adjusts,
    )


async def _post(tx: Tx, entry: Entry) -> Posted:
    return await ledger.post(tx, actor=_CLERK, now=NOON, entry=entry)


async def _close(scene: Scene) -> None:
    month: dict[str, Any] = {"actor": _CLERK, "now": NOON, "book": "market", "month": _FEBRUARY}
    await _once(scene, lambda tx: periods.begin(tx, **month), PeriodEventNotAllowed)
    end, step = monotonic() + PATIENCE_SECONDS, Step.NOT_BEGUN
    while step is not Step.SEALED:
        assert monotonic() < end, f"the closing stands at {step}"
        if step is Step.EXPLAINING:
            await _once(
                scene,
                lambda tx: periods.explain(
                    tx, **month, account="channel_clearing/campaign", explanation="核对一致"
                ),
                PeriodExplainedAlready,
                PeriodEventNotAllowed,
            )
        step, _ = await _until(scene, lambda tx: periods.take_step(tx, **month))


# ── a roll-up that dies ──


async def kill_roll_up(scene: Scene) -> None:
    """Two roll up at once; the first is killed on its way, with all that it had added up."""
    async with scene.stage.owner() as first, scene.stage.owner() as second:
        pid = await first.fetchval("SELECT pg_backend_pid()")
        await first.execute("BEGIN; UPDATE settlement.rollup_state SET asked_at = now()")
        waiting = asyncio.create_task(
            second.execute("UPDATE settlement.rollup_state SET asked_at = now()")
        )
        await scene.some_time(0.2)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        died = False
        try:
            await first.execute("COMMIT")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            died = True
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await asyncio.wait_for(waiting, 10)
    scene.mended()
    scene.must_bite(did=died, what="the roll-up was committed")
    for _ in range(2):
        await _until(scene, lambda tx: ledger.roll_up(tx, now=NOON))
    async with scene.stage.owner() as owner:
        rolled, there = await owner.fetchrow(
            """SELECT s.rolled, (SELECT count(*) FROM settlement.journal WHERE xid < s.upto)
                 FROM settlement.rollup_state s"""
        )
    if rolled != there:
        scene.findings.append(f"{rolled} entries were rolled up, and {there} are there")


# ── files that are broken ──


async def break_statements(scene: Scene) -> None:
    """A channel's statement comes changed, cut in half, with a line twice; then whole, while a backend dies."""
    channel, day = f"c{scene.rng.randrange(10**9)}", dt.date(2026, 3, 1)
    lines = [_line(scene.rng, number) for number in range(_LINES)]
    content = statement_file.write(channel, day, lines)
    half = content[: len(content) // 2]
    refused = 0
    for broken in (
        content.replace(b",succeeded,", b",failed,", 1),
        half,
        half[: half.rfind(b"\n") + 1],
        statement_file.write(channel, day, [*lines, lines[0]]),
        content + content,
    ):
        try:
            statement_file.read(broken)
        except DomainError:
            refused += 1
    loading = [asyncio.create_task(_load(scene, channel, content)) for _ in range(3)]
    killing = asyncio.create_task(_kill_a_backend(scene))
    await asyncio.gather(*loading, killing)
    scene.mended()
    # Another file for the day after, that states one line of the first again, is not taken at all.
    again = statement_file.write(
        channel, day - dt.timedelta(days=1), [lines[0], _line(scene.rng, 9999)]
    )
    with contextlib.suppress(statement_file.StatementLineDoubled):
        await _until(scene, lambda tx: _loaded(tx, channel, again))
        scene.findings.append("a line was stated by two files")
    async with scene.stage.owner() as owner:
        files, stated = await owner.fetchrow(
            """SELECT (SELECT count(*) FROM settlement.statement_files WHERE channel = $1),
                      (SELECT count(*) FROM settlement.statement_lines WHERE channel = $1)""",
            channel,
        )
    if (files, stated, refused) != (1, _LINES, 5):
        scene.findings.append(f"{files} files with {stated} lines, {refused} broken ones refused")


def _line(rng: random.Random, number: int) -> Line:
    amount = rng.randint(100, 10_000)
    return Line(
        number=0,
        transaction_id=f"X{number}",
        move=Move.PAY_IN,
        reference=f"P{number}",
        outcome=Outcome.SUCCEEDED,
        amount_fen=Fen(amount),
        fee_fen=0,
        happened_at=dt.datetime(2026, 3, 1, 9, tzinfo=SHANGHAI),
        remark="",
    )


async def _load(scene: Scene, channel: str, content: bytes) -> None:
    await _once(scene, lambda tx: _loaded(tx, channel, content), StatementLoadedBefore)


async def _loaded(tx: Tx, channel: str, content: bytes) -> object:
    return await statements.load(
        tx,
        actor=_CLERK,
        now=NOON,
        channel=channel,
        statement=statement_file.read(content),
        fee_bps=0,
    )


async def double_outcomes(scene: Scene) -> None:
    """The bank says what came of half a batch, eight times at once, and of the rest in a cut file and a whole one."""
    parties = [new_id() for _ in range(6)]
    for party in parties:
        await _owe(scene, party)
    batch_id, lines = await _sent(scene, parties)
    ends = [scene.rng.random() < 0.7 for _ in lines]
    first = write_outcomes(batch_id, _told(lines[:3], ends[:3]))
    rest = write_outcomes(batch_id, _told(lines[3:], ends[3:]))
    killing = asyncio.create_task(_kill_a_backend(scene))
    await asyncio.gather(*(_take(scene, batch_id, first) for _ in range(8)))
    with contextlib.suppress(OutcomeFileMalformed):
        await _until(scene, lambda tx: _take_in(tx, batch_id, rest[: len(rest) // 2]))
        scene.findings.append("half a file was taken")
    await _take(scene, batch_id, rest)
    await killing
    scene.mended()
    for party, is_paid in zip((line.party_id for line in lines), ends, strict=True):
        owed, under_way = [
            await _until(scene, lambda tx, of=account: books.get_balance(tx, of))
            for account in (
                Account(Purpose.PAYABLE, str(party)),
                Account(Purpose.PAYOUT_IN_TRANSIT, str(party)),
            )
        ]
        if (owed, under_way) != (0 if is_paid else 500, 0):
            scene.findings.append(f"{party} is owed {owed}, {under_way} are under way")


async def _owe(scene: Scene, party: uuid.UUID) -> None:
    share = Share(
        party_id=party,
        role=Role.RIGHT_HOLDER,
        method=Method.PROFIT_SHARING,
        share_bps=Bps(10_000),
    )
    async with scene.stage.owner() as owner:
        await owner.execute(
            """INSERT INTO settlement.beneficiaries (id, party_id, holder_name, bank_name, bank_code,
                   account_masked, account_sealed, state, submitted_at, checked_by, verified_by,
                   verified_at)
               VALUES ($1, $2, '某', '某', '102100099996', '****1234', '\\x00', 'verified', now(), $3,
                       $4, now())""",
            *(new_id(), party, new_id(), new_id()),
        )

    async def paid_and_released(tx: Tx) -> None:
        await escrow.release(
            tx,
            actor=_CLERK,
            now=NOON,
            order_id=await paid_escrow(tx, _CLERK, 500),
            split=freeze(version="v", frozen_at=NOON, shares=(share,)),
            facts=accepted(),
        )

    await _until(scene, paid_and_released)


async def _prepared(scene: Scene, parties: list[uuid.UUID]) -> uuid.UUID:
    """Ask for a batch until there is one: what is owed counts when no older transaction is open."""
    batch: dict[str, Any] = {"now": NOON, "channel": "bank_transfer", "minimum_fen": 1}
    end = monotonic() + PATIENCE_SECONDS
    while monotonic() < end:
        await _once(
            scene,
            lambda tx: batches.prepare(tx, actor=_CLERK, party_ids=parties, **batch),
            NothingToPay,
        )
        async with scene.stage.owner() as owner:
            found: list[uuid.UUID] = [
                row["batch_id"]
                for row in await owner.fetch(
                    "SELECT DISTINCT batch_id FROM settlement.payouts WHERE party_id = ANY ($1)",
                    parties,
                )
            ]
        if found:
            (batch_id,) = found
            return batch_id
    raise NeverAnswered


async def _sent(scene: Scene, parties: list[uuid.UUID]) -> tuple[uuid.UUID, list[Payout]]:
    batch_id = await _prepared(scene, parties)
    await _once(
        scene,
        lambda tx: batches.approve(tx, actor=_SECOND, now=NOON, batch_id=batch_id),
        EventNotAllowed,
    )
    lines = await _until(scene, lambda tx: lock_lines(tx, batch_id))
    for line in lines:
        await _until(
            scene,
            lambda tx, each=line: sending.send(tx, actor=_CLERK, now=NOON, payout_id=each.id),
        )
    return batch_id, lines


def _told(lines: list[Payout], ends: list[bool]) -> list[BankTold]:
    return [
        BankTold(
            line=0,
            reference=line.reference,
            outcome=BankOutcome.PAID if is_paid else BankOutcome.RETURNED,
            amount_fen=line.amount_fen,
            transaction_id=f"B{line.reference}",
            reason="" if is_paid else "账号不符",
        )
        for line, is_paid in zip(lines, ends, strict=True)
    ]


async def _take(scene: Scene, batch_id: uuid.UUID, content: bytes) -> None:
    await _once(scene, lambda tx: _take_in(tx, batch_id, content), OutcomesTakenBefore)


async def _take_in(tx: Tx, batch_id: uuid.UUID, content: bytes) -> object:
    return await sending.take_outcomes(
        tx, actor=_CLERK, now=NOON, batch_id=batch_id, content=content
    )


FAULTS_OF_BOOKS: Final[dict[str, Fault]] = {
    "closing of a month races sixteen writers": close_month_under_writers,
    "roll-up killed on its way, another beside it": kill_roll_up,
    "statement of a channel broken, loaded while a backend dies": break_statements,
    "bank's file cut, partial and eight times at once": double_outcomes,
}
#: They need a database in which nothing was closed.
FRESH: Final = frozenset({"closing of a month races sixteen writers"})
