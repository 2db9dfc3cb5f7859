"""Say on what a certificate is revoked without both sides' consent: an instrument in force (HN-20(2)).

A judgment, a ruling or an award (判决、裁定、裁决) that is named by who issued it and its number, and
that is in force today. The operator does not revoke of its own motion.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Annotated

import msgspec
from msgspec import Meta

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


class Instrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument by its name (法律文书)."""

    kind: InstrumentKind
    issuing_body: Annotated[str, Meta(min_length=1, max_length=200)]
    document_number: Annotated[str, Meta(min_length=1, max_length=200)]
    effective_on: dt.date


def check_effective(instrument: Instrument, today: dt.date) -> None:
    """Return if the instrument is in force today.

    :raises LegalInstrumentNotEffective: if not.
    """
    if instrument.effective_on > today:
        raise LegalInstrumentNotEffective(effective_on=instrument.effective_on.isoformat())
