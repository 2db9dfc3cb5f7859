"""Propose, withdraw, refuse and confirm the destruction of a key (密钥销毁): two people."""

from __future__ import annotations

import functools
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import beyond_own_rows
from catalog.kernel.ids import AccountId
from catalog.kernel.paging import Page
from catalog.key_destructions import operations as key_destructions
from catalog.key_destructions import queries
from catalog.key_destructions.model import KeyDestruction
from catalog.key_destructions.states import State
from catalog.products.metadata import check_readable
from market.channels import key_destruction
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity

_LIST = "/api/v1/key-destructions"


class ProposeKeyDestruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the private half shall be destroyed."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class RefuseKeyDestruction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the key has to stay."""

    remark: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


@post(
    "/api/v1/keys/{key_id:str}/destructions",
    summary="Propose to destroy a key",
    tags=["keys"],
    opt=creates(KeyDestruction),
)
async def propose_key_destruction(
    request: AnyRequest, key_id: FromPath[str], data: JSONBody[ProposeKeyDestruction]
) -> Response[bytes]:
    """Propose to destroy the private half of a key that ended: the first of two people (提议销毁)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        made = await key_destructions.propose(
            c.tx, actor=c.actor, now=c.now, key_id=key_id, reason=data.reason
        )
        return created(made, _LIST)

    return await command(request, act)


@post(
    "/api/v1/key-destructions/{destruction_id:uuid}/confirmations",
    summary="Confirm it: the key is destroyed",
    tags=["keys"],
    opt=answers(KeyDestruction),
)
async def confirm_key_destruction(
    request: AnyRequest, destruction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Be the second person: the key is destroyed where it lies, in a file or a security module (确认销毁)."""

    async def act(c: Command) -> Answer:
        async def who_is(account_id: AccountId) -> Actor | None:
            async with beyond_own_rows(c.tx):  # the other one's account, and whether it still may
                return await identity.find_actor_of(c.tx, account_id=account_id, now=c.now)

        return done(
            await key_destructions.confirm(
                c.tx,
                actor=c.actor,
                now=c.now,
                destruction_id=destruction_id,
                who_is=who_is,
                how=functools.partial(key_destruction.of, c.context.settings),
            )
        )

    return await command(request, act)


@post(
    "/api/v1/key-destructions/{destruction_id:uuid}/refusals",
    summary="Refuse it: the key stays",
    tags=["keys"],
    opt=answers(KeyDestruction),
)
async def refuse_key_destruction(
    request: AnyRequest,
    destruction_id: FromPath[uuid.UUID],
    data: JSONBody[RefuseKeyDestruction],
) -> Response[bytes]:
    """Be the second person, and say no (不同意销毁)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await key_destructions.refuse(
                c.tx,
                actor=c.actor,
                now=c.now,
                destruction_id=destruction_id,
                remark=data.remark,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/key-destructions/{destruction_id:uuid}/withdrawals",
    summary="Take a proposal to destroy a key back",
    tags=["keys"],
    opt=answers(KeyDestruction),
)
async def withdraw_key_destruction(
    request: AnyRequest, destruction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take one's own proposal back before it is decided (撤回)."""

    async def act(c: Command) -> Answer:
        return done(
            await key_destructions.withdraw(
                c.tx, actor=c.actor, now=c.now, destruction_id=destruction_id
            )
        )

    return await command(request, act)


@get(
    "/api/v1/key-destructions",
    summary="Proposals to destroy keys",
    tags=["keys"],
    opt=answers(Page[KeyDestruction]),
)
async def list_key_destructions(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the proposals, the newest first."""

    async def look(c: Command) -> Page[KeyDestruction]:
        return await queries.list_page(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))
