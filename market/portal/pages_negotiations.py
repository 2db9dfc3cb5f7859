"""Negotiate on pages: whose turn it is, what each offer says otherwise, what one may say now (磋商)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.products import queries as products
from catalog.signing.canonical import sha256_hex
from catalog.signing.model import PublicKey
from market.approvals import queries as approvals
from market.approvals.model import Approval
from market.contracts import document
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.model import Party
from market.negotiations import queries
from market.negotiations.model import Exchanged, Negotiation, Outcome, Reason, Role
from market.negotiations.operations import approving, sending
from market.negotiations.operations.sending import Said
from market.negotiations.states import FIRST, Event, State
from market.portal import negotiation_turns, offer_words, terms_form
from market.portal.change_words import ToldChange
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
from market.portal.negotiation_turns import STEPS
from market.portal.offer_words import Term
from market.portal.pasted_signatures import read_signature, signing_input, usable_keys
from market.portal.render import NOT_KEPT, language_of, page
from market.portal.show import linker
from market.portal.terms_choices import Choices, find_choices
from market.portal.wording import Speaker, names_of

PATH: Final = "/negotiations"
_ONE: Final = "/negotiations/{negotiation_id:uuid}"
_PAGE_SIZE: Final = 20


class _Ended(msgspec.Struct, frozen=True):
    """Why one ends it: a reason of the list, and words."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Reason | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list."""

    negotiation: Negotiation
    product: str
    turn: negotiation_turns.Turn
    until: dt.datetime | None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A page of negotiations, and what their parties are called."""

    items: list[Listed]
    parties: Mapping[PartyId, Party]
    now: dt.datetime
    next_cursor: str | None


class ToldMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message: what it offers, and what of that is otherwise than before."""

    kept: Exchanged
    terms: list[Term]
    changes: list[ToldChange] | None  # None: it offers nothing, or nothing was offered before
    why: str | None  # it ended, or was refused


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """A negotiation with all that its page needs."""

    negotiation: Negotiation
    product: str
    parties: Mapping[PartyId, Party]
    messages: list[Exchanged]
    choices: Choices
    keys: list[PublicKey]
    approvals: list[Approval]  # of the reader's own organisation, the newest first
    asks_approval: bool  # its chain has to be asked before the reader accepts or signs
    now: dt.datetime


