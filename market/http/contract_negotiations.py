"""Negotiate: ask, offer, accept, agree, verify, finalize, end, compare (磋商). Both sides use these."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import KeyId, Signature
from market.contracts.terms import TermsWanted
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.negotiations import queries
from market.negotiations.exchange import Told
from market.negotiations.model import Exchanged, Negotiation, Reason
from market.negotiations.operations import comparing, sending
from market.negotiations.operations.comparing import Compared
from market.negotiations.operations.sending import Said
from market.negotiations.states import Event, State

BASE = "/api/v1/negotiations"
ONE = BASE + "/{negotiation_id:uuid}"


class BeginNegotiation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for, or with ``consumer_party_id`` offered to a buyer, and on which terms."""

    product_id: uuid.UUID
    terms: TermsWanted
    consumer_party_id: uuid.UUID | None = None


class CounterOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On which terms instead."""

    terms: TermsWanted


class EndNegotiation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it ends: a code of one's own for programs, and words for people. Both may be left out."""

    code: Annotated[str, Meta(max_length=64)] | None = None
    reason: Reason | None = None


class SignAgreement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's signature over the agreement's exact bytes, with a key that one's party registered."""

    key_id: Annotated[str, Meta(min_length=1, max_length=64)]
    signature: Annotated[bytes, Meta(min_length=8, max_length=2420)]  # base64 in JSON
    algorithm: Algorithm = Algorithm.ED25519

    def signed(self, event: Event) -> Said:
        """Return what is said with this signature."""
        signature = Signature(
            key_id=KeyId(self.key_id), value=self.signature, algorithm=self.algorithm
        )
        return Said(event=event, signature=signature)


@post(BASE, summary="Begin a negotiation", tags=["negotiations"], opt=creates(Negotiation))
async def begin_negotiation(
    request: AnyRequest, data: JSONBody[BeginNegotiation]
) -> Response[bytes]:
    """Ask a supplier for terms, or offer them to a buyer; the price is the filed one (发起磋商)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        begun = await sending.begin(
            c.tx,
            actor=c.actor,
            now=c.now,
            product_id=data.product_id,
            wanted=data.terms,
            consumer_party_id=data.consumer_party_id,
        )
        return created(begun, f"{BASE}/{begun.id}")

    return await command(request, act)


@get(BASE, summary="Negotiations", tags=["negotiations"], opt=answers(Page[Negotiation]))
async def list_negotiations(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    negotiation_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own copies, newest first; for the operator and the regulator, those of all."""

    async def look(c: Command) -> Page[Negotiation]:
        return await queries.list_page(
            c.tx,
            viewer=c.actor,
            product_id=product_id,
            state=negotiation_state,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(ONE, summary="A negotiation", tags=["negotiations"], opt=answers(Negotiation))
async def get_negotiation(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return one's own copy: where it stands, what is on the table, what has no answer yet."""

    async def look(c: Command) -> Negotiation:
        return await queries.get(c.tx, viewer=c.actor, negotiation_id=negotiation_id)

    return answer(await read(request, look))


@get(
    ONE + "/messages",
    summary="What was said",
    tags=["negotiations"],
    opt=answers(list[Exchanged]),
)
async def list_negotiation_messages(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return every message sent and received, and what became of it."""

    async def look(c: Command) -> list[Exchanged]:
        return await queries.list_messages(c.tx, viewer=c.actor, negotiation_id=negotiation_id)

    return answer(await read(request, look))


@post(ONE + "/requests", summary="Ask otherwise", tags=["negotiations"], opt=answers(Negotiation))
async def request_again(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID], data: JSONBody[CounterOffer]
) -> Response[bytes]:
    """Answer an offer with other terms, as the buyer (还价请求)."""
    check_readable(data)
    return await _say(request, negotiation_id, Said(event=Event.REQUEST, terms=data.terms))


@post(ONE + "/offers", summary="Offer", tags=["negotiations"], opt=answers(Negotiation))
async def offer(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID], data: JSONBody[CounterOffer]
) -> Response[bytes]:
    """Answer a request with other terms, as the supplier (要约)."""
    check_readable(data)
    return await _say(request, negotiation_id, Said(event=Event.OFFER, terms=data.terms))


@post(ONE + "/acceptances", summary="Accept", tags=["negotiations"], opt=answers(Negotiation))
async def accept_offer(request: AnyRequest, negotiation_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Accept the supplier's last offer (承诺)."""
    return await _say(request, negotiation_id, Said(event=Event.ACCEPT))


@post(ONE + "/agreements", summary="Agree", tags=["negotiations"], opt=answers(Negotiation))
async def agree(request: AnyRequest, negotiation_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Send the agreement on what was requested or accepted, as the supplier (协议)."""
    return await _say(request, negotiation_id, Said(event=Event.AGREE))


@post(ONE + "/verifications", summary="Verify", tags=["negotiations"], opt=answers(Negotiation))
async def verify_agreement(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID], data: JSONBody[SignAgreement]
) -> Response[bytes]:
    """Sign the agreement as the buyer: it is the one that was meant (核验并签署)."""
    return await _say(request, negotiation_id, data.signed(Event.VERIFY))


@post(ONE + "/finalizations", summary="Finalize", tags=["negotiations"], opt=answers(Negotiation))
async def finalize(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID], data: JSONBody[SignAgreement]
) -> Response[bytes]:
    """Sign as the supplier, which is the last word: from its arrival on the agreement holds (达成)."""
    return await _say(request, negotiation_id, data.signed(Event.FINALIZE))


@post(ONE + "/terminations", summary="End it", tags=["negotiations"], opt=answers(Negotiation))
async def terminate_negotiation(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID], data: JSONBody[EndNegotiation]
) -> Response[bytes]:
    """End a negotiation, on either side; the other side is told (终止磋商)."""
    check_readable(data)
    said = Said(event=Event.TERMINATE, code=data.code, reason=data.reason)
    return await _say(request, negotiation_id, said)


@post(
    ONE + "/reconciliations",
    summary="Compare both copies",
    tags=["negotiations"],
    opt=answers(Compared),
)
async def reconcile_negotiation(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Tell which message is missing on which side, and have it sent again (对账)."""

    async def act(c: Command) -> Answer:
        return done(
            await comparing.compare(c.tx, actor=c.actor, now=c.now, negotiation_id=negotiation_id)
        )

    return await command(request, act)


@post(
    ONE + "/foreign-reconciliations",
    summary="Compare a copy with one in another house",
    tags=["negotiations"],
    opt=answers(Compared),
)
async def reconcile_with_foreign_copy(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID], data: JSONBody[Told]
) -> Response[bytes]:
    """Tell, from where the other side says that it stands, which message is missing (跨节点对账)."""

    async def act(c: Command) -> Answer:
        return done(
            await comparing.compare_with(
                c.tx, actor=c.actor, now=c.now, negotiation_id=negotiation_id, told=data
            )
        )

    return await command(request, act)


async def _say(request: AnyRequest, negotiation_id: uuid.UUID, said: Said) -> Response[bytes]:
    async def act(c: Command) -> Answer:
        return done(
            await sending.say(
                c.tx, actor=c.actor, now=c.now, negotiation_id=negotiation_id, said=said
            )
        )

    return await command(request, act)
