"""Ask the witnesses to cosign what was signed, and say so when too few do (请求见证).

The log goes on without them: what they lack is a quorum, which readers may demand. While they are
asked no transaction is open. Safe with several workers: what two keep is the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Final

import structlog

from catalog.audit_log.checkpoint import NoteMalformed
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import SEQUENCER_ROLE, Database, Tx, begin
from catalog.witnessing import operations, queries
from catalog.witnessing.cosignature import CosignatureWrong
from catalog.witnessing.queries import Question
from market.channels.witnesses import (
    Witnesses,
    WitnessHolds,
    WitnessRefused,
    WitnessUnreachable,
)

_ACTOR: Final = system("ask_witnesses")
_log = structlog.get_logger("jobs")

Lines = dict[str, tuple[bytes, dt.datetime]]


async def run(
    db: Database,
    *,
    clock: Callable[[], dt.datetime],
    witnesses: Witnesses | None,
    every: dt.timedelta,
    alarm_after: dt.timedelta,
) -> int:
    """Ask whoever lags behind, once in a while; return how many cosignatures came."""
    now = clock()
    if witnesses is None or (witnesses.asked_at is not None and now < witnesses.asked_at + every):
        return 0
    witnesses.asked_at = now
    async with begin(db, _ACTOR) as tx:
        questions = await queries.list_questions(tx, witnesses.policy)
    answers = await asyncio.gather(*(_ask(db, witnesses, each) for each in questions))
    lines: Lines = {key: line for answer in answers for key, line in answer.items()}
    if lines:
        await _keep(db, witnesses, clock(), questions[0].size, lines)
    await _alarm(db, witnesses, clock(), alarm_after)
    return len(lines)


async def _ask(db: Database, witnesses: Witnesses, question: Question) -> Lines:
    """Return the lines from one address by their keys; a word in the log for each that it did not give."""
    name = ", ".join(each.name for each in question.witnesses)
    try:
        try:
            answer = await witnesses.ask(question.url, question.request)
        except WitnessHolds as held:
            async with begin(db, _ACTOR) as tx:
                again = await queries.ask_again(tx, question, held.size)
            if again is None:
                # Older than what others saw: a restored database, or a second copy of the log.
                _log.error("witness_is_ahead", witness=name, held=held.size, size=question.size)
                return {}
            answer = await witnesses.ask(question.url, again.request)
    except (WitnessUnreachable, WitnessHolds) as error:
        _log.warning("witness_unreachable", witness=name, why=str(error))
    except WitnessRefused as error:
        _log.error("witness_refused", witness=name, status=error.status, why=error.reason)
    else:
        return _read(question, answer)
    return {}


def _read(question: Question, answer: bytes) -> Lines:
    lines: Lines = {}
    for witness in question.witnesses:
        try:
            line = operations.read_answer(question.request.note, witness, answer)
        except (CosignatureWrong, NoteMalformed) as error:
            _log.error("witness_answered_wrongly", witness=witness.name, code=error.code)
        else:
            lines[str(witness.key)] = line
    return lines


async def _keep(
    db: Database, witnesses: Witnesses, now: dt.datetime, size: int, lines: Lines
) -> None:
    async def keep(tx: Tx) -> None:
        await operations.keep(tx, policy=witnesses.policy, now=now, size=size, lines=lines)

    await database.run(db, _ACTOR, keep, role=SEQUENCER_ROLE, must_remember=False)


async def _alarm(
    db: Database, witnesses: Witnesses, now: dt.datetime, alarm_after: dt.timedelta
) -> None:
    """Say in the log that the quorum is missing, when it begins and once in every such time."""
    async with begin(db, _ACTOR) as tx:
        since = await queries.waits_since(tx)
    if since is None or now < since + alarm_after:
        witnesses.alarmed_at = None
        return
    if witnesses.alarmed_at is None or now >= witnesses.alarmed_at + alarm_after:
        witnesses.alarmed_at = now
        _log.error("witness_quorum_missing", since=since.isoformat())
