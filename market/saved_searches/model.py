"""Say what a saved search is, and what it found since (保存的检索)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import AccountId, PartyId
from catalog.search.model import Filters

SavedSearchId = NewType("SavedSearchId", uuid.UUID)


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its filters that an account keeps under a name."""

    id: SavedSearchId
    account_id: AccountId
    party_id: PartyId
    name: str
    text: str
    filters: Filters
    saved_at: dt.datetime
    looked_at: dt.datetime


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A saved search with what its next look needs to know."""

    search: SavedSearch
    position: str  # the database's snapshot up to which it was looked
    is_complete: bool  # all that answered it when it was saved is known, one by one


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A product that came to answer a saved search, and when that was seen."""

    product_id: uuid.UUID
    name: str
    found_at: dt.datetime
