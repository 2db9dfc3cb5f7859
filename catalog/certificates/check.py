"""Check a certificate as the service answers it, offline: document, place in the log, state (验真).

1. The document is signed by one of the service's keys for certificates, and what is shown of it is
   what was signed.
2. The entry of its issue holds its digest, and is by its proof under a checkpoint of this log.
3. Whether it counts is the register's word. With the log at hand the word is compared with the
   entries; without it, the reader is told whose word it is.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out, merkle, proven_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.events import Event as Entered
from catalog.audit_log.leaf import instant, read_leaf
from catalog.audit_log.model import Leaf, Subject
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.certificates.format import CertificateUnreadable, read_document
from catalog.certificates.model import PublicCertificate
from catalog.certificates.states import State
from catalog.signing.canonical import sha256_hex

_STATE_AFTER: Final[dict[str, State]] = {
    Entered.CERTIFICATE_ISSUED: State.ACTIVE,
    Entered.CERTIFICATE_FROZEN: State.FROZEN,
    Entered.CERTIFICATE_UNFROZEN: State.ACTIVE,
    Entered.CERTIFICATE_REVOKED: State.REVOKED,
    Entered.CERTIFICATE_SUPERSEDED: State.SUPERSEDED,
    Entered.CERTIFICATE_TRANSFERRED: State.TRANSFERRED,
    Entered.CERTIFICATE_DEREGISTERED: State.DEREGISTERED,
    Entered.CERTIFICATE_LAPSED: State.LAPSED,
    Entered.CERTIFICATE_PRODUCT_EXPIRED: State.ACTIVE,  # it goes on; what it certifies is over
}

_IN_WORDS: Final = {
    State.ACTIVE: "有效 · active: it counts",
    State.FROZEN: "争议冻结 · frozen: it does not count while the dispute lasts",
    State.SUPERSEDED: "已变更 · superseded: another certificate took its place",
    State.TRANSFERRED: "已转移 · transferred: it does not count any more",
    State.DEREGISTERED: "已注销 · deregistered: it does not count any more",
    State.REVOKED: "已撤销 · revoked: it does not count any more",
    State.LAPSED: "期满失效 · lapsed: its term is over and it was not renewed",
}
_EXPIRED: Final = "产品时效已届满 · but its product's validity ended, and nothing is sold on it"


def read(raw: bytes) -> PublicCertificate:
    """Return the certificate that an answer of the service holds.

    :raises Unreadable: if it is none.
    """
    try:
        return msgspec.json.decode(raw, type=PublicCertificate)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no certificate as the service answers it: {error}") from error


def check(
    held: PublicCertificate,
    keys: export.Keys,
    log_key: VerifierKey,
    log: export.Source | None = None,
) -> Verdict:
    """Return what is found; the first thing wrong comes first."""
    found = Findings()
    found.count("certificate")
    handed_out.check_signature(
        found, keys, "certificate", held.number, held.document, held.signature
    )
    _check_shown(found, held, keys)
    size = _check_place(found, held, log_key)
    place = held.log.index if size else None
    handed_out.check_trusted(found, keys, "certificate", held.number, held.signature, place)
    if log is None:
        reason = "the register's word; give --log to compare it with the log"
        found.note(f"{_told(held)} ({reason})")
    else:
        found.note(_told(held))
        _check_state(found, held, size, log, log_key)
    return found.verdict()


def _told(held: PublicCertificate) -> str:
    since = held.state_since.astimezone(dt.UTC).isoformat(timespec="seconds")
    if held.product_expired_at is not None:
        return f"{_IN_WORDS[held.state]}, {_EXPIRED}, since {since}"
    return f"{_IN_WORDS[held.state]}, since {since}"


def _check_shown(found: Findings, held: PublicCertificate, keys: export.Keys) -> None:
    number = held.number
    try:
        told = read_document(held.document)
        content = msgspec.json.decode(held.document)
    except CertificateUnreadable as error:
        found.bad("certificate", number, f"its document is unreadable: {error.facts['reason']}")
        return
    key = next((row for row in keys.keys if row.key_id == held.signature.key_id), None)
    shown = {
        "number": told.registration_number == number,
        "type": told.type == held.type,
        "content": content == held.content,
        "record_sha256": sha256_hex(held.document) == held.record_sha256,
        "public_key": key is None or key.public_key == held.public_key,
    }
    for name, is_so in shown.items():
        if not is_so:
            reason = f"its {name} is not that of the signed document"
            found.bad("certificate", number, reason, Fault.CONTENT_DIFFERS)
    last = held.history[-1] if held.history else None
    if last is None or (last.state, last.at) != (held.state, held.state_since):
        reason = "its state is not the last one of its history"
        found.bad("certificate", number, reason, Fault.STATE_DIFFERS)


def _check_place(found: Findings, held: PublicCertificate, log_key: VerifierKey) -> int:
    """Check the proof; return the size of the checkpoint to which it leads, 0 without one."""
    place, proof = held.log, held.log.proof
    if place.index is None or proof is None:
        found.note("no checkpoint covers its issue yet; ask again, nothing proves it till then")
        return 0
    checkpoint = proven_log.opened(found, proof.checkpoint.encode(), log_key, "of the certificate")
    if checkpoint is None:
        return 0
    if place.index >= checkpoint.size:
        reason = f"the checkpoint of {checkpoint.size} was signed before its entry {place.index}"
        found.bad("certificate", held.number, reason, Fault.CHECKPOINT_TOO_OLD)
        return 0
    leaf_hash = merkle.leaf_hash(proof.leaf)
    if not merkle.verify_inclusion(
        leaf_hash, place.index, checkpoint.size, proof.hashes, checkpoint.root
    ):
        reason = f"the proof of its entry {place.index} does not lead to the signed root"
        found.bad("certificate", held.number, reason, Fault.NOT_INCLUDED)
        return 0
    found.count("proofs of inclusion")
    leaf = read_leaf(proof.leaf)
    digest = next((d for d in leaf.digests if (d.kind, d.id) == ("certificate", held.number)), None)
    if leaf.event != Entered.CERTIFICATE_ISSUED or leaf.id != str(place.entry_id):
        reason = f"entry {place.index} is not that of its issue"
        found.bad("certificate", held.number, reason, Fault.NOT_BOUND)
    elif digest is None or digest.sha256 != sha256_hex(held.document):
        reason = f"entry {place.index} does not hold its digest"
        found.bad("certificate", held.number, reason, Fault.NOT_BOUND)
    return checkpoint.size


def _check_state(
    found: Findings,
    held: PublicCertificate,
    size: int,
    source: export.Source,
    log_key: VerifierKey,
) -> None:
    """Compare state and history with what the log tells of the certificate's life."""
    subject = Subject("certificate", held.number)

    def is_of_its_life(leaf: Leaf) -> bool:
        return subject in leaf.subjects and leaf.event in _STATE_AFTER

    log = proven_log.read(source, log_key, found, is_of_its_life)
    if log is None:
        return
    if held.log.index is not None and held.log.index >= log.size:
        reason = f"the log of {log.size} entries ends before its entry {held.log.index}"
        found.bad("certificate", held.number, reason, Fault.CHECKPOINT_TOO_OLD)
        return
    if not any(leaf.id == str(held.log.entry_id) for _, leaf in log.found):
        found.bad("certificate", held.number, "this log does not have its issue", Fault.NOT_BOUND)
        return
    told = [(each.state, instant(each.at)) for each in held.history]
    for (index, leaf), shows in zip(log.found, told, strict=False):
        says = (_STATE_AFTER[leaf.event], leaf.at)
        if says != shows:
            reason = f"entry {index} says {_put(*says)}, but the certificate {_put(*shows)}"
            found.bad("certificate", held.number, reason, Fault.STATE_DIFFERS)
            return
    for index, leaf in log.found[len(told) :]:
        state = _STATE_AFTER[leaf.event]
        if index >= size:
            found.note(f"since then: {_IN_WORDS[state]}, since {leaf.at}")
        else:
            reason = f"entry {index} says {_put(state, leaf.at)}, which it leaves out"
            found.bad("certificate", held.number, reason, Fault.STATE_DIFFERS)
    _check_unentered(found, held.number, told[len(log.found) :], log.last_at)


def _check_unentered(
    found: Findings, number: str, told: list[tuple[State, str]], last_at: str
) -> None:
    for state, at in told:
        if at >= last_at:
            found.note(f"the log given ends before it was {_put(state, at)}; nothing proves that")
        else:
            reason = f"no entry says that it is {_put(state, at)}"
            found.bad("certificate", number, reason, Fault.STATE_DIFFERS)


def _put(state: State, at: str) -> str:
    return f"{state.value} since {at}"
