"""The log knows a bundle as a whole: whoever has only the key for statements changes no byte of it unseen."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.audit_log import merkle, receipts, tiles
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import leaf_bytes, read_leaf
from catalog.audit_log.model import Appended, Digest, EntryId
from catalog.audit_log.sequencer.operations.publishing import LogSigner
from catalog.audit_log.verdict import Fault, Verdict
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.proof_bundles import archive, sealing
from market.proof_bundles.model import ENTRY, ENVELOPE, MANIFEST, RECEIPT, SUMS
from tests.bundle_tampering import Parts, first_bad, resealed, verdict_of, with_json
from tests.exports import Export
from tests.log_of_tests import ORIGIN, signer_of
from tests.order_in_memory import OrderInMemory


@pytest.fixture(scope="module")
def order() -> OrderInMemory:
    return OrderInMemory(uses=4)


@pytest.fixture(scope="module")
def genuine(order: OrderInMemory) -> Parts:
    return archive.unpack(order.bundle())


def fault_of(verdict: Verdict, member: str) -> str | None:
    return next((bad.fault for bad in verdict.problems if bad.id == member), None)


def test_every_member_is_in_the_entry_or_is_the_entry_itself(genuine: Parts) -> None:
    told = {each.id: each for each in read_leaf(genuine[ENTRY]).digests}

    verdict = verdict_of(genuine)

    assert verdict.problems == ()
    assert verdict.counts["members in the log"] == len(genuine) - 2
    assert verdict.counts["receipt"] == 1
    named = {name for name in told if told[name].kind == "proof_bundle_member"}
    assert named == set(genuine) - {MANIFEST, ENTRY, RECEIPT}
    assert any("给出 --log" in note or "give --log" in note for note in verdict.notes)


@pytest.mark.parametrize("name", ["README.txt", "check.go", "contract-signatures.json"])
def test_what_nothing_else_answers_for_is_named_though_it_is_signed_anew(
    order: OrderInMemory, genuine: Parts, name: str
) -> None:
    parts = dict(genuine)
    parts[name] = parts[name].replace(b"03", b"04", 1).replace(b"OpenSSL", b"openssl", 1)
    parts[name] = parts[name].replace(b"package main", b"package  main", 1)
    assert parts[name] != genuine[name]

    verdict = verdict_of(resealed(parts, order.statement))

    assert first_bad(verdict) == ("member", name, Fault.NOT_BOUND)
    assert fault_of(verdict, SUMS) == fault_of(verdict, MANIFEST) == Fault.NOT_BOUND


@pytest.mark.parametrize(
    "told", [{"reader": "authority"}, {"is_witnessed": True}], ids=["reader", "witnessed"]
)
def test_a_plain_field_of_the_manifest_is_named_though_it_is_signed_anew(
    order: OrderInMemory, genuine: Parts, told: dict[str, Any]
) -> None:
    verdict = verdict_of(resealed(genuine, order.statement, **told))

    assert first_bad(verdict) == ("member", MANIFEST, Fault.NOT_BOUND)


def test_every_byte_of_every_member_is_bound(order: OrderInMemory, genuine: Parts) -> None:
    for name, raw in genuine.items():
        for at in {0, len(raw) // 3, len(raw) // 2, len(raw) - 1}:
            for changed in (raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :], raw + b" "):
                parts = dict(genuine) | {name: changed}
                assert verdict_of(parts).problems, (name, at)
                if name not in (*ENVELOPE, SUMS):
                    assert verdict_of(resealed(parts, order.statement)).problems, (name, at)


def test_a_member_that_the_entry_knows_and_that_was_taken_out_is_named(
    order: OrderInMemory, genuine: Parts
) -> None:
    # of the whole group, so that nothing else of the bundle misses it
    some = OrderInMemory(uses=4, release="", is_contracted=False, is_certified=False)
    whole = archive.unpack(some.bundle())
    less = {name: raw for name, raw in whole.items() if name != "grant.json"}

    verdict = verdict_of(resealed(less, some.statement))

    assert fault_of(verdict, "grant.json") is not None
    assert any((bad.id, bad.fault) == ("grant.json", Fault.NOT_BOUND) for bad in verdict.problems)


def other_entry(order: OrderInMemory, genuine: Parts, **changes: Any) -> Parts:
    """Return the members with another entry, and a receipt for it by the genuine key."""
    values: dict[str, Any] = {
        "event": Event.PROOF_BUNDLE_ISSUED,
        "digests": sealing.digests_of(genuine),
        "signer": order.receipt,
        "log": "shushi.example/log",
    } | changes
    entry_id = EntryId(order.id())
    leaf = leaf_bytes(
        entry_id,
        order.now,
        values["event"],
        subjects=[],
        payload_sha256="00" * 32,
        digests=values["digests"],
    )
    entry = Appended(entry_id, leaf)
    document = receipts.drawn_up(entry, log=values["log"], now=order.now)
    receipt = receipts.packed(document, values["signer"].seal(document))
    return sealing.entered(genuine, entry, receipt)


@pytest.mark.parametrize(
    ("changes", "member", "fault"),
    [
        ({"event": Event.GRANT_CREATED}, ENTRY, Fault.CONTENT_DIFFERS),
        ({"digests": [Digest("proof_bundle", "x", "00" * 32)]}, "README.txt", Fault.NOT_BOUND),
        ({"log": "another.example/log"}, RECEIPT, Fault.CONTENT_DIFFERS),
    ],
    ids=["another event", "another bundle", "another log"],
)
def test_an_entry_that_is_none_of_this_bundle_is_named(
    order: OrderInMemory, genuine: Parts, changes: dict[str, Any], member: str, fault: Fault
) -> None:
    verdict = verdict_of(other_entry(order, genuine, **changes))

    assert first_bad(verdict) == ("member", member, fault)


def test_a_receipt_by_another_key_or_for_another_entry_is_named(
    order: OrderInMemory, genuine: Parts
) -> None:
    thief = Signer(Purpose.RECEIPT, b"\x07" * 32)
    other = other_entry(order, genuine)
    mixed = genuine | {RECEIPT: other[RECEIPT]}

    forged = verdict_of(other_entry(order, genuine, signer=thief))
    confused = verdict_of(other_entry(order, genuine, signer=signer_of(Purpose.REPORT)))

    assert first_bad(forged)[::2] == ("receipt", Fault.KEY_UNKNOWN)
    assert first_bad(confused)[::2] == ("receipt", Fault.KEY_UNKNOWN)
    assert verdict_of(other).problems == ()
    assert first_bad(verdict_of(mixed)) == ("member", RECEIPT, Fault.CONTENT_DIFFERS)


def test_entry_and_receipt_are_what_their_names_say(order: OrderInMemory, genuine: Parts) -> None:
    spaced = dict(genuine)
    with_json(spaced, RECEIPT, lambda told: told.update(document="bm9uZQ=="))
    rewritten = dict(genuine)
    rewritten[RECEIPT] = genuine[RECEIPT].replace(b",", b", ", 1)

    for parts, member in (
        (genuine | {ENTRY: b"{}"}, ENTRY),
        (genuine | {RECEIPT: b"{}"}, RECEIPT),
        (spaced, RECEIPT),
        (rewritten, RECEIPT),
    ):
        assert first_bad(verdict_of(parts)) == ("member", member, Fault.MALFORMED)
    for member in (ENTRY, RECEIPT):
        less = {name: raw for name, raw in genuine.items() if name != member}
        assert first_bad(verdict_of(less)) == ("member", member, Fault.MEMBER_MISSING)
    with pytest.raises(AssertionError, match="the log does not know"):
        sealing.packed({name: raw for name, raw in genuine.items() if name not in ENVELOPE})


def test_a_receipt_that_is_signed_and_not_canonical_is_named(
    order: OrderInMemory, genuine: Parts
) -> None:
    told = msgspec.json.decode(genuine[RECEIPT])
    document = msgspec.convert(told["document"], bytes).replace(b",", b", ", 1)
    held = receipts.packed(document, order.receipt.seal(document))
    parts = genuine | {RECEIPT: receipts.unpacked(held)}

    assert first_bad(verdict_of(parts)) == ("member", RECEIPT, Fault.CONTENT_DIFFERS)


def log_of(order: OrderInMemory, *more: bytes) -> Export:
    """Return the log some time later, as anybody may read it."""
    leaves = [*order.leaves, *more]
    note = LogSigner(ORIGIN, order.log_signer).note(
        len(leaves), merkle.root_of(leaves), previous=0, now=order.now
    )
    path = str(tiles.TilePath(None, 0, len(leaves)))
    return Export({"checkpoint": note, path: tiles.pack(leaves)})


def test_with_the_log_the_entry_of_the_bundle_is_found_in_it_or_is_missing(
    order: OrderInMemory, genuine: Parts
) -> None:
    much_later = order.now + dt.timedelta(hours=1)
    later = leaf_bytes(
        EntryId(order.id()), much_later, "order:placed", subjects=[], payload_sha256="00" * 32
    )

    kept = verdict_of(genuine, log=log_of(order, genuine[ENTRY]))
    dropped = verdict_of(genuine, log=log_of(order, later))
    not_yet = verdict_of(genuine, log=log_of(order))

    assert kept.problems == ()
    assert kept.counts["receipts kept"] == 1
    assert first_bad(dropped)[::2] == ("receipt", Fault.NOT_BOUND)
    assert not_yet.problems == ()
    assert any("does not reach beyond" in note for note in not_yet.notes)
