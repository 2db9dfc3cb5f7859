"""Receipts by A40, back-off, contacts, words: no database."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.workdays import Calendar
from catalog.notifications import contacts, delivering, receipt, texts
from catalog.notifications.contacts import (
    ContactCodeNotAsked,
    ContactCodesTooMany,
    ContactCodeUsedUp,
    ContactMalformed,
)
from catalog.notifications.delivering import PAUSES, Outcome
from catalog.notifications.model import (
    Basis,
    Channel,
    Contact,
    Delivery,
    DeliveryId,
    NotificationId,
)
from catalog.notifications.states import DeliveryEventNotAllowed, State
from catalog.notifications.topics import Topic

MONDAY = dt.datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
NOBODY_READ = None


def at(day: str, hour: int = 9) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), SHANGHAI)


def facts(
    sent: dt.datetime, read: dt.datetime | None, delivered: dt.datetime | None
) -> receipt.Facts:
    return receipt.Facts(
        notification_id=NotificationId(uuid.UUID(int=1)),
        sent_at=sent,
        read_at=read,
        delivered_at=delivered,
    )


@pytest.mark.parametrize(
    ("sent", "read", "delivered", "now", "expected"),
    [
        # in the inbox only, unread: not received, however long it lies there
        ("2026-03-02", None, None, "2026-06-01", None),
        # taken by the mail server on Monday: received on Tuesday, not before
        ("2026-03-02", None, "2026-03-02", "2026-03-02", None),
        ("2026-03-02", None, "2026-03-02", "2026-03-03", ("2026-03-03", Basis.DEEMED)),
        # taken on a Friday: the weekend does not count
        ("2026-03-06", None, "2026-03-06", "2026-03-08", None),
        ("2026-03-06", None, "2026-03-06", "2026-03-09", ("2026-03-09", Basis.DEEMED)),
        # before the Spring Festival (15–23 February 2026): the 24th, and the 14th is a make-up day
        ("2026-02-14", None, "2026-02-14", "2026-02-23", None),
        ("2026-02-14", None, "2026-02-14", "2026-02-24", ("2026-02-24", Basis.DEEMED)),
        ("2026-02-13", None, "2026-02-13", "2026-02-14", ("2026-02-14", Basis.DEEMED)),
        # read the same day, before it would be deemed
        ("2026-03-02", "2026-03-02", "2026-03-02", "2026-03-09", ("2026-03-02", Basis.READ)),
        # read on a Saturday: the day of reading counts as it is
        ("2026-03-06", "2026-03-07", "2026-03-06", "2026-03-09", ("2026-03-07", Basis.READ)),
        # read after it was deemed received: reading late gains no days
        ("2026-03-02", "2026-03-20", "2026-03-02", "2026-03-20", ("2026-03-03", Basis.DEEMED)),
        # read on the very day on which it is deemed received
        ("2026-03-02", "2026-03-03", "2026-03-02", "2026-03-03", ("2026-03-03", Basis.READ)),
        # the mail was late: the days of retrying are the sender's
        ("2026-03-02", None, "2026-03-05", "2026-03-06", ("2026-03-06", Basis.DEEMED)),
        ("2026-03-02", "2026-03-04", None, "2026-03-04", ("2026-03-04", Basis.READ)),
        # the year after is not known: nothing is deemed on a day that is not certain (A5)
        ("2026-12-31", None, "2026-12-31", "2027-01-08", None),
        ("2026-12-31", "2027-01-05", "2026-12-31", "2027-01-08", ("2027-01-05", Basis.READ)),
    ],
)
def test_a_message_is_received_when_read_or_on_the_working_day_after_it_was_delivered(
    *,
    calendar: Calendar,
    sent: str,
    read: str | None,
    delivered: str | None,
    now: str,
    expected: tuple[str, Basis] | None,
) -> None:
    known = facts(at(sent), read and at(read, 15), delivered and at(delivered, 10))  # type: ignore[arg-type]

    found = receipt.received(known, now=at(now, 16), calendar=calendar)

    assert (found and (found.received_on.isoformat(), found.basis)) == expected


def test_a_message_read_just_after_midnight_is_received_on_the_new_day(calendar: Calendar) -> None:
    read = dt.datetime(2026, 3, 2, 16, 0, 1, tzinfo=dt.UTC)  # 3 March 00:00:01 in Shanghai

    found = receipt.received(facts(MONDAY, read, None), now=read, calendar=calendar)

    assert found is not None
    assert found.received_on == dt.date(2026, 3, 3)
    assert found.proven_at == read


def test_a_delivery_to_an_address_confirmed_later_counts_from_then(calendar: Calendar) -> None:
    later = at("2026-03-10")

    found = receipt.received(facts(MONDAY, None, later), now=at("2026-03-30"), calendar=calendar)

    assert found is not None
    assert (found.received_on, found.proven_at) == (dt.date(2026, 3, 11), later)


# ── deliveries ──────────────────────────────────────────────────────────────────────────────


def delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": DeliveryId(new_id()),
        "notification_id": None,
        "to": PartyId(new_id()),
        "channel": Channel.EMAIL,
        "address": "legal@supplier.example",
        "topic": Topic.CONTACT_CODE,
        "facts": {"code": "12345678", "minutes": 30},
        "state": State.QUEUED,
        "attempts": 0,
        "next_attempt_at": MONDAY,
        "created_at": MONDAY,
    }
    return Delivery(**(values | changes))


def test_a_deferred_delivery_is_tried_again_after_longer_and_longer_pauses_then_given_up() -> None:
    tried, waits, at_ = delivery(), [], MONDAY
    while tried.state is State.QUEUED:
        tried = delivering.settle(tried, Outcome.DEFERRED, at=at_)
        waits.append(tried.next_attempt_at - at_)
        at_ = tried.next_attempt_at

    assert tried.state is State.UNDELIVERABLE
    assert tried.attempts == len(PAUSES) + 1
    assert tuple(waits[:-1]) == PAUSES
    assert list(PAUSES) == sorted(PAUSES)
    assert tried.settled_at == at_


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Outcome.TAKEN, State.DELIVERED), (Outcome.REJECTED, State.UNDELIVERABLE)],
)
def test_a_settled_delivery_forgets_its_code_and_is_not_settled_twice(
    outcome: Outcome, state: State
) -> None:
    settled = delivering.settle(delivery(), outcome, at=MONDAY)

    assert (settled.state, settled.attempts, settled.settled_at) == (state, 1, MONDAY)
    assert settled.facts is None
    with pytest.raises(DeliveryEventNotAllowed):
        delivering.settle(settled, Outcome.TAKEN, at=MONDAY)


# ── contacts ────────────────────────────────────────────────────────────────────────────────


def contact(channel: Channel = Channel.EMAIL) -> Contact:
    return Contact(party_id=PartyId(uuid.UUID(int=7)), channel=channel)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        (Channel.EMAIL, "a@b.cn"),
        (Channel.EMAIL, "first.last+cases@mail.data-company.com.cn"),
        (Channel.SMS, "13800138000"),
        (Channel.SMS, "+85291234567"),
    ],
)
def test_an_address_that_can_be_reached_is_taken(channel: Channel, address: str) -> None:
    assert contacts.check_address(channel, address) == address


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        (Channel.EMAIL, ""),
        (Channel.EMAIL, "no-at-sign"),
        (Channel.EMAIL, "a@b"),
        (Channel.EMAIL, "a@b.cn\r\nBcc: everybody@b.cn"),
        (Channel.EMAIL, "a b@c.cn"),
        (Channel.EMAIL, "a@-b.cn"),
        (Channel.EMAIL, "李@公司.cn"),
        (Channel.EMAIL, "a@" + "b." * 130 + "cn"),
        (Channel.SMS, "12800138000"),
        (Channel.SMS, "+0123456789"),
        (Channel.SMS, "138-0013-8000"),
        (Channel.SMS, "1380013800٠"),
    ],
)
def test_what_is_no_address_is_refused(channel: Channel, address: str) -> None:
    with pytest.raises(ContactMalformed) as refused:
        contacts.check_address(channel, address)

    assert refused.value.facts == {"channel": channel.value}


def test_an_address_counts_only_when_its_code_came_back() -> None:
    asked = contacts.ask(contact(), "a@b.cn", "12345678", now=MONDAY)

    assert (asked.address, asked.pending_address, asked.version) == (None, "a@b.cn", 1)
    contacts.check_pending(asked)
    assert contacts.is_right(asked, "12345678", now=MONDAY)
    assert not contacts.is_right(asked, "12345679", now=MONDAY)
    by = AccountId(new_id())
    confirmed = contacts.confirm(asked, by=by, now=MONDAY)
    assert (confirmed.address, confirmed.confirmed_at, confirmed.confirmed_by) == (
        "a@b.cn",
        MONDAY,
        by,
    )
    with pytest.raises(ContactCodeNotAsked):
        contacts.check_pending(confirmed)


def test_a_code_is_good_for_half_an_hour_and_only_for_the_address_it_was_sent_to() -> None:
    asked = contacts.ask(contact(), "a@b.cn", "12345678", now=MONDAY)
    last = MONDAY + contacts.CODE_LIFE - dt.timedelta(seconds=1)

    assert contacts.is_right(asked, "12345678", now=last)
    assert not contacts.is_right(asked, "12345678", now=MONDAY + contacts.CODE_LIFE)
    stolen = msgspec.structs.replace(asked, pending_address="other@b.cn")
    assert not contacts.is_right(stolen, "12345678", now=MONDAY)


def test_after_five_wrong_codes_a_new_one_must_be_asked_for() -> None:
    asked = contacts.ask(contact(), "a@b.cn", "12345678", now=MONDAY)
    for _ in range(contacts.WRONG_CODES_MAX):
        contacts.check_pending(asked)
        asked = contacts.miss(asked)

    with pytest.raises(ContactCodeUsedUp):
        contacts.check_pending(asked)
    contacts.check_pending(contacts.ask(asked, "a@b.cn", "87654321", now=MONDAY))


def test_a_sixth_code_within_a_day_is_refused_and_sent_the_day_after() -> None:
    asked = contact()
    for _ in range(contacts.CODES_PER_DAY):
        asked = contacts.ask(asked, "a@b.cn", "12345678", now=MONDAY)

    with pytest.raises(ContactCodesTooMany) as refused:
        contacts.ask(asked, "c@d.cn", "12345678", now=MONDAY + dt.timedelta(hours=23))

    assert refused.value.facts == {"channel": "email", "maximum": 5}
    next_day = contacts.ask(asked, "c@d.cn", "12345678", now=MONDAY + dt.timedelta(days=1))
    assert next_day.codes_sent == 1


def test_a_forgotten_contact_holds_nothing() -> None:
    known = contacts.confirm(
        contacts.ask(contact(), "a@b.cn", "1", now=MONDAY), by=None, now=MONDAY
    )

    forgotten = contacts.forget(contacts.ask(known, "c@d.cn", "2", now=MONDAY))

    assert forgotten.address is None
    assert forgotten.pending_address is None
    assert forgotten.code_sha256 is None
    assert forgotten.version == known.version + 2


@pytest.mark.parametrize(
    ("address", "shown"), [("legal@b.cn", "l***@b.cn"), ("13800138000", "138****00")]
)
def test_who_looks_after_deliveries_sees_the_ends_of_an_address(address: str, shown: str) -> None:
    assert contacts.masked(address) == shown


# ── words ───────────────────────────────────────────────────────────────────────────────────


def test_every_topic_has_its_words_and_every_words_their_topic() -> None:
    assert set(texts.all_texts()) == {topic.value for topic in Topic}


@pytest.mark.parametrize("topic", Topic)
def test_a_text_is_in_both_languages_tells_the_same_facts_and_nothing_in_its_title(
    topic: Topic,
) -> None:
    text = texts.all_texts()[topic.value]
    han = re.compile(r"[\u4e00-\u9fff]")
    holders = re.compile(r"{(\w+)}")

    assert han.search(text.zh)
    assert han.search(text.title_zh)
    assert not han.search(text.en + text.title_en)
    assert set(holders.findall(text.zh)) == set(holders.findall(text.en))
    assert "{" not in text.title_zh + text.title_en


def test_words_are_filled_with_the_facts_and_lists_read_as_lists() -> None:
    said = texts.words(Topic.CONTACT_CODE, {"code": ["1", "2"], "minutes": 30})

    assert "1、2" in said.zh
    assert "30 minutes" in said.en


def test_a_message_that_lacks_a_fact_can_not_be_sent() -> None:
    with pytest.raises(AssertionError, match="minutes"):
        texts.words(Topic.CONTACT_CODE, {"code": "1"})
