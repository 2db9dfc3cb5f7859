"""Count what a process signs with each of its keys, and say when it is time to tell (按密钥计数)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final, Protocol

from catalog.key_use.model import Count, KeyInUse, RunId
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import KeyId
from catalog.signing.purposes import Purpose

EVERY: Final = dt.timedelta(minutes=1)  # [P] so much may be unknown after a crash
#: Who has not been heard of for so long is gone; a process that lives tells every minute.
SILENT_FOR: Final = dt.timedelta(minutes=5)  # [P]


class Signs(Protocol):
    """What counts its own signatures: a signer of the service."""

    purpose: Purpose
    algorithm: Algorithm
    key_id: KeyId

    @property
    def signed(self) -> int:
        """Return how often it signed."""
        ...


class KeyUse:
    """What one process signed, and how much of that is told."""

    def __init__(self, run: RunId, signers: Iterable[Signs], *, now: dt.datetime) -> None:
        self.run: Final = run
        self._signers: Final = sorted(signers, key=lambda signer: signer.key_id)
        self._told = {signer.key_id: signer.signed for signer in self._signers}
        self.told_at = now

    def keys_held(self) -> tuple[KeyInUse, ...]:
        """Return the keys that the process holds."""
        return tuple(
            KeyInUse(signer.key_id, signer.purpose.value, signer.algorithm.value)
            for signer in self._signers
        )

    def is_due(self, now: dt.datetime) -> bool:
        """Tell whether it is time to tell."""
        return now >= self.told_at + EVERY

    def counts(self) -> tuple[Count, ...]:
        """Return what was signed since it was last told; keys that signed nothing are left out."""
        found = (
            Count(signer.key_id, signer.purpose.value, signer.signed - self._told[signer.key_id])
            for signer in self._signers
        )
        # What the log's own keys sign are its checkpoints, each of which is kept.
        return tuple(
            count for count in found if count.signed and count.purpose != Purpose.CHECKPOINT
        )

    def settle(self, counts: Iterable[Count], now: dt.datetime) -> None:
        """Take note that these counts are in the log; what was signed meanwhile is told next."""
        for count in counts:
            self._told[count.key_id] += count.signed
        self.told_at = now
