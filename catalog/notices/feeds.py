"""Say how a notice stands in the feed of the notices (公示订阅)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from catalog.kernel.feeds import Entry, Feed
from catalog.notices.model import PublicNotice

TITLE: Final = "数据产品确权登记公示"


def entry(notice: PublicNotice, *, site: str) -> Entry:
    """Return a notice as an entry; ``site`` is where our pages are reached."""
    fields = notice.public_fields
    moments = [posting.published_at for posting in notice.postings]
    last_day = "" if notice.ends_on is None else f"公示截止日：{notice.ends_on.isoformat()}。"
    result = "" if notice.result is None else f"公示结果：{notice.result.value}。"
    return Entry(
        id=f"urn:uuid:{notice.id}",
        url=f"{site}/notices/{notice.id}",
        title=fields.product_name,
        text=(
            f"申请编号：{fields.application_number}。权利人：{'、'.join(fields.owner_names)}。"
            f"状态：{notice.state.value}。{last_day}{result}{notice.remark}"
        ),
        published_at=min(moments),
        updated_at=max(moments),
    )


def feed(entries: Sequence[Entry], *, site: str, address: str) -> Feed:
    """Return the newest notices as a feed."""
    return Feed(title=TITLE, site=site, address=address, home="/notices", entries=entries)
