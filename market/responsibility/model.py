"""Say who a chief data officer is, and what stands in a line of the list."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId


class Named(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a provider names, in which post, and how the office is reached."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    post: Annotated[str, Meta(min_length=1, max_length=100)]
    contact: Annotated[str, Meta(min_length=1, max_length=200)]


class ChiefDataOfficer(msgspec.Struct, frozen=True, kw_only=True):
    """The chief data officer of a provider (首席数据官, GD-01(a))."""

    party_id: PartyId
    party_name: str
    name: str
    post: str
    contact: str
    named_at: dt.datetime


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a department answers for, and to whom it is given (GD-01(c))."""

    department: str
    product_id: uuid.UUID
    title: str
    provider: str
    sharing_type: str | None
    sharing_condition: str
    is_open: bool
    licence: str | None
    level: str | None
    update_mechanism: str
    update_cycle: str
    quality_standard: str
    usage_method: str
