"""Read what witnesses saw of our log, and what is to be asked of them next."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log import queries as log
from catalog.audit_log.merkle import Hash
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.witnessing import store
from catalog.witnessing.log_proof import LogProof
from catalog.witnessing.policy import Policy, PolicyWitness
from catalog.witnessing.request import AddCheckpoint


class NotWitnessed(Missing):
    """No checkpoint with a quorum of cosignatures covers this yet."""

    code = "log_not_witnessed"


class Question(msgspec.Struct, frozen=True):
    """A checkpoint of ours that is to be cosigned at an address; one witness may have several keys."""

    witnesses: tuple[PolicyWitness, ...]
    url: str
    size: int
    request: AddCheckpoint


class Progress(msgspec.Struct, frozen=True):
    """How far a witness has cosigned, and when it did so last."""

    name: str  # in the policy
    size: int
    cosigned_at: dt.datetime | None


async def list_progress(tx: Tx, policy: Policy) -> tuple[Progress, ...]:
    """Return how far each witness of the policy is."""
    keys = {witness.name: str(witness.key) for witness in policy.witnesses}
    sizes = await store.newest_sizes(tx, list(keys.values()))
    times = await store.newest_times(tx, list(keys.values()))
    return tuple(Progress(name, sizes.get(key, 0), times.get(key)) for name, key in keys.items())


async def get_witnessed(tx: Tx) -> bytes:
    """Return the newest checkpoint that a quorum cosigned, with these cosignatures. Public.

    :raises NotWitnessed: if there is none.
    """
    newest = await store.newest_witnessed(tx)
    if newest is None:
        raise NotWitnessed
    return newest[1]


async def find_witnessed(tx: Tx) -> tuple[int, bytes] | None:
    """Return size and note of the newest checkpoint that a quorum cosigned, None if there is none."""
    return await store.newest_witnessed(tx)


async def prove_entry(tx: Tx, index: int) -> LogProof:
    """Return the proof that travels alone: an entry under the newest witnessed checkpoint. Public.

    :raises NotWitnessed: if none covers the entry yet.
    """
    newest = await store.newest_witnessed(tx)
    if newest is None or not 0 <= index < newest[0]:
        raise NotWitnessed
    size, note = newest
    proof = await log.prove_inclusion(tx, index, size)
    return LogProof(index, tuple(Hash(each) for each in proof.hashes), note)


async def waits_since(tx: Tx) -> dt.datetime | None:
    """Return since when something that was signed waits for its quorum, None if nothing does."""
    return await store.first_unwitnessed_at(tx)


async def list_questions(tx: Tx, policy: Policy) -> list[Question]:
    """Return what is to be asked of whom: of every witness that has a URL and lags behind."""
    published = await log.find_checkpoint(tx)
    if published is None:
        return []
    seen = await store.newest_sizes(tx, [str(witness.key) for witness in policy.witnesses])
    asked: dict[str, list[PolicyWitness]] = {}
    for witness in policy.witnesses:
        if witness.url is not None:
            asked.setdefault(witness.url, []).append(witness)
    questions = []
    for url, witnesses in asked.items():
        sizes = [seen.get(str(each.key), 0) for each in witnesses]
        if min(sizes) < published.size:
            # It holds what any of its keys cosigned last.
            request = await _request(tx, max(sizes), published.size, published.note)
            questions.append(Question(tuple(witnesses), url, published.size, request))
    return questions


async def ask_again(tx: Tx, question: Question, held: int) -> Question | None:
    """Return the question as a witness that holds ``held`` can answer it; None: it holds more."""
    if held > question.size:
        return None
    request = await _request(tx, held, question.size, question.request.note)
    return msgspec.structs.replace(question, request=request)


async def _request(tx: Tx, old: int, new: int, note: bytes) -> AddCheckpoint:
    proof = () if old == 0 else (await log.prove_consistency(tx, old, new)).hashes
    return AddCheckpoint(old, tuple(Hash(each) for each in proof), note)
