"""OpenSSL's own program checks the signature lines of our notes, the log's and a witness's."""

from __future__ import annotations

import base64
import pathlib
import shutil
import subprocess

import pytest

from tests.witnessed_log import LOG_KEY, MemoryLog, MemoryWitness

# SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), up to its 32 bytes.
_SPKI = bytes.fromhex("302a300506032b6570032100")
NOTE = MemoryLog(13).note(13)
WITNESS = MemoryWitness("witness.example/w1")
AT = 1_772_413_323
TEXT, _, LINE = NOTE.decode().rpartition("\n\n")


@pytest.fixture(scope="module")
def openssl() -> str:
    """OpenSSL 3, which alone can check a signature over a text that it does not hash first."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("no openssl")
    version = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3"):
        pytest.skip(f"{version.strip()} has no pkeyutl -rawin for Ed25519 as it is used here")
    return found


def verifies(openssl: str, place: pathlib.Path, key: bytes, message: bytes, value: bytes) -> bool:
    (place / "key").write_bytes(_SPKI + key)
    (place / "message").write_bytes(message)
    (place / "value").write_bytes(value)
    command = [openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"]
    command += ["-inkey", "key", "-in", "message", "-sigfile", "value"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def value_of(line: str) -> bytes:
    return base64.b64decode(line.strip().split(" ")[2])


def test_openssl_accepts_the_log_s_line_over_the_text_and_no_other(
    openssl: str, tmp_path: pathlib.Path
) -> None:
    text = f"{TEXT}\n".encode()
    value = value_of(LINE)[4:]

    assert verifies(openssl, tmp_path, LOG_KEY.public_key, text, value)
    assert not verifies(openssl, tmp_path, LOG_KEY.public_key, text[:-1], value)
    assert not verifies(openssl, tmp_path, LOG_KEY.public_key, text.replace(b"13", b"14"), value)
    assert not verifies(openssl, tmp_path, LOG_KEY.public_key, text, value[:-1] + b"\x00")
    assert not verifies(openssl, tmp_path, WITNESS.key.public_key, text, value)


def test_openssl_accepts_a_cosignature_over_header_time_and_text_and_no_other(
    openssl: str, tmp_path: pathlib.Path
) -> None:
    value = value_of(WITNESS.line(NOTE, AT).decode())
    message = f"cosignature/v1\ntime {int.from_bytes(value[4:12], 'big')}\n{TEXT}\n".encode()
    key = WITNESS.key.public_key

    assert verifies(openssl, tmp_path, key, message, value[12:])
    later = message.replace(str(AT).encode(), str(AT + 1).encode())
    assert not verifies(openssl, tmp_path, key, later, value[12:])
    assert not verifies(openssl, tmp_path, key, f"{TEXT}\n".encode(), value[12:])
