"""Write entries as a feed: Atom (RFC 4287, paged by RFC 5005) and JSON Feed 1.1, for whoever follows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec

ATOM_TYPE: Final = "application/atom+xml"
JSON_TYPE: Final = "application/feed+json"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_TOMBSTONES: Final = "http://purl.org/atompub/tombstones/1.0"
_XML_FORBIDDEN: Final = {c: None for c in range(32) if c not in (9, 10, 13)} | {
    0xFFFE: None,
    0xFFFF: None,
    **dict.fromkeys(range(0xD800, 0xE000)),
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a feed tells of."""

    id: str
    url: str
    title: str
    text: str
    published_at: dt.datetime
    updated_at: dt.datetime


class Gone(msgspec.Struct, frozen=True):
    """That the thing of an entry was taken back (RFC 6721)."""

    ref: str  # the id of its entries
    at: dt.datetime
    reason: str


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a feed, and where it is had; ``home`` is the same for people."""

    title: str
    site: str
    address: str
    home: str
    entries: Sequence[Entry]
    next_address: str | None = None  # the older entries
    gone: Sequence[Gone] = ()  # Atom alone has words for that


def readable(text: str) -> str:
    """Return ``text`` without the characters that no XML document may hold."""
    return text.translate(_XML_FORBIDDEN)


def atom(feed: Feed) -> bytes:
    """Return the feed as Atom."""
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "zh-CN"})
    ET.SubElement(root, "id").text = f"{feed.site}{feed.address.partition('?')[0]}"
    ET.SubElement(root, "title").text = feed.title
    ET.SubElement(root, "updated").text = _instant(_updated(feed))
    for rel, kind, address in (
        ("self", ATOM_TYPE, feed.address),
        ("alternate", "text/html", feed.home),
        ("next", ATOM_TYPE, feed.next_address),
    ):
        if address is not None:
            link = {"rel": rel, "type": kind, "href": f"{feed.site}{address}"}
            ET.SubElement(root, "link", link)
    author = ET.SubElement(root, "author")
    ET.SubElement(author, "name").text = "数市 Shushi"
    for each in feed.entries:
        element = ET.SubElement(root, "entry")
        ET.SubElement(element, "id").text = each.id
        ET.SubElement(element, "title").text = readable(each.title)
        ET.SubElement(element, "link", {"rel": "alternate", "href": each.url})
        ET.SubElement(element, "published").text = _instant(each.published_at)
        ET.SubElement(element, "updated").text = _instant(each.updated_at)
        ET.SubElement(element, "summary").text = readable(each.text)
    if feed.gone:
        root.set("xmlns:at", _TOMBSTONES)
    for buried in feed.gone:
        at = {"ref": buried.ref, "when": _instant(buried.at)}
        element = ET.SubElement(root, "at:deleted-entry", at)
        ET.SubElement(element, "at:comment").text = readable(buried.reason)
    written: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}'.encode()


def json_feed(feed: Feed) -> bytes:
    """Return the feed as JSON Feed (version 1.1)."""
    told: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": f"{feed.site}{feed.home}",
        "feed_url": f"{feed.site}{feed.address}",
        "language": "zh-CN",
        "items": [
            {
                "id": each.id,
                "url": each.url,
                "title": readable(each.title),
                "content_text": readable(each.text),
                "date_published": _instant(each.published_at),
                "date_modified": _instant(each.updated_at),
            }
            for each in feed.entries
        ],
    }
    if feed.next_address is not None:
        told["next_url"] = f"{feed.site}{feed.next_address}"
    return msgspec.json.encode(told)


def _updated(feed: Feed) -> dt.datetime:
    never = dt.datetime(2023, 12, 15, tzinfo=dt.UTC)  # the rules' own day: nothing was before it
    instants = [*(each.updated_at for each in feed.entries), *(each.at for each in feed.gone)]
    return max(instants, default=never)


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
