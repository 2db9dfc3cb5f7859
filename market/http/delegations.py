"""Delegate the operator, and contract agencies (授权运营者、第三方机构合同; HN-05, HN-23, HN-24)."""

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
from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegation_queries
from catalog.delegations.model import Delegation
from catalog.kernel import paging
from catalog.kernel.errors import FieldError, Invalid
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Capacity

_Number = Annotated[str, Meta(min_length=1, max_length=100)]
_Text = Annotated[str, Meta(min_length=1, max_length=1000)]


class PartyUnsuitable(Invalid):
    """The party named is not there, or is not what it would have to be."""

    code = "party_unsuitable"


class Delegate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bureau's written delegation (授权文件)."""

    operator_party_id: uuid.UUID
    document_number: _Number
    scope: _Text
    valid_from: dt.date
    valid_to: dt.date | None = None


class EndDelegation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a delegation ends."""

    reason: _Text


class ContractAgency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contract with an agency that was selected (公开比选)."""

    agency_party_id: uuid.UUID
    selection_number: _Number
    contract_number: _Number
    starts_on: dt.date


class SuspendContract(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the agency did (HN-27)."""

    misconduct: Misconduct
    reason: _Text


@post(
    "/api/v1/delegations",
    summary="Delegate the operator",
    tags=["delegations"],
    opt=creates(Delegation),
)
async def delegate_operator(request: AnyRequest, data: JSONBody[Delegate]) -> Response[bytes]:
    """Delegate the operator from a day on (省局授权, HN-05(1))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        operator = PartyId(data.operator_party_id)
        await _require_capacity(c, operator, Capacity.SUPERMARKET_OPERATOR, "/operator_party_id")
        delegation = await delegations.delegate(
            c.tx,
            actor=c.actor,
            now=c.now,
            operator_party_id=operator,
            document_number=data.document_number,
            scope=data.scope,
            valid_from=data.valid_from,
            valid_to=data.valid_to,
        )
        return created(delegation, "/api/v1/delegations")

    return await command(request, act)


@get(
    "/api/v1/delegations",
    summary="Delegations",
    tags=["delegations"],
    opt=answers(Page[Delegation]),
)
async def list_delegations(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return all delegations, newest first."""

    async def look(c: Command) -> Page[Delegation]:
        return await delegation_queries.list_page(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@post(
    "/api/v1/delegations/{delegation_id:uuid}/endings",
    summary="End a delegation",
    tags=["delegations"],
    opt=answers(Delegation),
)
async def end_delegation(
    request: AnyRequest, delegation_id: FromPath[uuid.UUID], data: JSONBody[EndDelegation]
) -> Response[bytes]:
    """End a delegation today; the operator may not act under it any more."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await delegations.end(
                c.tx, actor=c.actor, now=c.now, delegation_id=delegation_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/agency-contracts",
    summary="Contract an agency",
    tags=["agencies"],
    opt=creates(AgencyContract),
)
async def contract_agency(request: AnyRequest, data: JSONBody[ContractAgency]) -> Response[bytes]:
    """Contract a third-party agency for two years (HN-23, HN-24)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        agency = PartyId(data.agency_party_id)
        await _require_capacity(c, agency, Capacity.COMPLIANCE_AGENCY, "/agency_party_id")
        contract = await agencies.contract(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=c.calendar,
            rulebook=HAINAN_2023,
            agency_party_id=agency,
            selection_number=data.selection_number,
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


async def _require_capacity(
    c: Command, party_id: PartyId, capacity: Capacity, pointer: str
) -> None:
    party = (await identity.get_parties(c.tx, [party_id])).get(party_id)
    if party is None or capacity not in party.capacities:
        raise PartyUnsuitable(
            capacity=capacity.value, errors=(FieldError(pointer, "party_unsuitable"),)
        )
