"""Examine an uploaded file: what it is, whether it is genuine, and which certificate it is about (上传核验).

Everything here is done with bytes that anybody may have written, in a process of its own; whoever
started that asks the register afterwards.
"""

from __future__ import annotations

import base64
import datetime as dt
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, key_chain
from catalog.audit_log.checkpoint import VerifierKey, parse_vkey
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.verdict import Bad, Fault, Findings, Unreadable, Verdict
from catalog.certificates import credential, credential_check
from catalog.kernel.caged import MEBIBYTE, Limits, Task, by_code
from catalog.kernel.errors import DomainError, Invalid
from catalog.signing.canonical import sha256_hex
from catalog.timestamps import evidence, token
from catalog.timestamps.model import Left
from catalog.witnessing import log_proof
from catalog.witnessing.policy import LogNotInPolicy, QuorumMissing, parse_policy
from market.case_files import check as case_files
from market.supervision.check import check_document
from market.verification import kinds, paper_refusals
from market.verification.kinds import Kind

CERTIFICATE: Final = "certificate"


class UploadUnreadable(Invalid):
    """The file is of a known kind and can not be read."""

    code = "upload_unreadable"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What the register lets a file be examined with: public keys, policy, authorities, the time."""

    now: dt.datetime
    keys: export.Keys
    policy: str
    tsa_ca: str | None = None
    known_size: int = 0  # the caller knows a checkpoint of this size: a smaller one is old


class Seen(msgspec.Struct, frozen=True):
    """A checkpoint that the file holds: the register compares it with its own log."""

    size: int
    root: bytes


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; ``certificate_sha256`` is the digest of the document that it is about."""

    kind: Kind
    problems: tuple[Bad, ...]
    notes: tuple[str, ...]
    counts: dict[str, int]
    certificate_sha256: str | None = None
    seen: Seen | None = None


REFUSALS: Final = by_code(
    kinds.UploadEmpty,
    kinds.UploadTooLarge,
    kinds.UploadUnknown,
    kinds.UploadAmbiguous,
    paper_refusals.PdfEncrypted,
    paper_refusals.PdfHoldsOtherThanOneFile,
    paper_refusals.PdfNotSealed,
    paper_refusals.PdfChangedAfterSeal,
    paper_refusals.PdfUnreadable,
    UploadUnreadable,
)


def examine(raw: bytes, given: Given) -> Examined:
    """Return what a file is worth.

    :raises DomainError: one of ``REFUSALS``, if it is not what it says, or nothing that is known.
    """
    kind = kinds.kind_of(raw)
    try:
        return _EXAMINERS[kind](raw, given)
    except Unreadable as error:
        raise UploadUnreadable(reason=str(error)[:300]) from error


def _examined(given: Given, source: BinaryIO) -> Iterator[Examined]:
    yield examine(source.read(kinds.MAX_BYTES + 1), given)


#: A paper needs much of its libraries at once, and little time.
EXAMINE: Final = Task(
    where="market.verification.examining:EXAMINE",
    given=Given,
    line=Examined,
    work=_examined,
    refusals=REFUSALS,
    unreadable=UploadUnreadable,
    limits=Limits(cpu_seconds=10, memory_bytes=1024 * MEBIBYTE, seconds=20.0),
    loads=("market.verification.sealed_pdf",),
)


def _paper(raw: bytes, given: Given) -> Examined:
    found = Findings()
    # Loaded where papers are examined, not wherever it is said what an examination is.
    sealed_pdf = importlib.import_module("market.verification.sealed_pdf")
    inside: bytes = sealed_pdf.document_in(raw, given.keys, found)
    verdict = _left_to_the_register(handed_out.check(inside, given.keys))
    for bad in verdict.problems:
        found.bad(bad.kind, bad.id, bad.reason, bad.fault)
    found.count(CERTIFICATE)
    return _told(Kind.PAPER, found.verdict(), _sha256_of(inside))


def _credential(raw: bytes, given: Given) -> Examined:
    verdict = credential_check.check(raw, keys=given.keys, now=given.now, is_found_in_log=True)
    if verdict.problems:
        return _told(Kind.CREDENTIAL, verdict)
    return _told(Kind.CREDENTIAL, verdict, _sha256_in(raw.strip()))


def _sha256_in(token_: bytes) -> str | None:
    """Return the digest that a genuine credential names; a status list names none."""
    payload = base64.urlsafe_b64decode(token_.split(b".")[1] + b"==")
    try:
        return credential.read_credential(payload).credential_subject.document_sha256
    except DomainError:
        return None


