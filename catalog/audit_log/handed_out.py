"""Check one document as people hold it: a certificate, a report, a statement (单件验真).

The file is JSON with ``type``, ``document`` (the signed bytes in base64, or a JSON object whose
canonical form they are), and ``signature``. That it is genuine says what was signed and by whom;
whether a certificate still counts is asked of the register.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.key_record import key_record, of_row
from catalog.audit_log.model import Leaf
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import canonical
from catalog.signing.model import Signature, key_id_of
from catalog.signing.purposes import OF_THE_SERVICE, Purpose
from catalog.signing.verifier import SignatureFault, fault_of

_KINDS: Final = {
    "certificate": Purpose.CERTIFICATE,
    "report": Purpose.REPORT,
    "statement": Purpose.STATEMENT,
    "case_file": Purpose.CASE_FILE,
    "receipt": Purpose.RECEIPT,
}


class HandedOut(msgspec.Struct, frozen=True):
    """A document and its signature as they travel together."""

    type: str
    document: Any
    signature: Signature

    @property
    def kind(self) -> str | None:
        """Return which kind of document its type names."""
        return next((kind for kind in _KINDS if kind in self.type), None)

    def signed_bytes(self) -> bytes:
        """Return the bytes that were signed.

        :raises ValueError: if ``document`` is neither base64 nor a value with a canonical form.
        """
        if isinstance(self.document, str):
            try:
                return msgspec.convert(self.document, bytes)
            except msgspec.ValidationError as error:
                raise ValueError(str(error)) from error
        try:
            return canonical(self.document)
        except DomainError as error:
            raise ValueError(str(error)) from error


def read(raw: bytes) -> HandedOut:
    """Return what a file holds.

    :raises ValueError: if it is no document as the service hands them out.
    """
    try:
        return msgspec.json.decode(raw, type=HandedOut)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def check(
    raw: bytes, keys: export.Keys | None, log: tuple[export.Source, VerifierKey] | None = None
) -> Verdict:
    """Return whether a certificate, report or statement is genuine under these keys.

    With a log and its key, an entry of the log must know the document too.

    :raises Unreadable: if it is none of these, or there are no keys to check it with.
    """
    try:
        held = read(raw)
        document = held.signed_bytes()
    except ValueError as error:
        raise Unreadable(f"no certificate, report or statement: {error}") from error
    kind = held.kind
    if kind is None:
        raise Unreadable(f"a document of type {held.type} is not known here")
    if keys is None:
        raise Unreadable("no public keys to check it with; give --keys keys.json")
    found = Findings()
    found.count(kind)
    name = name_of(document)
    check_signature(found, keys, kind, name, document, held.signature)
    place = None
    if log is not None and kind in export.BOUND:
        place = check_bound(found, *log, kind, name, document, key_of(keys, held.signature))
    check_trusted(found, keys, kind, name, held.signature, place)
    return found.verdict()


def check_signature(  # noqa: PLR0917
    found: Findings,
    keys: export.Keys,
    kind: str,
    name: str,
    document: bytes,
    signature: Signature,
) -> None:
    """Tell what is wrong with the signature of a document, if anything is."""
    fault = _fault(keys, _KINDS[kind], document, signature)
    if fault is not None:
        found.bad(kind, name, *fault)


def check_bound(  # noqa: PLR0917
    found: Findings,
    source: export.Source,
    key: VerifierKey,
    kind: str,
    name: str,
    document: bytes,
    signed_by: export.KeyRow | None = None,
) -> int | None:
    """Tell if no entry of a log holds the digest of a document; return the first that does.

    Its key, too, is compared with what the log says of it.
    """
    of_the_key = ("key", "" if signed_by is None else signed_by.key_id)

    def names_it(leaf: Leaf) -> bool:
        return any((each.kind, each.id) in ((kind, name), of_the_key) for each in leaf.digests)

    log = proven_log.read(source, key, found, names_it)
    if log is None:
        return None
    held = _entered(log, kind, name)
    if not held:
        found.bad(kind, name, "no entry of the log knows it", Fault.NOT_BOUND)
        return None
    sha256 = hashlib.sha256(document).hexdigest()
    if held[-1][1] != sha256:
        reason = "it does not have the digest that the log holds"
        found.bad(kind, name, reason, Fault.NOT_BOUND)
        return None
    if signed_by is not None:
        _check_key(found, signed_by, _entered(log, *of_the_key))
    return next(index for index, each in held if each == sha256)


def _entered(log: proven_log.ProvenLog, kind: str, name: str) -> list[tuple[int, str]]:
    return [
        (index, each.sha256)
        for index, leaf in log.found
        for each in leaf.digests
        if (each.kind, each.id) == (kind, name)
    ]


def _check_key(found: Findings, row: export.KeyRow, entered: list[tuple[int, str]]) -> None:
    key = of_row(row)
    if key is None or not entered:
        found.bad("key", row.key_id, "no entry of the log knows it", Fault.KEY_UNKNOWN)
    elif hashlib.sha256(key_record(key)).hexdigest() != entered[-1][1]:
        reason = "what is told of it is not what the log holds of it"
        found.bad("key", row.key_id, reason, Fault.KEY_NOT_VALID)


def key_of(keys: export.Keys, signature: Signature) -> export.KeyRow | None:
    """Return the published key that a signature names."""
    return next((row for row in keys.keys if row.key_id == signature.key_id), None)


def check_trusted(  # noqa: PLR0917
    found: Findings,
    keys: export.Keys,
    kind: str,
    name: str,
    signature: Signature,
    place: int | None,
) -> None:
    """Tell if the key of a document is distrusted, unless its entry stands before that.

    ``place`` is the entry that is proven to hold it, None if nothing proves one.
    """
    row = key_of(keys, signature)
    if row is None or row.distrusted_from is msgspec.UNSET:
        return
    if place is not None and place < row.distrusted_from:
        found.note(f"its key is distrusted from entry {row.distrusted_from} on; it stands before")
        return
    where = "nothing here proves that it was entered before"
    if place is not None:
        where = f"it was entered at {place}"
    reason = f"its key {row.key_id} is distrusted from entry {row.distrusted_from} on; {where}"
    found.bad(kind, name, reason, Fault.KEY_DISTRUSTED)


def signature_fault(
    keys: export.Keys, purpose: Purpose, document: bytes, signature: Signature
) -> str | None:
    """Return what is wrong with a signature of the service's own, or None."""
    fault = _fault(keys, purpose, document, signature)
    return None if fault is None else fault[0]


