"""Show and state who stands above a party, and what related parties deal in (关联关系、关联交易复核, GD-18)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from market.affiliations import queries
from market.affiliations.model import Dealing, Named, Stated, Tie, TieKind
from market.affiliations.operations import dealings, ties
from market.affiliations.states import State
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.disk import identity_key
from market.identity.model import Party
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Shown,
    filled_in,
    read_form,
    run_step,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker, one_of
from market.special_prices import operations as special_prices

_TIES: Final = "/affiliations"
_DEALINGS: Final = "/related-dealings"
_PAGE_SIZE: Final = 20
_Text = Annotated[str, Meta(max_length=2_000)]
#: Kept nowhere, not even in the digest by which a form is known again.
_NUMBERS: Final = ("holder_number", "held_number")


class _Tie(msgspec.Struct, frozen=True):
    """A tie as a form says it; a share is typed in hundredths, with two places at most."""

    kind: TieKind
    holder_name: str
    held_name: str
    valid_from: dt.date
    basis: _Text
    holder_uscc: str | None = None
    holder_number: str | None = None
    held_uscc: str | None = None
    held_number: str | None = None
    share: Annotated[str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$")] | None = None
    valid_until: dt.date | None = None
    is_state_investor: bool = False

    def stated(self) -> Stated:
        """Return the tie that is stated."""
        return msgspec.convert(
            {
                "kind": self.kind,
                "holder": Named(
                    name=self.holder_name,
                    uscc=self.holder_uscc,
                    identity_number=self.holder_number,
                ),
                "held": Named(
                    name=self.held_name, uscc=self.held_uscc, identity_number=self.held_number
                ),
                "valid_from": self.valid_from,
                "valid_until": self.valid_until,
                "share_bps": None if self.share is None else _bps(self.share),
                "is_state_investor": self.is_state_investor,
                "basis": self.basis,
            },
            Stated,
        )


class _End(msgspec.Struct, frozen=True):
    """Until when it stands, and by what that is known."""

    last_day: dt.date
    reason: _Text


class _Decision(msgspec.Struct, frozen=True):
    """Why; the button says which way."""

    reason: _Text = ""
    releases: bool = False


class Stood(msgspec.Struct, frozen=True):
    """A page of ties, whose they are, and the day on which it is read."""

    page: Page[Tie]
    own: Party
    today: dt.date


class Found(msgspec.Struct, frozen=True):
    """A page of dealings, and who deals."""

    page: Page[Dealing]
    parties: Mapping[PartyId, Party]


@get(_TIES, include_in_schema=False)
async def show_ties(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the ties that one's party stated, or all to the houses, and the form for one more."""
    seen = await read(request, lambda c: _look_at_ties(c, cursor))
    return _ties_page(request, seen, BLANK, is_continued=bool(cursor))


@post(_TIES, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def state_tie(request: AnyRequest) -> Response[bytes]:
    """State who holds, controls, represents or is kin to whom (申报)."""
    fields = await read_form(request)
    kept = {name: value for name, value in fields.items() if name not in _NUMBERS}

    async def act(c: Command) -> str:
        key = identity_key(c.context.settings.keys_dir)
        stated = filled_in(_Tie, fields).stated()
        await ties.state(c.tx, actor=c.actor, now=c.now, stated=stated, identity_key=key)
        await special_prices.look_again(c.tx, actor=c.actor, now=c.now)
        return _TIES

    try:
        return await submit(request, kept, act)
    except SHOWN_AGAIN as error:
        return await _ties_again(request, shown_again(request, kept, error))


@post(
    _TIES + "/{tie_id:uuid}/endings",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def end_tie(request: AnyRequest, tie_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say until when a tie stands (终止)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_End, fields)
        await ties.end(
            c.tx,
            actor=c.actor,
            now=c.now,
            tie_id=tie_id,
            last_day=said.last_day,
            reason=said.reason,
        )

    async def again(form: Shown) -> Response[bytes]:
        return await _ties_again(request, form)

    return await run_step(request, act, place=_TIES, again=again)


@get(_DEALINGS, include_in_schema=False)
async def show_dealings(
    request: AnyRequest,
    *,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show what related parties deal in, with the way from one to the other (关联交易提示)."""
    wanted = one_of(State, status)
    found = await read(request, lambda c: _look_at_dealings(c, wanted, cursor))
    return _dealings_page(request, found, BLANK, wanted=wanted, is_continued=bool(cursor))


@post(
    _DEALINGS + "/{dealing_id:uuid}/decisions",
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def decide(request: AnyRequest, dealing_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Release or refuse a price between related parties, as the authority (复核)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        said = filled_in(_Decision, fields)
        await dealings.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            dealing_id=dealing_id,
            releases=said.releases,
            reason=said.reason,
        )

    async def again(form: Shown) -> Response[bytes]:
        return _dealings_page(request, await read(request, _look_at_dealings), form)

    return await run_step(request, act, place=_DEALINGS, again=again)


async def _ties_again(request: AnyRequest, form: Shown) -> Response[bytes]:
    return _ties_page(request, await read(request, _look_at_ties), form)


async def _look_at_ties(c: Command, cursor: str | None = None) -> Stood:
    found = await queries.list_ties(c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None)
    return Stood(found, await identity.get_party(c.tx, c.actor.party), local_date(c.now))


def _ties_page(
    request: AnyRequest, seen: Stood, form: Shown, *, is_continued: bool = False
) -> Response[bytes]:
    return page(
        request,
        "affiliations.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_TIES,
        seen=seen,
        kinds=tuple(TieKind),
        link=linker(_TIES, {}),
        is_continued=is_continued,
        form=form,
    )


async def _look_at_dealings(
    c: Command, wanted: State | None = None, cursor: str | None = None
) -> Found:
    listed = await queries.list_dealings(
        c.tx, viewer=c.actor, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
    )
    named = {each.supplier_party_id for each in listed.items}
    named |= {each.buyer_party_id for each in listed.items}
    return Found(listed, await identity.get_parties(c.tx, named))


def _dealings_page(
    request: AnyRequest,
    found: Found,
    form: Shown,
    *,
    wanted: State | None = None,
    is_continued: bool = False,
) -> Response[bytes]:
    return page(
        request,
        "related_dealings.html",
        status=form.status,
        cache=NOT_KEPT,
        at=_DEALINGS,
        found=found,
        states=tuple(State),
        wanted=wanted,
        link=linker(_DEALINGS, {"status": wanted.value if wanted else None}),
        is_continued=is_continued,
        form=form,
    )


def _bps(share: str) -> int:
    whole, _, part = share.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))
