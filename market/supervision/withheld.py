"""Say what of a trace a reader is not shown (未出示): that it is in the log, and nothing of what it says.

The leaf of every entry is public and stands in the trace with its proof. Its payload, and the bytes of what
it binds, are shown to whom they concern. What is left out is named by its hash, so that nothing can be
left out without a word, and nothing that is left out passes for proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log.export_format import BOUND
from catalog.audit_log.model import Digest
from catalog.audit_log.verdict import Findings
from market.supervision.trace import Trace, TracedEntry


class EntryWithheld(msgspec.Struct, frozen=True, order=True):
    """An entry whose payload is not shown: its place and its leaf's hash (RFC 6962, hexadecimal)."""

    index: int
    leaf_hash: str


class Withheld(msgspec.Struct, frozen=True, kw_only=True):
    """What of a trace its reader is not shown."""

    entries: tuple[EntryWithheld, ...] = ()
    records: tuple[Digest, ...] = ()


def of_trace(trace: Trace) -> Withheld:
    """Return what of the entries that are proven, and of what they bind, is not in the trace."""
    entries = placed(trace)
    bound: dict[tuple[str, str], Digest] = {}
    for entry in entries:
        bound |= {(digest.kind, digest.id): digest for digest in entry.digests}
    shown = {(record.kind, record.id) for record in trace.records}
    return Withheld(
        entries=tuple(_named(entry) for entry in entries if not is_shown(entry)),
        records=tuple(
            digest
            for key, digest in sorted(bound.items())
            if digest.kind in BOUND and key not in shown
        ),
    )


def placed(trace: Trace) -> list[TracedEntry]:
    """Return the entries that have their place in the log, in its order."""
    entries = [each for stage in trace.stages for each in stage.entries if each.index is not None]
    return sorted(entries, key=lambda entry: entry.index or 0)


def is_shown(entry: TracedEntry) -> bool:
    """Tell whether an entry comes with what it says."""
    return entry.payload is not None and entry.salt is not None


def check(found: Findings, trace: Trace, told: Withheld) -> None:
    """Compare what is left out of a trace with what is said to be left out of it."""
    missing = of_trace(trace)
    entries = {str(each.index): each for each in missing.entries}
    records = {f"{each.kind} {each.id}": each for each in missing.records}
    _compare(found, "entry", entries, {str(each.index): each for each in told.entries})
    _compare(found, "record", records, {f"{each.kind} {each.id}": each for each in told.records})
    if missing.entries or missing.records:
        found.count("entries not shown to this reader", len(missing.entries))
        found.count("records not shown to this reader", len(missing.records))
        found.note(
            f"what {len(missing.entries)} entries say, and {len(missing.records)} records that they "
            "bind, is not shown to this reader: that they are in the log is proven, and no more"
        )


def _compare(
    found: Findings, what: str, missing: Mapping[str, object], told: Mapping[str, object]
) -> None:
    for name in sorted(missing.keys() | told.keys()):
        if name not in told:
            found.bad(what, name, "it is left out, and that is not said")
        elif name not in missing:
            found.bad(what, name, "it is said not to be shown, and nothing is missing")
        elif missing[name] != told[name]:
            found.bad(what, name, "what is said not to be shown is not what the log holds")


def _named(entry: TracedEntry) -> EntryWithheld:
    assert entry.index is not None, "it has its place"
    return EntryWithheld(entry.index, merkle.leaf_hash(entry.leaf).hex())


def keys_of(records: Iterable[Digest]) -> set[tuple[str, str]]:
    """Return by what records are known in a trace."""
    return {(each.kind, each.id) for each in records}
