"""Give an agent a letter, revoke it, and look at it in every act of the agent (委托、撤销委托)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.authorisation_letters import store, validity
from catalog.authorisation_letters.model import AuthorisationLetter, LetterId, Power
from catalog.files import operations as file_operations
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Invalid, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date


class RevocationReasonMissing(Invalid):
    """Who revokes a letter says why."""

    code = "authorisation_letter_revocation_reason_missing"


async def grant(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    agent: PartyId,
    powers: tuple[Power, ...],
    product_id: uuid.UUID | None,
    valid_from: dt.date,
    valid_to: dt.date,
    file_id: uuid.UUID,
) -> AuthorisationLetter:
    """Let an agent act for the actor's party, by a signed letter (委托).

    :raises NotPermitted: if the actor may give no letters, an agent among them.
    :raises LetterToOneself: and the other refusals of ``validity.check_new``.
    :raises FileMissing: if the letter is no file of the actor's party.
    """
    actor.require("authorisation_letter:grant")
    validity.check_new(
        principal=actor.party,
        agent=agent,
        powers=powers,
        valid_from=valid_from,
        valid_to=valid_to,
        today=local_date(now),
    )
    file = await files.get_own(tx, viewer=actor, file_id=file_id)
    letter = AuthorisationLetter(
        id=LetterId(new_id()),
        principal_party_id=actor.party,
        agent_party_id=agent,
        powers=powers,
        product_id=product_id,
        valid_from=valid_from,
        valid_to=valid_to,
        file_id=file.id,
        sha256=file.sha256,
        granted_by=actor.account_id,
        granted_at=now,
    )
    await store.insert(tx, letter)
    async with beyond_own_rows(tx):  # the agent reads its letter
        await file_operations.let_read(
            tx, file_ids=[file.id], party_id=agent, case_id=letter.id, now=now
        )
    await audit_log.append(
        tx,
        Event.AUTHORISATION_LETTER_GRANTED,
        actor=actor,
        now=now,
        subjects=_about(letter),
        after=msgspec.to_builtins(letter),
        rules=("HN-06",),
        digests=[Digest("authorisation_letter", str(letter.id), letter.sha256)],
    )
    return letter


async def revoke(
    tx: Tx, *, actor: Actor, now: dt.datetime, letter_id: uuid.UUID, reason: str
) -> AuthorisationLetter:
    """Revoke a letter at once, as the principal; or lay it down, as the agent (撤销、辞去委托).

    :raises NotPermitted: if the actor may revoke no letters.
    :raises Missing: if the actor's party neither gave nor got such a letter.
    :raises RevocationReasonMissing: if no reason is given.
    :raises LetterRevokedAlready: if it was revoked before.
    """
    actor.require("authorisation_letter:revoke")
    letter = await store.lock(tx, letter_id)
    if letter is None or actor.party not in (letter.principal_party_id, letter.agent_party_id):
        raise Missing
    validity.check_not_revoked(letter)
    if not reason.strip():
        raise RevocationReasonMissing
    revoked = msgspec.structs.replace(
        letter, revoked_at=now, revoked_by=actor.account_id, revocation_reason=reason
    )
    await store.update_revocation(tx, revoked)
    await audit_log.append(
        tx,
        Event.AUTHORISATION_LETTER_REVOKED,
        actor=actor,
        now=now,
        subjects=_about(letter),
        reason=reason,
        rules=("HN-06",),
        digests=[Digest("authorisation_letter", str(letter.id), letter.sha256)],
    )
    return revoked


async def require(
    tx: Tx, *, actor: Actor, now: dt.datetime, power: Power, product_id: uuid.UUID
) -> AuthorisationLetter | None:
    """Return under which letter an agent does this; None if the actor acts for nobody else.

    Part of each command of an agent. The letter can not be revoked before that command is done, and
    a command that waited for a revocation finds it.

    :raises AuthorisationLetterMissing: and the other refusals of ``validity.require``.
    """
    if actor.acting_for is None or actor.party_id is None:
        return None
    held = await store.hold_between(tx, principal=actor.acting_for, agent=actor.party_id)
    return validity.require(held, power=power, product_id=product_id, on=local_date(now))


async def find_granted(
    tx: Tx,
    *,
    now: dt.datetime,
    principal: PartyId,
    agent: PartyId,
    power: Power,
    product_id: uuid.UUID,
) -> AuthorisationLetter | None:
    """Return a letter of ``principal`` that lets ``agent`` do this today, or None, whoever asks.

    It can not be revoked before the command is done that rests on it.
    """
    async with beyond_own_rows(tx):
        held = await store.hold_between(tx, principal=principal, agent=agent)
    return validity.find(held, power=power, product_id=product_id, on=local_date(now))


async def receivers(
    tx: Tx, *, now: dt.datetime, principal: PartyId, product_id: uuid.UUID
) -> list[PartyId]:
    """Return who is told what the principal is told of a product: itself, and its agents for that."""
    async with beyond_own_rows(tx):
        letters = await store.list_of_principal(tx, principal)
    agents = {
        letter.agent_party_id: None
        for letter in letters
        if validity.is_in_force(letter, local_date(now))
        and validity.covers(letter, Power.RECEIVE_NOTIFICATIONS, product_id)
    }
    return [principal, *agents]


def _about(letter: AuthorisationLetter) -> list[Subject]:
    return [
        Subject("authorisation_letter", str(letter.id)),
        Subject("party", str(letter.principal_party_id)),
        Subject("party", str(letter.agent_party_id)),
    ]
