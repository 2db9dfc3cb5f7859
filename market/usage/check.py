"""Check a usage statement as the service hands it out, offline (使用对账单核验).

1. The statement is signed by one of the service's keys for statements.
2. Its lines count from 1 without a gap and sum to what it says; what is shown of it is what was
   signed.
3. Every event is the one that its line names, and names the event before it. Of an order that pays
   as it uses, every window costs what its events come to by the price that is named.
4. With the log at hand: every line's digest is in it, and no use of the order is left out.
"""

from __future__ import annotations

import msgspec
from msgspec import UnsetType

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.model import Leaf, Subject
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.signing.canonical import canonical, sha256_hex
from market.usage import billing
from market.usage.metering import FIRST
from market.usage.model import Outcome, SignedStatement, Statement, StatementLine, UsageEvent


def read(raw: bytes) -> SignedStatement:
    """Return the statement that an answer of the service holds.

    :raises Unreadable: if it is none.
    """
    try:
        return msgspec.json.decode(raw, type=SignedStatement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no usage statement: {error}") from error


def check(
    held: SignedStatement, keys: export.Keys, log: tuple[export.Source, VerifierKey] | None = None
) -> Verdict:
    """Return what is found; the first thing wrong comes first."""
    found = Findings()
    signed = check_statement(found, held, keys)
    if signed is None:
        return found.verdict()
    if log is None:
        found.note("whether it is complete is told by the log; give --log")
    else:
        _check_log(found, signed, *log)
    return found.verdict()


def check_statement(found: Findings, held: SignedStatement, keys: export.Keys) -> Statement | None:
    """Return what a statement says, and tell what is wrong with it and its events by themselves.

    None if it can not be read.
    """
    found.count("statement")
    name = str(held.statement.order_id)
    handed_out.check_signature(found, keys, "statement", name, held.document, held.signature)
    handed_out.check_trusted(found, keys, "statement", name, held.signature, None)
    try:
        signed = msgspec.json.decode(held.document, type=Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        found.bad("statement", name, f"its document is unreadable: {error}")
        return None
    shown = (held.statement, held.type, held.sha256)
    if shown != (signed, signed.format, sha256_hex(held.document)):
        reason = "what it shows is not what was signed"
        found.bad("statement", name, reason, Fault.CONTENT_DIFFERS)
    _check_sums(found, signed)
    _check_events(found, signed, held.events)
    _check_bill(found, signed, held.events)
    return signed


def _check_sums(found: Findings, signed: Statement) -> None:
    name = str(signed.order_id)
    for place, line in enumerate(signed.lines, 1):
        if line.order_seq != place:
            found.bad("usage", line.usage_id, f"is number {line.order_seq}, but {place} was due")
    allowed = sum(line.decision is Outcome.ALLOW for line in signed.lines)
    last = signed.lines[-1].record_sha256 if signed.lines else FIRST
    sums = {
        "event_count": len(signed.lines),
        "allowed_count": allowed,
        "denied_count": len(signed.lines) - allowed,
        "price_units": sum(line.price_units for line in signed.lines),
        "last_record_sha256": last,
    }
    for member, expected in sums.items():
        if getattr(signed, member) != expected:
            found.bad("statement", name, f"its {member} is not that of its lines")


def _check_events(found: Findings, signed: Statement, events: tuple[UsageEvent, ...]) -> None:
    """Compare the events, which travel beside the signed document, with its lines."""
    there = {event.id for event in events}
    named = {line.usage_id for line in signed.lines}
    before = FIRST
    for place, line in enumerate(signed.lines):
        event = events[place] if place < len(events) else None
        if line.usage_id not in there:
            found.bad("usage", line.usage_id, "its event is left out")
            return
        if event is None or event.id != line.usage_id:
            strange = event is not None and event.id not in named
            wrong = event.id if event is not None and strange else line.usage_id
            reason = "no line names it" if strange else "its event stands out of order"
            found.bad("usage", wrong, reason)
            return
        fault = _event_fault(event, line, signed, before)
        if fault is not None:
            found.bad("usage", event.id, fault)
        else:
            found.count("usage events")
        before = line.record_sha256
    for event in events[len(signed.lines) :]:
        found.bad("usage", event.id, "no line names it")


def _check_bill(found: Findings, signed: Statement, events: tuple[UsageEvent, ...]) -> None:
    """Compute from the events what the windows cost (按量账单复算)."""
    if isinstance(signed.bill, UnsetType):
        return
    name = str(signed.order_id)
    digests = [line.record_sha256 for line in signed.lines]
    for fault in billing.faults(signed.bill, events, digests):
        reason = f"window to use {fault.to_seq}: {fault.reason}"
        found.bad("bill", name, reason, Fault.BILL_DIFFERS)
    found.count("windows charged", len(signed.bill.windows))


def _event_fault(
    event: UsageEvent, line: StatementLine, signed: Statement, before: str
) -> str | None:
    if sha256_hex(canonical(event)) != line.record_sha256:
        return "its event was changed: it does not have the digest that was signed"
    if event.prev_sha256 != before:
        return "it does not name the event before it"
    told = (event.order_seq, event.at, event.decision, event.reasons, event.price_units)
    stands = (line.order_seq, line.at, line.decision, line.reasons, line.price_units)
    if told != stands or event.order_id != signed.order_id:
        return "its line says something else than its event"
    return None


def _check_log(found: Findings, signed: Statement, source: export.Source, key: VerifierKey) -> None:
    order = Subject("order", str(signed.order_id))

    def is_use(leaf: Leaf) -> bool:
        return order in leaf.subjects and any(each.kind == "usage" for each in leaf.digests)

    log = proven_log.read(source, key, found, is_use)
    if log is None:
        return
    lines = {str(line.usage_id): line for line in signed.lines}
    later = 0
    for index, leaf in log.found:
        digest = next(each for each in leaf.digests if each.kind == "usage")
        line = lines.pop(digest.id, None)
        if line is not None and not _is_entered(leaf, digest.sha256, line):
            reason = f"entry {index} of the log says something else than its line"
            found.bad("usage", digest.id, reason, Fault.NOT_BOUND)
        elif line is None and leaf.at > signed.drawn_up_at:
            later += 1
        elif line is None:
            reason = f"is entry {index} of the log, but the statement leaves it out"
            found.bad("usage", digest.id, reason)
    _check_unknown(found, lines, log.last_at)
    if later:
        found.note(f"{later} uses of the order came after the statement")
    found.count("uses in the log", len(log.found) - later)


def _check_unknown(found: Findings, lines: dict[str, StatementLine], last_at: str) -> None:
    for identifier, line in lines.items():
        if line.at > last_at:
            found.note(f"the log given ends before usage {identifier}; nothing proves it yet")
        else:
            found.bad("usage", identifier, "no entry of the log knows it", Fault.NOT_BOUND)


def _is_entered(leaf: Leaf, sha256: str, line: StatementLine) -> bool:
    entered = (leaf.id, leaf.at, leaf.order_seq, sha256)
    return entered == (str(line.entry_id), line.at, line.order_seq, line.record_sha256)
