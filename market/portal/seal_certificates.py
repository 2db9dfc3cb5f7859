"""Certify the key that seals papers (印章证书): an X.509 certificate that the key signs itself.

It says which key of the register it is, and is believed by who takes it from the register, where it
stands beside the key from the moment that the key is entered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from asn1crypto import pem, x509
from asn1crypto.keys import PublicKeyInfo

from catalog.signing.algorithms import KEY_PREFIX, Algorithm
from catalog.signing.model import PublicKey

#: Who hands in a key that signs: bytes go in, the signature comes out.
Sign = Callable[[bytes], bytes]

ECDSA_SHA256: Final = {"algorithm": "sha256_ecdsa"}
#: How long the certificate lasts: as long as registrations are kept, and some more [P].
_LASTS: Final = dt.timedelta(days=365 * 40)


def certificate_of(key: PublicKey, *, name: str, sign: Sign) -> bytes:
    """Return the certificate of a key (DER), signed by that key."""
    subject = x509.Name.build({"organization_name": name, "common_name": f"paper {key.key_id}"})
    begins = key.valid_from.replace(microsecond=0)
    told = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": int(key.key_id, 16),
            "signature": ECDSA_SHA256,
            "issuer": subject,
            "subject": subject,
            "validity": {
                "not_before": x509.Time({"general_time": begins}),
                "not_after": x509.Time({"general_time": begins + _LASTS}),
            },
            "subject_public_key_info": PublicKeyInfo.load(
                KEY_PREFIX[Algorithm.P256] + key.public_key
            ),
            "extensions": [
                # Its own root: readers of PDF believe no certificate but under one.
                _extension("basic_constraints", {"ca": True, "path_len_constraint": 0}),
                _extension("key_usage", {"digital_signature", "non_repudiation", "key_cert_sign"}),
            ],
        }
    )
    made = x509.Certificate(
        {
            "tbs_certificate": told,
            "signature_algorithm": ECDSA_SHA256,
            "signature_value": sign(told.dump()),
        }
    )
    certificate: bytes = made.dump()
    return certificate


def as_pem(certificate: bytes) -> bytes:
    """Return a certificate as text."""
    text: bytes = pem.armor("CERTIFICATE", certificate)
    return text


def _extension(name: str, value: Any) -> dict[str, Any]:
    return {"extn_id": name, "critical": True, "extn_value": value}
