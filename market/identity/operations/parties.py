"""Register, verify and suspend a party (主体)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Remembered
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from market.identity.identity_numbers import check_identity_number, keyed_hash, masked
from market.identity.model import Capacity, Kind, Party, PartyFile, Registered
from market.identity.operations.accounts import insert_account
from market.identity.operations.roles import give, new_grant
from market.identity.permissions import Role
from market.identity.queries import PartyMissing, account_of
from market.identity.registering import (
    PartyAlreadyRegistered,
    check_name,
    check_registration,
    check_suspension,
    check_verifier,
)
from market.identity.states import Event, State, advance
from market.identity.store import parties, roles

#: A trader's first account may sell and buy as soon as the party's real name was checked.
_ROLES_OF_A_TRADER: Final = (Role.SUPPLIER, Role.BUYER)


async def register_party(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    kind: Kind,
    name: str,
    uscc: str | None,
    identity_number: str | None,
    identity_key: bytes,
    evidence_sha256: str,
    capacities: Sequence[Capacity],
    login: str,
    display_name: str,
    password: str,
) -> Registered:
    """Register a party with its first account (主体注册). Its roles come when it is verified.

    An id number is hashed with ``identity_key`` and masked; it is kept in no other form.

    :raises PartyAlreadyRegistered: if this organisation or person is there.
    :raises LoginTaken: if somebody has the login.
    """
    check_registration(
        kind=kind,
        uscc=uscc,
        has_identity_number=identity_number is not None,
        evidence_sha256=evidence_sha256,
        capacities=capacities,
    )
    number = None if identity_number is None else check_identity_number(identity_number)
    party = Party(
        id=PartyId(new_id()),
        kind=kind,
        name=check_name(name),
        uscc=uscc,
        capacities=tuple(sorted(set(capacities))),
        state=State.REGISTERED,
        registered_at=now,
    )
    await parties.act_as(tx, party_id=party.id, clearance=Clearance.PARTY.value)
    if not await parties.insert(tx, party):
        raise PartyAlreadyRegistered(uscc=uscc)
    account = await insert_account(
        tx,
        party_id=party.id,
        login=login,
        display_name=display_name,
        password=password,
        opened_by=None,
        now=now,
    )
    if not await parties.insert_file(
        tx,
        party_id=party.id,
        evidence_sha256=evidence_sha256,
        identity_hash=None if number is None else keyed_hash(identity_key, number),
        identity_masked=None if number is None else masked(number),
        registered_by=account.id,
    ):
        raise PartyAlreadyRegistered
    await audit_log.append(
        tx,
        Remembered.PARTY_REGISTERED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(party.id)), Subject("account", str(account.id))],
        facts={**party_facts(party), "login": login, "evidence_sha256": evidence_sha256},
    )
    return Registered(party=party, account=account)


async def verify_party(tx: Tx, *, actor: Actor, now: dt.datetime, party_id: UUID) -> PartyFile:
    """Record that a party's real name was checked against its evidence (实名认证, BJ-18).

    A trader's first account may sell and buy from today on.

    :raises PartyMissing: if there is no such party.
    :raises OwnPartyNotVerifiable: if it is the verifier's own.
    :raises PartyEventNotAllowed: if it is verified already.
    """
    actor.require("party:verify")
    file = await _lock_file(tx, party_id)
    check_verifier(file.party.id, actor.party_id)
    state = advance(file.party.state, Event.VERIFY)
    verified = msgspec.structs.replace(
        file,
        party=msgspec.structs.replace(file.party, state=state, verified_at=now),
        verified_by=account_of(actor),
        suspended_at=None,
        suspension_reason=None,
    )
    await parties.update(tx, verified)
    await audit_log.append(
        tx,
        Remembered.PARTY_VERIFIED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(party_id))],
        facts={"evidence_sha256": file.evidence_sha256},
        before={"state": file.party.state.value},
        after={"state": state.value},
        rules=("BJ-18",),
    )
    if Capacity.TRADER in file.party.capacities:
        await _grant_trading(tx, actor=actor, now=now, file=verified)
    return verified


async def _grant_trading(tx: Tx, *, actor: Actor, now: dt.datetime, file: PartyFile) -> None:
    held = await roles.list_grants(tx, file.registered_by)
    worn = {grant.role for grant in held if grant.revoked_at is None}
    for role in _ROLES_OF_A_TRADER:
        if role not in worn:
            grant = new_grant(file.registered_by, role, granted_by=account_of(actor), now=now)
            await give(tx, grant, actor=actor, now=now)


async def suspend_party(
    tx: Tx, *, actor: Actor, now: dt.datetime, party_id: UUID, reason: str
) -> PartyFile:
    """Suspend a party (停用): none of its accounts gets in from the next request on.

    :raises PartyMissing: if there is no such party.
    :raises InstitutionNotSuspendable: if it is the operator or the authority.
    :raises PartyEventNotAllowed: if it is suspended already.
    """
    actor.require("party:suspend")
    why = check_name(reason)
    file = await _lock_file(tx, party_id)
    check_suspension(file.party.capacities)
    state = advance(file.party.state, Event.SUSPEND)
    suspended = msgspec.structs.replace(
        file,
        party=msgspec.structs.replace(file.party, state=state),
        suspended_at=now,
        suspension_reason=why,
    )
    await parties.update(tx, suspended)
    await audit_log.append(
        tx,
        Remembered.PARTY_SUSPENDED,
        actor=actor,
        now=now,
        subjects=[Subject("party", str(party_id))],
        before={"state": file.party.state.value},
        after={"state": state.value},
        reason=why,
    )
    return suspended


def party_facts(party: Party) -> dict[str, object]:
    """Return what the audit log keeps of a new party."""
    return {
        "party_id": str(party.id),
        "kind": party.kind.value,
        "name": party.name,
        "uscc": party.uscc,
        "capacities": [capacity.value for capacity in party.capacities],
    }


async def _lock_file(tx: Tx, party_id: UUID) -> PartyFile:
    file = await parties.lock_file(tx, party_id)
    if file is None:
        raise PartyMissing
    return file
