"""Add up how often what the public catalogue is ordered by stands in it (标签计数)."""

from __future__ import annotations

from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database
from market.public_catalogue import operations

_ACTOR: Final = system("add_up_labels", "catalogue_labels:add_up")


async def run(db: Database) -> int:
    """Add up what changed; return how many changes there were."""
    return await database.run(
        db,
        _ACTOR,
        lambda tx: operations.add_up_labels(tx, actor=_ACTOR),
        must_remember=False,
    )
