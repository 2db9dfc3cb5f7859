"""Say whether the log can still promise an entry its place in time (能否承诺).

A receipt promises a place within the maximum merge delay. Who sees that earlier promises are about to be
broken gives no new ones: what can not be promised is not metered, and what is not metered is not handed out.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log.leaf import instant
from catalog.audit_log.receipts import MAXIMUM_MERGE_DELAY
from catalog.kernel.errors import Refused

#: Half of the delay is left for whoever mends it, before a receipt convicts the log [P].
PATIENCE: Final = MAXIMUM_MERGE_DELAY / 2
_BEHIND_AGAIN_IN: Final = 30  # seconds; a sequencer that came back needs some for its backlog [P]
_STOPPED_AGAIN_IN: Final = 300  # seconds; somebody has to look first [P]


class LogBehind(Refused):
    """Entries wait too long for a signed place: nothing is metered until they have one."""

    code = "log_behind"


class LogStopped(Refused):
    """What is stored is not what was signed or sequenced: nothing is metered until it is mended."""

    code = "log_stopped"


class Backlog(msgspec.Struct, frozen=True):
    """What the log owes: since when its oldest entry waits for a signed place, since when it is stopped."""

    waiting_since: dt.datetime | None = None
    stopped_since: dt.datetime | None = None


def check(backlog: Backlog, now: dt.datetime) -> None:
    """Return if a receipt that is given now will be honoured.

    :raises LogStopped: if the log is stopped.
    :raises LogBehind: if an entry has waited for half of the maximum merge delay.
    """
    if backlog.stopped_since is not None:
        raise LogStopped(
            stopped_since=instant(backlog.stopped_since), retry_after_seconds=_STOPPED_AGAIN_IN
        )
    if backlog.waiting_since is not None and now - backlog.waiting_since > PATIENCE:
        waited = int((now - backlog.waiting_since).total_seconds())
        raise LogBehind(waiting_seconds=waited, retry_after_seconds=_BEHIND_AGAIN_IN)
