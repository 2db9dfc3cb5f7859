"""ECDSA on P-256 is that of FIPS 186-5 and RFC 6979, and OpenSSL's own."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from catalog.signing import key_files, p256
from catalog.signing.algorithms import KEY_PREFIX, Algorithm
from catalog.signing.private_keys import from_secret
from catalog.signing.verifier import verify_raw

# RFC 6979, A.2.5: curve NIST P-256, with SHA-256.
SECRET = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
POINT = bytes.fromhex(
    "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)
SIGNED = {
    b"sample": (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    b"test": (
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
}
PASSPHRASE = b"a passphrase of some length"


@pytest.mark.parametrize("message", list(SIGNED))
def test_it_is_that_of_rfc_6979(message: bytes) -> None:
    key = from_secret(Algorithm.P256, SECRET)
    r, s = (int(number, 16) for number in SIGNED[message])

    signature = key.sign(message)

    assert key.public_key == POINT
    assert decode_dss_signature(signature) == (r, s)
    assert p256.der(bytes.fromhex("".join(SIGNED[message]))) == signature
    assert verify_raw(POINT, message, signature, Algorithm.P256)


@pytest.mark.parametrize(
    ("public_key", "message", "change"),
    [
        (POINT, b"sampla", lambda value: value),
        (POINT[:-1] + b"\x98", b"sample", lambda value: value),  # no point of the curve
        (bytes(65), b"sample", lambda value: value),
        (POINT, b"sample", lambda value: value[:-1]),
        (POINT, b"sample", lambda value: value + b"\x00"),
        (POINT, b"sample", lambda value: value[:10] + b"\x00" + value[11:]),
        (POINT, b"sample", lambda _value: b""),
        (POINT, b"sample", lambda _value: bytes.fromhex("3006020100020100")),
    ],
)
def test_what_is_not_the_signature_of_the_key_is_refused(
    public_key: bytes, message: bytes, change: object
) -> None:
    value = change(from_secret(Algorithm.P256, SECRET).sign(b"sample"))  # type: ignore[operator]

    assert not verify_raw(public_key, message, value, Algorithm.P256)


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_a_number_that_is_none_of_the_curve_makes_no_key(secret: bytes) -> None:
    with pytest.raises(ValueError, match=r"(?i)key|private"):
        from_secret(Algorithm.P256, secret)


def test_a_key_of_another_curve_is_none_of_ours() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE)
    )

    with pytest.raises(ValueError, match="no key of ecdsa-p256"):
        key_files.decode(Algorithm.P256, other, PASSPHRASE)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")
def test_openssl_reads_our_key_verifies_our_signature_and_we_read_and_verify_its_own(
    tmp_path: pathlib.Path,
) -> None:
    (tmp_path / "ours").write_bytes(key_files.encode(Algorithm.P256, SECRET, PASSPHRASE))
    (tmp_path / "in").write_bytes(PASSPHRASE)
    (tmp_path / "out").write_bytes(PASSPHRASE)
    (tmp_path / "public").write_bytes(KEY_PREFIX[Algorithm.P256] + POINT)
    (tmp_path / "message").write_bytes(b"sample")
    (tmp_path / "value").write_bytes(from_secret(Algorithm.P256, SECRET).sign(b"sample"))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            ["openssl", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    ways = ["-passin", "file:in", "-passout", "file:out"]
    run("pkcs8", "-topk8", "-in", "ours", "-out", "theirs", *ways)
    signing = ["-rawin", "-digest", "sha256", "-in", "message"]
    told = run(
        "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "public", *signing,
        "-sigfile", "value",
    )  # fmt: skip
    run("pkeyutl", "-sign", "-inkey", "ours", "-passin", "file:in", *signing, "-out", "value")

    assert "Signature Verified Successfully" in told
    theirs = (tmp_path / "theirs").read_bytes()
    assert key_files.decode(Algorithm.P256, theirs, PASSPHRASE) == SECRET
    value = (tmp_path / "value").read_bytes()
    assert verify_raw(POINT, b"sample", value, Algorithm.P256)
