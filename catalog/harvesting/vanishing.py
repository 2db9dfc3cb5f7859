"""Say when what is missing may be taken back by itself, and what counts as the same record."""

from __future__ import annotations

import hashlib
from typing import Final

from catalog.formats.iris import is_worldwide
from catalog.products.imports import Record

#: [P] a source that lost more than a fifth at once was more likely half read than half emptied.
MOST_VANISHED_PERCENT: Final = 20


def is_too_much(before: int, vanished: int) -> bool:
    """Tell whether so many of so many records are gone that a person looks first."""
    return vanished * 100 > before * MOST_VANISHED_PERCENT


def keys(record: Record) -> tuple[str, ...]:
    """Return by what another source's record is the same: its address, or title and publisher.

    An identifier counts if it is one for all the world, as an address or ``urn:`` is.
    """
    found = []
    if is_worldwide(record.id):
        found.append(f"id {record.id}")
    if record.url:
        found.append(f"url {record.url}")
    if record.publisher:
        found.append(f"name {record.publisher} {record.title}")
    return tuple(hashlib.sha256(key.casefold().encode()).hexdigest()[:32] for key in found)
