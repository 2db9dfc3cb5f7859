"""End a registration with the certificate (办结). Called by the room of the certificates.

Its command has asked for the permission and remembers the issue.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid

import msgspec

from catalog.case_access.model import Duty
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.notices import queries as notices
from catalog.notices.model import Notice
from catalog.registration import issuance
from catalog.registration.model import (
    Application,
    ComplianceOpinion,
    IssuanceAuthorisation,
    NoticeWaiver,
    Submission,
    TechnicalOpinion,
)
from catalog.registration.operations import casework, consents
from catalog.registration.operations.authorisation import record
from catalog.registration.states import Event as Happening
from catalog.registration.states import advance
from catalog.registration.store import authorisations, filed, reviews
from catalog.rulebooks.rulebook import Rulebook
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning


class ReadyToIssue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a certificate is made from, locked until it is issued."""

    application: Application
    submission: Submission
    rulebook: Rulebook
    notice: Notice | None  # None where it was waived
    waiver: NoticeWaiver | None
    authorisation: IssuanceAuthorisation | None  # None where the rulebook needs none
    technical_opinion: TechnicalOpinion
    compliance_opinion: ComplianceOpinion | None


async def lock_for_issue(
    tx: Tx, *, actor: Actor, application_id: uuid.UUID, now: dt.datetime
) -> ReadyToIssue:
    """Lock an application that may be issued, and return what its certificate is made from.

    :raises Missing: if there is no such application.
    :raises CaseHeldByAnother: if somebody else publishes and issues it.
    :raises NoticePeriodRunning: and the other refusals of ``issuance.check_issue``.
    :raises OwnerConsentMissing: if a joint owner took its consent back.
    :raises ApplicationEventNotAllowed: if it was never in notice, or is issued already.
    """
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ISSUANCE
    )
    notice = await notices.find_current(tx, application.id)
    authorisation = await authorisations.find_authorisation(
        tx, application.id, application.submission_no
    )
    waiver = await reviews.find_waiver(tx, application.id, application.submission_no)
    book = await casework.rulebook_of(tx, application)
    if notice is not None or waiver is not None:
        issuance.check_issue(
            record(application, notice),
            now,
            is_authorised=authorisation is not None or not book.needs_authorisation,
        )
    advance(application.state, Happening.ISSUE_CERTIFICATE)
    await consents.require_all(tx, application=application)
    assert notice is not None or waiver is not None, "it was in notice, or needed none"
    compliance = await reviews.list_compliance_opinions(tx, application.id)
    return ReadyToIssue(
        application=application,
        submission=(await filed.list_submissions(tx, application.id))[-1],
        rulebook=book,
        notice=notice,
        waiver=waiver,
        authorisation=authorisation,
        technical_opinion=(await reviews.list_technical_opinions(tx, application.id))[-1],
        compliance_opinion=compliance[-1] if compliance else None,
    )


async def close(tx: Tx, *, application: Application, now: dt.datetime) -> Application:
    """Close the registration, because its certificate is issued; it is held locked."""
    issued = await casework.move(
        tx, application=application, event=Happening.ISSUE_CERTIFICATE, now=now
    )
    with contextlib.suppress(TimerNotRunning):  # only where the review covers everything
        await casework.meet_review(tx, issued, now=now)
    with contextlib.suppress(TimerNotRunning):  # only where the issue was given days
        await timers.meet(
            tx,
            now=now,
            kind=casework.ISSUING,
            subject_kind="application",
            subject_id=application.id,
        )
    await timers.cancel_all(
        tx,
        now=now,
        subject_kind="application",
        subject_id=application.id,
        note="certificate issued",
    )
    await casework.end_handling(tx, application=issued, now=now)
    return issued
