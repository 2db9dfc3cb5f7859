"""A log changes its key: monitors and witnesses, each a process of its own, follow it, or do not."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.key_notices import Action
from catalog.monitoring import disk as monitoring
from catalog.monitoring.alerts import Kind
from catalog.monitoring.disk import Followed, Monitor
from catalog.signing.signer import Signer
from catalog.witnessing import disk
from catalog.witnessing.deciding import LogSignatureMissing
from catalog.witnessing.disk import LogUnknown, Witness, origin_hash
from market.monitor import rounds
from market.witness import keys
from tests.files_served import files_served
from tests.keyed_log import KEYS_URL, NEW, NEXT, OLD, ORIGIN, THIEF, KeyedLog, vkey
from tests.published_log import BASE, EPOCH
from tests.terminal import environment, free_port, market
from tests.witness_network import running

NOW = EPOCH + dt.timedelta(hours=1)


class Follower:
    """A monitor and a witness of one log; each look and each question is one of a new process."""

    def __init__(self, place: pathlib.Path, log: KeyedLog) -> None:
        self.log = log
        self.place = place
        self.lines: list[dict[str, Any]] = []
        monitoring.create(place / "m")
        self.monitor.add_log(
            Followed(origin=ORIGIN, keys=(str(vkey(OLD)),), url=BASE, keys_url=KEYS_URL)
        )
        disk.create(place / "w", "witness.example/w")
        self.witness.add_log(vkey(OLD), url=BASE, keys_url=KEYS_URL)

    @property
    def monitor(self) -> Monitor:
        return Monitor(self.place / "m")

    @property
    def witness(self) -> Witness:
        return Witness(self.place / "w")

    def look(self) -> list[tuple[str, str]]:
        """Look once with the monitor; return which alerts stand."""
        self.lines = []
        with self.log.client() as client:
            rounds.follow_all(
                self.monitor,
                now=NOW,
                client=client,
                tell=lambda line: self.lines.append(json.loads(line)),
            )
        standing = rounds.standing(self.monitor, self.monitor.log(ORIGIN))
        return [tuple(key.split(":", 1)) for key in standing.alerts]  # type: ignore[misc]

    def accepted(self) -> int:
        return rounds.standing(self.monitor, self.monitor.log(ORIGIN)).size

    def cosign(self) -> int:
        """Have the witness cosign what the log signed; return up to where it did."""
        (_, held), *_ = self.witness.logs()
        self.witness.add_checkpoint(self.log.request(held.size), NOW)
        return self.witness.logs()[0][1].size

    def follow(self) -> keys.Looked:
        """Have the witness look at the log's keys."""
        with self.log.client() as client:
            (found,) = keys.look(self.witness, client)
        return found

    def keys(self) -> tuple[str, ...]:
        (log, held), *_ = self.witness.logs()
        in_force = self.witness.keys_of(log).in_force(held.size)
        return tuple(str(key) for key in in_force)


@pytest.fixture
def log() -> KeyedLog:
    return KeyedLog(300)


@pytest.fixture
def follower(tmp_path: pathlib.Path, log: KeyedLog) -> Follower:
    made = Follower(tmp_path, log)
    assert made.look() == []
    assert made.cosign() == 300
    return made


# ── what is announced is followed ───────────────────────────────────────────────────────────


def test_both_follow_a_change_of_the_key_and_go_on_when_the_old_one_is_gone(
    follower: Follower, log: KeyedLog
) -> None:
    place = log.change()

    assert follower.look() == []
    assert [(line["type"], line["action"], line["index"]) for line in follower.lines] == [
        ("key", "announce", place)
    ]
    assert follower.lines[0]["key"] == str(vkey(NEW))
    assert follower.cosign() == 301
    assert follower.follow().new == (f"announce {vkey(NEW)}",)
    assert follower.keys() == (str(vkey(OLD)), str(vkey(NEW)))

    log.end()
    log.more(5)
    assert follower.look() == []
    assert follower.accepted() == follower.cosign() == len(log.leaves)
    assert [line["action"] for line in follower.lines] == ["end"]
    assert follower.follow().new == (f"end {vkey(OLD)}",)
    assert follower.keys() == (str(vkey(NEW)),)
    # And from the new key to the next.
    log.change(NEXT, NEW)
    assert follower.look() == []
    follower.cosign()
    follower.follow()
    log.end(NEW, NEXT)
    assert follower.look() == []
    assert follower.cosign() == len(log.leaves)


def test_what_was_followed_is_kept_when_the_replay_is_lost(
    follower: Follower, log: KeyedLog
) -> None:
    log.change()
    follower.look()
    log.end()
    follower.look()
    (follower.monitor.place(ORIGIN) / "replayed.db").unlink()
    log.more()

    assert follower.look() == []
    assert follower.accepted() == len(log.leaves)


