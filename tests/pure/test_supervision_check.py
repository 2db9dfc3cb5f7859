"""Whatever the service hands out is checked by what it is; reports are computed again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log.model import Subject
from catalog.audit_log.verdict import Fault, Unreadable, Verdict
from catalog.kernel.workdays import Calendar
from catalog.signing.purposes import Purpose
from market.supervision.check import check_document, check_export
from market.supervision.from_export import recompute
from market.supervision.report import compute, document
from tests.exports import Export, Maker, small_market
from tests.log_of_tests import signer_of
from tests.makers_supervision import make_header
from tests.pure.test_certificates_check import Life
from tests.pure.test_trace import make_trace
from tests.vectors.regenerate_usage_statement import statement

REPORT = signer_of(Purpose.REPORT)


def reported(change: Any = None) -> tuple[Maker, Export]:
    """Return an export with a report that its service signed, changed before if wanted."""
    maker = Maker()
    maker.register(maker.signer)
    maker.register(REPORT)
    for _ in range(3):
        maker.append("application:submitted", subjects=(Subject("application", "a"),))
    maker.sign()
    base = make_header()
    size, _, note, _ = maker.checkpoints[-1]
    checkpoint = msgspec.structs.replace(base.checkpoint, size=size, note=note.decode())
    header = msgspec.structs.replace(base, checkpoint=checkpoint)
    empty = document(compute(header, [], [], Calendar()))
    record = recompute(maker.export(), empty)
    told = msgspec.json.decode(record)
    if change is not None:
        change(told)
    maker.bind("report", str(told["id"]), told, REPORT)
    maker.sign()
    return maker, maker.export()


def first(verdict: Verdict) -> str:
    return str(verdict.first_bad)


def file_of(export: Export) -> bytes:
    (row,) = export.rows("records/report.jsonl")
    return msgspec.json.encode(
        {
            "type": "shushi/report/1",
            "document": row["record"],
            "signature": {"key_id": REPORT.key_id, "value": row["signatures"][0]["value"]},
        }
    )


def keys_of(export: Export) -> form.Keys:
    return msgspec.json.decode(export.files["keys.json"], type=form.Keys)


def test_a_report_is_computed_again_from_its_export() -> None:
    maker, export = reported()

    verdict = check_export(export, maker.log_key)

    assert verdict.problems == ()
    assert verdict.counts["reports computed again"] == 1


def test_a_signed_report_that_the_log_does_not_give_is_named_with_the_first_difference() -> None:
    def invent(told: Any) -> None:
        told["sections"][1]["figures"][0]["value"] += 1

    maker, export = reported(invent)

    found = first(check_export(export, maker.log_key))
    assert found.startswith("report 00000000-0000-0000-0000-000000000001: computed again it")
    assert found.endswith("first at /sections/1/figures/0/value")
    alone = check_document(file_of(export), keys=keys_of(export), log=export)
    assert first(alone) == found


def test_what_can_not_be_computed_again_is_named() -> None:
    maker, export = reported(lambda told: told.pop("header"))

    assert "it can not be computed again" in first(check_export(export, maker.log_key))


def test_a_report_of_another_layout_is_named_and_not_compared_though_its_signature_is_checked() -> (
    None
):
    maker, export = reported(lambda told: told["header"].pop("layout"))

    verdict = check_export(export, maker.log_key)
    alone = check_document(file_of(export), keys=keys_of(export), log=export)

    assert verdict.problems == alone.problems == ()
    for found in (verdict, alone):
        assert "reports computed again" not in found.counts
        assert any("was made by layout 1 and was not computed again" in n for n in found.notes)
    assert alone.counts["report"] == 1


def test_an_export_without_payloads_says_that_nothing_was_computed_again() -> None:
    maker, export = reported()
    manifest = msgspec.json.decode(export.files["manifest.json"])
    export.files["manifest.json"] = msgspec.json.encode({**manifest, "payloads": False})

    verdict = check_export(export, maker.log_key)

    assert verdict.problems == ()
    assert any("1 reports were not computed again" in note for note in verdict.notes)
    alone = check_document(file_of(export), keys=keys_of(export), log=export)
    assert (alone.problems, alone.counts["report"]) == ((), 1)
    assert "reports computed again" not in alone.counts


def test_a_manifest_and_a_report_line_that_are_unreadable_are_named_once() -> None:
    maker, export = reported()
    export.files["records/report.jsonl"] += b"{\n"
    assert "is not readable" in first(check_export(export, maker.log_key))

    export.files["manifest.json"] = b"{"
    verdict = check_export(export, maker.log_key)
    assert [bad.kind for bad in verdict.problems] == ["file", "file"]


def test_a_report_alone_is_computed_again_where_the_log_is_at_hand() -> None:
    _, export = reported()
    raw, keys = file_of(export), keys_of(export)

    assert check_document(raw, keys=keys).counts == {"report": 1}
    assert check_document(raw, keys=keys, log=export).counts["reports computed again"] == 1
    stranger = small_market(20, with_report=False).export()
    unknown = check_document(raw, keys=keys, log=stranger).first_bad
    assert unknown is not None
    assert unknown.fault is Fault.NOT_BOUND


def test_a_report_that_the_log_binds_with_other_bytes_is_named() -> None:
    _, export = reported()
    _, other = reported(lambda told: told.update(version=9))

    verdict = check_document(file_of(export), keys=keys_of(export), log=other)

    assert verdict.first_bad is not None
    assert verdict.first_bad.fault is Fault.NOT_BOUND
    other.files["checkpoint"] = b"x"
    broken = check_document(file_of(export), keys=keys_of(export), log=other)
    assert first(broken).startswith("checkpoint newest")


def test_each_document_is_checked_as_what_it_says_it_is() -> None:
    life = Life()
    keys = form.Keys(str(life.log_key), [])
    trace, answer, used = make_trace(), life.answer(), statement()

    found = [
        check_document(msgspec.json.encode(each), keys=keys, trusted=trusted)
        for each, trusted in ((trace, None), (trace, life.log_key), (answer, None), (used, None))
    ]

    assert [bad.kind for bad in (v.first_bad for v in found) if bad is not None] == [
        "checkpoint",
        "checkpoint",
        "certificate",
        "statement",
    ]
    with_log = check_document(msgspec.json.encode(used), keys=keys, log=life.export())
    assert with_log.problems


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        (msgspec.json.encode(statement()), None),
        (msgspec.json.encode(Life().answer()), None),
        (msgspec.json.encode(make_trace()), None),
        (msgspec.json.encode(make_trace()), form.Keys(None, [])),
        (msgspec.json.encode(make_trace()), form.Keys("nonsense", [])),
        (b"\xff", form.Keys(None, [])),
        (b"[]", None),
    ],
)
def test_what_can_not_be_checked_is_unreadable(raw: bytes, keys: form.Keys | None) -> None:
    with pytest.raises(Unreadable):
        check_document(raw, keys=keys)


def test_a_log_is_proven_before_it_proves() -> None:
    _, export = reported()
    raw, keys = file_of(export), keys_of(export)

    def checked(name: str, content: bytes | None) -> str:
        changed = export.copy()
        if content is None:
            del changed.files[name]
        else:
            changed.files[name] = content
        return first(check_document(raw, keys=keys, log=changed))

    (bundle,) = export.names("tile/entries/")
    whole = export.files[bundle]
    assert checked("checkpoint", None) == "checkpoint newest: is missing"
    assert "do not have the signed root" in checked(
        bundle, whole.replace(b"application:submitted", b"application:Submitted")
    )
    assert "ends inside an entry" in checked(bundle, whole[:-1])
    assert "is no leaf" in checked(bundle, b"\x00\x01{")
    assert "do not have the signed root" in checked(bundle, b"")


def test_a_log_that_grew_is_read_as_far_as_it_is_signed() -> None:
    maker, _ = reported()
    signed = maker.export()
    maker.append()
    maker.sign()
    grown = maker.export()
    grown.files["checkpoint"] = signed.files["checkpoint"]
    raw, keys = file_of(grown), keys_of(grown)

    assert (
        check_document(raw, keys=keys, log=grown).counts["entries of the log"]
        == len(maker.leaves) - 1
    )
