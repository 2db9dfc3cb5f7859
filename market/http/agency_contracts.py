"""Contract agencies, and suspend them (第三方机构合同; HN-23, HN-24, HN-27)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.agencies import operations as agencies
from catalog.agencies import queries as agency_queries
from catalog.agencies.model import AgencyContract, Misconduct
from catalog.kernel import paging
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_Number = Annotated[str, Meta(min_length=1, max_length=100)]
_Text = Annotated[str, Meta(min_length=1, max_length=1000)]


class ContractAgency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contract with an agency that won a selection (公开比选)."""

    agency_party_id: uuid.UUID
    selection_id: uuid.UUID
    contract_number: _Number
    starts_on: dt.date


class SuspendContract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the agency did (HN-27)."""

    misconduct: Misconduct
    reason: _Text


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
        contract = await agencies.contract(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=c.calendar,
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
    "/api/v1/agency-contracts/{contract_id:uuid}/suspensions",
    summary="Suspend a contract",
    tags=["agencies"],
    opt=answers(AgencyContract),
)
async def suspend_agency_contract(
    request: AnyRequest, contract_id: FromPath[uuid.UUID], data: JSONBody[SuspendContract]
) -> Response[bytes]:
    """Suspend an agency for misconduct (HN-27): it gets no new case."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await agencies.suspend(
                c.tx,
                actor=c.actor,
                now=c.now,
                contract_id=contract_id,
                misconduct=data.misconduct,
                reason=data.reason,
            )
        )

    return await command(request, act)
