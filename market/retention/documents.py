"""Say what is wrong with a paper that somebody signed, or that a case rests on, years later (复核).

Three things have to hold: its bytes are those of its digest, whoever signed it signed exactly these
bytes with a key that counted that day, and the log holds that digest since. So neither the paper nor
its row can be exchanged, nor both together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

import msgspec

from catalog.audit_log.model import Digest
from catalog.kernel.ids import PartyId
from catalog.registration.signatures import why_not
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import ED25519, KeyId, PublicKey, Signature
from catalog.signing.purposes import Purpose


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it was signed: an opinion, an authorisation, an agreement, an evaluation."""

    position: str  # in the order in which documents are looked at
    kind: str
    id: str
    case: str  # under which subject the log remembers it
    document: bytes
    sha256: str
    purpose: Purpose
    holder: PartyId | None  # None: the service itself
    key_id: KeyId
    signature: bytes
    signed_at: dt.datetime
    is_in_log: bool  # that its digest is: the agreement of a transfer is only told in facts


class Cited(msgspec.Struct, frozen=True, kw_only=True):
    """What a case rests on without a signature to check: a legal instrument (法律文书), a consent, a bid."""

    position: str
    kind: str
    id: str
    case: str
    sha256: str
    file_sha256: str | None  # of the file or text as it is kept; None: there is none


def why_wrong(
    kept: Signed | Cited, keys: Mapping[KeyId, PublicKey], in_log: Collection[Digest]
) -> str | None:
    """Return what is wrong with a document, or None.

    ``in_log`` are the digests that the log holds about its case.
    """
    if isinstance(kept, Cited):
        if kept.file_sha256 != kept.sha256:
            return "所引文件不符 · its file is another one, or gone"
    else:
        if sha256_hex(kept.document) != kept.sha256:
            return "字节与摘要不符 · its bytes are not those of its digest"
        key = keys.get(kept.key_id)
        signature = Signature(
            key_id=kept.key_id,
            value=kept.signature,
            algorithm=ED25519 if key is None else key.algorithm,
        )
        reason = why_not(
            key,
            kept.purpose,
            kept.holder,
            kept.document,
            signature,
            now=kept.signed_at,
        )
        if reason is not None:
            return f"签名不符 · {reason}"
        if not kept.is_in_log:
            return None
    if Digest(kept.kind, kept.id, kept.sha256) not in in_log:
        return "审计日志中无此摘要 · the log does not hold its digest"
    return None
