"""The index of the log in PostgreSQL, and the second wall before it."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
import pathlib
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance, NotPermitted
from catalog.kernel.db import SEQUENCER_ROLE, Database, begin, run
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.paging import CursorUnreadable
from catalog.log_search import operations as log_search
from catalog.log_search import queries
from catalog.log_search.model import FoundPage, Wanted
from catalog.log_search.reach import SECURITY
from market.jobs import index_log
from tests.log_of_tests import TestLog


def actor(clearance: Clearance, *permissions: str, party: PartyId | None = None) -> Actor:
    return Actor(
        account_id=AccountId(new_id()),
        party_id=party or PartyId(new_id()),
        name=clearance.value,
        roles=frozenset(),
        permissions=frozenset({"log:search", *permissions}),
        clearance=clearance,
    )


AUDITOR = actor(Clearance.AUDITOR, "audit:read")
SECURITY_ADMINISTRATOR = actor(Clearance.ADMINISTRATOR)
WANG = actor(Clearance.PARTY)
LI = actor(Clearance.PARTY)


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime) -> TestLog:
    made = TestLog(db, almighty, data_dir)
    await made.run(now)
    await index_log.run(db)
    return made


async def said(
    db: Database, who: Actor, event: Event, at: dt.datetime, *subjects: Subject, **facts: Any
) -> uuid.UUID:
    async with begin(db, who) as tx:
        entry = await audit_log.append(tx, event, actor=who, now=at, subjects=subjects, facts=facts)
    return entry.id


async def search(
    db: Database, who: Actor, *, cursor: str | None = None, limit: int = 50, **wanted: Any
) -> FoundPage:
    async with begin(db, who) as tx:
        return await queries.search(
            tx, viewer=who, wanted=Wanted(**wanted), cursor=cursor, limit=limit
        )


async def settle(log: TestLog, now: dt.datetime) -> None:
    await log.run(now)
    await index_log.run(log.db)


async def test_everything_is_found_by_subject_actor_action_and_time(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    order, product = Subject("order", "o-1"), Subject("product", "p-1")
    later = now + dt.timedelta(hours=1)
    first = await said(db, WANG, Event.ORDER_PLACED, now, order, product)
    second = await said(db, LI, Event.DATA_ACCESSED, later, order, product)
    third = await said(db, LI, Event.SESSION_OPENED, later, Subject("account", "a-1"))
    await settle(log, now)

    async def found(**wanted: Any) -> list[uuid.UUID]:
        return [each.id for each in (await search(db, AUDITOR, **wanted)).items]

    assert await found(subject=order) == [second, first]
    assert await found(subject=order, action="order:placed") == [first]
    assert await found(subject=order, actor_account_id=LI.account_id) == [second]
    assert await found(subject=order, action="order:placed", actor_account_id=LI.account_id) == []
    assert await found(subject=order, since=later) == [second]
    assert await found(subject=order, until=later) == [first]
    assert await found(actor_account_id=LI.account_id) == [third, second]
    assert await found(actor_account_id=LI.account_id, action="session:opened") == [third]
    assert await found(action="order:placed") == [first]
    assert await found(since=later) == [third, second]
    assert await found(subject=Subject("order", "o")) == []


async def test_what_is_found_is_what_stands_in_the_log(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    await said(db, WANG, Event.ORDER_PLACED, now, Subject("order", "o-1"), amount_fen=1200)
    await settle(log, now)

    (found,) = (await search(db, AUDITOR, action="order:placed")).items

    async with begin(db, AUDITOR) as tx:
        leaf = await tx.fetch_value("SELECT leaf FROM audit_log.leaves WHERE idx = $1", found.index)
    assert found.leaf == leaf
    assert found.subjects == (Subject("order", "o-1"),)
    assert (found.actor_account_id, found.actor_party_id) == (WANG.account_id, WANG.party_id)
    assert found.payload is not None
    assert found.payload["facts"] == {"amount_fen": 1200}


async def test_pages_meet_and_are_all_of_the_same_log(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    order = Subject("order", "o-1")
    made = [
        await said(db, WANG, Event.DATA_ACCESSED, now + dt.timedelta(seconds=i // 3), order)
        for i in range(11)
    ]
    await settle(log, now)
    page = await search(db, AUDITOR, subject=order, limit=4)
    await said(db, WANG, Event.DATA_ACCESSED, now, order)  # older than some, and found later
    await settle(log, now)

    found, size = [*page.items], page.log_size
    while page.next_cursor is not None:
        page = await search(db, AUDITOR, subject=order, limit=4, cursor=page.next_cursor)
        assert page.log_size == size
        found += page.items

    assert sorted(each.id for each in found) == sorted(made)
    assert [(e.at, e.index) for e in found] == sorted(
        ((e.at, e.index) for e in found), reverse=True
    )
    assert len((await search(db, AUDITOR, subject=order)).items) == 12


async def test_a_cursor_of_another_search_is_refused(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    for _ in range(3):
        await said(db, WANG, Event.DATA_ACCESSED, now, Subject("order", "o-1"))
    await settle(log, now)
    page = await search(db, AUDITOR, subject=Subject("order", "o-1"), limit=1)

    for cursor in (page.next_cursor, "x", "W10"):
        with pytest.raises(CursorUnreadable):
            await search(db, AUDITOR, action="data:accessed", cursor=cursor)


async def test_a_party_finds_its_own_acts_and_nobody_elses(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    colleague = actor(Clearance.PARTY, party=WANG.party_id)
    one = await said(db, WANG, Event.ORDER_PLACED, now, Subject("order", "o-1"))
    two = await said(db, colleague, Event.ORDER_PAID, now, Subject("order", "o-1"))
    await said(db, LI, Event.ORDER_DELIVERED, now, Subject("order", "o-1"))
    await settle(log, now)

    mine = (await search(db, WANG)).items
    of_colleague = (await search(db, WANG, actor_account_id=colleague.account_id)).items
    of_stranger = (await search(db, WANG, actor_account_id=LI.account_id)).items

    assert [each.id for each in mine] == [two, one]
    assert [each.id for each in of_colleague] == [two]
    assert of_stranger == []
    assert all(each.payload is not None for each in mine)


async def test_about_its_own_thing_a_party_is_told_what_happened_and_not_who_else_did_it(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    mine = Subject("buyer", str(WANG.party_id))
    await said(db, WANG, Event.DATA_ACCESSED, now, mine)
    await said(db, LI, Event.DATA_DENIED, now, mine, reason="secret")
    await settle(log, now)

    other, own = (await search(db, WANG, subject=mine)).items
    by_li = (await search(db, WANG, subject=mine, actor_account_id=LI.account_id)).items

    assert (other.event, other.actor_account_id, other.payload) == ("data:denied", None, None)
    assert own.actor_account_id == WANG.account_id
    assert own.payload is not None
    assert by_li == []  # nor does asking for a name tell that it was that one


@pytest.mark.parametrize(
    "subject",
    [
        Subject("buyer", str(uuid.uuid4())),
        Subject("order", str(uuid.uuid4())),
        Subject("order", "not-an-id"),
        Subject("application", str(uuid.uuid4())),
        Subject("certificate", "QZ-460000-2026-0000001-0"),
        Subject("key", "0123456789abcdef"),
        Subject("heads", "1"),
    ],
)
async def test_a_thing_that_is_not_its_own_is_not_there(
    log: TestLog, db: Database, subject: Subject
) -> None:
    with pytest.raises(Missing):
        await search(db, WANG, subject=subject)
    assert (await search(db, AUDITOR, subject=subject)).items == []


async def test_a_security_administrator_finds_security_and_its_own_acts_payloads(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    denied = await said(db, WANG, Event.ACCESS_DENIED, now, permission="order:pay")
    granted = await said(db, LI, Event.ROLE_GRANTED, now, Subject("account", "a-1"))
    await said(db, WANG, Event.APPLICATION_DRAFTED, now, Subject("application", "x"))
    await settle(log, now)
    who = SECURITY_ADMINISTRATOR

    everything = (await search(db, who, since=now)).items
    about = (await search(db, who, subject=Subject("account", "a-1"))).items
    of_a_case = (await search(db, who, subject=Subject("application", "x"))).items

    assert {each.id for each in everything} == {denied, granted}
    assert all(each.payload is not None for each in everything)
    assert [each.id for each in about] == [granted]
    assert of_a_case == []
    assert (await search(db, who, action="application:drafted")).items == []
    assert (await search(db, who, actor_account_id=WANG.account_id)).items == [
        each for each in everything if each.id == denied
    ]


async def test_an_act_in_a_case_that_is_closed_to_its_actor_is_found_without_its_payload(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    staff = actor(Clearance.STAFF)
    case = Subject("application", str(uuid.uuid4()))
    await said(db, staff, Event.APPLICATION_ACCEPTED, now, case, remark="保密")
    await said(db, staff, Event.SESSION_OPENED, now, Subject("account", str(staff.account_id)))
    await said(db, WANG, Event.APPLICATION_DRAFTED, now, case)
    await settle(log, now)

    session, accepted = (await search(db, staff)).items
    (mine,) = (await search(db, WANG)).items

    assert session.payload is not None
    assert (accepted.actor_account_id, accepted.payload) == (staff.account_id, None)
    assert mine.payload is None


async def test_a_regulator_that_delegates_nobody_finds_its_own_acts_alone(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    other = actor(Clearance.REGULATOR, "audit:read")
    own = await said(db, other, Event.SESSION_OPENED, now)
    await said(db, WANG, Event.ORDER_PLACED, now, Subject("order", "o-1"))
    await settle(log, now)

    assert [each.id for each in (await search(db, other)).items] == [own]
    assert (await search(db, other, actor_account_id=WANG.account_id)).items == []


async def test_whoever_may_not_search_is_refused(log: TestLog, db: Database) -> None:
    with pytest.raises(NotPermitted):
        await search(db, msgspec.structs.replace(WANG, permissions=frozenset()))


async def test_a_search_of_more_than_ones_own_is_an_entry_itself(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    async def asked(who: Actor) -> FoundPage:
        return await run(
            db,
            who,
            lambda tx: log_search.search(
                tx, actor=who, now=now, wanted=Wanted(), cursor=None, limit=5
            ),
            must_remember=False,
        )

    page = await asked(AUDITOR)
    await asked(WANG)
    await settle(log, now)

    (read,) = (await search(db, AUDITOR, action="audit_entries:read")).items
    assert read.actor_account_id == AUDITOR.account_id
    assert read.payload is not None
    assert read.payload["facts"]["entries"] == [str(each.id) for each in page.items]


# ── the index ───────────────────────────────────────────────────────────────────────────────


async def test_two_indexers_at_once_index_each_entry_once(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    await log.append_many(now, 300)
    await log.run(now)

    done = await asyncio.gather(*(index_log.run(db) for _ in range(4)))

    async with begin(db, AUDITOR) as tx:
        indexed = await tx.fetch_value("SELECT count(*) FROM audit_log.search_entries")
        leaves = await tx.fetch_value("SELECT size FROM audit_log.state")
        size = await tx.fetch_value("SELECT size FROM audit_log.search_state")
    assert sum(done) == 300
    assert indexed == leaves == size


async def test_an_indexer_that_dies_has_indexed_nothing(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    await log.append_many(now, 10)
    await log.run(now)

    with pytest.raises(asyncpg.QueryCanceledError):  # noqa: PT012
        async with begin(db, log.actor, role=SEQUENCER_ROLE) as tx:
            await log_search.index(tx)
            await tx.execute("SET LOCAL statement_timeout = 1")
            await tx.fetch("SELECT pg_sleep(1)")

    assert (await search(db, AUDITOR, action="product:revised")).items == []
    assert await index_log.run(db) == 10
    assert len((await search(db, AUDITOR, action="product:revised")).items) == 10


async def test_an_erased_payload_is_found_as_none(
    log: TestLog, db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    entry = await said(db, WANG, Event.ORDER_PLACED, now)
    await settle(log, now)
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute(
            "UPDATE audit_log.entries SET payload = NULL, salt = NULL WHERE entry_id = $1", entry
        )
    finally:
        await owner.close()

    (found,) = (await search(db, AUDITOR, action="order:placed")).items
    assert (found.payload, found.salt, found.actor_account_id) == (None, None, WANG.account_id)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_log.search_entries VALUES (0, gen_random_uuid(), now(), 'x')",
        "DELETE FROM audit_log.search_subjects",
        "UPDATE audit_log.search_state SET size = 0",
    ],
)
async def test_the_service_writes_no_index(db: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, AUDITOR) as tx:
            await tx.execute(statement)


async def test_the_second_wall_tells_who_acted_to_those_alone_whom_it_concerns(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    await said(db, WANG, Event.ORDER_PLACED, now, Subject("order", "o-1"))
    await settle(log, now)

    async def rows(who: Actor, table: str) -> int:
        async with begin(db, who) as tx:
            return len(
                await tx.fetch(
                    f"""SELECT 1 FROM audit_log.{table} JOIN audit_log.leaves USING (entry_id)
                         WHERE entry_id IN (SELECT entry_id FROM audit_log.leaves
                                             ORDER BY idx DESC LIMIT 1)"""
                )
            )

    for table in ("search_entries", "open_payloads"):
        told = {
            who.name: await rows(who, table)
            for who in (AUDITOR, WANG, SECURITY_ADMINISTRATOR, actor(Clearance.STAFF))
        }
        assert told == {"auditor": 1, "party": 1, "administrator": 0, "staff": 0}
        assert await rows(LI, table) == await rows(actor(Clearance.PUBLIC), table) == 0


def test_the_database_has_the_same_list_of_what_concerns_security() -> None:
    migration = importlib.import_module("market.migrations.versions.0067_key_runs")

    assert frozenset(migration.SECURITY) == SECURITY
