"""Whoever holds the entries about a subject checks offline that these are all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from catalog.audit_log import merkle
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.model import Subject
from catalog.audit_log.verdict import Findings, Unreadable
from catalog.draws.model import ProvenEntry
from catalog.subject_heads import check, heads
from catalog.subject_heads.model import ENTRIES, SubjectEntries
from market.supervision.check import check_document, check_export
from tests.exports import Export, Maker
from tests.log_of_tests import ORIGIN, signer_of

SIZE = 12


def make_log() -> Maker:
    maker = Maker()
    for number in range(SIZE):
        maker.append(subjects=(Subject("order", str(number % 3)), Subject("product", "1")))
    snapshot = snapshot_of(maker)
    maker.bind("heads", str(SIZE), msgspec.to_builtins(snapshot.record()), columns=("log_size",))
    maker.append(subjects=(Subject("order", "1"),))
    maker.sign()
    return maker


def snapshot_of(maker: Maker) -> heads.Snapshot:
    grown = heads.grown({}, enumerate(maker.leaves[:SIZE]))
    return heads.snapshot_of(SIZE, grown.values())


def entries(subject: str = "order:1", maker: Maker | None = None) -> SubjectEntries:
    maker = maker or make_log()
    edge, full = merkle.Edge().extended([merkle.leaf_hash(leaf) for leaf in maker.leaves])
    tiles = {(0, 0): edge.partials[0], **{(t.level, t.number): t.hashes for t in full}}
    spans = merkle.inclusion_spans(SIZE, len(maker.leaves))
    return SubjectEntries(
        format=ENTRIES,
        proof=heads.prove(snapshot_of(maker), subject),
        bound=ProvenEntry(
            leaf=maker.leaves[SIZE],
            index=SIZE,
            proof=tuple(merkle.hashes_of(spans, tiles)),
            checkpoint=maker.checkpoints[-1][2].decode(),
        ),
        leaves=tuple(leaf for leaf in maker.leaves[:SIZE] if subject in heads.subjects_of(leaf)),
    )


def checked(told: SubjectEntries, key: VerifierKey | None = None) -> tuple[Any, list[str]]:
    found = Findings()
    leaves = check.check_entries(found, told, key or make_log().log_key)
    return leaves, [bad.reason for bad in found.verdict().problems]


def test_the_entries_of_an_order_are_all_of_them() -> None:
    told = entries()

    leaves, problems = checked(told)

    assert problems == []
    assert leaves == told.leaves
    assert len(leaves) == SIZE // 3


def test_that_there_is_none_is_proven_as_well() -> None:
    assert checked(entries("order:none")) == ((), [])


def test_a_subject_with_too_many_entries_is_named_and_not_counted_as_whole() -> None:
    found = Findings()
    told = msgspec.structs.replace(entries(), leaves=None)

    assert check.check_entries(found, told, make_log().log_key) is None
    assert found.verdict().problems == ()
    assert found.verdict().notes == (
        "the entries about order:1 are not in this file; the log has them",
    )


def replaced(**said: Any) -> Callable[[SubjectEntries], SubjectEntries]:
    return lambda told: msgspec.structs.replace(told, **said)


def with_leaves(change: Callable[[list[bytes]], Any]) -> Callable[[SubjectEntries], SubjectEntries]:
    def spoil(told: SubjectEntries) -> SubjectEntries:
        assert told.leaves is not None
        leaves = list(told.leaves)
        change(leaves)
        return msgspec.structs.replace(told, leaves=tuple(leaves))

    return spoil


def of_another_size(told: SubjectEntries) -> SubjectEntries:
    record = msgspec.json.decode(told.proof.record) | {"log_size": SIZE - 1}
    proof = msgspec.structs.replace(told.proof, record=msgspec.json.encode(record))
    return msgspec.structs.replace(told, proof=proof)


def of_a_later_log(told: SubjectEntries) -> SubjectEntries:
    record = msgspec.json.decode(told.proof.record) | {"log_size": SIZE + 1}
    proof = msgspec.structs.replace(told.proof, record=msgspec.json.encode(record))
    return msgspec.structs.replace(told, proof=proof)


def with_another_proof(told: SubjectEntries) -> SubjectEntries:
    bound = msgspec.structs.replace(told.bound, proof=told.bound.proof[:-1])
    return msgspec.structs.replace(told, bound=bound)


def without_its_place(told: SubjectEntries) -> SubjectEntries:
    (place,) = told.proof.places
    moved = msgspec.structs.replace(place, index=place.index + 1)
    return msgspec.structs.replace(told, proof=msgspec.structs.replace(told.proof, places=(moved,)))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (with_leaves(lambda leaves: leaves.pop()), "3 entries are shown, and the log has 4"),
        (with_leaves(lambda leaves: leaves.reverse()), "not in its order"),
        (with_leaves(lambda leaves: leaves.__setitem__(0, leaves[1])), "not in its order"),
        (with_leaves(list.clear), "0 entries are shown, and the log has 4"),
        (of_another_size, "binds other heads"),
        (of_a_later_log, "reach beyond the entry"),
        (with_another_proof, "does not lead to the signed root"),
        (without_its_place, "is not in the tree"),
    ],
)
def test_what_is_left_out_or_altered_is_found(spoil: Any, why: str) -> None:
    leaves, (problem, *_) = checked(spoil(entries()))

    assert leaves is None
    assert why in problem


def test_a_log_with_another_key_proves_nothing() -> None:
    from catalog.signing.purposes import Purpose

    stranger = VerifierKey(ORIGIN, signer_of(Purpose.REPORT).public_key)

    assert checked(entries(), stranger)[0] is None


def test_a_file_of_entries_is_checked_by_itself() -> None:
    raw = msgspec.json.encode(entries())
    verdict = check_document(raw, keys=None, trusted=make_log().log_key)

    assert (verdict.problems, verdict.exit_code) == ((), 0)
    assert verdict.notes == ("these are all 4 entries about order:1",)
    with pytest.raises(Unreadable, match="no entries about a subject"):
        check_document(
            b'{"format":"shushi/subject-entries/1"}', keys=None, trusted=make_log().log_key
        )
    short = msgspec.structs.replace(entries(), leaves=())
    assert check_document(
        msgspec.json.encode(short), keys=None, trusted=make_log().log_key
    ).first_bad


# ── in an export ────────────────────────────────────────────────────────────────────────────


def verdict_of(export: Export) -> list[str]:
    return [str(bad) for bad in check_export(export).problems]


def test_an_export_s_heads_are_computed_again() -> None:
    export = make_log().export()

    assert verdict_of(export) == []
    assert check_export(export).counts["heads computed again"] == 1


def test_heads_that_hide_an_entry_are_found_although_the_log_binds_them() -> None:
    maker = Maker()
    for number in range(SIZE):
        maker.append(subjects=(Subject("order", str(number % 3)),))
    hidden = heads.grown({}, enumerate(maker.leaves[1:SIZE]))
    record = heads.snapshot_of(SIZE, hidden.values()).record()
    maker.bind("heads", str(SIZE), msgspec.to_builtins(record), columns=("log_size",))
    maker.sign()

    assert verdict_of(maker.export()) == [f"heads {SIZE}: the leaves below it give other heads"]


def test_heads_of_a_log_that_is_longer_than_ours_are_found() -> None:
    maker = Maker()
    maker.append()
    record = heads.snapshot_of(99, ()).record()
    maker.bind("heads", "99", msgspec.to_builtins(record), columns=("log_size",))
    maker.sign()

    assert verdict_of(maker.export()) == ["heads 99: the log does not reach so far"]


def test_what_is_no_record_and_what_is_no_leaf_are_named_elsewhere() -> None:
    unreadable = make_log().export()
    unreadable.files["records/heads.jsonl"] += b"{}\n"
    broken = Maker()
    broken.leaves.append(b"no leaf")
    broken.bind("heads", "5", {"any": "record"})
    broken.sign()

    assert any("heads.jsonl line 2" in each for each in verdict_of(unreadable))
    found = Findings()
    check.check_records(broken.export(), found)
    assert found.verdict().problems == ()


# ── the example of FORMAT.md ────────────────────────────────────────────────────────────────


def test_the_example_is_what_the_code_makes_and_is_genuine() -> None:
    from tests.vectors import regenerate_subject_heads as vector

    held = msgspec.json.decode(vector.PATH.read_bytes())

    assert held == msgspec.json.decode(msgspec.json.encode(vector.example()))
    for raw, count in zip(held["entries"], (2, 0), strict=True):
        verdict = check_document(msgspec.json.encode(raw), keys=None, trusted=vector.KEY)
        assert verdict.problems == ()
        assert verdict.counts["complete subjects"] == 1
        assert len(raw["leaves"]) == count


def test_the_example_is_computed_with_nothing_but_sha256() -> None:
    from tests.vectors import regenerate_subject_heads as vector

    held = msgspec.json.decode(vector.PATH.read_bytes())
    record = msgspec.json.decode(held["record"])
    counted: dict[str, tuple[int, int, bytes]] = {}
    for index, leaf in enumerate(held["leaves"][: record["log_size"]]):
        leaf_hash = hashlib.sha256(b"\0" + leaf.encode()).digest()
        for each in msgspec.json.decode(leaf)["subjects"]:
            key = f"{each['kind']}:{each['id']}"
            count, _, chain = counted.get(key, (0, 0, bytes(32)))
            chain = hashlib.sha256(b"\2" + chain + leaf_hash).digest()
            counted[key] = (count + 1, index, chain)
    heads_of_it = sorted(
        hashlib.sha256(key.encode()).digest()
        + count.to_bytes(8, "big")
        + last.to_bytes(8, "big")
        + chain
        for key, (count, last, chain) in counted.items()
    )

    assert [each.hex() for each in heads_of_it] == held["heads"]
    assert merkle.root_of(heads_of_it).hex() == record["root"]
