"""A log proves itself to whoever holds one document: its entries have the root that was signed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log import handed_out, proven_log, tiles
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.model import Digest
from catalog.audit_log.published_keys import row
from catalog.audit_log.verdict import Bad, Fault, Findings
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from tests.exports import Export, Maker, small_market
from tests.log_of_tests import signer_of

MARKET = small_market()
GENUINE = MARKET.export()
KEYS = msgspec.json.decode(GENUINE.files[form.KEYS], type=form.Keys)
OTHER = VerifierKey("another.example/log", MARKET.signer.public_key)


def _is_certified(leaf: Any) -> bool:
    return any(digest.kind == "certificate" for digest in leaf.digests)


def _read(export: Export, key: VerifierKey = MARKET.log_key) -> tuple[Any, str | None]:
    found = Findings()
    log = proven_log.read(export, key, found, _is_certified)
    bad = found.verdict().first_bad
    return log, None if bad is None else str(bad)


def test_what_was_looked_for_is_told_with_its_place() -> None:
    log, bad = _read(GENUINE)

    assert bad is None
    assert log.size == 300
    assert [leaf.digests[0].id for _, leaf in log.found] == [
        f"HN-DPR-2026-000{i}" for i in range(3)
    ]
    assert all(MARKET.leaves[index] for index, _ in log.found)


def test_entries_after_the_checkpoint_are_not_asked() -> None:
    export = GENUINE.copy()
    width = 300 - 256
    longer = [*MARKET.leaves[256:], MARKET.leaves[0]]
    export.files[str(tiles.TilePath(None, 1, width + 1))] = tiles.pack(longer)

    log, bad = _read(export)

    assert (log.size, bad) == (300, None)


def test_a_full_bundle_comes_before_its_unfinished_forms() -> None:
    path = tiles.TilePath(None, 7)
    export = Export({f"{path}.p/3": b"three", f"{path}.p/12": b"twelve", f"{path}.p/x": b"?"})

    assert proven_log.widest(export, path) == b"twelve"
    export.files[str(path)] = b"full"
    assert proven_log.widest(export, path) == b"full"
    assert proven_log.widest(export, tiles.TilePath(None, 8)) is None


def _without_checkpoint(export: Export) -> None:
    del export.files[form.CHECKPOINT]


def _garbled_checkpoint(export: Export) -> None:
    export.files[form.CHECKPOINT] = b"no note"


def _changed_entry(export: Export) -> None:
    name = str(tiles.TilePath(None, 1, 300 - 256))
    export.files[name] = tiles.pack([*MARKET.leaves[256:299], MARKET.leaves[0]])


def _missing_entries(export: Export) -> None:
    del export.files[str(tiles.TilePath(None, 1, 300 - 256))]


def _no_leaf(export: Export) -> None:
    name = str(tiles.TilePath(None, 1, 300 - 256))
    export.files[name] = tiles.pack([*MARKET.leaves[256:260], b"{}"])


def _cut_bundle(export: Export) -> None:
    name = str(tiles.TilePath(None, 1, 300 - 256))
    export.files[name] = export.files[name][:-1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_without_checkpoint, "checkpoint newest: is missing"),
        (_garbled_checkpoint, "checkpoint newest: is malformed"),
        (_changed_entry, "checkpoint 300: the entries of the log do not have the signed root"),
        (_missing_entries, "checkpoint 300: the entries of the log do not have the signed root"),
        (_no_leaf, "entry 261: is no leaf"),
        (_cut_bundle, "is no leaf"),
    ],
)
def test_a_log_that_is_not_what_was_signed_proves_nothing(change: Any, reason: str) -> None:
    export = GENUINE.copy()
    change(export)

    log, bad = _read(export)

    assert log is None
    assert bad is not None
    assert reason in bad


def test_another_log_is_named_as_such() -> None:
    found = Findings()

    assert proven_log.read(GENUINE, OTHER, found, _is_certified) is None
    assert found.verdict().first_bad == Bad(
        "checkpoint",
        "newest",
        "is not signed by another.example/log: another log, or another key",
        Fault.OTHER_LOG,
    )


# ── one document and the log ────────────────────────────────────────────────────────────────


def _report(log: Maker | None = None, **document: Any) -> bytes:
    told = {"report_id": "r-1", "quarter": "2026Q1"} | document
    if log is not None:
        if not log.keys:
            log.register(signer_of(Purpose.REPORT))
        log.bind("report", "r-1", told, signer_of(Purpose.REPORT))
        log.sign()
    seal = signer_of(Purpose.REPORT).seal(canonical(told))
    return msgspec.json.encode({"type": "shushi/report/1", "document": told, "signature": seal})


def _checked(raw: bytes, log: Maker, key: VerifierKey | None = None) -> Bad | None:
    keys = form.Keys(None, [row(key) for key in log.keys]) if log.keys else KEYS
    return handed_out.check(raw, keys, (log.export(), key or log.log_key)).first_bad


def test_a_document_that_the_log_knows_is_genuine() -> None:
    log = Maker()

    assert _checked(_report(log), log) is None


def _of_a_distrusted_key(since: int) -> tuple[bytes, Maker]:
    log = Maker()
    raw = _report(log)
    log.distrust(signer_of(Purpose.REPORT), since)
    log.sign()
    return raw, log


def test_a_document_counts_that_was_entered_before_its_key_was_distrusted_and_no_later_one() -> (
    None
):
    raw, log = _of_a_distrusted_key(since=2)  # its key stands at 0, it at 1
    late, log_of_late = _of_a_distrusted_key(since=1)

    bad = _checked(late, log_of_late)

    assert _checked(raw, log) is None
    assert bad is not None
    assert bad.fault is Fault.KEY_DISTRUSTED
    assert "it was entered at 1" in bad.reason


def test_nothing_counts_of_a_distrusted_key_whose_place_nothing_proves() -> None:
    raw, log = _of_a_distrusted_key(since=2)
    keys = form.Keys(None, [row(key) for key in log.keys])

    bad = handed_out.check(raw, keys).first_bad

    assert bad is not None
    assert bad.fault is Fault.KEY_DISTRUSTED
    assert "nothing here proves" in bad.reason


def test_keys_that_hide_a_distrust_are_found_by_the_log() -> None:
    raw, log = _of_a_distrusted_key(since=1)
    hidden = [msgspec.structs.replace(row(key), distrusted_from=msgspec.UNSET) for key in log.keys]
    malformed = [msgspec.structs.replace(row(key), valid_to="never") for key in log.keys]

    def bad(keys: list[form.KeyRow]) -> Bad | None:
        return handed_out.check(raw, form.Keys(None, keys), (log.export(), log.log_key)).first_bad

    assert bad(hidden) == Bad(
        "key",
        signer_of(Purpose.REPORT).key_id,
        "what is told of it is not what the log holds of it",
        Fault.KEY_NOT_VALID,
    )
    found = bad(malformed)
    assert found is not None
    assert found.fault is Fault.KEY_UNKNOWN


def test_a_document_that_no_entry_knows_is_not() -> None:
    log = Maker()
    log.append(digests=(Digest("report", "r-2", sha256_hex(b"another")),))
    log.sign()

    bad = _checked(_report(), log)

    assert bad == Bad("report", "r-1", "no entry of the log knows it", Fault.NOT_BOUND)


def test_a_document_that_the_log_knows_otherwise_is_not() -> None:
    log = Maker()
    _report(log)

    bad = _checked(_report(quarter="2026Q2"), log)

    reason = "it does not have the digest that the log holds"
    assert bad == Bad("report", "r-1", reason, Fault.NOT_BOUND)


def test_a_log_that_is_another_one_is_told_first() -> None:
    log = Maker()

    bad = _checked(_report(log), log, OTHER)

    assert bad is not None
    assert bad.fault is Fault.OTHER_LOG


def test_another_check_goes_on_from_what_was_found() -> None:
    first = Findings()
    first.bad("report", "r-1", "is wrong")
    first.note("told")
    first.count("reports", 2)
    verdict = first.verdict()

    second = Findings.following(verdict)
    assert second.verdict() == verdict
    second.bad("report", "r-2", "is wrong too")
    second.count("reports")

    assert verdict.counts == {"reports": 2}
    assert second.verdict().counts == {"reports": 3}
    assert len(second.verdict().problems) == len(verdict.problems) + 1
