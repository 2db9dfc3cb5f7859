"""Read agreements and the templates of their clauses, and end them with both sides' consent (协议)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.errors import Missing
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.canonical import framed, sha256_hex
from catalog.signing.purposes import Purpose
from market.contracts import document, operations, queries, templates
from market.contracts.model import Agreement, LineageLink
from market.contracts.policy import PolicyAgreement
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest
from market.negotiations import queries as negotiations
from market.orders.operations import by_agreement

BASE = "/api/v1/agreements"
ONE = BASE + "/{agreement_id:uuid}"


class ContractTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """A template: its words, and what the two sides fill in."""

    kind: templates.TemplateKind
    version: int
    title: str
    clauses: tuple[templates.Clause, ...]
    parameters: tuple[str, ...]


class AgreementToSign(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be signed: words, terms, the exact bytes, and what one signs."""

    text: str
    terms: PolicyAgreement
    document: bytes  # base64 in JSON: the canonical bytes
    signing_input: bytes  # base64 in JSON: purpose and bytes, as they are signed
    sha256: str


class AgreementShown(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement with its words and terms, and whether it holds now."""

    agreement: Agreement
    text: str
    terms: PolicyAgreement
    shown_at: dt.datetime
    is_over: bool


class WhyEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is to end."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


@get(
    "/api/v1/contract-templates",
    summary="Templates of contracts",
    tags=["negotiations"],
    opt=answers(list[ContractTemplate]),
)
async def list_contract_templates() -> Response[bytes]:
    """Return every version of the templates of the four kinds (合同示范文本)."""
    return answer(
        [
            ContractTemplate(
                kind=each.kind,
                version=each.version,
                title=each.title,
                clauses=each.clauses,
                parameters=each.parameters,
            )
            for each in templates.all_templates().values()
        ]
    )


@get(
    "/api/v1/negotiations/{negotiation_id:uuid}/agreement",
    summary="The agreement to sign",
    tags=["negotiations"],
    opt=answers(AgreementToSign),
)
async def get_agreement_to_sign(
    request: AnyRequest, negotiation_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the agreement of a negotiation with the exact bytes that both sides sign."""

    async def look(c: Command) -> AgreementToSign:
        found = await negotiations.get(c.tx, viewer=c.actor, negotiation_id=negotiation_id)
        raw = found.copy.document
        if raw is None:
            raise Missing
        told = document.read(raw)
        return AgreementToSign(
            text=told.text,
            terms=told.terms,
            document=raw,
            signing_input=framed(Purpose.CONTRACT, raw),
            sha256=sha256_hex(raw),
        )

    return answer(await read(request, look))


@get(BASE, summary="Agreements", tags=["negotiations"], opt=answers(Page[Agreement]))
async def list_agreements(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return one's own agreements, newest first; for operator and regulator, those of all."""

    async def look(c: Command) -> Page[Agreement]:
        return await queries.list_page(
            c.tx, viewer=c.actor, product_id=product_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(ONE, summary="An agreement", tags=["negotiations"], opt=answers(AgreementShown))
async def get_agreement(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return an agreement, its words, its terms, both signatures, and whether it is over."""

    async def look(c: Command) -> AgreementShown:
        found = await queries.get(c.tx, viewer=c.actor, agreement_id=agreement_id)
        told = document.read(found.document)
        return AgreementShown(
            agreement=found,
            text=told.text,
            terms=told.terms,
            shown_at=c.now,
            is_over=c.now >= found.ends_at,
        )

    return answer(await read(request, look))


@get(
    ONE + "/lineage",
    summary="What an agreement follows, and what follows it",
    tags=["negotiations"],
    opt=answers(list[LineageLink]),
)
async def get_agreement_lineage(
    request: AnyRequest, agreement_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the whole line of an agreement: amended, renewed, replaced (协议沿革)."""

    async def look(c: Command) -> list[LineageLink]:
        return await queries.list_lineage(c.tx, viewer=c.actor, agreement_id=agreement_id)

    return answer(await read(request, look))


@post(
    ONE + "/end-proposals",
    summary="Propose to end an agreement",
    tags=["negotiations"],
    opt=answers(Agreement),
)
async def propose_end(
    request: AnyRequest, agreement_id: FromPath[uuid.UUID], data: JSONBody[WhyEnd]
) -> Response[bytes]:
    """Propose to the other side to end an agreement; until it confirms, it holds (提出解除)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await operations.propose_end(
                c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    ONE + "/end-refusals",
    summary="Let an agreement go on",
    tags=["negotiations"],
    opt=answers(Agreement),
)
async def decline_end(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Decline the end that was proposed, or take one's own proposal back."""

    async def act(c: Command) -> Answer:
        return done(
            await operations.decline_end(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)
        )

    return await command(request, act)


@post(
    ONE + "/end-confirmations",
    summary="Confirm the end of an agreement",
    tags=["negotiations"],
    opt=answers(Agreement),
)
async def confirm_end(request: AnyRequest, agreement_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Confirm the end that the other side proposed; what stands under it ends too (协商一致解除)."""

    async def act(c: Command) -> Answer:
        return done(
            await by_agreement.end(c.tx, actor=c.actor, now=c.now, agreement_id=agreement_id)
        )

    return await command(request, act)
