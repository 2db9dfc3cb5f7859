"""An uploaded file is examined by what it is, with public keys alone; nothing odd makes it crash."""

from __future__ import annotations

import base64
import datetime as dt
import json
import pathlib
from typing import Any

import msgspec
import pytest

from catalog.audit_log.export_format import Keys
from catalog.audit_log.model import Digest
from catalog.audit_log.published_keys import row
from catalog.audit_log.verdict import Fault
from catalog.certificates import credential
from catalog.kernel.errors import DomainError
from catalog.signing.algorithms import Algorithm
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import PublicKey
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from catalog.witnessing.log_proof import LogProof
from market.portal import seal_certificates, sealing, typesetting
from market.verification import sealed_pdf
from market.verification.examining import (
    REFUSALS,
    Examined,
    Given,
    Seen,
    UploadUnreadable,
    examine,
)
from market.verification.kinds import Kind
from tests import uploads
from tests.log_of_tests import ORIGIN
from tests.pure.test_certificates_format import SIGNER, make_document
from tests.pure.test_credential import KEYS as KEYS_OF_CREDENTIALS
from tests.timed_log import TimedLog
from tests.vectors import regenerate_credential as golden
from tests.witnessed_log import MemoryWitness

SINCE = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
SEALER = Signer(Purpose.PAPER, b"\x09" * 32)
SEAL_KEY = PublicKey(
    SEALER.key_id, Purpose.PAPER, SEALER.public_key, SINCE, algorithm=SEALER.algorithm
)
SEAL_KEY = msgspec.structs.replace(
    SEAL_KEY,
    certificate=seal_certificates.certificate_of(SEAL_KEY, name=ORIGIN, sign=SEALER.sign),
)
CERTIFICATE_KEY = PublicKey(SIGNER.key_id, Purpose.CERTIFICATE, SIGNER.public_key, SINCE)
VECTORS = pathlib.Path(__file__).parents[1] / "vectors"
HEADS = VECTORS / "subject_heads.json"
CASE = VECTORS / "case_file.zip"


@pytest.fixture(scope="module")
def log() -> TimedLog:
    made = TimedLog()
    made.append(digests=(Digest("certificate", "HN-1", "ab" * 32),))
    made.grow(4)
    made.stamp()
    return made


def given(log: TimedLog, **changes: Any) -> Given:
    rows = [row(key) for key in (SEAL_KEY, CERTIFICATE_KEY)]
    told = Given(
        now=log.clock.now(),
        keys=Keys(str(log.log_key), rows),
        policy=f"log {log.log_key}\nquorum none\n",
        tsa_ca=log.authority.pem().decode(),
    )
    return msgspec.structs.replace(told, **changes)


def first(examined: Examined) -> Fault | None:
    return examined.problems[0].fault


# ── papers ──


def certificate() -> Any:
    from tests.portal.test_paper import certificate as made

    return made()


@pytest.fixture(scope="module")
def paper() -> bytes:
    pdf = typesetting.set_certificate(certificate())
    assert SEAL_KEY.certificate is not None
    return sealing.sealed(pdf, certificate=SEAL_KEY.certificate, sign=SEALER.sign)


def test_a_sealed_paper_is_what_its_file_inside_is(log: TimedLog, paper: bytes) -> None:
    examined = examine(paper, given(log))

    assert (examined.kind, examined.problems) == (Kind.PAPER, ())
    assert examined.counts == {"seals": 1, "certificate": 1}
    assert examined.certificate_sha256 == certificate().record_sha256


