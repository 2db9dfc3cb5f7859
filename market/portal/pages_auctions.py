"""Serve auctions as pages: what is put up for bids, the bids, the forms, and how it was won (竞价)."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.kernel.errors import FieldError
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.paging import Page
from catalog.products.model import DeliveryMode
from market.auctions import queries, sealing
from market.auctions.bidding import AuctionIsSealed, NotABidder
from market.auctions.model import (
    Handed,
    Joining,
    Kind,
    Lot,
    Mine,
    Planned,
    PublicAuction,
    Rules,
)
from market.auctions.operations import awarding, bidding, opening, planning
from market.auctions.states import State
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.portal import dates
from market.portal.forms import (
    BLANK,
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Done,
    FormFieldInvalid,
    Shown,
    filled_in,
    read_form,
    run_once,
    shown_again,
    submit,
)
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import fen_of, linker, one_of

_PATH: Final = "/auctions"
_AUCTION: Final = "/auctions/{auction_id:uuid}"
_PAGE_SIZE: Final = 20
#: What is kept of a form is a digest, from which a few digits would be guessed.
_NOT_DIGESTED: Final = frozenset({"amount", "reserve", "reserve_salt", "private_key"})

Fields = dict[str, str]


class Seen(msgspec.Struct, frozen=True):
    """An auction as one reader sees it."""

    auction: PublicAuction
    mine: Mine | None  # None: the reader bids nowhere
    is_own: bool
    left: str | None  # how long it still runs, or until it opens
    waits: bool  # it has not opened yet
    why: str | None  # why it failed, if that has words of ours


class Told(msgspec.Struct, frozen=True):
    """What is told this once: a private key that was made, and the salt of a reserve."""

    auction_id: uuid.UUID
    private_key: bytes | None
    reserve_salt: str | None


class Listed(msgspec.Struct, frozen=True):
    """A page of auctions, and the drafts that wait for the operator or are one's own."""

    page: Page[PublicAuction]
    drafts: list[PublicAuction]


@get(_PATH, include_in_schema=False)
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
        link=linker(_PATH, {"status": None if wanted is None else wanted.value}),
        is_continued=bool(cursor),
    )


@get("/auctions/new", include_in_schema=False)
async def show_auction_form(
    request: AnyRequest, *, product_id: FromQuery[uuid.UUID | None] = None
) -> Response[bytes]:
    """Show the form with which a supplier puts a product up for bids."""
    typed = {} if product_id is None else {"product_id": str(product_id)}
    return _new(request, Shown(typed))


