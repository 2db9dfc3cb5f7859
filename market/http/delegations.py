"""Delegate the operator (授权运营者), HN-05."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.delegations import operations as delegations
from catalog.delegations import queries as delegation_queries
from catalog.delegations.model import Delegation
from catalog.kernel import paging
from catalog.kernel.errors import FieldError, Invalid
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
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


async def _require_capacity(
    c: Command, party_id: PartyId, capacity: Capacity, pointer: str
) -> None:
    party = (await identity.get_parties(c.tx, [party_id])).get(party_id)
    if party is None or capacity not in party.capacities:
        raise PartyUnsuitable(
            capacity=capacity.value, errors=(FieldError(pointer, "party_unsuitable"),)
        )
