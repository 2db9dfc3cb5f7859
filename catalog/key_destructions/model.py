"""Say what a proposal to destroy a key holds (销毁提议)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import AccountId
from catalog.key_destructions.states import State
from catalog.signing.model import KeyId

KeyDestructionId = NewType("KeyDestructionId", uuid.UUID)


class KeyDestruction(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal and what became of it."""

    id: KeyDestructionId
    key_id: KeyId
    state: State
    reason: str
    proposed_by: AccountId
    proposed_by_name: str
    proposed_at: dt.datetime
    decided_by: AccountId | None = None
    decided_by_name: str | None = None
    decided_at: dt.datetime | None = None
    remark: str | None = None
