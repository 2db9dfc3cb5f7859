"""Notifications in the database: sent with the decision, delivered, received, confirmed."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from typing import Any

import asyncpg
import pytest

from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance, NotPermitted, system
from catalog.kernel.db import Database, Tx, begin, run
from catalog.kernel.errors import Missing, VersionStale
from catalog.kernel.ids import new_id
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications import queries
from catalog.notifications.contacts import ContactCodeUsedUp, ContactCodeWrong
from catalog.notifications.delivering import LEASE, PAUSES, Answer, Outcome
from catalog.notifications.model import Basis, Channel, Notification
from catalog.notifications.states import State
from catalog.notifications.topics import Topic
from tests.makers_products import make_actor

SUPPLIER = make_actor("notification:read", "contact:manage")
STRANGER = make_actor("notification:read", "contact:manage")
OPERATOR = make_actor("notification:supervise", clearance=Clearance.STAFF)
JOB = system("test", "notification:deliver")
TAKEN = Answer(outcome=Outcome.TAKEN, code="250", text="2.0.0 OK queued", message_id="<1@us>")
ABOUT = Subject("application", str(new_id()))
ENDED = {"application_number": "HN1", "ends_on": "2026-03-11", "result": "无异议"}


async def send(tx: Tx, now: dt.datetime, to: Actor = SUPPLIER) -> Notification:
    return await notifications.send(
        tx, now=now, to=to.party, topic=Topic.NOTICE_ENDED, subject=ABOUT, facts=ENDED
    )


async def code_sent_to(tx: Tx, address: str) -> str:
    return str(
        await tx.fetch_value(
            """SELECT facts ->> 'code' FROM catalog.notification_deliveries
                WHERE address = $1 AND state = 'queued' ORDER BY id DESC LIMIT 1""",
            address,
        )
    )


async def reach(db: Database, now: dt.datetime, who: Actor = SUPPLIER, **contact: Any) -> None:
    """Confirm addresses for a party, as it would itself."""
    values: dict[str, Any] = {"email": "legal@supplier.example", "phone": None} | contact
    async with begin(db, who) as tx:
        mine = await queries.get_contact(tx, viewer=who)
        await notifications.change_contact(
            tx, actor=who, now=now, expected_version=mine.version, **values
        )
        for channel, address in ((Channel.EMAIL, values["email"]), (Channel.SMS, values["phone"])):
            if address is not None:
                code = await code_sent_to(tx, address)
                await notifications.confirm_contact(
                    tx, actor=who, now=now, channel=channel, code=code
                )


async def deliver_all(
    db: Database, now: dt.datetime, answer: Answer = TAKEN, channel: Channel = Channel.EMAIL
) -> list[Any]:
    async with begin(db, JOB) as tx:
        taken = await notifications.take_due(tx, actor=JOB, now=now, channels=[channel], limit=100)
        return [
            await notifications.record_attempt(
                tx, actor=JOB, now=now, delivery_id=delivery.id, answer=answer
            )
            for delivery in taken
        ]


async def test_what_is_rolled_back_was_never_sent(db: Database, now: dt.datetime) -> None:
    class Change(Exception):
        pass

    async def change_a_mind() -> None:
        async with begin(db, STRANGER) as tx:
            await send(tx, now)
            raise Change

    with pytest.raises(Change):
        await change_a_mind()

    async with begin(db, SUPPLIER) as tx:
        assert (await queries.list_mine(tx, viewer=SUPPLIER)).items == []


async def test_a_party_sends_to_another_whose_inbox_it_does_not_see(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, STRANGER) as tx:
        sent = await send(tx, now)
        assert await tx.fetch_value("SELECT count(*) FROM catalog.notifications") == 0

    async with begin(db, SUPPLIER) as tx:
        (item,) = (await queries.list_mine(tx, viewer=SUPPLIER)).items
    assert (item.id, item.text, item.read_at) == (sent.id, None, None)
    assert item.title["zh"] == "公示期满"


async def test_opening_a_message_is_its_receipt_and_the_first_time_counts(
    db: Database, now: dt.datetime, calendar: Calendar
) -> None:
    async with begin(db, STRANGER) as tx:
        sent = await send(tx, now)
    opened_at = now + dt.timedelta(hours=2)

    async def open_it(tx: Tx, at: dt.datetime) -> Any:
        return await notifications.open_one(
            tx, actor=SUPPLIER, now=at, calendar=calendar, notification_id=sent.id
        )

    first = await run(db, SUPPLIER, functools.partial(open_it, at=opened_at))
    second = await run(db, SUPPLIER, functools.partial(open_it, at=now + dt.timedelta(days=3)))

    assert first == second
    assert "HN1" in first.text["zh"]
    assert first.read_at == opened_at
    assert (first.received_on, first.received_by) == (dt.date(2026, 3, 2), Basis.READ)
    async with begin(db, STRANGER) as tx:
        receipt = await notifications.received(tx, sent.id, now=now, calendar=calendar)
    assert receipt is not None
    assert receipt.received_on == dt.date(2026, 3, 2)


async def test_a_foreign_message_and_none_are_the_same_to_a_stranger(
    db: Database, now: dt.datetime, calendar: Calendar
) -> None:
    async with begin(db, SUPPLIER) as tx:
        sent = await send(tx, now)
    for notification_id in (sent.id, new_id()):
        async with begin(db, STRANGER) as tx:
            with pytest.raises(Missing):
                await notifications.open_one(
                    tx, actor=STRANGER, now=now, calendar=calendar, notification_id=notification_id
                )
            with pytest.raises(Missing):
                await queries.get_mine(tx, viewer=STRANGER, notification_id=notification_id)
    async with begin(db, STRANGER) as tx:
        with pytest.raises(Missing):
            await notifications.received(tx, new_id(), now=now, calendar=calendar)


async def test_the_unread_come_first_and_pages_hold_together(
    db: Database, now: dt.datetime, calendar: Calendar
) -> None:
    async with begin(db, STRANGER) as tx:
        sent = [await send(tx, now) for _ in range(5)]
    async with begin(db, SUPPLIER) as tx:
        await notifications.open_one(
            tx, actor=SUPPLIER, now=now, calendar=calendar, notification_id=sent[4].id
        )

    seen, cursor = [], None
    async with begin(db, SUPPLIER) as tx:
        while True:
            page = await queries.list_mine(tx, viewer=SUPPLIER, limit=2, cursor=cursor)
            seen += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert await queries.count_unread(tx, viewer=SUPPLIER) == 4

    assert seen == [sent[3].id, sent[2].id, sent[1].id, sent[0].id, sent[4].id]


async def test_nobody_gets_mail_at_an_address_that_was_not_confirmed(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, SUPPLIER) as tx:
        await notifications.change_contact(
            tx, actor=SUPPLIER, now=now, expected_version=0, email="victim@b.example", phone=None
        )
        await send(tx, now)

    async with begin(db, JOB) as tx:
        taken = await notifications.take_due(
            tx, actor=JOB, now=now, channels=list(Channel), limit=100
        )
        texts = [(await queries.compose(tx, each)).text for each in taken]
    assert [each.topic for each in taken] == [Topic.CONTACT_CODE]
    assert "核验码" in texts[0]
    async with begin(db, SUPPLIER) as tx:
        # The code is nowhere in the inbox.
        assert [i.topic for i in (await queries.list_mine(tx, viewer=SUPPLIER)).items] == [
            Topic.NOTICE_ENDED
        ]


async def test_a_confirmed_address_gets_what_is_unread_and_the_proof_is_kept(
    db: Database, now: dt.datetime, calendar: Calendar
) -> None:
    async with begin(db, STRANGER) as tx:
        before = await send(tx, now)
    await reach(db, now, phone="13800138000")
    async with begin(db, STRANGER) as tx:
        after = await send(tx, now)
    delivered = now + dt.timedelta(minutes=1)
    await deliver_all(db, delivered)

    async with begin(db, OPERATOR) as tx:
        for sent in (before, after):
            proof = await queries.get_proof(tx, viewer=OPERATOR, notification_id=sent.id)
            by_mail = next(d for d in proof.deliveries if d.delivery.channel is Channel.EMAIL)
            assert by_mail.delivery.state is State.DELIVERED
            assert by_mail.delivery.address_masked == "l***@supplier.example"
            (attempt,) = by_mail.attempts
            assert (attempt.code, attempt.message_id, attempt.at) == ("250", "<1@us>", delivered)
            assert {d.delivery.channel for d in proof.deliveries} == set(Channel)

    tomorrow = now + dt.timedelta(days=1)
    async with begin(db, JOB) as tx:
        due = await queries.list_receivable(tx, after=None, limit=10)
        assert due == [before.id, after.id]
        early = await notifications.record_receipt(
            tx, actor=JOB, now=delivered, calendar=calendar, notification_id=after.id
        )
        assert early is None
        receipt = await notifications.record_receipt(
            tx, actor=JOB, now=tomorrow, calendar=calendar, notification_id=after.id
        )
        again = await notifications.record_receipt(
            tx, actor=JOB, now=tomorrow, calendar=calendar, notification_id=after.id
        )
    assert receipt is not None
    assert (receipt.received_on, receipt.basis) == (dt.date(2026, 3, 3), Basis.DEEMED)
    assert again is None
    async with begin(db, SUPPLIER) as tx:
        # Reading it later does not move the day that was recorded.
        item = await notifications.open_one(
            tx,
            actor=SUPPLIER,
            now=now + dt.timedelta(days=9),
            calendar=calendar,
            notification_id=after.id,
        )
    assert (item.received_on, item.received_by) == (dt.date(2026, 3, 3), Basis.DEEMED)


async def test_a_permanent_failure_stands_on_the_operators_list_and_is_not_tried_again(
    db: Database, now: dt.datetime
) -> None:
    await reach(db, now)
    await deliver_all(db, now)
    async with begin(db, STRANGER) as tx:
        sent = await send(tx, now)
    rejected = Answer(outcome=Outcome.REJECTED, code="550", text="5.1.1 no such mailbox")
    await deliver_all(db, now, rejected)

    assert await deliver_all(db, now + dt.timedelta(days=9)) == []
    async with begin(db, OPERATOR) as tx:
        (found,) = (await queries.list_undeliverable(tx, viewer=OPERATOR)).items
        paged = await queries.list_undeliverable(tx, viewer=OPERATOR, limit=1)
    assert (found.notification_id, found.last_answer) == (sent.id, "5.1.1 no such mailbox")
    assert paged.next_cursor is None
    async with begin(db, SUPPLIER) as tx:
        with pytest.raises(NotPermitted):
            await queries.list_undeliverable(tx, viewer=SUPPLIER)
        with pytest.raises(NotPermitted):
            await queries.get_proof(tx, viewer=SUPPLIER, notification_id=sent.id)


async def test_a_deferred_delivery_waits_and_is_tried_again(db: Database, now: dt.datetime) -> None:
    await reach(db, now)
    await deliver_all(db, now)
    async with begin(db, STRANGER) as tx:
        await send(tx, now)
    busy = Answer(outcome=Outcome.DEFERRED, code="451", text="4.7.1 greylisted")

    (deferred,) = await deliver_all(db, now, busy)

    assert deferred.state is State.QUEUED
    assert await deliver_all(db, now + PAUSES[0] - dt.timedelta(seconds=1)) == []
    (taken,) = await deliver_all(db, now + PAUSES[0])
    assert (taken.state, taken.attempts) == (State.DELIVERED, 2)


async def test_two_workers_do_not_send_the_same_and_a_killed_one_leaves_it_to_the_next(
    db: Database, now: dt.datetime
) -> None:
    await reach(db, now)
    await deliver_all(db, now)
    async with begin(db, STRANGER) as tx:
        for _ in range(6):
            await send(tx, now)

    async def take(at: dt.datetime) -> list[Any]:
        async with begin(db, JOB) as tx:
            taken = await notifications.take_due(
                tx, actor=JOB, now=at, channels=[Channel.EMAIL], limit=3
            )
            await asyncio.sleep(0.05)
            return [each.id for each in taken]

    one, two = await asyncio.gather(take(now), take(now))

    assert len(set(one + two)) == 6
    assert await take(now + LEASE - dt.timedelta(seconds=1)) == []
    assert len(await take(now + LEASE)) == 3
    async with begin(db, JOB) as tx:  # the first came back after all, the second is refused quietly
        for expected in (State.DELIVERED, None):
            settled = await notifications.record_attempt(
                tx, actor=JOB, now=now, delivery_id=one[0], answer=TAKEN
            )
            assert (settled and settled.state) == expected


async def test_wrong_codes_are_counted_although_they_are_refused(
    db: Database, now: dt.datetime
) -> None:
    async with begin(db, SUPPLIER) as tx:
        await notifications.change_contact(
            tx, actor=SUPPLIER, now=now, expected_version=0, email="a@b.example", phone=None
        )
    for left in (4, 3, 2, 1, 0):
        async with begin(db, SUPPLIER) as tx:
            answer = await notifications.confirm_contact(
                tx, actor=SUPPLIER, now=now, channel=Channel.EMAIL, code="nothing"
            )
            assert isinstance(answer, ContactCodeWrong)
            assert answer.facts["left"] == left
    async with begin(db, SUPPLIER) as tx:
        with pytest.raises(ContactCodeUsedUp):
            await notifications.confirm_contact(
                tx,
                actor=SUPPLIER,
                now=now,
                channel=Channel.EMAIL,
                code=await code_sent_to(tx, "a@b.example"),
            )


async def test_the_old_address_stays_until_the_new_one_is_proven_or_it_is_taken_away(
    db: Database, now: dt.datetime
) -> None:
    await reach(db, now)
    async with begin(db, SUPPLIER) as tx:
        mine = await queries.get_contact(tx, viewer=SUPPLIER)
        with pytest.raises(VersionStale):
            await notifications.change_contact(
                tx, actor=SUPPLIER, now=now, expected_version=0, email=None, phone=None
            )
        moving = await notifications.change_contact(
            tx, actor=SUPPLIER, now=now, expected_version=mine.version,
            email="new@supplier.example", phone=None,
        )  # fmt: skip
    assert moving.email.address == "legal@supplier.example"
    assert moving.email.pending_address == "new@supplier.example"

    async with begin(db, SUPPLIER) as tx:
        gone = await notifications.change_contact(
            tx, actor=SUPPLIER, now=now, expected_version=moving.version, email=None, phone=None
        )
    assert (gone.email.address, gone.email.pending_address) == (None, None)


async def test_what_was_sent_can_not_be_rewritten(db: Database, now: dt.datetime) -> None:
    async with begin(db, STRANGER) as tx:
        sent = await send(tx, now)
    for statement in (
        "UPDATE catalog.notifications SET facts = '{}' WHERE id = $1",
        "UPDATE catalog.notifications SET sent_at = now() WHERE id = $1",
        "DELETE FROM catalog.notifications WHERE id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with begin(db, JOB) as tx:
                await tx.execute(statement, sent.id)


async def test_no_leaf_of_the_log_tells_an_address_or_a_fact(
    db: Database, now: dt.datetime, calendar: Calendar
) -> None:
    async with begin(db, STRANGER) as tx:
        sent = await send(tx, now)
    await reach(db, now)
    await deliver_all(db, now)
    async with begin(db, SUPPLIER) as tx:
        await notifications.open_one(
            tx, actor=SUPPLIER, now=now, calendar=calendar, notification_id=sent.id
        )

    async with begin(db, JOB) as tx:
        rows = await tx.fetch("SELECT leaf FROM audit_log.waiting")
    leaves = b"".join(row["leaf"] for row in rows).decode()
    for event in ("notification:read", "notification:delivered", "notification:received",
                  "contact_code:sent", "contact:confirmed"):  # fmt: skip
        assert event in leaves
    assert "supplier.example" not in leaves
    assert "HN1" not in leaves


async def test_only_who_may_does(db: Database, now: dt.datetime, calendar: Calendar) -> None:
    nobody = make_actor()
    async with begin(db, nobody) as tx:
        for refused in (
            queries.list_mine(tx, viewer=nobody),
            queries.count_unread(tx, viewer=nobody),
            queries.get_mine(tx, viewer=nobody, notification_id=new_id()),
            queries.get_contact(tx, viewer=nobody),
            notifications.open_one(
                tx, actor=nobody, now=now, calendar=calendar, notification_id=new_id()
            ),
            notifications.change_contact(
                tx, actor=nobody, now=now, expected_version=0, email=None, phone=None
            ),
            notifications.confirm_contact(tx, actor=nobody, now=now, channel=Channel.SMS, code="1"),
            notifications.take_due(tx, actor=nobody, now=now, channels=[], limit=1),
        ):
            with pytest.raises(NotPermitted):
                await refused
