"""What a witness is asked, and when it says no: each row of C2SP's own table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.checkpoint import (
    Checkpoint,
    VerifierKey,
    parse_checkpoint,
    parse_note,
    signed_note,
)
from catalog.audit_log.merkle import Hash
from catalog.witnessing import deciding
from catalog.witnessing.deciding import (
    CheckpointSmaller,
    Held,
    HistoryRefused,
    LogSignatureMissing,
    OldSizeDiffers,
)
from catalog.witnessing.log_keys import known
from catalog.witnessing.request import AddCheckpoint, RequestMalformed, parse_request
from tests.witnessed_log import LOG_KEY, LOG_SIGNER, ORIGIN, MemoryLog

LOG = MemoryLog(40)


def decide(request: AddCheckpoint, held: Held, keys: tuple[VerifierKey, ...] = (LOG_KEY,)) -> None:
    note = parse_note(request.note)
    deciding.check(request, note, parse_checkpoint(note.text), keys=known(keys), held=held)


def held(size: int, log: MemoryLog = LOG) -> Held:
    return Held(size, log.root(size))


@given(old=st.integers(0, 40), more=st.integers(0, 40))
def test_whatever_only_grows_is_cosigned(old: int, more: int) -> None:
    new = min(old + more, 40)
    body = LOG.request(old, new).body()

    decide(parse_request(body), held(old))


@given(old=st.integers(2, 39), changed=st.integers(0, 38), grown=st.integers(0, 5))
def test_a_history_that_was_rewritten_below_what_was_seen_is_refused(
    old: int, changed: int, grown: int
) -> None:
    rewritten = MemoryLog(40, changed % old)
    new = min(old + grown, 40)

    with pytest.raises(HistoryRefused) as refused:
        decide(rewritten.request(old, new), held(old))

    assert refused.value.facts["reason"] == ("another_root" if new == old else "inconsistent")


def test_a_checkpoint_smaller_than_what_it_continues_is_refused() -> None:
    with pytest.raises(CheckpointSmaller):
        decide(AddCheckpoint(20, (), LOG.note(19)), held(20))


@pytest.mark.parametrize("old", [0, 19, 21])
def test_another_size_than_the_one_held_is_told(old: int) -> None:
    with pytest.raises(OldSizeDiffers) as refused:
        decide(LOG.request(old, 30), held(20))

    assert refused.value.facts == {"size": 20}


def test_proof_where_none_is_needed_is_refused() -> None:
    for request, at in (
        (AddCheckpoint(0, (LOG.root(1),), LOG.note(5)), Held()),
        (AddCheckpoint(5, (LOG.root(1),), LOG.note(5)), held(5)),
    ):
        with pytest.raises(HistoryRefused):
            decide(request, at)


def test_a_proof_that_is_cut_is_refused() -> None:
    request = LOG.request(20, 30)

    with pytest.raises(HistoryRefused):
        decide(AddCheckpoint(20, request.proof[:-1], request.note), held(20))


def test_an_empty_tree_has_the_root_of_an_empty_tree() -> None:
    empty = Checkpoint(ORIGIN, 0, Hash(bytes(32)))
    note = signed_note(empty, LOG_KEY, LOG_SIGNER.sign(empty.text().encode()))

    decide(LOG.request(0, 0), Held())
    with pytest.raises(HistoryRefused) as refused:
        decide(AddCheckpoint(0, (), note), Held())
    assert refused.value.facts["reason"] == "empty_tree_has_another_root"


def test_a_checkpoint_that_the_log_did_not_sign_is_refused_before_anything_is_told() -> None:
    stranger = VerifierKey(ORIGIN, bytes(32))

    with pytest.raises(LogSignatureMissing):
        decide(LOG.request(19, 30), held(20), (stranger,))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no old size, or no empty line before the checkpoint"),
        (b"old 1\nx", "no old size, or no empty line before the checkpoint"),
        (b"old 01\n\nx", "no old size, or no empty line before the checkpoint"),
        (b"old -1\n\nx", "no old size, or no empty line before the checkpoint"),
        (b"Old 1\n\nx", "no old size, or no empty line before the checkpoint"),
        (b"old  1\n\nx", "no old size, or no empty line before the checkpoint"),
        (b"old 1\r\n\r\nx", "no old size, or no empty line before the checkpoint"),
        (b"\nold 1\n\nx", "no old size, or no empty line before the checkpoint"),
        (b"old 1\nAAAA\n\nx", "a proof line is not the base64 of a hash"),
        (b"old 1\n" + b"A" * 42 + b"B=\n\nx", "a proof line is not the base64 of a hash"),
        (b"old 1\n" + b"!" * 44 + b"\n\nx", "a proof line is not the base64 of a hash"),
        (b"old 1\n" + 64 * (b"A" * 43 + b"=\n") + b"\nx", "more than 63 hashes"),
    ],
)
def test_a_malformed_request_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(RequestMalformed) as refused:
        parse_request(body)

    assert refused.value.facts["reason"] == reason
