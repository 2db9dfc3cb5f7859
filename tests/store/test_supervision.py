"""Reports in the database: what its constraints keep, two at once, and what tampering shows."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import uuid

import asyncpg
import msgspec
import pytest

from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.workdays import Calendar
from catalog.signing.purposes import Purpose
from market.identity.model import Capacity
from market.supervision import queries
from market.supervision.model import QuarterlyReport, Recomputation
from market.supervision.operations import generation, submission
from market.supervision.operations.generation import ReportAlreadyGenerated, ReportMoneyUntied
from market.supervision.states import State
from settlement.escrow.operations import funding as escrow
from settlement.ledger.accounts import Book
from settlement.ledger.queries import balances as books
from tests.log_of_tests import TestLog, signer_of
from tests.makers_identity import make_party

APRIL = dt.datetime(2026, 4, 2, 9, tzinfo=SHANGHAI).astimezone(dt.UTC)


class House:
    """An operator that is delegated, and the log that it keeps."""

    def __init__(self, db: Database, actor: Actor, calendar: Calendar, log: TestLog) -> None:
        self.db, self.actor, self.calendar, self.log = db, actor, calendar, log

    async def generate(self) -> QuarterlyReport:
        async with begin(self.db, self.actor) as tx:
            return await generation.generate(
                tx, actor=self.actor, now=APRIL, calendar=self.calendar, year=2026, quarter=1
            )

    async def recompute(self, report: QuarterlyReport) -> Recomputation:
        async with begin(self.db, self.actor) as tx:
            return await queries.recompute(tx, viewer=self.actor, report_id=report.id)


@pytest.fixture
async def house(
    db: Database,
    almighty: Actor,
    calendar: Calendar,
    clock: ManualClock,
    data_dir: pathlib.Path,
) -> House:
    now = clock.now()
    operator = await make_party(db, Capacity.SUPERMARKET_OPERATOR, now=now)
    authority = await make_party(db, Capacity.PROVINCIAL_AUTHORITY, now=now)
    bureau = msgspec.structs.replace(almighty, party_id=authority.id)
    actor = msgspec.structs.replace(almighty, party_id=operator.id)
    async with begin(db, bureau) as tx:
        await delegations.delegate(
            tx,
            actor=bureau,
            now=now,
            operator_party_id=operator.id,
            document_number="琼数〔2026〕1号",
            scope="确权登记",
            valid_from=dt.date(2026, 3, 2),
            valid_to=None,
        )
    async with begin(db, actor) as tx:
        order_id = uuid.uuid4()
        await escrow.open(
            tx, actor=actor, now=now, order_id=order_id, payer_party_id=operator.id, amount_fen=777
        )
        await escrow.fund(
            tx, actor=actor, now=now, order_id=order_id, channel="sandbox", amount_fen=777
        )
    log = TestLog(db, actor, data_dir)
    await log.run(APRIL)
    return House(db, actor, calendar, log)


async def _as_owner(owner_dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_report_is_computed_again_to_the_same_bytes(house: House) -> None:
    report = await house.generate()

    again = await house.recompute(report)

    assert again.identical
    assert again.stored_sha256 == again.computed_sha256 == report.record_sha256


async def test_the_money_of_a_report_is_what_the_ledger_has_in_all_its_books(
    house: House, clock: ManualClock
) -> None:
    async with begin(house.db, house.actor) as tx:
        public = uuid.uuid4()
        wanted = {"order_id": public, "amount_fen": 1_234}
        await escrow.open(
            tx,
            actor=house.actor,
            now=clock.now(),
            payer_party_id=uuid.uuid4(),
            book=Book.PUBLIC_DATA,
            **wanted,
        )
        await escrow.fund(tx, actor=house.actor, now=clock.now(), channel="sandbox", **wanted)
    await house.log.run(APRIL)

    report = await house.generate()

    async with begin(house.db, house.actor) as tx:
        record = await tx.fetch_value(
            "SELECT record FROM market.quarterly_reports WHERE id = $1", report.id
        )
    told = msgspec.json.decode(record)["sections"]
    figures = {each["code"]: each["value"] for section in told for each in section["figures"]}
    (industries,) = (
        each for section in told for each in section["tables"] if each["code"] == "by_industry"
    )
    async with begin(house.db, house.actor) as tx:
        paid = await tx.fetch_value(
            """SELECT sum(p.amount)::bigint FROM settlement.postings p
                 JOIN settlement.accounts a ON a.id = p.account_id
                WHERE a.purpose = 'order_escrow' AND p.amount > 0"""
        )
        trial = [await books.trial_balance(tx, book=each) for each in Book]
    credited = [
        line.credits_fen for each in trial for line in each.lines if line.purpose == "order_escrow"
    ]
    assert figures["turnover_fen"] == paid == sum(credited) == 777 + 1_234
    assert sum(row[-1] for row in industries["rows"]) == paid


async def test_of_two_that_generate_at_once_one_is_refused(house: House) -> None:
    outcomes = await asyncio.gather(*(house.generate() for _ in range(8)), return_exceptions=True)

    made = [each for each in outcomes if isinstance(each, QuarterlyReport)]
    refused = [each for each in outcomes if isinstance(each, ReportAlreadyGenerated)]
    assert (len(made), len(refused)) == (1, 7)


async def test_a_changed_payload_changes_the_report_and_is_located(
    house: House, owner_dsn: str
) -> None:
    report = await house.generate()

    await _as_owner(
        owner_dsn,
        """UPDATE audit_log.entries SET payload = convert_to(
               replace(convert_from(payload, 'UTF8'), '"amount_fen":777', '"amount_fen":778'),
               'UTF8')
           WHERE event = 'journal:posted'""",
    )

    again = await house.recompute(report)
    assert not again.identical
    assert again.first_difference is not None
    assert again.first_difference.startswith("/sections/10/tables/1/rows/0")


async def test_money_without_its_entry_in_the_log_stops_the_report(
    house: House, owner_dsn: str
) -> None:
    await _as_owner(
        owner_dsn,
        "SET session_replication_role = replica",
        "DELETE FROM audit_log.entries WHERE event = 'journal:posted'",
    )

    with pytest.raises(ReportMoneyUntied):
        await house.generate()


async def test_an_entry_that_comes_late_leaves_the_report_as_it_was(
    house: House, clock: ManualClock
) -> None:
    report = await house.generate()

    # a command that was asked in the quarter and committed after the report
    async with begin(house.db, house.actor) as tx:
        order_id = uuid.uuid4()
        late = clock.now()
        await escrow.open(
            tx,
            actor=house.actor,
            now=late,
            order_id=order_id,
            payer_party_id=uuid.uuid4(),
            amount_fen=1,
        )
        await escrow.fund(
            tx,
            actor=house.actor,
            now=late,
            order_id=order_id,
            channel="sandbox",
            amount_fen=1,
        )

    assert (await house.recompute(report)).identical
    await house.log.run(APRIL)
    assert (await house.recompute(report)).identical


async def test_the_service_can_not_change_the_bytes_of_a_report(house: House) -> None:
    report = await house.generate()

    with pytest.raises(asyncpg.RestrictViolationError):
        async with begin(house.db, house.actor) as tx:
            await tx.execute(
                """UPDATE market.quarterly_reports
                      SET record = 'x', record_sha256 = sha256('x') WHERE id = $1""",
                report.id,
            )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(house.db, house.actor) as tx:
            await tx.execute("DELETE FROM market.quarterly_reports WHERE id = $1", report.id)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("state = 'signed'", "report_signed_whole"),
        ("state = 'open'", "report_generated_whole"),
        ("state = 'lost'", "quarterly_reports_state_known"),
        ("acknowledged_at = now()", "report_acknowledged_at_when_acknowledged"),
        ("submitted_at = now()", "report_submitted_when_signed"),
        ("return_reason = 'x'", "report_returned_with_a_reason"),
    ],
)
async def test_the_database_says_the_life_of_a_report_again(
    house: House, change: str, constraint: str
) -> None:
    report = await house.generate()

    with pytest.raises(asyncpg.CheckViolationError) as refused:
        async with begin(house.db, house.actor) as tx:
            await tx.execute(
                f"UPDATE market.quarterly_reports SET {change} WHERE id = $1", report.id
            )

    assert refused.value.constraint_name == constraint


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("quarter = 5", "report_quarter_is_a_quarter"),
        ("version = 2", "report_replaces_from_version_two"),
    ],
)
async def test_which_quarter_a_report_is_of_never_changes(
    house: House, owner_dsn: str, change: str, constraint: str
) -> None:
    report = await house.generate()
    statement = f"UPDATE market.quarterly_reports SET {change} WHERE id = $1"

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(house.db, house.actor) as tx:
            await tx.execute(statement, report.id)

    owner = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await owner.execute(statement, report.id)
    finally:
        await owner.close()
    assert refused.value.constraint_name == constraint


async def test_a_signature_is_kept_as_it_was_made(house: House) -> None:
    report = await house.generate()
    signer = signer_of(Purpose.REPORT)

    async with begin(house.db, house.actor) as tx:
        await submission.sign(tx, actor=house.actor, now=APRIL, report_id=report.id, signer=signer)

    async with begin(house.db, house.actor) as tx:
        document = await queries.get_document(tx, viewer=house.actor, report_id=report.id)
    assert document.report.state is State.SIGNED
    assert document.signature == signer.seal(bytes(document.document))
