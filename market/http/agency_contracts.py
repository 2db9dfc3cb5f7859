"""Contract agencies, record their misconduct, see how it stands (第三方机构合同; HN-23, HN-24, HN-27)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.agencies import queries as agency_queries
from catalog.agencies.model import AgencyContract, Measure, Misconduct, MisconductRecord
from catalog.agencies.operations import contracts, misconduct
from catalog.agencies.standing import Standing
from catalog.kernel import paging
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.consequences import operations as consequences
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_Number = Annotated[str, Meta(min_length=1, max_length=100)]


class ContractAgency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contract with an agency that won a selection (公开比选)."""

    agency_party_id: uuid.UUID
    selection_id: uuid.UUID
    contract_number: _Number
    starts_on: dt.date


class RecordMisconduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the agency did (HN-27), and what follows: a mark, or suspension."""

    misconduct: Misconduct
    facts: Annotated[str, Meta(max_length=2_000)]
    measure: Measure


@post(
    "/api/v1/agency-contracts",
    summary="Contract an agency",
    tags=["agencies"],
    opt=creates(AgencyContract),
)
async def contract_agency(request: AnyRequest, data: JSONBody[ContractAgency]) -> Response[bytes]:
    """Contract an agency that won a selection, for two years (HN-23, HN-24)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        contract = await contracts.contract(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            agency_party_id=PartyId(data.agency_party_id),
            selection_id=data.selection_id,
            contract_number=data.contract_number,
            starts_on=data.starts_on,
        )
        return created(contract, "/api/v1/agency-contracts")

    return await command(request, act)


@get(
    "/api/v1/agency-contracts",
    summary="Contracts with agencies",
    tags=["agencies"],
    opt=answers(Page[AgencyContract]),
)
async def list_agency_contracts(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return all contracts with agencies, newest first."""

    async def look(c: Command) -> Page[AgencyContract]:
        return await agency_queries.list_page(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/agency-contracts/{contract_id:uuid}/misconducts",
    summary="Record misconduct",
    tags=["agencies"],
    opt=answers(AgencyContract),
)
async def record_misconduct(
    request: AnyRequest, contract_id: FromPath[uuid.UUID], data: JSONBody[RecordMisconduct]
) -> Response[bytes]:
    """Record misconduct of HN-27; a suspended agency loses its open cases to others at once."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        contract = await misconduct.record(
            c.tx,
            actor=c.actor,
            now=c.now,
            contract_id=contract_id,
            misconduct=data.misconduct,
            facts=data.facts,
            measure=data.measure,
        )
        if data.measure is Measure.SUSPEND:
            await consequences.pass_cases_on(
                c.tx, actor=c.actor, now=c.now, contract=contract, reason=data.facts
            )
        return done(contract)

    return await command(request, act)


@get(
    "/api/v1/agency-contracts/{contract_id:uuid}/misconducts",
    summary="Misconduct under a contract",
    tags=["agencies"],
    opt=answers(Page[MisconductRecord]),
)
async def list_misconducts(
    request: AnyRequest, contract_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return what was recorded of an agency under a contract (HN-27), the first first."""

    async def look(c: Command) -> Page[MisconductRecord]:
        return Page(
            await agency_queries.list_misconducts(c.tx, viewer=c.actor, contract_id=contract_id)
        )

    return answer(await read(request, look))


@get(
    "/api/v1/agency-standing",
    summary="How the province stands with its agencies",
    tags=["agencies"],
    opt=answers(Standing),
)
async def get_standing(request: AnyRequest) -> Response[bytes]:
    """Return who works today, when the next selection is due, and what is flagged (A27)."""

    async def look(c: Command) -> Standing:
        return await agency_queries.get_standing(
            c.tx, viewer=c.actor, now=c.now, calendar=await c.calendar()
        )

    return answer(await read(request, look))
