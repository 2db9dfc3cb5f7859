"""What the register announces of a certificate, and how it stands in a feed: no database."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from xml.etree import ElementTree as ET

import pytest

from catalog.certificates import register_events
from catalog.certificates.number import CertificateNumber
from catalog.certificates.register_events import ANNOUNCED, WORDS, Announcement, RegisterEvent
from catalog.certificates.states import TRANSITIONS, Event, State
from catalog.kernel.feeds import Feed, atom, json_feed

SITE = "https://market.example"
ATOM = "{http://www.w3.org/2005/Atom}"
OLD, NEW = CertificateNumber("HN-QQ-2026-00000010"), CertificateNumber("HN-QQ-2026-0000002Y")


def announcement(**changes: object) -> Announcement:
    told = {
        "id": uuid.UUID(int=7),
        "event": RegisterEvent.TRANSFERRED,
        "number": OLD,
        "product_name": "港口\x00指数",
        "state": State.TRANSFERRED,
        "at": dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC),
    } | changes
    return Announcement(**told)  # type: ignore[arg-type]


@pytest.mark.parametrize("event", Event)
def test_what_moves_a_certificate_is_announced_and_nothing_else_is(event: Event) -> None:
    moves = {to for (at, each), to in TRANSITIONS.items() if each is event and to is not at}

    assert (event in ANNOUNCED) is (bool(moves) or event is Event.END_PRODUCT_VALIDITY)


def test_every_kind_of_announcement_has_its_word() -> None:
    assert set(WORDS) == set(RegisterEvent)
    assert {*ANNOUNCED.values(), RegisterEvent.ISSUED} == set(RegisterEvent)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"superseded_by": NEW}, f"登记编号：{OLD}。事项：转移登记。由凭证 {NEW} 取代。"),
        (
            {"event": RegisterEvent.ISSUED, "number": NEW, "supersedes": OLD},
            f"登记编号：{NEW}。事项：发证。取代凭证：{OLD}。",
        ),
        (
            {"event": RegisterEvent.DEREGISTERED},
            f"登记编号：{OLD}。事项：注销登记。",
        ),
    ],
)
def test_an_entry_says_what_happened_and_what_took_its_place(
    changes: dict[str, object], said: str
) -> None:
    entry = register_events.entry(announcement(**changes), site=SITE)

    assert entry.text == said
    assert entry.url == f"{SITE}/register/{uuid.UUID(int=7)}"


def test_a_page_of_a_feed_leads_to_the_older_ones_in_both_formats() -> None:
    feed = Feed(
        title=register_events.TITLE,
        site=SITE,
        address="/register.atom?cursor=a",
        home="/register",
        entries=[register_events.entry(announcement(), site=SITE)],
        next_address="/register.atom?cursor=b",
    )

    root = ET.fromstring(atom(feed))
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links == {
        "self": f"{SITE}/register.atom?cursor=a",
        "alternate": f"{SITE}/register",
        "next": f"{SITE}/register.atom?cursor=b",
    }
    assert root.findtext(f"{ATOM}id") == f"{SITE}/register.atom"  # one feed, whichever page
    assert root.findtext(f"{ATOM}entry/{ATOM}title") == "转移登记：港口指数"
    told = json.loads(json_feed(feed))
    assert told["next_url"] == f"{SITE}/register.atom?cursor=b"
    assert told["home_page_url"] == f"{SITE}/register"
