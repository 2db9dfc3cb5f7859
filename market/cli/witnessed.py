"""Demand of what is checked that the witnesses of a policy have seen it (``market verify --policy``)."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import msgspec

from catalog.audit_log import export_format as form
from catalog.audit_log.checkpoint import (
    NoteMalformed,
    VerifierKey,
    parse_checkpoint,
    parse_note,
)
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.audit_log.verify import verify_tree
from catalog.kernel.errors import DomainError
from catalog.witnessing import log_proof
from catalog.witnessing import policy as policies
from catalog.witnessing.policy import (
    Policy,
    PolicyMalformed,
    QuorumMissing,
    Witnessed,
    parse_policy,
)
from market.cli.cores import replay_on_all_cores


def read_policy(path: pathlib.Path) -> Policy:
    """Return the policy of a file.

    :raises Unreadable: if there is none.
    """
    try:
        return parse_policy(path.read_bytes())
    except OSError as error:
        raise Unreadable(f"--policy {path}: {error.strerror}") from error
    except PolicyMalformed as error:
        place = f"--policy {path} line {error.facts['line']}"
        raise Unreadable(f"{place}: {error.facts['reason']}") from error


def verify_published(
    source: form.Source, key: VerifierKey | None, keys: form.Keys | None = None
) -> Verdict:
    """Return what is found in a published log alone.

    :raises Unreadable: if there is no key to check it with.
    """
    if key is None:
        raise Unreadable("no key to check the log with; give --vkey, or a policy that has it")
    return verify_tree(source, key, keys, replayer=replay_on_all_cores)


def check_log(
    source: form.Source,
    trusted: VerifierKey | None,
    policy: Policy | None,
    look: Callable[[form.Source, VerifierKey | None], Verdict],
) -> Verdict:
    """Return what ``look`` finds in a log, and whether enough witnesses saw it, and how far.

    :raises Unreadable: if there is nothing that could be checked.
    """
    if policy is None:
        return look(source, trusted)
    found = Findings.following(look(source, trusted or _log_key(policy, source)))
    raw = source.read(form.WITNESSED)
    if raw is None:
        reason = "no checkpoint with the cosignatures of a quorum is here"
        found.bad("checkpoint", "witnessed", reason, Fault.QUORUM_MISSING)
        return found.verdict()
    witnessed = _met(found, policy, raw)
    newest = source.read(form.CHECKPOINT)
    if witnessed is not None and newest is not None:
        found.count("witnesses", len(witnessed.cosigned))
        younger = _size(newest) - witnessed.checkpoint.size
        if younger > 0:
            found.note(f"{younger} entries are younger than what the witnesses saw")
    return found.verdict()


def check_document(
    verdict: Verdict, log: form.Source | None, trusted: VerifierKey | None, policy: Policy | None
) -> Verdict:
    """Return the verdict on a document, and on the whole log in which it must be, as witnessed.

    :raises Unreadable: if there is a policy and no log.
    """
    if policy is None:
        return verdict
    if log is None:
        raise Unreadable("--policy: give the log that the witnesses saw, with --log")
    found = Findings.following(verdict)
    whole = check_log(log, trusted, policy, verify_published)
    for bad in whole.problems:
        found.bad(bad.kind, bad.id, bad.reason, bad.fault)
    found.notes += whole.notes
    found.count("witnesses", whole.counts.get("witnesses", 0))
    return found.verdict()


def check_proof(raw: bytes, leaf_file: pathlib.Path | None, policy: Policy | None) -> Verdict:
    """Return what is found in a ``.tlog-proof`` about the bytes of an entry.

    That of a certificate holds the entry's bytes as ``extra``; of others they are given.

    :raises Unreadable: if it is none, or policy or entry are not given.
    """
    if policy is None:
        raise Unreadable("a .tlog-proof is checked with --policy")
    try:
        proof = log_proof.parse_log_proof(raw)
        leaf = proof.extra if leaf_file is None else leaf_file.read_bytes()
    except OSError as error:
        raise Unreadable(f"--leaf {leaf_file}: {error.strerror}") from error
    except log_proof.LogProofMalformed as error:
        raise Unreadable(f"no .tlog-proof: {error.facts['reason']}") from error
    if leaf is None:
        raise Unreadable("this .tlog-proof does not hold its entry: give it with --leaf")
    found = Findings()
    try:
        witnessed = log_proof.check(proof, leaf, policy)
        found.count("entries")
        found.count("witnesses", len(witnessed.cosigned))
        _tell_digests(found, leaf)
    except log_proof.LogProofWrong:
        reason = "the proof does not lead from these bytes to the signed root"
        found.bad("entry", proof.index, reason, Fault.NOT_INCLUDED)
    except DomainError:
        _met(found, policy, proof.note)
    return found.verdict()


def _tell_digests(found: Findings, leaf: bytes) -> None:
    """Note what an entry of ours binds; an entry of another log says that itself."""
    try:
        digests = read_leaf(leaf).digests
    except msgspec.MsgspecError:
        return
    for digest in digests:
        found.note(f"the entry binds {digest.kind} {digest.id}, SHA-256 {digest.sha256}")


def _log_key(policy: Policy, source: form.Source) -> VerifierKey | None:
    """Return the policy's key for the log at hand; None if the policy does not know this log."""
    raw = source.read(form.CHECKPOINT)
    try:
        origin = None if raw is None else parse_checkpoint(parse_note(raw).text).origin
    except NoteMalformed:
        return None
    return next((log.key for log in policy.logs if log.key.name == origin), None)


def _met(found: Findings, policy: Policy, note: bytes) -> Witnessed | None:
    """Return what a note says if it meets the policy; tell what is wrong if it does not."""
    try:
        return policies.check(policy, note)
    except QuorumMissing as error:
        seen = ", ".join(error.facts["cosigned"]) or "nobody"
        reason = f"the quorum {error.facts['quorum']} is missing; cosigned by {seen}"
        found.bad("checkpoint", "witnessed", reason, Fault.QUORUM_MISSING)
    except policies.LogNotInPolicy as error:
        reason = f"no log of the policy signed it ({error.facts['origin']})"
        found.bad("checkpoint", "witnessed", reason, Fault.OTHER_LOG)
    except DomainError as error:
        reason = " ".join(str(fact) for fact in (error.code, *error.facts.values()))
        found.bad("checkpoint", "witnessed", reason, Fault.SIGNATURE_WRONG)
    return None


def _size(note: bytes) -> int:
    try:
        return parse_checkpoint(parse_note(note).text).size
    except NoteMalformed:
        return 0  # told by who checked the log
