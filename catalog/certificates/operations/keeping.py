"""Take up what comes after a certificate as whoever keeps its case, and read it (经办、查阅, HN-26, HN-28).

A renewal, a transfer by agreement, a reissue are no cases of their own: they hang on the application
whose certificate they are about, and whoever has the duty of issuing there deals with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import msgspec

from catalog.case_access import operations as case_access
from catalog.case_access import queries as case_access_queries
from catalog.case_access.model import Case, Duty
from catalog.certificates import queries
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework
from catalog.certificates.reissuing import Reissue
from catalog.certificates.transferring import Transfer
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.registration import queries as registration


async def take_up(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> Certificate:
    """Lock and return a certificate for one of the staff, who keeps its case from now on.

    :raises Missing: if no certificate has this number, or it is another operator's.
    :raises CaseHeldByAnother: if somebody else keeps it.
    """
    certificate = await casework.lock(tx, certificate_number)
    case = await registration.find_case(tx, application_id=certificate.application_id)
    await case_access.act(tx, actor=actor, now=now, case=case, duty=Duty.ISSUANCE)
    return certificate


async def open_reissues(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> list[Reissue]:
    """Return what was corrected in a certificate, or is to be, and remember who read it.

    :raises NotPermitted: if the actor reads no burdens.
    :raises Missing: if there is no such certificate.
    """
    found = await queries.list_reissues(tx, viewer=actor, number=certificate_number)
    if found:
        own = {each.registrant_party_id for each in found}
        await remember_reading(
            tx,
            actor=actor,
            now=now,
            certificate_number=certificate_number,
            own=own,
            part="reissues",
        )
    return found


async def open_transfers(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> list[Transfer]:
    """Return the transfers of a certificate by agreement, and remember who read them.

    :raises NotPermitted: if the actor reads no burdens.
    :raises Missing: if there is no such certificate.
    """
    found = await queries.list_transfers(tx, viewer=actor, number=certificate_number)
    if found:
        own = {party for each in found for party in (each.from_party_id, each.to_party_id)}
        await remember_reading(
            tx,
            actor=actor,
            now=now,
            certificate_number=certificate_number,
            own=own,
            part="transfers",
        )
    return found


async def remember_reading(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    own: Collection[PartyId],
    part: str,
) -> None:
    """Remember that one of the staff, or a regulator, read what hangs on a certificate."""
    if actor.clearance not in (Clearance.STAFF, Clearance.REGULATOR):
        return
    certificate = await queries.find(tx, certificate_number)
    assert certificate is not None, "what was read is about a certificate"
    found = await registration.find_case(tx, application_id=certificate.application_id)
    case: Case = msgspec.structs.replace(found, own_parties=found.own_parties | set(own))
    await case_access.remember_reading(
        tx,
        actor=actor,
        now=now,
        case=case,
        seen=await case_access_queries.sight(tx, viewer=actor, case=case),
        part=part,
    )
