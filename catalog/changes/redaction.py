"""Say what a list shows of a change, and what a redacted copy leaves out (脱敏, HN-28, A49)."""

from __future__ import annotations

import msgspec

from catalog.changes.content import WantedContent
from catalog.changes.model import Change, ChangeFile
from catalog.kernel.actor import Actor


def cover(change: Change) -> Change:
    """Return what a list shows of a change to others than its own people (封面信息)."""
    return msgspec.structs.replace(change, wanted=WantedContent(), reason="", closing=None)


def shown(change: Change, viewer: Actor) -> Change:
    """Return what a list shows of a change: all of it to its own people."""
    party = viewer.acting_for or viewer.party_id
    return change if party == change.registrant_party_id else cover(change)


def redacted(file: ChangeFile) -> ChangeFile:
    """Return a copy for a regulator that does not delegate the operator: which papers, when (A49)."""
    replace = msgspec.structs.replace
    return ChangeFile(
        change=cover(file.change),
        differences=(),
        materials=(),
        papers=tuple(replace(each, body={}, document=None) for each in file.papers),
    )
