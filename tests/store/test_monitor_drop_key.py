"""A person drops a key of a followed log, of a further line or of a witness: it counts for nothing."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any

import msgspec
import pytest

from catalog.audit_log.further_lines import FurtherKey
from catalog.monitoring import disk
from catalog.monitoring.alerts import Kind
from catalog.monitoring.disk import (
    Followed,
    KeyDropped,
    KeyNotTrusted,
    LogNotFollowed,
    Monitor,
    SubjectNotWatched,
)
from catalog.monitoring.dropping import Alone, Dropped, Trusted
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.monitor import rounds
from tests.files_served import files_served
from tests.keyed_log import KEYS_URL, NEW, OLD, ORIGIN, THIEF, KeyedLog, vkey
from tests.published_log import BASE, EPOCH
from tests.terminal import market
from tests.witnessed_log import MemoryWitness

NOW = EPOCH + dt.timedelta(hours=1)
WITNESSES = [MemoryWitness(f"w{n}.example/w") for n in range(3)]
LINE = FurtherKey(
    ORIGIN,
    Algorithm.ML_DSA_44,
    Signer(Purpose.CHECKPOINT, b"\x17" * 32, Algorithm.ML_DSA_44).public_key,
)


class Watcher:
    """A monitor of one log; each look and each word of a person is one of a new process."""

    def __init__(self, place: pathlib.Path, log: KeyedLog) -> None:
        self.log = log
        self.place = place
        self.lines: list[dict[str, Any]] = []
        disk.create(place)

    def follow(self, *keys: Signer, **more: Any) -> None:
        told = Followed(
            origin=ORIGIN, keys=tuple(str(vkey(key)) for key in keys), url=BASE, keys_url=KEYS_URL
        )
        self.monitor.add_log(msgspec.structs.replace(told, **more))

    @property
    def monitor(self) -> Monitor:
        return Monitor(self.place)

    @property
    def standing(self) -> rounds.Standing:
        return rounds.standing(self.monitor, self.monitor.log(ORIGIN))

    def look(self) -> list[str]:
        """Look once; return which alerts stand."""
        self.lines = []
        with self.log.client() as client:
            rounds.follow_all(
                self.monitor,
                now=NOW,
                client=client,
                tell=lambda line: self.lines.append(msgspec.json.decode(line)),
            )
        return [key.partition(":")[0] for key in self.standing.alerts]

    def drop(self, key: object) -> Dropped:
        return rounds.drop_key(self.monitor, ORIGIN, str(key), now=NOW, reason="私钥泄露")

    def again(self, key: object) -> Dropped:
        return rounds.trust_again(self.monitor, ORIGIN, str(key), now=NOW, reason="看错了")


@pytest.fixture
def log() -> KeyedLog:
    return KeyedLog(300)


@pytest.fixture
def watcher(tmp_path: pathlib.Path, log: KeyedLog) -> Watcher:
    made = Watcher(tmp_path / "m", log)
    made.follow(OLD)
    assert made.look() == []
    return made


def test_what_the_thief_of_a_pinned_key_signs_is_not_accepted_any_more(
    watcher: Watcher, log: KeyedLog
) -> None:
    watcher.follow(NEW)  # its operator gave the next one by hand
    watcher.drop(vkey(OLD))
    log.more()

    assert watcher.look() == [Kind.UNSIGNED, Kind.KEY_NOT_LOGGED]
    assert watcher.standing.size == 300
    log.by = (NEW,)
    log.publish()
    assert watcher.look() == []
    assert watcher.standing.size == 301


def test_a_key_that_the_log_announced_is_dropped_too_and_no_notice_brings_it_back(
    watcher: Watcher, log: KeyedLog
) -> None:
    log.change()
    assert watcher.look() == []
    dropped = watcher.drop(vkey(NEW))
    assert (dropped.was, dropped.accepted_alone) == ((Trusted.LOG,), None)
    log.by = (NEW,)
    log.more()

    for _ in range(2):
        assert watcher.look() == [Kind.UNSIGNED, Kind.KEY_NOT_LOGGED]
    assert watcher.standing.keys == [str(vkey(OLD))]
    log.by = (OLD,)
    log.publish()
    assert watcher.look() == []


def test_the_dropping_stays_on_record_and_is_told_once(watcher: Watcher, log: KeyedLog) -> None:
    log.more()
    watcher.look()

    watcher.drop(vkey(OLD))
    watcher.look()

    (told,) = [line for line in watcher.lines if line["type"] == "dropped"]
    assert (told["key"], told["was"], told["why"]) == (str(vkey(OLD)), ["log"], "私钥泄露")
    assert told["accepted_alone"] == {"first": 300, "last": 301, "count": 2}
    assert watcher.standing.keys == []
    (kept,) = watcher.standing.dropped
    assert (kept.key, kept.at, kept.accepted_alone) == (str(vkey(OLD)), NOW, Alone(300, 301, 2))
    watcher.look()
    assert not [line for line in watcher.lines if line["type"] == "dropped"]


def test_a_dropped_key_comes_back_by_a_person_s_word_alone(watcher: Watcher, log: KeyedLog) -> None:
    watcher.drop(vkey(OLD))
    with pytest.raises(KeyDropped):
        watcher.follow(OLD)
    with pytest.raises(KeyDropped):
        watcher.drop(vkey(OLD))
    watcher.follow(NEW, url=BASE)
    assert watcher.standing.keys == [str(vkey(NEW))]

    watcher.again(vkey(OLD))
    watcher.follow(OLD)

    assert watcher.look() == []
    assert watcher.standing.keys == [str(vkey(OLD)), str(vkey(NEW))]
    assert [line["type"] for line in watcher.lines] == ["dropped", "trusted"]
    assert [each.again_reason for each in watcher.standing.dropped] == ["看错了"]
    with pytest.raises(KeyNotTrusted):
        watcher.again(vkey(OLD))
    watcher.drop(vkey(OLD))  # and once more
    assert [each.again_at for each in watcher.standing.dropped] == [NOW, None]


def test_a_dropped_witness_is_not_counted_and_the_quorum_stays_what_it_was(
    watcher: Watcher, log: KeyedLog
) -> None:
    lines = [f"witness w{n} {each.key}" for n, each in enumerate(WITNESSES)]
    policy = "\n".join([f"log {vkey(OLD)}", *lines, "group g 2 w0 w1 w2", "quorum g", ""])
    watcher.follow(OLD, policy=policy)
    note, at = log.note(), int(NOW.timestamp())
    two = [each.line(note, at) for each in WITNESSES[:2]]
    log.files["checkpoint.witnessed"] = note + b"".join(two)
    assert watcher.look() == []

    dropped = watcher.drop(WITNESSES[0].key)

    assert (dropped.was, dropped.accepted_alone) == ((Trusted.WITNESS,), None)
    assert watcher.look() == [Kind.QUORUM_MISSING]
    watcher.follow(OLD, policy=policy)  # said again, it is not back
    assert watcher.look() == [Kind.QUORUM_MISSING]
    # A line in its name is nobody's now: also a wrong one spoils nothing.
    spoilt = two[0][:-6] + b"AAAA=\n"
    log.files["checkpoint.witnessed"] = note + spoilt + two[1] + WITNESSES[2].line(note, at)
    assert watcher.look() == []
    watcher.again(WITNESSES[0].key)
    assert watcher.look() != []


def test_a_dropped_further_key_is_asked_for_no_more(watcher: Watcher) -> None:
    watcher.follow(OLD, lines=(str(LINE),))
    assert watcher.look() == [Kind.LINE_MISSING]

    assert watcher.drop(LINE).was == (Trusted.LINE,)

    assert watcher.look() == []
    with pytest.raises(KeyDropped):
        watcher.follow(OLD, lines=(str(LINE),))


def test_what_is_trusted_for_nothing_is_not_dropped_and_nothing_changes(watcher: Watcher) -> None:
    before = watcher.monitor.log(ORIGIN)
    for key in (vkey(THIEF), WITNESSES[0].key, LINE, "no key"):
        with pytest.raises(KeyNotTrusted):
            watcher.drop(key)
    with pytest.raises(LogNotFollowed):
        rounds.drop_key(watcher.monitor, "x.example/log", str(vkey(OLD)), now=NOW, reason="r")

    assert watcher.monitor.log(ORIGIN) == before
    assert watcher.look() == []


def test_a_subject_is_watched_until_it_is_dropped(watcher: Watcher) -> None:
    watcher.follow(OLD, watched=("order:1", "order:2"))

    watcher.monitor.drop_subject(ORIGIN, "order:1")

    assert watcher.monitor.log(ORIGIN).watched == ("order:2",)
    with pytest.raises(SubjectNotWatched):
        watcher.monitor.drop_subject(ORIGIN, "order:1")
    watcher.follow(OLD, watched=("order:1",))
    assert watcher.monitor.log(ORIGIN).watched == ("order:2", "order:1")


def test_a_person_drops_a_key_at_a_terminal(tmp_path: pathlib.Path) -> None:
    log, public, place = KeyedLog(300), tmp_path / "public", ("--dir", tmp_path / "m")
    log.write(public)
    with files_served(public) as files:
        market("monitor", "init", *place)
        market("monitor", "add-log", vkey(OLD), "--url", f"{files}/log", "--watch", "a:1", *place)
        assert market("monitor", "once", *place).returncode == 0

        unknown = market("monitor", "drop-key", ORIGIN, vkey(NEW), "--reason", "r", *place)
        done = market("monitor", "drop-key", ORIGIN, vkey(OLD), "--reason", "私钥泄露", *place)
        back = market("monitor", "add-log", vkey(OLD), "--url", f"{files}/log", *place)
        looked = market("monitor", "once", *place)
        shown = market("monitor", "show", *place).stdout
        again = market("monitor", "trust-again", ORIGIN, vkey(OLD), "--reason", "看错了", *place)
        quiet = market("monitor", "once", *place)
        unwatched = market("monitor", "drop-subject", ORIGIN, "a:1", *place)

    assert (unknown.returncode, "[monitor_key_unknown]" in unknown.stderr) == (1, True)
    assert done.returncode == 0, done.stderr
    assert "sizes 300 to 300" in done.stderr
    assert "no key of the log is left" in done.stderr
    assert (back.returncode, "[monitor_key_dropped]" in back.stderr) == (1, True)
    assert (looked.returncode, '"type":"dropped"' in looked.stdout) == (1, True)
    assert f"− {vkey(OLD)}  私钥泄露" in shown
    assert again.returncode == 0, again.stderr
    assert quiet.returncode == 0, quiet.stdout
    assert unwatched.returncode == 0, unwatched.stderr
