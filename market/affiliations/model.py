"""Say what a tie between two parties is, how two are related, and what is made of it."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, Final, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from market.affiliations.states import State

TieId = NewType("TieId", uuid.UUID)
DealingId = NewType("DealingId", uuid.UUID)
Bps = Annotated[int, Meta(ge=1, le=10_000)]
_Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Text = Annotated[str, Meta(max_length=2_000)]


class TieKind(enum.StrEnum):
    """How one is tied to another (关系类型); the holder stands first."""

    SHAREHOLDING = "shareholding"  # 持股、出资
    ACTUAL_CONTROL = "actual_control"  # 实际控制：投资关系、协议或者其他安排
    MANAGEMENT = "management"  # 管理关系：主管、托管
    LEGAL_REPRESENTATIVE = "legal_representative"  # 法定代表人、负责人
    SPOUSE = "spouse"  # 配偶
    KIN = "kin"  # 近亲属


#: By which one side decides what the other does.
CONTROLLING: Final = frozenset({TieKind.SHAREHOLDING, TieKind.ACTUAL_CONTROL, TieKind.MANAGEMENT})
#: Between two persons, and in both directions alike.
OF_PERSONS: Final = frozenset({TieKind.SPOUSE, TieKind.KIN})


class Source(enum.StrEnum):
    """Who said so (来源)."""

    DECLARED = "declared"  # 主体申报
    OPERATOR = "operator"  # 运营者核录
    REGISTER = "register"  # 企业登记摘录


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organisation by its code, or a person by its id number, which is kept as a keyed hash."""

    name: _Name
    uscc: Annotated[str, Meta(max_length=32)] | None = None  # 统一社会信用代码
    identity_number: Annotated[str, Meta(max_length=32)] | None = None


class Stated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tie as somebody states it (关系申报内容)."""

    kind: TieKind
    holder: Named
    held: Named
    valid_from: dt.date
    valid_until: dt.date | None = None  # the last day
    share_bps: Bps | None = None  # of a shareholding alone
    # 履行出资人职责的机构: firms are not tied because the state holds both (公司法 265(4)).
    is_state_investor: bool = False
    basis: _Text = ""


class Excerpt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a register of companies says of who stands above one organisation, on a day."""

    organisation: Named
    as_of: dt.date
    number: Annotated[str, Meta(min_length=1, max_length=200)]  # of the excerpt
    ties: Annotated[tuple[Stated, ...], Meta(max_length=200)]


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """A tie that was stated. Nodes are ``uscc:…``, ``person:…`` (a keyed hash) or ``party:…``."""

    id: TieId
    kind: TieKind
    holder: str
    holder_name: str
    held: str
    held_name: str
    share_bps: int | None
    is_state_investor: bool
    valid_from: dt.date
    valid_until: dt.date | None
    source: Source
    stated_by_party_id: PartyId
    basis: str
    stated_at: dt.datetime
    ended_at: dt.datetime | None = None  # when somebody said until when it stands
    end_reason: str | None = None


class RelationKind(enum.StrEnum):
    """How two parties are related (关联关系), the strongest first."""

    CONTROLS = "controls"  # 前者控制后者
    CONTROLLED_BY = "controlled_by"  # 前者受后者控制
    SAME_CONTROLLER = "same_controller"  # 受同一方控制
    SAME_LEGAL_REPRESENTATIVE = "same_legal_representative"  # 法定代表人为同一人
    SAME_PERSON = "same_person"  # 一方的负责人控制另一方
    KIN = "kin"  # 负责人、控制人为配偶或者近亲属
    HOLDING = "holding"  # 持股达四分之一，或者同受一方持股达四分之一


class Step(msgspec.Struct, frozen=True):
    """One tie on the way from one party to another."""

    holder_name: str
    kind: TieKind
    held_name: str
    share_bps: int | None = None


class Relation(msgspec.Struct, frozen=True):
    """How two parties are related, and by which ties."""

    kind: RelationKind
    path: tuple[Step, ...]

    @property
    def is_of_control(self) -> bool:
        """Tell whether one decides for the other, or one decides for both."""
        return self.kind is not RelationKind.HOLDING


class Matter(enum.StrEnum):
    """In what two related parties deal (关联交易的标的)."""

    SPECIAL_PRICE = "special_price"
    AGREEMENT = "agreement"
    ORDER = "order"


class Dealing(msgspec.Struct, frozen=True, kw_only=True):
    """What two related parties deal in, for the authority to look at (关联交易提示)."""

    id: DealingId
    state: State
    matter: Matter
    matter_id: uuid.UUID
    product_id: uuid.UUID
    supplier_party_id: PartyId
    buyer_party_id: PartyId
    relation: RelationKind
    path: tuple[Step, ...]
    in_words: str
    is_held: bool  # nothing goes on by it until it was decided on
    found_at: dt.datetime
    decided_at: dt.datetime | None = None
    decided_by: AccountId | None = None
    reason: str | None = None
