"""Proofs that travel alone: written, read, and every way in which they can be wrong."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.checkpoint import NoteMalformed
from catalog.audit_log.merkle import Hash
from catalog.witnessing.log_proof import (
    LogProof,
    LogProofMalformed,
    LogProofWrong,
    check,
    parse_log_proof,
)
from catalog.witnessing.policy import QuorumMissing, parse_policy
from tests.witnessed_log import LOG_KEY, MemoryLog, MemoryWitness

WITNESS = MemoryWitness("witness.example/w1")
POLICY = parse_policy(f"log {LOG_KEY}\nwitness w {WITNESS.key}\nquorum w\n".encode())
LOG = MemoryLog(13)
NOTE = LOG.note(13) + WITNESS.line(LOG.note(13), 1_772_413_323)
HASH = base64.b64encode(bytes(32)).decode()


def proof_of(index: int, extra: bytes | None = None) -> LogProof:
    return LogProof(index, LOG.inclusion(index, 13), NOTE, extra)


def test_a_proof_has_the_form_of_c2sp() -> None:
    proof = LogProof(10, (Hash(bytes(32)),), b"checkpoint\n", b"more")

    assert proof.text() == (
        f"c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 10\n{HASH}\n\ncheckpoint\n".encode()
    )


def test_a_proof_of_the_only_entry_has_no_hashes() -> None:
    proof = LogProof(0, (), b"checkpoint\n")

    assert proof.text() == b"c2sp.org/tlog-proof@v1\nindex 0\n\ncheckpoint\n"
    assert parse_log_proof(proof.text()) == proof


@given(index=st.integers(0, 12), extra=st.none() | st.binary(max_size=40))
def test_every_proof_is_read_back_and_holds(index: int, extra: bytes | None) -> None:
    proof = proof_of(index, extra)

    assert parse_log_proof(proof.text()) == proof
    assert check(proof, LOG.leaves[index], POLICY).checkpoint.size == 13


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "no header, or no empty line before the checkpoint"),
        (
            b"wrong-header\nindex 0\n\ncheckpoint\n",
            "no header, or no empty line before the checkpoint",
        ),
        (b"c2sp.org/tlog-proof@v1\nindex 0\n", "no header, or no empty line before the checkpoint"),
        (b"c2sp.org/tlog-proof@v1\nextra !!\nindex 0\n\nc\n", "the extra data are not base64"),
        (b"c2sp.org/tlog-proof@v1\n\n\nc\n", "no index"),
        (b"c2sp.org/tlog-proof@v1\nextra YQ==\n\nc\n", "no index"),
        (b"c2sp.org/tlog-proof@v1\nindex x\n\nc\n", "no index"),
        (b"c2sp.org/tlog-proof@v1\nindex -5\n\nc\n", "no index"),
        (b"c2sp.org/tlog-proof@v1\nindex 05\n\nc\n", "no index"),
        (b"c2sp.org/tlog-proof@v1\nindex 0\n!!\n\nc\n", "a line is not the base64 of a hash"),
        (b"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nc\n", "a line is not the base64 of a hash"),
        (
            f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH[:-2]}B=\n\nc\n".encode(),
            "a line is not the base64 of a hash",
        ),
        (
            f"c2sp.org/tlog-proof@v1\nindex 0\n{64 * (HASH + chr(10))}\nc\n".encode(),
            "more than 63 hashes",
        ),
    ],
)
def test_a_malformed_proof_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(LogProofMalformed) as refused:
        parse_log_proof(raw)

    assert refused.value.facts["reason"] == reason


def test_a_proof_of_another_leaf_place_or_root_is_refused() -> None:
    proof = proof_of(5)

    for wrong, leaf in (
        (proof, LOG.leaves[6]),
        (LogProof(6, proof.hashes, NOTE), LOG.leaves[5]),
        (LogProof(13, proof.hashes, NOTE), LOG.leaves[5]),
        (LogProof(5, proof.hashes[:-1], NOTE), LOG.leaves[5]),
        (LogProof(5, (*proof.hashes, proof.hashes[0]), NOTE), LOG.leaves[5]),
        (LogProof(5, proof.hashes[::-1], NOTE), LOG.leaves[5]),
    ):
        with pytest.raises(LogProofWrong):
            check(wrong, leaf, POLICY)


def test_a_proof_without_its_witness_is_refused() -> None:
    with pytest.raises(QuorumMissing):
        check(LogProof(5, LOG.inclusion(5, 13), LOG.note(13)), LOG.leaves[5], POLICY)


def test_a_proof_whose_checkpoint_is_none_is_refused() -> None:
    with pytest.raises(NoteMalformed):
        check(LogProof(0, (), b"checkpoint\n"), b"", POLICY)
