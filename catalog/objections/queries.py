"""Read objections: one's own as objector, those against one's own, those that one adjudicates."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.case_access import queries as case_access
from catalog.case_access.model import Case, CaseKind, Duty
from catalog.case_access.visibility import Sight
from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.objections import redaction, store
from catalog.objections.model import Objection
from catalog.objections.states import OPEN, State
from catalog.registration import queries as registration


async def get(tx: Tx, *, viewer: Actor, objection_id: uuid.UUID) -> Objection:
    """Return one objection, as far as the viewer sees it.

    :raises NotPermitted: if the viewer reads no objections.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("objection:read")
    objection = await store.find(tx, objection_id)
    if objection is None:
        raise Missing
    return await _seen(tx, viewer, objection)


async def find_case(tx: Tx, *, objection_id: uuid.UUID) -> Case:
    """Return an objection as the rule of who handles it needs it.

    :raises Missing: if there is none that the acting party may know of.
    """
    found = await store.find(tx, objection_id)
    if found is None:
        raise Missing
    return await case_of(tx, found)


async def case_of(tx: Tx, objection: Objection) -> Case:
    """Return an objection as the rule of who handles and who sees it needs it."""
    return Case(
        kind=CaseKind.OBJECTION,
        id=objection.id,
        application_id=objection.application_id,
        operator_party_id=await registration.operator_of(tx, objection.application_id),
        own_parties=frozenset({objection.objector_party_id}),
        other_side=frozenset({objection.registrant_party_id}),
        due=frozenset({Duty.ADJUDICATION}) if objection.state in OPEN else frozenset(),
    )


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Objection]:
    """Return a page of the objections that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads no objections.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("objection:read")
    query = paging.fingerprint("objections", state)
    found = await store.list_page(
        tx,
        state=state,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    seen = [redaction.shown(each, viewer) for each in found]
    return paging.page_by_id(query, seen, limit)


async def _seen(tx: Tx, viewer: Actor, objection: Objection) -> Objection:
    case = await case_of(tx, objection)
    seen = await case_access.require_sight(tx, viewer=viewer, case=case)
    if seen is Sight.FULL:
        return objection
    if viewer.clearance is Clearance.REGULATOR:
        return redaction.redacted(objection)
    return redaction.for_the_other_side(objection)


async def list_of_application(
    tx: Tx, *, viewer: Actor, application_id: uuid.UUID
) -> list[Objection]:
    """Return the objections about an application that the viewer may see, the oldest first.

    :raises NotPermitted: if the viewer reads no objections.
    """
    viewer.require("objection:read")
    found = await store.list_of_application(tx, application_id)
    return [await _seen(tx, viewer, each) for each in found]


async def list_unreceived(tx: Tx, *, limit: int = 100) -> list[uuid.UUID]:
    """Return forwarded objections whose receipt was not proven yet."""
    return await store.list_unreceived(tx, limit=limit)


async def list_unanswered(tx: Tx, *, now: dt.datetime, limit: int = 100) -> list[uuid.UUID]:
    """Return the objections whose registrant has let the last day pass."""
    return await store.list_unanswered(tx, now=now, limit=limit)
