"""The vector of a timestamp with its revocation list is what the code reads, and a stranger checks the list."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from catalog.timestamps import revocation, token
from catalog.timestamps.model import read_record
from catalog.timestamps.token import TimestampWrong
from tests.vectors import regenerate_timestamp_revocation


@pytest.fixture(scope="module")
def vector() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(regenerate_timestamp_revocation.PATH.read_bytes())
    return found


def test_the_list_beside_the_record_is_its_authority_s_issuer_s(vector: dict[str, Any]) -> None:
    (raw,) = msgspec.json.decode(vector["record"])["revocation"]
    told = x509.load_der_x509_crl(base64.b64decode(raw))
    ca = x509.load_pem_x509_certificate(vector["tsa_ca"].encode())

    assert told.issuer == ca.subject
    assert told.is_signature_valid(ca.public_key())  # type: ignore[arg-type]
    assert len(told) == 0


def test_the_answers_of_the_vector_are_signed_by_that_issuer(vector: dict[str, Any]) -> None:
    ca = x509.load_pem_x509_certificate(vector["tsa_ca"].encode())
    said = {**vector["refused_with"], **vector["accepted_with"]}
    answers = [base64.b64decode(raw) for name, raw in said.items() if "responder" in name]

    for raw in answers:
        told = ocsp.load_der_ocsp_response(raw)
        key = ca.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        by = told.signature_hash_algorithm
        assert by is not None
        key.verify(told.signature, told.tbs_response_bytes, ec.ECDSA(by))
    assert len(answers) == 4


def test_each_list_of_the_vector_says_what_it_is_there_for(vector: dict[str, Any]) -> None:
    record = read_record(vector["record"].encode())
    stamped = token.check(
        record.response, record.covers, token.read_trust(vector["tsa_ca"].encode())
    )

    assert revocation.check(stamped.chain, record.said, stamped.at)
    for raw in vector["accepted_with"].values():
        lists = (*record.said, base64.b64decode(raw))
        assert revocation.check(stamped.chain, lists, stamped.at)
    for raw in vector["refused_with"].values():
        with pytest.raises(TimestampWrong):
            revocation.check(stamped.chain, (*record.said, base64.b64decode(raw)), stamped.at)


def test_the_vector_is_made_again_as_good(vector: dict[str, Any]) -> None:
    made = regenerate_timestamp_revocation.vector()

    assert made.keys() == vector.keys()
    assert made["refused_with"].keys() == vector["refused_with"].keys()