def test_a_key_is_not_missed_between_its_notice_and_the_checkpoint_over_it(
    follower: Follower, log: KeyedLog
) -> None:
    before = dict(log.files)
    log.change()
    log.files |= {name: before[name] for name in ("checkpoint",)}

    assert follower.look() == []  # its keys say already what its checkpoint does not cover yet
    log.publish()
    assert follower.look() == []


# ── what is not is refused ──────────────────────────────────────────────────────────────────


def test_a_new_key_that_nothing_announces_is_refused_by_both(
    follower: Follower, log: KeyedLog
) -> None:
    log.by = (THIEF,)
    log.more()

    found = dict(follower.look())
    assert found[Kind.UNSIGNED] == "checkpoint"
    assert found[Kind.KEY_NOT_LOGGED] == str(vkey(THIEF))
    with pytest.raises(LogSignatureMissing):
        follower.cosign()
    assert follower.follow().new == ()


def test_who_slept_through_the_whole_overlap_refuses_until_a_person_says_otherwise(
    follower: Follower, log: KeyedLog
) -> None:
    log.change()
    log.end()
    log.more()

    for _ in range(2):
        assert (Kind.UNSIGNED, "checkpoint") in follower.look()
        assert follower.follow().new == ()
        with pytest.raises(LogSignatureMissing) as refused:
            follower.cosign()
    assert refused.value.facts["reason"] == "none of the keys known here signed it"
    assert (
        follower.accepted(),
        follower.monitor.keys_of(follower.monitor.log(ORIGIN)).notices,
    ) == (
        300,
        (),
    )

    followed = follower.monitor.log(ORIGIN)
    follower.monitor.add_log(msgspec.structs.replace(followed, keys=(str(vkey(NEW)),)))
    assert follower.witness.add_log(vkey(NEW))
    assert follower.look() == []
    assert follower.accepted() == follower.cosign() == len(log.leaves)


Forgery = Callable[[KeyedLog], object]


def _not_in_the_log(log: KeyedLog) -> None:
    log.told.append(NoticeRow(7, log.notice(Action.ANNOUNCE, THIEF, OLD)))
    log.publish()


def _by_the_new_key_alone(log: KeyedLog) -> None:
    log.enter(log.notice(Action.ANNOUNCE, NEW, OLD, signed_by=(NEW,)))


def _by_a_stranger(log: KeyedLog) -> None:
    log.enter(log.notice(Action.ANNOUNCE, NEW, THIEF, signed_by=(THIEF, NEW)))


@pytest.mark.parametrize("forge", [_not_in_the_log, _by_the_new_key_alone, _by_a_stranger])
def test_a_forged_notice_is_told_and_brings_nothing(
    follower: Follower, log: KeyedLog, forge: Forgery
) -> None:
    forge(log)

    assert [kind for kind, _ in follower.look()] == [Kind.NOTICE_WRONG]
    follower.cosign()
    looked = follower.follow()
    assert (looked.new, len(looked.wrong)) == ((), 1)
    thief: tuple[Signer, ...] = (THIEF,) if forge is _not_in_the_log else (NEW,)
    log.by = thief
    log.more()
    assert (Kind.UNSIGNED, "checkpoint") in follower.look()
    with pytest.raises(LogSignatureMissing):
        follower.cosign()


def test_a_key_that_comes_back_is_refused_by_both(follower: Follower, log: KeyedLog) -> None:
    log.change()
    follower.look()
    follower.cosign()
    follower.follow()
    log.end()
    follower.look()
    follower.cosign()
    follower.follow()
    back = log.enter(log.notice(Action.ANNOUNCE, OLD, NEW))
    assert follower.look() == [(Kind.NOTICE_WRONG, f"notice {back}")]
    follower.cosign()
    assert "there before" in follower.follow().wrong[0]

    log.by = (OLD,)
    log.more()

    assert (Kind.UNSIGNED, "checkpoint") in follower.look()
    assert any("ended at entry" in line["why"] for line in follower.lines)
    with pytest.raises(LogSignatureMissing) as refused:
        follower.cosign()
    assert "ended at entry" in refused.value.facts["reason"]


def test_a_distrusted_key_is_told_and_signs_nothing_more(follower: Follower, log: KeyedLog) -> None:
    log.change()
    follower.look()
    follower.cosign()
    follower.follow()
    log.by = (NEW,)
    log.enter(log.notice(Action.DISTRUST, OLD, NEW, since=301))

    assert follower.look() == [(Kind.KEY_DISTRUSTED, str(vkey(OLD)))]
    follower.cosign()
    assert follower.follow().new == (f"distrust {vkey(OLD)}",)
    log.by = (OLD,)
    log.more()
    assert (Kind.UNSIGNED, "checkpoint") in follower.look()
    with pytest.raises(LogSignatureMissing) as refused:
        follower.cosign()
    assert "is distrusted from entry 301 on" in refused.value.facts["reason"]
    key = f"{Kind.KEY_DISTRUSTED}:{vkey(OLD)}"
    rounds.acknowledge(follower.monitor, ORIGIN, key, "已核实")
    assert Kind.KEY_DISTRUSTED not in dict(follower.look())


