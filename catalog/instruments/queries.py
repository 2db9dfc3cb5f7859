"""Read legal instruments: whoever handles or supervises them, a party those that concern it."""

from __future__ import annotations

import uuid

from catalog.case_access import queries as case_access
from catalog.case_access.model import Case, CaseKind
from catalog.case_access.visibility import Sight
from catalog.instruments import duties, redaction, store
from catalog.instruments.model import Instrument
from catalog.instruments.states import State
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.registration import queries as registration


async def get(tx: Tx, *, viewer: Actor, instrument_id: uuid.UUID) -> Instrument:
    """Return one instrument.

    :raises NotPermitted: if the viewer reads none.
    :raises Missing: if there is none that it may see.
    """
    viewer.require("instrument:read")
    found = await store.find(tx, instrument_id)
    if found is None:
        raise Missing
    seen = await case_access.require_sight(tx, viewer=viewer, case=await case_of(tx, found))
    return redaction.redacted(found) if seen is Sight.REDACTED else found


async def find(tx: Tx, *, instrument_id: uuid.UUID) -> Instrument | None:
    """Return an instrument as the rooms above need it, or None if the actor sees none."""
    return await store.find(tx, instrument_id)


async def find_case(tx: Tx, *, instrument_id: uuid.UUID) -> Case:
    """Return an instrument as the rule of who handles it needs it.

    :raises Missing: if there is none that the acting party may know of.
    """
    found = await store.find(tx, instrument_id)
    if found is None:
        raise Missing
    return await case_of(tx, found)


async def case_of(tx: Tx, instrument: Instrument) -> Case:
    """Return an instrument as the rule of who handles and who sees it needs it."""
    return Case(
        kind=CaseKind.INSTRUMENT,
        id=instrument.id,
        application_id=instrument.application_id,
        operator_party_id=await registration.operator_of(tx, instrument.application_id),
        own_parties=frozenset(
            {
                instrument.lodged_by_party_id,
                instrument.registrant_party_id,
                instrument.new_holder_party_id,
            }
        ),
        due=duties.DUE[instrument.state],
    )


async def list_page(
    tx: Tx,
    *,
    viewer: Actor,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Instrument]:
    """Return a page of the instruments that the viewer may see, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("instrument:read")
    query = paging.fingerprint("instruments", state)
    found = await store.list_page(
        tx,
        state=None if state is None else state.value,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    shown = [redaction.shown(each, viewer) for each in found]
    return paging.page_by_id(query, shown, limit)


async def list_of_application(
    tx: Tx, *, viewer: Actor, application_id: uuid.UUID
) -> list[Instrument]:
    """Return the instruments about a case and its certificates, of which the viewer sees all.

    The oldest comes first.

    :raises NotPermitted: if the viewer reads none.
    """
    viewer.require("instrument:read")
    found = await store.list_of_application(tx, application_id)
    return [
        each
        for each in found
        if await case_access.sight(tx, viewer=viewer, case=await case_of(tx, each)) is Sight.FULL
    ]
