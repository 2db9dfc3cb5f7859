"""End a registration with the certificate (办结). Called by the room of the certificates.

Its command has asked for the permission and remembers the issue.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid

import msgspec

from catalog.kernel.db import Tx
from catalog.notices import queries as notices
from catalog.notices.model import Notice
from catalog.registration import issuance
from catalog.registration.model import (
    Application,
    ComplianceOpinion,
    IssuanceAuthorisation,
    Submission,
    TechnicalOpinion,
)
from catalog.registration.operations import casework
from catalog.registration.operations.authorisation import record
from catalog.registration.states import Event as Happening
from catalog.registration.states import advance
from catalog.registration.store import authorisations, filed, reviews
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning


class ReadyToIssue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a certificate is made from, locked until it is issued."""

    application: Application
    submission: Submission
    notice: Notice
    authorisation: IssuanceAuthorisation
    technical_opinion: TechnicalOpinion
    compliance_opinion: ComplianceOpinion


async def lock_for_issue(tx: Tx, *, application_id: uuid.UUID, now: dt.datetime) -> ReadyToIssue:
    """Lock an application that may be issued, and return what its certificate is made from.

    :raises Missing: if there is no such application.
    :raises NoticePeriodRunning: and the other refusals of ``issuance.check_issue``.
    :raises ApplicationEventNotAllowed: if it was never in notice, or is issued already.
    """
    application = await casework.lock(tx, application_id=application_id)
    notice = await notices.find_current(tx, application.id)
    authorisation = await authorisations.find_authorisation(
        tx, application.id, application.submission_no
    )
    if notice is not None:
        issuance.check_issue(
            record(application, notice), now, is_authorised=authorisation is not None
        )
    advance(application.state, Happening.ISSUE_CERTIFICATE)
    assert notice is not None, "an authorised application was in notice"
    assert authorisation is not None, "an authorised application has its authorisation"
    return ReadyToIssue(
        application=application,
        submission=(await filed.list_submissions(tx, application.id))[-1],
        notice=notice,
        authorisation=authorisation,
        technical_opinion=(await reviews.list_technical_opinions(tx, application.id))[-1],
        compliance_opinion=(await reviews.list_compliance_opinions(tx, application.id))[-1],
    )


async def close(tx: Tx, *, application: Application, now: dt.datetime) -> Application:
    """Close the registration, because its certificate is issued; it is held locked."""
    issued = await casework.move(
        tx, application=application, event=Happening.ISSUE_CERTIFICATE, now=now
    )
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
    return issued
