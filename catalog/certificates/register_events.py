"""Name what the register makes public of a certificate's life (登记公告, HN-19(d)).

Every issue, change, transfer, deregistration, revocation and freeze is an entry that stays: which
certificate, of which product, what happened, when, and what took its place. Who wrote which reason
stands on the certificate's own page; an entry that is syndicated holds nothing that somebody typed.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Final

import msgspec

from catalog.certificates.number import CertificateNumber
from catalog.certificates.states import Event, State
from catalog.kernel.feeds import Entry

TITLE: Final = "数据产品确权登记公告"
ADDRESS: Final = "/register"


class RegisterEvent(enum.StrEnum):
    """What became of a certificate, as the register announces it."""

    ISSUED = "issued"  # 发证
    CHANGED = "changed"  # 变更登记，换发
    TRANSFERRED = "transferred"  # 转移登记
    DEREGISTERED = "deregistered"  # 注销
    REVOKED = "revoked"  # 撤销
    REISSUED = "reissued"  # 重新发放
    FROZEN = "frozen"  # 争议冻结
    UNFROZEN = "unfrozen"  # 解除冻结
    PRODUCT_EXPIRED = "product_expired"  # 产品时效届满
    RENEWED = "renewed"  # 续期，换发
    LAPSED = "lapsed"  # 期满失效


WORDS: Final = {
    RegisterEvent.ISSUED: "发证",
    RegisterEvent.CHANGED: "变更登记",
    RegisterEvent.TRANSFERRED: "转移登记",
    RegisterEvent.DEREGISTERED: "注销登记",
    RegisterEvent.REVOKED: "撤销登记",
    RegisterEvent.REISSUED: "重新发放",
    RegisterEvent.FROZEN: "争议冻结",
    RegisterEvent.UNFROZEN: "解除冻结",
    RegisterEvent.PRODUCT_EXPIRED: "产品时效届满",
    RegisterEvent.RENEWED: "续期",
    RegisterEvent.LAPSED: "期满失效",
}

#: As what the register announces an event that moves a certificate; the others move none.
ANNOUNCED: Final = {
    Event.APPROVE_CHANGE: RegisterEvent.CHANGED,
    Event.TRANSFER: RegisterEvent.TRANSFERRED,
    Event.DEREGISTER: RegisterEvent.DEREGISTERED,
    Event.DEREGISTER_BY_NEW_HOLDER: RegisterEvent.DEREGISTERED,
    Event.DEREGISTER_NO_HOLDER: RegisterEvent.DEREGISTERED,
    Event.FREEZE: RegisterEvent.FROZEN,
    Event.UNFREEZE: RegisterEvent.UNFROZEN,
    Event.REVOKE: RegisterEvent.REVOKED,
    Event.REISSUE: RegisterEvent.REISSUED,
    Event.END_PRODUCT_VALIDITY: RegisterEvent.PRODUCT_EXPIRED,
    Event.RENEW: RegisterEvent.RENEWED,
    Event.LAPSE: RegisterEvent.LAPSED,
    Event.CANCEL_LAPSED: RegisterEvent.DEREGISTERED,
    Event.DEREGISTER_BY_OBJECTION: RegisterEvent.DEREGISTERED,
}


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the register that everybody may read, for good (登记公告)."""

    id: uuid.UUID
    event: RegisterEvent
    number: CertificateNumber
    product_name: str
    state: State  # that the certificate came into by it
    at: dt.datetime
    supersedes: CertificateNumber | None = None  # 取代的凭证
    superseded_by: CertificateNumber | None = None  # 取代它的凭证


def entry(announcement: Announcement, *, site: str) -> Entry:
    """Return an announcement as an entry of a feed; ``site`` is where our pages are reached."""
    told = announcement
    follows = "" if told.supersedes is None else f"取代凭证：{told.supersedes}。"
    followed = "" if told.superseded_by is None else f"由凭证 {told.superseded_by} 取代。"
    return Entry(
        id=f"urn:uuid:{told.id}",
        url=f"{site}{ADDRESS}/{told.id}",
        title=f"{WORDS[told.event]}：{told.product_name}",
        text=f"登记编号：{told.number}。事项：{WORDS[told.event]}。{follows}{followed}",
        published_at=told.at,
        updated_at=told.at,
    )
