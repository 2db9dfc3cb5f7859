"""Read an application, and remember it when it is not one's own (查阅留痕, HN-26, HN-28, A49)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.registration import consents, dossier, duties, queries
from catalog.registration.acceptance import Dossier, changed_targets
from catalog.registration.letter import RefusalLetter
from catalog.registration.model import (
    Application,
    ApplicationFile,
    CorrectionProgress,
    Standing,
)
from catalog.registration.operations.consents import content_of
from catalog.registration.states import State
from catalog.registration.store import consents as kept
from catalog.registration.store import filed, reviews


async def open_file(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID
) -> ApplicationFile:
    """Return an application with all that belongs to it.

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is none that it may see.
    """
    found = await queries.get(tx, viewer=actor, application_id=application_id)
    await _remember(tx, actor, now, found.application, part="application")
    return found


async def open_in_full(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID
) -> ApplicationFile:
    """Return an application with all that belongs to it, to those who see all of it.

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is none that it may see all of.
    """
    actor.require("application:read")
    found = await queries.find_in_full(tx, viewer=actor, application_id=application_id)
    if found is None:
        raise Missing
    await _remember(tx, actor, now, found.application, part="application")
    return found


async def open_refusal_letter(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID
) -> RefusalLetter:
    """Return the letter about the decision that went against an application (HN-15).

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is none that it may see all of.
    :raises RefusalLetterMissing: if nothing was decided against it.
    """
    application, letter = await queries.get_refusal_letter(
        tx, viewer=actor, application_id=application_id
    )
    await _remember(tx, actor, now, application, part="refusal_letter")
    return letter


async def read_standing(tx: Tx, *, actor: Actor, application_id: uuid.UUID) -> Standing:
    """Return what stands in an application now, as its applicant and its joint owners read it.

    :raises NotPermitted: if the actor reads no applications.
    :raises Missing: if there is none of which it is the applicant or an owner.
    """
    actor.require("application:read")
    application = await queries.find(tx, application_id=application_id)
    if application is None:
        raise Missing
    named = application.form.consenting(application.applicant_party_id)
    if actor.party not in {application.applicant_party_id, *(owner.party_id for owner in named)}:
        raise Missing
    content = await content_of(tx, application)
    sha256 = dossier.consented_digest(content)
    given = await kept.list_consents(tx, application.id)
    there = consents.standing(given, sha256)
    return Standing(
        parts=content.parts,
        content_sha256=sha256,
        consents=tuple(given),
        consents_missing=tuple(o.party_id for o in named if o.party_id not in there),
        corrections=await _progress(tx, application, content),
    )


async def _remember(
    tx: Tx, actor: Actor, now: dt.datetime, application: Application, *, part: str
) -> None:
    case = duties.case_of(application)
    await case_access.remember_reading(
        tx,
        actor=actor,
        now=now,
        case=case,
        seen=await case_access_queries.sight(tx, viewer=actor, case=case),
        part=part,
    )


async def _progress(
    tx: Tx, application: Application, content: Dossier
) -> tuple[CorrectionProgress, ...]:
    asked = application.must_change
    if application.state is State.CORRECTION_REQUIRED:
        asked = (await reviews.list_acceptance_opinions(tx, application.id))[-1].items
    if not asked:
        return ()
    last = (await filed.list_submissions(tx, application.id))[-1]
    changed = changed_targets(Dossier(last.dossier), content)
    return tuple(CorrectionProgress(item=item, is_done=item.target in changed) for item in asked)
