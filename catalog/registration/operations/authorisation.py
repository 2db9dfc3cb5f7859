"""Let a certificate be issued, or send the case back (授权发证): the bureau, HN-16, HN-05."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeVar

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.workdays import Calendar
from catalog.notices import operations as notices
from catalog.notices import queries as notice_queries
from catalog.notices.model import Notice, Result
from catalog.notifications.topics import Topic
from catalog.registration import issuance, opinions, signatures
from catalog.registration.issuance import NoticeRecord
from catalog.registration.model import (
    Application,
    IssuanceAuthorisation,
    IssuanceAuthorisationDocument,
)
from catalog.registration.operations import casework, consents
from catalog.registration.states import Event as Happening
from catalog.registration.states import advance
from catalog.registration.store import authorisations
from catalog.rulebooks import registry
from catalog.signing import queries as keys
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import Signature


class ReturnTo(enum.StrEnum):
    """Where the bureau sends a case back to (退回)."""

    REVIEW = "under_review"  # 复核
    NOTICE = "in_public_notice"  # 重新公示


class AuthorisationNumberUsed(Conflict):
    """The bureau gave this number to another authorisation."""

    code = "authorisation_number_used"


class ReturnReasonMissing(Invalid):
    """Who sends a case back says why."""

    code = "issuance_return_reason_missing"


_RETURNS: Final = {
    ReturnTo.REVIEW: Happening.RETURN_TO_REVIEW,
    ReturnTo.NOTICE: Happening.RETURN_TO_NOTICE,
}


class Authorising(Protocol):
    """What each document has by which the bureau lets a certificate be issued."""

    @property
    def authorisation_number(self) -> str:
        """Return the number that the bureau gave it."""


D = TypeVar("D", bound=Authorising)


async def read_signed(
    tx: Tx,
    document: bytes,
    signature: Signature,
    *,
    kind: type[D],
    actor: Actor,
    now: dt.datetime,
    is_used: Callable[[Tx, PartyId, str], Awaitable[bool]],
    **about: uuid.UUID | str | None,
) -> D:
    """Return what the bureau signed, if it is about this very case and good (HN-16(b)).

    :raises SignedDocumentUnreadable: if the document lacks a member.
    :raises SignedForAnotherCase: if it is about something else than ``about`` says.
    :raises AuthorisationSignatureInvalid: if the bureau's own key did not sign it.
    :raises AuthorisationNumberUsed: if its number was given before.
    """
    signed = opinions.read(document, kind)
    opinions.check_case(signed, **about)
    key = await keys.find_key(tx, signature.key_id)
    signatures.check_authorisation(key, actor.party, document, signature, now)
    if await is_used(tx, actor.party, signed.authorisation_number):
        raise AuthorisationNumberUsed(authorisation_number=signed.authorisation_number)
    return signed


async def authorise_issue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    document: bytes,
    signature: Signature,
) -> IssuanceAuthorisation:
    """Keep the bureau's authorisation exactly as it signed it (授权发证).

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if there is no such application.
    :raises NoticePeriodRunning: and the other refusals of ``issuance.check_notice``.
    :raises ApplicationEventNotAllowed: if it does not wait for an authorisation.
    :raises OwnerConsentMissing: if a joint owner took its consent back.
    :raises SignedDocumentUnreadable: if the document lacks a member.
    :raises SignedForAnotherCase: if it is about something else.
    :raises AuthorisationSignatureInvalid: if the bureau's own key did not sign it.
    :raises AuthorisationNumberUsed: if its number was given before.
    """
    actor.require("issuance:authorise")
    application = await casework.lock_supervised(tx, actor=actor, application_id=application_id)
    notice = await notice_queries.find_current(tx, application.id)
    if notice is not None:
        issuance.check_notice(record(application, notice), now)
    advance(application.state, Happening.AUTHORISE_ISSUE)
    await consents.require_all(tx, application=application)
    assert notice is not None, "an application that waits for its authorisation was in notice"
    signed = await read_signed(
        tx,
        document,
        signature,
        kind=IssuanceAuthorisationDocument,
        actor=actor,
        now=now,
        is_used=authorisations.is_authorisation_number_used,
        application_id=application.id,
        dossier_sha256=application.dossier_sha256,
        notice_id=notice.id,
    )
    authorisation = IssuanceAuthorisation(
        id=new_id(),
        application_id=application.id,
        submission_no=application.submission_no,
        bureau_party_id=actor.party,
        authority=signed.authority,
        authorisation_number=signed.authorisation_number,
        document=document,
        sha256=sha256_hex(document),
        key_id=signature.key_id,
        signature=signature.value,
        decided_by=actor.account_id,
        decided_at=now,
    )
    await authorisations.insert_authorisation(tx, authorisation)
    authorised = await casework.move(
        tx, application=application, event=Happening.AUTHORISE_ISSUE, now=now
    )
    await casework.start_issuing_clock(tx, authorised, now=now, calendar=calendar)
    await audit_log.append(
        tx,
        Event.ISSUANCE_AUTHORISED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"authorisation_number": authorisation.authorisation_number},
        rules=("HN-16",),
        digests=[Digest("issuance_authorisation", str(authorisation.id), authorisation.sha256)],
    )
    return authorisation


async def return_for_check(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    to: ReturnTo,
    reason: str,
) -> Application:
    """Send a case back to the review or to a fresh public notice (全流程监管, HN-05(1)).

    Back in review the opinions stand and the thirty working days run anew; back in notice its
    seven working days do.

    :raises NotPermitted: if the actor is not the bureau.
    :raises Missing: if there is no such application.
    :raises ReturnReasonMissing: if no reason is given.
    :raises ApplicationEventNotAllowed: if it does not wait for an authorisation.
    """
    actor.require("issuance:authorise")
    application = await casework.lock_supervised(tx, actor=actor, application_id=application_id)
    if not reason.strip():
        raise ReturnReasonMissing
    returned = await casework.move(tx, application=application, event=_RETURNS[to], now=now)
    if to is ReturnTo.REVIEW:
        await casework.close_notice(
            tx,
            actor=actor,
            now=now,
            application=returned,
            result=Result.RETURNED,
            remark="退回复核",
        )
        await casework.start_review_clock(tx, returned, now=now, calendar=calendar)
    else:
        current = await notice_queries.find_current(tx, application.id)
        assert current is not None, "an application that waits for its authorisation was in notice"
        notice = await notices.lock(tx, current.id)
        again = await notices.restart(
            tx,
            now=now,
            calendar=calendar,
            rulebook=await casework.rulebook_of(tx, application),
            notice=notice,
            remark="重新公示",
        )
        assert again.starts_on is not None, "a running notice has begun"
        await casework.start_notice_clock(
            tx, application, starts_on=again.starts_on, now=now, calendar=calendar
        )
    await casework.tell_applicant(
        tx, returned, topic=Topic.ISSUANCE_RETURNED, now=now, reasons=reason
    )
    await audit_log.append(
        tx,
        Event.ISSUANCE_RETURNED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"to": to},
        before={"state": application.state.value},
        after={"state": returned.state.value},
        reason=reason,
        rules=("HN-05",),
    )
    return returned


def record(application: Application, notice: Notice | None) -> NoticeRecord:
    """Return what the notice, or its waiver, says about whether the issue may go on."""
    if notice is None:
        return NoticeRecord(
            missing_channels=(),
            ends=None,
            open_objections=application.open_objections,
            is_waived=True,
        )
    posted = {posting.channel for posting in notice.postings}
    channels = registry.by_code(application.rulebook).notice_channels
    return NoticeRecord(
        missing_channels=tuple(c for c in channels if c not in posted),
        ends=notice.ends,
        open_objections=application.open_objections,
    )
