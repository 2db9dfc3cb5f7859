"""Which key signs today, and which signatures still count."""

from __future__ import annotations

import datetime as dt
import pathlib
import shutil
import stat
import subprocess

import msgspec
import pytest

from catalog.kernel.ids import PartyId, new_id
from catalog.signing import disk, key_files
from catalog.signing.algorithms import Algorithm
from catalog.signing.keyring import (
    KeyNotValid,
    KeyUnknown,
    NoSigningKey,
    is_valid_at,
    signing_key,
    verifying_key,
)
from catalog.signing.model import KeyId, PublicKey
from catalog.signing.purposes import OF_THE_SERVICE, Purpose, key_name, own_algorithm
from tests.log_of_tests import signer_of

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PARTY = PartyId(new_id())


def key(name: str, **values: object) -> PublicKey:
    signer = signer_of(Purpose.CERTIFICATE, name)
    made = PublicKey(signer.key_id, signer.purpose, signer.public_key, START)
    return msgspec.structs.replace(made, **values)


@pytest.mark.parametrize(
    ("values", "offset", "valid"),
    [
        ({}, -1, False),
        ({}, 0, True),
        ({}, 10_000, True),
        ({"valid_to": START + 5 * DAY}, 4, True),
        ({"valid_to": START + 5 * DAY}, 5, False),
        ({"revoked_at": START + 3 * DAY}, 2, True),
        ({"revoked_at": START + 3 * DAY}, 3, False),
        ({"revoked_at": START + 3 * DAY, "valid_to": START + 2 * DAY}, 2, False),
    ],
)
def test_a_key_is_valid_from_its_start_to_before_its_end(
    values: dict[str, object], offset: int, valid: bool
) -> None:
    assert is_valid_at(key("a", **values), START + offset * DAY) is valid


def test_the_newest_valid_key_signs() -> None:
    old = key("old", valid_to=START + 9 * DAY)
    new = key("new", valid_from=START + 5 * DAY)
    keys = [new, old]

    assert signing_key(keys, Purpose.CERTIFICATE, START) is old
    assert signing_key(keys, Purpose.CERTIFICATE, START + 6 * DAY) is new
    with pytest.raises(NoSigningKey):
        signing_key(keys, Purpose.REPORT, START)
    with pytest.raises(NoSigningKey):
        signing_key(keys, Purpose.CERTIFICATE, START, PARTY)
    with pytest.raises(NoSigningKey):
        signing_key(keys, Purpose.CERTIFICATE, START - DAY)


def test_a_signature_made_in_time_counts_for_ever_and_one_made_later_never() -> None:
    ended = key("ended", valid_to=START + 2 * DAY)

    found = verifying_key([ended], ended.key_id, Purpose.CERTIFICATE, START + DAY)

    assert found is ended
    with pytest.raises(KeyNotValid):
        verifying_key([ended], ended.key_id, Purpose.CERTIFICATE, START + 2 * DAY)


def test_a_key_of_another_purpose_holder_or_id_is_unknown() -> None:
    own = key("own")

    for key_id, purpose, holder in (
        (KeyId("0" * 16), Purpose.CERTIFICATE, None),
        (own.key_id, Purpose.REPORT, None),
        (own.key_id, Purpose.CERTIFICATE, PARTY),
    ):
        with pytest.raises(KeyUnknown):
            verifying_key([own], key_id, purpose, START, holder)


def test_key_files_are_made_once_and_for_their_owner_only(tmp_path: pathlib.Path) -> None:
    directory = tmp_path / "keys"

    made = disk.create_missing(directory)
    first = {p: s.public_key for p, s in disk.read_signers(directory).items()}
    again = disk.create_missing(directory)

    assert set(made) == {key_name(each, own_algorithm(each)) for each in OF_THE_SERVICE}
    assert again == []
    assert {p: s.public_key for p, s in disk.read_signers(directory).items()} == first
    assert len(set(first.values())) == len(OF_THE_SERVICE)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert modes == {0o600}
    assert [path for path in directory.iterdir() if path.suffix != ".key"] == []


def test_keys_of_further_algorithms_lie_beside_the_first(tmp_path: pathlib.Path) -> None:
    further = (Algorithm.ML_DSA_44, Algorithm.SM2)
    disk.create_missing(tmp_path)

    made = disk.create_missing(tmp_path, further)

    assert made == ["checkpoint.ml-dsa-44", "checkpoint.sm2"]
    assert disk.create_missing(tmp_path, further) == []
    for algorithm in further:
        signer = disk.read_signer(tmp_path, Purpose.CHECKPOINT, algorithm)
        assert (signer.purpose, signer.algorithm) == (Purpose.CHECKPOINT, algorithm)
    assert disk.read_signer(tmp_path, Purpose.CHECKPOINT).algorithm is Algorithm.ED25519


def test_what_sealed_papers_by_ed25519_is_kept_as_one_that_was_replaced(
    tmp_path: pathlib.Path,
) -> None:
    disk.create(tmp_path, Purpose.PAPER, Algorithm.ED25519, passphrase=PASSPHRASE)
    old = disk.read_signer(tmp_path, Purpose.PAPER, Algorithm.ED25519, passphrase=PASSPHRASE)

    made = disk.create_missing(tmp_path, passphrase=PASSPHRASE)

    new = disk.read_signer(tmp_path, Purpose.PAPER, passphrase=PASSPHRASE)
    assert "paper.ecdsa-p256" in made
    assert new.algorithm is Algorithm.P256
    assert not (tmp_path / "paper.key").exists()
    assert disk.find_retired(tmp_path, old.key_id) == tmp_path / f"paper.{old.key_id}.retired"
    assert disk.create_missing(tmp_path, passphrase=PASSPHRASE) == []


