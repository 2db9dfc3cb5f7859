"""Keep what witnesses answered. Called by the job that asks them, with the sequencer's role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from catalog.audit_log import queries as log
from catalog.audit_log.checkpoint import parse_note
from catalog.kernel.db import Tx
from catalog.witnessing import policy as policies
from catalog.witnessing import store
from catalog.witnessing.cosignature import CosignatureWrong, cosigned_at
from catalog.witnessing.policy import Policy, PolicyWitness, QuorumMissing, Witnessed


def read_answer(note: bytes, witness: PolicyWitness, answer: bytes) -> tuple[bytes, dt.datetime]:
    """Return the line with which a witness cosigned, and its time; lines of others are dropped.

    :raises NoteMalformed: if the answer holds no signature lines.
    :raises CosignatureWrong: if the witness did not cosign this checkpoint.
    """
    at = cosigned_at(parse_note(note + answer), witness.key)
    if at is None:
        raise CosignatureWrong(witness=witness.key.name)
    for line in answer.splitlines(keepends=True):
        if cosigned_at(parse_note(note + line), witness.key) == at:
            return line, dt.datetime.fromtimestamp(at, dt.UTC)
    raise CosignatureWrong(witness=witness.key.name)


async def keep(
    tx: Tx,
    *,
    policy: Policy,
    now: dt.datetime,
    size: int,
    lines: Mapping[str, tuple[bytes, dt.datetime]],
) -> Witnessed | None:
    """Keep cosignatures of the checkpoint of ``size``; return it if they are enough by now.

    ``lines`` are checked ones, by the witnesses' keys. Several workers may keep the same.

    :raises LogNotInPolicy: if the policy does not name our own log.
    """
    for witness, (line, at) in sorted(lines.items()):
        await store.add_cosignature(tx, size=size, witness=witness, line=line, cosigned_at=at)
    published = await log.find_checkpoint_of(tx, size)
    assert published is not None, "it was asked for"
    note = published.note + b"".join(await store.list_lines(tx, size))
    try:
        witnessed = policies.check(policy, note)
    except QuorumMissing:
        return None
    await store.add_witnessed(tx, size=size, note=note, witnessed_at=now)
    return witnessed
