"""Check a statement of accounts as it is handed out, offline (对账单核验).

1. It is signed by one of the service's keys for statements, and shows what was signed.
2. On each account opening plus lines is closing, line by line; the sums are those of the accounts.
3. With an export at hand: each line is a leg of an entry of the journal with that value date, and
   no entry of these months that moved one of the party's accounts is left out.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import sha256_hex
from settlement.ledger.journal import Entry, read_record
from settlement.statements.model import (
    PURPOSES,
    WITHOUT_TAXES,
    AccountLines,
    SignedAccountStatement,
    Statement,
)

_JOURNAL: Final = f"{export.RECORDS}journal.jsonl"
_KIND: Final = "statement"


def read(raw: bytes) -> SignedAccountStatement:
    """Return the statement that an answer of the service holds.

    :raises Unreadable: if it is none.
    """
    try:
        return msgspec.json.decode(raw, type=SignedAccountStatement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no statement of accounts: {error}") from error


def check(
    raw: bytes, keys: export.Keys, log: tuple[export.Source, VerifierKey] | None = None
) -> Verdict:
    """Return what is found; the first thing wrong comes first.

    :raises Unreadable: if it is no statement of accounts.
    """
    held = read(raw)
    found = Findings()
    found.count("account statement")
    name = _name(held.statement)
    handed_out.check_signature(found, keys, _KIND, name, held.document, held.signature)
    handed_out.check_trusted(found, keys, _KIND, name, held.signature, None)
    try:
        signed = msgspec.json.decode(held.document, type=Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        found.bad(_KIND, name, f"its document is unreadable: {error}")
        return found.verdict()
    if (held.statement, held.type, held.sha256) != (
        signed,
        signed.format,
        sha256_hex(held.document),
    ):
        reason = "what it shows is not what was signed"
        found.bad(_KIND, name, reason, Fault.CONTENT_DIFFERS)
    _check_sums(found, signed)
    if log is None:
        found.note("whether it is complete is told by the journal; give --log")
    else:
        _check_journal(found, signed, log[0])
    return found.verdict()


def _check_sums(found: Findings, signed: Statement) -> None:
    for account in signed.accounts:
        _check_account(found, account)
    parts = signed.accounts or signed.purposes
    for member in ("opening_fen", "debits_fen", "credits_fen", "closing_fen"):
        if getattr(signed, member) != sum(getattr(each, member) for each in parts):
            found.bad(_KIND, _name(signed), f"its {member} is not that of its accounts")
    for each in signed.purposes:
        if each.opening_fen + each.credits_fen - each.debits_fen != each.closing_fen:
            reason = "opening and movements do not come to its closing"
            found.bad(_KIND, each.purpose, reason)
    for sale in signed.sales:
        parts_fen = (
            sale.own_fen + sale.platform_fee_fen + sale.tax_fen + sale.treasury_fen
        ) + sale.others_fen
        if parts_fen != sale.gross_fen:
            found.bad(_KIND, sale.voucher, "its shares do not come to what was divided")


def _check_account(found: Findings, account: AccountLines) -> None:
    stands = account.opening_fen
    for line in account.lines:
        stands += line.amount_fen
        if stands != line.balance_fen:
            found.bad(_KIND, line.voucher, f"after it {account.account} does not hold that much")
            return
    debits = -sum(line.amount_fen for line in account.lines if line.amount_fen < 0)
    credits_ = sum(line.amount_fen for line in account.lines if line.amount_fen > 0)
    if (stands, debits, credits_) != (
        account.closing_fen,
        account.debits_fen,
        account.credits_fen,
    ):
        found.bad(_KIND, account.account, "its sums are not those of its lines")
    found.count("lines", len(account.lines))


def _check_journal(found: Findings, signed: Statement, source: export.Source) -> None:
    """Compare the lines with the journal of an export. A book's statement names no entries."""
    if signed.party_id is None:
        found.note("the balances of a whole book are told by the records of its months")
        return
    told = {
        (account.account, line.key): (line.amount_fen, line.value_on, line.kind)
        for account in signed.accounts
        for line in account.lines
    }
    for entry in _entries(source):
        is_of_these = (
            entry.book == signed.book and signed.first_day <= entry.value_on <= signed.last_day
        )
        if not is_of_these:
            continue
        for leg in entry.legs:
            line = told.pop((leg.account.code, entry.key), None)
            if line is None and _is_theirs(signed, leg.account.code):
                found.bad(_KIND, str(entry.key), f"its leg on {leg.account.code} is left out")
            elif line is not None and line != (leg.amount_fen, entry.value_on, str(entry.kind)):
                found.bad(_KIND, str(entry.key), "the journal says something else than its line")
            elif line is not None:
                found.count("lines in the journal")
    for account, key in sorted(told):
        found.bad(_KIND, str(key), f"the journal has no such leg on {account}")


def _is_theirs(signed: Statement, code: str) -> bool:
    purpose, _, owner = code.partition("/")
    if signed.format == WITHOUT_TAXES and purpose == "tax_payable":
        return False
    return owner == str(signed.party_id) and purpose in PURPOSES[signed.side]


def _entries(source: export.Source) -> Iterator[Entry]:
    for line in source.lines(_JOURNAL):
        try:
            yield read_record(msgspec.json.decode(line, type=export.RecordRow).record)
        except (msgspec.MsgspecError, UnicodeDecodeError, DomainError):
            continue  # named already where the export itself is checked


def _name(statement: Statement) -> str:
    party: uuid.UUID | str = statement.party_id or "book"
    return f"{statement.side}/{party}/{statement.book}/{statement.period}"
