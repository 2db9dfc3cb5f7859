"""Issue a certificate anew with corrected content: who is corrected, authorise, issue (重新发放, HN-20)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.certificates import queries
from catalog.certificates.model import NamedParty, PublicCertificate
from catalog.certificates.operations import keeping, reissues
from catalog.certificates.reissuing import Corrected, Reissue, ReissueAuthorisationDocument
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.products.model import Form, Scenario
from catalog.registration.ownership import Owner
from catalog.signing.canonical import canonical
from catalog.signing.model import Signature
from catalog.signing.purposes import Purpose
from market.consequences import operations as consequences
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.identity.queries import PartyMissing


class CorrectedOwner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An owner as it should have been registered, and its exact share."""

    party_id: uuid.UUID
    share_numerator: int = 1
    share_denominator: int = 1


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a certificate is corrected; what is left out stays (更正内容)."""

    owners: Annotated[tuple[CorrectedOwner, ...], Meta(max_length=50)] = ()
    product_name: Annotated[str, Meta(max_length=200)] = ""
    product_form: Form | None = None
    scenarios: Annotated[tuple[Scenario, ...], Meta(max_length=50)] = ()
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class AuthoriseReissue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bureau signs, and its signature over the canonical form."""

    authorisation: ReissueAuthorisationDocument
    signature: Signature


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


async def corrected_of(c: Command, given: Correction | None) -> Corrected | None:
    """Return a correction with its owners as the register of parties names them.

    :raises PartyMissing: if an owner is no party.
    """
    if given is None:
        return None
    check_readable(given)
    found = await identity.get_parties(c.tx, [owner.party_id for owner in given.owners])
    owners = []
    for owner in given.owners:
        party = found.get(PartyId(owner.party_id))
        if party is None:
            raise PartyMissing
        owners.append(
            Owner(
                party_id=party.id,
                name=party.name,
                kind=party.kind.value,
                share_numerator=owner.share_numerator,
                share_denominator=owner.share_denominator,
            )
        )
    return Corrected(
        owners=tuple(owners),
        product_name=given.product_name,
        product_form=given.product_form,
        scenarios=given.scenarios,
        valid_from=given.valid_from,
        valid_to=given.valid_to,
    )


@get(
    "/api/v1/certificates/{number:str}/reissues",
    summary="How a certificate is corrected",
    tags=["certificates"],
    opt=answers(Page[Reissue]),
)
async def list_reissues(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """Return the corrections of a certificate, to its registrant, the staff and the regulator."""

    async def look(c: Command) -> Page[Reissue]:
        return Page(
            await keeping.open_reissues(c.tx, actor=c.actor, now=c.now, certificate_number=number)
        )

    return answer(await read(request, look))


@post(
    "/api/v1/certificates/{number:str}/reissue-authorisations",
    summary="Authorise the corrected certificate",
    tags=["certificates"],
    opt=answers(Reissue, 201),
)
async def authorise_reissue(
    request: AnyRequest, number: FromPath[str], data: JSONBody[AuthoriseReissue]
) -> Response[bytes]:
    """Authorise that a certificate is issued anew, with the bureau's own key (授权发证, HN-16)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        authorised = await reissues.authorise(
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
    "/api/v1/certificates/{number:str}/reissues",
    summary="Issue the corrected certificate",
    tags=["certificates"],
    opt=creates(PublicCertificate),
)
async def reissue_certificate(
    request: AnyRequest,
    number: FromPath[str],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Issue the corrected certificate in the old one's place (重新发放, HN-20)."""

    async def act(c: Command) -> Answer:
        new, fields = await reissues.issue(
            c.tx,
            actor=c.actor,
            now=c.now,
            signer=c.context.signers[Purpose.CERTIFICATE],
            certificate_number=number,
            parties=await _owners(c, number),
            issuer=(await identity.get_party(c.tx, c.actor.party)).name,
            public_url=c.context.settings.public_url,
        )
        await consequences.follow(c.tx, now=c.now, certificate_number=number)
        await consequences.tell_changed(
            c.tx, now=c.now, old_number=number, new_number=new.number, fields=fields
        )
        return created(
            await queries.get_public(c.tx, new.number), f"/api/v1/certificates/{new.number}"
        )

    return await command(request, act)


async def _owners(c: Command, number: str) -> dict[PartyId, NamedParty]:
    """Return the corrected owners as the register of parties knows them today."""
    owners = await reissues.find_owners(c.tx, actor=c.actor, now=c.now, certificate_number=number)
    found = await identity.get_parties(c.tx, owners)
    return {
        party.id: NamedParty(name=party.name, id_masked=await identity.get_masked_id(c.tx, party))
        for party in found.values()
    }
