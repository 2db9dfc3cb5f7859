"""A monitor that follows another operator's log: what it takes, what it finds, what it never forgets."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from catalog.audit_log import further_lines, merkle, tiles
from catalog.audit_log.checkpoint import VerifierKey, parse_checkpoint, parse_note
from catalog.audit_log.disk import Signed
from catalog.audit_log.further_lines import FurtherKey
from catalog.monitoring import db as monitor_db
from catalog.monitoring import disk
from catalog.monitoring.alerts import Kind
from catalog.monitoring.disk import Followed, Monitor
from catalog.monitoring.freshness import Limits
from catalog.signing import sm2
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.monitor import rounds
from market.monitor.following import Round
from tests.published_log import (
    BASE,
    EPOCH,
    KEY,
    ORIGIN,
    PublishedLog,
    entry,
    heads_entry,
    use,
    uses,
)
from tests.witnessed_log import MemoryWitness

NOW = EPOCH + dt.timedelta(hours=1)


class Watcher:
    """A monitor of one log, in a directory; each look is one of a new process."""

    def __init__(self, place: pathlib.Path, log: PublishedLog, **asked: Any) -> None:
        self.place = place
        self.log = log
        self.lines: list[dict[str, Any]] = []
        disk.create(place)
        self.monitor.add_log(
            msgspec.structs.replace(Followed(origin=ORIGIN, keys=(str(KEY),), url=BASE), **asked)
        )

    @property
    def monitor(self) -> Monitor:
        return Monitor(self.place)

    def look(self, now: dt.datetime = NOW) -> Round:
        """Look once; what is told is kept in ``lines``."""
        self.lines = []
        with self.log.client() as client:
            found = rounds.follow_all(
                self.monitor,
                now=now,
                client=client,
                tell=lambda line: self.lines.append(msgspec.json.decode(line)),
            )
        return found[ORIGIN]

    def alerts(self, now: dt.datetime = NOW) -> list[tuple[str, str]]:
        """Look once and return which alerts stand, and about what."""
        self.look(now)
        return [tuple(key.split(":", 1)) for key in self.standing.alerts]  # type: ignore[misc]

    @property
    def standing(self) -> rounds.Standing:
        return rounds.standing(self.monitor, self.monitor.log(ORIGIN))

    def evidence(self) -> list[disk.Evidence]:
        found = sorted((self.monitor.place(ORIGIN) / "evidence").glob("*.json"))
        return [msgspec.json.decode(each.read_bytes(), type=disk.Evidence) for each in found]


@pytest.fixture
def log() -> PublishedLog:
    """A log of some bundles, whose heads were published on the way."""
    leaves = uses(0, 700)
    leaves.append(heads_entry(leaves, 650))
    leaves += uses(700, 200)
    leaves.append(heads_entry(leaves, 901))
    return PublishedLog(leaves)


@pytest.fixture
def watcher(tmp_path: pathlib.Path, log: PublishedLog) -> Watcher:
    return Watcher(tmp_path / "monitor", log)


# ── what is right ───────────────────────────────────────────────────────────────────────────


def test_an_honest_log_is_read_whole_and_nothing_is_wrong(watcher: Watcher) -> None:
    told = watcher.look()

    assert told == Round(size=902, replayed=902, entries=902, is_reached=True)
    assert (watcher.lines, watcher.standing.alerts) == ([], [])
    assert watcher.standing.under_heads == 901


def test_only_what_is_new_is_fetched(watcher: Watcher, log: PublishedLog) -> None:
    watcher.look()
    log.asked.clear()
    watcher.look()
    assert log.asked == ["checkpoint"]

    log.grow(uses(900, 300))
    log.asked.clear()
    assert watcher.look().entries == 300

    bundles = {path for path in log.asked if "entries" in path}
    assert bundles == {"tile/entries/003", "tile/entries/004.p/178"}
    assert "tile/0/000" not in log.asked


@pytest.mark.parametrize("steps", [(1, 2, 3, 255, 256, 257, 511, 512, 902), (902,), (600, 901)])
def test_in_whatever_steps_a_log_grows_the_same_is_known_of_it(
    tmp_path: pathlib.Path, log: PublishedLog, steps: tuple[int, ...]
) -> None:
    growing = PublishedLog()
    watcher = Watcher(tmp_path / "m", growing)
    for size in steps:
        growing.leaves = log.leaves[:size]
        growing.publish()
        assert watcher.alerts() == []
    if steps[-1] < 902:
        growing.leaves = log.leaves
        growing.publish()
        watcher.look()

    with watcher.monitor.memory(ORIGIN) as memory:
        assert memory.progress().edge.root() == merkle.root_of(log.leaves)
        assert memory.progress().heads_size == 901
        assert len(list(memory.heads())) == 20 + 7 + 3
        assert memory.orders(["3"]) == {"3": 45}


def test_a_bundle_that_was_filled_meanwhile_is_read_as_far_as_is_signed(
    watcher: Watcher, log: PublishedLog
) -> None:
    del log.files["tile/0/003.p/134"], log.files["tile/entries/003.p/134"]
    more = PublishedLog([*log.leaves, *uses(900, 500)])
    log.files |= {path: raw for path, raw in more.files.items() if path != "checkpoint"}

    assert watcher.look().replayed == 902
    assert watcher.standing.alerts == []


def test_each_new_entry_about_a_watched_subject_is_told_once(
    tmp_path: pathlib.Path, log: PublishedLog
) -> None:
    watcher = Watcher(tmp_path / "m", log, watched=("order:3", "certificate:HN-1"))
    watcher.look()
    first = watcher.lines
    log.grow([use(1_000, 3, 46), use(1_001, 4, 46), entry(1_002, "certificate:HN-1")])
    watcher.look()
    second = watcher.lines
    watcher.look()

    assert len(first) == 45
    assert first[0] == {
        "type": "entry",
        "log": ORIGIN,
        "index": 3,
        "id": "00000000-0000-0000-0000-000000000003",
        "at": "2026-11-28T00:00:03.000000Z",
        "event": "data:accessed",
        "subjects": ["order:3", "product:3", "buyer:0"],
    }
    assert [(each["index"], each["event"]) for each in second] == [
        (902, "data:accessed"),
        (904, "a:b"),
    ]
    assert watcher.lines == []


def test_what_a_listener_did_not_take_is_told_again(
    tmp_path: pathlib.Path, log: PublishedLog
) -> None:
    watcher = Watcher(tmp_path / "m", log, watched=("order:3",))
    got: list[Any] = []
    answers = iter([200, 500])

    def hook(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer secret"
        got.append(msgspec.json.decode(request.content)["index"])
        return httpx.Response(next(answers, 204))

    listener = httpx.Client(transport=httpx.MockTransport(hook))
    webhook = rounds.Webhook("http://listener/", "secret", listener)
    printed: list[bytes] = []
    with log.client() as client, listener:
        for _ in range(2):
            rounds.follow_all(
                watcher.monitor, now=NOW, client=client, tell=printed.append, webhook=webhook
            )

    assert got[:3] == [3, 23, 23]
    assert len(printed) == 45
    assert len(got) == 46


# ── what is wrong ───────────────────────────────────────────────────────────────────────────


def test_a_rewritten_leaf_is_named(watcher: Watcher, log: PublishedLog) -> None:
    some = list(tiles.unpack(log.files["tile/entries/001"]))
    some[44] = some[44].replace(b"data:accessed", b"data:denied_x")
    log.files["tile/entries/001"] = tiles.pack(some)

    assert watcher.alerts() == [(Kind.LEAF_DIFFERS, "entry 300")]
    assert watcher.standing.replayed == 0
    log.publish()
    assert watcher.alerts() == []
    assert [line["type"] for line in watcher.lines] == ["over"]


@pytest.mark.parametrize(
    ("change", "about"),
    [
        (lambda some: some[:-1], "entry 511"),
        (lambda some: some[1:], "entry 256"),
        (lambda some: [some[1], some[0], *some[2:]], "entry 256"),
        (lambda some: [*some[:9], b"", *some[10:]], "entry 265"),
    ],
)
def test_a_bundle_that_was_cut_or_reordered_is_named(
    watcher: Watcher,
    log: PublishedLog,
    change: Callable[[list[bytes]], list[bytes]],
    about: str,
) -> None:
    some = list(tiles.unpack(log.files["tile/entries/001"]))
    log.files["tile/entries/001"] = tiles.pack(change(some))

    assert watcher.alerts() == [(Kind.LEAF_DIFFERS, about)]


def test_a_leaf_and_its_tile_rewritten_together_do_not_lead_to_the_root(
    watcher: Watcher, log: PublishedLog
) -> None:
    signed = log.files["checkpoint"]
    log.leaves[300] = use(300, 5, 16)
    log.publish()
    log.files["checkpoint"] = signed

    # The tiles above were rewritten as well: they do not have the signed root.
    assert watcher.alerts() == [(Kind.TILE_DIFFERS, "size 902")]
    assert watcher.standing.size == 0


def test_a_tile_that_is_not_that_of_the_tree_is_named(watcher: Watcher, log: PublishedLog) -> None:
    watcher.look()
    log.grow(uses(900, 200))
    honest = log.files["tile/0/003"]
    log.files["tile/0/003"] = honest[:-32] + bytes(32)

    assert watcher.alerts() == [(Kind.TILE_DIFFERS, "size 1102")]
    assert (watcher.standing.size, watcher.standing.replayed) == (902, 902)
    log.files["tile/0/003"] = honest
    assert watcher.alerts() == []


def test_a_missing_file_is_named(watcher: Watcher, log: PublishedLog) -> None:
    del log.files["tile/entries/002"]

    assert watcher.alerts() == [(Kind.FILE_MISSING, "tile/entries/002")]


def test_a_fork_signed_with_the_stolen_key_is_kept_and_never_accepted_again(
    watcher: Watcher, log: PublishedLog
) -> None:
    watcher.look()
    accepted = watcher.monitor.journal(ORIGIN).last()
    assert accepted is not None
    forged = [*log.leaves[:500], use(500, 1, 26), *log.leaves[501:], *uses(900, 100)]
    fork = PublishedLog(forged)
    log.files = fork.files

    for _ in range(2):  # each look is one of a new process
        assert watcher.alerts() == [(Kind.FORKED, "size 902")]
        assert watcher.standing.size == watcher.standing.replayed == 902
    (kept,) = watcher.evidence()
    assert (kept.accepted, kept.told) == (accepted.note, fork.note().decode())
    assert watcher.lines == []  # told once

    # Nor after the log says again what it said before: the alert stands until a person saw it.
    log.leaves = PublishedLog(uses(0, 700)).leaves
    log.files = PublishedLog(forged[:902]).files
    assert watcher.alerts() == [(Kind.FORKED, "size 902")]
    assert len(watcher.evidence()) == 2


def test_another_tree_of_the_same_size_is_a_fork(watcher: Watcher, log: PublishedLog) -> None:
    watcher.look()
    log.files = PublishedLog([*log.leaves[:-1], entry(5)]).files

    assert watcher.alerts() == [(Kind.FORKED, "size 902")]


def test_a_log_cut_off_is_told_with_both_notes(watcher: Watcher, log: PublishedLog) -> None:
    watcher.look()
    log.files["checkpoint"] = log.note(800)

    assert watcher.alerts() == [(Kind.TRUNCATED, "size 902")]
    (kept,) = watcher.evidence()
    assert kept.told == log.note(800).decode()
    assert watcher.standing.size == 902


@pytest.mark.parametrize("hidden", ["order:3", "buyer:0"])
def test_heads_that_hide_an_entry_are_found(
    watcher: Watcher, log: PublishedLog, hidden: str
) -> None:
    watcher.look()
    log.grow([*uses(900, 50), entry(7_000, "order:unheard")])
    log.grow([heads_entry(log.leaves, len(log.leaves), hidden=hidden)])

    assert watcher.alerts() == [(Kind.HEADS_DIFFER, "heads of 953")]
    assert watcher.standing.replayed == len(log.leaves)
    (line,) = watcher.lines
    assert "the leaves give" in line["why"]
    # What is signed stays signed: it is told until somebody says what came of it.
    log.grow([heads_entry(log.leaves, len(log.leaves))])
    assert watcher.alerts() == [(Kind.HEADS_DIFFER, "heads of 953")]
    rounds.acknowledge(watcher.monitor, ORIGIN, "heads_differ:heads of 953", "已报主管部门")
    assert watcher.alerts() == []


def test_heads_that_leave_a_subject_out_or_add_one_are_found(
    watcher: Watcher, log: PublishedLog
) -> None:
    watcher.look()
    log.grow([entry(7_000, "order:once")])
    without = heads_entry(log.leaves, len(log.leaves), hidden="order:once")
    invented = [*log.leaves[:-1], entry(7_000, "order:once", "order:never")]
    log.grow([without, heads_entry(invented, len(invented))])

    # The second of them is of a size that was published before, and so is compared as well.
    assert [kind for kind, _ in watcher.alerts()] == [Kind.HEADS_DIFFER]
    assert len(watcher.lines) == 1


def test_heads_that_go_back_or_reach_beyond_their_entry_are_found(
    watcher: Watcher, log: PublishedLog
) -> None:
    log.grow([heads_entry(log.leaves, 800)])
    assert watcher.alerts() == [(Kind.HEADS_DIFFER, "heads of 800")]

    ahead = heads_entry([*log.leaves, *uses(900, 9)], len(log.leaves) + 5)
    log.grow([ahead])
    assert (Kind.HEADS_DIFFER, "heads of 908") in watcher.alerts()


def test_an_order_that_misses_an_entry_is_named(watcher: Watcher, log: PublishedLog) -> None:
    watcher.look()
    log.grow([use(1_000, 3, 47), use(1_001, 3, 48), use(1_002, 4, 46), use(1_003, 4, 46)])

    assert watcher.alerts() == [
        (Kind.ORDER_BROKEN, "order 3 at 902"),
        (Kind.ORDER_BROKEN, "order 4 at 905"),
    ]
    assert [line["why"] for line in watcher.lines] == [
        "entry 902 of order 3 has the number 47, and 46 is due",
        "entry 905 of order 4 has the number 46, and 47 is due",
    ]


def test_entries_of_an_order_in_another_order_are_named(
    watcher: Watcher, log: PublishedLog
) -> None:
    watcher.look()
    log.grow([use(1_000, 3, 47), use(1_001, 3, 46)])

    assert {about for _, about in watcher.alerts()} == {"order 3 at 902", "order 3 at 903"}


def test_an_entry_that_is_no_leaf_is_named_and_the_rest_is_read(
    watcher: Watcher, log: PublishedLog
) -> None:
    log.grow([b"{}", b"\xff\xfe", use(1_000, 3, 46)])

    assert watcher.alerts() == [
        (Kind.ENTRY_MALFORMED, "entry 902"),
        (Kind.ENTRY_MALFORMED, "entry 903"),
    ]
    assert watcher.standing.replayed == 905


def test_a_checkpoint_of_another_log_is_not_taken(watcher: Watcher, log: PublishedLog) -> None:
    watcher.look()
    key = VerifierKey("third.example/log", KEY.public_key)
    log.files["checkpoint"] = PublishedLog(uses(0, 2_000), key).note()

    assert watcher.alerts() == [(Kind.OTHER_LOG, "checkpoint")]
    assert watcher.standing.size == 902


def test_a_checkpoint_that_another_key_signed_is_not_taken(
    watcher: Watcher, log: PublishedLog
) -> None:
    thief = Signer(Purpose.CHECKPOINT, b"\x44" * 32)
    log.files["checkpoint"] = log.note(signer=thief)

    assert watcher.alerts() == [(Kind.UNSIGNED, "checkpoint")]
    assert watcher.standing.size == 0


@pytest.mark.parametrize("raw", [b"", b"checkpoint", b"<html></html>\n\n", b"\xff\n\n\xff"])
def test_what_is_no_checkpoint_is_told(watcher: Watcher, log: PublishedLog, raw: bytes) -> None:
    log.files["checkpoint"] = raw

    assert watcher.alerts() == [(Kind.MALFORMED, "checkpoint")]


def test_a_log_that_does_not_answer_is_told_and_then_is_over(
    watcher: Watcher, log: PublishedLog
) -> None:
    log.is_away = True
    assert watcher.alerts() == [(Kind.UNREACHABLE, "log")]
    assert not watcher.look().is_reached
    log.is_away = False

    assert watcher.alerts() == []
    assert [(line["type"], line["alert"]) for line in watcher.lines] == [("over", Kind.UNREACHABLE)]


def test_a_checkpoint_that_is_gone_is_told(watcher: Watcher, log: PublishedLog) -> None:
    watcher.look()
    del log.files["checkpoint"]

    assert watcher.alerts() == [(Kind.FILE_MISSING, "checkpoint")]


def test_a_log_that_has_no_checkpoint_yet_is_no_alert(tmp_path: pathlib.Path) -> None:
    watcher = Watcher(tmp_path / "m", PublishedLog())

    assert watcher.alerts() == []


# ── too old ─────────────────────────────────────────────────────────────────────────────────


def test_a_checkpoint_that_grew_old_is_told_until_there_is_a_newer_one(
    tmp_path: pathlib.Path, log: PublishedLog
) -> None:
    watcher = Watcher(tmp_path / "m", log, limits=Limits(checkpoint=600))
    newest = EPOCH + dt.timedelta(seconds=901)
    assert watcher.alerts(newest + dt.timedelta(seconds=600)) == []
    assert watcher.alerts(newest + dt.timedelta(seconds=601)) == [
        (Kind.CHECKPOINT_STALE, "checkpoint")
    ]
    log.grow([use(1_500, 3, 46)])
    assert watcher.alerts(EPOCH + dt.timedelta(seconds=1_600)) == []


def test_entries_that_no_heads_cover_for_too_long_are_told(
    tmp_path: pathlib.Path, log: PublishedLog
) -> None:
    watcher = Watcher(tmp_path / "m", log, limits=Limits(heads=600))
    assert watcher.alerts(EPOCH + dt.timedelta(days=1)) == []  # only the heads' own entry waits

    log.grow([use(1_000, 3, 46)])
    assert watcher.alerts(EPOCH + dt.timedelta(seconds=1_600)) == []
    assert watcher.alerts(EPOCH + dt.timedelta(seconds=1_601)) == [(Kind.HEADS_STALE, "heads")]
    log.grow([heads_entry(log.leaves, len(log.leaves))])
    assert watcher.alerts(EPOCH + dt.timedelta(seconds=1_602)) == []


# ── witnesses, keys ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def witnessed(tmp_path: pathlib.Path, log: PublishedLog) -> tuple[Watcher, list[MemoryWitness]]:
    some = [MemoryWitness(f"w{n}.example/w") for n in range(3)]
    lines = [f"witness w{n} {each.key}" for n, each in enumerate(some)]
    policy = "\n".join([f"log {KEY}", *lines, "group g 2 w0 w1 w2", "quorum g", ""])
    limits = Limits(quorum=300)
    return Watcher(tmp_path / "m", log, policy=policy, limits=limits), some


def cosigned(log: PublishedLog, witnesses: list[MemoryWitness], size: int | None = None) -> bytes:
    note = log.note(size)
    at = int(NOW.timestamp())
    return note + b"".join(each.line(note, at) for each in witnesses)


def test_a_log_with_its_quorum_is_quiet_and_one_that_lost_it_is_told(
    witnessed: tuple[Watcher, list[MemoryWitness]], log: PublishedLog
) -> None:
    watcher, witnesses = witnessed
    log.files["checkpoint.witnessed"] = cosigned(log, witnesses[:2])
    assert watcher.alerts() == []
    log.grow(uses(900, 5))

    assert watcher.alerts(NOW) == []
    assert watcher.alerts(NOW + dt.timedelta(seconds=300)) == []
    assert watcher.alerts(NOW + dt.timedelta(seconds=301)) == [(Kind.QUORUM_MISSING, "checkpoint")]
    log.files["checkpoint.witnessed"] = cosigned(log, witnesses[1:])
    assert watcher.alerts(NOW + dt.timedelta(seconds=302)) == []


def test_too_few_or_wrong_cosignatures_are_told(
    witnessed: tuple[Watcher, list[MemoryWitness]], log: PublishedLog
) -> None:
    watcher, witnesses = witnessed
    log.files["checkpoint.witnessed"] = cosigned(log, witnesses[:1])
    assert watcher.alerts() == [(Kind.QUORUM_MISSING, "checkpoint.witnessed")]

    stolen = cosigned(log, witnesses[:2], 800).partition(b"\n\n")[2]
    log.files["checkpoint.witnessed"] = log.note().partition(b"\n\n")[0] + b"\n\n" + stolen
    ((kind, _),) = watcher.alerts()
    assert kind in (Kind.COSIGNATURE_WRONG, Kind.UNSIGNED)


def test_another_tree_shown_to_the_witnesses_is_a_fork(
    witnessed: tuple[Watcher, list[MemoryWitness]], log: PublishedLog
) -> None:
    watcher, witnesses = witnessed
    other = PublishedLog([*log.leaves[:400], entry(9)])
    log.files["checkpoint.witnessed"] = cosigned(other, witnesses)

    assert watcher.alerts() == [(Kind.FORKED, "size 401")]
    (kept,) = watcher.evidence()
    assert kept.witnessed


@pytest.mark.parametrize("algorithm", [Algorithm.ML_DSA_44, Algorithm.SM2])
def test_a_further_line_that_is_asked_for_is_missed_checked_and_told_when_it_is_wrong(
    tmp_path: pathlib.Path, log: PublishedLog, algorithm: Algorithm
) -> None:
    signer = Signer(Purpose.CHECKPOINT, b"\x17" * 32, algorithm)
    key = FurtherKey(ORIGIN, algorithm, signer.public_key)

    def line(note: bytes) -> bytes:
        opened = parse_note(note)
        said = further_lines.message(key, parse_checkpoint(opened.text), opened.text, 9)
        return further_lines.line(key, signer.sign_framed(said), 9).encode()

    policy = f"log {KEY}\nlog {key}\nquorum none\n"
    other = str(FurtherKey("third.example/log", algorithm, signer.public_key))
    asked = {"policy": policy, "lines": (str(key), other)}
    watcher = Watcher(tmp_path / "m", log, **asked)
    about = f"{algorithm.value} {key.note_id.hex()}"
    honest = log.note()

    assert watcher.alerts() == [(Kind.LINE_MISSING, about)]
    assert watcher.standing.size == 902  # its first key signed it: it is accepted all the same
    log.files["checkpoint"] = honest + line(honest)
    log.files["checkpoint.witnessed"] = log.files["checkpoint"]
    assert watcher.alerts() == []
    log.files["checkpoint"] = honest + line(log.note(800))
    assert watcher.alerts() == [(Kind.LINE_WRONG, about)]


def test_a_line_that_this_machine_can_not_check_is_told(
    tmp_path: pathlib.Path, log: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = Signer(Purpose.CHECKPOINT, b"\x17" * 32, Algorithm.SM2)
    key = FurtherKey(ORIGIN, Algorithm.SM2, signer.public_key)
    log.files["checkpoint"] += further_lines.line(key, bytes(70), 0).encode()

    def unavailable(*_: object) -> bool:
        raise sm2.Sm2Unavailable

    monkeypatch.setattr(sm2, "verify", unavailable)
    watcher = Watcher(tmp_path / "m", log, lines=(str(key),))

    ((kind, _),) = watcher.alerts()
    assert kind == Kind.LINE_MISSING
    assert "can not check it" in watcher.lines[0]["why"]


def test_a_published_key_that_the_log_does_not_know_is_told(
    tmp_path: pathlib.Path, log: PublishedLog
) -> None:
    watcher = Watcher(tmp_path / "m", log, keys_url="http://other/api/v1/keys")
    row = {
        "key_id": "0011223344556677",
        "purpose": "certificate",
        "algorithm": "ed25519",
        "public_key": "AAAA",
        "valid_from": "2026-11-28T00:00:01.000000Z",
        "valid_to": None,
        "revoked_at": None,
        "holder_party_id": None,
    }
    log.put_keys(log=str(KEY), keys=[row])
    assert watcher.alerts() == [(Kind.KEY_NOT_LOGGED, "0011223344556677")]

    # One that came after the newest entry is looked at again when the log has grown.
    log.put_keys(log=str(KEY), keys=[row | {"valid_from": "2026-11-29T00:00:01.000000Z"}])
    assert watcher.alerts() == []
    other = VerifierKey(ORIGIN, b"\x01" * 32)
    log.put_keys(log=str(other), keys=[])
    assert watcher.alerts() == [(Kind.KEY_NOT_LOGGED, str(other))]


# ── what is kept ────────────────────────────────────────────────────────────────────────────


def test_a_monitor_whose_replay_was_lost_reads_again_what_it_had_accepted(
    watcher: Watcher, log: PublishedLog
) -> None:
    watcher.look()
    (watcher.monitor.place(ORIGIN) / "replayed.db").unlink()
    log.files = PublishedLog([*log.leaves[:500], entry(1)]).files  # cut off meanwhile

    assert (Kind.TRUNCATED, "size 902") in watcher.alerts()


@pytest.mark.parametrize("kept", range(3))
def test_a_crash_between_accepting_and_reading_loses_and_doubles_nothing(
    tmp_path: pathlib.Path, log: PublishedLog, kept: int
) -> None:
    watcher = Watcher(tmp_path / "m", log, watched=("order:3",))
    if kept:
        journal = watcher.monitor.journal(ORIGIN)
        size = (400, 902)[kept - 1]
        root = merkle.root_of(log.leaves[:size])
        note = log.note(size).decode()
        journal.append(Signed(size=size, root=root, note=note, at=NOW), ())

    watcher.look()

    assert [line["index"] for line in watcher.lines] == [
        n for n, each in enumerate(log.leaves) if b'"id":"3","kind":"order"' in each
    ]
    assert watcher.standing.replayed == 902


def test_two_processes_do_not_follow_with_one_monitor(watcher: Watcher) -> None:
    with watcher.monitor.alone(), pytest.raises(disk.MonitorRuns), watcher.monitor.alone():
        pass


def test_a_monitor_is_not_made_twice_and_not_found_where_there_is_none(
    watcher: Watcher, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(disk.MonitorExists):
        disk.create(watcher.place)
    with pytest.raises(disk.MonitorMissing):
        Monitor(tmp_path / "nowhere")
    with pytest.raises(disk.LogNotFollowed):
        watcher.monitor.log("third.example/log")
    with pytest.raises(disk.AlertMissing):
        rounds.acknowledge(watcher.monitor, ORIGIN, "log_forked:size 1", "seen")


@pytest.mark.parametrize("subject", ["order", ":1", "order:"])
def test_what_is_no_subject_is_not_watched(watcher: Watcher, subject: str) -> None:
    log = msgspec.structs.replace(watcher.monitor.log(ORIGIN), watched=(subject,))
    with pytest.raises(disk.SubjectMalformed):
        watcher.monitor.add_log(log)


def test_keys_and_watched_subjects_add_up(watcher: Watcher) -> None:
    other = str(VerifierKey(ORIGIN, b"\x01" * 32))
    followed = Followed(origin=ORIGIN, keys=(other,), url="http://new/log", watched=("order:1",))
    watcher.monitor.add_log(followed)
    watcher.monitor.add_log(msgspec.structs.replace(followed, watched=("order:2",)))

    known = watcher.monitor.log(ORIGIN)
    assert known.keys == (str(KEY), other)
    assert (known.url, known.watched) == ("http://new/log", ("order:1", "order:2"))


def test_very_many_subjects_are_not_held_in_memory_and_come_to_the_same_heads(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_db, "_HELD", 10)
    leaves = [entry(n, f"order:{n % 70}", f"product:{n}") for n in range(600)]
    leaves.append(heads_entry(leaves, 600))
    leaves += [entry(n, f"order:{n % 70}") for n in range(700, 900)]
    leaves.append(heads_entry(leaves, len(leaves)))
    watcher = Watcher(tmp_path / "m", PublishedLog(leaves))

    assert watcher.alerts() == []
    assert watcher.standing.under_heads == 801
