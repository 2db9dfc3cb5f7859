"""Check the records that the log binds: certificates, contracts, journal, usage, reports, keys.

A record is genuine if the log holds its digest. So a record that was changed, removed or slipped
in is found by anyone who has the log, and named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Final, Self

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out
from catalog.audit_log.events import Event
from catalog.audit_log.key_record import key_record, of_row
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings
from catalog.signing.model import PublicKey, key_id_of
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import verify_detached

_ABSENT: Final = object()
_NO_PLACE_YET: Final = 2**63  # beyond every place


class Bound(msgspec.Struct, frozen=True):
    """A digest in the log, and when and where it was entered, and entered again.

    ``places`` are the entries; who waits for its place comes after all that have one.
    """

    sha256: str
    entered_at: tuple[str, ...]
    places: tuple[int, ...]


class Digests:
    """What the log binds: the newest digest of every record, and when it was entered."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], Bound] = {}
        self._seen: set[tuple[str, str]] = set()
        self._keys_begin: dict[str, int] = {}
        self._keys_end: dict[str, int] = {}

    def add(self, leaf: Leaf, index: int = _NO_PLACE_YET) -> None:
        """Take the digests of a leaf. A later digest of the same record takes the earlier's place."""
        for digest in leaf.digests:
            earlier = self._newest.get((digest.kind, digest.id))
            if earlier is None or earlier.sha256 != digest.sha256:
                earlier = Bound(digest.sha256, (), ())
            entered_at, places = (*earlier.entered_at, leaf.at), (*earlier.places, index)
            self._newest[digest.kind, digest.id] = Bound(digest.sha256, entered_at, places)
            if digest.kind == "key":
                self._keys_begin.setdefault(digest.id, index)
                if leaf.event == Event.KEY_ENDED:
                    self._keys_end.setdefault(digest.id, index)

    def interval_of(self, key_id: str) -> tuple[int, int]:
        """Return from which entry to before which one a key signs, as the log has it."""
        begins = self._keys_begin.get(key_id, _NO_PLACE_YET)
        return begins, self._keys_end.get(key_id, _NO_PLACE_YET + 1)

    def take(self, kind: str, identifier: str) -> Bound | None:
        """Return what binds a record that is here, and tick it off."""
        self._seen.add((kind, identifier))
        return self._newest.get((kind, identifier))

    def unseen(self) -> Iterator[tuple[str, str]]:
        """Return the kinds and ids of all records that were bound and never taken."""
        return iter(sorted(self._newest.keys() - self._seen))


class _JournalEntry(msgspec.Struct, frozen=True):
    """An entry of the journal, as far as it matters here."""

    legs: list[tuple[str, int]]


def check(
    source: export.Source, found: Findings, digests: Digests, keys: export.Keys | None
) -> None:
    """Check every record against the log, and the log against the records."""
    rows = keys.keys if keys is not None else []
    ring = _Keyring(found, digests, rows)
    legs: dict[str, int] = {}
    kinds = set()
    for name in sorted(source.names(export.RECORDS)):
        kind = name.removeprefix(export.RECORDS).removesuffix(".jsonl")
        kinds.add(kind)
        _check_kind(source, found, digests, ring, kind, name, legs)
    for kind, identifier in digests.unseen():
        if kind in export.BOUND or kind in kinds:
            found.bad(kind, identifier, "its digest is in the log, but the record is gone")
    _check_balances(source, found, legs)
    for folder, kind in ((export.CERTIFICATES, "certificate"), (export.REPORTS, "report")):
        for name in sorted(source.names(folder)):
            _check_copy(source, found, digests, keys, kind, name)


