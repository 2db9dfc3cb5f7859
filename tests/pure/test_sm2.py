"""SM2 over SM3: the vectors of the standards, OpenSSL's own program, and what is no signature."""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import types
from ctypes import c_ulong

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.signing import sm2
from catalog.signing.sm2 import Sm2Unavailable

# GB/T 32918.5-2017, annex A.2: signer's id 1234567812345678, message "message digest".
SECRET = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
PUBLIC = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
MESSAGE = b"message digest"
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="the openssl program is not installed")


def der(r: int, s: int) -> bytes:
    """Return (r, s) as DER has it."""
    numbers = b"".join(
        b"\x02" + bytes([len(raw)]) + raw
        for raw in (value.to_bytes(value.bit_length() // 8 + 1) for value in (r, s))
    )
    return b"\x30" + bytes([len(numbers)]) + numbers


def test_the_vector_of_the_standard_is_verified() -> None:
    assert sm2.verify(PUBLIC, MESSAGE, der(R, S))
    assert sm2.public_key_of(SECRET) == PUBLIC


def test_sm3_is_that_of_its_standard() -> None:
    # GB/T 32905-2016, annex A: "abc" and 16 times "abcd".
    assert hashlib.new("sm3", b"abc").hexdigest() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    assert hashlib.new("sm3", b"abcd" * 16).hexdigest() == (
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    )


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (0, S),
        (R, 0),
        (0, 0),
        (N, S),
        (R, N),
        (R + N, S),
        (R, S + N),
        (S, R),
        (R, S + 1),
        (R, N - S),
    ],
)
def test_a_zero_an_overflow_or_another_number_is_no_signature(r: int, s: int) -> None:
    assert not sm2.verify(PUBLIC, MESSAGE, der(r, s))


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        R.to_bytes(32) + S.to_bytes(32),  # bare, as GM/T 0009 does not have it
        der(R, S) + b"\x00",
        der(R, S)[:-1],
        b"\x30\x81" + der(R, S)[1:],  # BER, not DER
    ],
)
def test_a_signature_is_der_and_nothing_else(signature: bytes) -> None:
    assert not sm2.verify(PUBLIC, MESSAGE, signature)


@pytest.mark.parametrize(
    "public_key",
    [b"", PUBLIC[1:], b"\x04" + bytes(64), PUBLIC[:-1] + b"\x14", b"\x02" + PUBLIC[1:]],
)
def test_what_is_no_point_of_the_curve_verifies_nothing(public_key: bytes) -> None:
    assert not sm2.verify(public_key, MESSAGE, der(R, S))


@pytest.mark.parametrize(
    "secret", [b"", bytes(31), bytes(32), (N - 1).to_bytes(32), N.to_bytes(32), b"\xff" * 32]
)
def test_a_secret_is_a_number_of_the_curve(secret: bytes) -> None:
    with pytest.raises(ValueError, match="1 to n-2"):
        sm2.public_key_of(secret)
    with pytest.raises(ValueError, match="1 to n-2"):
        sm2.sign(secret, MESSAGE)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, N - 2), st.binary(max_size=300), st.integers(0, 2**16))
def test_what_a_key_signs_is_verified_with_it_and_changed_with_nothing(
    number: int, message: bytes, place: int
) -> None:
    secret = number.to_bytes(32)
    public_key = sm2.public_key_of(secret)
    signature = sm2.sign(secret, message)
    changed = bytearray(signature)
    changed[place % len(changed)] ^= 1 << (place % 8)

    assert sm2.verify(public_key, message, signature)
    assert not sm2.verify(public_key, message + b"\x00", signature)
    assert not sm2.verify(public_key, message, bytes(changed))


@needs_openssl
def test_openssl_verifies_what_we_sign_and_we_what_it_signs(tmp_path: pathlib.Path) -> None:
    import base64

    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "ours").write_bytes(sm2.sign(SECRET, MESSAGE))
    spki = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200") + PUBLIC
    (tmp_path / "public.der").write_bytes(spki)
    sec1 = bytes.fromhex("30310201010420") + SECRET + bytes.fromhex("a00a06082a811ccf5501822d")
    (tmp_path / "private.pem").write_bytes(
        b"-----BEGIN EC PRIVATE KEY-----\n"
        + base64.encodebytes(sec1)
        + b"-----END EC PRIVATE KEY-----\n"
    )
    over_sm3 = ["-rawin", "-digest", "sm3", "-in", "message", "-pkeyopt", "distid:1234567812345678"]

    theirs = subprocess.run(
        [str(OPENSSL), "pkeyutl", "-sign", "-inkey", "private.pem", "-out", "theirs", *over_sm3],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    checked = subprocess.run(
        [str(OPENSSL), "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "public.der",
         "-sigfile", "ours", *over_sm3],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    without_id = subprocess.run(
        [str(OPENSSL), "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "public.der",
         "-sigfile", "ours", *over_sm3[:-2]],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert theirs.returncode == 0, theirs.stderr
    assert sm2.verify(PUBLIC, MESSAGE, (tmp_path / "theirs").read_bytes())
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert without_id.returncode != 0


def test_a_failure_leaves_nothing_for_others_who_use_openssl() -> None:
    library = sm2.load()
    library.ERR_peek_error.restype = c_ulong

    assert not sm2.verify(b"\x04" + bytes(64), MESSAGE, b"")
    assert not sm2.verify(PUBLIC, MESSAGE, b"")

    assert library.ERR_peek_error() == 0


@pytest.mark.parametrize("names", [(), ("libcrypto.so.of-nobody",), ("libm.so.6",)])
def test_a_machine_without_openssl_3_says_so(names: tuple[str, ...]) -> None:
    with pytest.raises(Sm2Unavailable):
        sm2.load(names)


@pytest.mark.parametrize(
    ("version", "known", "reason"),
    [(0x1010108F, 1, "older than OpenSSL 3"), (0x30000000, 0, "without SM2")],
)
def test_an_openssl_that_is_old_or_has_no_sm2_says_so(
    version: int, known: int, reason: str
) -> None:
    names = [name for name in sm2._SIGNATURES if name != "OpenSSL_version_num"]
    library = types.SimpleNamespace(
        **{name: (lambda *_: known) for name in names}, OpenSSL_version_num=lambda: version
    )

    with pytest.raises(Sm2Unavailable) as refused:
        sm2.checked(library)

    assert reason in str(refused.value.facts["reason"])
