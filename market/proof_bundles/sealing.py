"""Sign a bundle, let the log know it, and pack it (签署、登记、打包). The key is the one for statements.

The log knows the manifest, and each member by its name: whoever has only the key for statements can
sign another bundle, and no entry knows it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.audit_log import receipts
from catalog.audit_log.model import Appended, Digest
from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.proof_bundles import archive, drawing_up
from market.proof_bundles.model import (
    ENTRY,
    FORMAT,
    MANIFEST,
    NAMES,
    RECEIPT,
    SIGNATURE,
    BundleSignature,
    Gathered,
)

#: The digest of the manifest goes by this, and its own first 16 digits.
KIND: Final = "proof_bundle"
#: The digest of every other member goes by this, and its name.
KIND_OF_MEMBERS: Final = "proof_bundle_member"
_ID_LENGTH: Final = 16


def drawn_up(gathered: Gathered, signer: Signer) -> dict[str, bytes]:
    """Return the members, signed: the statement is drawn up, then the manifest over everything.

    Pure, and for a long order slow: to be called outside of any transaction.

    :raises ChainBroken: if a use is missing or altered; nothing is signed then.
    """
    assert signer.purpose is Purpose.STATEMENT, "a bundle is a statement of account"
    parts = drawing_up.parts_of(gathered)
    if gathered.order is not None:
        document = drawing_up.statement_of(gathered.order)
        drawing_up.with_statement(parts, document, signer.seal(document))
    drawing_up.with_guide(gathered, parts)
    return signed(parts, drawing_up.manifest_of(gathered, parts), signer)


def signed(parts: dict[str, bytes], manifest: bytes, signer: Signer) -> dict[str, bytes]:
    """Return the members with the manifest and the signature over it."""
    seal = signer.seal(manifest)
    signature = BundleSignature(
        type=FORMAT, key_id=seal.key_id, value=seal.value, algorithm=seal.algorithm
    )
    return {**parts, MANIFEST: manifest, SIGNATURE: msgspec.json.encode(signature)}


def digests_of(parts: dict[str, bytes]) -> list[Digest]:
    """Return what the log's entry binds of a bundle: its manifest, and every member by its name."""
    manifest = sha256_hex(parts[MANIFEST])
    members = [name for name in NAMES if name in parts and name not in (MANIFEST, ENTRY, RECEIPT)]
    return [
        Digest(KIND, manifest[:_ID_LENGTH], manifest),
        *(Digest(KIND_OF_MEMBERS, name, sha256_hex(parts[name])) for name in members),
    ]


def entered(parts: dict[str, bytes], entry: Appended, receipt: str) -> dict[str, bytes]:
    """Return the members with the entry of the log that knows them, and the receipt for it."""
    return {**parts, ENTRY: entry.leaf, RECEIPT: receipts.unpacked(receipt)}


def packed(parts: dict[str, bytes]) -> bytes:
    """Return the archive of a bundle that the log knows."""
    assert {ENTRY, RECEIPT} <= parts.keys(), "nothing is handed out that the log does not know"
    return archive.pack(parts)
