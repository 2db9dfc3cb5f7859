"""Say what an uploaded file is."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import AccountId, PartyId

FileId = NewType("FileId", uuid.UUID)


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """One upload: which bytes, by whom, under which name."""

    id: FileId
    sha256: str
    size_bytes: int
    media_type: str
    file_name: str
    uploaded_by: AccountId | None
    owner_party_id: PartyId
    uploaded_at: dt.datetime
    sealed_for: uuid.UUID | None = None  # until this case is unsealed, only the owner sees the file


class Arrived(msgspec.Struct, frozen=True):
    """Bytes that lie on the disk: their digest and how many they are."""

    sha256: str
    size_bytes: int
