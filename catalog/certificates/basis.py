"""Say by which instrument in force a certificate is ended, moved or revoked (HN-19(b), HN-20(2)).

A judgment, a ruling or an award (判决、裁定、裁决), named by who issued it, its number and the digest
of the file, and in force today. The operator does neither of its own motion. The instruments
themselves are kept by the room above (``catalog.instruments``).
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any

import msgspec

from catalog.kernel.errors import Refused


class InstrumentKind(enum.StrEnum):
    """What kind of instrument it is (法律文书, E17)."""

    JUDGMENT = "judgment"  # 判决
    RULING = "ruling"  # 裁定
    AWARD = "award"  # 仲裁裁决
    OTHER_EFFECTIVE = "other_effective"  # 其他生效法律文书


class LegalInstrumentNotEffective(Refused):
    """The instrument is not in force yet."""

    code = "legal_instrument_not_effective"


class InstrumentReference(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument that was verified, as what it brings about refers to it (生效法律文书)."""

    id: uuid.UUID
    kind: InstrumentKind
    issuing_body: str
    document_number: str
    effective_on: dt.date
    file_sha256: str

    @property
    def name(self) -> str:
        """Return how people call it: who issued it, and its number."""
        return f"{self.issuing_body} {self.document_number}"

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the log keeps of it."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told


def check_effective(effective_on: dt.date | None, today: dt.date) -> None:
    """Return if an instrument is in force today.

    :raises LegalInstrumentNotEffective: if not, or if nobody knows from when.
    """
    if effective_on is None or effective_on > today:
        told = None if effective_on is None else effective_on.isoformat()
        raise LegalInstrumentNotEffective(effective_on=told)
