"""The nouns of this room: a notice (公示), a posting on a channel, and what the public sees."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Deadline
from catalog.notices.channel import Standing
from catalog.notices.publicity import PublicFields
from catalog.notices.states import State

NoticeId = NewType("NoticeId", uuid.UUID)

PLATFORM = "operator_platform"  # 运营者所提供的平台
AUTHORITY_WEBSITE = "authority_website"  # 省大数据管理局网站
NATIONAL_SYSTEM = "national_system"  # 全国一体化数据产权登记系统


class Result(enum.StrEnum):
    """How a notice came out (公示结果)."""

    NO_OBJECTION = "no_objection"  # 无异议
    OBJECTION_PENDING = "objection_pending"  # 异议处理中
    WITHDRAWN = "withdrawn"  # 申请撤回
    REFUSED = "refused"  # 不予登记
    RETURNED = "returned"  # 退回复核


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """That a notice stands on a channel: where, since when, and the proof (A39)."""

    channel: str
    url: str
    published_at: dt.datetime
    receipt_sha256: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A public notice (公示)."""

    id: NoticeId
    application_id: uuid.UUID
    product_id: uuid.UUID
    registrant_party_id: PartyId
    rulebook: str
    public_fields: PublicFields
    state: State
    postings: tuple[Posting, ...]
    starts_on: dt.date | None
    ends_on: dt.date | None
    provisional: bool
    result: Result | None
    remark: str
    created_at: dt.datetime
    extended_by: int = 0  # working days that a channel was away (顺延)

    @property
    def ends(self) -> Deadline | None:
        """Return the end of the notice, None while not all channels are up."""
        return None if self.ends_on is None else Deadline(self.ends_on, self.provisional)


class Interruption(msgspec.Struct, frozen=True, kw_only=True):
    """That a channel was away, or showed something else, and what it cost (公示中断)."""

    id: uuid.UUID
    notice_id: uuid.UUID
    channel: str
    standing: Standing
    down_from: dt.datetime
    up_at: dt.datetime | None = None
    lost_working_days: int | None = None


class PublicNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as everybody sees it, during its run and ever after."""

    id: NoticeId
    kind: str
    state: State
    public_fields: PublicFields
    postings: tuple[Posting, ...]
    starts_on: dt.date | None
    ends_on: dt.date | None
    provisional: bool
    remaining_working_days: int | None
    result: Result | None
    remark: str
    extended_by: int
    how_to_object: dict[str, str]
