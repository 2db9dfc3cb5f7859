"""Lock and save a change, write its papers, run its clocks: what every command on it does."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.case_access import handling
from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.case_access.model import Duty
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework as certificates
from catalog.changes import duties, store
from catalog.changes.model import Change, Paper, PaperKind
from catalog.changes.states import FINAL, advance
from catalog.changes.states import Event as Happening
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Period
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.steps import Step
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import Signature
from catalog.timers import operations as timers
from catalog.timers.operations import TimerAlreadyRunning, TimerNotRunning

SUBJECT = "change"


async def lock(tx: Tx, *, change_id: uuid.UUID) -> tuple[Certificate, Change]:
    """Lock a change behind its certificate, which whoever freezes or revokes it holds as well.

    :raises Missing: if there is none that the actor may see.
    """
    seen = await store.find(tx, change_id)
    if seen is None:
        raise Missing
    certificate = await certificates.lock(tx, seen.certificate_number)
    change = await store.lock(tx, change_id)
    assert change is not None, "what was seen is still there"
    return certificate, change


async def lock_for(
    tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID, duty: Duty
) -> tuple[Certificate, Change]:
    """Lock a change for one of the staff, whose duty this is from now on (经办).

    :raises Missing: if there is none that the actor may see, or it is another operator's.
    :raises CaseHeldByAnother: if somebody else has the duty.
    :raises FourEyesRequired: if the actor had the duty that this one checks.
    """
    certificate, change = await lock(tx, change_id=change_id)
    await case_access.act(tx, actor=actor, now=now, case=duties.case_of(change), duty=duty)
    return certificate, change


async def lock_supervised(
    tx: Tx, *, actor: Actor, change_id: uuid.UUID
) -> tuple[Certificate, Change]:
    """Lock a change for the bureau that delegates its operator (HN-05).

    :raises Missing: if there is none, or another authority delegates its operator.
    """
    certificate, change = await lock(tx, change_id=change_id)
    await case_access_queries.require_authority(
        tx, actor=actor, operator_party_id=change.operator_party_id
    )
    return certificate, change


async def reviewer_of(tx: Tx, change: Change) -> AccountId | None:
    """Return who reviews a change today: who was named, or to whom it was given since."""
    held = handling.holder(
        Duty.TECHNICAL_REVIEW, await case_access_queries.list_of_case(tx, case_id=change.id)
    )
    return change.technical_reviewer_account_id if held is None else held.account_id


async def lock_own(
    tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID, power: Power
) -> tuple[Certificate, Change]:
    """Lock a change of the actor's party, or of whom it acts for with ``power``.

    :raises Missing: if there is none, or it is somebody else's.
    :raises AuthorisationLetterOutOfScope: and its like, if an agent may not do this today (HN-06).
    """
    certificate, change = await lock(tx, change_id=change_id)
    if actor.party != change.registrant_party_id:
        raise Missing
    await letters.require(tx, actor=actor, now=now, power=power, product_id=change.product_id)
    return certificate, change


async def move(
    tx: Tx, *, change: Change, event: Happening, now: dt.datetime, **changed: Any
) -> Change:
    """Let ``event`` happen to a change that is held locked, and save it.

    :raises ChangeEventNotAllowed: if it can not happen in its state.
    """
    moved = msgspec.structs.replace(
        change,
        state=advance(change.state, event),
        version=change.version + 1,
        updated_at=now,
        **changed,
    )
    await store.update(tx, moved)
    return moved


async def end_handling(tx: Tx, *, change: Change, now: dt.datetime, is_told: bool = False) -> None:
    """End the duties that nobody has to do any more in a change that is over (办结，不再查阅).

    The last thing of the command that ended it: what was somebody's to write is written by then.
    ``is_told``: what went against it was told, and that was all that was left.
    """
    if change.state not in FINAL:
        return
    case = duties.case_of(change)
    if is_told:
        case = msgspec.structs.replace(case, due=frozenset())
    await case_access.end_over(tx, now=now, case=case)


async def book_of(tx: Tx, change: Change) -> Rulebook:
    """Return the rulebook of a change, as it stood on the day on which it was first handed in.

    A draft was not filed yet: what is said of it before is said by the day on which it was begun.
    """
    submissions = await store.list_papers(tx, change.id, PaperKind.SUBMISSION)
    filed_at = submissions[0].written_at if submissions else change.created_at
    return await rulebooks.of_case(tx, code=change.rulebook, filed_on=local_date(filed_at))


def cites(change: Change, step: Step) -> tuple[str, ...]:
    """Return the articles of the change's rulebook for a step, and those for changes."""
    book = by_code(change.rulebook)
    return tuple(dict.fromkeys((*book.cites(step), *book.cites(Step.CHANGE))))


