"""Say which entries must be in a bundle beside the subject's own: those that bind what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from catalog.audit_log.key_record import key_record
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import PlacedEntry
from catalog.certificates.format import unpack
from catalog.kernel.errors import Refused
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import PublicKey
from market.orders.contract import read_document
from market.proof_bundles.model import CertificatePapers, OrderPapers


class ProofBundleNotReady(Refused):
    """Something in the bundle is not under a checkpoint yet; a moment later it is."""

    code = "proof_bundle_not_ready"


class Wanted(msgspec.Struct, frozen=True):
    """What must be bound, by its digest, and under which subjects the entries stand that bind it."""

    subjects: list[str]
    digests: dict[tuple[str, str], str]


def certificate_of(order: OrderPapers | None) -> str | None:
    """Return the number of the certificate that an order's contract names, None if it names none."""
    if order is None or order.contract is None:
        return None
    return read_document(order.contract.document).object.certificate_number


def signed_by(certificate: CertificatePapers) -> str:
    """Return the key that signed a certificate."""
    return unpack(certificate.file).signature.key_id


def wanted(
    order: OrderPapers | None,
    certificate: tuple[str, CertificatePapers] | None,
    keys: Iterable[PublicKey],
) -> Wanted:
    """Return what other entries than the subject's own must bind."""
    digests: dict[tuple[str, str], str] = {
        ("key", key.key_id): sha256_hex(key_record(key)) for key in keys
    }
    subjects = [f"key:{name}" for _, name in digests]
    if certificate is not None:
        number, papers = certificate
        digests["certificate", number] = sha256_hex(unpack(papers.file).document)
        subjects.append(f"certificate:{number}")
    if order is not None and order.contract is not None:
        filing = order.contract.filing
        filing_id = msgspec.json.decode(filing)["id"]
        digests["filing", filing_id] = sha256_hex(filing)
        subjects.append(f"filing:{filing_id}")
    return Wanted(subjects, digests)


def chosen(
    wanted: Wanted, found: Iterable[PlacedEntry], own: Sequence[PlacedEntry]
) -> list[PlacedEntry]:
    """Return the newest entries that bind what is wanted, but for the subject's own.

    :raises ProofBundleNotReady: if one has no place under the checkpoint, or binds something else.
    """
    newest: dict[tuple[str, str], tuple[PlacedEntry, str]] = {}
    for entry in sorted((*found, *own), key=lambda each: each.index):
        for digest in read_leaf(entry.leaf).digests:
            if (digest.kind, digest.id) in wanted.digests:
                newest[digest.kind, digest.id] = (entry, digest.sha256)
    for key, sha256 in wanted.digests.items():
        if key not in newest or newest[key][1] != sha256:
            raise ProofBundleNotReady(kind=key[0], id=key[1])
    there = {entry.index for entry in own}
    others = {entry.index: entry for entry, _ in newest.values() if entry.index not in there}
    return [others[index] for index in sorted(others)]
