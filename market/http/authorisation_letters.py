"""Let an agent act for one's party, and revoke it (委托书, HN-06)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters import queries
from catalog.authorisation_letters.model import AuthorisationLetter, Power
from catalog.kernel import paging
from catalog.kernel.errors import FieldError, Invalid
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products import queries as products
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity


class AgentUnknown(Invalid):
    """The agent is no registered party."""

    code = "agent_party_unknown"


class GrantLetter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A letter of authorisation (委托书): to whom, for what, for which product or all, how long."""

    agent_party_id: uuid.UUID
    powers: Annotated[tuple[Power, ...], Meta(max_length=20)]
    product_id: uuid.UUID | None = None
    valid_from: dt.date
    valid_to: dt.date
    file_id: uuid.UUID


class RevokeLetter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a letter is revoked."""

    reason: Annotated[str, Meta(max_length=2_000)]


@post(
    "/api/v1/authorisation-letters",
    summary="Let an agent act",
    tags=["authorisation letters"],
    opt=creates(AuthorisationLetter),
)
async def grant_letter(request: AnyRequest, data: JSONBody[GrantLetter]) -> Response[bytes]:
    """Let an agent act for one's party (委托代理机构); it sends `Acting-For` with what it does."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        agent = PartyId(data.agent_party_id)
        if agent not in await identity.get_parties(c.tx, [agent]):
            raise AgentUnknown(errors=(FieldError("/agent_party_id", "agent_party_unknown"),))
        if data.product_id is not None:
            await products.get(c.tx, viewer=c.actor, product_id=data.product_id)
        letter = await letters.grant(
            c.tx,
            actor=c.actor,
            now=c.now,
            agent=agent,
            powers=data.powers,
            product_id=data.product_id,
            valid_from=data.valid_from,
            valid_to=data.valid_to,
            file_id=data.file_id,
        )
        return created(letter, f"/api/v1/authorisation-letters/{letter.id}")

    return await command(request, act)


@get(
    "/api/v1/authorisation-letters",
    summary="Letters given and got",
    tags=["authorisation letters"],
    opt=answers(Page[AuthorisationLetter]),
)
async def list_letters(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the letters that one's party gave or got, the newest first."""

    async def look(c: Command) -> Page[AuthorisationLetter]:
        return await queries.list_page(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/authorisation-letters/{letter_id:uuid}",
    summary="One letter",
    tags=["authorisation letters"],
    opt=answers(AuthorisationLetter),
)
async def get_letter(request: AnyRequest, letter_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a letter that one's party gave or got."""

    async def look(c: Command) -> AuthorisationLetter:
        return await queries.get(c.tx, viewer=c.actor, letter_id=letter_id)

    return answer(await read(request, look))


@post(
    "/api/v1/authorisation-letters/{letter_id:uuid}/revocations",
    summary="Revoke a letter",
    tags=["authorisation letters"],
    opt=answers(AuthorisationLetter),
)
async def revoke_letter(
    request: AnyRequest, letter_id: FromPath[uuid.UUID], data: JSONBody[RevokeLetter]
) -> Response[bytes]:
    """Revoke a letter at once (撤销委托), or lay it down as the agent (辞去委托)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await letters.revoke(
                c.tx, actor=c.actor, now=c.now, letter_id=letter_id, reason=data.reason
            )
        )

    return await command(request, act)
