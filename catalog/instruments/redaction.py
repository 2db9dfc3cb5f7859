"""Say what of an instrument is shown to those who only need to find it (脱敏, HN-28, A49)."""

from __future__ import annotations

import msgspec

from catalog.instruments.model import Instrument
from catalog.kernel.actor import Actor


def redacted(instrument: Instrument) -> Instrument:
    """Return an instrument without who decided what about whom: its product, state and digest."""
    return msgspec.structs.replace(
        instrument, issuing_body="", document_number="", rejection_reason=None, corrected=None
    )


def shown(instrument: Instrument, viewer: Actor) -> Instrument:
    """Return what a list shows of an instrument: all of it to those whom it concerns."""
    concerned = {
        instrument.lodged_by_party_id,
        instrument.registrant_party_id,
        instrument.new_holder_party_id,
    }
    party = viewer.acting_for or viewer.party_id
    return instrument if party in concerned else redacted(instrument)
