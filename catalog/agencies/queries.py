"""Read contracts with agencies, and ask whether an agency may be given a case."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.agencies import store
from catalog.agencies.activity import require_active
from catalog.agencies.model import AgencyAssignment, AgencyContract, CaseKind, MisconductRecord
from catalog.agencies.standing import Standing, standing
from catalog.agency_selection import queries as selections
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.hainan_2023 import HAINAN_2023


async def get_active(tx: Tx, *, agency_party_id: PartyId, on: dt.date) -> AgencyContract:
    """Return the contract under which the agency may work on a day (HN-05(3)).

    :raises AgencyContractInactive: if it has none.
    """
    return require_active(await store.list_of_agency(tx, agency_party_id), on)


async def list_active(tx: Tx, *, on: dt.date) -> list[AgencyContract]:
    """Return all contracts that are active on a day. Fewer than two are a flag (HN-23, A27)."""
    return await store.list_active(tx, on)


async def list_page(
    tx: Tx, *, viewer: Actor, limit: int, cursor: str | None = None
) -> Page[AgencyContract]:
    """Return contracts, newest first.

    :raises NotPermitted: if the viewer may not read them.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("agency_contract:read")
    paging.check_limit(limit)
    query = paging.fingerprint("agency_contracts")
    before = paging.decode_id(query, cursor)
    found = await store.list_page(tx, before=before, limit=limit + 1)
    return paging.page_by_id(query, found, limit)


async def list_assignments(
    tx: Tx, *, case_kind: CaseKind, case_id: uuid.UUID
) -> list[AgencyAssignment]:
    """Return who was given a case and what was declared, for a caller that may see the case.

    Row-level security shows an agency its own.
    """
    return await store.list_assignments(tx, case_kind, case_id)


async def list_open(tx: Tx, *, contract_id: uuid.UUID) -> list[AgencyAssignment]:
    """Return the cases under a contract on which the agency has not given its opinion."""
    return await store.list_open_cases(tx, contract_id)


async def list_misconducts(
    tx: Tx, *, viewer: Actor, contract_id: uuid.UUID
) -> list[MisconductRecord]:
    """Return the misconduct that was recorded under a contract, the first first.

    :raises NotPermitted: if the viewer may not read contracts.
    :raises Missing: if there is no such contract.
    """
    viewer.require("agency_contract:read")
    if await store.find(tx, contract_id) is None:
        raise Missing
    return await store.list_misconducts(tx, contract_id)


async def list_of_contract(tx: Tx, *, contract_id: uuid.UUID) -> list[AgencyAssignment]:
    """Return all cases that were given under a contract, for its evaluation."""
    return await store.list_of_contract(tx, contract_id)


async def list_incidents(tx: Tx, *, contract_id: uuid.UUID) -> list[MisconductRecord]:
    """Return the misconduct under a contract, for its evaluation."""
    return await store.list_misconducts(tx, contract_id)


async def last_points(tx: Tx, *, agencies: Sequence[PartyId]) -> dict[PartyId, int]:
    """Return what the last evaluation of each of these agencies gave it; a selection reads it."""
    return await store.last_points(tx, agencies)


async def get_standing(tx: Tx, *, viewer: Actor, now: dt.datetime, calendar: Calendar) -> Standing:
    """Return how the province stands with its agencies today (HN-23, A27).

    :raises NotPermitted: if the viewer may not read contracts.
    """
    viewer.require("agency_contract:read")
    today = local_date(now)
    book = await rulebooks.of_case(tx, code=HAINAN_2023.code, filed_on=today)
    award = await selections.find_last_award(tx)
    return standing(
        await store.list_active(tx, today),
        last_awarded_on=None if award is None else local_date(award),
        unevaluated=await store.list_unevaluated(tx, today),
        on=today,
        rulebook=book,
        calendar=calendar,
    )
