"""Decide whose reading of a file is remembered: everyone's but its owner's (HN-26, HN-28, A49)."""

from __future__ import annotations

from catalog.files.model import StoredFile
from catalog.kernel.actor import Actor, Clearance


def is_remembered(reader: Actor, file: StoredFile) -> bool:
    """Tell whether it is remembered that ``reader`` read the content of ``file``."""
    if reader.clearance is Clearance.SYSTEM:
        return False
    return file.owner_party_id not in (reader.party_id, reader.acting_for)
