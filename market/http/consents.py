"""Read what one is to consent to as a joint owner, consent, take it back (共同所有者同意, A42)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.products.metadata import check_readable
from catalog.registration.consents import Consent
from catalog.registration.model import Application, Standing
from catalog.registration.operations import consents, reading
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class GiveConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of what was read and is consented to."""

    content_sha256: _Sha256


class HandInConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an owner signed on paper: a file, and the digest that stands in it."""

    owner_party_id: uuid.UUID
    content_sha256: _Sha256
    file_id: uuid.UUID


class WithdrawConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a consent is taken back."""

    reason: Annotated[str, Meta(max_length=2_000)]


@get(
    "/api/v1/applications/{application_id:uuid}/dossier",
    summary="What stands in an application",
    tags=["applications"],
    opt=answers(Standing),
)
async def get_dossier(request: AnyRequest, application_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return what stands in an application now, who consented, and what is still to be corrected."""

    async def look(c: Command) -> Standing:
        return await reading.read_standing(c.tx, actor=c.actor, application_id=application_id)

    return answer(await read(request, look))


@post(
    "/api/v1/applications/{application_id:uuid}/consents",
    summary="Consent as a joint owner",
    tags=["applications"],
    opt=creates(Consent),
)
async def give_consent(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[GiveConsent]
) -> Response[bytes]:
    """Consent, as a joint owner, to exactly the content with this digest (HN-08(7), A42)."""

    async def act(c: Command) -> Answer:
        consent = await consents.give(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            content_sha256=data.content_sha256,
        )
        return created(consent, f"/api/v1/applications/{application_id}/dossier")

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/consent-documents",
    summary="Hand in an owner's signed consent",
    tags=["applications"],
    opt=creates(Consent),
)
async def hand_in_consent(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[HandInConsent]
) -> Response[bytes]:
    """Hand in, as the applicant, the consent that a joint owner signed on paper."""

    async def act(c: Command) -> Answer:
        consent = await consents.hand_in_document(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            owner=PartyId(data.owner_party_id),
            content_sha256=data.content_sha256,
            file_id=data.file_id,
        )
        return created(consent, f"/api/v1/applications/{application_id}/dossier")

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/consent-withdrawals",
    summary="Take a consent back",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def withdraw_consent(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[WithdrawConsent]
) -> Response[bytes]:
    """Take one's consent back before the certificate is issued; nothing is issued without it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        application = await consents.withdraw(
            c.tx, actor=c.actor, now=c.now, application_id=application_id, reason=data.reason
        )
        return done(application, application.version)

    return await command(request, act)
