"""Let a registration lapse whose term is over, and revoke one for cause (自动失效、撤销)."""

from __future__ import annotations

import datetime as dt

from catalog.audit_log.events import Event
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework as certificates
from catalog.certificates.states import Event as Happening
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import queries as rulebooks
from catalog.terms import ending, store
from catalog.terms.model import Kind
from catalog.terms.operations import requests


async def lapse(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, certificate_number: str
) -> bool:
    """Let a registration lapse whose last day is over and for which no renewal waits (自动失效).

    Where the rulebook has the registrar cancel it, its days for that begin. Tell False if there was
    nothing to do.

    :raises NotPermitted: if the actor is not the job for it.
    :raises Missing: if no certificate has this number.
    """
    actor.require("certificate:lapse")
    certificate = await certificates.lock(tx, certificate_number)
    is_asked = await store.find_open(tx, certificate_number, Kind.RENEWAL) is not None
    today = local_date(now)
    if not ending.lapses(certificate.state, certificate.valid_through, today, is_asked=is_asked):
        return False
    book = await rulebooks.in_force(tx, code=certificate.rulebook, on=today)
    assert book.renewal is not None, "what has a term can be renewed"
    lapsed = await certificates.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.LAPSE,
        remembered=Event.CERTIFICATE_LAPSED,
        reason="term_over",
        rules=(book.renewal.opens_before.source,),
        facts={"valid_through": certificate.valid_through},
    )
    if ending.must_be_cancelled(book):
        await requests.begin(
            tx,
            actor=actor,
            now=now,
            calendar=calendar,
            certificate=lapsed,
            kind=Kind.CANCELLATION,
            reason="到期未续期",
            book=book,
            by_law=True,
        )
    return True


async def revoke(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    ground: str,
    facts: str,
) -> Certificate:
    """Revoke a registration on a ground that its rulebook has (撤销, NDRC26-20).

    :raises NotPermitted: if the actor may not decide.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if no certificate has this number.
    :raises RevocationNotProvided: if the rulebook has no such ground.
    :raises RequestReasonMissing: if no facts are given.
    :raises CertificateEventNotAllowed: if it does not count any more.
    """
    actor.require("review:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    certificate = await certificates.lock(tx, certificate_number)
    book = await rulebooks.in_force(tx, code=certificate.rulebook, on=local_date(now))
    ending.check_revocation(ground, facts, book)
    return await certificates.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.REVOKE,
        remembered=Event.CERTIFICATE_REVOKED,
        reason=facts,
        rules=(book.revocation_source,),
        facts={"ground": ground},
    )
