"""A trace is checked offline, and whatever is changed in it is found."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import uuid
from typing import Any

import msgspec
import pytest

from catalog.audit_log import merkle
from catalog.audit_log.checkpoint import Checkpoint, VerifierKey, signed_note
from catalog.audit_log.export_format import KeyRow, Keys
from catalog.audit_log.leaf import commitment, leaf_bytes, payload_bytes
from catalog.audit_log.model import Digest, Entry, EntryId, InclusionProof, Subject
from catalog.audit_log.verdict import Unreadable, Verdict
from catalog.kernel.actor import PUBLIC
from catalog.signing.model import Signature
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.supervision.model import Signed
from market.supervision.trace import (
    FORMAT,
    Stage,
    Trace,
    TracedRecord,
    bound_records,
    in_stages,
    leading_subjects,
    stage_of,
)
from market.supervision.trace_verify import read_trace, verify

ORIGIN = "shushi.test/log"
SIGNER = Signer(Purpose.CHECKPOINT, bytes(range(32)))
KEY = VerifierKey(ORIGIN, SIGNER.public_key)
SALT = bytes(16)
PRODUCT = f"product:{uuid.UUID(int=9)}"
RECORD = b'{"number":"HN-1"}'
STORY: tuple[tuple[str, tuple[str, ...], int | None], ...] = (
    ("product:described", (PRODUCT,), None),
    ("application:submitted", ("application:a", PRODUCT), None),
    ("compliance_opinion:recorded", ("application:a",), None),
    ("certificate:issued", ("certificate:HN-1", "application:a"), None),
    ("order:placed", ("order:o", PRODUCT, "party:p"), 1),
    ("data:accessed", ("order:o",), 2),
    ("timer:overdue", ("order:o",), None),
)


def make_entry(index: int | None, event: str, about: tuple[str, ...], seq: int | None) -> Entry:
    entry_id = EntryId(uuid.UUID(int=(index or 0) + 1))
    at = dt.datetime(2026, 3, 2, 1, index or 0, tzinfo=dt.UTC)
    payload = payload_bytes(PUBLIC, facts={"n": index})
    subjects = tuple(Subject(*key.split(":")) for key in about)
    digests = (
        (
            Digest("certificate", "HN-1", hashlib.sha256(RECORD).hexdigest()),
            Digest("material", "m", hashlib.sha256(b"kept elsewhere").hexdigest()),
        )
        if event == "certificate:issued"
        else ()
    )
    leaf = leaf_bytes(
        entry_id,
        at,
        event,
        subjects=subjects,
        payload_sha256=commitment(SALT, payload),
        digests=digests,
        rules=("SIX-4",),
        order_seq=seq,
    )
    return Entry(
        id=entry_id,
        at=at,
        event=event,
        subjects=subjects,
        index=index,
        leaf=leaf,
        payload=msgspec.json.decode(payload),
        salt=SALT,
    )


def make_trace(story: Any = STORY, **changed: Any) -> Trace:
    entries = [make_entry(i, *each) for i, each in enumerate(story)]
    hashes = [merkle.leaf_hash(entry.leaf) for entry in entries]
    size, root = len(entries), merkle.root_of(entry.leaf for entry in entries)
    proofs = {}
    tile = {(0, 0): b"".join(hashes)}
    for index in range(size):
        steps = merkle.hashes_of(merkle.inclusion_spans(index, size), tile)
        proofs[index] = InclusionProof(index, size, root, hashes[index], tuple(steps))
    checkpoint = Checkpoint(ORIGIN, size, root)
    note = signed_note(checkpoint, KEY, SIGNER.sign(checkpoint.text().encode()))
    values: dict[str, Any] = {
        "format": FORMAT,
        "product_id": uuid.UUID(int=9),
        "product_name": "海口市道路客流指数",
        "traced_at": dt.datetime(2026, 4, 1, tzinfo=dt.UTC),
        "checkpoint": Signed(size=size, root=base64.b64encode(root).decode(), note=note.decode()),
        "stages": in_stages(entries, proofs),
        "records": (TracedRecord(kind="certificate", id="HN-1", record=RECORD),),
        "waiting_count": 0,
        "is_complete": True,
    }
    return Trace(**values | changed)


def reasons(verdict: Verdict) -> list[tuple[str, str]]:
    return [(bad.kind, bad.id) for bad in verdict.problems]


def changed_entry(trace: Trace, stage: Stage, **changed: Any) -> Trace:
    stages = tuple(
        msgspec.structs.replace(
            each,
            entries=(msgspec.structs.replace(each.entries[0], **changed), *each.entries[1:]),
        )
        if each.stage is stage
        else each
        for each in trace.stages
    )
    return msgspec.structs.replace(trace, stages=stages)


def test_a_genuine_trace_is_genuine_after_its_journey_as_json() -> None:
    raw = msgspec.json.encode(make_trace())

    verdict = verify(read_trace(raw), KEY)

    assert verdict.problems == ()
    assert verdict.counts == {"entries": 7, "records of certificate": 1}


def test_a_line_stands_under_its_steps_in_their_order() -> None:
    trace = make_trace()

    assert [each.stage for each in trace.stages] == [
        Stage.PRODUCT,
        Stage.APPLICATION,
        Stage.OPINION,
        Stage.CERTIFICATE,
        Stage.ORDER,
        Stage.USAGE,
        Stage.OTHER,
    ]
    assert stage_of("journal:posted") is Stage.JOURNAL


def test_a_line_leads_on_to_cases_but_not_to_people() -> None:
    entries = [make_entry(i, *each) for i, each in enumerate(STORY)]

    assert leading_subjects(entries) == {
        PRODUCT,
        "application:a",
        "certificate:HN-1",
        "order:o",
    }
    assert [digest.id for digest in bound_records(entries)] == ["HN-1", "m"]


@pytest.mark.parametrize(
    ("stage", "changed", "found"),
    [
        (Stage.ORDER, {"leaf": b"{}"}, ("entry", "4")),
        (Stage.ORDER, {"proof": ()}, ("entry", "4")),
        (Stage.ORDER, {"index": 3}, ("entry", "3")),
        (Stage.ORDER, {"event": "order:paid"}, ("entry", "4")),
        (Stage.ORDER, {"rules": ()}, ("entry", "4")),
        (Stage.ORDER, {"at": dt.datetime(2026, 3, 1, tzinfo=dt.UTC)}, ("entry", "4")),
        (Stage.ORDER, {"payload": {"facts": "others"}}, ("entry", "4")),
        (Stage.ORDER, {"payload": {"too large": 2**60}}, ("entry", "4")),
        (Stage.ORDER, {"salt": b"\1" * 16}, ("entry", "4")),
        (Stage.CERTIFICATE, {"digests": ()}, ("entry", "3")),
    ],
)
def test_a_changed_entry_is_named(
    stage: Stage, changed: dict[str, Any], found: tuple[str, str]
) -> None:
    verdict = verify(changed_entry(make_trace(), stage, **changed), KEY)

    assert found in reasons(verdict)


def test_any_flipped_bit_of_a_leaf_is_found() -> None:
    trace = make_trace()
    leaf = trace.stages[0].entries[0].leaf

    for at in range(len(leaf)):
        flipped = leaf[:at] + bytes([leaf[at] ^ 1]) + leaf[at + 1 :]
        verdict = verify(changed_entry(trace, Stage.PRODUCT, leaf=flipped), KEY)
        assert reasons(verdict)[0] == ("entry", "0")


def test_a_changed_record_is_named() -> None:
    record = TracedRecord(kind="certificate", id="HN-1", record=RECORD + b" ")

    assert reasons(verify(make_trace(records=(record,)), KEY)) == [("certificate", "HN-1")]


def test_a_record_left_out_is_named() -> None:
    assert reasons(verify(make_trace(records=()), KEY)) == [("certificate", "HN-1")]


def test_a_record_of_another_kind_may_be_kept_elsewhere() -> None:
    trace = make_trace()
    dossier = TracedRecord(kind="dossier", id="a", record=b"x")

    verdict = verify(msgspec.structs.replace(trace, records=(*trace.records, dossier)), KEY)

    assert verdict.problems == ()
    assert verdict.notes[0] == "nothing in the trace binds dossier a yet"


def test_a_use_left_out_of_a_numbered_line_is_found() -> None:
    numbered = (*STORY, ("data:accessed", ("order:o",), 3))
    trace = make_trace(numbered)
    usage = next(each for each in trace.stages if each.stage is Stage.USAGE)
    shorter = msgspec.structs.replace(usage, entries=usage.entries[1:])
    stages = tuple(shorter if each is usage else each for each in trace.stages)

    verdict = verify(msgspec.structs.replace(trace, stages=stages), KEY)

    assert reasons(verdict) == [("order", "o")]


def test_an_entry_that_waits_or_has_no_payload_is_noted_and_not_wrong() -> None:
    trace = changed_entry(make_trace(), Stage.OTHER, index=None, proof=None)
    trace = changed_entry(trace, Stage.PRODUCT, payload=None, salt=None)

    verdict = verify(msgspec.structs.replace(trace, is_complete=False, waiting_count=1), KEY)

    assert verdict.problems == ()
    assert len(verdict.notes) == 4  # no keys were given either


def test_entries_without_a_place_come_last() -> None:
    waiting = make_entry(None, "order:placed", ("order:o",), None)
    placed = make_entry(7, "order:paid", ("order:o",), None)

    (stage,) = in_stages([waiting, placed], {})

    assert [entry.event for entry in stage.entries] == ["order:paid", "order:placed"]
    assert [entry.index for entry in stage.entries] == [None, None]  # nothing proves them yet


@pytest.mark.parametrize(
    "changed",
    [
        {"note": "nothing signed"},
        {"size": 8},
        {"root": base64.b64encode(bytes(32)).decode()},
    ],
)
def test_a_checkpoint_that_does_not_hold_ends_the_check(changed: dict[str, Any]) -> None:
    trace = make_trace()
    checkpoint = msgspec.structs.replace(trace.checkpoint, **changed)

    verdict = verify(msgspec.structs.replace(trace, checkpoint=checkpoint), KEY)

    assert [bad.kind for bad in verdict.problems] == ["checkpoint"]
    assert verdict.counts == {}


def test_a_checkpoint_of_another_key_is_not_believed() -> None:
    other = VerifierKey(ORIGIN, Signer(Purpose.CHECKPOINT, bytes(32)).public_key)

    assert [bad.kind for bad in verify(make_trace(), other).problems] == ["checkpoint"]


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"\xff", msgspec.json.encode(make_trace(format="shushi/trace/0"))]
)
def test_what_is_no_trace_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_trace(raw)


def test_a_trace_is_of_its_product_and_its_entries_stand_once_where_they_belong() -> None:
    trace = make_trace()
    product, application, *rest = trace.stages
    other = msgspec.structs.replace(trace, product_id=uuid.UUID(int=8))
    assert "no entry is about this product" in str(verify(other, KEY).first_bad)

    doubled = msgspec.structs.replace(product, entries=product.entries * 2)
    twice = msgspec.structs.replace(trace, stages=(doubled, application, *rest))
    assert "stands there twice" in str(verify(twice, KEY).first_bad)

    moved = msgspec.structs.replace(product, entries=product.entries + application.entries)
    elsewhere = msgspec.structs.replace(trace, stages=(moved, *rest))
    assert "does not belong under product" in str(verify(elsewhere, KEY).first_bad)

    swapped = msgspec.structs.replace(trace, stages=(application, product, *rest))
    assert "its steps stand out of order" in str(verify(swapped, KEY).first_bad)

    story = (*STORY, ("data:accessed", ("order:o",), 3))
    longer = make_trace(story)
    stages = tuple(
        msgspec.structs.replace(each, entries=each.entries[::-1])
        if each.stage is Stage.USAGE
        else each
        for each in longer.stages
    )
    reversed_ = msgspec.structs.replace(longer, stages=stages)
    assert "stands out of order" in str(verify(reversed_, KEY).first_bad)


def test_the_number_of_entries_that_wait_is_what_it_says() -> None:
    miscounted = msgspec.structs.replace(make_trace(), waiting_count=2)

    assert "0 entries wait, not 2" in str(verify(miscounted, KEY).first_bad)


def test_the_signatures_of_its_records_are_checked_with_the_keys_given() -> None:
    signer = Signer(Purpose.CERTIFICATE, bytes(range(32)))
    row = KeyRow(
        key_id=signer.key_id,
        purpose="certificate",
        algorithm="ed25519",
        public_key=signer.public_key,
        valid_from="2026-01-01T00:00:00.000000Z",
    )
    other = msgspec.structs.replace(row, purpose="report")
    false = msgspec.structs.replace(row, public_key=bytes(32))
    good = signer.seal(RECORD)
    bad = msgspec.structs.replace(good, value=bytes(64))
    confused = msgspec.structs.replace(good, algorithm="sm2")

    def found(key: KeyRow, *signatures: Signature) -> Verdict:
        record = TracedRecord(kind="certificate", id="HN-1", record=RECORD, signatures=signatures)
        return verify(make_trace(records=(record,)), KEY, Keys(None, [key]))

    genuine = found(row, good)
    assert (genuine.problems, genuine.counts["signatures"]) == ((), 1)
    for verdict, reason in (
        (found(row), "it bears no signature"),
        (found(other, good), "is not known for this"),
        (found(false, good), "its signature does not verify"),
        (found(row, bad), "its signature does not verify"),
        (found(row, confused), "its signature names sm2, its key has ed25519"),
    ):
        assert verdict.first_bad is not None
        assert verdict.first_bad.kind == "certificate"
        assert reason in verdict.first_bad.reason
