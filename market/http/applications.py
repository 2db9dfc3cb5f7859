"""Apply for the registration of a product (确权登记申请, HN-06…HN-09): what the applicant does."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.errors import FieldError, Invalid
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.registration import queries
from catalog.registration.completeness import MaterialKind
from catalog.registration.model import Application, ApplicationFile, ApplicationForm, Material
from catalog.registration.operations import drafting, reading, submission
from catalog.registration.ownership import Owner
from catalog.registration.rights import RightClaimed
from catalog.registration.states import State
from catalog.registration.submission import PriorRegistration
from market.http.answers import answers, creates
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    expected_version,
    read,
)
from market.http.confidential import read_confidential
from market.http.context import AnyRequest
from market.identity import queries as identity

_Line = Annotated[str, Meta(max_length=200)]
_Text = Annotated[str, Meta(max_length=20_000)]
_Reason = Annotated[str, Meta(min_length=1, max_length=2_000)]


class OwnerPartyUnknown(Invalid):
    """An owner is no registered party."""

    code = "owner_party_unknown"


class NamedOwner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An owner (数据产品所有者): a registered party and its exact share."""

    party_id: uuid.UUID
    share_numerator: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    share_denominator: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class NamedRight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A right that is to be registered by itself, and the registered party that holds it."""

    right: Annotated[str, Meta(min_length=1, max_length=50)]
    party_id: uuid.UUID


class FillIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The application form (确权登记申请表). Without owners, the applicant owns all of it.

    ``rights`` where the rulebook registers independent rights; ``term_ends_on`` is the last day of the
    authorised operation, or of the rights, if it comes before the rulebook's own.
    """

    is_first_registration: bool | None = None
    prior_registrations: Annotated[tuple[PriorRegistration, ...], Meta(max_length=20)] = ()
    owners: Annotated[tuple[NamedOwner, ...], Meta(max_length=50)] = ()
    known_disputes: _Text = ""
    listing_intended_on: dt.date | None = None
    rights: Annotated[tuple[NamedRight, ...], Meta(max_length=10)] = ()
    term_ends_on: dt.date | None = None
    restrictions: _Text = ""
    contact_name: _Line = ""
    contact_phone: _Line = ""
    contact_email: _Line = ""


