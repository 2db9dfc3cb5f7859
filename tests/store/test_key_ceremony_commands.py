"""The ceremony as its commands: hold it, sign, verify, restore, and let the root key speak for the log."""

from __future__ import annotations

import pathlib
import subprocess

import msgspec
import pytest
from click.testing import CliRunner, Result

from catalog.key_custody import disk as custody
from catalog.key_custody.transcript import SignedTranscript
from catalog.signing import disk
from catalog.signing.purposes import Purpose
from market.cli.export import export
from market.cli.keys import keys
from market.cli.verify import check

PASSPHRASE = "a passphrase of some length"
PEOPLE = ("王一", "李二", "张三")


def run(*arguments: str | pathlib.Path, **environment: str) -> Result:
    return CliRunner().invoke(keys, [str(each) for each in arguments], env=environment)


def held(out: pathlib.Path, *more: str | pathlib.Path, threshold: str = "2") -> Result:
    people = [part for name in PEOPLE for part in ("--custodian", name)]
    return run(
        "ceremony",
        "hold",
        *people,
        "--threshold",
        threshold,
        "--place",
        "海口",
        "--out",
        out,
        *more,
    )


def key_pair(directory: pathlib.Path, algorithm: str) -> tuple[pathlib.Path, pathlib.Path]:
    private, public = directory / f"{algorithm}.pem", directory / f"{algorithm}.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", algorithm, "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def shares_of(out: pathlib.Path, *numbers: int) -> list[str | pathlib.Path]:
    return [part for n in numbers for part in ("--share", out / f"share-{n}.txt")]


def test_a_ceremony_is_held_signed_verified_and_a_key_restored_of_two_shares(
    tmp_path: pathlib.Path,
) -> None:
    sign_private, sign_public = key_pair(tmp_path, "ed25519")
    seal_private, seal_public = key_pair(tmp_path, "x25519")
    out = tmp_path / "ceremony"
    file = out / "transcript.json"

    made = held(
        out, "--key", "root", "--key", "certificate", "--present", "公证员",
        "--sign-key", f"王一={sign_public}", "--seal-key", f"李二={seal_public}",
    )  # fmt: skip
    unsigned = run("ceremony", "verify", file)
    value = out / "value"
    subprocess.run(
        ["openssl", "pkeyutl", "-sign", "-inkey", sign_private, "-rawin",
         "-in", out / "transcript.tbs", "-out", value],
        check=True,
    )  # fmt: skip
    by_openssl = run("ceremony", "sign", file, "--custodian", "王一", "--signature", value)
    by_key = run("ceremony", "sign", file, "--custodian", "王一", "--key", sign_private)
    signed = run("ceremony", "verify", file)
    opened = run("ceremony", "open-share", out / "share-2.sealed", "--key", seal_private)
    (out / "share-2.txt").write_text(opened.output)
    restore = ["ceremony", "restore", file, "--key", "certificate", "--out", tmp_path / "keys"]
    bare = run(*restore, *shares_of(out, 2, 3))
    restored = run(*restore, *shares_of(out, 2, 3), MARKET_KEYS_PASSPHRASE=PASSPHRASE)
    again = run(*restore, *shares_of(out, 1, 3), MARKET_KEYS_PASSPHRASE=PASSPHRASE)

    assert made.exit_code == 0, made.output
    assert "has not signed it yet" in unsigned.output
    assert (by_openssl.exit_code, by_key.exit_code) == (0, 0), by_openssl.output
    assert (signed.exit_code, signed.output) == (0, "真实 · genuine\n")
    assert opened.exit_code == 0, opened.output
    assert (bare.exit_code, "ceremony_passphrase_needed" in bare.output) == (1, True)
    assert restored.exit_code == 0, restored.output
    _, told = custody.read_transcript(file)
    key = disk.read_signer(tmp_path / "keys", Purpose.CERTIFICATE, passphrase=PASSPHRASE.encode())
    assert key.key_id == next(each.key_id for each in told.keys if each.name == "certificate")
    assert (again.exit_code, "there is a key of certificate already" in again.output) == (1, True)
    assert check(str(file), vkey=None, keys_file=None).first_bad is None  # market verify


