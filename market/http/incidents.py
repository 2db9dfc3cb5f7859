"""Find and deal with incidents, and keep drills (登记监控、事件处置、应急演练, HN-22)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.signing.purposes import Purpose
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.incidents import queries
from market.incidents.model import Drill, HarmedInterest, Incident, LawField
from market.incidents.operations import detection, disposal, drills, telling
from market.incidents.states import State

_Text = Annotated[str, Meta(max_length=20_000)]
_Subject = Annotated[str, Meta(max_length=200, pattern="^[a-z_]+:.+$")]


class Detect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found: its field of law, what it is about (``kind:id``), the files that show it."""

    law_field: LawField
    description: _Text
    subjects: Annotated[tuple[_Subject, ...], Meta(max_length=100)] = ()
    file_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=100)] = ()


class Triage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Into which field of law it falls, and whose interest it harms."""

    law_field: LawField
    harmed_interest: HarmedInterest


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was done, found or concluded, in words."""

    text: _Text


class Acknowledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The number of the authority's receipt."""

    receipt_number: Annotated[str, Meta(max_length=200)]


class NotifyAffected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is harmed and what they are told; or why nobody is."""

    party_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=1_000)] = ()
    remark: _Text = ""


class RecordDrill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was practised, what was found, what is done better from now on."""

    held_on: dt.date
    scenario: _Text
    findings: _Text
    improvements: _Text = ""


@post("/api/v1/incidents", summary="Record an incident", tags=["incidents"], opt=creates(Incident))
async def detect_incident(request: AnyRequest, data: JSONBody[Detect]) -> Response[bytes]:
    """Record what was found; its evidence is locked, and a report is owed from today (HN-22(a))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        incident = await detection.detect(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            law_field=data.law_field,
            description=data.description,
            subjects=data.subjects,
            file_ids=data.file_ids,
        )
        return created(incident, f"/api/v1/incidents/{incident.id}")

    return await command(request, act)


@get("/api/v1/incidents", summary="Incidents", tags=["incidents"], opt=answers(Page[Incident]))
async def list_incidents(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return incidents, the newest first."""

    async def look(c: Command) -> Page[Incident]:
        return await queries.list_page(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/incidents/{incident_id:uuid}",
    summary="One incident",
    tags=["incidents"],
    opt=answers(Incident),
)
async def get_incident(request: AnyRequest, incident_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one incident with its evidence, its measures and its signed report."""

    async def look(c: Command) -> Incident:
        return await queries.get(c.tx, viewer=c.actor, incident_id=incident_id)

    return answer(await read(request, look))


@post(
    "/api/v1/incidents/{incident_id:uuid}/triages",
    summary="Triage an incident",
    tags=["incidents"],
    opt=answers(Incident),
)
async def triage_incident(
    request: AnyRequest, incident_id: FromPath[uuid.UUID], data: JSONBody[Triage]
) -> Response[bytes]:
    """Say into which field of law it falls and whose interest it harms (研判)."""

    async def act(c: Command) -> Answer:
        return done(
            await disposal.triage(
                c.tx,
                actor=c.actor,
                now=c.now,
                incident_id=incident_id,
                law_field=data.law_field,
                harmed_interest=data.harmed_interest,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/incidents/{incident_id:uuid}/dismissals",
    summary="Say that it is none",
    tags=["incidents"],
    opt=answers(Incident),
)
async def dismiss_incident(
    request: AnyRequest, incident_id: FromPath[uuid.UUID], data: JSONBody[Said]
) -> Response[bytes]:
    """Say that it is no incident after all, and why (不构成事件)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await disposal.dismiss(
                c.tx, actor=c.actor, now=c.now, incident_id=incident_id, reason=data.text
            )
        )

    return await command(request, act)


