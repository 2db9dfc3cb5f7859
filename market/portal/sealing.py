"""Seal the paper of a certificate: PAdES-B-B by a key of its own (电子印章, ETSI EN 319 142-1).

The X.509 certificate of that key is signed by the key itself: it says which key of the register it
is, and is believed by who takes it from the register. Its bytes follow from the key's row alone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from collections.abc import Callable
from typing import Any, Final

from asn1crypto import algos, pem, x509
from asn1crypto.keys import PublicKeyInfo
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from catalog.signing.model import PublicKey

Sign = Callable[[bytes], bytes]

FIELD: Final = "Seal"
_ED25519: Final = {"algorithm": "ed25519"}
#: How long the certificate lasts: as long as registrations are kept, and some more [P].
_LASTS: Final = dt.timedelta(days=365 * 40)


def x509_of(key: PublicKey, *, name: str, sign: Sign) -> x509.Certificate:
    """Return the certificate of a key, signed by that key: the same bytes each time."""
    subject = x509.Name.build({"organization_name": name, "common_name": f"paper {key.key_id}"})
    begins = key.valid_from.replace(microsecond=0)
    public = Ed25519PublicKey.from_public_bytes(key.public_key)
    told = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": int(key.key_id, 16),
            "signature": _ED25519,
            "issuer": subject,
            "subject": subject,
            "validity": {
                "not_before": x509.Time({"general_time": begins}),
                "not_after": x509.Time({"general_time": begins + _LASTS}),
            },
            "subject_public_key_info": PublicKeyInfo.load(
                public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            ),
            "extensions": [
                _extension("basic_constraints", {"ca": False}),
                _extension("key_usage", {"digital_signature", "non_repudiation"}),
            ],
        }
    )
    return x509.Certificate(
        {
            "tbs_certificate": told,
            "signature_algorithm": _ED25519,
            "signature_value": sign(told.dump()),
        }
    )


def as_pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as text."""
    text: bytes = pem.armor("CERTIFICATE", certificate.dump())
    return text


def sealed(pdf: bytes, *, certificate: x509.Certificate, sign: Sign) -> bytes:
    """Return a PDF with a seal over all of it (PAdES-B-B). Nothing is drawn on the page.

    The time that stands in it is the machine's own, and nobody else's word. Not to be called where
    an event loop runs.
    """
    written = IncrementalPdfFileWriter(io.BytesIO(pdf))
    seal = signers.PdfSigner(
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha512",  # what Ed25519 goes with in CMS (RFC 8419)
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        signer=_Sealer(certificate, sign),
    )
    made: io.BytesIO = asyncio.run(seal.async_sign_pdf(written))
    return made.getvalue()


class _Sealer(signers.Signer):
    """Let a key sign that pyhanko never sees."""

    def __init__(self, certificate: x509.Certificate, sign: Sign) -> None:
        super().__init__(
            signing_cert=certificate,
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
            signature_mechanism=algos.SignedDigestAlgorithm(_ED25519),
        )
        self._sign = sign

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        del digest_algorithm  # Ed25519 has its own
        return bytes(64) if dry_run else self._sign(data)


def _extension(name: str, value: Any) -> dict[str, Any]:
    return {"extn_id": name, "critical": True, "extn_value": value}
