"""Say whether an entry's payload is shown to who gets a bundle (载荷出示): one's own acts, or all of them.

The leaf of every entry is public. Its payload names people: it is shown to the party that acted, and to
who may read the log's payloads anyway (``audit:read``). What was erased is shown to nobody, and its
leaf stays proven.
"""

from __future__ import annotations

import uuid

from catalog.audit_log.model import PlacedEntry
from catalog.kernel.actor import Actor, Clearance
from market.proof_bundles.model import Reader, Shown


def state_of(entry: PlacedEntry, viewer: Actor) -> Shown:
    """Return whether an entry comes with what it says."""
    if entry.payload is None or entry.salt is None:
        return Shown.ERASED
    party: uuid.UUID | None = viewer.acting_for or viewer.party_id
    is_own = party is not None and entry.actor_party_id == party
    return Shown.SHOWN if is_own or viewer.may("audit:read") else Shown.WITHHELD


def reader_of(viewer: Actor) -> Reader:
    """Return as whom somebody gets a bundle."""
    if not viewer.sees_all:
        return Reader.OWN_PARTY
    return Reader.AUTHORITY if viewer.clearance is Clearance.REGULATOR else Reader.OPERATOR