@post(
    "/api/v1/incidents/{incident_id:uuid}/measures",
    summary="Record a measure",
    tags=["incidents"],
    opt=answers(Incident),
)
async def contain_incident(
    request: AnyRequest, incident_id: FromPath[uuid.UUID], data: JSONBody[Said]
) -> Response[bytes]:
    """Record a measure that ends the harm (必要的处置措施)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await disposal.contain(
                c.tx, actor=c.actor, now=c.now, incident_id=incident_id, measure=data.text
            )
        )

    return await command(request, act)


@post(
    "/api/v1/incidents/{incident_id:uuid}/reports",
    summary="Report it to the authority",
    tags=["incidents"],
    opt=answers(Incident),
)
async def report_incident(request: AnyRequest, incident_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Report it, signed, to the authority that delegates (向监管部门报告)."""

    async def act(c: Command) -> Answer:
        return done(
            await telling.report(
                c.tx,
                actor=c.actor,
                now=c.now,
                incident_id=incident_id,
                signer=c.context.signers[Purpose.REPORT],
            )
        )

    return await command(request, act)


@post(
    "/api/v1/incidents/{incident_id:uuid}/receipts",
    summary="Give the receipt for a report",
    tags=["incidents"],
    opt=answers(Incident),
)
async def acknowledge_incident(
    request: AnyRequest, incident_id: FromPath[uuid.UUID], data: JSONBody[Acknowledge]
) -> Response[bytes]:
    """Give, as the authority, the receipt for the report (回执)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await telling.acknowledge(
                c.tx,
                actor=c.actor,
                now=c.now,
                incident_id=incident_id,
                receipt_number=data.receipt_number,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/incidents/{incident_id:uuid}/affected-notifications",
    summary="Tell those whom it harms",
    tags=["incidents"],
    opt=answers(Incident),
)
async def notify_affected(
    request: AnyRequest, incident_id: FromPath[uuid.UUID], data: JSONBody[NotifyAffected]
) -> Response[bytes]:
    """Tell those whom it harms, or say why it harms nobody (告知受影响方)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await telling.notify_affected(
                c.tx,
                actor=c.actor,
                now=c.now,
                incident_id=incident_id,
                parties=[PartyId(each) for each in data.party_ids],
                remark=data.remark,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/incidents/{incident_id:uuid}/root-causes",
    summary="Say what was at the root of it",
    tags=["incidents"],
    opt=answers(Incident),
)
async def find_root_cause(
    request: AnyRequest, incident_id: FromPath[uuid.UUID], data: JSONBody[Said]
) -> Response[bytes]:
    """Say what was at the root of it (查明原因)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await disposal.find_root_cause(
                c.tx, actor=c.actor, now=c.now, incident_id=incident_id, root_cause=data.text
            )
        )

    return await command(request, act)


@post(
    "/api/v1/incidents/{incident_id:uuid}/closings",
    summary="Close an incident",
    tags=["incidents"],
    opt=answers(Incident),
)
async def close_incident(
    request: AnyRequest, incident_id: FromPath[uuid.UUID], data: JSONBody[Said]
) -> Response[bytes]:
    """Close it when its cause is known and the authority has given its receipt (办结)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await disposal.close(
                c.tx, actor=c.actor, now=c.now, incident_id=incident_id, conclusion=data.text
            )
        )

    return await command(request, act)


@post("/api/v1/drills", summary="Record a drill", tags=["incidents"], opt=creates(Drill))
async def record_drill(request: AnyRequest, data: JSONBody[RecordDrill]) -> Response[bytes]:
    """Record a drill of the emergency plan (应急演练, HN-22(b))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        drill = await drills.record_drill(
            c.tx,
            actor=c.actor,
            now=c.now,
            held_on=data.held_on,
            scenario=data.scenario,
            findings=data.findings,
            improvements=data.improvements,
        )
        return created(drill, "/api/v1/drills")

    return await command(request, act)


@get("/api/v1/drills", summary="Drills", tags=["incidents"], opt=answers(Page[Drill]))
async def list_drills(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the drills of the emergency plan, the newest first."""

    async def look(c: Command) -> Page[Drill]:
        return await queries.list_drills(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))
