"""Declare conflicts of interest, and show which agency was given a case, and how (HN-05(3))."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.agencies import queries as agencies
from catalog.agencies.model import AgencyAssignment, CaseKind
from catalog.changes import queries as changes
from catalog.changes.operations import assignment as of_changes
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.registration import queries as registration
from catalog.registration.operations import assignment as of_applications
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done, read
from market.http.context import AnyRequest


class Declare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the agency has a conflict of interest in the case, and on what it stands."""

    has_conflict: bool
    statement: Annotated[str, Meta(max_length=2_000)]


@post(
    "/api/v1/applications/{application_id:uuid}/conflict-declarations",
    summary="Declare whether there is a conflict of interest",
    tags=["applications"],
    opt=answers(AgencyAssignment),
)
async def declare_on_application(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[Declare]
) -> Response[bytes]:
    """Declare, as the agency, before the opinion; with a conflict another agency gets the case."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await of_applications.declare(
                c.tx,
                actor=c.actor,
                now=c.now,
                application_id=application_id,
                has_conflict=data.has_conflict,
                statement=data.statement,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/applications/{application_id:uuid}/agency-assignments",
    summary="Which agency was given the case, and how",
    tags=["applications"],
    opt=answers(Page[AgencyAssignment]),
)
async def list_application_assignments(
    request: AnyRequest, application_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return who was given the case, what was declared, and why it was lost; an agency its own."""

    async def look(c: Command) -> Page[AgencyAssignment]:
        await registration.get(c.tx, viewer=c.actor, application_id=application_id)
        found = await agencies.list_assignments(
            c.tx, case_kind=CaseKind.APPLICATION, case_id=application_id
        )
        return Page(found)

    return answer(await read(request, look))


@post(
    "/api/v1/changes/{change_id:uuid}/conflict-declarations",
    summary="Declare whether there is a conflict of interest in a change",
    tags=["changes"],
    opt=answers(AgencyAssignment),
)
async def declare_on_change(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[Declare]
) -> Response[bytes]:
    """Declare, as the agency, before the opinion; with a conflict another agency gets the change."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await of_changes.declare(
                c.tx,
                actor=c.actor,
                now=c.now,
                change_id=change_id,
                has_conflict=data.has_conflict,
                statement=data.statement,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/changes/{change_id:uuid}/agency-assignments",
    summary="Which agency was given the change, and how",
    tags=["changes"],
    opt=answers(Page[AgencyAssignment]),
)
async def list_change_assignments(
    request: AnyRequest, change_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return who was given the change, what was declared, and why it was lost; an agency its own."""

    async def look(c: Command) -> Page[AgencyAssignment]:
        await changes.get(c.tx, viewer=c.actor, change_id=change_id)
        found = await agencies.list_assignments(c.tx, case_kind=CaseKind.CHANGE, case_id=change_id)
        return Page(found)

    return answer(await read(request, look))
