"""Settings are read once, and a bad one is named."""

from __future__ import annotations

import pathlib

import pytest

from market.settings import SettingInvalid, read


def test_an_empty_environment_gives_the_embedded_server_on_loopback() -> None:
    settings = read({})

    assert settings.database_url is None
    assert settings.host == "127.0.0.1"
    assert settings.sandbox_channel is False
    assert settings.public_url == "http://127.0.0.1:8787"


def test_the_environment_is_parsed_by_type_and_arguments_win() -> None:
    settings = read(
        {"DATABASE_URL": "postgresql:///x", "MARKET_PORT": "9000", "MARKET_DATA_DIR": "/d",
         "MARKET_SANDBOX_CHANNEL": "true", "MARKET_HOST": ""},
        port=9001,
        host=None,
    )  # fmt: skip

    assert settings.database_url == "postgresql:///x"
    assert settings.port == 9001
    assert settings.data_dir == pathlib.Path("/d")
    assert settings.sandbox_channel is True
    assert settings.public_url == "http://127.0.0.1:9001"


def test_the_public_address_may_be_another_than_the_one_listened_on() -> None:
    assert read({"MARKET_PUBLIC_URL": "https://market.example"}).public_url == (
        "https://market.example"
    )


@pytest.mark.parametrize(("name", "value"), [("MARKET_PORT", "soon"), ("MARKET_RUN_JOBS", "2x")])
def test_a_setting_that_can_not_be_understood_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        read({name: value})


def test_the_signers_journal_lies_outside_the_database() -> None:
    settings = read({}, data_dir=pathlib.Path("/d"))

    assert settings.journal_path.is_relative_to(settings.keys_dir)
    assert settings.files_dir == pathlib.Path("/d/files")


@pytest.mark.parametrize(
    ("told", "algorithms"),
    [
        ("", ()),
        ("ml-dsa-44", ("ml-dsa-44",)),
        ("sm2, ml-dsa-44,ed25519,sm2", ("ml-dsa-44", "sm2")),
    ],
)
def test_checkpoints_are_signed_by_further_algorithms_where_they_are_named(
    told: str, algorithms: tuple[str, ...]
) -> None:
    settings = read({"MARKET_CHECKPOINT_ALGORITHMS": told})

    assert settings.further_algorithms == algorithms


def test_an_algorithm_that_is_not_ours_is_refused_when_the_settings_are_read() -> None:
    with pytest.raises(SettingInvalid, match="MARKET_CHECKPOINT_ALGORITHMS"):
        read({"MARKET_CHECKPOINT_ALGORITHMS": "sm2,rsa"})
