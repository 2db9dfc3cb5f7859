"""Renew, cancel and revoke registrations that have a term (续期、注销、撤销), where the rulebook says so."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.certificates import queries as certificates
from catalog.certificates.model import PublicCertificate
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.purposes import Purpose
from catalog.terms.model import Kind, Request
from catalog.terms.operations import endings, reading, requests
from market.consequences import operations as consequences
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest

_Text = Annotated[str, Meta(max_length=2_000)]


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a registration is to be renewed or cancelled, and why."""

    kind: Kind
    reason: _Text = ""


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether what was asked for is done; a refusal says why."""

    granted: bool
    reason: _Text = ""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


class Revoke(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On which ground of the rulebook a registration is revoked, and the facts."""

    ground: Annotated[str, Meta(max_length=50)]
    facts: _Text


@post(
    "/api/v1/certificates/{number:str}/requests",
    summary="Ask for a renewal or a cancellation",
    tags=["certificates"],
    opt=answers(Request, 201),
)
async def ask(request: AnyRequest, number: FromPath[str], data: JSONBody[Ask]) -> Response[bytes]:
    """Ask that one's own registration is renewed or cancelled (续期、注销申请, NDA35-36, NDRC26-15)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        filed = await requests.file(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            certificate_number=number,
            kind=data.kind,
            reason=data.reason,
        )
        return Answer(filed, 201)

    return await command(request, act)


@get(
    "/api/v1/certificates/{number:str}/requests",
    summary="What was asked about a certificate",
    tags=["certificates"],
    opt=answers(Page[Request]),
)
async def list_requests(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return the renewals and cancellations that were asked for, to registrant, staff and regulator."""

    async def look(c: Command) -> Page[Request]:
        return Page(
            await reading.open_requests(c.tx, actor=c.actor, now=c.now, certificate_number=number)
        )

    return answer(await read(request, look))


@post(
    "/api/v1/certificate-requests/{request_id:uuid}/withdrawals",
    summary="Take a request back",
    tags=["certificates"],
    opt=answers(Request),
)
async def withdraw_request(
    request: AnyRequest,
    request_id: FromPath[uuid.UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Take one's own request back."""

    async def act(c: Command) -> Answer:
        return done(await requests.withdraw(c.tx, actor=c.actor, now=c.now, request_id=request_id))

    return await command(request, act)


@post(
    "/api/v1/certificate-requests/{request_id:uuid}/decisions",
    summary="Renew or cancel, or refuse it",
    tags=["certificates"],
    opt=answers(Request),
)
async def decide_request(
    request: AnyRequest, request_id: FromPath[uuid.UUID], data: JSONBody[Decide]
) -> Response[bytes]:
    """Renew or cancel a registration, or refuse what was asked for (续期、注销的办理)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        decided = await requests.decide(
            c.tx,
            actor=c.actor,
            now=c.now,
            signer=c.context.signers[Purpose.CERTIFICATE],
            request_id=request_id,
            grants=data.granted,
            reason=data.reason,
            public_url=c.context.settings.public_url,
        )
        if data.granted:
            await consequences.follow(
                c.tx, now=c.now, certificate_number=decided.certificate_number, ground="voluntary"
            )
        return done(decided)

    return await command(request, act)


@post(
    "/api/v1/certificates/{number:str}/revocations",
    summary="Revoke a registration",
    tags=["certificates"],
    opt=answers(PublicCertificate),
)
async def revoke_certificate(
    request: AnyRequest, number: FromPath[str], data: JSONBody[Revoke]
) -> Response[bytes]:
    """Revoke a registration on a ground that its rulebook has (撤销, NDRC26-20)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await endings.revoke(
            c.tx,
            actor=c.actor,
            now=c.now,
            certificate_number=number,
            ground=data.ground,
            facts=data.facts,
        )
        await consequences.follow(c.tx, now=c.now, certificate_number=number)
        return done(await certificates.get_public(c.tx, number))

    return await command(request, act)
