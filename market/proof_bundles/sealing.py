"""Sign a bundle and pack it (签署、打包). The key is the one for statements (使用对账单)."""

from __future__ import annotations

import msgspec

from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.proof_bundles import archive, drawing_up
from market.proof_bundles.model import FORMAT, MANIFEST, SIGNATURE, BundleSignature, Gathered


def sealed(gathered: Gathered, signer: Signer) -> bytes:
    """Return the archive: the statement is drawn up and signed, then the manifest over everything.

    Pure, and for a long order slow: to be called outside of any transaction.

    :raises ChainBroken: if a use is missing or altered; nothing is signed then.
    """
    assert signer.purpose is Purpose.STATEMENT, "a bundle is a statement of account"
    parts = drawing_up.parts_of(gathered)
    if gathered.order is not None:
        document = drawing_up.statement_of(gathered.order)
        drawing_up.with_statement(parts, document, signer.seal(document))
    drawing_up.with_guide(gathered, parts)
    return archive.pack(signed(parts, drawing_up.manifest_of(gathered, parts), signer))


def signed(parts: dict[str, bytes], manifest: bytes, signer: Signer) -> dict[str, bytes]:
    """Return the members with the manifest and the signature over it."""
    seal = signer.seal(manifest)
    signature = BundleSignature(
        type=FORMAT, key_id=seal.key_id, value=seal.value, algorithm=seal.algorithm
    )
    return {MANIFEST: manifest, SIGNATURE: msgspec.json.encode(signature), **parts}