def test_a_number_that_is_none_of_the_curve_is_drawn_again(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([b"\xff" * 32, bytes(32), b"\x05" * 32, b"draft"])
    monkeypatch.setattr(disk.secrets, "token_bytes", lambda _length: next(drawn))

    assert disk.create(tmp_path, Purpose.CHECKPOINT, Algorithm.SM2)

    assert (tmp_path / "checkpoint.sm2.key").read_text().strip() == "05" * 32


def test_a_key_made_by_another_at_the_same_moment_is_kept(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.create(tmp_path, Purpose.REPORT)
    before = disk.read_signer(tmp_path, Purpose.REPORT).public_key
    monkeypatch.setattr(pathlib.Path, "exists", lambda _self: False)

    assert disk.create(tmp_path, Purpose.REPORT) is False

    assert disk.read_signer(tmp_path, Purpose.REPORT).public_key == before


@pytest.mark.parametrize(
    ("content", "mode"), [("zz", 0o600), ("00" * 31, 0o600), ("00" * 32, 0o644), (None, 0)]
)
def test_a_key_file_that_is_unusable_is_refused(
    tmp_path: pathlib.Path, content: str | None, mode: int
) -> None:
    path = disk.path_of(tmp_path, Purpose.REPORT)
    if content is not None:
        path.write_text(content)
        path.chmod(mode)

    with pytest.raises(disk.KeyFileUnusable):
        disk.read_signer(tmp_path, Purpose.REPORT)


PASSPHRASE = b"a passphrase of some length"


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_key_file_is_encrypted_under_a_passphrase_and_read_with_that_alone(
    tmp_path: pathlib.Path, algorithm: Algorithm
) -> None:
    disk.create(tmp_path, Purpose.CHECKPOINT, algorithm, passphrase=PASSPHRASE)
    path = disk.path_of(tmp_path, Purpose.CHECKPOINT, algorithm)

    first = disk.read_signer(tmp_path, Purpose.CHECKPOINT, algorithm, passphrase=PASSPHRASE)
    again = disk.read_signer(tmp_path, Purpose.CHECKPOINT, algorithm, passphrase=PASSPHRASE)

    assert first.public_key == again.public_key
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for wrong in (None, b"another passphrase of a length", b""):
        with pytest.raises(disk.KeyFileUnusable):
            disk.read_signer(tmp_path, Purpose.CHECKPOINT, algorithm, passphrase=wrong)


@pytest.mark.parametrize("held", list(Algorithm))
@pytest.mark.parametrize("wanted", list(Algorithm))
def test_an_encrypted_key_of_another_algorithm_is_refused(
    held: Algorithm, wanted: Algorithm
) -> None:
    secret = b"\x05" * 32
    file = key_files.encode(held, secret, PASSPHRASE)

    if held is wanted:
        assert key_files.decode(wanted, file, PASSPHRASE) == secret
    else:
        with pytest.raises(ValueError, match="no key of"):
            key_files.decode(wanted, file, PASSPHRASE)


def test_a_short_passphrase_is_refused_and_makes_no_file(tmp_path: pathlib.Path) -> None:
    with pytest.raises(disk.KeyFileUnusable):
        disk.create(tmp_path, Purpose.REPORT, passphrase=b"short")

    assert list(tmp_path.iterdir()) == []


def test_bare_key_files_are_encrypted_in_their_place_and_stay_the_same_keys(
    tmp_path: pathlib.Path,
) -> None:
    disk.create_missing(tmp_path, (Algorithm.ML_DSA_44, Algorithm.SM2))
    before = disk.read_signers(tmp_path)

    done = disk.encrypt(tmp_path, passphrase=PASSPHRASE)
    again = disk.encrypt(tmp_path, passphrase=PASSPHRASE)

    after = disk.read_signers(tmp_path, passphrase=PASSPHRASE)
    assert len(done) == len(OF_THE_SERVICE) + 2
    assert again == []
    assert {p: s.key_id for p, s in after.items()} == {p: s.key_id for p, s in before.items()}
    assert all(path.read_bytes().startswith(b"-----BEGIN") for path in tmp_path.iterdir())


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_key_that_is_changed_for_a_new_one_is_kept_under_its_id(
    tmp_path: pathlib.Path, algorithm: Algorithm
) -> None:
    disk.create(tmp_path, Purpose.CHECKPOINT, algorithm, passphrase=PASSPHRASE)
    old = disk.read_signer(tmp_path, Purpose.CHECKPOINT, algorithm, passphrase=PASSPHRASE)

    new = disk.replace(tmp_path, Purpose.CHECKPOINT, algorithm, passphrase=PASSPHRASE)

    stem = disk.path_of(tmp_path, Purpose.CHECKPOINT, algorithm).stem
    assert new.key_id != old.key_id
    assert new.algorithm is algorithm
    assert (tmp_path / f"{stem}.{old.key_id}.retired").exists()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl program is not installed")
def test_openssl_reads_an_encrypted_key_of_sm2_and_we_read_its_own(tmp_path: pathlib.Path) -> None:
    (tmp_path / "ours").write_bytes(key_files.encode(Algorithm.SM2, b"\x05" * 32, PASSPHRASE))
    (tmp_path / "in").write_bytes(PASSPHRASE)
    (tmp_path / "out").write_bytes(PASSPHRASE)
    ways = ["-passin", "file:in", "-passout", "file:out"]

    done = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-scrypt", "-in", "ours", "-out", "theirs", *ways],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    theirs = (tmp_path / "theirs").read_bytes()
    assert key_files.decode(Algorithm.SM2, theirs, PASSPHRASE) == b"\x05" * 32
