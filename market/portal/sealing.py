"""Seal the paper of a certificate: PAdES-B-B by a key of its own (电子印章, ETSI EN 319 142-1).

ECDSA on P-256 with SHA-256, which readers of PDF check by themselves.
"""

from __future__ import annotations

import asyncio
import io
from typing import Final

from asn1crypto import algos, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from market.portal.seal_certificates import ECDSA_SHA256, Sign

FIELD: Final = "Seal"
_LONGEST: Final = 72  # bytes of a signature, DER (r, s)


def sealed(pdf: bytes, *, certificate: bytes, sign: Sign) -> bytes:
    """Return a PDF with a seal over all of it (PAdES-B-B). Nothing is drawn on the page.

    The time that stands in it is the machine's own, and nobody else's word. Not to be called where
    an event loop runs.
    """
    written = IncrementalPdfFileWriter(io.BytesIO(pdf))
    seal = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        signer=_Sealer(x509.Certificate.load(certificate), sign),
    )
    made: io.BytesIO = asyncio.run(seal.async_sign_pdf(written))
    return made.getvalue()


class _Sealer(signers.Signer):
    """Let a key sign that pyhanko never sees."""

    def __init__(self, certificate: x509.Certificate, sign: Sign) -> None:
        super().__init__(
            signing_cert=certificate,
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
            signature_mechanism=algos.SignedDigestAlgorithm(ECDSA_SHA256),
        )
        self._sign = sign

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        assert digest_algorithm == "sha256", "the key signs by no other"
        return bytes(_LONGEST) if dry_run else self._sign(data)
