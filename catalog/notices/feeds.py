"""Write the notices as feeds: Atom (RFC 4287) and JSON Feed 1.1, for whoever follows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec

from catalog.notices.model import PublicNotice

ATOM_TYPE: Final = "application/atom+xml"
JSON_TYPE: Final = "application/feed+json"
TITLE: Final = "数据产品确权登记公示"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_XML_FORBIDDEN: Final = {c: None for c in range(32) if c not in (9, 10, 13)} | {
    0xFFFE: None,
    0xFFFF: None,
    **dict.fromkeys(range(0xD800, 0xE000)),
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as an entry of a feed."""

    id: str
    url: str
    title: str
    text: str
    published_at: dt.datetime
    updated_at: dt.datetime


def entry(notice: PublicNotice, *, site: str) -> Entry:
    """Return a notice as an entry; ``site`` is where our pages are reached."""
    fields = notice.public_fields
    moments = [posting.published_at for posting in notice.postings]
    last_day = "" if notice.ends_on is None else f"公示截止日：{notice.ends_on.isoformat()}。"
    result = "" if notice.result is None else f"公示结果：{notice.result.value}。"
    text = (
        f"申请编号：{fields.application_number}。权利人：{'、'.join(fields.owner_names)}。"
        f"状态：{notice.state.value}。{last_day}{result}{notice.remark}"
    )
    return Entry(
        id=f"urn:uuid:{notice.id}",
        url=f"{site}/notices/{notice.id}",
        title=fields.product_name.translate(_XML_FORBIDDEN),
        text=text.translate(_XML_FORBIDDEN),
        published_at=min(moments),
        updated_at=max(moments),
    )


def atom(entries: Sequence[Entry], *, site: str, address: str) -> bytes:
    """Return the Atom feed."""
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "zh-CN"})
    ET.SubElement(feed, "id").text = f"{site}{address}"
    ET.SubElement(feed, "title").text = TITLE
    ET.SubElement(feed, "updated").text = _instant(_updated(entries))
    ET.SubElement(feed, "link", {"rel": "self", "type": ATOM_TYPE, "href": f"{site}{address}"})
    ET.SubElement(
        feed, "link", {"rel": "alternate", "type": "text/html", "href": f"{site}/notices"}
    )
    author = ET.SubElement(feed, "author")
    ET.SubElement(author, "name").text = "数市 Shushi"
    for each in entries:
        element = ET.SubElement(feed, "entry")
        ET.SubElement(element, "id").text = each.id
        ET.SubElement(element, "title").text = each.title
        ET.SubElement(element, "link", {"rel": "alternate", "href": each.url})
        ET.SubElement(element, "published").text = _instant(each.published_at)
        ET.SubElement(element, "updated").text = _instant(each.updated_at)
        ET.SubElement(element, "summary").text = each.text
    written: str = ET.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}'.encode()


def json_feed(entries: Sequence[Entry], *, site: str, address: str) -> bytes:
    """Return the JSON Feed (version 1.1)."""
    items: list[dict[str, Any]] = [
        {
            "id": each.id,
            "url": each.url,
            "title": each.title,
            "content_text": each.text,
            "date_published": _instant(each.published_at),
            "date_modified": _instant(each.updated_at),
        }
        for each in entries
    ]
    return msgspec.json.encode(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": TITLE,
            "home_page_url": f"{site}/notices",
            "feed_url": f"{site}{address}",
            "language": "zh-CN",
            "items": items,
        }
    )


def _updated(entries: Sequence[Entry]) -> dt.datetime:
    never = dt.datetime(2023, 12, 15, tzinfo=dt.UTC)  # the rules' own day: nothing was before it
    return max((each.updated_at for each in entries), default=never)


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
