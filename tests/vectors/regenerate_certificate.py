"""Write ``certificate.json``: one certificate, byte for byte. ``python -m`` this to renew it."""

from __future__ import annotations

import json
import pathlib

from catalog.certificates.format import document_bytes, pack
from catalog.signing.canonical import sha256_hex
from tests.pure.test_certificates_format import SIGNER, make_document

PATH = pathlib.Path(__file__).with_name("certificate.json")


def vector() -> dict[str, str]:
    """Return the vector as this code makes it. The key's seed is the bytes 00 01 … 1f."""
    document = document_bytes(make_document())
    signature = SIGNER.seal(document)
    return {
        "document": document.decode(),
        "sha256": sha256_hex(document),
        "public_key": SIGNER.public_key.hex(),
        "key_id": signature.key_id,
        "signature": signature.value.hex(),
        "file_sha256": sha256_hex(pack(document, signature)),
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(vector(), ensure_ascii=False, indent=2) + "\n", "utf-8")
