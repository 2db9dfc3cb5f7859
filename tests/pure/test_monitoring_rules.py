"""What a monitor makes of a checkpoint, of leaves, and of how old things are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec
import pytest

from catalog.audit_log import further_lines, leaf, merkle
from catalog.audit_log.checkpoint import Checkpoint, parse_checkpoint
from catalog.audit_log.further_lines import FurtherKey
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.kernel.ids import new_id
from catalog.monitoring import accepting, freshness, replaying
from catalog.monitoring.accepting import Accepted
from catalog.monitoring.alerts import LASTING, Alert, Kind, Wrong, line
from catalog.monitoring.freshness import Limits, Times
from catalog.signing import sm2
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.subject_heads import heads
from catalog.witnessing.log_keys import known
from catalog.witnessing.policy import parse_policy
from tests.witnessed_log import LOG_KEY, ORIGIN, MemoryLog, MemoryWitness

NOW = dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC)
KEYS = known([LOG_KEY])


def fetch_of(log: MemoryLog) -> accepting.FetchTiles:
    def fetch(size: int, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        edge, full = merkle.Edge().extended([merkle.leaf_hash(x) for x in log.leaves[:size]])
        found = {(tile.level, tile.number): tile.hashes for tile in full}
        for level, partial in enumerate(edge.partials):
            found[level, size >> (8 * (level + 1))] = partial
        return {place: found.get(place, b"") for place in wanted}

    return fetch


def told_by(log: MemoryLog, size: int) -> Checkpoint:
    return accepting.opened(log.note(size), ORIGIN, KEYS)


def held_of(log: MemoryLog, size: int) -> Accepted:
    return Accepted(size, log.root(size))


def kind_of(error: pytest.ExceptionInfo[Wrong]) -> tuple[Kind, str]:
    return error.value.alert.kind, error.value.alert.about


# ── checkpoints ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("old", "new"), [(0, 1), (0, 300), (1, 300), (256, 700), (299, 300)])
def test_a_checkpoint_that_continues_is_proven_to(old: int, new: int) -> None:
    log = MemoryLog(700)

    held = held_of(log, old) if old else Accepted()
    proof = accepting.proof_that_it_continues(held, told_by(log, new), fetch_of(log))

    assert merkle.verify_consistency(held.size, new, held.root, log.root(new), proof)


def test_the_same_checkpoint_needs_no_proof() -> None:
    log = MemoryLog(5)

    told = told_by(log, 5)
    assert accepting.proof_that_it_continues(held_of(log, 5), told, fetch_of(log)) == ()


@pytest.mark.parametrize(
    ("size", "changed", "kind"),
    [(300, None, Kind.TRUNCATED), (400, 7, Kind.FORKED), (500, 7, Kind.FORKED)],
)
def test_a_checkpoint_that_does_not_continue_is_told_by_name(
    size: int, changed: int | None, kind: Kind
) -> None:
    other = MemoryLog(600, changed)

    with pytest.raises(Wrong) as wrong:
        accepting.proof_that_it_continues(
            held_of(MemoryLog(600), 400), told_by(other, size), fetch_of(other)
        )

    assert kind_of(wrong) == (kind, "size 400")


def test_tiles_that_do_not_lead_to_the_root_prove_nothing() -> None:
    log, other = MemoryLog(600), MemoryLog(600, 450)

    for files in (fetch_of(other), lambda _size, wanted: dict.fromkeys(wanted, b"")):
        with pytest.raises(Wrong) as wrong:
            accepting.proof_that_it_continues(held_of(log, 400), told_by(log, 500), files)
        assert kind_of(wrong) == (Kind.TILE_DIFFERS, "size 500")


def test_tiles_that_contradict_each_other_prove_nothing() -> None:
    log = MemoryLog(600)

    def mixed(size: int, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        found = dict(fetch_of(log)(size, wanted))
        found[0, 1] = found[0, 1][:-32] + bytes(32)  # the last of it is under the proof alone
        return found

    with pytest.raises(Wrong) as wrong:
        accepting.proof_that_it_continues(held_of(log, 400), told_by(log, 600), mixed)

    assert kind_of(wrong) == (Kind.TILE_DIFFERS, "size 600")
    assert "contradict" in str(wrong.value)


@pytest.mark.parametrize(
    ("raw", "origin", "kind"),
    [
        (b"nothing", ORIGIN, Kind.MALFORMED),
        (MemoryLog(3).note(3), "third.example/log", Kind.OTHER_LOG),
        (MemoryLog(3).note(3).replace(b"\n3\n", b"\n4\n"), ORIGIN, Kind.UNSIGNED),
    ],
)
def test_what_is_no_checkpoint_of_the_log_is_not_opened(
    raw: bytes, origin: str, kind: Kind
) -> None:
    with pytest.raises(Wrong) as wrong:
        accepting.opened(raw, origin, KEYS)

    assert kind_of(wrong) == (kind, "checkpoint")


def test_the_witnesses_must_be_enough_and_have_seen_the_same_tree() -> None:
    log, witnesses = MemoryLog(600), [MemoryWitness(f"w{n}") for n in range(2)]
    lines = [f"witness w{n} {each.key}" for n, each in enumerate(witnesses)]
    policy = parse_policy(
        "\n".join([f"log {LOG_KEY}", *lines, "group g all w0 w1", "quorum g"]).encode()
    )
    note = log.note(300)
    both = note + b"".join(each.line(note, 9) for each in witnesses)

    seen = accepting.witnessed(both, policy, KEYS)
    accepting.check_part(seen.checkpoint, held_of(log, 600), fetch_of(log))
    accepting.check_part(seen.checkpoint, held_of(log, 299), fetch_of(log))  # not accepted yet
    empty = Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)
    accepting.check_part(empty, held_of(log, 600), fetch_of(log))

    for raw, told in (
        (b"nothing", (Kind.MALFORMED, "checkpoint.witnessed")),
        (note.replace(b"\n300\n", b"\n301\n"), (Kind.UNSIGNED, "checkpoint.witnessed")),
        (note + witnesses[0].line(note, 9), (Kind.QUORUM_MISSING, "checkpoint.witnessed")),
        (note, (Kind.QUORUM_MISSING, "checkpoint.witnessed")),
        (note + witnesses[0].line(log.note(299), 9), (Kind.COSIGNATURE_WRONG, "w0")),
    ):
        with pytest.raises(Wrong) as wrong:
            accepting.witnessed(raw, policy, KEYS)
        assert kind_of(wrong) == told


def test_another_tree_that_the_witnesses_saw_is_a_fork() -> None:
    log, other = MemoryLog(600), MemoryLog(600, 5)

    with pytest.raises(Wrong) as wrong:
        accepting.check_part(told_by(other, 300), held_of(log, 600), fetch_of(log))
    assert kind_of(wrong) == (Kind.FORKED, "size 300")
    with pytest.raises(Wrong) as wrong:
        accepting.check_part(
            told_by(log, 300), held_of(log, 600), lambda _s, w: dict.fromkeys(w, b"")
        )
    assert kind_of(wrong) == (Kind.TILE_DIFFERS, "size 300")


# ── leaves ──────────────────────────────────────────────────────────────────────────────────


def made(event: str = "a:b", *subjects: str, seq: int | None = None, **digests: str) -> bytes:
    return leaf.leaf_bytes(
        EntryId(new_id()),
        NOW,
        event,
        subjects=[Subject(*each.split(":", 1)) for each in subjects],
        payload_sha256="00",
        digests=[Digest(kind, id_, sha) for kind, (id_, sha) in digests.items()],  # type: ignore[misc]
        order_seq=seq,
    )


def read(leaves: list[bytes], first: int = 0, watched: tuple[str, ...] = ()) -> replaying.Part:
    hashes = [merkle.leaf_hash(each) for each in leaves]
    keys = frozenset(heads.subject_hash(each) for each in watched)
    return replaying.read(first, leaves, hashes, keys)


def test_leaves_are_read_as_the_service_reads_them() -> None:
    leaves = [
        made("data:accessed", "order:1", "product:2", "order:1", seq=1),
        made("heads:published", "heads:1", heads=("1", "ab")),
        made("key:registered", "key:k", key=("k", "cd")),
    ]

    part = read(leaves, 10, ("product:2",))

    assert part.numbered == [(10, "1", 1)]
    assert part.claims == [replaying.Claim(11, 1, "ab")]
    assert part.keys == [Digest("key", "k", "cd")]
    assert [(hit.index, hit.subjects) for hit in part.hits] == [
        (10, ("order:1", "product:2", "order:1"))
    ]
    assert [list(each) for each in part.run.subjects] == [
        [heads.subject_hash(s) for s in heads.subjects_of(each)] for each in leaves
    ]
    assert (part.run.heads, part.faults) == ([11], [])


def test_the_heads_of_leaves_are_those_that_the_service_computes() -> None:
    leaves = [made("a:b", f"order:{n % 3}", f"product:{n % 5}") for n in range(40)]
    part = read(leaves)
    grown = dict.fromkeys(set().union(*part.run.subjects), replaying.NO_HEAD)

    replaying.grow(grown, part.run.below(17))
    replaying.grow(grown, part.run.since(17))

    expected = heads.grown({}, list(enumerate(leaves)))
    snapshot = heads.snapshot_of(40, expected.values())
    packed = [replaying.packed(key, grown[key]) for key in sorted(grown)]
    assert packed == [head.packed() for head in snapshot.heads]
    assert [replaying.unpacked(each) for each in packed] == [grown[key] for key in sorted(grown)]
    assert replaying.record_sha256(40, packed) == sha256_hex(canonical(snapshot.record()))


def test_heads_of_very_many_subjects_have_the_same_root_however_they_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = [n.to_bytes(80, "big") for n in range(100)]
    whole = replaying.record_sha256(1, packed)
    monkeypatch.setattr(replaying, "_AT_ONCE", 7)

    assert replaying.record_sha256(1, packed) == whole


def test_leaves_that_wait_come_back_as_they_were() -> None:
    run = read([made("a:b", "order:1"), made("heads:published", heads=("0", "00"))], 5).run

    assert replaying.unspooled(replaying.spooled(run)) == run
    assert run.below(5).hashes == run.since(7).hashes == []
    assert run.since(6).heads == [6]
    assert run.below(99) == run.since(0) == run
    assert run.uncovered_since() == "2026-12-31T23:59:00.000000Z"
    assert run.since(6).uncovered_since() == ""


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", Kind.ENTRY_MALFORMED),
        (b"{}", Kind.ENTRY_MALFORMED),
        (b'{"at":"\xff"}', Kind.ENTRY_MALFORMED),
        (made().replace(b'"subjects":[]', b'"subjects":[1]'), Kind.ENTRY_MALFORMED),
        (made("key:revoked").replace(b'"digests":[]', b'"digests":[1]'), Kind.ENTRY_MALFORMED),
        (made("heads:published"), Kind.HEADS_DIFFER),
        (made("heads:published", heads=("x", "00")), Kind.HEADS_DIFFER),
    ],
)
def test_what_can_not_be_read_is_told_and_the_next_is_read(raw: bytes, kind: Kind) -> None:
    part = read([raw, made("a:b", "order:1")], 3)

    assert [(each.kind, each.about) for each in part.faults][-1] == (kind, "entry 3")
    assert len(part.run.subjects) == len(part.run.ats) == 2


def test_each_break_of_an_order_is_told_once() -> None:
    after, faults = replaying.counted({"a": 3}, [(7, "a", 5), (8, "a", 6), (9, "b", 1)])

    assert after == {"a": 6, "b": 1}
    assert [(each.kind, each.about) for each in faults] == [(Kind.ORDER_BROKEN, "order a at 7")]


# ── times, alerts ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("times", "limits", "kinds"),
    [
        (Times(), Limits(1, 1, 1), []),
        (Times(NOW, NOW, NOW), Limits(), []),
        (Times(NOW, NOW, NOW), Limits(60, 60, 60), []),
        (
            Times(NOW, NOW, NOW),
            Limits(59, 59, 59),
            [Kind.CHECKPOINT_STALE, Kind.HEADS_STALE, Kind.QUORUM_MISSING],
        ),
    ],
)
def test_what_is_older_than_it_may_be_is_told(
    times: Times, limits: Limits, kinds: list[Kind]
) -> None:
    found = freshness.stale(times, limits, NOW + dt.timedelta(seconds=60))

    assert [each.kind for each in found] == kinds


def test_an_instant_that_a_leaf_does_not_name_is_none() -> None:
    assert freshness.instant_of("2026-12-31T23:59:00.000000Z") == NOW
    assert freshness.instant_of("2026-12-31T23:59:00") is None
    assert freshness.instant_of("") is None


def test_an_alert_is_told_as_one_object_and_known_again_by_its_key() -> None:
    alert = Alert(kind=Kind.FORKED, about="size 9", why="two trees")
    told = msgspec.json.decode(line(ORIGIN, alert, since=NOW))

    assert told == {
        "type": "alert",
        "log": ORIGIN,
        "alert": "log_forked",
        "about": "size 9",
        "why": "two trees",
        "key": "log_forked:size 9",
        "since": "2026-12-31T23:59:00.000000Z",
    }
    over = msgspec.json.decode(line(ORIGIN, alert, since=NOW, is_over=True))
    assert over["type"] == "over"
    assert alert.kind in LASTING
    assert Kind.UNREACHABLE not in LASTING


# ── further lines, notices ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("algorithm", [Algorithm.ML_DSA_44, Algorithm.SM2])
def test_a_further_line_is_missed_or_wrong_or_good(algorithm: Algorithm) -> None:
    signer = Signer(Purpose.CHECKPOINT, b"\x17" * 32, algorithm)
    key = FurtherKey(ORIGIN, algorithm, signer.public_key)
    note = MemoryLog(3).note(3)
    text = note.decode().rpartition("\n\n")[0] + "\n"
    said = further_lines.message(key, parse_checkpoint(text), text, 9)
    good = further_lines.line(key, signer.sign_framed(said), 9).encode()

    def kinds(raw: bytes) -> list[Kind]:
        return [each.kind for each in accepting.line_alerts(raw, [key])]

    assert kinds(note) == [Kind.LINE_MISSING]
    assert kinds(note + good) == []
    assert kinds(MemoryLog(2).note(2) + good) == [Kind.LINE_WRONG]


def test_a_line_that_can_not_be_checked_here_is_as_good_as_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unavailable(*_: object) -> bool:
        raise sm2.Sm2Unavailable

    key = FurtherKey(ORIGIN, Algorithm.SM2, b"\x04" + bytes(64))
    note = MemoryLog(3).note(3) + further_lines.line(key, bytes(70), 0).encode()
    monkeypatch.setattr(sm2, "verify", unavailable)

    (alert,) = accepting.line_alerts(note, [key])

    assert alert.kind is Kind.LINE_MISSING
    assert "can not check it" in alert.why


@pytest.mark.parametrize("spelling", [b'"key_notice"', b'"\\u006bey_notice"'])
@pytest.mark.parametrize("event", ["key:announced", "product:described"])
def test_notices_about_the_log_s_keys_are_seen_however_they_are_entered(
    event: str, spelling: bytes
) -> None:
    digests = [Digest("key_notice", "1", "aa"), Digest("key", "2", "bb"), Digest("file", "3", "c")]
    raw = leaf.leaf_bytes(
        EntryId(new_id()), NOW, event, subjects=[], payload_sha256="00", digests=digests
    ).replace(b'"key_notice"', spelling)

    part = replaying.read(7, [raw], [merkle.leaf_hash(raw)])

    assert part.notices == [(7, "aa")]
    assert [each.id for each in part.keys] == (["2"] if event.startswith("key:") else [])
