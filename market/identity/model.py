"""The nouns of this room: parties (主体), accounts (账号), role grants, sessions, tokens."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType
from uuid import UUID

import msgspec

from catalog.kernel.ids import AccountId, PartyId
from market.identity.permissions import Role
from market.identity.states import State

RoleGrantId = NewType("RoleGrantId", uuid.UUID)
SessionId = NewType("SessionId", uuid.UUID)
TokenId = NewType("TokenId", uuid.UUID)


class Kind(enum.StrEnum):
    """What a party is in law (民法典 57, 102)."""

    NATURAL_PERSON = "natural_person"  # 自然人
    LEGAL_PERSON = "legal_person"  # 法人
    UNINCORPORATED_ORGANISATION = "unincorporated_organisation"  # 非法人组织


class Capacity(enum.StrEnum):
    """What a party is for the market (在市场中的身份)."""

    TRADER = "trader"  # 供方、需方
    COMPLIANCE_AGENCY = "compliance_agency"  # 第三方确权登记服务机构
    SUPERMARKET_OPERATOR = "supermarket_operator"  # 数据产品超市运营者
    PROVINCIAL_AUTHORITY = "provincial_authority"  # 省大数据管理局
    OTHER_REGULATOR = "other_regulator"  # 其他监管部门（网信、公安等）


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A party as everyone may know it (主体). What it showed is in its ``PartyFile``."""

    id: PartyId
    kind: Kind
    name: str
    uscc: str | None  # 统一社会信用代码; a natural person has none
    capacities: tuple[Capacity, ...]
    state: State
    registered_at: dt.datetime
    verified_at: dt.datetime | None = None


class PartyFile(msgspec.Struct, frozen=True, kw_only=True):
    """A party with what was shown for its registration (登记资料). Never a clear id number."""

    party: Party
    evidence_sha256: str | None  # 营业执照等证明文件的摘要
    identity_masked: str | None  # 证件号码, all but its ends hidden
    registered_by: AccountId
    verified_by: AccountId | None = None
    suspended_at: dt.datetime | None = None
    suspension_reason: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a party who signs in (账号)."""

    id: AccountId
    party_id: PartyId
    login: str
    display_name: str
    opened_at: dt.datetime
    closed_at: dt.datetime | None = None


class RoleGrant(msgspec.Struct, frozen=True, kw_only=True):
    """That an account wears a role from a day through a day, ``valid_to`` (角色授予)."""

    id: RoleGrantId
    account_id: AccountId
    role: Role
    valid_from: dt.date
    valid_to: dt.date | None
    granted_by: AccountId | None  # None: by the founding of the market
    granted_at: dt.datetime
    revoked_at: dt.datetime | None = None


class Founder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first account of an institution, or one of the three administrators."""

    login: str
    display_name: str
    password: str


class Foundation(msgspec.Struct, frozen=True, kw_only=True):
    """Who was there when the market began (开市)."""

    authority_party_id: PartyId
    operator_party_id: PartyId
    regulator_account_id: AccountId
    system_administrator_account_id: AccountId
    security_administrator_account_id: AccountId
    audit_administrator_account_id: AccountId


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A new party and its first account."""

    party: Party
    account: Account


class OpenedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session and its secret, which is told this once (会话)."""

    token: str
    session_id: SessionId
    account_id: AccountId
    party_id: PartyId
    opened_at: dt.datetime
    idle_ends_at: dt.datetime
    ends_at: dt.datetime


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for a program (接口令牌): some of the account's permissions, until a day."""

    id: TokenId
    account_id: AccountId
    name: str
    scopes: tuple[str, ...]
    issued_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None
    last_used_at: dt.datetime | None = None


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token and its secret, which is told this once."""

    secret: str
    token: ApiToken


class Self(msgspec.Struct, frozen=True, kw_only=True):
    """Who one is, for the one who asks (本人)."""

    account: Account
    party: Party
    roles: tuple[str, ...]
    permissions: tuple[str, ...]
    grants: tuple[RoleGrant, ...]


class RefusedCredential(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a session or token is not good (凭据失效), and whose it is, if it is known at all."""

    why: str  # unknown, closed, revoked, expired, account_closed, party_suspended
    kind: str | None = None  # session, token
    id: UUID | None = None
    account_id: UUID | None = None
