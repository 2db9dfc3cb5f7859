"""Carry out an instrument in force on a certificate: revoke, deregister, transfer (HN-19, HN-20(2)).

Parts of a command of the instruments' room, which has asked for the permission, verified the
instrument by two people, and holds it locked. Each is remembered here, under the certificate.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.certificates import basis, encumbrances
from catalog.certificates import format as certificate_format
from catalog.certificates.basis import InstrumentReference
from catalog.certificates.format import CertificateDocument, CertifiedOwner, InstrumentNamed
from catalog.certificates.model import Certificate, NamedParty
from catalog.certificates.operations import casework, reissues, succession
from catalog.certificates.reissuing import Corrected, GroundKind
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import State
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.steps import Step
from catalog.signing.signer import Signer


async def freeze(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    instrument: InstrumentReference,
) -> None:
    """Freeze a certificate until whom the instrument names has acted; frozen already is fine.

    :raises Missing: if no certificate has this number.
    """
    certificate = await casework.lock(tx, certificate_number)
    if certificate.state is State.ACTIVE:
        await _move(
            tx,
            actor=actor,
            now=now,
            certificate_number=certificate_number,
            happening=Happening.FREEZE,
            remembered=Event.CERTIFICATE_FROZEN,
            instrument=instrument,
        )


async def unfreeze(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    instrument: InstrumentReference,
) -> None:
    """Let a frozen certificate count again, because the instrument leaves it as it is."""
    certificate = await casework.lock(tx, certificate_number)
    if certificate.state is State.FROZEN:
        await _move(
            tx,
            actor=actor,
            now=now,
            certificate_number=certificate_number,
            happening=Happening.UNFREEZE,
            remembered=Event.CERTIFICATE_UNFROZEN,
            instrument=instrument,
        )


async def order_reissue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    instrument: InstrumentReference,
    corrected: Corrected,
) -> None:
    """Freeze a certificate that the instrument says to be wrong, until it is issued anew (HN-20(2)).

    :raises Missing: if no certificate has this number.
    :raises LegalInstrumentNotEffective: if the instrument is not in force.
    :raises CorrectionEmpty: and the other refusals of ``reissues.order``.
    """
    basis.check_effective(instrument.effective_on, local_date(now))
    await freeze(
        tx, actor=actor, now=now, certificate_number=certificate_number, instrument=instrument
    )
    await reissues.order(
        tx,
        actor=actor,
        now=now,
        certificate=await casework.lock(tx, certificate_number),
        ground=GroundKind.INSTRUMENT,
        ground_id=instrument.id,
        corrected=corrected,
    )


async def revoke(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    instrument: InstrumentReference,
) -> Certificate:
    """Revoke a certificate (撤销, HN-20(2)); it never counts again.

    :raises Missing: if no certificate has this number.
    :raises LegalInstrumentNotEffective: if the instrument is not in force.
    :raises CertificateEventNotAllowed: if it does not count any more.
    """
    return await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        happening=Happening.REVOKE,
        remembered=Event.CERTIFICATE_REVOKED,
        instrument=instrument,
    )


async def deregister_without_holder(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    instrument: InstrumentReference,
) -> Certificate:
    """Deregister a certificate whose rights ended and went to nobody (HN-19(c)).

    :raises Missing: if no certificate has this number.
    :raises LegalInstrumentNotEffective: if the instrument is not in force.
    :raises CertificateEventNotAllowed: if it does not count any more.
    """
    return await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        happening=Happening.DEREGISTER_NO_HOLDER,
        remembered=Event.CERTIFICATE_DEREGISTERED,
        instrument=instrument,
        ground="no_holder",
    )


async def deregister_by_new_holder(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    instrument: InstrumentReference,
) -> Certificate:
    """Deregister a certificate because its new holder wants none (HN-19(b)).

    :raises Missing: if no certificate has this number.
    :raises LegalInstrumentNotEffective: if the instrument is not in force.
    :raises CertificateEncumbered: if somebody else has a right in it.
    :raises CertificateEventNotAllowed: if it does not count any more.
    """
    certificate = await casework.lock(tx, certificate_number)
    encumbrances.check_unburdened(await casework.list_standing(tx, certificate.number, now=now))
    return await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        happening=Happening.DEREGISTER_BY_NEW_HOLDER,
        remembered=Event.CERTIFICATE_DEREGISTERED,
        instrument=instrument,
        ground="instrument",
    )


async def transfer(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    certificate_number: str,
    instrument: InstrumentReference,
    holder_party_id: PartyId,
    holder: NamedParty,
    holder_kind: str,
    public_url: str,
) -> Certificate:
    """End a certificate as transferred, and issue the new holder's in its place (转移登记, HN-19(b)).

    What the product is does not change; who owns it does, and by which instrument stands in the new
    document. Burdens that stand go with the product, because the instrument moved it, not its owner.

    :raises Missing: if no certificate has this number.
    :raises LegalInstrumentNotEffective: if the instrument is not in force.
    :raises CertificateEventNotAllowed: if it does not count any more.
    """
    old = await _move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        happening=Happening.TRANSFER,
        remembered=Event.CERTIFICATE_TRANSFERRED,
        instrument=instrument,
    )
    said = certificate_format.read_document(old.document)
    owner = CertifiedOwner(
        name=holder.name, kind=holder_kind, id_masked=holder.id_masked, share="1"
    )

    held = await succession.right_holders(tx, old=old, holder=holder, holder_kind=holder_kind)

    def written(registration_number: str) -> CertificateDocument:
        return msgspec.structs.replace(
            said,
            owners=(owner,),
            right_holders=held,
            registration_number=registration_number,
            certificate_version=old.version + 1,
            registration_type="transfer",
            issued_at=succession.local_instant(now),
            supersedes=old.number,
            by_instrument=InstrumentNamed(
                kind=instrument.kind.value,
                issuing_body=instrument.issuing_body,
                document_number=instrument.document_number,
                effective_on=instrument.effective_on.isoformat(),
                sha256=instrument.file_sha256,
            ),
            verification_url=f"{public_url}/certificates/{registration_number}",
        )

    return await succession.issue_after(
        tx,
        actor=actor,
        now=now,
        signer=signer,
        old=old,
        registrant=holder_party_id,
        written=written,
        rules=by_code(old.rulebook).cites(Step.TRANSFER),
        also=(Subject("instrument", str(instrument.id)),),
    )


async def _move(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    happening: Happening,
    remembered: Event,
    instrument: InstrumentReference,
    ground: str = "instrument",
) -> Certificate:
    basis.check_effective(instrument.effective_on, local_date(now))
    return await casework.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=happening,
        remembered=remembered,
        reason=instrument.name,
        rules=("HN-19", "HN-20"),
        also=(Subject("instrument", str(instrument.id)),),
        facts={"ground": ground, "instrument": instrument.facts},
    )