def _document(raw: bytes, given: Given) -> Examined:
    verdict = _left_to_the_register(check_document(raw, keys=given.keys))
    return _told(Kind.DOCUMENT, verdict, _sha256_of(raw))


def _left_to_the_register(verdict: Verdict) -> Verdict:
    """Return the verdict without what the file alone can not tell of a certificate.

    Whether it was entered before its key was distrusted, the register knows by its place, and says so
    of its standing.
    """
    kept = [
        bad
        for bad in verdict.problems
        if (bad.kind, bad.fault) != (CERTIFICATE, Fault.KEY_DISTRUSTED)
    ]
    return msgspec.structs.replace(verdict, problems=tuple(kept))


def _sha256_of(raw: bytes) -> str | None:
    """Return the digest of the certificate in a file; None if it holds another document."""
    try:
        held = handed_out.read(raw)
        document = held.signed_bytes()
    except ValueError:
        return None
    return sha256_hex(document) if held.kind == CERTIFICATE else None


def _case_file(raw: bytes, given: Given) -> Examined:
    return _told(Kind.CASE_FILE, case_files.check(raw, keys=given.keys, trusted=None))


def _log_proof(raw: bytes, given: Given) -> Examined:
    try:
        proof = log_proof.parse_log_proof(raw)
    except log_proof.LogProofMalformed as error:
        raise UploadUnreadable(reason=error.facts["reason"]) from error
    if proof.extra is None:
        raise UploadUnreadable(reason="it does not hold the entry that it is about")
    found = Findings()
    seen = None
    try:
        checkpoint = log_proof.check(
            proof, proof.extra, parse_policy(given.policy.encode())
        ).checkpoint
        seen = Seen(checkpoint.size, checkpoint.root)
        found.count("entries")
        if checkpoint.size < given.known_size:
            reason = f"is smaller than the one of {given.known_size} entries that you know"
            found.bad("checkpoint", checkpoint.size, reason, Fault.CHECKPOINT_TOO_OLD)
    except log_proof.LogProofWrong:
        reason = "the proof does not lead from its entry to the signed root"
        found.bad("entry", proof.index, reason, Fault.NOT_INCLUDED)
    except LogNotInPolicy:
        found.bad("checkpoint", "proof", "it is of another log", Fault.OTHER_LOG)
    except QuorumMissing:
        found.bad("checkpoint", "proof", "too few witnesses cosigned it", Fault.QUORUM_MISSING)
    except DomainError as error:
        found.bad("checkpoint", "proof", error.code, Fault.SIGNATURE_WRONG)
    sha256 = _sha256_bound(found, proof.extra)
    return _told(Kind.LOG_PROOF, found.verdict(), sha256, seen)


def _evidence_record(raw: bytes, given: Given) -> Examined:
    if given.tsa_ca is None:
        raise UploadUnreadable(reason="no timestamp authority is trusted here")
    record = evidence.read(raw)
    verdict = evidence.check(
        record,
        _log_key(given.keys),
        token.read_trust(given.tsa_ca.encode()),
        left=Left(),
        now=given.now,
    )
    sha256 = _sha256_bound(Findings.following(verdict), record.leaf)
    return _told(Kind.EVIDENCE_RECORD, verdict, sha256)


def _log_key(keys: export.Keys) -> VerifierKey:
    if keys.log is None:
        raise UploadUnreadable(reason="the log has no key yet")
    return key_chain.followed(parse_vkey(keys.log), keys)


def _sha256_bound(found: Findings, leaf: bytes) -> str | None:
    """Return the digest of the certificate that a proven entry binds, None if it binds none."""
    if found.problems:
        return None
    try:
        digests = read_leaf(leaf).digests
    except msgspec.MsgspecError:
        return None
    return next((each.sha256 for each in digests if each.kind == CERTIFICATE), None)


def _told(
    kind: Kind, verdict: Verdict, sha256: str | None = None, seen: Seen | None = None
) -> Examined:
    return Examined(
        kind=kind,
        problems=verdict.problems,
        notes=verdict.notes,
        counts=verdict.counts,
        certificate_sha256=None if verdict.problems else sha256,
        seen=seen,
    )


_EXAMINERS: Final[Mapping[Kind, Callable[[bytes, Given], Examined]]] = {
    Kind.PAPER: _paper,
    Kind.CREDENTIAL: _credential,
    Kind.DOCUMENT: _document,
    Kind.CASE_FILE: _case_file,
    Kind.LOG_PROOF: _log_proof,
    Kind.EVIDENCE_RECORD: _evidence_record,
}
