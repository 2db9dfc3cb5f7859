"""Name registrars, import their certificates, verify, recognise, look again, withdraw (互认)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.case_access import operations as case_access
from catalog.case_access.model import Duty
from catalog.delegations import operations as delegations
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.recognition import duties, standing, store
from catalog.recognition.model import Examined, ForeignCertificate, Registrar
from catalog.recognition.states import Event as Happening
from catalog.recognition.states import State, advance
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.hainan_2023 import HAINAN_2023


class RegistrarNamedAlready(Conflict):
    """A registrar of this name is there."""

    code = "foreign_registrar_named_already"


class ForeignImportedAlready(Conflict):
    """The certificate was imported before."""

    code = "foreign_imported_already"


class ForeignReasonMissing(Invalid):
    """Who rejects a certificate, or withdraws its recognition, says why."""

    code = "foreign_reason_missing"


async def name_registrar(
    tx: Tx, *, actor: Actor, now: dt.datetime, name: str, agreement: str, keys: str | None
) -> Registrar:
    """Name a registrar whose certificates are recognised here, as the bureau agreed (互认).

    :raises NotPermitted: if the actor is not the bureau.
    :raises RegistrarNamedAlready: if one of this name is there.
    """
    actor.require("foreign_registrar:name")
    registrar = Registrar(
        id=new_id(),
        name=name,
        agreement=agreement,
        keys=keys,
        entered_by=actor.account_id,
        entered_at=now,
    )
    if not await store.insert_registrar(tx, registrar):
        raise RegistrarNamedAlready(name=name)
    await audit_log.append(
        tx,
        Event.FOREIGN_REGISTRAR_NAMED,
        actor=actor,
        now=now,
        subjects=[Subject("foreign_registrar", str(registrar.id))],
        after=msgspec.to_builtins(registrar),
        rules=("NDA35-31",),
    )
    return registrar


async def import_certificate(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    registrar_id: uuid.UUID,
    number: str,
    product_id: uuid.UUID,
    holder_name: str,
    product_name: str,
    issued_on: dt.date,
    valid_to: dt.date | None,
    file_id: uuid.UUID,
    examined: Examined | None,
) -> ForeignCertificate:
    """Import a certificate of another registrar for one's own product (导入外部凭证).

    ``examined`` is what came of checking its signature, where its format has one.

    :raises NotPermitted: if the actor may not import.
    :raises Missing: if there is no such registrar, product or file of the actor's.
    :raises ForeignSignatureInvalid: and the other refusals of ``standing.check_examined``.
    :raises ForeignDaysContradictory: and the other refusals of ``standing.check_days``.
    :raises ForeignImportedAlready: if it was imported before.
    """
    actor.require("foreign_certificate:import")
    product = await products.find(tx, product_id=product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise Missing
    if await store.find_registrar(tx, registrar_id) is None:
        raise Missing
    file = await files.get_own(tx, viewer=actor, file_id=file_id)
    if examined is not None:
        standing.check_examined(examined, number, product_name, holder_name)
        issued_on, valid_to = examined.issued_on, examined.valid_to
    standing.check_days(issued_on, valid_to, local_date(now))
    certificate = ForeignCertificate(
        id=new_id(),
        registrar_id=registrar_id,
        number=number,
        product_id=product.id,
        supplier_party_id=actor.party,
        holder_name=holder_name,
        product_name=product_name,
        issued_on=issued_on,
        valid_to=valid_to,
        file_id=file.id,
        file_sha256=file.sha256,
        is_signature_checked=examined is not None,
        state=State.IMPORTED,
        imported_by=actor.account_id,
        imported_at=now,
    )
    if not await store.insert(tx, certificate):
        raise ForeignImportedAlready(number=number)
    await _remember(
        tx,
        Event.FOREIGN_CERTIFICATE_IMPORTED,
        certificate,
        actor=actor,
        now=now,
        digests=[Digest("foreign_certificate", str(certificate.id), file.sha256)],
    )
    return certificate


async def check(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID, source: str
) -> ForeignCertificate:
    """Look a certificate up as the first of two people, and say where (查证).

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such certificate.
    :raises CaseHeldByAnother: if a colleague has this duty.
    :raises SourceMissing: if it is not said where.
    :raises ForeignCertificateEventNotAllowed: if it is verified or rejected.
    """
    before = await _lock_as_operator(tx, actor, now, certificate_id)
    state = advance(before.state, Happening.CHECK)
    standing.check_source(source)
    await _handle(tx, actor, now, before, Duty.FOREIGN_CHECK)
    return await _move(
        tx,
        Event.FOREIGN_CERTIFICATE_CHECKED,
        before,
        msgspec.structs.replace(before, state=state, checked_by=actor.account_id, source=source),
        actor=actor,
        now=now,
        reason=source,
    )


async def verify(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID
) -> ForeignCertificate:
    """Verify a certificate: by its signature, or as the second person who looked (核验).

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such certificate.
    :raises CaseHeldByAnother: if a colleague has this duty.
    :raises ForeignNotChecked: if it has no signature and nobody looked.
    :raises OtherPersonRequired: if the actor looked first, or imported it.
    :raises ForeignCertificateEventNotAllowed: if it is verified or rejected.
    """
    before = await _lock_as_operator(tx, actor, now, certificate_id)
    state = advance(before.state, Happening.VERIFY)
    standing.check_verifier(before, actor.account_id)
    await _handle(tx, actor, now, before, Duty.FOREIGN_VERIFICATION)
    return await _move(
        tx,
        Event.FOREIGN_CERTIFICATE_VERIFIED,
        before,
        msgspec.structs.replace(before, state=state, verified_by=actor.account_id, verified_at=now),
        actor=actor,
        now=now,
    )


async def recognise(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID
) -> ForeignCertificate:
    """Recognise a verified certificate: its product is listed without another review (NDA35-31).

    :raises NotPermitted: if the actor may not recognise.
    :raises Missing: if there is no such certificate.
    :raises CaseHeldByAnother: if a colleague has this duty.
    :raises ForeignCertificateEventNotAllowed: if it is not verified.
    :raises ForeignCertificateNotInForce: if its validity is over.
    """
    before = await _lock_as_operator(tx, actor, now, certificate_id)
    state = advance(before.state, Happening.RECOGNISE)
    standing.check_days(before.issued_on, before.valid_to, local_date(now))
    await _handle(tx, actor, now, before, Duty.FOREIGN_VERIFICATION)
    return await _move(
        tx,
        Event.FOREIGN_CERTIFICATE_RECOGNISED,
        before,
        msgspec.structs.replace(
            before, state=state, recognised_at=now, recheck_by=await _recheck_by(tx, now)
        ),
        actor=actor,
        now=now,
    )


async def recheck(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID, source: str
) -> ForeignCertificate:
    """Look again whether a recognised certificate still counts, and say where (定期复查).

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such certificate.
    :raises CaseHeldByAnother: if a colleague has this duty.
    :raises SourceMissing: if it is not said where.
    :raises ForeignCertificateEventNotAllowed: if it is not recognised.
    """
    before = await _lock_as_operator(tx, actor, now, certificate_id)
    state = advance(before.state, Happening.RECHECK)
    standing.check_source(source)
    await _handle(tx, actor, now, before, Duty.FOREIGN_VERIFICATION)
    return await _move(
        tx,
        Event.FOREIGN_CERTIFICATE_RECHECKED,
        before,
        msgspec.structs.replace(
            before, state=state, recheck_by=await _recheck_by(tx, now), lapsed_at=None
        ),
        actor=actor,
        now=now,
        reason=source,
    )


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID, reason: str
) -> ForeignCertificate:
    """Reject a certificate that can not be recognised (不予认可).

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such certificate.
    :raises CaseHeldByAnother: if a colleague has this duty.
    :raises ForeignReasonMissing: if no reason is given.
    :raises ForeignCertificateEventNotAllowed: if it is recognised, or over.
    """
    before = await _lock_as_operator(tx, actor, now, certificate_id)
    state = advance(before.state, Happening.REJECT)
    await _handle(tx, actor, now, before, Duty.FOREIGN_VERIFICATION)
    return await _end(
        tx,
        Event.FOREIGN_CERTIFICATE_REJECTED,
        before,
        msgspec.structs.replace(before, state=state, reason=reason),
        actor=actor,
        now=now,
    )


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID, reason: str
) -> ForeignCertificate:
    """Withdraw the recognition of a certificate (撤回认可); what follows for offers is done above.

    :raises NotPermitted: if the actor may not verify.
    :raises Missing: if there is no such certificate.
    :raises CaseHeldByAnother: if a colleague has this duty.
    :raises ForeignReasonMissing: if no reason is given.
    :raises ForeignCertificateEventNotAllowed: if it is not recognised.
    """
    before = await _lock_as_operator(tx, actor, now, certificate_id)
    state = advance(before.state, Happening.WITHDRAW)
    await _handle(tx, actor, now, before, Duty.FOREIGN_VERIFICATION)
    return await _end(
        tx,
        Event.FOREIGN_CERTIFICATE_WITHDRAWN,
        before,
        msgspec.structs.replace(before, state=state, reason=reason, lapsed_at=None),
        actor=actor,
        now=now,
    )


async def lapse(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID
) -> ForeignCertificate | None:
    """Mark that a recognised certificate does not count any more: over, or not looked at in time.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("foreign_certificate:lapse")
    before = await store.lock(tx, certificate_id)
    is_due = before is not None and before.state is State.RECOGNISED and before.lapsed_at is None
    if before is None or not is_due or standing.counts_on(before, local_date(now)):
        return None
    lapsed = msgspec.structs.replace(before, lapsed_at=now)
    return await _move(tx, Event.FOREIGN_CERTIFICATE_LAPSED, before, lapsed, actor=actor, now=now)


