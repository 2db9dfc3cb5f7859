"""Issue certificates, end them, and show the register (凭证, HN-16, HN-17, HN-19)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.certificates import queries
from catalog.certificates.encumbrances import Encumbrance, EncumbranceKind
from catalog.certificates.model import CertificateSummary, NamedParty, PublicCertificate
from catalog.certificates.operations import burdens, changes, issuance
from catalog.certificates.states import State
from catalog.kernel import paging
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.registration import queries as applications
from catalog.signing.purposes import Purpose
from market.consequences import operations as consequences
from market.consequences.deregistering import DeregistrationPreview
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; it stands in the public register."""

    reason: Annotated[str, Meta(max_length=2_000)]


class Deregister(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, in the public register; and that one knows of the open orders (``…/deregistration``)."""

    reason: Annotated[str, Meta(max_length=2_000)]
    open_orders_acknowledged: bool = False


class Encumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A burden on a certificate (权利负担) with the document that proves it."""

    kind: EncumbranceKind
    beneficiary: Annotated[str, Meta(min_length=1, max_length=200)]
    beneficiary_party_id: uuid.UUID | None = None  # if it takes part here: it is told
    document_number: Annotated[str, Meta(min_length=1, max_length=200)]
    file_id: uuid.UUID
    since_on: dt.date
    until_on: dt.date | None = None


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the beneficiary consents, by which file, and why (解除)."""

    file_id: uuid.UUID
    reason: Annotated[str, Meta(max_length=2_000)]


@post(
    "/api/v1/applications/{application_id:uuid}/certificates",
    summary="Issue the certificate",
    tags=["certificates"],
    opt=creates(PublicCertificate),
)
async def issue_certificate(
    request: AnyRequest,
    application_id: FromPath[uuid.UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Issue the certificate of an authorised application (发证, HN-16)."""

    async def act(c: Command) -> Answer:
        certificate = await issuance.issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            signer=c.context.signers[Purpose.CERTIFICATE],
            application_id=application_id,
            parties=await _parties(c, application_id),
            issuer=(await identity.get_party(c.tx, c.actor.party)).name,
            public_url=c.context.settings.public_url,
        )
        return created(
            await queries.get_public(c.tx, certificate.number),
            f"/api/v1/certificates/{certificate.number}",
        )

    return await command(request, act)


