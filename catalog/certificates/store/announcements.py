"""Read what the register announced of certificates (登记公告)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec

from catalog.certificates.register_events import Announcement, RegisterEvent
from catalog.kernel.db import Tx

_ANNOUNCED: Final = """
    SELECT h.id, h.event, h.number, c.product_name, h.state, h.at, c.supersedes,
           n.number AS superseded_by
      FROM catalog.certificate_changes h
      JOIN catalog.certificates c ON c.number = h.number
      LEFT JOIN catalog.certificates n ON n.supersedes = h.number"""


async def list_announcements(
    tx: Tx, *, event: RegisterEvent | None, before: uuid.UUID | None, limit: int
) -> list[Announcement]:
    """Return what was announced of certificates, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_ANNOUNCED}
         WHERE ($1::text IS NULL OR h.event = $1) AND ($2::uuid IS NULL OR h.id < $2)
         ORDER BY h.id DESC LIMIT $3""",
        None if event is None else event.value,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Announcement) for row in rows]


async def find_announcement(tx: Tx, announcement_id: uuid.UUID) -> Announcement | None:
    """Return one announcement, or None."""
    row = await tx.fetch_one(f"{_ANNOUNCED} WHERE h.id = $1", announcement_id)
    return None if row is None else msgspec.convert(dict(row), Announcement)
