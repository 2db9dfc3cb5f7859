"""The timestamps of an export are checked one by one, and as a chain (时间戳核验)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log.model import Digest, Subject
from catalog.audit_log.verdict import Bad, Fault, Findings, Verdict
from catalog.audit_log.verify import verify_export
from catalog.signing.canonical import canonical
from catalog.timestamps import check as timestamps
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Left, Record
from catalog.timestamps.token import Trust
from tests.exports import Export
from tests.memory_authority import MemoryAuthority
from tests.timed_log import TimedLog

NOTHING = Left()


@pytest.fixture(scope="module")
def log() -> TimedLog:
    """Three checkpoints and an archive of either kind of size, each stamped 200 days after the last."""
    made = TimedLog()
    made.register(made.signer)
    made.append(subjects=(Subject("timestamp", "0"),), digests=(Digest("file", "f", "00" * 32),))
    made.grow(253)
    made.stamp()
    made.wait(200)
    made.authority = MemoryAuthority(made.clock, root=made.authority.root)
    made.sign()  # 256 entries: a full bundle and nothing more
    made.archive()
    made.stamp(HashAlgorithm.SM3)
    made.wait(200)
    made.authority = MemoryAuthority(made.clock, root=made.authority.root)
    made.grow(20)
    made.archive(HashAlgorithm.SHA384)
    made.wait(1)
    made.grow(0)
    return made


def find(
    export: Export,
    log: TimedLog,
    *,
    days: float = 0,
    left: Left = NOTHING,
    trust: Trust | None = None,
) -> Verdict:
    found = Findings()
    now = log.clock.now() + dt.timedelta(days=days)
    believed = trust or log.authority.trust()
    timestamps.check(export, found, believed, left=left, now=now)
    return found.verdict()


def first(verdict: Verdict) -> Bad:
    assert verdict.first_bad is not None
    return verdict.first_bad


def test_all_of_a_genuine_export_hold(log: TimedLog) -> None:
    export = log.export()

    assert verify_export(export, log.log_key).problems == ()
    verdict = find(export, log)

    assert (verdict.problems, verdict.counts) == ((), {"timestamps": 4})


def test_without_trust_that_is_noted_and_nothing_is_checked(log: TimedLog) -> None:
    for export, notes in (
        (log.export(), ("4 timestamps were not checked: give --tsa-ca",)),
        (Export({}), ()),
    ):
        found = Findings()
        timestamps.check(export, found, None, left=NOTHING, now=log.clock.now())
        assert found.verdict().notes == notes


def test_those_that_ended_before_they_were_carried_on_are_named(log: TimedLog) -> None:
    verdict = find(log.export(), log, days=370)

    assert first(verdict).fault is Fault.TIMESTAMP_LATE
    assert [bad.id for bad in verdict.problems] == ["1", "2", "3", "4"]
    assert "nothing carried it on" in verdict.problems[3].reason
    assert "timestamp 2, ended as well" in verdict.problems[0].reason


def test_a_late_carrier_is_named(log: TimedLog) -> None:
    early = Left({HashAlgorithm.SM3: log.clock.now() - dt.timedelta(days=100)})

    verdict = find(log.export(), log, left=early)

    assert [bad.id for bad in verdict.problems] == ["3"]
    assert "timestamp 4 carried it on too late" in first(verdict).reason


def test_a_hash_may_be_left_once_an_archive_stamp_came(log: TimedLog) -> None:
    now = log.clock.now()

    assert find(log.export(), log, left=Left({HashAlgorithm.SHA256: now})).problems == ()
    both = Left({HashAlgorithm.SHA256: now, HashAlgorithm.SHA384: now})
    assert find(log.export(), log, left=both).problems != ()


def test_a_stranger_s_timestamps_count_for_nothing(log: TimedLog) -> None:
    stranger = MemoryAuthority(log.clock)

    verdict = find(log.export(), log, trust=stranger.trust())

    assert first(verdict).fault is Fault.TIMESTAMP_WRONG
    assert len(verdict.problems) == 4


def put(export: Export, log: TimedLog, place: int, **changes: Any) -> None:
    """Change a record where the log does not look: this check has to find it by itself."""
    rows = export.rows(timestamps.RECORDS)
    record: Record = msgspec.structs.replace(log.kept[place - 1], **changes)
    for row in rows:
        if row["id"] == str(place):
            row["record"] = msgspec.to_builtins(canonical(record))
    export.put_rows(timestamps.RECORDS, rows)


def stamped(log: TimedLog, covers: bytes, algorithm: HashAlgorithm) -> dict[str, Any]:
    return {"covers": covers, "response": log.authority.stamped(covers, algorithm)}


def text_with(log: TimedLog, number: int, **changes: Any) -> dict[str, Any]:
    from catalog.timestamps import archive

    text = archive.parse(log.kept[number - 1].covers)
    changed = msgspec.structs.replace(text, **changes)
    return stamped(log, changed.text(), text.algorithm)


@pytest.mark.parametrize(
    ("number", "changes", "reason"),
    [
        (1, lambda _: {"number": 2}, "says another number or hash"),
        (1, lambda _: {"algorithm": HashAlgorithm.SM3}, "says another number or hash"),
        (1, lambda _: {"covers": b"x"}, "it is over something else"),
        (1, lambda log: stamped(log, b"x", HashAlgorithm.SHA256), "no checkpoint of this log"),
        (1, lambda _: {"size": 5}, "no checkpoint of this log"),
        (2, lambda log: stamped(log, b"x", HashAlgorithm.SHA512), "its lines are others"),
        (2, lambda log: text_with(log, 2, count=2), "more timestamps than there are"),
        (2, lambda log: text_with(log, 2, count=9), "more timestamps than there are"),
        (2, lambda log: text_with(log, 2, records_root=bytes(64)), "do not have its root"),
        (2, lambda log: text_with(log, 2, entries_root=bytes(64)), "the entries do not have"),
        (2, lambda log: text_with(log, 2, size=255), "the entries do not have"),
        (2, lambda log: text_with(log, 2, size=900), "the entries do not have"),
        (2, lambda log: text_with(log, 2, size=1024), "the entries do not have"),
    ],
)
def test_what_is_wrong_with_one_is_named(
    log: TimedLog, number: int, changes: Callable[[TimedLog], dict[str, Any]], reason: str
) -> None:
    export = log.export()
    put(export, log, number, **changes(log))

    bad = first(find(export, log))

    assert (bad.id, bad.fault) == (str(number), Fault.TIMESTAMP_WRONG)
    assert reason in bad.reason


def test_one_that_was_stamped_before_its_checkpoint_was_signed_is_named(log: TimedLog) -> None:
    export = log.export()
    rows = export.rows(form.CHECKPOINTS)
    rows[0]["published_at"] = "2030-01-01T00:00:00.000000Z"
    export.put_rows(form.CHECKPOINTS, rows)

    assert "but its checkpoint was signed at 2030" in first(find(export, log)).reason


def test_a_number_that_is_missing_is_named(log: TimedLog) -> None:
    export = log.export()
    rows = [row for row in export.rows(timestamps.RECORDS) if row["id"] != "2"]
    export.put_rows(timestamps.RECORDS, rows)

    assert first(find(export, log)).reason == "is missing"


def test_a_line_that_is_none_is_left_to_who_checks_the_records(log: TimedLog) -> None:
    export = log.export()
    export.files[timestamps.RECORDS] += b"nonsense\n"

    assert find(export, log).problems == ()
