"""An evidence record proves an entry's time as long as each of its timestamps came in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec
import pytest

from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.model import Digest
from catalog.audit_log.verdict import Fault, Unreadable
from catalog.signing.canonical import canonical
from catalog.timestamps import evidence
from catalog.timestamps.evidence import EvidenceRecord, InTheArchive, InTheLog
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Left
from tests.timed_log import TimedLog

INDEX = 3
NOTHING = Left()


@pytest.fixture(scope="module")
def log() -> TimedLog:
    """A log of five timestamps, 200 days apart, each good for 365 days; the fourth is an archive."""
    made = TimedLog()
    made.append(digests=(Digest("certificate", "HN-1", "ab" * 32),))
    made.grow(270)
    for number in range(1, 6):
        made.authority = made.authority if number == 1 else another(made)
        made.archive() if number == 4 else made.stamp()
        made.wait(200)
        made.grow(5)
    return made


def another(log: TimedLog) -> object:
    """The same root, a new certificate: good for a year from now."""
    from tests.memory_authority import MemoryAuthority

    return MemoryAuthority(log.clock, root=log.authority.root)


def check(log: TimedLog, told: EvidenceRecord, *, days: float = 0, left: Left = NOTHING) -> str:
    """Return what is wrong, or an empty text."""
    at = log.clock.now() + dt.timedelta(days=days)
    verdict = evidence.check(told, log.log_key, log.authority.trust(), left=left, now=at)
    return "" if verdict.first_bad is None else str(verdict.first_bad)


def test_each_timestamp_carries_the_one_before_it_on(log: TimedLog) -> None:
    told = log.evidence(INDEX, [1, 2, 3, 4, 5])

    verdict = evidence.check(
        evidence.read(msgspec.json.encode(told)),
        log.log_key,
        log.authority.trust(),
        left=NOTHING,
        now=log.clock.now(),
    )

    assert verdict.problems == ()
    assert verdict.counts == {"timestamps": 5}
    assert verdict.notes == ("the entry 3 was in the log at 2026-03-02T02:02:03+00:00",)


def test_what_the_entry_binds_is_told(log: TimedLog) -> None:
    told = log.evidence(0, [5])

    verdict = evidence.check(
        told, log.log_key, log.authority.trust(), left=NOTHING, now=log.clock.now()
    )

    assert "it binds certificate HN-1, SHA-256 " + "ab" * 32 in verdict.notes


def test_any_timestamp_over_the_entry_may_be_the_first(log: TimedLog) -> None:
    assert check(log, log.evidence(INDEX, [2, 3, 4, 5])) == ""
    assert check(log, log.evidence(INDEX, [5])) == ""


def test_a_link_that_is_missing_or_late_is_named(log: TimedLog) -> None:
    for numbers, late in (([1, 3], 3), ([1, 4], 4), ([1, 2, 5], 5)):
        told = check(log, log.evidence(INDEX, numbers))
        assert told.startswith(f"timestamp {late}: its time"), numbers


def test_the_last_must_hold_today(log: TimedLog) -> None:
    told = log.evidence(INDEX, [1, 2, 3, 4, 5])

    assert check(log, told, days=160) == ""
    assert "nothing carries it on" in check(log, told, days=170)
    assert "nothing carries it on" in check(log, log.evidence(INDEX, [1]))


def test_leaving_a_hash_asks_for_an_archive_stamp_before_it(log: TimedLog) -> None:
    now = log.clock.now()
    left = Left({HashAlgorithm.SHA256: now - dt.timedelta(days=250)})  # after the fourth
    before = Left({HashAlgorithm.SHA256: now - dt.timedelta(days=450)})  # before it

    assert check(log, log.evidence(INDEX, [2, 3, 4]), days=-100, left=left) == ""
    assert "timestamp 5: it ended" in check(log, log.evidence(INDEX, [2, 3, 4, 5]), left=left)
    assert check(log, log.evidence(INDEX, [2, 3, 4]), left=before).startswith("timestamp 4: its")


def replaced(told: EvidenceRecord, step: int, **changes: object) -> EvidenceRecord:
    steps = list(told.steps)
    steps[step] = msgspec.structs.replace(steps[step], **changes)
    return msgspec.structs.replace(told, steps=tuple(steps))


def changed(raw: bytes) -> bytes:
    return bytes([raw[0] ^ 1]) + raw[1:]


def in_log(held: InTheLog | None, **changes: object) -> InTheLog:
    assert held is not None
    return msgspec.structs.replace(held, **changes)


def in_archive(held: InTheArchive | None, **changes: object) -> InTheArchive:
    assert held is not None
    return msgspec.structs.replace(held, **changes)


WHOLE = [1, 2, 3, 4, 5]
Change = Callable[[TimedLog, EvidenceRecord], EvidenceRecord]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda log, e: msgspec.structs.replace(e, leaf=log.leaves[4]), "step 1: it is about"),
        (lambda log, e: msgspec.structs.replace(e, index=4), "step 1: it is about another"),
        (lambda log, e: replaced(e, 0, in_the_log=None), "step 1: it does not say where under"),
        (lambda log, e: replaced(e, 3, in_the_archive=None), "step 4: it does not say where in"),
        (lambda log, e: replaced(e, 0, record=log.raw[3]), "step 1: it does not say where in"),
        (lambda log, e: replaced(e, 1, record=b"{}"), "step 2: Object missing required field"),
        (
            lambda log, e: replaced(
                e, 0, in_the_log=in_log(e.steps[0].in_the_log, hashes=(bytes(32),) * 9)
            ),
            "step 1: the entry does not lie under",
        ),
        (
            lambda log, e: replaced(
                e, 1, in_the_log=in_log(e.steps[1].in_the_log, leaf=log.leaves[0])
            ),
            "step 2: the entry shown does not hold",
        ),
        (
            lambda log, e: replaced(e, 1, in_the_log=in_log(e.steps[1].in_the_log, leaf=b"x")),
            "step 2: the entry shown does not hold",
        ),
        (
            lambda log, e: replaced(
                e, 3, in_the_archive=in_archive(e.steps[3].in_the_archive, record_path=())
            ),
            "step 4: the timestamp before does not lie",
        ),
        (
            lambda log, e: replaced(
                e, 3, in_the_archive=in_archive(e.steps[3].in_the_archive, bundle_path=())
            ),
            "step 4: the entry's bundle does not lie",
        ),
        (
            lambda log, e: replaced(
                e, 3, in_the_archive=in_archive(e.steps[3].in_the_archive, bundle=b"")
            ),
            "step 4: the bundle does not hold",
        ),
        (
            lambda log, e: replaced(
                e, 3, in_the_archive=in_archive(e.steps[3].in_the_archive, bundle=b"\x00")
            ),
            "step 4: the bundle ends inside",
        ),
        (
            lambda log, e: replaced(
                e, 2, record=canonical(msgspec.structs.replace(log.kept[2], covers=b"other"))
            ),
            "step 3: it is over something else",
        ),
        (
            lambda log, e: replaced(
                e,
                2,
                record=canonical(msgspec.structs.replace(log.kept[2], algorithm=HashAlgorithm.SM3)),
            ),
            "step 3: it is hashed by another",
        ),
    ],
)
def test_the_first_step_that_is_wrong_is_named(log: TimedLog, change: Change, reason: str) -> None:
    told = change(log, log.evidence(INDEX, WHOLE))

    assert f"timestamp {reason}" in check(log, told)


def test_another_log_s_checkpoint_or_archive_proves_nothing(log: TimedLog) -> None:
    other = VerifierKey("another.example/log", log.signer.public_key)
    told = log.evidence(INDEX, [4])
    steps = (log.step(INDEX, 3, 4),)

    for steps_of in (log.evidence(INDEX, [1]).steps, steps):
        verdict = evidence.check(
            msgspec.structs.replace(told, steps=steps_of),
            other,
            log.authority.trust(),
            left=NOTHING,
            now=log.clock.now(),
        )
        assert verdict.first_bad is not None
        assert verdict.first_bad.fault is Fault.TIMESTAMP_WRONG
    verdict = evidence.check(
        log.evidence(INDEX, [3, 4]),
        log.log_key,
        log.authority.trust(),
        left=NOTHING,
        now=log.clock.now(),
    )
    assert verdict.counts["timestamps"] == 2


def test_a_stamp_over_no_checkpoint_or_no_archive_text_is_named(log: TimedLog) -> None:
    stamped = log.authority.stamped(b"anything")
    for number, reason in ((1, "its checkpoint is malformed"), (4, "its lines are others")):
        record = msgspec.structs.replace(
            log.kept[number - 1],
            covers=b"anything",
            response=stamped,
            algorithm=HashAlgorithm.SHA256,
        )
        told = log.evidence(INDEX, WHOLE)

        assert reason in check(log, replaced(told, number - 1, record=canonical(record)))


def test_an_archive_of_another_log_or_hash_is_named(log: TimedLog) -> None:
    text = msgspec.structs.replace(log.text(HashAlgorithm.SHA512), origin="another.example/log")
    record = msgspec.structs.replace(
        log.kept[3],
        covers=text.text(),
        response=log.authority.stamped(text.text(), HashAlgorithm.SHA512),
    )
    told = replaced(log.evidence(INDEX, WHOLE), 3, record=canonical(record))

    assert "its text is of another log" in check(log, told)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b'{"leaf":"","index":0,"steps":[]}',
        b'{"format":"shushi/evidence-record/2","leaf":"","index":0,"steps":[{"record":""}]}',
    ],
)
def test_what_is_no_evidence_record_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        evidence.read(raw)
