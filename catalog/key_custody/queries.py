"""Read which keys are over, and whether the log has it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.audit_log.receipts import MAXIMUM_MERGE_DELAY
from catalog.kernel.db import Tx
from catalog.signing import queries as keys
from catalog.signing.model import PublicKey

#: What is signed in the last moment may get its place this much later (``receipts``).
_GRACE: Final = MAXIMUM_MERGE_DELAY


async def has_ended(tx: Tx, key: PublicKey) -> bool:
    """Tell whether the end of a key is in the log."""
    return await log.count_events_about(tx, Subject("key", key.key_id), Event.KEY_ENDED) > 0


async def is_destroyed(tx: Tx, key: PublicKey) -> bool:
    """Tell whether the log says that the private half of a key was destroyed."""
    return await log.count_events_about(tx, Subject("key", key.key_id), Event.KEY_DESTROYED) > 0


async def list_due(tx: Tx, now: dt.datetime) -> list[PublicKey]:
    """Return the service's keys whose end is to be entered: nothing they signed is on its way."""
    over = await keys.list_over(tx, now - _GRACE)
    return [key for key in over if not await has_ended(tx, key)]
