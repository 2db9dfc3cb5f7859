"""Show registrations and objections to those who have a part in them (申请、异议)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from catalog.certificates import queries as certificates
from catalog.kernel.paging import Page
from catalog.kernel.workdays import Calendar
from catalog.notices import queries as notices
from catalog.objections import queries as objections
from catalog.objections import states as objection_states
from catalog.objections.model import Objection
from catalog.objections.operations import reading as objection_reading
from catalog.products import queries as products
from catalog.registration import queries as registration
from catalog.registration import states
from catalog.registration.findings import Finding
from catalog.registration.model import Application, ApplicationFile
from catalog.registration.operations import reading
from catalog.timers import queries as timers
from catalog.timers.explaining import Explanation, explain_timer
from catalog.timers.model import Timer
from market.http.command import Command, read
from market.http.confidential import read_confidential
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.portal import cases
from market.portal.render import NOT_KEPT, page
from market.portal.show import address

_PAGE_SIZE: Final = 20


class Shelf(msgspec.Struct, frozen=True):
    """A page of applications, and what their products are called."""

    found: Page[Application]
    names: Mapping[uuid.UUID, str]


class Desk(msgspec.Struct, frozen=True):
    """One application as it lies on the desk: its file, its clocks explained, its story."""

    file: ApplicationFile
    name: str
    parties: Mapping[Any, Any]
    story: Sequence[cases.Step]
    running: Sequence[Explanation]
    ended: Sequence[Explanation]
    findings: Mapping[uuid.UUID, Sequence[tuple[str, Finding]]]
    objections: Sequence[Objection]


class Dispute(msgspec.Struct, frozen=True):
    """One objection, what it is about, and its clocks."""

    objection: Objection
    name: str
    parties: Mapping[Any, Any]
    running: Sequence[Explanation]
    ended: Sequence[Explanation]


@get("/applications", include_in_schema=False)
async def list_applications(
    request: AnyRequest,
    *,
    wanted: FromQuery[states.State | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the applications that one has a part in, the newest first."""

    async def look(c: Command) -> Shelf:
        found = await registration.list_page(
            c.tx, viewer=c.actor, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )
        return Shelf(found, await _names(c, [each.product_id for each in found.items]))

    return page(
        request,
        "applications.html",
        cache=NOT_KEPT,
        shelf=await read(request, look),
        states=tuple(states.State),
        wanted=wanted,
        link=lambda **changed: address(
            "/applications", {"wanted": wanted.value if wanted else None} | changed
        ),
        is_continued=bool(cursor),
    )


@get("/applications/{application_id:uuid}", include_in_schema=False)
async def show_application(
    request: AnyRequest, application_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Show one application: who must act by when and why, and all that happened."""

    async def look(c: Command) -> Desk:
        file = await reading.open_in_full(
            c.tx, actor=c.actor, now=c.now, application_id=application_id
        )
        disputes = await objections.list_of_application(
            c.tx, viewer=c.actor, application_id=application_id
        )
        of_case = await timers.list_for_subject(
            c.tx, subject_kind="application", subject_id=application_id
        )
        calendar = await c.calendar()
        return Desk(
            file=file,
            name=(await _names(c, [file.application.product_id]))[file.application.product_id],
            parties=await _parties(c, file.application),
            story=cases.story(
                file,
                await notices.list_of_application(c.tx, application_id),
                disputes,
                await certificates.list_of_application(c.tx, application_id),
            ),
            running=_explained(of_case, calendar, ended=False),
            ended=_explained(of_case, calendar, ended=True),
            findings=cases.findings(file),
            objections=disputes,
        )

    desk = await read_confidential(request, "application", application_id, look)
    return page(request, "application.html", cache=NOT_KEPT, desk=desk)


@get("/objections", include_in_schema=False)
async def list_objections(
    request: AnyRequest,
    *,
    wanted: FromQuery[objection_states.State | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Show the objections that one filed, or that concern one's own registrations."""

    async def look(c: Command) -> tuple[Page[Objection], Mapping[uuid.UUID, str]]:
        found = await objections.list_page(
            c.tx, viewer=c.actor, state=wanted, limit=_PAGE_SIZE, cursor=cursor or None
        )
        return found, await _names(c, [each.product_id for each in found.items])

    found, names = await read(request, look)
    return page(
        request,
        "objections.html",
        cache=NOT_KEPT,
        found=found,
        names=names,
        states=tuple(objection_states.State),
        wanted=wanted,
        link=lambda **changed: address(
            "/objections", {"wanted": wanted.value if wanted else None} | changed
        ),
        is_continued=bool(cursor),
    )


@get("/objections/{objection_id:uuid}", include_in_schema=False)
async def show_objection(request: AnyRequest, objection_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show one objection to either side, as much of it as that side may see."""

    async def look(c: Command) -> Dispute:
        found = await objection_reading.open_file(
            c.tx, actor=c.actor, now=c.now, objection_id=objection_id
        )
        of_case = await timers.list_for_subject(
            c.tx, subject_kind="objection", subject_id=objection_id
        )
        calendar = await c.calendar()
        return Dispute(
            objection=found,
            name=(await _names(c, [found.product_id]))[found.product_id],
            parties=await identity.get_parties(
                c.tx, {found.objector_party_id, found.registrant_party_id}
            ),
            running=_explained(of_case, calendar, ended=False),
            ended=_explained(of_case, calendar, ended=True),
        )

    dispute = await read_confidential(request, "objection", objection_id, look)
    return page(request, "objection.html", cache=NOT_KEPT, dispute=dispute)


async def _names(c: Command, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    # Whoever sees the case may know what it is about, by the name that its notice gives to all.
    found = [await products.find(c.tx, product_id=each) for each in dict.fromkeys(product_ids)]
    known: dict[uuid.UUID, str] = {each.id: each.name for each in found if each is not None}
    return {each: known.get(each, str(each)) for each in product_ids}


async def _parties(c: Command, application: Application) -> Mapping[Any, Any]:
    ids = (
        application.applicant_party_id,
        application.agent_party_id,
        application.operator_party_id,
        application.agency_party_id,
    )
    return await identity.get_parties(c.tx, [each for each in ids if each is not None])


def _explained(of_case: Sequence[Timer], calendar: Calendar, *, ended: bool) -> list[Explanation]:
    return [
        explain_timer(each, calendar) for each in of_case if (each.ended_at is not None) is ended
    ]