async def _end(
    tx: Tx,
    event: Event,
    before: ForeignCertificate,
    ended: ForeignCertificate,
    *,
    actor: Actor,
    now: dt.datetime,
) -> ForeignCertificate:
    assert ended.reason is not None, "who ends it says something"
    if not ended.reason.strip():
        raise ForeignReasonMissing
    return await _move(tx, event, before, ended, actor=actor, now=now, reason=ended.reason)


async def _lock_as_operator(
    tx: Tx, actor: Actor, now: dt.datetime, certificate_id: uuid.UUID
) -> ForeignCertificate:
    actor.require("foreign_certificate:verify")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    found = await store.lock(tx, certificate_id)
    if found is None:
        raise Missing
    return found


async def _handle(
    tx: Tx, actor: Actor, now: dt.datetime, certificate: ForeignCertificate, duty: Duty
) -> None:
    """Let the actor deal with a certificate from now on; only then its file is open to it (HN-28)."""
    await case_access.act(tx, actor=actor, now=now, case=duties.case_of(certificate), duty=duty)


async def _recheck_by(tx: Tx, now: dt.datetime) -> dt.date:
    book = await rulebooks.in_force(tx, code=HAINAN_2023.code, on=local_date(now))
    return standing.recheck_by(local_date(now), book.foreign_recheck)