def _check_kind(  # noqa: PLR0917
    source: export.Source,
    found: Findings,
    digests: Digests,
    ring: _Keyring,
    kind: str,
    name: str,
    legs: dict[str, int],
) -> None:
    decoder = msgspec.json.Decoder(export.RecordRow)
    last = ""
    for number, line in enumerate(source.lines(name), 1):
        try:
            row = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            found.bad("file", f"{name} line {number}", f"is not readable: {error}")
            continue
        found.count(f"records of {kind}")
        if row.id <= last:
            found.bad(kind, row.id, "stands out of order")
        last = row.id
        bound = digests.take(kind, row.id)
        reason = _fault(row, bound) or ring.fault(kind, row, bound)
        if reason is None and kind == "journal":
            reason = _journal_fault(row, legs)
        if isinstance(reason, Untimely):
            found.bad(kind, row.id, str(reason), reason.fault)
        elif reason is not None:
            found.bad(kind, row.id, reason)


def _fault(row: export.RecordRow, bound: Bound | None) -> str | None:
    if bound is None:
        return "no entry of the log knows it"
    if hashlib.sha256(row.record).hexdigest() != bound.sha256:
        return "its bytes do not have the digest that the log holds"
    if not row.columns:
        return None
    try:
        told = msgspec.json.decode(row.record)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "its bytes are not JSON, though it has columns"
    for column, value in sorted(row.columns.items()):
        if _member(told, column) != value:
            return f"its column {column} differs from its bytes"
    return None


def _member(told: object, column: str) -> object:
    """Return what the record says under the name of a column."""
    for name in column.split("."):
        if not isinstance(told, dict) or name not in told:
            return _ABSENT
        told = told[name]
    return told


def _journal_fault(row: export.RecordRow, legs: dict[str, int]) -> str | None:
    try:
        told = msgspec.json.decode(row.record, type=_JournalEntry)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return f"it is no journal entry: {error}"
    if sum(amount for _, amount in told.legs) != 0:
        return "its legs do not sum to zero"
    for account, amount in told.legs:
        legs[account] = legs.get(account, 0) + amount
    return None


def _check_balances(source: export.Source, found: Findings, legs: dict[str, int]) -> None:
    decoder = msgspec.json.Decoder(export.BalanceRow)
    last = ""
    kept: set[str] = set()
    for line in source.lines(export.BALANCES):
        try:
            row = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            found.bad("file", export.BALANCES, f"is not readable: {error}")
            continue
        found.count("balances")
        if row.account <= last:
            found.bad("account", row.account, "stands out of order")
        last = row.account
        kept.add(row.account)
        if row.posted_fen != legs.get(row.account, 0):
            reason = f"holds {row.posted_fen} fen, but the journal says {legs.get(row.account, 0)}"
            found.bad("account", row.account, reason)
    for account in sorted(legs.keys() - kept):
        if account.partition("/")[0] in export.GUARDED_PURPOSES:
            found.bad("account", account, "its balance is gone")


def _check_copy(  # noqa: PLR0917
    source: export.Source,
    found: Findings,
    digests: Digests,
    keys: export.Keys | None,
    kind: str,
    name: str,
) -> None:
    """Check a document as it is handed out: its bytes have the digest in the log, and it is signed."""
    identifier = name.rpartition("/")[2].removesuffix(".json")
    try:
        held = handed_out.read(source.read(name) or b"")
        document = held.signed_bytes()
    except ValueError as error:
        found.bad(kind, identifier, f"its file is not readable: {error}")
        return
    found.count(f"files of {kind}")
    bound = digests.take(kind, identifier)
    if bound is None:
        found.bad(kind, identifier, "no entry of the log knows it")
    elif hashlib.sha256(document).hexdigest() != bound.sha256:
        found.bad(kind, identifier, "its file does not have the digest that the log holds")
    elif keys is not None:
        purpose = export.SIGNED_FOR[kind]
        reason = handed_out.signature_fault(keys, purpose, document, held.signature)
        if reason is not None:
            found.bad(kind, identifier, f"its file: {reason}")


class Untimely(str):
    """Why a signature does not count that is its key's, with the fault for programs."""

    __slots__ = ("fault",)
    fault: Fault

    def __new__(cls, reason: str, fault: Fault) -> Self:
        """Return the reason with its fault."""
        made = super().__new__(cls, reason)
        made.fault = fault
        return made


