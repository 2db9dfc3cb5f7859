"""The passphrase of the key files: from the environment or an open file, and never an argument."""

from __future__ import annotations

import os
import pathlib

import msgspec
import pytest
from click.testing import CliRunner

from catalog.kernel.clock import ManualClock
from catalog.signing import disk
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import OF_THE_SERVICE, Purpose
from market.app import create_app, key_passphrase
from market.cli.keys import keys
from market.settings import SettingInvalid, Settings

PASSPHRASE = "a passphrase of some length"


def of_an_open_file(text: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading


def test_the_passphrase_is_told_by_the_environment_or_an_open_file_that_is_read_once() -> None:
    told = Settings(keys_passphrase=PASSPHRASE)
    by_file = Settings(keys_passphrase_fd=of_an_open_file(PASSPHRASE + "\n"))

    assert key_passphrase(Settings()) is None
    assert key_passphrase(told) == PASSPHRASE.encode()
    assert key_passphrase(by_file) == PASSPHRASE.encode()
    assert key_passphrase(by_file) == PASSPHRASE.encode()


def test_a_file_that_is_not_open_is_told() -> None:
    with pytest.raises(SettingInvalid, match="MARKET_KEYS_PASSPHRASE_FD"):
        key_passphrase(Settings(keys_passphrase_fd=9_999))


async def test_a_service_with_a_passphrase_makes_encrypted_keys_and_starts_again_with_them(
    settings: Settings, clock: ManualClock
) -> None:
    sealed = msgspec.structs.replace(
        settings, keys_passphrase=PASSPHRASE, checkpoint_algorithms="ml-dsa-44,sm2"
    )

    async with create_app(sealed, clock=clock).wired() as first:
        ids = {purpose: signer.key_id for purpose, signer in first.signers.items()}
        further = [signer.algorithm for signer in first.log_signer.further]
    async with create_app(sealed, clock=clock).wired() as second:
        assert {purpose: signer.key_id for purpose, signer in second.signers.items()} == ids

    assert further == [Algorithm.ML_DSA_44, Algorithm.SM2]
    files = [disk.path_of(settings.keys_dir, purpose) for purpose in OF_THE_SERVICE]
    files += [disk.path_of(settings.keys_dir, Purpose.CHECKPOINT, each) for each in further]
    assert all(path.read_bytes().startswith(b"-----BEGIN ENCRYPTED") for path in files)
    with pytest.raises(disk.KeyFileUnusable):
        async with create_app(settings, clock=clock).wired():
            pass


def test_the_key_files_are_encrypted_by_a_command(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.create_missing(tmp_path / "keys")
    strange = tmp_path / "keys" / "sandbox-channel.key"
    strange.write_text("of another program")
    arguments = ["encrypt", "--data-dir", str(tmp_path), "--json"]

    without = CliRunner().invoke(keys, arguments)
    monkeypatch.setenv("MARKET_KEYS_PASSPHRASE", "short")
    short = CliRunner().invoke(keys, arguments)
    monkeypatch.setenv("MARKET_KEYS_PASSPHRASE", PASSPHRASE)
    done = CliRunner().invoke(keys, arguments)

    assert without.exit_code == 2
    assert (short.exit_code, "at least 20" in short.output) == (1, True)
    assert (done.exit_code, len(msgspec.json.decode(done.stdout))) == (0, len(OF_THE_SERVICE))
    disk.read_signer(tmp_path / "keys", Purpose.REPORT, passphrase=PASSPHRASE.encode())
    assert strange.read_text() == "of another program"