class Draft(FillIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An application for a product of one's own; without a rulebook, under the province's."""

    product_id: uuid.UUID
    rulebook: Annotated[str, Meta(max_length=50)] | None = None


class HandIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A material: a file that was uploaded before, or why there is none."""

    file_id: uuid.UUID | None = None
    not_applicable_reason: Annotated[str, Meta(max_length=2_000)] | None = None


class Submit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the applicant answers for 真实性、完整性、合法性 (HN-25)."""

    truth_confirmed: bool = False


class Withdraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the application is taken back."""

    reason: _Reason


@post(
    "/api/v1/applications",
    summary="Begin an application",
    tags=["applications"],
    opt=creates(Application, version=True),
)
async def draft_application(request: AnyRequest, data: JSONBody[Draft]) -> Response[bytes]:
    """Begin an application for rights registration (确权登记申请, HN-06)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        application = await drafting.draft(
            c.tx,
            actor=c.actor,
            now=c.now,
            rulebook=data.rulebook,
            product_id=data.product_id,
            form=await _form(c, data),
        )
        return created(application, f"/api/v1/applications/{application.id}", application.version)

    return await command(request, act)


@put(
    "/api/v1/applications/{application_id:uuid}",
    summary="Change the form",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def revise_application(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[FillIn]
) -> Response[bytes]:
    """Fill the form in anew, in a draft or where corrections are asked for."""
    check_readable(data)
    version = expected_version(request)

    async def act(c: Command) -> Answer:
        application = await drafting.revise(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            expected_version=version,
            form=await _form(c, data),
        )
        return done(application, application.version)

    return await command(request, act)


@put(
    "/api/v1/applications/{application_id:uuid}/materials/{kind:str}",
    summary="Hand in a material",
    tags=["applications"],
    opt=answers(Material),
)
async def hand_in_material(
    request: AnyRequest,
    application_id: FromPath[uuid.UUID],
    kind: FromPath[MaterialKind],
    data: JSONBody[HandIn],
) -> Response[bytes]:
    """Hand in a material as a new version, or say why it does not apply (HN-08)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await drafting.hand_in_material(
                c.tx,
                actor=c.actor,
                now=c.now,
                application_id=application_id,
                kind=kind,
                file_id=data.file_id,
                not_applicable_reason=data.not_applicable_reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/submissions",
    summary="Hand in the application",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def submit_application(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[Submit]
) -> Response[bytes]:
    """Hand the application in; the operator has three working days from today (HN-10)."""

    async def act(c: Command) -> Answer:
        application = await submission.submit(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            truth_confirmed=data.truth_confirmed,
        )
        return done(application, application.version)

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/resubmissions",
    summary="Hand in the corrections",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def resubmit_application(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[Submit]
) -> Response[bytes]:
    """Hand in all that was to be corrected (全部补正, HN-09(1))."""

    async def act(c: Command) -> Answer:
        application = await submission.resubmit(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            truth_confirmed=data.truth_confirmed,
        )
        return done(application, application.version)

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/withdrawals",
    summary="Take the application back",
    tags=["applications"],
    opt=answers(Application, version=True),
)
async def withdraw_application(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[Withdraw]
) -> Response[bytes]:
    """Take an application back before its certificate is issued (自愿, HN-04)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        application = await submission.withdraw(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            reason=data.reason,
        )
        return done(application, application.version)

    return await command(request, act)


@get(
    "/api/v1/applications",
    summary="Applications",
    tags=["applications"],
    opt=answers(Page[Application]),
)
async def list_applications(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    product_id: FromQuery[uuid.UUID | None] = None,
    number: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the applications that one may see, the newest first."""

    async def look(c: Command) -> Page[Application]:
        return await queries.list_page(
            c.tx,
            viewer=c.actor,
            state=status,
            product_id=product_id,
            number=number,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/applications/{application_id:uuid}",
    summary="One application",
    tags=["applications"],
    opt=answers(ApplicationFile, version=True),
)
async def get_application(
    request: AnyRequest, application_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return an application with all that belongs to it; reading a stranger's is remembered."""

    async def look(c: Command) -> ApplicationFile:
        return await reading.open_file(
            c.tx, actor=c.actor, now=c.now, application_id=application_id
        )

    found = await read_confidential(request, "application", application_id, look)
    return answer(found, version=found.application.version)


async def _form(c: Command, data: FillIn) -> ApplicationForm:
    """Return the form with the owners as the register of parties names them."""
    named = data.owners or (NamedOwner(c.actor.party),)
    parties = await identity.get_parties(
        c.tx, [*(o.party_id for o in named), *(right.party_id for right in data.rights)]
    )
    errors = tuple(
        FieldError(f"/owners/{i}/party_id", "owner_party_unknown")
        for i, owner in enumerate(named)
        if PartyId(owner.party_id) not in parties
    ) + tuple(
        FieldError(f"/rights/{i}/party_id", "owner_party_unknown")
        for i, right in enumerate(data.rights)
        if PartyId(right.party_id) not in parties
    )
    if errors:
        raise OwnerPartyUnknown(errors=errors)
    owners = []
    for owner in named:
        party = parties[PartyId(owner.party_id)]
        owners.append(
            Owner(
                party_id=party.id,
                name=party.name,
                kind=party.kind.value,
                share_numerator=owner.share_numerator,
                share_denominator=owner.share_denominator,
            )
        )
    return ApplicationForm(
        is_first_registration=data.is_first_registration,
        prior_registrations=data.prior_registrations,
        owners=tuple(owners),
        known_disputes=data.known_disputes,
        listing_intended_on=data.listing_intended_on,
        rights=tuple(
            RightClaimed(
                right=each.right,
                party_id=PartyId(each.party_id),
                name=parties[PartyId(each.party_id)].name,
                kind=parties[PartyId(each.party_id)].kind.value,
            )
            for each in data.rights
        ),
        term_ends_on=data.term_ends_on,
        restrictions=data.restrictions,
        contact_name=data.contact_name,
        contact_phone=data.contact_phone,
        contact_email=data.contact_email,
    )
