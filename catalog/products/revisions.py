"""Say what a product's past holds: its revisions, and its tombstone when it was taken back."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.kernel.errors import Refused
from catalog.products.differing import FieldChange
from catalog.products.model import Description
from catalog.products.states import State


class ProductWithdrawn(Refused):
    """The product was public and was taken back; its id stays its own (已撤回)."""

    code = "product_withdrawn"


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a product's description, as it stood (版本)."""

    version: int
    state: State
    name: str
    supplier_name: str
    description: Description
    reason: str | None
    revised_at: dt.datetime
    was_public: bool


class RevisionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version in the list of them."""

    version: int
    state: State
    name: str
    reason: str | None
    revised_at: dt.datetime
    was_public: bool


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A version with what is otherwise in it than in another one."""

    version: int
    against: int | None  # None: there is none before that the reader may see
    name: str
    state: State
    reason: str | None
    revised_at: dt.datetime
    description: Description
    changes: tuple[FieldChange, ...]


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """That a product which everybody could see was taken back: when, and why."""

    product_id: uuid.UUID
    name: str
    supplier_name: str
    withdrawn_at: dt.datetime
    reason: str


def check_not_buried(tombstone: Tombstone | None) -> None:
    """Return if there is no tombstone.

    :raises ProductWithdrawn: if there is one, with when and why.
    """
    if tombstone is not None:
        raise ProductWithdrawn(
            product=tombstone.name,
            withdrawn_at=tombstone.withdrawn_at.isoformat(),
            reason=tombstone.reason,
        )
