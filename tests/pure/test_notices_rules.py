"""Interruptions, the whitelist, the board's signatures, the feeds: no database."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from catalog.kernel.feeds import atom, json_feed
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.workdays import Calendar
from catalog.notices import board, counting, feeds, interruption
from catalog.notices.board import BoardPosting, BoardPostingDiffers, BoardSignatureWrong
from catalog.notices.model import Posting, PublicNotice, Result
from catalog.notices.publicity import (
    NoticeFieldConfidential,
    NoticeFieldMissing,
    PublicFields,
    check_public,
    only_public,
)
from catalog.notices.states import State
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.signing.canonical import canonical, sha256_hex

FIELDS: dict[str, Any] = {
    "product_name": "港口气象风险指数",
    "owner_names": ["甲公司", "乙公司"],
    "product_form": "data_indicator",
    "scenarios": [{"code": "port_safety", "description": "靠泊"}],
    "validity": {"from": "2026-03-02"},
    "application_number": "HN-2026-000001",
}
NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)


def at(day: str, hour: int = 9) -> dt.datetime:
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(hour), SHANGHAI)


# ── interruptions ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("down", "up", "lost", "extends"),
    [
        ("2026-03-02", "2026-03-02", 0, False),  # a few hours
        ("2026-03-02", "2026-03-03", 1, False),  # one working day is not more than one
        ("2026-03-02", "2026-03-04", 2, True),
        ("2026-03-06", "2026-03-08", 0, False),  # a weekend
        ("2026-03-06", "2026-03-09", 1, False),
        ("2026-03-06", "2026-03-10", 2, True),
        ("2026-02-14", "2026-02-24", 1, False),  # over the Spring Festival
        ("2026-02-13", "2026-02-24", 2, True),  # the 14th is a make-up day and is worked
    ],
)
def test_an_interruption_of_more_than_one_working_day_extends_the_notice_by_what_was_lost(
    calendar: Calendar, *, down: str, up: str, lost: int, extends: bool
) -> None:
    assert interruption.lost_working_days(at(down, 10), at(up, 17), calendar) == lost
    assert interruption.extends(lost, HAINAN_2023) is extends


def test_an_extended_notice_ends_so_many_working_days_later(calendar: Calendar) -> None:
    start = dt.date(2026, 3, 2)

    assert counting.ends(start, HAINAN_2023, calendar).last_day == dt.date(2026, 3, 11)
    longer = counting.ends(start, HAINAN_2023, calendar, extended_by=3)
    assert longer.last_day == dt.date(2026, 3, 16)


def test_a_second_interruption_is_remarked_behind_the_first() -> None:
    first = interruption.remark("authority_website", 2, "")
    second = interruption.remark("operator_platform", 3, first)

    assert second == f"{first} {interruption.remark('operator_platform', 3, '')}"


# ── the whitelist ───────────────────────────────────────────────────────────────────────────


def test_the_whitelisted_fields_and_no_others_are_shown() -> None:
    facts = FIELDS | {"owner_contact": "13800138000", "source_files": ["x"]}

    assert only_public(facts) == check_public(FIELDS)


@pytest.mark.parametrize(
    ("extra", "fields"),
    [
        ({"owner_contact": "13800138000"}, ["owner_contact"]),
        ({"materials": [], "id_number": "1"}, ["id_number", "materials"]),
        ({"scenarios": [{"code": "x", "customer": "丙公司"}]}, ["scenarios.customer"]),
    ],
)
def test_a_notice_with_a_confidential_field_is_refused(
    extra: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(NoticeFieldConfidential) as refused:
        board.read_fields(FIELDS | extra)

    assert refused.value.facts == {"fields": fields}


@pytest.mark.parametrize(
    "changes", [{"product_name": 7}, {"scenarios": "x"}, {"scenarios": [1]}, {"product_name": None}]
)
def test_a_notice_with_a_malformed_field_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NoticeFieldMissing):
        check_public(FIELDS | changes)


def test_a_notice_that_lacks_a_field_is_refused() -> None:
    with pytest.raises(NoticeFieldMissing):
        check_public({k: v for k, v in FIELDS.items() if k != "validity"})


# ── the board's signatures ──────────────────────────────────────────────────────────────────


def _check(**changes: Any) -> None:
    seconds = int(NOW.timestamp())
    request: dict[str, Any] = {"method": "POST", "path": "/api/v1/notice-board", "body": b"{}"}
    given = board.signature("secret", at=seconds, **request)
    values = {"given": given, "at": str(seconds), "now": NOW} | request | changes
    board.check_signature(values.pop("secret", "secret"), **values)


def test_what_a_trusted_operator_signed_lately_is_taken() -> None:
    _check()
    _check(now=NOW + board.CLOCK_SKEW)
    _check(now=NOW - board.CLOCK_SKEW)


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": None},
        {"secret": "another"},
        {"body": b"{ }"},
        {"path": "/api/v1/notice-board/x/withdrawals"},
        {"method": "PUT"},
        {"given": ""},
        {"given": "签名"},
        {"at": ""},
        {"at": "-1"},
        {"at": "٣"},
        {"at": "9" * 40},
        {"now": NOW + board.CLOCK_SKEW + dt.timedelta(seconds=1)},
        {"now": NOW - board.CLOCK_SKEW - dt.timedelta(seconds=1)},
    ],
)
def test_what_was_changed_is_old_or_of_nobody_we_trust_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BoardSignatureWrong):
        _check(**changes)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        (" a=1 , b=x=y ", {"a": "1", "b": "x=y"}),
        ("a,=b,c=", {}),
    ],
)
def test_the_trusted_operators_are_read_from_the_setting(
    written: str, read: dict[str, str]
) -> None:
    assert board.trusted(written) == read


def test_a_notice_posted_again_with_other_content_is_refused() -> None:
    fields = check_public(FIELDS)
    posting = BoardPosting(
        id=uuid.UUID(int=1),
        operator="op",
        notice_id=uuid.UUID(int=2),
        public_fields=fields,
        page_url="https://op.example/notices/2",
        content_sha256=board.content_sha256(fields),
        received_at=NOW,
    )

    board.check_same(posting, sha256_hex(canonical(fields)))
    with pytest.raises(BoardPostingDiffers):
        board.check_same(posting, "0" * 64)


# ── the feeds ───────────────────────────────────────────────────────────────────────────────

SITE = "https://market.example"
ATOM = "{http://www.w3.org/2005/Atom}"


def notice(name: str, *, ends_on: dt.date | None, result: Result | None) -> PublicNotice:
    fields: PublicFields = check_public(FIELDS | {"product_name": name})
    later = NOW + dt.timedelta(days=1)
    return PublicNotice(
        id=uuid.UUID(int=5),  # type: ignore[arg-type]
        kind="registration_notice",
        state=State.RUNNING,
        public_fields=fields,
        postings=(
            Posting(channel="a", url="/x", published_at=NOW, receipt_sha256="0" * 64),
            Posting(channel="b", url="/y", published_at=later, receipt_sha256="0" * 64),
        ),
        starts_on=NOW.date(),
        ends_on=ends_on,
        provisional=False,
        remaining_working_days=7,
        result=result,
        remark="",
        extended_by=0,
        how_to_object={},
    )


HOSTILE = "港口<script>&\"'\x00\x0b]]>\ufffe指数 𠮷"


def test_an_atom_feed_is_well_formed_with_chinese_and_hostile_text() -> None:
    entry = feeds.entry(
        notice(HOSTILE, ends_on=dt.date(2026, 3, 11), result=Result.NO_OBJECTION), site=SITE
    )

    root = ET.fromstring(atom(feeds.feed([entry], site=SITE, address="/notices.atom")))

    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}updated") == "2026-03-03T01:00:00Z"
    (item,) = root.findall(f"{ATOM}entry")
    assert item.findtext(f"{ATOM}title") == "港口<script>&\"']]>指数 𠮷"
    assert item.findtext(f"{ATOM}published") == "2026-03-02T01:00:00Z"
    assert "2026-03-11" in (item.findtext(f"{ATOM}summary") or "")
    for needed in ("id", "title", "updated"):  # RFC 4287 §4.1.1, §4.1.2
        assert root.findtext(f"{ATOM}{needed}")
        assert item.findtext(f"{ATOM}{needed}")
    assert root.find(f"{ATOM}author/{ATOM}name") is not None


def test_a_json_feed_says_the_same() -> None:
    entry = feeds.entry(notice(HOSTILE, ends_on=None, result=None), site=SITE)

    feed = json.loads(json_feed(feeds.feed([entry], site=SITE, address="/notices.json")))

    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    (item,) = feed["items"]
    assert item["id"] == f"urn:uuid:{uuid.UUID(int=5)}"
    assert item["url"] == f"{SITE}/notices/{uuid.UUID(int=5)}"
    assert item["date_modified"] == "2026-03-03T01:00:00Z"
    assert "截止日" not in item["content_text"]


def test_an_empty_feed_is_a_feed() -> None:
    root = ET.fromstring(atom(feeds.feed([], site=SITE, address="/notices.atom")))

    assert root.findtext(f"{ATOM}updated")
    assert root.findall(f"{ATOM}entry") == []
