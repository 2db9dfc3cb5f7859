"""Read applications. One that the viewer has no part in does not exist for it (HN-28)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.notices import queries as notices
from catalog.registration import letter
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
from catalog.rulebooks.rulebook import Silence


class RefusalLetterMissing(Missing):
    """No decision went against this application."""

    code = "refusal_letter_missing"


async def get(tx: Tx, *, viewer: Actor, application_id: uuid.UUID) -> ApplicationFile:
    """Return an application with all that belongs to it.

    Applicant, joint owners, assigned agency, staff and regulator see it, an agent as its principal
    does what its letters are for; row-level security says the same.

    :raises NotPermitted: if the viewer reads no applications.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("application:read")
    application = await applications.find(tx, application_id)
    if application is None:
        raise Missing
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
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], paging.encode(query, str(found[limit - 1].id)))


def _without_others(submission: Submission, viewer: Actor) -> Submission:
    # What others applied for is for the reviewers, not for the applicant (HN-07, HN-28).
    if viewer.clearance is Clearance.PARTY:
        return msgspec.structs.replace(submission, conflicts=())
    return submission


async def get_refusal_letter(tx: Tx, *, viewer: Actor, application_id: uuid.UUID) -> RefusalLetter:
    """Return the letter about the decision that went against an application (HN-15).

    :raises NotPermitted: if the viewer reads no applications.
    :raises Missing: if there is none that it may see.
    :raises RefusalLetterMissing: if nothing was decided against it.
    """
    file = await get(tx, viewer=viewer, application_id=application_id)
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
    return letter.write(file.application, against[-1], rulebook)


async def list_silent(tx: Tx, *, submitted_before: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return applications that wait for an answer under rules by which silence accepts (视为受理)."""
    codes = [
        book.code
        for book in registry.RULEBOOKS.values()
        if book.silence_on_acceptance is Silence.ACCEPTED
    ]
    return await applications.list_waiting(
        tx, rulebooks=codes, submitted_before=submitted_before, limit=limit
    )
