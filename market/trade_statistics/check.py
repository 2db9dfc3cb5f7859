"""Check statistics of the trade as they are handed out, offline (交易统计核验, F32).

1. They are signed by one of the service's keys for statements, and show what was signed.
2. Every table comes to the totals, member by member, and no purpose differs from the ledger.
3. With an export at hand: the journal of these months comes to the same debits and credits of every
   purpose, so that no entry is left out and none is made up.
"""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import sha256_hex
from market.trade_statistics import tallying
from market.trade_statistics.model import SignedStatistics, Statistics
from settlement.ledger.journal import read_record

_JOURNAL: Final = f"{export.RECORDS}journal.jsonl"
_KIND: Final = "statement"


def read(raw: bytes) -> SignedStatistics:
    """Return the statistics that an answer of the service holds.

    :raises Unreadable: if it holds none.
    """
    try:
        return msgspec.json.decode(raw, type=SignedStatistics)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no statistics: {error}") from error


def check(
    raw: bytes, keys: export.Keys, log: tuple[export.Source, VerifierKey] | None = None
) -> Verdict:
    """Return what is found; the first thing wrong comes first.

    :raises Unreadable: if these are no statistics.
    """
    held = read(raw)
    found = Findings()
    found.count("trade statistics")
    name = f"{held.statistics.book}/{held.statistics.period}"
    handed_out.check_signature(found, keys, _KIND, name, held.document, held.signature)
    handed_out.check_trusted(found, keys, _KIND, name, held.signature, None)
    try:
        signed = msgspec.json.decode(held.document, type=Statistics)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        found.bad(_KIND, name, f"their document is unreadable: {error}")
        return found.verdict()
    shown = (held.statistics, held.type, held.sha256)
    if shown != (signed, signed.format, sha256_hex(held.document)):
        found.bad(_KIND, name, "what they show is not what was signed", Fault.CONTENT_DIFFERS)
    check_sums(found, signed)
    if log is None:
        found.note("whether they are complete is told by the journal; give --log")
    elif signed.supplier_party_id is not None:
        found.note(
            "which orders are a supplier's is not in the journal; its escrows are in its statement"
        )
    else:
        _check_journal(found, signed, log[0])
    return found.verdict()


def check_sums(found: Findings, signed: Statistics) -> None:
    """Tell which tables do not come to the totals, and which purposes not to the ledger."""
    for table in signed.tables:
        if tallying.added(line.sums for line in table.lines) != signed.totals:
            found.bad(_KIND, table.dimension.value, "its lines do not come to the totals")
        found.count("lines", len(table.lines))
    for each in signed.controls:
        told, booked = (
            (each.debits_fen, each.credits_fen),
            (each.ledger_debits_fen, each.ledger_credits_fen),
        )
        if told != booked:
            found.bad(_KIND, each.purpose, "it is not what the ledger has")
    if signed.supplier_party_id is None:
        debits = sum(each.debits_fen for each in signed.controls)
        credits_ = sum(each.credits_fen for each in signed.controls)
        if not debits == credits_ == signed.totals.moved_fen:
            found.bad(_KIND, "controls", "they do not come to what moved")


def _check_journal(found: Findings, signed: Statistics, source: export.Source) -> None:
    journal: dict[str, list[int]] = {}
    entries = 0
    for line in source.lines(_JOURNAL):
        try:
            entry = read_record(msgspec.json.decode(line, type=export.RecordRow).record)
        except (msgspec.MsgspecError, UnicodeDecodeError, DomainError):
            continue  # named already where the export itself is checked
        if entry.book != signed.book or not signed.first_day <= entry.value_on <= signed.last_day:
            continue
        entries += 1
        for leg in entry.legs:
            of_purpose = journal.setdefault(leg.account.purpose.value, [0, 0])
            of_purpose[leg.amount_fen > 0] += abs(leg.amount_fen)
    if entries != signed.totals.entries:
        found.bad(_KIND, "entries", f"the journal has {entries} entries of these months")
    told = {each.purpose: [each.debits_fen, each.credits_fen] for each in signed.controls}
    for purpose in sorted(journal.keys() | told.keys()):
        if journal.get(purpose) != told.get(purpose):
            found.bad(_KIND, purpose, "the journal comes to something else")
    found.count("entries in the journal", entries)
