"""Heads prove of a subject that these are all its entries, or that there are none."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.leaf import leaf_bytes
from catalog.audit_log.merkle import leaf_hash
from catalog.audit_log.model import EntryId, Subject
from catalog.subject_heads import heads
from catalog.subject_heads.model import Head, HeadProof, unpacked

AT = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def make_leaf(number: int, *subjects: str) -> bytes:
    return leaf_bytes(
        EntryId(uuid.UUID(int=number)),
        AT,
        "order:placed",
        subjects=[Subject(*each.split(":", 1)) for each in subjects],
        payload_sha256="00" * 32,
    )


def make_log(named: list[tuple[str, ...]]) -> list[bytes]:
    return [make_leaf(number, *subjects) for number, subjects in enumerate(named)]


def make_snapshot(log: list[bytes], step: int = 3) -> heads.Snapshot:
    held: dict[bytes, Head] = {}
    for start in range(0, len(log), step):
        batch = [(start + i, leaf) for i, leaf in enumerate(log[start : start + step])]
        held |= heads.grown(held, batch)
    return heads.snapshot_of(len(log), held.values())


logs = st.lists(
    st.lists(st.sampled_from([f"order:{n}" for n in range(9)] + ["product:1"]), max_size=3).map(
        lambda each: tuple(dict.fromkeys(each))
    ),
    max_size=40,
)


@given(named=logs, step=st.integers(1, 7))
def test_every_subject_is_proven_complete_and_every_other_absent(
    named: list[tuple[str, ...]], step: int
) -> None:
    log = make_log(named)
    snapshot = make_snapshot(log, step)

    for subject in [*(f"order:{n}" for n in range(9)), "product:1", "product:2"]:
        record, head = heads.check(heads.prove(snapshot, subject))
        about = [index for index, subjects in enumerate(named) if subject in subjects]
        assert record.log_size == len(log)
        if not about:
            assert head is None
            continue
        assert head is not None
        assert (head.count, head.last_index) == (len(about), about[-1])
        assert head.chain == heads.chain_of(log[index] for index in about)


def test_however_the_log_is_read_the_snapshot_is_the_same() -> None:
    log = make_log([("order:1", "product:1"), ("order:2",), ("order:1",)] * 200)

    assert make_snapshot(log, 1).record() == make_snapshot(log, 600).record()


def test_a_leaf_counts_once_for_a_subject_and_the_heads_are_no_subject() -> None:
    leaf = make_leaf(1, "order:1", "heads:7", "order:1")

    assert heads.subjects_of(leaf) == ("order:1",)


def test_a_head_is_eighty_bytes() -> None:
    head = Head(b"\x01" * 32, 7, 9, b"\x02" * 32)

    assert unpacked(head.packed()) == head
    with pytest.raises(ValueError, match="80 bytes"):
        unpacked(head.packed()[:-1])


def test_heads_are_kept_in_bundles_as_wide_as_a_tile() -> None:
    snapshot = make_snapshot(make_log([(f"order:{n}",) for n in range(300)]), 50)

    first, second = heads.bundled(snapshot.heads)

    assert (len(first), len(second)) == (256 * 80, 44 * 80)
    assert heads.unbundled(first) + heads.unbundled(second) == snapshot.heads
    with pytest.raises(ValueError, match="80 bytes"):
        heads.unbundled(first[:-1])


def test_what_is_drawn_up_is_what_a_snapshot_says_and_stands_again_in_the_next() -> None:
    snapshot = make_snapshot(make_log([(f"order:{n}",) for n in range(300)]), 50)

    drawn_up = heads.draw_up(snapshot.log_size, reversed(snapshot.heads))

    assert drawn_up.record == snapshot.record()
    assert drawn_up.bundles == heads.bundled(snapshot.heads)
    assert drawn_up.tiles == heads.tiles_of(snapshot.hashes())
    assert heads.standing(drawn_up.bundles) == {each.subject_hash: each for each in snapshot.heads}


def test_a_tree_of_full_tiles_has_no_unfinished_one() -> None:
    snapshot = make_snapshot(make_log([(f"order:{n}",) for n in range(256)]), 64)

    assert sorted(heads.tiles_of(snapshot.hashes())) == [(0, 0), (1, 0)]
    assert heads.check(heads.prove(snapshot, "order:9"))[1] is not None


def proven(subject: str = "order:1") -> HeadProof:
    return heads.prove(make_snapshot(make_log([(f"order:{n}",) for n in range(5)])), subject)


def with_record(proof: HeadProof, **said: Any) -> HeadProof:
    record = msgspec.json.decode(proof.record) | said
    return msgspec.structs.replace(proof, record=msgspec.json.encode(record))


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (lambda p: msgspec.structs.replace(p, record=b"{}"), "can not be read"),
        (lambda p: with_record(p, format="other/1"), "of the format other/1"),
        (lambda p: with_record(p, root="zz"), "can not be read"),
        (lambda p: with_record(p, root="00" * 32), "is not in the tree"),
        (lambda p: with_record(p, log_size=1), "that the log did not have"),
        (lambda p: msgspec.structs.replace(p, places=()), "leave a place"),
    ],
)
def test_a_proof_that_is_not_what_it_says_proves_nothing(spoiled: Any, why: str) -> None:
    with pytest.raises(heads.HeadsDiffer, match=why):
        heads.check(spoiled(proven()))


def test_an_altered_head_proves_nothing() -> None:
    (place,) = proven().places
    head = unpacked(place.head)
    fewer = msgspec.structs.replace(head, count=head.count + 1)
    altered = msgspec.structs.replace(place, head=fewer.packed())

    with pytest.raises(heads.HeadsDiffer, match="is not in the tree"):
        heads.check(msgspec.structs.replace(proven(), places=(altered,)))


def test_absence_needs_both_neighbours() -> None:
    absent = proven("order:77")
    assert heads.check(absent)[1] is None

    for kept in absent.places:
        with pytest.raises(heads.HeadsDiffer, match="leave a place"):
            heads.check(msgspec.structs.replace(absent, places=(kept,)))


def test_the_record_is_what_the_log_binds() -> None:
    snapshot = make_snapshot(make_log([("order:1",)]))

    assert heads.record_sha256(heads.prove(snapshot, "order:1")) == heads.record_sha256(
        heads.prove(snapshot, "order:2")
    )
    assert snapshot.record().root == leaf_hash(snapshot.heads[0].packed()).hex()
