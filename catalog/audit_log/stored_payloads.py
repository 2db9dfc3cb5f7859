"""Check that every payload is the one that its leaf commits to, and its plain columns say what both say."""

from __future__ import annotations

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log.export_reading import rows
from catalog.audit_log.leaf import commitment
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Findings


class _Actor(msgspec.Struct, frozen=True):
    account_id: str | None
    party_id: str | None


class _Payload(msgspec.Struct, frozen=True):
    """A payload, as far as its row repeats it."""

    actor: _Actor


class StoredPayloads:
    """The payloads of an export, read beside its entries, in the order of their places."""

    def __init__(self, source: export.Source, found: Findings, *, are_due: bool) -> None:
        self.found = found
        self.are_due = are_due
        self.rows = rows(source, found, export.PAYLOADS, export.PayloadRow)
        self.next_row = next(self.rows, None)

    def of(self, index: int) -> export.PayloadRow | None:
        """Return the row of the entry at a place, None if there is none."""
        while self.next_row is not None and (self.next_row.idx or 0) < index:
            self.found.bad("payload", self.next_row.entry_id, "stands in a wrong place")
            self.next_row = next(self.rows, None)
        row = self.next_row
        if row is None or row.idx != index:
            return None
        self.next_row = next(self.rows, None)
        return row

    def end(self) -> None:
        """Tell which rows are left when all entries are read."""
        while self.next_row is not None:
            self.found.bad("payload", self.next_row.entry_id, "belongs to no entry here")
            self.next_row = next(self.rows, None)

    def check(self, name: str, leaf: Leaf, row: export.PayloadRow | None) -> None:
        """Tell whether a row is the payload that the leaf commits to."""
        if not self.are_due:
            return
        kind, _, identifier = name.partition(" ")
        if row is None or row.at is None:
            self.found.bad(kind, identifier, f"the payload of {leaf.id} is missing")
            return
        reason = _payload_fault(leaf, row)
        if reason is not None:
            self.found.bad(kind, identifier, reason)
        self.found.count("payloads")


def _payload_fault(leaf: Leaf, row: export.PayloadRow) -> str | None:
    """Return what is wrong with the payload of a leaf, or None."""
    if row.entry_id != leaf.id:
        return f"is stored under the id {row.entry_id}, but the leaf says {leaf.id}"
    if row.salt is None or row.payload is None:
        return "its payload is gone"
    if commitment(row.salt, row.payload) != leaf.payload_sha256:
        return "its payload is not the one that the leaf commits to"
    if (row.at, row.event) != (leaf.at, leaf.event):
        return "time or event in its row differ from the leaf"
    if row.subjects != [subject.key for subject in leaf.subjects]:
        return "the subjects in its row differ from the leaf"
    try:
        actor = msgspec.json.decode(row.payload, type=_Payload).actor
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"its payload is not readable: {error}"
    if (row.actor_account_id, row.actor_party_id) != (actor.account_id, actor.party_id):
        return "the actor in its row differs from its payload"
    return None