class _Keyring:
    """The public keys, each bound by the log like any other record."""

    def __init__(self, found: Findings, digests: Digests, rows: list[export.KeyRow]) -> None:
        self._keys: list[PublicKey] = []
        self._digests = digests
        last = ("", "")
        for row in rows:
            found.count("keys")
            if (row.valid_from, row.key_id) <= last:
                found.bad("key", row.key_id, "stands out of order")
            last = (row.valid_from, row.key_id)
            bound = digests.take("key", row.key_id)
            key = of_row(row)
            if key is None or key_id_of(key.public_key) != row.key_id:
                found.bad("key", row.key_id, "is malformed")
            elif bound is None:
                found.bad("key", row.key_id, "no entry of the log knows it")
            elif hashlib.sha256(key_record(key)).hexdigest() != bound.sha256:
                found.bad("key", row.key_id, "it does not have the digest that the log holds")
            else:
                self._keys.append(key)

    def fault(self, kind: str, row: export.RecordRow, bound: Bound | None) -> str | None:
        """Return what is wrong with the signatures of a record, or None."""
        purpose = export.SIGNED_FOR.get(kind)
        if purpose is None:
            return f"a {kind} bears no signature" if row.signatures else None
        if not row.signatures and kind in export.ALWAYS_SIGNED:
            return "it bears no signature"
        entered_at = () if bound is None else bound.entered_at
        places = () if bound is None else bound.places
        if kind == "contract":
            # It is entered when it is drawn up, and once more by each party's signing.
            entered_at, places = entered_at[1:], places[1:]
            if bound is not None and len(row.signatures) != len(entered_at):
                return f"{len(entered_at)} signed it, but it bears {len(row.signatures)} signatures"
        for signature in row.signatures:
            reason = self._signature_fault(purpose, row.record, signature, entered_at, places)
            if reason is not None:
                return reason
        return None

    def _signature_fault(
        self,
        purpose: Purpose,
        document: bytes,
        signature: export.SignatureRow,
        entered_at: tuple[str, ...],
        places: tuple[int, ...],
    ) -> str | None:
        key = next((k for k in self._keys if k.key_id == signature.key_id), None)
        holder = str(key.holder_party_id) if key is not None and key.holder_party_id else None
        if key is None or key.purpose is not purpose or holder != signature.holder_party_id:
            return f"its key {signature.key_id} is not known for this"
        if not verify_detached(key.public_key, purpose, document, signature.value, key.algorithm):
            return "its signature does not verify"
        if entered_at and not _was_valid(key, entered_at):
            reason = f"its key {signature.key_id} was not valid when it was signed"
            return Untimely(reason, Fault.KEY_NOT_VALID)
        return self._place_fault(key, places) if places else None

    def _place_fault(self, key: PublicKey, places: tuple[int, ...]) -> str | None:
        """Tell whether the log has it where the key signs: places that nobody can date back."""
        first, last = places[0], places[-1]
        begins, ends = self._digests.interval_of(key.key_id)
        if key.distrusted_from is not None and first >= key.distrusted_from:
            reason = (
                f"its key {key.key_id} is distrusted from entry {key.distrusted_from} on, "
                f"and it was entered at {first}"
            )
            return Untimely(reason, Fault.KEY_DISTRUSTED)
        if last < begins or first >= ends:
            reason = f"its key {key.key_id} signs from entry {begins} to before {ends} only"
            return Untimely(reason, Fault.KEY_NOT_VALID)
        return None


def _was_valid(key: PublicKey, entered_at: tuple[str, ...]) -> bool:
    """Tell whether the key was valid at some time between the first and the last entry.

    A contract is entered when the first party signs and again when the second does.
    """
    first, last = (dt.datetime.fromisoformat(at) for at in (entered_at[0], entered_at[-1]))
    ends = [end for end in (key.valid_to, key.revoked_at) if end is not None]
    return key.valid_from <= last and all(first < end for end in ends)
