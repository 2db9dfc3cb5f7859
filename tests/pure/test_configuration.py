"""What is configured, told without secrets, and what of it changed."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import msgspec

from market.configuration.effective import SECRETS, Configuration, changes, effective
from market.http.policy import POLICY
from market.settings import Settings
from settlement.taxes.disk import read_rates

_SOUNDS_SECRET = re.compile(
    r"secret|passphrase$|password|(?<!pkcs11_)token$|_pin$|database_url|board_operators"
)


def told(**settings: object) -> Configuration:
    return effective(
        Settings(**settings),  # type: ignore[arg-type]
        routes=POLICY,
        tax_rates=read_rates(),
        version="1.0",
    )


def test_every_setting_is_told_and_no_secret() -> None:
    secret = "s3cr3t-and-never-told"
    found = told(**dict.fromkeys(SECRETS, secret), data_dir=pathlib.Path("/srv/shushi"), port=9000)

    assert set(found.settings) == set(Settings.__struct_fields__)
    assert secret.encode() not in msgspec.json.encode(found)
    assert {found.settings[name] for name in SECRETS} == {"set"}
    assert (found.settings["port"], found.settings["data_dir"]) == ("9000", "/srv/shushi")


def test_whatever_sounds_like_a_secret_is_one() -> None:
    assert {n for n in Settings.__struct_fields__ if _SOUNDS_SECRET.search(n)} == SECRETS


def test_what_changed_is_named_and_of_secrets_that_they_are_set() -> None:
    before = told()

    assert changes(before, told()) == []
    assert changes(before, told(port=9000, bootstrap_secret="x")) == ["bootstrap_secret", "port"]
    assert changes(told(bootstrap_secret="x"), told(bootstrap_secret="y")) == []
    assert changes(before, msgspec.structs.replace(before, version="1.1")) == ["version"]
    untaxed = effective(Settings(), routes=POLICY, tax_rates=(), version="1.0")
    assert changes(before, untaxed) == ["tax_rates"]
    other = before.tables | {"permissions": "0" * 64}
    assert changes(before, msgspec.structs.replace(before, tables=other)) == ["permissions"]


def test_the_first_time_everything_is_new() -> None:
    found = told()

    assert changes(None, found) == sorted([*found.settings, *found.tables, "version"])


def test_a_setting_that_is_no_more_is_named() -> None:
    before, after = told(), told()
    before.settings["gone"] = "1"

    assert changes(before, after) == ["gone"]


def test_two_processes_have_the_same_digest_however_they_hash() -> None:
    code = (
        "from market.configuration.effective import effective;"
        "from market.http.policy import POLICY;"
        "from market.settings import Settings;"
        "from settlement.taxes.disk import read_rates;"
        "told = dict(routes=POLICY, tax_rates=read_rates(), version='1.0');"
        "print(effective(Settings(), **told).sha256)"
    )

    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert found == {told().sha256}
