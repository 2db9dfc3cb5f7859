"""Let a supplier put a product up for bids, the operator announce it, and the sale come to its end (竞价组织)."""

from __future__ import annotations

import base64
import secrets
import uuid
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from catalog.products.model import DeliveryMode
from market.auctions import queries, sealing
from market.auctions.model import Handed, Kind, Lot, Planned, Rules
from market.auctions.operations import awarding, opening, planning
from market.http.command import Command
from market.http.context import AnyRequest
from market.portal.auction_fields import SECRET, read_fen, read_instant, read_key
from market.portal.forms import (
    MAX_FORM_BYTES,
    SHOWN_AGAIN,
    Done,
    Shown,
    filled_in,
    read_form,
    run_once,
    shown_again,
    without,
)
from market.portal.pages_auctions import AUCTION, PATH, show_again, take_step
from market.portal.render import NOT_KEPT, page


class Told(msgspec.Struct, frozen=True):
    """What is told this once: a private key that was made, and the salt of a reserve."""

    auction_id: uuid.UUID
    private_key: bytes | None
    reserve_salt: str | None


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
        return Done(f"{PATH}/{made.id}", Told(made.id, private_key, salt))

    try:
        done = await run_once(request, without(fields, SECRET), act)
    except SHOWN_AGAIN as error:
        return _new(request, shown_again(request, fields, error))
    return _told(request, done)


@post(AUCTION + "/announcements", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def announce_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Announce an auction; a key that was made for it is shown this once."""
    fields = await read_form(request)

    async def act(c: Command) -> Done[Told]:
        wanted = await queries.get(c.tx, auction_id=auction_id)
        key, private_key = None, None
        if wanted.rules.kind.is_sealed:
            key, private_key = read_key(fields)
        await planning.announce(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            auction_id=auction_id,
            operator_key=key,
        )
        return Done(f"{PATH}/{auction_id}", Told(auction_id, private_key, None))

    try:
        done = await run_once(request, without(fields, SECRET), act)
    except SHOWN_AGAIN as error:
        return await show_again(request, auction_id, shown_again(request, fields, error))
    return _told(request, done)


@post(AUCTION + "/cancellations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def cancel_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Take an auction back with the reason."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await planning.cancel(
            c.tx,
            actor=c.actor,
            now=c.now,
            auction_id=auction_id,
            reason=fields.get("reason", ""),
        )

    return await take_step(request, auction_id, act)


@post(AUCTION + "/handovers", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def hand_over(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Hand over one's half of the key, and the reserve; with the last all bids are opened."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        given: dict[str, Any] = dict(fields)
        if "reserve" in fields:
            given["reserve_fen"] = read_fen(fields, "reserve")
        await opening.hand_over(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            auction_id=auction_id,
            handed=filled_in(Handed, given),
        )

    return await take_step(request, auction_id, act)


@post(AUCTION + "/awards", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def award_auction(request: AnyRequest, auction_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Award to whoever has won."""

    async def act(c: Command, _: dict[str, str]) -> None:
        await awarding.award(
            c.tx, actor=c.actor, now=c.now, calendar=await c.calendar(), auction_id=auction_id
        )

    return await take_step(request, auction_id, act)


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


def _planned(fields: dict[str, str]) -> tuple[Planned, bytes | None, str | None]:
    """Return what a form says, with the private key and the salt that were made for it."""
    rules: dict[str, Any] = dict(fields)
    for name in ("starting_price", "increment", "deposit"):
        if name in fields:
            rules[f"{name}_fen"] = read_fen(fields, name)
    for name in ("opens_at", "closes_at"):
        rules[name] = read_instant(fields, name)
    if "deposit_until" in fields:
        rules["deposit_until"] = read_instant(fields, "deposit_until")
    private_key, salt = None, None
    if fields.get("kind") != Kind.ENGLISH.value:
        rules["supplier_key"], private_key = read_key(fields)
    elif "window_minutes" in fields:
        rules["last_minutes"] = {
            name: fields[name]
            for name in ("window_minutes", "extension_minutes", "extensions_max")
            if name in fields
        }
    if "reserve" in fields:
        salt = secrets.token_hex(32)
        rules["reserve_sha256"] = sealing.reserve_commitment(read_fen(fields, "reserve"), salt)
    return (
        Planned(
            lot=filled_in(Lot, fields),
            rules=filled_in(Rules, rules),
        ),
        private_key,
        salt,
    )
