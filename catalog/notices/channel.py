"""Give the port to another site on which notices stand (公示渠道): publish, look, withdraw."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Protocol

import msgspec

from catalog.notices.publicity import PublicFields


class ChannelUnreachable(RuntimeError):
    """The other site did not take it now. Nothing is lost: it is tried again."""


class Standing(enum.StrEnum):
    """What is found where a notice was posted (渠道状态)."""

    UP = "up"  # 在线
    DOWN = "down"  # 无法访问
    DIFFERENT = "different"  # 内容不一致
    WITHDRAWN = "withdrawn"  # 已撤下, by ourselves


class Poster(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted: the public fields, and where it stands on our own platform."""

    notice_id: uuid.UUID
    public_fields: PublicFields
    page_url: str


class PostingReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The other site's receipt: where it stands, since when, and the SHA-256 of it (A39)."""

    url: str
    published_at: dt.datetime
    sha256: str


class NoticeChannel(Protocol):
    """Another site on which notices stand."""

    async def publish(self, poster: Poster) -> PostingReceipt:
        """Post a notice; posted again it is the same posting, with the same receipt.

        :raises ChannelUnreachable: if the site does not take it now.
        """
        ...

    async def check(self, receipt: PostingReceipt) -> Standing:
        """Look whether the notice still stands there as it was posted."""
        ...

    async def withdraw(self, receipt: PostingReceipt, *, notice_id: uuid.UUID, remark: str) -> None:
        """Mark the posting as withdrawn; it stays in the archive.

        :raises ChannelUnreachable: if the site does not take it now.
        """
        ...
