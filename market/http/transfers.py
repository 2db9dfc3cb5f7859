"""Hand a certificate on by agreement, where the rules are set so (协议转让, A22)."""

from __future__ import annotations

import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from catalog.certificates import queries
from catalog.certificates.model import NamedParty, PublicCertificate
from catalog.certificates.operations import keeping, transfers
from catalog.certificates.transferring import (
    AgreementDocument,
    Transfer,
    TransferAuthorisationDocument,
)
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.canonical import canonical
from catalog.signing.model import Signature
from catalog.signing.purposes import Purpose
from market.consequences import operations as consequences
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity


class OfferTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The agreement, the registrant's signature over it, and the contract as a file."""

    agreement: AgreementDocument
    signature: Signature
    file_id: uuid.UUID


class SignTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new holder's signature over the same agreement."""

    signature: Signature


class AuthoriseTransfer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bureau signs, and its signature."""

    authorisation: TransferAuthorisationDocument
    signature: Signature


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


@get(
    "/api/v1/certificates/{number:str}/transfers",
    summary="Transfers by agreement",
    tags=["certificates"],
    opt=answers(Page[Transfer]),
)
async def list_transfers(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return the transfers of a certificate by agreement, to both parties and the staff."""

    async def look(c: Command) -> Page[Transfer]:
        return Page(
            await keeping.open_transfers(c.tx, actor=c.actor, now=c.now, certificate_number=number)
        )

    return answer(await read(request, look))


@post(
    "/api/v1/certificates/{number:str}/transfers",
    summary="Offer a certificate",
    tags=["certificates"],
    opt=answers(Transfer, 201),
)
async def offer_transfer(
    request: AnyRequest, number: FromPath[str], data: JSONBody[OfferTransfer]
) -> Response[bytes]:
    """Offer to hand one's own certificate on, signed with one's own key (转让申请)."""

    async def act(c: Command) -> Answer:
        offered = await transfers.offer(
            c.tx,
            actor=c.actor,
            now=c.now,
            certificate_number=number,
            agreement=data.agreement,
            signature=data.signature,
            file_id=data.file_id,
        )
        await identity.get_party(c.tx, offered.to_party_id)
        return Answer(offered, 201)

    return await command(request, act)


@post(
    "/api/v1/certificates/{number:str}/transfer-signatures",
    summary="Sign as the new holder",
    tags=["certificates"],
    opt=answers(Transfer),
)
async def accept_transfer(
    request: AnyRequest, number: FromPath[str], data: JSONBody[SignTransfer]
) -> Response[bytes]:
    """Sign the agreement as the one who takes the certificate over."""

    async def act(c: Command) -> Answer:
        return done(
            await transfers.accept(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                certificate_number=number,
                signature=data.signature,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/certificates/{number:str}/transfer-withdrawals",
    summary="Take a transfer back",
    tags=["certificates"],
    opt=answers(Transfer),
)
async def take_transfer_back(
    request: AnyRequest,
    number: FromPath[str],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """End a transfer that is not issued yet, as either party."""

    async def act(c: Command) -> Answer:
        return done(
            await transfers.take_back(c.tx, actor=c.actor, now=c.now, certificate_number=number)
        )

    return await command(request, act)


@post(
    "/api/v1/certificates/{number:str}/transfer-authorisations",
    summary="Authorise a transfer",
    tags=["certificates"],
    opt=answers(Transfer, 201),
)
async def authorise_transfer(
    request: AnyRequest, number: FromPath[str], data: JSONBody[AuthoriseTransfer]
) -> Response[bytes]:
    """Authorise the new holder's certificate with the bureau's own key (授权发证, HN-16)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        authorised = await transfers.authorise(
            c.tx,
            actor=c.actor,
            now=c.now,
            certificate_number=number,
            document=canonical(data.authorisation),
            signature=data.signature,
        )
        return Answer(authorised, 201)

    return await command(request, act)


@post(
    "/api/v1/certificates/{number:str}/transfer-certificates",
    summary="Issue the new holder's certificate",
    tags=["certificates"],
    opt=creates(PublicCertificate),
)
async def issue_transfer(
    request: AnyRequest,
    number: FromPath[str],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Issue the new holder's certificate in the old one's place (转移登记)."""

    async def act(c: Command) -> Answer:
        to_party = await transfers.find_holder(
            c.tx, actor=c.actor, now=c.now, certificate_number=number
        )
        party = await identity.get_party(c.tx, to_party)
        new = await transfers.issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            signer=c.context.signers[Purpose.CERTIFICATE],
            certificate_number=number,
            holder=NamedParty(name=party.name, id_masked=await identity.get_masked_id(c.tx, party)),
            holder_kind=party.kind.value,
            public_url=c.context.settings.public_url,
        )
        await consequences.follow(c.tx, now=c.now, certificate_number=number)
        return created(
            await queries.get_public(c.tx, new.number), f"/api/v1/certificates/{new.number}"
        )

    return await command(request, act)
