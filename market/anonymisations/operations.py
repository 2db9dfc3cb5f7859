"""Submit an anonymisation, and decide on it as the agency (匿名化认可, SIX-3)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from market.anonymisations import accepting, store
from market.anonymisations.model import Anonymisation, AnonymisationId, Decision, Said
from market.anonymisations.states import Event, State, advance
from market.identity import queries as identity
from market.identity.model import Capacity
from market.identity.states import State as PartyState


class AnonymisationMissing(Missing):
    """There is no such record, or none that this actor may know of."""


async def submit(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, said: Said
) -> Anonymisation:
    """Say how the content of one's product was made to show no person, and ask an agency.

    :raises NotPermitted: if the actor submits none.
    :raises AnonymisationMissing: if the product is unknown, without content, or somebody else's.
    :raises AgencyUnfit: if who is asked is no verified compliance agency, or is the supplier.
    """
    actor.require("anonymisation:submit")
    product = await products.find(tx, product_id=product_id)
    if product is None or product.content is None or product.supplier_party_id != actor.party:
        raise AnonymisationMissing
    agency = await identity.get_party(tx, PartyId(said.agency_party_id))
    is_fit = Capacity.COMPLIANCE_AGENCY in agency.capacities and agency.state is PartyState.VERIFIED
    if not is_fit or agency.id == actor.party:
        raise accepting.AgencyUnfit
    record = Anonymisation(
        id=AnonymisationId(new_id()),
        product_id=product_id,
        product_version=product.content.version,
        supplier_party_id=actor.party,
        said=said,
        state=State.SUBMITTED,
        submitted_at=now,
        version=1,
    )
    await store.insert(tx, record)
    await _remember(tx, Happened.ANONYMISATION_SUBMITTED, record, actor=actor, now=now)
    return record


async def decide(
    tx: Tx, *, actor: Actor, now: dt.datetime, anonymisation_id: uuid.UUID, decision: Decision
) -> Anonymisation:
    """Accept a record until a day, refuse it, or withdraw what was accepted; it works at once.

    The agency that was asked decides; the authority may withdraw.

    :raises NotPermitted: if the actor decides none.
    :raises AnonymisationMissing: if it is unknown, or another agency's.
    :raises AnonymisationEventNotAllowed: if that can not happen to it now.
    :raises AnonymisationEndMissing: if an acceptance has no last day in the future.
    """
    actor.require("anonymisation:decide")
    before = await store.lock(tx, anonymisation_id)
    is_authority = actor.clearance is Clearance.REGULATOR and decision.event is Event.WITHDRAW
    if before is None or not (is_authority or before.said.agency_party_id == actor.party):
        raise AnonymisationMissing
    state = advance(before.state, decision.event)
    accepting.check(decision, today=local_date(now))
    after = msgspec.structs.replace(
        before,
        state=state,
        valid_to=decision.valid_to,
        decided_at=now,
        reason=decision.reason,
        version=before.version + 1,
    )
    await store.update(tx, after)
    if decision.event is not Event.REFUSE:  # an earlier acceptance is not undone by that
        await store.set_until(
            tx,
            product_id=after.product_id,
            version=after.product_version,
            valid_to=after.valid_to,
        )
    await _remember(tx, Happened.ANONYMISATION_DECIDED, after, actor=actor, now=now)
    return after


async def _remember(
    tx: Tx, event: Happened, about: Anonymisation, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("anonymisation", str(about.id)),
            Subject("product", str(about.product_id)),
        ],
        facts={"product_version": about.product_version, "valid_to": about.valid_to},
        after={"state": about.state.value, "version": about.version},
        reason=about.reason,
        rules=("SIX-3",),
    )