def test_what_is_wrong_with_a_ceremony_or_its_shares_is_told(tmp_path: pathlib.Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    _, sign_public = key_pair(tmp_path, "ed25519")
    assert held(one).exit_code == held(two).exit_code == 0
    file = one / "transcript.json"
    restore = ["ceremony", "restore", file, "--key", "root", "--out", tmp_path / "keys"]

    def told(result: Result, code: str) -> None:
        assert (result.exit_code, code in result.output) == (1, True), result.output

    def restored(*arguments: str | pathlib.Path) -> Result:
        return run(*arguments, MARKET_KEYS_PASSPHRASE=PASSPHRASE)

    told(held(tmp_path / "x", threshold="1"), "ceremony_threshold_unusable")
    told(held(tmp_path / "x", threshold="4"), "ceremony_threshold_unusable")
    told(held(tmp_path / "x", "--custodian", "王一"), "ceremony_custodians_unusable")
    told(held(tmp_path / "x", "--key", "opinion"), "ceremony_key_unusable")
    told(held(tmp_path / "x", "--sign-key", f"赵四={sign_public}"), "ceremony_custodians_unusable")
    told(
        held(tmp_path / "x", "--seal-key", f"王一={sign_public}"), "ceremony_custodian_key_unusable"
    )
    told(held(one), "ceremony_directory_used")
    assert not (tmp_path / "x").exists()
    told(restored(*restore, *shares_of(one, 1)), "ceremony_shares_too_few")
    told(
        restored(*restore, *shares_of(one, 1), "--share", two / "share-2.txt"),
        "ceremony_share_of_another",
    )
    torn = tmp_path / "torn.txt"
    torn.write_text((one / "share-1.txt").read_text().rstrip().rpartition(" ")[0])
    told(restored(*restore, *shares_of(one, 2), "--share", torn), "ceremony_share_wrong")
    other = ["ceremony", "restore", file, "--key", "report", "--out", tmp_path / "keys"]
    told(restored(*other, *shares_of(one, 1, 2)), "ceremony_key_not_of_the_transcript")
    assert not (tmp_path / "keys").exists()
    missing = restored(*restore, "--share", tmp_path / "nowhere.txt")
    assert missing.exit_code == 2
    assert run("ceremony", "verify", tmp_path / "nowhere.json").exit_code == 2
    signed = msgspec.json.decode(file.read_bytes(), type=SignedTranscript)
    tampered = msgspec.structs.replace(
        signed, document=signed.document.replace("海口".encode(), "三亚".encode())
    )
    file.write_bytes(msgspec.json.encode(tampered))
    found = run("ceremony", "verify", file)
    assert (found.exit_code, "does not verify" in found.output) == (1, True)
    unsealed = run("ceremony", "open-share", one / "share-1.txt", "--key", tmp_path / "ed25519.pem")
    told(unsealed, "ceremony_custodian_key_unusable")


@pytest.mark.parametrize("is_stolen", [False, True])
def test_the_logs_key_is_lost_or_stolen_and_the_root_key_of_two_shares_brings_another(
    tmp_path: pathlib.Path, is_stolen: bool
) -> None:
    data, out = tmp_path / "data", tmp_path / "ceremony"
    at = ["--data-dir", data]
    file = out / "transcript.json"
    assert run("new", *at).exit_code == 0
    assert held(out).exit_code == 0
    old = disk.read_signer(data / "keys", Purpose.CHECKPOINT)
    recorded = run("ceremony", "record", file, *at)
    appointed = run("ceremony", "appoint-root", file, *shares_of(out, 1, 2), *at)
    first = CliRunner().invoke(export, ["--out", str(tmp_path / "before"), *map(str, at)])
    vkey = msgspec.json.decode((tmp_path / "before" / "keys.json").read_bytes())["log"]
    size = msgspec.json.decode((tmp_path / "before" / "state.json").read_bytes())["size"]
    if not is_stolen:
        (data / "keys" / "checkpoint.key").unlink()
        lost = run("new", *at)  # makes another one, which nobody announced
        assert "log_key_not_announced" in lost.output
        (data / "keys" / "checkpoint.key").unlink()
    replace = ["ceremony", "replace-log-key", file, "--reason", "私钥丢失", *at]
    stolen = ["--distrust-from", str(size)] if is_stolen else []
    too_few = run(*replace, *shares_of(out, 3))
    replaced = run(*replace, *shares_of(out, 3, 1), *stolen)

    after = CliRunner().invoke(export, ["--out", str(tmp_path / "after"), *map(str, at)])

    assert recorded.exit_code == 0, recorded.output
    assert appointed.exit_code == 0, appointed.output
    assert first.exit_code == 0, first.output
    assert "ceremony_shares_too_few" in too_few.output
    assert replaced.exit_code == 0, replaced.output
    assert after.exit_code == 0, after.output
    new = disk.read_signer(data / "keys", Purpose.CHECKPOINT)
    assert new.key_id != old.key_id
    exported = tmp_path / "after"
    verdict = check(str(exported), vkey=vkey, keys_file=None)  # by the old key, as it was known
    assert verdict.first_bad is None, verdict
    told = msgspec.json.decode((exported / "keys.json").read_bytes())
    assert told["log"] != vkey
    actions = [msgspec.convert(each["note"], bytes).split(b"\n")[2] for each in told["notices"]]
    assert actions == [b"root", b"announce"] + [b"distrust"] * is_stolen
    verified = run("ceremony", "verify", file, "--log", exported, "--vkey", vkey)
    assert (verified.exit_code, verified.output) == (0, "真实 · genuine\n")


def test_a_copy_of_an_existing_key_is_split_and_made_again(tmp_path: pathlib.Path) -> None:
    out = tmp_path / "ceremony"
    disk.create_missing(tmp_path / "data" / "keys")
    old = disk.read_signer(tmp_path / "data" / "keys", Purpose.REPORT)

    made = held(out, "--existing", "report", "--data-dir", tmp_path / "data")
    both = held(tmp_path / "x", "--existing", "report", "--key", "root")
    restored = run(
        "ceremony", "restore", out / "transcript.json", "--key", "report",
        "--out", tmp_path / "keys", *shares_of(out, 1, 3), MARKET_KEYS_PASSPHRASE=PASSPHRASE,
    )  # fmt: skip

    assert made.exit_code == 0, made.output
    assert both.exit_code == 2
    assert restored.exit_code == 0, restored.output
    again = disk.read_signer(tmp_path / "keys", Purpose.REPORT, passphrase=PASSPHRASE.encode())
    assert again.key_id == old.key_id