def test_a_notice_that_the_log_has_and_does_not_tell_is_told(
    follower: Follower, log: KeyedLog
) -> None:
    place = log.enter(log.notice(Action.ANNOUNCE, NEW, OLD), is_told=False)

    assert follower.look() == [(Kind.NOTICE_MISSING, f"notice {place}")]
    log.told.append(NoticeRow(place, log.notice(Action.ANNOUNCE, NEW, OLD)))
    log.publish()
    # Another notice at its place does not stand for it.
    assert {kind for kind, _ in follower.look()} == {Kind.NOTICE_MISSING, Kind.NOTICE_WRONG}


def test_a_witness_whose_log_can_not_be_asked_or_shows_other_files_follows_nothing(
    follower: Follower, log: KeyedLog
) -> None:
    log.change()
    follower.cosign()
    honest = dict(log.files)
    log.files["tile/entries/001.p/45"] = honest["tile/entries/001.p/45"][:-1]
    cut = follower.follow()
    log.files = honest | {"tile/1/000.p/1": bytes(32)}
    other = follower.follow()
    log.files = honest | {"/api/v1/keys": b"<html>"}
    unread = follower.follow()
    log.is_away = True
    away = follower.follow()

    assert [each.new for each in (cut, other, unread, away)] == [(), (), (), ()]
    assert all(each.wrong for each in (cut, other, unread, away))
    assert [each.is_reached for each in (cut, other, unread, away)] == [True, True, True, False]


def test_a_key_that_was_pinned_by_hand_can_be_dropped_by_hand(
    follower: Follower, log: KeyedLog
) -> None:
    follower.witness.add_log(vkey(THIEF))
    follower.witness.drop_key(vkey(THIEF))

    assert follower.keys() == (str(vkey(OLD)),)
    with pytest.raises(LogUnknown):
        follower.witness.drop_key(vkey(THIEF))
    log.by = (THIEF,)
    log.more()
    with pytest.raises(LogSignatureMissing):
        follower.cosign()


# ── as processes ────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def witness_served(place: pathlib.Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "market", "witness", "serve", "--dir", str(place)]
    command += ["--port", str(port), "--follow-every", "0.3"]
    url = f"http://127.0.0.1:{port}"
    with running(command, url, place.parent / "witness.log", env=environment()):
        yield url


def test_a_monitor_and_a_witness_that_run_follow_a_change_by_themselves(
    tmp_path: pathlib.Path,
) -> None:
    log, public = KeyedLog(300), tmp_path / "public"
    log.write(public)
    monitor, witness = ("--dir", tmp_path / "m"), ("--dir", tmp_path / "w")
    with files_served(public) as files:
        where = ("--url", f"{files}/log", "--keys-url", f"{files}/api/v1/keys")
        assert market("monitor", "init", *monitor).returncode == 0
        assert market("monitor", "add-log", vkey(OLD), *where, *monitor).returncode == 0
        assert market("witness", "init", "--name", "w.example/w", *witness).returncode == 0
        assert market("witness", "add-log", vkey(OLD), *where, *witness).returncode == 0

        def looked() -> subprocess.CompletedProcess[str]:
            log.write(public)
            return market("monitor", "once", *monitor)

        with witness_served(tmp_path / "w") as url:

            def asked(old: int) -> httpx.Response:
                return httpx.post(
                    f"{url}/add-checkpoint", content=log.request(old), trust_env=False
                )

            assert looked().returncode == 0
            assert asked(0).status_code == 200
            log.change()
            found = looked()
            assert (found.returncode, '"action":"announce"' in found.stdout) == (0, True)
            assert asked(300).status_code == 200
            kept = tmp_path / "w" / "logs" / origin_hash(ORIGIN) / "notices.json"
            deadline = time.monotonic() + 30
            while not kept.exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            log.end()
            assert looked().returncode == 0
            assert asked(301).status_code == 200

            log.by = (THIEF,)
            log.more()
            refused = looked()
            assert (refused.returncode, "checkpoint_unsigned" in refused.stdout) == (1, True)
            assert asked(302).status_code == 403
        shown = json.loads(market("witness", "show", "--json", *witness).stdout)
        once = market("witness", "follow", *witness)
    gone = market("witness", "follow", *witness)

    assert shown["logs"] == [{"origin": ORIGIN, "keys": [str(vkey(NEW))], "size": 302}]
    assert (once.returncode, json.loads(once.stdout)["wrong"]) == (0, [])
    assert gone.returncode == 2