def about(change: Change) -> list[Subject]:
    """Return what the audit log says an entry about a change is about."""
    return [
        Subject(SUBJECT, str(change.id)),
        Subject("certificate", change.certificate_number),
        Subject("product", str(change.product_id)),
    ]


async def write(
    tx: Tx,
    *,
    change: Change,
    kind: PaperKind,
    body: dict[str, Any],
    actor: Actor,
    now: dt.datetime,
    no: int | None = None,
    document: bytes | None = None,
    signature: Signature | None = None,
    party_id: PartyId | None = None,
) -> Paper:
    """Write a paper of the case; without ``no`` it is the next of its kind."""
    if no is None:
        no = len(await store.list_papers(tx, change.id, kind)) + 1
    paper = Paper(
        id=new_id(),
        change_id=change.id,
        kind=kind,
        no=no,
        body=msgspec.to_builtins(body),
        document=document,
        sha256=None if document is None else sha256_hex(document),
        key_id=None if signature is None else signature.key_id,
        signature=None if signature is None else signature.value,
        written_by=actor.account_id,
        party_id=party_id,
        written_at=now,
    )
    await store.insert_paper(tx, paper)
    return paper


async def start_clock(
    tx: Tx,
    change: Change,
    *,
    kind: str,
    period: Period,
    now: dt.datetime,
    calendar: Calendar,
    since: dt.date | None = None,
    against: str = "supermarket_operator",
    party_id: PartyId | None = None,
) -> None:
    """Start a clock, against the operator unless another is named.

    One of its kind that runs already ends sooner and stays.
    """
    with contextlib.suppress(TimerAlreadyRunning):
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=kind,
            subject_kind=SUBJECT,
            subject_id=change.id,
            against=against,
            rulebook=change.rulebook,
            period=period,
            started_on=since or local_date(now),
            party_id=party_id or change.operator_party_id,
        )


async def meet_clock(tx: Tx, change: Change, *, kind: str, now: dt.datetime) -> None:
    """Record that what a clock was waiting for is done; none may run."""
    with contextlib.suppress(TimerNotRunning):
        await timers.meet(tx, now=now, kind=kind, subject_kind=SUBJECT, subject_id=change.id)


async def stop_clocks(tx: Tx, change: Change, *, now: dt.datetime, note: str) -> None:
    """Stop every clock of a change that is over."""
    await timers.cancel_all(tx, now=now, subject_kind=SUBJECT, subject_id=change.id, note=note)


async def remember_filing(
    tx: Tx,
    event: Event,
    change: Change,
    *,
    actor: Actor,
    now: dt.datetime,
    after: msgspec.Struct | None = None,
    facts: dict[str, Any] | None = None,
    reason: str | None = None,
    rules: tuple[str, ...] | None = None,
) -> None:
    """Append what its applicant did with a change to the log; its dossier is bound with the facts."""
    digests = []
    if facts is not None and change.dossier_sha256 is not None:
        digests.append(Digest("dossier", str(change.id), change.dossier_sha256))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=about(change),
        facts=facts,
        after=None if after is None else msgspec.to_builtins(after),
        reason=reason,
        rules=by_code(change.rulebook).cites(Step.CHANGE) if rules is None else rules,
        digests=digests,
    )
