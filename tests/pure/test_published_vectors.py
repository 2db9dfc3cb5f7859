"""What others published of the forms that we write is what our code reads and makes (公开向量)."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib

import pytest

from catalog.audit_log.checkpoint import is_signed_by, parse_note, parse_vkey
from catalog.signing import jws
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.signing.verifier import verify_raw
from catalog.timestamps import token

# RFC 8032 §7.1: secret key, public key, message, signature of tests 1, 2, 3 and SHA(abc).
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        b"",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        b"\x72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        b"\xaf\x82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").digest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
            "3dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_ed25519_is_that_of_rfc_8032(
    secret: str, public: str, message: bytes, signature: str
) -> None:
    signer = Signer(Purpose.CHECKPOINT, bytes.fromhex(secret))  # signs its message as it is

    assert signer.public_key.hex() == public
    assert signer.sign(message).hex() == signature
    assert verify_raw(bytes.fromhex(public), message, bytes.fromhex(signature))
    assert not verify_raw(bytes.fromhex(public), message + b"x", bytes.fromhex(signature))


# C2SP signed-note.md, "Example"; golang.org/x/mod/sumdb/note, the package's own documentation.
NOTES = [
    (
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        (
            "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAl"
            "TgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
        ),
    ),
    (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        (
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem "
            "is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
            "tpRZb6KE6RyyBwJnAM=\n"
        ),
    ),
]


@pytest.mark.parametrize(("vkey", "note"), NOTES)
def test_the_example_notes_of_c2sp_and_go_are_signed_by_their_keys(vkey: str, note: str) -> None:
    key = parse_vkey(vkey)
    other = parse_vkey(next(each for each, _ in NOTES if each != vkey))

    assert is_signed_by(parse_note(note.encode()), key)
    assert not is_signed_by(parse_note(note.encode()), other)
    assert not is_signed_by(parse_note(note.replace(" is", " was").encode()), key)


def test_a_jws_of_eddsa_is_that_of_rfc_8037() -> None:
    """Appendix A.1 to A.5: the key, the signing input of RFC 7515 §5.1, the signature."""
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    public = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    told = (
        signed
        + b".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )

    signer = Signer(Purpose.CREDENTIAL, seed)

    assert signer.public_key == public
    assert jws.assemble(signed, signer.sign(signed)) == told


def test_a_timestamp_that_openssl_made_is_read() -> None:
    """RFC 3161 prints no token; this one is of ``openssl ts`` 3.0, over SM3, with its root."""
    path = pathlib.Path(__file__).parents[1] / "vectors" / "openssl_timestamp.json"
    told = json.loads(path.read_bytes())
    data, response = (base64.b64decode(told[name]) for name in ("data", "response"))
    trust = token.read_trust(told["ca"].encode(), [told["policy"]])

    stamped = token.check(response, data, trust)

    assert stamped.at.isoformat() == told["at"]
    assert (stamped.algorithm, stamped.serial) == (told["algorithm"], told["serial"])
    with pytest.raises(token.TimestampWrong):
        token.check(response, data + b"x", trust)
