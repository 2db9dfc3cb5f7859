"""Serve auctions as pages: what is put up for bids, the bids, the forms, and how it was won (竞价)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.kernel.paging import Page
from market.auctions import queries
from market.auctions.model import Mine, PublicAuction
from market.auctions.operations import opening
from market.auctions.states import State
from market.award_objections import queries as award_objections
from market.award_objections.model import AwardObjection, Finding, ShownObjection
from market.award_objections.states import State as ObjectionState
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal import dates
from market.portal.auction_fields import SECRET
from market.portal.forms import BLANK, Shown, Step, run_step
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import linker, one_of

PATH: Final = "/auctions"
AUCTION: Final = "/auctions/{auction_id:uuid}"
_PAGE_SIZE: Final = 20


class Seen(msgspec.Struct, frozen=True):
    """An auction as one reader sees it."""

    auction: PublicAuction
    mine: Mine | None  # None: the reader bids nowhere
    is_own: bool
    left: str | None  # how long it still runs, or until it opens
    waits: bool  # it has not opened yet
    why: str | None  # why it failed, if that has words of ours
    objections: list[ShownObjection]  # as everybody reads them
    full: list[AwardObjection]  # those that concern the reader, with their reasons
    may_object: bool
    is_noticed: bool  # the public notice of the result is over, or there was none


class Listed(msgspec.Struct, frozen=True):
    """A page of auctions, and the drafts that wait for the operator or are one's own."""

    page: Page[PublicAuction]
    drafts: list[PublicAuction]


@get(PATH, include_in_schema=False)
async def list_auctions(
    request: AnyRequest,
    *,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the auctions that were announced, the newest first; drafts to whom they concern."""
    wanted = one_of(State, status)

    async def look(c: Command) -> Listed:
        found = await queries.list_auctions(
            c.tx,
            states=() if wanted is None else (wanted,),
            limit=_PAGE_SIZE,
            cursor=cursor or None,
        )
        drafts: list[PublicAuction] = []
        if c.actor.may("auction:announce"):
            drafts = await queries.list_to_announce(c.tx, viewer=c.actor)
        elif c.actor.may("auction:draft"):
            own = (await queries.list_own(c.tx, viewer=c.actor)).items
            drafts = [each for each in own if each.state is State.DRAFT]
        return Listed(found, drafts)

    return page(
        request,
        "auctions.html",
        listed=await read(request, look),
        wanted=wanted,
        states=[state for state in State if state is not State.DRAFT],
        link=linker(PATH, {"status": None if wanted is None else wanted.value}),
        is_continued=bool(cursor),
    )


@get(AUCTION, include_in_schema=False)
async def show_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show an auction: what is sold and how, its bids, its end, how it was won, and the forms."""
    return await show_again(request, auction_id, BLANK)


async def take_step(request: AnyRequest, auction_id: uuid.UUID, act: Step) -> Response[bytes]:
    """Take a step at an auction, and lead on to its page; what is secret of it is kept nowhere."""

    async def again(form: Shown) -> Response[bytes]:
        return await show_again(request, auction_id, form)

    return await run_step(request, act, place=f"{PATH}/{auction_id}", again=again, unkept=SECRET)


async def show_again(request: AnyRequest, auction_id: uuid.UUID, form: Shown) -> Response[bytes]:
    """Return the page of an auction, with a form that was refused."""
    language = language_of(request)

    async def look(c: Command) -> Seen:
        found = await queries.get(c.tx, auction_id=auction_id)
        mine = None
        if c.actor.may("auction:bid"):
            mine = await queries.get_mine(c.tx, viewer=c.actor, auction_id=auction_id)
        full: list[AwardObjection] = []
        if c.actor.may("award_objection:read"):
            full = await award_objections.list_of(c.tx, viewer=c.actor, auction_id=auction_id)
        return Seen(
            found,
            mine,
            found.supplier_party_id == c.actor.party_id,
            _left(found, c.now, language),
            c.now < found.rules.opens_at,
            _why(found),
            await award_objections.list_shown(c.tx, auction_id=auction_id),
            full,
            _may_object(found, mine, full, c.now),
            found.notice_ends_at is None or c.now >= found.notice_ends_at,
        )

    seen = await read(request, look)
    return page(
        request,
        "auction.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{PATH}/{auction_id}",
        auction=seen.auction,
        seen=seen,
        form=form,
        blank=BLANK,
        findings=list(Finding),
        waiting=[each for each in seen.full if each.state is ObjectionState.FILED],
    )


def _left(auction: PublicAuction, now: dt.datetime, language: str) -> str | None:
    if auction.state is State.ANNOUNCED and now < auction.rules.opens_at:
        return dates.left(auction.rules.opens_at - now, language)
    if auction.state in (State.ANNOUNCED, State.OPEN) and now < auction.ends_at:
        return dates.left(auction.ends_at - now, language)
    return None


def _may_object(
    auction: PublicAuction, mine: Mine | None, full: list[AwardObjection], now: dt.datetime
) -> bool:
    """Tell whether there is a form to object: for a bidder, while the notice runs, once."""
    if mine is None or mine.bidder is None or auction.notice_ends_at is None:
        return False
    if auction.state not in (State.DECIDED, State.OBJECTED) or now >= auction.notice_ends_at:
        return False
    return all(
        each.paddle != mine.bidder.paddle
        or each.state is ObjectionState.WITHDRAWN
        or each.result != len(auction.excluded) + 1
        for each in full
    )


def _why(auction: PublicAuction) -> str | None:
    code = (auction.reason or "").partition(":")[0]
    return code if auction.state is State.FAILED and code in opening.REASONS else None