def _fault(
    keys: export.Keys, purpose: Purpose, document: bytes, signature: Signature
) -> tuple[str, Fault] | None:
    assert purpose in OF_THE_SERVICE
    key = next((row for row in keys.keys if row.key_id == signature.key_id), None)
    if key is None or key.purpose != purpose.value or key.holder_party_id is not None:
        reason = f"its key {signature.key_id} is not one of the service's for this"
        return reason, Fault.KEY_UNKNOWN
    if key.key_id != key_id_of(key.public_key):
        return f"its key {signature.key_id} is malformed", Fault.KEY_UNKNOWN
    fault = fault_of(
        signature,
        algorithm=key.algorithm,
        public_key=key.public_key,
        purpose=purpose,
        document=document,
    )
    if fault is SignatureFault.ALGORITHM:
        reason = f"it names the algorithm {signature.algorithm}, its key has {key.algorithm}"
        return reason, Fault.ALGORITHM_DIFFERS
    if fault is not None:
        reason = "its signature does not verify: document or signature was changed"
        return reason, Fault.SIGNATURE_WRONG
    return None


def name_of(document: bytes) -> str:
    """Return the number or id under which a document goes, as far as it can be read."""
    try:
        told = msgspec.json.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "(unreadable)"
    if isinstance(told, dict):
        for name in (
            "registration_number",
            "number",
            "report_id",
            "statement_id",
            "order_id",
            "id",
        ):
            if isinstance(told.get(name), str):
                return str(told[name])
    return "(without a number)"
