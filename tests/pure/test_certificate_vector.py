"""The certificate in ``tests/vectors`` is made and checked byte for byte."""

from __future__ import annotations

import json

from catalog.signing.purposes import Purpose
from catalog.signing.verifier import verify_raw
from tests.vectors.regenerate_certificate import PATH, vector


def test_the_golden_certificate_is_reproduced_byte_for_byte() -> None:
    assert vector() == json.loads(PATH.read_text("utf-8"))


def test_the_golden_certificate_is_checked_with_nothing_but_ed25519() -> None:
    golden = json.loads(PATH.read_text("utf-8"))
    message = f"shushi/v1/{Purpose.CERTIFICATE.value}\n{golden['document']}".encode()

    assert verify_raw(
        bytes.fromhex(golden["public_key"]), message, bytes.fromhex(golden["signature"])
    )