@get(PATH, include_in_schema=False)
async def list_negotiations(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show one's own negotiations, the newest first: with whom, whose turn, until when."""

    async def look(c: Command) -> Board:
        found = await queries.list_page(
            c.tx, viewer=c.actor, state=status, limit=_PAGE_SIZE, cursor=cursor or None
        )
        return await board(c, found.items, found.next_cursor)

    asked = {"status": None if status is None else status.value}
    return page(
        request,
        "negotiations.html",
        cache=NOT_KEPT,
        board=await read(request, look),
        states=list(State),
        wanted=status,
        link=linker(PATH, asked),
        is_continued=bool(cursor),
    )


@get(_ONE, include_in_schema=False)
async def show_negotiation(
    request: AnyRequest,
    negotiation_id: FromPath[uuid.UUID],
    *,
    template: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show one's copy: what was said, what each offer has otherwise, and the forms of one's turn."""
    desk = await read(request, lambda c: _look(c, negotiation_id))
    return _page(request, desk, BLANK, template)


@get(_ONE + "/signing-input", include_in_schema=False)
async def get_signing_input(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the exact bytes that are signed, as a file (待签内容).

    :raises Missing: if there is no agreement yet.
    """

    async def look(c: Command) -> bytes:
        found = await queries.get(c.tx, viewer=c.actor, negotiation_id=negotiation_id)
        if found.copy.document is None:
            raise Missing
        return found.copy.document

    return signing_input(await read(request, look), f"agreement-{negotiation_id}.bin")


@post(
    [f"{_ONE}/{step}" for step in STEPS],
    include_in_schema=False,
    request_max_body_size=MAX_FORM_BYTES,
)
async def speak(request: AnyRequest, negotiation_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say the next thing: the address names the message (还价、承诺、协议、签署、终止)."""
    fields = await read_form(request)
    event = STEPS[request.url.path.rpartition("/")[2]]

    async def act(c: Command) -> str:
        before = await queries.get(c.tx, viewer=c.actor, negotiation_id=negotiation_id)
        await sending.say(
            c.tx,
            actor=c.actor,
            now=c.now,
            negotiation_id=negotiation_id,
            said=await _said(c, event, fields, before),
        )
        return f"{PATH}/{negotiation_id}"

    try:
        return await submit(request, fields, act)
    except SHOWN_AGAIN as error:
        desk = await read(request, lambda c: _look(c, negotiation_id))
        return _page(request, desk, shown_again(request, fields, error), None)


@post(_ONE + "/approvals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def ask_for_approval(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Ask one's own organisation to approve the terms on the table; the other side is not told."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await approving.ask(c.tx, actor=c.actor, now=c.now, negotiation_id=negotiation_id)

    async def again(form: Shown) -> Response[bytes]:
        desk = await read(request, lambda c: _look(c, negotiation_id))
        return _page(request, desk, form, None)

    return await run_step(request, act, place=f"{PATH}/{negotiation_id}", again=again)


async def board(c: Command, found: list[Negotiation], next_cursor: str | None) -> Board:
    """Return copies with what their products and parties are called."""
    sides = {party for each in found for party in (each.party_id, each.other_party_id)}
    return Board(
        items=[
            Listed(
                negotiation=each,
                product=await product_name(c, each.product_id),
                turn=negotiation_turns.turn_of(each.copy),
                until=negotiation_turns.ends_unless_answered(each),
            )
            for each in found
        ],
        parties=await identity.get_parties(c.tx, sides),
        now=c.now,
        next_cursor=next_cursor,
    )


async def product_name(c: Command, product_id: uuid.UUID) -> str:
    """Return what a product is called; one that is not to be seen any more has no name."""
    found = await products.find(c.tx, product_id=product_id)
    return "—" if found is None else found.name


async def _said(c: Command, event: Event, fields: dict[str, str], before: Negotiation) -> Said:
    if event in FIRST:
        return Said(event=event, terms=terms_form.wanted(fields, before.copy.offer))
    if event in (Event.VERIFY, Event.FINALIZE):
        return Said(event=event, signature=await read_signature(c, fields))
    if event is Event.TERMINATE:
        ended = filled_in(_Ended, fields)
        return Said(event=event, code=ended.code, reason=ended.reason)
    return Said(event=event)


async def _look(c: Command, negotiation_id: uuid.UUID) -> Desk:
    found = await queries.get(c.tx, viewer=c.actor, negotiation_id=negotiation_id)
    is_own = c.actor.party_id == found.party_id
    return Desk(
        negotiation=found,
        product=await product_name(c, found.product_id),
        parties=await identity.get_parties(c.tx, [found.party_id, found.other_party_id]),
        messages=await queries.list_messages(c.tx, viewer=c.actor, negotiation_id=negotiation_id),
        choices=await find_choices(c, found.product_id),
        keys=await usable_keys(c, found.party_id) if is_own else [],
        approvals=await _approvals(c, found) if is_own else [],
        asks_approval=is_own and await _asks_approval(c, found),
        now=c.now,
    )


async def _approvals(c: Command, found: Negotiation) -> list[Approval]:
    if found.copy.role is not Role.CONSUMER or not c.actor.may("approval:read"):
        return []
    return (await approvals.list_page(c.tx, viewer=c.actor, subject_id=found.id)).items


async def _asks_approval(c: Command, found: Negotiation) -> bool:
    """Tell whether one's own chain asks for an approval that nobody asked for yet."""
    binds_itself = set(negotiation_turns.moves(found.copy)) & set(approving.BINDING)
    if found.copy.role is not Role.CONSUMER or not binds_itself:
        return False
    return c.actor.may("approval:request") and await approvals.is_to_be_asked(
        c.tx, viewer=c.actor, now=c.now, wanted=await approving.wanted_of(c.tx, found)
    )


def _page(request: AnyRequest, desk: Desk, form: Shown, template: str | None) -> Response[bytes]:
    speaker = Speaker(language_of(request))
    found = desk.negotiation
    copy = found.copy
    told = None if copy.document is None else document.read(copy.document)
    # The form has what is on the table, until somebody typed something else into it.
    typed = form if form["price_item"] else Shown(terms_form.typed(copy.offer))
    return page(
        request,
        "negotiation.html",
        status=form.status,
        cache=NOT_KEPT,
        at=f"{PATH}/{found.id}",
        desk=desk,
        found=found,
        copy=copy,
        turn=negotiation_turns.turn_of(copy),
        moves=[event.value for event in negotiation_turns.moves(copy)],
        until=negotiation_turns.ends_unless_answered(found),
        messages=_told(desk, speaker),
        table=offer_words.terms_of(copy.offer, speaker, desk.choices.names(speaker)),
        text=None if told is None else told.text,
        digest=None if copy.document is None else sha256_hex(copy.document),
        why=copy.code and negotiation_turns.why(copy.code, speaker),
        reasons=names_of("end_reason"),
        choices=desk.choices.chosen(template or typed["template"]),
        typed=typed,
        asked_template=template,
        form=form,
    )


def _told(desk: Desk, speaker: Speaker) -> list[ToldMessage]:
    """Return the messages in their order; an offer is held against the one that stood before it."""
    names = desk.choices.names(speaker)
    told: list[ToldMessage] = []
    stood: list[Term] | None = None
    for kept in desk.messages:
        offer = kept.message.offer
        terms = [] if offer is None else offer_words.terms_of(offer, speaker, names)
        is_compared = offer is not None and stood is not None
        code = kept.code or kept.message.code
        told.append(
            ToldMessage(
                kept=kept,
                terms=terms,
                changes=offer_words.differing(stood or [], terms) if is_compared else None,
                why=None if code is None else negotiation_turns.why(code, speaker),
            )
        )
        if offer is not None and kept.outcome is not Outcome.REFUSED:
            stood = terms
    return told
