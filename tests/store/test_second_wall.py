"""The second wall: what another party's session sees when a command forgot to ask."""

from __future__ import annotations

import datetime as dt
import uuid

import asyncpg
import pytest

from catalog.files import operations as files
from catalog.files.model import Arrived
from catalog.kernel.actor import PUBLIC, Actor, Clearance, system
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.workdays import Calendar, YearTable
from catalog.products import queries as product_queries
from catalog.products.operations import describing, publishing
from catalog.registration.store.applications import APPLICATIONS
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning
from market.idempotency import operations as idempotency
from market.supervision.store import REPORTS
from settlement.escrow.operations import funding as escrow
from settlement.ledger.queries import order_money as ledger
from settlement.payments.store import CHANNEL_EVENTS, CHANNEL_NONCES
from tests.makers_products import make_actor, make_description

OWNER = make_actor("product:describe", "file:upload")
STRANGER = make_actor()
STAFF = make_actor(clearance=Clearance.STAFF)
REGULATOR = make_actor(clearance=Clearance.REGULATOR)
ROOT = system("test")


async def seen(db: Database, actor: Actor, table: str) -> int:
    async with begin(db, actor) as tx:
        return int(await tx.fetch_value(f"SELECT count(*) FROM {table}"))


@pytest.mark.parametrize("clearance", Clearance)
async def test_the_service_and_the_database_agree_on_who_sees_all(
    db: Database, clearance: Clearance
) -> None:
    actor = make_actor(clearance=clearance)

    async with begin(db, actor) as tx:
        assert await tx.fetch_value("SELECT catalog.sees_all()") is actor.sees_all


# ── answers ─────────────────────────────────────────────────────────────────────────────────


async def _ask(
    db: Database, actor: Actor, now: dt.datetime, *, principal: str | None = None
) -> idempotency.StoredAnswer | None:
    name = principal or actor.principal
    claiming = idempotency.claiming(
        principal=name, key="k", route="POST /x", request_sha256=b"1", now=now
    )
    async with begin(db, actor, ahead=claiming) as tx:
        stored = await idempotency.find_answer(tx)
        if stored is None:
            await idempotency.keep(
                tx, principal=name, key="k", status=201, headers={}, body=b"mine"
            )
        return stored


@pytest.mark.parametrize("actor", [OWNER, PUBLIC], ids=["account", "public"])
async def test_an_answer_is_given_again_to_the_one_who_asked_and_to_nobody_else(
    db: Database, actor: Actor, now: dt.datetime
) -> None:
    first, again = await _ask(db, actor, now), await _ask(db, actor, now)

    assert first is None
    assert again == idempotency.StoredAnswer(status=201, headers={}, body=b"mine")
    for other in (STRANGER, STAFF, REGULATOR):
        assert await seen(db, other, "market.answered_commands") == 0
        async with begin(db, other) as tx:
            assert await tx.execute("UPDATE market.answered_commands SET status = 500") == 0


async def test_nobody_answers_in_another_name(db: Database, now: dt.datetime) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _ask(db, STRANGER, now, principal=OWNER.principal)


async def test_a_name_with_a_quote_is_a_name(db: Database) -> None:
    quoted = system("o'clock', true), set_config('app.party', 'x")

    async with begin(db, quoted) as tx:
        told = await tx.fetch_value("SELECT catalog.acting_principal()")

    assert told == quoted.principal


# ── reports ─────────────────────────────────────────────────────────────────────────────────


async def test_a_report_is_seen_by_the_operator_and_the_regulator(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, ROOT) as tx:
        await tx.insert(
            REPORTS, id=new_id(), year=2026, quarter=1, version=1, state="open",
            operator_party_id=new_id(), opened_at=now,
        )  # fmt: skip

    counts = [
        await seen(db, actor, "market.quarterly_reports")
        for actor in (STAFF, REGULATOR, OWNER, PUBLIC)
    ]

    assert counts == [1, 1, 0, 0]


# ── clocks ──────────────────────────────────────────────────────────────────────────────────


async def _application(db: Database, now: dt.datetime) -> uuid.UUID:
    """An application of OWNER, with a clock that runs against somebody else."""
    application_id = new_id()
    async with begin(db, OWNER) as tx:
        made = await describing.describe(
            tx, actor=OWNER, now=now, supplier_name="某公司", description=make_description(),
            is_draft=False,
        )  # fmt: skip
        await tx.insert(
            APPLICATIONS, id=application_id, product_id=made.id, applicant_party_id=OWNER.party,
            rulebook=HAINAN_2023.code, state="draft", form={}, must_change=[], version=1, submission_no=0,
            technical_round=1, compliance_round=1, open_objections=0, created_at=now,
            updated_at=now,
        )  # fmt: skip
    return application_id