def test_a_paper_that_was_sealed_by_ed25519_is_still_what_it_was(log: TimedLog) -> None:
    raw = (VECTORS / "paper_ed25519.pdf").read_bytes()
    sealer = Signer(Purpose.PAPER, b"\x09" * 32, Algorithm.ED25519)
    key = PublicKey(sealer.key_id, Purpose.PAPER, sealer.public_key, SINCE, valid_to=SINCE)
    known = given(log, keys=Keys(str(log.log_key), [row(key), row(CERTIFICATE_KEY)]))
    changed = bytearray(raw)
    changed[len(raw) // 2] ^= 1

    examined = examine(raw, known)

    assert (examined.kind, examined.problems) == (Kind.PAPER, ())
    assert examined.counts == {"seals": 1, "certificate": 1}
    assert first(examine(bytes(changed), known)) is Fault.SIGNATURE_WRONG
    assert first(examine(raw, given(log))) is Fault.KEY_UNKNOWN


def test_a_seal_with_another_certificate_of_the_same_key_is_none_of_the_registers(
    log: TimedLog, paper: bytes
) -> None:
    assert SEAL_KEY.certificate is not None
    other = seal_certificates.certificate_of(SEAL_KEY, name="somebody", sign=SEALER.sign)
    pdf = typesetting.set_certificate(certificate())
    forged = sealing.sealed(pdf, certificate=other, sign=SEALER.sign)

    assert first(examine(forged, given(log))) is Fault.KEY_UNKNOWN


def test_a_paper_of_another_key_or_a_changed_one_is_told(log: TimedLog, paper: bytes) -> None:
    unknown = given(log, keys=Keys(str(log.log_key), [row(CERTIFICATE_KEY)]))
    unsigned = given(log, keys=Keys(str(log.log_key), [row(SEAL_KEY)]))
    changed = bytearray(paper)
    changed[len(paper) // 2] ^= 1

    assert first(examine(paper, unknown)) is Fault.KEY_UNKNOWN
    assert first(examine(paper, unsigned)) is Fault.KEY_UNKNOWN
    assert first(examine(bytes(changed), given(log))) is Fault.SIGNATURE_WRONG
    assert examine(bytes(changed), given(log)).certificate_sha256 is None


def test_a_pdf_that_is_no_paper_of_ours_is_refused_by_name(
    log: TimedLog, paper: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for raw, refusal in (
        (uploads.added_to(paper), sealed_pdf.PdfChangedAfterSeal),
        (uploads.with_another_file(paper), sealed_pdf.PdfHoldsOtherThanOneFile),
        (uploads.encrypted(paper), sealed_pdf.PdfEncrypted),
        (uploads.with_file(b"{}"), sealed_pdf.PdfNotSealed),
        (b"%PDF-1.7\n%%EOF\n", sealed_pdf.PdfUnreadable),
    ):
        with pytest.raises(refusal):
            examine(raw, given(log))
    monkeypatch.setattr(sealed_pdf, "_MOST_OBJECTS", 3)
    with pytest.raises(sealed_pdf.PdfUnreadable):
        examine(paper, given(log))


# ── credentials, documents, case files ──


def test_a_credential_names_the_document_and_a_status_list_names_none(log: TimedLog) -> None:
    made = golden.vector()
    keys = KEYS_OF_CREDENTIALS
    told = given(log, keys=keys, now=golden.NOW)

    held = examine(str(made["credential"]).encode(), told)
    listed = examine(str(made["status_list"]).encode(), told)
    forged = examine(str(made["credential"]).encode()[:-4] + b"AAAA", told)

    read = credential.read_credential(
        base64.urlsafe_b64decode(str(made["credential"]).split(".")[1] + "==")
    )
    assert held.certificate_sha256 == read.credential_subject.document_sha256
    assert (listed.problems, listed.certificate_sha256) == ((), None)
    assert first(forged) is Fault.SIGNATURE_WRONG


def test_a_token_of_another_algorithm_or_key_and_a_list_past_its_time_are_not_genuine(
    log: TimedLog,
) -> None:
    made = golden.vector()
    held, listed = str(made["credential"]), str(made["status_list"])
    told = given(log, keys=KEYS_OF_CREDENTIALS, now=golden.NOW)
    later = msgspec.structs.replace(told, now=golden.NOW + dt.timedelta(hours=2))

    def header(**changes: str) -> bytes:
        parts = held.split(".")
        read = json.loads(base64.urlsafe_b64decode(parts[0] + "==")) | changes
        parts[0] = base64.urlsafe_b64encode(json.dumps(read).encode()).rstrip(b"=").decode()
        return ".".join(parts).encode()

    for raw, at, fault in (
        (header(alg="HS256"), told, Fault.ALGORITHM_OTHER),
        (header(alg="none"), told, Fault.UNSIGNED),
        (header(typ="JWT"), told, Fault.TYPE_OTHER),
        (header(kid="https://evil.example/jwks#1"), told, Fault.KEY_UNKNOWN),
        (listed.encode(), later, Fault.LIST_STALE),
        (".".join([*listed.split(".")[:2], ""]).encode(), told, Fault.UNSIGNED),
    ):
        assert first(examine(raw, at)) is fault


def test_a_signed_document_is_named_by_its_digest(log: TimedLog) -> None:
    from catalog.certificates import format as certificate_format

    made = certificate()
    file = certificate_format.pack(made.document, SIGNER.seal(made.document))

    examined = examine(file, given(log))

    assert examined.certificate_sha256 == sha256_hex(made.document)
    assert make_document().product_name in made.document.decode()


def test_a_document_of_another_kind_is_about_no_certificate(log: TimedLog) -> None:
    report = Signer(Purpose.REPORT, b"\x0a" * 32)
    key = PublicKey(report.key_id, Purpose.REPORT, report.public_key, SINCE)
    document = b'{"id":"r"}'
    file = {
        "type": "shushi/report/1",
        "document": base64.b64encode(document).decode(),
        "signature": msgspec.to_builtins(report.seal(document)),
    }

    told = given(log, keys=Keys(str(log.log_key), [row(key)]))
    examined = examine(msgspec.json.encode(file), told)

    assert (examined.problems, examined.certificate_sha256) == ((), None)


def test_the_entries_of_a_subject_are_a_document_and_no_certificate(log: TimedLog) -> None:
    made = json.loads(HEADS.read_bytes())

    examined = examine(
        json.dumps(made["entries"][0]).encode(), given(log, keys=Keys(made["log_key"], []))
    )

    assert (examined.problems, examined.certificate_sha256) == ((), None)


def test_what_says_that_it_is_a_trace_and_is_none_is_unreadable(log: TimedLog) -> None:
    for raw in (b'{"format":"shushi/trace/1"}', b'{"type":"x","document":"y","signature":1}', b"{"):
        with pytest.raises(UploadUnreadable):
            examine(raw, given(log))


def test_a_case_file_is_examined_with_the_register_s_keys(log: TimedLog) -> None:
    examined = examine(CASE.read_bytes(), given(log))

    assert examined.kind is Kind.CASE_FILE
    assert examined.problems != ()  # it is another register's


# ── proofs ──


def proof(log: TimedLog, index: int = 0, *, extra: bytes | None = b"", note: bytes = b"") -> bytes:
    size, _, signed, _ = log.checkpoints[-1]
    held = log.in_the_log(index, size)
    leaf = log.leaves[index] if extra == b"" else extra
    made = LogProof(index, held.hashes, note or signed, leaf)  # type: ignore[arg-type]
    return made.text()


def test_a_log_proof_tells_its_checkpoint_and_the_certificate_of_its_entry(log: TimedLog) -> None:
    size, root, note, _ = log.checkpoints[0]
    text = LogProof(0, log.in_the_log(0, size).hashes, note, log.leaves[0]).text()  # type: ignore[arg-type]

    examined = examine(text, given(log))
    other = LogProof(1, log.in_the_log(1, size).hashes, note, log.leaves[1]).text()  # type: ignore[arg-type]

    assert (examined.problems, examined.certificate_sha256) == ((), "ab" * 32)
    assert examined.seen == Seen(size, root)
    assert examine(other, given(log)).certificate_sha256 is None


def test_what_is_wrong_with_a_log_proof_is_told(log: TimedLog) -> None:
    size, _, note, _ = log.checkpoints[0]
    held = log.in_the_log(0, size)
    text = LogProof(0, held.hashes, note, log.leaves[0]).text()  # type: ignore[arg-type]
    witness = MemoryWitness("w.example")
    strict = f"log {log.log_key}\nwitness w {witness.key}\nquorum w\n"
    forged = witness.line(note, 9)
    wrong = LogProof(
        0,
        held.hashes,  # type: ignore[arg-type]
        note + forged[:-8] + b"AAAAAA=\n",
        log.leaves[0],
    ).text()

    assert first(examine(text, given(log, known_size=size + 1))) is Fault.CHECKPOINT_TOO_OLD
    lost = LogProof(0, held.hashes[1:], note, log.leaves[0]).text()  # type: ignore[arg-type]
    assert first(examine(lost, given(log))) is Fault.NOT_INCLUDED
    stranger = text.replace(ORIGIN.encode(), b"another.example/log")
    assert first(examine(stranger, given(log))) is Fault.OTHER_LOG
    assert first(examine(text, given(log, policy=strict))) is Fault.QUORUM_MISSING
    assert first(examine(wrong, given(log, policy=strict))) is Fault.SIGNATURE_WRONG


def test_a_proof_that_is_none_or_lacks_its_entry_is_unreadable(log: TimedLog) -> None:
    size, _, note, _ = log.checkpoints[0]
    bare = LogProof(0, log.in_the_log(0, size).hashes, note, None).text()  # type: ignore[arg-type]

    for raw in (bare, b"c2sp.org/tlog-proof@v1\nindex x\n\nnote\n"):
        with pytest.raises(UploadUnreadable):
            examine(raw, given(log))


def test_an_entry_of_another_shape_binds_nothing() -> None:
    from tests.witnessed_log import LOG_KEY, MemoryLog

    other = MemoryLog(3)
    text = LogProof(1, other.inclusion(1, 3), other.note(3), other.leaves[1]).text()
    policy = f"log {LOG_KEY}\nquorum none\n"
    told = Given(now=SINCE, keys=Keys(str(LOG_KEY), []), policy=policy)

    examined = examine(text, told)

    assert (examined.problems, examined.certificate_sha256) == ((), None)


def test_an_evidence_record_is_examined_where_an_authority_is_trusted(log: TimedLog) -> None:
    raw = msgspec.json.encode(log.evidence(0, [1]))

    examined = examine(raw, given(log))

    assert (examined.problems, examined.certificate_sha256) == ((), "ab" * 32)
    late = given(log, now=log.clock.now() + dt.timedelta(days=999))
    assert first(examine(raw, late)) is Fault.TIMESTAMP_LATE
    assert examine(raw, late).certificate_sha256 is None
    for told in (given(log, tsa_ca=None), given(log, keys=Keys(None, []))):
        with pytest.raises(UploadUnreadable):
            examine(raw, told)


def test_every_refusal_of_an_examination_has_a_name(log: TimedLog) -> None:
    assert {cls.code for cls in REFUSALS.values()} == set(REFUSALS)
    for seed in range(60):
        raw = bytes((seed * 31 + i * 7) % 256 for i in range(300))
        for head in (b"", b"%PDF-1.7\n", b"{", b"PK\x03\x04", b"c2sp.org/tlog-proof@v1\n"):
            with pytest.raises(DomainError):
                examine(head + raw, given(log))
