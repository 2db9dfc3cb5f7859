"""Affiliations: state and end ties, take an excerpt of a register, decide on related dealings (关联关系, GD-18)."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.affiliations import queries
from market.affiliations.model import Dealing, Excerpt, Named, Stated, Tie
from market.affiliations.operations import dealings, ties
from market.affiliations.states import State
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity.disk import identity_key
from market.special_prices import operations as special_prices

_TAGS = ["affiliations"]
_Text = Annotated[str, Meta(max_length=2_000)]


class EndTie(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when a tie stands, and by what that is known."""

    last_day: dt.date
    reason: _Text


class DecideDealing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a dealing of related parties may go on, and why."""

    releases: bool
    reason: _Text


class TakenTies(msgspec.Struct, frozen=True):
    """What of an excerpt was new."""

    new: list[Tie]


@post("/api/v1/affiliations", summary="State a tie", tags=_TAGS, opt=creates(Tie))
async def state_tie(request: AnyRequest, data: JSONBody[Stated]) -> Response[bytes]:
    """State who holds, controls, represents or is kin to whom: of oneself, or of any as the operator (申报)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        key = identity_key(c.context.settings.keys_dir)
        tie = await ties.state(c.tx, actor=c.actor, now=c.now, stated=data, identity_key=key)
        await special_prices.look_again(c.tx, actor=c.actor, now=c.now)
        return created(tie, "/api/v1/affiliations")

    return await command(request, act, body_sha256=_sha256(data))


@get("/api/v1/affiliations", summary="Ties", tags=_TAGS, opt=answers(Page[Tie]))
async def list_ties(
    request: AnyRequest,
    *,
    party_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the ties that one's own party stated, or all to the houses, the newest first."""

    async def look(c: Command) -> Page[Tie]:
        return await queries.list_ties(
            c.tx, viewer=c.actor, party_id=party_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/affiliations/{tie_id:uuid}/endings",
    summary="Say until when a tie stands",
    tags=_TAGS,
    opt=answers(Tie),
)
async def end_tie(
    request: AnyRequest, tie_id: FromPath[uuid.UUID], data: JSONBody[EndTie]
) -> Response[bytes]:
    """Say until when a tie stands: of one's own from today on, of any as the operator (终止)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await ties.end(
                c.tx,
                actor=c.actor,
                now=c.now,
                tie_id=tie_id,
                last_day=data.last_day,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/affiliation-excerpts",
    summary="Take an excerpt of a register of companies",
    tags=_TAGS,
    opt=answers(TakenTies),
)
async def take_excerpt(request: AnyRequest, data: JSONBody[Excerpt]) -> Response[bytes]:
    """Take all that a register says of one organisation; what it says no more has ended (登记摘录)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        key = identity_key(c.context.settings.keys_dir)
        new = await ties.take_excerpt(
            c.tx, actor=c.actor, now=c.now, excerpt=data, identity_key=key
        )
        await special_prices.look_again(c.tx, actor=c.actor, now=c.now)
        return done(TakenTies(new))

    return await command(request, act, body_sha256=_sha256(data))


@get(
    "/api/v1/related-dealings",
    summary="What related parties deal in",
    tags=_TAGS,
    opt=answers(Page[Dealing]),
)
async def list_related_dealings(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what related parties deal in, with the way from one to the other, to the houses (关联交易提示)."""

    async def look(c: Command) -> Page[Dealing]:
        return await queries.list_dealings(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/related-dealings/{dealing_id:uuid}/decisions",
    summary="Decide on a related dealing",
    tags=_TAGS,
    opt=answers(Dealing),
)
async def decide_on_dealing(
    request: AnyRequest, dealing_id: FromPath[uuid.UUID], data: JSONBody[DecideDealing]
) -> Response[bytes]:
    """Release or refuse, as the authority, a price between related parties (复核)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await dealings.decide(
                c.tx,
                actor=c.actor,
                now=c.now,
                dealing_id=dealing_id,
                releases=data.releases,
                reason=data.reason,
            )
        )

    return await command(request, act)


def _sha256(data: Stated | Excerpt) -> bytes:
    """Return the digest of a body without any id number, which is kept nowhere."""
    if isinstance(data, Stated):
        same: Stated | Excerpt = _without_numbers(data)
    else:
        same = msgspec.structs.replace(
            data,
            organisation=_without_number(data.organisation),
            ties=tuple(_without_numbers(each) for each in data.ties),
        )
    return hashlib.sha256(msgspec.json.encode(same)).digest()


def _without_numbers(stated: Stated) -> Stated:
    return msgspec.structs.replace(
        stated, holder=_without_number(stated.holder), held=_without_number(stated.held)
    )


def _without_number(named: Named) -> Named:
    return msgspec.structs.replace(named, identity_number=None)
