"""Check one document as people hold it: a certificate, a report, a statement (单件验真).

The file is JSON with ``type``, ``document`` (the signed bytes in base64, or a JSON object whose
canonical form they are), and ``signature``. That it is genuine says what was signed and by whom;
whether a certificate still counts is asked of the register.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log.verdict import Findings, Unreadable, Verdict
from catalog.kernel.errors import DomainError
from catalog.signing.canonical import canonical
from catalog.signing.model import ED25519, Signature, key_id_of
from catalog.signing.purposes import OF_THE_SERVICE, Purpose
from catalog.signing.verifier import verify_detached

_KINDS: Final = {
    "certificate": Purpose.CERTIFICATE,
    "report": Purpose.REPORT,
    "statement": Purpose.STATEMENT,
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


def check(raw: bytes, keys: export.Keys | None) -> Verdict:
    """Return whether a certificate, report or statement is genuine under these keys.

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
    reason = signature_fault(keys, _KINDS[kind], document, held.signature)
    if reason is not None:
        found.bad(kind, name_of(document), reason)
    return found.verdict()


def signature_fault(
    keys: export.Keys, purpose: Purpose, document: bytes, signature: Signature
) -> str | None:
    """Return what is wrong with a signature of the service's own, or None."""
    assert purpose in OF_THE_SERVICE
    key = next((row for row in keys.keys if row.key_id == signature.key_id), None)
    if key is None or key.purpose != purpose.value or key.holder_party_id is not None:
        return f"its key {signature.key_id} is not one of the service's for this"
    if key.key_id != key_id_of(key.public_key) or signature.algorithm != ED25519:
        return f"its key {signature.key_id} is malformed"
    if not verify_detached(key.public_key, purpose, document, signature.value):
        return "its signature does not verify: document or signature was changed"
    return None


def name_of(document: bytes) -> str:
    """Return the number or id under which a document goes, as far as it can be read."""
    try:
        told = msgspec.json.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "(unreadable)"
    if isinstance(told, dict):
        for name in ("registration_number", "number", "report_id", "statement_id", "order_id", "id"):
            if isinstance(told.get(name), str):
                return str(told[name])
    return "(without a number)"
