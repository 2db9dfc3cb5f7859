"""A certificate as the service answers it is checked offline, its life against the log."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log import merkle
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Digest, Subject
from catalog.audit_log.verdict import Fault, Unreadable, Verdict
from catalog.certificates.check import check, read
from catalog.certificates.format import TYPE, document_bytes
from catalog.certificates.model import Change, LogPlace, LogProof, PublicCertificate
from catalog.certificates.number import CertificateNumber
from catalog.certificates.states import State
from catalog.signing.canonical import sha256_hex
from tests.exports import START, Export, Maker
from tests.pure.test_certificates_format import KEY, SIGNER, make_document

DOCUMENT = document_bytes(make_document())
NUMBER = CertificateNumber(make_document().registration_number)
KEYS = form.Keys(
    None,
    [
        form.KeyRow(
            key_id=KEY.key_id,
            purpose="certificate",
            algorithm="ed25519",
            public_key=KEY.public_key,
            valid_from=instant(START),
        )
    ],
)


class Life(Maker):
    """A log in which a certificate is issued and lives on."""

    def __init__(self, *events: str, bound: bytes = DOCUMENT, issued: str = "issued") -> None:
        super().__init__()
        self.history: list[Change] = []
        self.places: list[int] = []
        self.append()
        self.happen(issued, Digest("certificate", NUMBER, sha256_hex(bound)))
        for event in events:
            self.happen(event)
        self.sign()

    def happen(self, event: str, *digests: Digest) -> None:
        self.places.append(len(self.leaves))
        subjects = (Subject("certificate", NUMBER),)
        self.append(f"certificate:{event}", subjects=subjects, digests=digests)
        state = State({"issued": "active", "unfrozen": "active"}.get(event, event))
        self.history.append(Change(state=state, at=self.now, reason="x"))

    def answer(self, seen: int | None = None, **changed: Any) -> PublicCertificate:
        """Return what the service answers when ``seen`` things have happened."""
        history = tuple(self.history[:seen])
        index = self.places[0]
        size = len(self.leaves)
        tile = {(0, 0): b"".join(merkle.leaf_hash(leaf) for leaf in self.leaves)}
        proof = LogProof(
            leaf=self.leaves[index],
            hashes=tuple(merkle.hashes_of(merkle.inclusion_spans(index, size), tile)),
            checkpoint=self.checkpoints[-1][2].decode(),
        )
        values: dict[str, Any] = {
            "number": NUMBER,
            "type": TYPE,
            "content": msgspec.json.decode(DOCUMENT),
            "document": DOCUMENT,
            "signature": SIGNER.seal(DOCUMENT),
            "public_key": SIGNER.public_key,
            "record_sha256": sha256_hex(DOCUMENT),
            "state": history[-1].state,
            "state_since": history[-1].at,
            "history": history,
            "log": LogPlace(
                entry_id=uuid.UUID(msgspec.json.decode(self.leaves[index])["id"]),
                index=index,
                entry_url=None,
                inclusion_proof_url=None,
                proof=proof,
            ),
        }
        return PublicCertificate(**values | changed)

    def checked(self, answer: PublicCertificate, log: Export | None = None) -> Verdict:
        return check(answer, KEYS, self.log_key, log)


def fault(verdict: Verdict) -> Fault | None:
    assert verdict.first_bad is not None
    assert verdict.first_bad.id
    return verdict.first_bad.fault


def test_a_genuine_answer_is_genuine_after_its_journey_as_json() -> None:
    life = Life()

    verdict = life.checked(read(msgspec.json.encode(life.answer())))

    assert verdict.problems == ()
    assert verdict.counts == {"certificate": 1, "proofs of inclusion": 1}
    assert verdict.notes[0].startswith("有效 · active: it counts, since 2026-03-02T01:02:05+00:00")


@pytest.mark.parametrize("raw", [b"", b"\xff", b"{}"])
def test_what_is_no_answer_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read(raw)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"signature": msgspec.structs.replace(SIGNER.seal(DOCUMENT), key_id="x")},
         Fault.KEY_UNKNOWN),
        ({"signature": SIGNER.seal(b"other")}, Fault.SIGNATURE_WRONG),
        ({"number": "HN-QQ-2026-0000002H"}, Fault.CONTENT_DIFFERS),
        ({"type": "x"}, Fault.CONTENT_DIFFERS),
        ({"content": {}}, Fault.CONTENT_DIFFERS),
        ({"record_sha256": "x"}, Fault.CONTENT_DIFFERS),
        ({"public_key": bytes(32)}, Fault.CONTENT_DIFFERS),
        ({"state": State.REVOKED}, Fault.STATE_DIFFERS),
        ({"state_since": START}, Fault.STATE_DIFFERS),
        ({"history": ()}, Fault.STATE_DIFFERS),
    ],
)  # fmt: skip
def test_what_is_shown_must_be_what_was_signed(changed: dict[str, Any], expected: Fault) -> None:
    life = Life()

    assert fault(life.checked(life.answer(**changed))) is expected


def test_a_document_that_is_no_certificate_is_named() -> None:
    life = Life()

    verdict = life.checked(life.answer(document=b"{}", signature=SIGNER.seal(b"{}")))

    assert "its document is unreadable" in str(verdict.first_bad)


def test_a_certificate_that_no_checkpoint_covers_yet_is_not_proven_and_says_so() -> None:
    life = Life()
    answer = life.answer()

    for change in ({"index": None}, {"proof": None}):
        place = msgspec.structs.replace(answer.log, **change)
        verdict = life.checked(msgspec.structs.replace(answer, log=place))
        assert verdict.problems == ()
        assert verdict.notes[0].startswith("no checkpoint covers its issue yet")


def test_another_log_an_older_checkpoint_and_a_false_proof_are_refused() -> None:
    life = Life("frozen")
    answer = life.answer()
    proof = answer.log.proof
    assert proof is not None

    def placed(**changed: Any) -> PublicCertificate:
        return msgspec.structs.replace(answer, log=msgspec.structs.replace(answer.log, **changed))

    def proven(**changed: Any) -> PublicCertificate:
        return placed(proof=msgspec.structs.replace(proof, **changed))

    stranger = VerifierKey("another.example/log", life.log_key.public_key)
    assert fault(check(answer, KEYS, stranger)) is Fault.OTHER_LOG
    assert fault(life.checked(placed(index=3))) is Fault.CHECKPOINT_TOO_OLD
    assert fault(life.checked(placed(index=2))) is Fault.NOT_INCLUDED
    assert fault(life.checked(proven(leaf=b"{}"))) is Fault.NOT_INCLUDED
    assert fault(life.checked(proven(hashes=()))) is Fault.NOT_INCLUDED
    assert fault(life.checked(placed(entry_id=uuid.UUID(int=1)))) is Fault.NOT_BOUND
    malformed = life.checked(proven(checkpoint="x"))
    assert malformed.first_bad is not None
    assert malformed.first_bad.kind == "checkpoint"


@pytest.mark.parametrize("life", [Life(bound=b"other"), Life(issued="frozen")])
def test_an_entry_that_is_not_that_of_its_issue_binds_nothing(life: Life) -> None:
    history = (Change(state=State.ACTIVE, at=life.now, reason="x"),)
    active: dict[str, Any] = {"history": history, "state": State.ACTIVE, "state_since": life.now}

    assert fault(life.checked(life.answer(**active))) is Fault.NOT_BOUND


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("frozen", "争议冻结 · frozen"),
        ("revoked", "已撤销 · revoked"),
        ("superseded", "已变更 · superseded"),
        ("deregistered", "已注销 · deregistered"),
    ],
)
def test_a_certificate_that_does_not_count_says_so_in_words(event: str, words: str) -> None:
    life = Life(event)

    verdict = life.checked(life.answer(), life.export())

    assert verdict.problems == ()
    assert verdict.notes[0].startswith(words)


def test_an_expired_product_is_told_in_words_though_the_certificate_stays() -> None:
    life = Life()

    verdict = life.checked(life.answer(product_expired_at=START), life.export())

    assert verdict.problems == ()
    assert "产品时效已届满" in verdict.notes[0]


def test_what_came_after_the_answer_is_told_from_the_log() -> None:
    life = Life()
    answer = life.answer()
    life.happen("revoked")
    life.sign()

    verdict = life.checked(answer, life.export())

    assert verdict.problems == ()
    assert verdict.notes[1].startswith("since then: 已撤销 · revoked")


def test_a_state_that_the_log_does_not_tell_is_named() -> None:
    life = Life("frozen", "unfrozen")
    export = life.export()

    hidden = life.answer(seen=1)
    assert fault(life.checked(hidden, export)) is Fault.STATE_DIFFERS

    first, frozen, _ = life.history
    other = msgspec.structs.replace(frozen, state=State.REVOKED)
    invented = life.answer(history=(first, other), state=State.REVOKED, state_since=other.at)
    assert fault(life.checked(invented, export)) is Fault.STATE_DIFFERS

    early = msgspec.structs.replace(first, at=first.at + dt.timedelta(microseconds=1))
    history = (*life.history, early)
    more = life.answer(history=history, state=early.state, state_since=early.at)
    assert fault(life.checked(more, export)) is Fault.STATE_DIFFERS

    young = msgspec.structs.replace(frozen, at=life.now + dt.timedelta(days=1))
    waiting = life.answer(history=(*life.history, young), state=young.state, state_since=young.at)
    verdict = life.checked(waiting, export)
    assert verdict.problems == ()
    assert "nothing proves that" in verdict.notes[1]


def test_a_log_without_its_issue_or_from_before_it_is_refused() -> None:
    life = Life()
    other, short = Maker(), Maker()
    for _ in range(5):
        other.append()
    other.sign()
    short.append()
    short.sign()
    broken = life.export()
    broken.files["checkpoint"] = b"x"

    assert fault(life.checked(life.answer(), other.export())) is Fault.NOT_BOUND
    assert fault(life.checked(life.answer(), short.export())) is Fault.CHECKPOINT_TOO_OLD
    assert fault(life.checked(life.answer(), broken)) is None
