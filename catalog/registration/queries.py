"""Read applications. One that the viewer has no part in does not exist for it (HN-28)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.case_access import queries as case_access
from catalog.case_access.model import Case
from catalog.case_access.visibility import Sight
from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.notices import queries as notices
from catalog.registration import duties, letter, redaction
from catalog.registration.letter import RefusalLetter
from catalog.registration.model import (
    Application,
    ApplicationFile,
    ReviewResult,
    Submission,
)
from catalog.registration.states import State
from catalog.registration.store import applications, authorisations, consents, filed, reviews
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks import registry


class RefusalLetterMissing(Missing):
    """No decision went against this application."""

    code = "refusal_letter_missing"


async def get(tx: Tx, *, viewer: Actor, application_id: uuid.UUID) -> ApplicationFile:
    """Return an application with all that belongs to it.

    Its own people, joint owners among them and an agent as its principal does, the assigned agency,
    those of the staff who handle it and the authority that delegates see it, another regulator a
    redacted copy; row-level security says the same.

    :raises NotPermitted: if the viewer reads no applications.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("application:read")
    application = await applications.find(tx, application_id)
    if application is None:
        raise Missing
    seen = await case_access.require_sight(tx, viewer=viewer, case=duties.case_of(application))
    if seen is Sight.REDACTED:
        async with beyond_own_rows(tx):
            return redaction.redacted(await _assemble(tx, application, viewer))
    return await _assemble(tx, application, viewer)


async def find_in_full(
    tx: Tx, *, viewer: Actor, application_id: uuid.UUID
) -> ApplicationFile | None:
    """Return an application with all that belongs to it, or None to whoever does not see all of it."""
    application = await applications.find(tx, application_id)
    if application is None:
        return None
    seen = await case_access.sight(tx, viewer=viewer, case=duties.case_of(application))
    return await _assemble(tx, application, viewer) if seen is Sight.FULL else None


async def find_case(tx: Tx, *, application_id: uuid.UUID) -> Case:
    """Return an application as the rule of who handles it needs it.

    :raises Missing: if there is none that the acting party may know of.
    """
    application = await applications.find(tx, application_id)
    if application is None:
        raise Missing
    return duties.case_of(application)


async def operator_of(tx: Tx, application_id: uuid.UUID) -> PartyId | None:
    """Return which operator has an application, for rooms above whose cases are about it."""
    async with beyond_own_rows(tx):
        application = await applications.find(tx, application_id)
    return None if application is None else application.operator_party_id


async def _assemble(tx: Tx, application: Application, viewer: Actor) -> ApplicationFile:
    application_id = application.id
    notice = await notices.find_current(tx, application_id)
    return ApplicationFile(
        application=application,
        materials=tuple(await filed.list_materials(tx, application_id)),
        submissions=tuple(
            _without_others(submission, viewer)
            for submission in await filed.list_submissions(tx, application_id)
        ),
        acceptance_opinions=tuple(await reviews.list_acceptance_opinions(tx, application_id)),
        technical_opinions=tuple(await reviews.list_technical_opinions(tx, application_id)),
        compliance_opinions=tuple(await reviews.list_compliance_opinions(tx, application_id)),
        review_decisions=tuple(await reviews.list_review_decisions(tx, application_id)),
        notifications=tuple(await reviews.list_notifications(tx, application_id)),
        material_requests=tuple(await filed.list_requests(tx, application_id)),
        authorisation=await authorisations.find_authorisation(
            tx, application_id, application.submission_no
        ),
        notice_id=None if notice is None else notice.id,
        notice_waiver=await reviews.find_waiver(tx, application_id, application.submission_no),
        consents=tuple(await consents.list_consents(tx, application_id)),
    )


async def find(tx: Tx, *, application_id: uuid.UUID) -> Application | None:
    """Return an application as the rooms above need it, or None if the actor sees none."""
    return await applications.find(tx, application_id)


async def list_numbers(tx: Tx, ids: Sequence[uuid.UUID]) -> list[str]:
    """Return the numbers under which applications go, for rooms above that publish them."""
    return await applications.list_numbers(tx, ids)


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    product_id: uuid.UUID | None = None,
    number: str | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Application]:
    """Return a page of the applications that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads no applications.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("application:read")
    query = paging.fingerprint("applications", state, product_id, number)
    found = await applications.list_page(
        tx,
        state=state,
        product_id=product_id,
        number=number,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    shown = [redaction.shown(each, viewer) for each in found]
    return paging.page_by_id(query, shown, limit)


def _without_others(submission: Submission, viewer: Actor) -> Submission:
    # What others applied for is for the reviewers, not for the applicant (HN-07, HN-28).
    if viewer.clearance is Clearance.PARTY:
        return msgspec.structs.replace(submission, conflicts=())
    return submission


async def get_refusal_letter(
    tx: Tx, *, viewer: Actor, application_id: uuid.UUID
) -> tuple[Application, RefusalLetter]:
    """Return an application and the letter about the decision that went against it (HN-15).

    :raises NotPermitted: if the viewer reads no applications.
    :raises Missing: if there is none that it may see all of.
    :raises RefusalLetterMissing: if nothing was decided against it.
    """
    viewer.require("application:read")
    file = await find_in_full(tx, viewer=viewer, application_id=application_id)
    if file is None:
        raise Missing
    against = [
        decision
        for decision in file.review_decisions
        if decision.result in (ReviewResult.REFUSE, ReviewResult.FAIL_TECHNICAL)
    ]
    if not against:
        raise RefusalLetterMissing
    rulebook = await rulebooks.of_case(
        tx, code=file.application.rulebook, filed_on=file.application.ruled_on
    )
    return file.application, letter.write(file.application, against[-1], rulebook)


async def list_silent(tx: Tx, *, submitted_before: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return applications that wait for an answer under rules by which silence accepts (视为受理)."""
    return await applications.list_waiting(
        tx,
        rulebooks=registry.accepting_by_silence(),
        submitted_before=submitted_before,
        limit=limit,
    )