@post("/auctions/new", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def draft_auction(request: AnyRequest) -> Response[bytes]:
    """Draft an auction; a key and a salt that were made for it are shown this once."""
    fields = await read_form(request)

    async def act(c: Command) -> Done[Told]:
        planned, private_key, salt = _planned(fields)
        made = await planning.draft(c.tx, actor=c.actor, now=c.now, planned=planned)
        return Done(f"{_PATH}/{made.id}", Told(made.id, private_key, salt))

    try:
        done = await run_once(request, _digested(fields), act)
    except SHOWN_AGAIN as error:
        return _new(request, shown_again(request, fields, error))
    return _told(request, done)


@get(_AUCTION, include_in_schema=False)
async def show_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show an auction: what is sold and how, its bids, its end, how it was won, and the forms."""
    return await _auction(request, auction_id, BLANK)


@post(_AUCTION + "/announcements", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def announce_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Announce an auction; a key that was made for it is shown this once."""
    fields = await read_form(request)

    async def act(c: Command) -> Done[Told]:
        wanted = await queries.get(c.tx, auction_id=auction_id)
        key, private_key = None, None
        if wanted.rules.kind.is_sealed:
            key, private_key = _key(fields)
        await planning.announce(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=c.calendar,
            auction_id=auction_id,
            operator_key=key,
        )
        return Done(f"{_PATH}/{auction_id}", Told(auction_id, private_key, None))

    try:
        done = await run_once(request, _digested(fields), act)
    except SHOWN_AGAIN as error:
        return await _auction(request, auction_id, shown_again(request, fields, error))
    return _told(request, done)


@post(_AUCTION + "/cancellations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def cancel_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take an auction back with the reason."""

    async def act(c: Command, fields: Fields) -> None:
        await planning.cancel(
            c.tx,
            actor=c.actor,
            now=c.now,
            auction_id=auction_id,
            reason=fields.get("reason", ""),
        )

    return await _submit(request, auction_id, act)


@post(_AUCTION + "/bidders", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def join_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Declare what the announcement asks for, and get a number."""

    async def act(c: Command, fields: Fields) -> None:
        wanted = await queries.get(c.tx, auction_id=auction_id)
        said = Joining(
            accepts_rules="accepts_rules" in fields,
            is_unrelated="is_unrelated" in fields,
            deposit_fen=wanted.rules.deposit_fen if "accepts_deposit" in fields else 0,
            limit_fen=_fen(fields, "limit") if "limit" in fields else None,
        )
        await bidding.join(c.tx, actor=c.actor, now=c.now, auction_id=auction_id, said=said)

    return await _submit(request, auction_id, act)


@post(_AUCTION + "/bids", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def make_bid(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Bid in public."""

    async def act(c: Command, fields: Fields) -> None:
        await bidding.bid(
            c.tx,
            actor=c.actor,
            now=c.now,
            auction_id=auction_id,
            amount_fen=_fen(fields, "amount"),
        )

    return await _submit(request, auction_id, act)


@post(_AUCTION + "/sealed-bids", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def hand_in_sealed_bid(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Seal a bid here and hand it in: what was typed is forgotten with this request."""

    async def act(c: Command, fields: Fields) -> None:
        wanted = await queries.get(c.tx, auction_id=auction_id)
        mine = await queries.get_mine(c.tx, viewer=c.actor, auction_id=auction_id)
        if mine.bidder is None:
            raise NotABidder
        commitment, sealed = _sealed(wanted, mine.bidder.paddle, _fen(fields, "amount"))
        await bidding.hand_in(
            c.tx,
            actor=c.actor,
            now=c.now,
            auction_id=auction_id,
            commitment_sha256=commitment,
            sealed=sealed,
        )

    return await _submit(request, auction_id, act)


@post(_AUCTION + "/withdrawals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def withdraw_sealed_bid(
    request: AnyRequest, auction_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Take one's sealed bid back."""

    async def act(c: Command, _: Fields) -> None:
        await bidding.withdraw(c.tx, actor=c.actor, now=c.now, auction_id=auction_id)

    return await _submit(request, auction_id, act)


@post(_AUCTION + "/handovers", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def hand_over(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Hand over one's half of the key, and the reserve; with the last all bids are opened."""

    async def act(c: Command, fields: Fields) -> None:
        given: dict[str, Any] = dict(fields)
        if "reserve" in fields:
            given["reserve_fen"] = _fen(fields, "reserve")
        await opening.hand_over(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=c.calendar,
            auction_id=auction_id,
            handed=filled_in(Handed, given),
        )

    return await _submit(request, auction_id, act)


@post(_AUCTION + "/awards", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def award_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Award to whoever has won."""

    async def act(c: Command, _: Fields) -> None:
        await awarding.award(
            c.tx, actor=c.actor, now=c.now, calendar=c.calendar, auction_id=auction_id
        )

    return await _submit(request, auction_id, act)


async def _submit(
    request: AnyRequest,
    auction_id: uuid.UUID,
    act: Callable[[Command, Fields], Awaitable[None]],
) -> Response[bytes]:
    fields = await read_form(request)

    async def lead(c: Command) -> str:
        await act(c, fields)
        return f"{_PATH}/{auction_id}"

    try:
        return await submit(request, _digested(fields), lead)
    except SHOWN_AGAIN as error:
        return await _auction(request, auction_id, shown_again(request, fields, error))


async def _auction(request: AnyRequest, auction_id: uuid.UUID, form: Shown) -> Response[bytes]:
    language = language_of(request)

    async def look(c: Command) -> Seen:
        found = await queries.get(c.tx, auction_id=auction_id)
        mine = None
        if c.actor.may("auction:bid"):
            mine = await queries.get_mine(c.tx, viewer=c.actor, auction_id=auction_id)
        return Seen(
            found,
            mine,
            found.supplier_party_id == c.actor.party_id,
            _left(found, c.now, language),
            c.now < found.rules.opens_at,
            _why(found),
        )

    seen = await read(request, look)
    return page(
        request,
        "auction.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{_PATH}/{auction_id}",
        auction=seen.auction,
        seen=seen,
        form=form,
        blank=BLANK,
    )


def _left(auction: PublicAuction, now: dt.datetime, language: str) -> str | None:
    if auction.state is State.ANNOUNCED and now < auction.rules.opens_at:
        return dates.left(auction.rules.opens_at - now, language)
    if auction.state in (State.ANNOUNCED, State.OPEN) and now < auction.ends_at:
        return dates.left(auction.ends_at - now, language)
    return None


def _why(auction: PublicAuction) -> str | None:
    code = (auction.reason or "").partition(":")[0]
    return code if auction.state is State.FAILED and code in opening.REASONS else None


def _new(request: AnyRequest, form: Shown) -> Response[bytes]:
    return page(
        request,
        "auction_new.html",
        status=form.status,
        cache=NOT_KEPT,
        at="/auctions/new",
        form=form,
        kinds=list(Kind),
        modes=list(DeliveryMode),
    )


def _told(request: AnyRequest, done: Done[Told]) -> Response[bytes]:
    key = None if done.told is None else done.told.private_key
    return page(
        request,
        "auction_told.html",
        status=201,
        cache=NOT_KEPT,
        at=done.place,
        told=done.told,
        key_said=None if key is None else base64.b64encode(key).decode(),
        place=done.place,
    )


def _digested(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in _NOT_DIGESTED}


def _planned(fields: Fields) -> tuple[Planned, bytes | None, str | None]:
    """Return what a form says, with the private key and the salt that were made for it."""
    rules: dict[str, Any] = dict(fields)
    for name in ("starting_price", "increment", "deposit"):
        if name in fields:
            rules[f"{name}_fen"] = _fen(fields, name)
    for name in ("opens_at", "closes_at"):
        rules[name] = _instant(fields, name)
    private_key, salt = None, None
    if fields.get("kind") != Kind.ENGLISH.value:
        rules["supplier_key"], private_key = _key(fields)
    elif "window_minutes" in fields:
        rules["last_minutes"] = {
            name: fields[name]
            for name in ("window_minutes", "extension_minutes", "extensions_max")
            if name in fields
        }
    if "reserve" in fields:
        salt = secrets.token_hex(32)
        rules["reserve_sha256"] = sealing.reserve_commitment(_fen(fields, "reserve"), salt)
    return (
        Planned(
            lot=filled_in(Lot, fields),
            rules=filled_in(Rules, rules),
        ),
        private_key,
        salt,
    )


def _key(fields: Mapping[str, str]) -> tuple[bytes, bytes | None]:
    """Return the half of a key that is announced, and the other one if both were made here."""
    if "public_key" in fields:
        try:
            return msgspec.convert(fields["public_key"], bytes), None
        except msgspec.ValidationError as error:
            raise _wrong("public_key", str(error)) from error
    private_key = secrets.token_bytes(32)
    return sealing.public_half(private_key), private_key


def _sealed(auction: PublicAuction, paddle: int, amount_fen: int) -> tuple[str, bytes]:
    """Return the commitment to a bid and its box; nothing of them is kept but these."""
    supplier_key, operator_key = auction.rules.supplier_key, auction.operator_key
    if supplier_key is None or operator_key is None:
        raise AuctionIsSealed(kind=auction.rules.kind.value)
    document = sealing.draw_up(
        auction.id, paddle=paddle, amount_fen=amount_fen, nonce=secrets.token_hex(32)
    )
    box = sealing.seal(
        document,
        supplier_key=supplier_key,
        operator_key=operator_key,
        ephemeral=secrets.token_bytes(32),
    )
    return sealing.commitment(document), box


def _fen(fields: Mapping[str, str], name: str) -> int:
    found = fen_of(fields.get(name, ""))
    if found is None or found == 0:
        raise _wrong(name, "an amount in yuan")
    return found


def _instant(fields: Mapping[str, str], name: str) -> dt.datetime:
    """Return what a field for day and time says, as a clock in Beijing shows it."""
    try:
        return dt.datetime.fromisoformat(fields.get(name, "")).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise _wrong(name, "a day and a time") from error


def _wrong(name: str, what: str) -> FormFieldInvalid:
    return FormFieldInvalid(errors=(FieldError(f"/{name}", "invalid", what),))
