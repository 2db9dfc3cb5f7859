"""``market monitor`` follows a running service as another operator would: by its public files alone."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.terminal import as_owner, copied, market, serving, start, told


@pytest.fixture(scope="module")
def served(
    story: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, pathlib.Path]]:
    """A running service with a log, and its data."""
    data_dir = copied(pathlib.Path(story["data_dir"]), tmp_path_factory.mktemp("followed") / "data")
    with serving(data_dir) as (_, url):
        time.sleep(3)  # what the start itself entered is signed
        yield url, data_dir


def vkey_of(url: str) -> str:
    keys = httpx.get(f"{url}/api/v1/keys", trust_env=False, headers={"accept": "application/json"})
    return str(keys.json()["log"])


def made(place: pathlib.Path, url: str, *words: str) -> pathlib.Path:
    assert market("monitor", "init", "--dir", place).returncode == 0
    added = market(
        *("monitor", "add-log", vkey_of(url), "--dir", place, "--url", f"{url}/log"),
        *("--keys-url", f"{url}/api/v1/keys"),
        *words,
    )
    assert added.returncode == 0, added.stderr
    return place


def lines_of(text: str, kind: str) -> list[Any]:
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if line["type"] == kind]


def test_an_honest_service_is_followed_and_its_watched_entries_are_told(
    story: Any, served: tuple[str, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    url, _ = served
    order = story["order_id"]
    place = made(tmp_path / "m", url, "--watch", f"order:{order}", "--heads-within", "7200")

    first = market("monitor", "once", "--dir", place)
    second = market("monitor", "once", "--dir", place)
    shown = told(market("monitor", "show", "--json", "--dir", place))

    assert (first.returncode, second.returncode) == (0, 0), first.stdout
    (followed,) = lines_of(first.stdout, "followed")
    assert followed["size"] == followed["replayed"] == followed["entries"] > 100
    entries = lines_of(first.stdout, "entry")
    assert [each["event"] for each in entries][:1] == ["order:placed"]
    assert all(f"order:{order}" in each["subjects"] for each in entries)
    assert lines_of(second.stdout, "entry") == lines_of(second.stdout, "alert") == []
    (log,) = shown
    assert (log["alerts"], log["acknowledged"]) == ([], [])
    assert log["under_heads"] > 0


def test_a_monitor_that_is_killed_again_and_again_misses_nothing(
    story: Any, served: tuple[str, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    url, _ = served
    watch = ("--watch", f"order:{story['order_id']}")
    whole = made(tmp_path / "whole", url, *watch)
    expected = lines_of(market("monitor", "once", "--dir", whole).stdout, "entry")
    place = made(tmp_path / "killed", url, *watch)

    seen: list[Any] = []
    for wait in (0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4):
        process = start("monitor", "run", "--every", "0.1", "--dir", place)
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        whole_lines = out[: out.rfind("\n") + 1]
        seen += lines_of(whole_lines, "entry")
    seen += lines_of(market("monitor", "once", "--dir", place).stdout, "entry")

    by_index = {each["index"]: each for each in seen}
    assert [by_index[index] for index in sorted(by_index)] == expected
    assert market("monitor", "once", "--dir", place).returncode == 0


def test_it_runs_until_it_is_told_to_stop_and_only_once(
    served: tuple[str, pathlib.Path], tmp_path: pathlib.Path
) -> None:
    url, _ = served
    place = made(tmp_path / "m", url)
    process = start("monitor", "run", "--every", "0.2", "--dir", place)
    assert process.stdout
    assert json.loads(process.stdout.readline())["type"] == "followed"

    second = market("monitor", "once", "--dir", place)
    process.terminate()
    out, err = process.communicate(timeout=30)

    assert second.returncode == 1
    assert "[monitor_runs]" in second.stderr
    assert process.returncode == 0, err
    assert all(json.loads(line)["type"] == "followed" for line in out.splitlines())


def test_a_rewritten_entry_of_a_running_service_is_named(
    story: Any, tmp_path: pathlib.Path
) -> None:
    data_dir = copied(pathlib.Path(story["data_dir"]), tmp_path / "data")
    import asyncio

    asyncio.run(
        as_owner(
            data_dir,
            "UPDATE audit_log.entries SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'),"
            " '\"v\":1', '\"v\":2'), 'UTF8') WHERE entry_id = (SELECT entry_id FROM audit_log.places WHERE idx = 41)"
            " RETURNING entry_id",
        )
    )
    with serving(data_dir) as (_, url):
        place = made(tmp_path / "m", url)
        found = market("monitor", "once", "--dir", place)
        again = market("monitor", "once", "--dir", place)

    assert (found.returncode, again.returncode) == (1, 1)
    (alert,) = lines_of(found.stdout, "alert")
    assert (alert["alert"], alert["about"]) == ("leaf_differs", "entry 41")
    assert lines_of(again.stdout, "alert") == []  # told once, and it still stands


def test_a_service_that_is_not_there_could_not_be_asked(tmp_path: pathlib.Path) -> None:
    from tests.published_log import KEY
    from tests.terminal import free_port

    place = tmp_path / "m"
    market("monitor", "init", "--dir", place)
    url = f"http://127.0.0.1:{free_port()}/log"
    assert market("monitor", "add-log", KEY, "--url", url, "--dir", place).returncode == 0

    found = market("monitor", "once", "--dir", place)

    assert found.returncode == 2
    (alert,) = lines_of(found.stdout, "alert")
    assert alert["alert"] == "log_unreachable"
    done = market(
        *("monitor", "acknowledge", KEY.name, alert["key"], "--reason", "停机", "--dir", place)
    )
    assert done.returncode == 0, done.stderr
    shown = market("monitor", "show", "--dir", place).stdout
    assert "✓ log_unreachable:log" in shown


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("once",), "monitor_missing"),
        (("show",), "monitor_missing"),
        (("acknowledge", "x.example/log", "log_forked:size 1", "--reason", "r"), "monitor_missing"),
    ],
)
def test_what_is_not_there_is_said_by_name(
    tmp_path: pathlib.Path, words: tuple[str, ...], code: str
) -> None:
    result = market("monitor", *words, "--dir", tmp_path / "nowhere")

    assert result.returncode == 1
    assert f"[{code}]" in result.stderr