@get(
    "/api/v1/certificates",
    summary="The register",
    tags=["certificates"],
    opt=answers(Page[CertificateSummary]),
)
async def list_certificates(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the public register of certificates (登记簿), the newest first."""

    async def look(c: Command) -> Page[CertificateSummary]:
        return await queries.list_public(c.tx, state=status, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/certificates/{number:str}",
    summary="One certificate",
    tags=["certificates"],
    opt=answers(PublicCertificate),
)
async def get_certificate(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return a certificate as signed, whether it counts, and its place in the log (验真)."""

    async def look(c: Command) -> PublicCertificate:
        return await queries.get_public(c.tx, number)

    return answer(await read(request, look))


@post(
    "/api/v1/certificates/{number:str}/freezes",
    summary="Freeze a certificate",
    tags=["certificates"],
    opt=answers(PublicCertificate),
)
async def freeze_certificate(
    request: AnyRequest, number: FromPath[str], data: JSONBody[Because]
) -> Response[bytes]:
    """Freeze a certificate while a dispute is decided elsewhere (争议冻结, A20)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await changes.freeze(
            c.tx, actor=c.actor, now=c.now, certificate_number=number, reason=data.reason
        )
        await consequences.follow(c.tx, now=c.now, certificate_number=number)
        return done(await queries.get_public(c.tx, number))

    return await command(request, act)


@post(
    "/api/v1/certificates/{number:str}/unfreezes",
    summary="Let a certificate count again",
    tags=["certificates"],
    opt=answers(PublicCertificate),
)
async def unfreeze_certificate(
    request: AnyRequest, number: FromPath[str], data: JSONBody[Because]
) -> Response[bytes]:
    """Let a frozen certificate count again (解除冻结)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await changes.unfreeze(
            c.tx, actor=c.actor, now=c.now, certificate_number=number, reason=data.reason
        )
        await consequences.follow(c.tx, now=c.now, certificate_number=number)
        return done(await queries.get_public(c.tx, number))

    return await command(request, act)


@get(
    "/api/v1/certificates/{number:str}/deregistration",
    summary="What deregistering would bring about",
    tags=["certificates"],
    opt=answers(DeregistrationPreview),
)
async def preview_deregistration(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return how many orders are open, and what stands in the way (注销前提示, A19)."""

    async def look(c: Command) -> DeregistrationPreview:
        return await consequences.preview_deregistration(
            c.tx, viewer=c.actor, now=c.now, certificate_number=number
        )

    return answer(await read(request, look))


@post(
    "/api/v1/certificates/{number:str}/deregistrations",
    summary="Deregister one's own certificate",
    tags=["certificates"],
    opt=answers(PublicCertificate),
)
async def deregister_certificate(
    request: AnyRequest, number: FromPath[str], data: JSONBody[Deregister]
) -> Response[bytes]:
    """Deregister one's own certificate (注销, HN-19(a)); open orders have to be known (A19)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        await consequences.deregister(
            c.tx,
            actor=c.actor,
            now=c.now,
            certificate_number=number,
            reason=data.reason,
            is_acknowledged=data.open_orders_acknowledged,
        )
        return done(await queries.get_public(c.tx, number))

    return await command(request, act)


@post(
    "/api/v1/certificates/{number:str}/encumbrances",
    summary="Enter a burden",
    tags=["certificates"],
    opt=answers(Encumbrance, 201),
)
async def encumber_certificate(
    request: AnyRequest, number: FromPath[str], data: JSONBody[Encumber]
) -> Response[bytes]:
    """Enter a pledge, a trust, an insurance or a seizure (权利负担登记)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        party = None if data.beneficiary_party_id is None else PartyId(data.beneficiary_party_id)
        if party is not None:
            c.actor.require("certificate:encumber")
            await identity.get_party(c.tx, party)
        burden = await burdens.encumber(
            c.tx,
            actor=c.actor,
            now=c.now,
            certificate_number=number,
            kind=data.kind,
            beneficiary=data.beneficiary,
            beneficiary_party_id=party,
            document_number=data.document_number,
            file_id=data.file_id,
            since_on=data.since_on,
            until_on=data.until_on,
        )
        return Answer(burden, 201)

    return await command(request, act)


@get(
    "/api/v1/certificates/{number:str}/encumbrances",
    summary="The burdens of a certificate",
    tags=["certificates"],
    opt=answers(Page[Encumbrance]),
)
async def list_encumbrances(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return the burdens with their beneficiaries, to the registrant, staff and regulator."""

    async def look(c: Command) -> Page[Encumbrance]:
        return Page(await queries.list_encumbrances(c.tx, viewer=c.actor, number=number))

    return answer(await read(request, look))


@post(
    "/api/v1/encumbrances/{encumbrance_id:uuid}/releases",
    summary="Release a burden",
    tags=["certificates"],
    opt=answers(Encumbrance),
)
async def release_encumbrance(
    request: AnyRequest, encumbrance_id: FromPath[uuid.UUID], data: JSONBody[Release]
) -> Response[bytes]:
    """Release a burden with the beneficiary's consent (解除权利负担)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await burdens.release(
                c.tx,
                actor=c.actor,
                now=c.now,
                encumbrance_id=encumbrance_id,
                file_id=data.file_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


async def _parties(c: Command, application_id: uuid.UUID) -> dict[PartyId, NamedParty]:
    """Return the owners and the agency as the register of parties knows them today."""
    c.actor.require("certificate:issue")
    application = await applications.find(c.tx, application_id=application_id)
    if application is None:
        return {}  # the issue refuses it
    form = application.form
    ids = [*(o.party_id for o in form.owners), *(right.party_id for right in form.rights)]
    agency = [] if application.agency_party_id is None else [application.agency_party_id]
    found = await identity.get_parties(c.tx, [*ids, *agency])
    return {
        party.id: NamedParty(name=party.name, id_masked=await identity.get_masked_id(c.tx, party))
        for party in found.values()
    }
