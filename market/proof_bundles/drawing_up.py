"""Put a bundle together (制作举证包): what was gathered goes in, the bytes of its members come out.

The same that was gathered gives the same bytes. Records and leaves stand line by line as they are
hashed, so that a line needs nothing but SHA-256 to be recognised.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import Signature
from market.access import licences
from market.proof_bundles import program, readme
from market.proof_bundles.model import (
    BINDINGS,
    CERTIFICATE,
    CHECKPOINT,
    CONTRACT,
    CONTRACT_SIGNATURES,
    CREDENTIAL,
    ENVELOPE,
    FILING,
    FORMAT,
    GRANT,
    HEADS,
    JOURNAL,
    KEYS,
    LEAVES,
    NAMES,
    PAYLOADS,
    PROGRAM,
    PROOFS,
    README,
    STATEMENT,
    STATEMENT_SIGNATURE,
    STATUS_LIST,
    SUMS,
    USAGE,
    BindingLine,
    CertificatePapers,
    Gathered,
    GatheredEntry,
    Manifest,
    Member,
    OrderPapers,
    PayloadLine,
    ProofLine,
)
from market.usage import statement
from market.usage.model import StoredEvent, UsageEvent

_encode: Final = msgspec.json.encode


def instant(at: dt.datetime) -> str:
    """Return when a bundle was drawn up, as it is written: UTC, whole seconds."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def statement_of(order: OrderPapers) -> bytes:
    """Return the usage statement (使用对账单) over the uses that are in the bundle, as it is signed.

    :raises ChainBroken: if one is missing or altered; nothing is signed then.
    """
    read = msgspec.json.Decoder(UsageEvent)
    events = [
        StoredEvent(
            event=read.decode(record),
            record=record,
            record_sha256=sha256_hex(record),
            entry_id=entry_id,
        )
        for record, entry_id in zip(order.usage, order.usage_entry_ids, strict=True)
    ]
    return canonical(
        statement.draw_up(
            events,
            order_id=order.order_id,
            buyer_party_id=order.buyer_party_id,
            supplier_party_id=order.supplier_party_id,
            product_id=order.product_id,
            now=order.statement_at,
        )
    )


def parts_of(gathered: Gathered) -> dict[str, bytes]:
    """Return the members that need no signature of the bundle's own."""
    entries = gathered.entries
    parts = {
        CHECKPOINT: gathered.checkpoint,
        KEYS: _encode(gathered.keys),
        HEADS: _encode(gathered.heads),
        LEAVES: _lines(entry.leaf for entry in entries),
        PROOFS: _lines(_encode(ProofLine(entry.index, entry.proof)) for entry in entries),
        PAYLOADS: _lines(_encode(_payload(entry)) for entry in entries),
        BINDINGS: _lines(
            _encode(BindingLine(each.index, each.leaf.decode(), each.proof))
            for each in gathered.bindings
        ),
    }
    if gathered.order is not None:
        parts |= _of_order(gathered.order)
    if gathered.certificate is not None:
        parts |= _of_certificate(gathered.certificate)
    return parts


def _payload(entry: GatheredEntry) -> PayloadLine:
    payload = None if entry.payload is None else entry.payload.decode()
    return PayloadLine(index=entry.index, state=entry.state, salt=entry.salt, payload=payload)


def _of_order(order: OrderPapers) -> dict[str, bytes]:
    parts = {USAGE: _lines(order.usage), JOURNAL: _lines(order.journal)}
    if order.contract is not None:
        parts[CONTRACT] = order.contract.document
        parts[CONTRACT_SIGNATURES] = _encode(order.contract.signatures)
        parts[FILING] = order.contract.filing
    if order.licence is not None:
        parts[GRANT] = licences.record(order.licence)
    return parts


def _of_certificate(papers: CertificatePapers) -> dict[str, bytes]:
    return {
        CERTIFICATE: papers.file,
        CREDENTIAL: papers.credential,
        STATUS_LIST: papers.status_list,
    }


def with_statement(parts: dict[str, bytes], document: bytes, signature: Signature) -> None:
    """Add the signed usage statement."""
    parts[STATEMENT] = document
    parts[STATEMENT_SIGNATURE] = _encode(signature)


def with_guide(gathered: Gathered, parts: dict[str, bytes]) -> None:
    """Add what tells an outsider how to check it: README, program, sums."""
    parts[README] = readme.text(gathered, parts).encode()
    parts[PROGRAM] = program.TEXT.encode()
    parts[SUMS] = sums_of(parts)


def sums_of(parts: dict[str, bytes]) -> bytes:
    """Return the sums of the members as ``sha256sum -c`` takes them; not their own, nor the envelope's."""
    named = [name for name in _named(parts) if name not in (*ENVELOPE, SUMS)]
    return "".join(f"{sha256_hex(parts[name])}  {name}\n" for name in named).encode()


def manifest_of(gathered: Gathered, parts: dict[str, bytes]) -> bytes:
    """Return the manifest over all other members, as it is signed."""
    record: dict[str, Any] = msgspec.json.decode(gathered.heads.proof.record)
    return canonical(
        Manifest(
            format=FORMAT,
            subject=gathered.subject,
            reader=gathered.reader,
            drawn_up_at=instant(gathered.drawn_up_at),
            log=gathered.origin,
            log_size=gathered.log_size,
            is_witnessed=gathered.is_witnessed,
            heads_log_size=record["log_size"],
            entry_count=len(gathered.entries),
            members=tuple(
                Member(name=name, sha256=sha256_hex(parts[name]), size_bytes=len(parts[name]))
                for name in _named(parts)
                if name not in ENVELOPE
            ),
        )
    )


def _named(parts: dict[str, bytes]) -> Sequence[str]:
    return [name for name in NAMES if name in parts]


def _lines(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
