"""A timestamp whose certificate was revoked before it does not count; lists are kept beside it for that (证书吊销)."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ReasonFlags

from catalog.audit_log.verdict import Fault, Findings
from catalog.kernel.clock import ManualClock
from catalog.signing.canonical import canonical
from catalog.timestamps import archive, chain, check, evidence, revocation, token
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Left, read_record
from catalog.timestamps.token import TimestampMalformed, TimestampWrong
from tests.memory_authority import MemoryAuthority, Root
from tests.timed_log import TimedLog

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
URL = "http://ca.example/tsa.crl"


@pytest.fixture(scope="module")
def authority() -> MemoryAuthority:
    return MemoryAuthority(ManualClock(NOW), list_url=URL)


@pytest.fixture(scope="module")
def links(authority: MemoryAuthority) -> tuple[x509.Certificate, ...]:
    return token.check(authority.stamped(b"data"), b"data", authority.trust()).chain


def test_a_checked_token_tells_its_chain_and_where_its_lists_are(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    assert links == (authority.certificate, authority.root.certificate)
    assert revocation.addresses(links) == (URL,)
    assert revocation.addresses(links[1:]) == ()
    bare = MemoryAuthority(ManualClock(NOW))
    assert revocation.addresses((bare.certificate, bare.root.certificate)) == ()


def test_a_list_of_its_time_on_which_it_does_not_stand_covers_it(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    root = authority.root

    assert revocation.check(links, [root.revoked(NOW - HOUR)], NOW)
    assert revocation.check(links, [root.revoked(NOW + HOUR)], NOW)  # collected right behind it
    for other in (root.revoked(NOW - 90 * 24 * HOUR), root.revoked(NOW + 90 * 24 * HOUR)):
        assert not revocation.check(links, [other], NOW)
    assert not revocation.check(links, [], NOW)


def test_a_list_of_another_issuer_says_nothing(
    authority: MemoryAuthority, links: tuple[x509.Certificate, ...]
) -> None:
    entry = (authority.certificate, NOW - HOUR, ReasonFlags.key_compromise)
    stranger = Root("stranger").revoked(NOW, entry)
    namesake = Root(authority.name).revoked(NOW, entry)  # the same name, another key

    assert not revocation.check(links, [stranger, namesake], NOW)
    assert not revocation.belongs(stranger, links)
    assert not revocation.belongs(b"no list", links)
    assert revocation.belongs(authority.root.revoked(NOW), links)
    for raw in (b"", b"no list", b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n"):
        with pytest.raises(TimestampMalformed):
            revocation.check(links, [raw], NOW)


@pytest.mark.parametrize(
    ("since", "reason", "counts"),
    [
        (-1, ReasonFlags.superseded, False),  # revoked before the stamp
        (0, ReasonFlags.cessation_of_operation, False),
        (1, ReasonFlags.superseded, True),  # in good hands until then (RFC 3161 §4)
        (1, ReasonFlags.cessation_of_operation, True),
        (1, ReasonFlags.affiliation_changed, True),
        (1, ReasonFlags.unspecified, True),
        (1, ReasonFlags.key_compromise, False),  # nobody knows since when it was in other hands
        (1, ReasonFlags.ca_compromise, False),
        (1, None, False),  # without a reason all are invalid
    ],
)
def test_what_a_revocation_means_for_a_token_of_before_hangs_on_its_reason(
    authority: MemoryAuthority,
    links: tuple[x509.Certificate, ...],
    since: int,
    reason: ReasonFlags | None,
    counts: bool,
) -> None:
    told = authority.root.revoked(NOW, (authority.certificate, NOW + since * HOUR, reason))

    if counts:
        assert revocation.check(links, [told], NOW)
        return
    with pytest.raises(TimestampWrong) as refused:
        revocation.check(links, [told], NOW)
    assert "was revoked at" in str(refused.value.facts["reason"])


def test_a_reader_s_own_list_may_stand_in_the_file_of_authorities(
    authority: MemoryAuthority,
) -> None:
    entry = (authority.certificate, NOW - HOUR, ReasonFlags.superseded)
    told = x509.load_der_x509_crl(authority.root.revoked(NOW, entry))
    pem = authority.pem() + told.public_bytes(serialization.Encoding.PEM)

    trust = token.read_trust(pem)

    assert len(trust.authorities) == len(trust.lists) == 1
    assert revocation.read_list(trust.lists[0]) == told


def test_a_record_without_lists_keeps_the_bytes_that_it_had() -> None:
    log = TimedLog()
    log.register(log.signer)
    log.grow(2)
    bare = log.stamp()
    log.lists = (log.authority.root.revoked(log.now),)
    kept = log.stamp()

    assert b"revocation" not in canonical(bare)
    assert read_record(canonical(bare)).said == ()
    assert read_record(canonical(kept)).said == log.lists


# ── in exports and evidence records ─────────────────────────────────────────────────────────


def stamped_log(*, is_revoked: bool) -> TimedLog:
    log = TimedLog()
    log.register(log.signer)
    log.grow(6)
    certificate, root = log.authority.certificate, log.authority.root
    entries = [(certificate, log.now - HOUR, ReasonFlags.superseded)] if is_revoked else []
    log.lists = (root.revoked(log.now, *entries),)
    log.stamp()
    log.sign()
    return log


def checked(log: TimedLog, files: dict[str, bytes] | None = None) -> Findings:
    found, export = Findings(), log.export()
    export.files |= files or {}
    trust = log.authority.trust()
    check.check(export, found, trust, left=Left(), now=log.clock.now())
    return found


def test_an_export_counts_its_covered_timestamps_and_refuses_one_that_was_revoked_before() -> None:
    good = checked(stamped_log(is_revoked=False)).verdict()
    bad = checked(stamped_log(is_revoked=True)).verdict()

    assert not good.problems
    assert good.counts["timestamps whose certificate stood, as was said at their time"] == 1
    (problem,) = bad.problems
    assert (problem.fault, "was revoked at" in problem.reason) == (Fault.TIMESTAMP_WRONG, True)


def test_an_evidence_record_refuses_a_timestamp_that_was_revoked_before() -> None:
    for is_revoked in (False, True):
        log = stamped_log(is_revoked=is_revoked)
        verdict = evidence.check(
            log.evidence(2, [1]),
            log.log_key,
            log.authority.trust(),
            left=Left(),
            now=log.clock.now(),
        )
        assert bool(verdict.problems) is is_revoked


# ── stamped anew beside the log ─────────────────────────────────────────────────────────────


def archived(log: TimedLog, algorithm: HashAlgorithm = HashAlgorithm.SHA512) -> dict[str, bytes]:
    """Return the file of one archive stamp over an export that left its log."""
    import msgspec

    from catalog.timestamps.model import Kind, Record

    export = log.export()
    size = log.checkpoints[-1][0]
    text = check.everything(export, log.log_key.name, algorithm, size, Findings())
    record = Record(
        number=text.count + 1,
        kind=Kind.ARCHIVE,
        size=size,
        algorithm=algorithm,
        covers=text.text(),
        response=log.authority.stamped(text.text(), algorithm),
    )
    row = check.ArchivedRow(str(record.number), canonical(record))
    return {check.ARCHIVED: msgspec.json.encode(row) + b"\n"}


def test_a_stamp_beside_the_log_carries_its_timestamps_on() -> None:
    log = stamped_log(is_revoked=False)
    log.wait(300)
    log.authority = MemoryAuthority(log.clock, root=log.authority.root)
    files = archived(log)
    log.wait(200)  # the first certificate is over

    assert [each.fault for each in checked(log).verdict().problems] == [Fault.TIMESTAMP_LATE]
    assert checked(log, files).verdict().counts["timestamps"] == 2
    assert not checked(log, files).verdict().problems
    export = log.export()
    export.files |= files
    links = check.links_of(export, Findings(), log.authority.trust())
    assert [(link.number, link.covers) for link in links] == [(1, 0), (2, 1)]
    assert chain.broken(links, Left(), log.clock.now()) == []
    text = archive.parse(read_record(_record(files)).covers)
    assert (text.count, text.size) == (1, log.checkpoints[-1][0])


def _record(files: dict[str, bytes]) -> bytes:
    import msgspec

    return msgspec.json.decode(files[check.ARCHIVED], type=check.ArchivedRow).record


def test_beside_the_log_nothing_but_archive_stamps_counts_and_none_over_something_else() -> None:
    import msgspec

    log = stamped_log(is_revoked=False)
    own = log.kept[0]
    moved = msgspec.structs.replace(own, number=2)
    row = check.ArchivedRow("2", canonical(moved))
    copied = {check.ARCHIVED: msgspec.json.encode(row) + b"\n"}
    other = stamped_log(is_revoked=False)
    foreign = archived(other)

    (first,) = checked(log, copied).verdict().problems
    assert first.reason == "beside the log there are archive stamps only"
    assert any(
        each.fault is Fault.TIMESTAMP_WRONG for each in checked(log, foreign).verdict().problems
    )
    gap = {check.ARCHIVED: foreign[check.ARCHIVED].replace(b'"id":"2"', b'"id":"3"')}
    assert next(each.reason for each in checked(log, gap).verdict().problems) == "is missing"