async def _move(
    tx: Tx,
    event: Event,
    before: ForeignCertificate,
    after: ForeignCertificate,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> ForeignCertificate:
    await store.update(tx, after)
    await case_access.end_over(tx, now=now, case=duties.case_of(after))
    await _remember(tx, event, after, actor=actor, now=now, before=before.state, reason=reason)
    await notifications.send(
        tx,
        now=now,
        to=after.supplier_party_id,
        topic=Topic.FOREIGN_CERTIFICATE_MOVED,
        subject=Subject("foreign_certificate", str(after.id)),
        facts={"number": after.number, "state": "lapsed" if after.lapsed_at else after.state},
    )
    return after


async def _remember(
    tx: Tx,
    event: Event,
    certificate: ForeignCertificate,
    *,
    actor: Actor,
    now: dt.datetime,
    before: State | None = None,
    reason: str | None = None,
    digests: list[Digest] | None = None,
) -> None:
    facts: dict[str, Any] = {
        "registrar_id": certificate.registrar_id,
        "number": certificate.number,
        "is_signature_checked": certificate.is_signature_checked,
        "recheck_by": certificate.recheck_by,
    }
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("foreign_certificate", str(certificate.id)),
            Subject("product", str(certificate.product_id)),
        ],
        facts=facts,
        before=None if before is None else {"state": before.value},
        after={"state": certificate.state.value},
        reason=reason,
        rules=("HN-07", "NDA35-31"),
        digests=digests or [],
    )
