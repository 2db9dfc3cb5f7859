"""The nouns of this room: a finding (失信行为认定), its sanction (失信惩戒), a reward (守信激励)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from market.credit.states import State

CreditRecordId = NewType("CreditRecordId", uuid.UUID)

Words = Annotated[str, Meta(min_length=1, max_length=5_000)]


class Act(enum.StrEnum):
    """What was done (失信行为)."""

    MISUSE_OF_DATA = "misuse_of_data"  # 超范围使用、转卖
    DATA_LEAK = "data_leak"  # 泄露数据
    FALSE_STATEMENT = "false_statement"  # 虚假材料、虚假陈述
    BREACH_OF_CONTRACT = "breach_of_contract"  # 违约
    NON_PAYMENT = "non_payment"  # 拒不付款
    DECISION_DEFIED = "decision_defied"  # 拒不履行处理决定
    OTHER = "other"  # 其他


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who did what, and on what that rests (依据): a decision, a judgment, a complaint upheld."""

    party_id: PartyId
    act: Act
    facts: Words
    basis: Annotated[str, Meta(min_length=1, max_length=500)]


class Sanction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What follows from it: a ban, a limit of each order, a lower rank; at least one of them."""

    is_banned: bool = False
    order_limit_fen: Annotated[int, Meta(ge=0)] | None = None
    is_ranked_lower: bool = False


class CreditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and what became of it (信用记录, FIELDS §7)."""

    id: CreditRecordId
    party_id: PartyId
    party_name: str
    state: State
    act: Act
    facts: str
    basis: str
    found_by: AccountId | None
    found_at: dt.datetime
    objection_ends_at: dt.datetime
    objection: str | None = None
    objected_at: dt.datetime | None = None
    objection_answer: str | None = None
    sanction: Sanction | None = None
    punished_at: dt.datetime | None = None
    effective_until: dt.date | None = None  # ban_until: its last day
    repair_reason: str | None = None
    repaired_at: dt.datetime | None = None
    expired_at: dt.datetime | None = None


class Reward(msgspec.Struct, frozen=True, kw_only=True):
    """What a party is praised for, and until when (守信激励)."""

    id: uuid.UUID
    party_id: PartyId
    party_name: str
    text: str
    rewarded_by: AccountId | None
    rewarded_at: dt.datetime
    valid_until: dt.date


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a party's record means today for what it may do (信用状况)."""

    is_banned: bool = False
    banned_until: dt.date | None = None
    order_limit_fen: int | None = None
    is_ranked_lower: bool = False
    is_rewarded: bool = False


class PublicRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may read of a sanction in force: of organisations alone, and no facts of the case."""

    party_name: str
    uscc: str
    act: Act
    basis: str
    is_banned: bool
    effective_until: dt.date


class PublicReward(msgspec.Struct, frozen=True, kw_only=True):
    """What everybody may read of a reward in force: of organisations alone."""

    party_name: str
    uscc: str
    text: str
    valid_until: dt.date


class CreditList(msgspec.Struct, frozen=True):
    """Who is punished and who is rewarded today, as everybody may read it (信用公示)."""

    sanctions: tuple[PublicRecord, ...]
    rewards: tuple[PublicReward, ...]