async def test_who_sees_the_case_meets_its_clocks_and_who_does_not_sees_none(
    db: Database, now: dt.datetime, calendar: Calendar
) -> None:
    application_id = await _application(db, now)
    clock = {"kind": "acceptance", "subject_kind": "application", "subject_id": application_id}
    async with begin(db, OWNER) as tx:
        await timers.start(
            tx, now=now, calendar=calendar, against="supermarket_operator",
            rulebook=HAINAN_2023.code, period=HAINAN_2023.acceptance,
            started_on=dt.date(2026, 3, 2), party_id=PartyId(new_id()), **clock,
        )  # fmt: skip

    assert await seen(db, STRANGER, "catalog.timers") == 0
    with pytest.raises(TimerNotRunning):
        async with begin(db, STRANGER) as tx:
            await timers.meet(tx, now=now, **clock)
    async with begin(db, OWNER) as tx:
        assert (await timers.meet(tx, now=now, **clock)).met_at == now


async def test_a_new_years_notice_moves_the_clocks_of_all_whoever_loads_it(
    db: Database, now: dt.datetime, calendar: Calendar
) -> None:
    administrator = make_actor("calendar:load")
    async with begin(db, ROOT) as tx:
        started = await timers.start(
            tx, now=now, calendar=calendar, kind="acceptance", subject_kind="application",
            subject_id=new_id(), against="supermarket_operator", rulebook=HAINAN_2023.code,
            period=HAINAN_2023.acceptance, started_on=dt.date(2026, 12, 31),
        )  # fmt: skip
    notice = YearTable(
        year=2027,
        notice_number="国办发明电〔2026〕0号",
        issued_on=dt.date(2026, 11, 25),
        holidays=frozenset(dt.date(2027, 1, d) for d in (1, 2, 3, 4)),
        workdays=frozenset(),
    )

    async with begin(db, administrator) as tx:
        moved = await timers.load_calendar_year(tx, actor=administrator, table=notice, now=now)

    assert started.provisional
    assert [move.timer.id for move in moved] == [started.id]
    assert await seen(db, administrator, "catalog.timers") == 0


# ── contents ────────────────────────────────────────────────────────────────────────────────


async def test_the_contents_of_a_product_are_seen_with_the_product(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, OWNER) as tx:
        made = await describing.describe(
            tx, actor=OWNER, now=now, supplier_name="某公司", description=make_description(),
            is_draft=False,
        )  # fmt: skip
        file = await files.record(
            tx, actor=OWNER, now=now, arrived=Arrived("ab" * 32, 10), file_name="a.csv",
            media_type="text/csv",
        )  # fmt: skip
        await describing.attach_content(
            tx, actor=OWNER, now=now, product_id=made.id, file_id=file.id
        )
    before = await seen(db, STRANGER, "catalog.product_contents")
    async with begin(db, STAFF) as tx:
        await publishing.set_visible(tx, now=now, product_id=made.id, is_public=True)
    after = await seen(db, STRANGER, "catalog.product_contents")

    assert (before, after) == (0, 1)
    async with begin(db, OWNER) as tx:
        found = await product_queries.get_content(tx, product_id=made.id, version=1)
    assert found.file_id == file.id


# ── money ───────────────────────────────────────────────────────────────────────────────────


async def test_the_money_of_an_order_is_seen_by_its_two_sides(
    db: Database, almighty: Actor, now: dt.datetime
) -> None:
    buyer, supplier, order_id = make_actor(), make_actor(), new_id()
    async with begin(db, almighty) as tx:
        await escrow.open(
            tx, actor=almighty, now=now, order_id=order_id, payer_party_id=buyer.party,
            payee_party_id=supplier.party, amount_fen=777,
        )  # fmt: skip
        await escrow.fund(
            tx, actor=almighty, now=now, order_id=order_id, channel="sandbox", amount_fen=777
        )

    for actor, paid in ((buyer, 777), (supplier, 777), (STAFF, 777), (STRANGER, 0), (PUBLIC, 0)):
        async with begin(db, actor) as tx:
            told = await ledger.get_order_ledger(tx, order_id)
        assert (told.paid_fen, len(told.entries)) == (paid, int(paid > 0))


async def test_what_a_channel_told_is_told_to_no_party(db: Database, now: dt.datetime) -> None:
    async with begin(db, ROOT) as tx:
        await tx.insert(
            CHANNEL_EVENTS, channel="sandbox", event_id="e", reference="r", kind="succeeded",
            amount_fen=1, currency="CNY", channel_transaction_id="t", happened_at=now,
            received_at=now, effect="ignored",
        )  # fmt: skip
        await tx.insert(CHANNEL_NONCES, channel="sandbox", nonce="n", event_id="e", seen_at=now)

    for table in ("settlement.channel_events", "settlement.channel_nonces"):
        counts = [await seen(db, actor, table) for actor in (STAFF, STRANGER, PUBLIC)]
        assert counts == [1, 0, 0]
