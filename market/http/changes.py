"""Apply for a change or a correction of a certificate (变更登记、更正, HN-18), and read one."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.changes import queries
from catalog.changes.content import WantedContent
from catalog.changes.materials import ChangeMaterialKind
from catalog.changes.model import Change, ChangeFile, ChangeMaterial, Kind
from catalog.changes.operations import drafting, filing, reading
from catalog.changes.states import State
from catalog.kernel import paging
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.applications import Submit, Withdraw
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

_Reason = Annotated[str, Meta(max_length=2_000)]


class FillInChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The application for a change (变更登记申请书). ``owners`` is refused: transfer it instead (A22)."""

    kind: Kind
    wanted: WantedContent
    reason: _Reason
    occurred_on: dt.date
    owners: list[Any] | None = None


class HandInFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A material: a file that was uploaded before."""

    file_id: uuid.UUID


@post(
    "/api/v1/certificates/{number:str}/changes",
    summary="Apply to change a certificate",
    tags=["changes"],
    opt=creates(Change, version=True),
)
async def draft_change(
    request: AnyRequest, number: FromPath[str], data: JSONBody[FillInChange]
) -> Response[bytes]:
    """Begin an application to change or correct one's own certificate (变更登记申请, HN-18)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        change = await drafting.draft(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            certificate_number=number,
            application=_application(data),
        )
        return created(change, f"/api/v1/changes/{change.id}", change.version)

    return await command(request, act)


@put(
    "/api/v1/changes/{change_id:uuid}",
    summary="Revise the application for a change",
    tags=["changes"],
    opt=answers(Change, version=True),
)
async def revise_change(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[FillInChange]
) -> Response[bytes]:
    """Fill in anew a change that is a draft or to be corrected."""
    check_readable(data)
    version = expected_version(request)

    async def act(c: Command) -> Answer:
        change = await drafting.revise(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            change_id=change_id,
            expected_version=version,
            application=_application(data),
        )
        return done(change, change.version)

    return await command(request, act)


@put(
    "/api/v1/changes/{change_id:uuid}/materials/{kind:str}",
    summary="Hand in a material of a change",
    tags=["changes"],
    opt=answers(ChangeMaterial),
)
async def hand_in_change_material(
    request: AnyRequest,
    change_id: FromPath[uuid.UUID],
    kind: FromPath[ChangeMaterialKind],
    data: JSONBody[HandInFile],
) -> Response[bytes]:
    """Hand in one of the three materials (变更登记材料, HN-18)."""

    async def act(c: Command) -> Answer:
        material = await drafting.hand_in_material(
            c.tx,
            actor=c.actor,
            now=c.now,
            change_id=change_id,
            kind=kind,
            file_id=data.file_id,
        )
        return done(material)

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/submissions",
    summary="Hand in the application for a change",
    tags=["changes"],
    opt=answers(Change, version=True),
)
async def submit_change(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[Submit]
) -> Response[bytes]:
    """Hand in the application; its fee is frozen, the acceptance clock runs (HN-04, HN-10)."""

    async def act(c: Command) -> Answer:
        change = await filing.submit(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            change_id=change_id,
            truth_confirmed=data.truth_confirmed,
        )
        return done(change, change.version)

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/resubmissions",
    summary="Hand in the corrections of a change",
    tags=["changes"],
    opt=answers(Change, version=True),
)
async def resubmit_change(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[Submit]
) -> Response[bytes]:
    """Hand in all that was to be corrected (补正, HN-09)."""

    async def act(c: Command) -> Answer:
        change = await filing.resubmit(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            change_id=change_id,
            truth_confirmed=data.truth_confirmed,
        )
        return done(change, change.version)

    return await command(request, act)


@post(
    "/api/v1/changes/{change_id:uuid}/withdrawals",
    summary="Take the application for a change back",
    tags=["changes"],
    opt=answers(Change, version=True),
)
async def withdraw_change(
    request: AnyRequest, change_id: FromPath[uuid.UUID], data: JSONBody[Withdraw]
) -> Response[bytes]:
    """Take the application back; the certificate stays as it is (自愿, HN-04)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        change = await filing.withdraw(
            c.tx, actor=c.actor, now=c.now, change_id=change_id, reason=data.reason
        )
        return done(change, change.version)

    return await command(request, act)


@get("/api/v1/changes", summary="Changes", tags=["changes"], opt=answers(Page[Change]))
async def list_changes(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    certificate_number: FromQuery[str | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the changes that one may see, the newest first."""

    async def look(c: Command) -> Page[Change]:
        return await queries.list_page(
            c.tx,
            viewer=c.actor,
            state=status,
            certificate_number=certificate_number,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/changes/{change_id:uuid}",
    summary="One change",
    tags=["changes"],
    opt=answers(ChangeFile, version=True),
)
async def get_change(request: AnyRequest, change_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a change with all that belongs to it; reading a stranger's is remembered."""

    async def look(c: Command) -> ChangeFile:
        return await reading.open_file(c.tx, actor=c.actor, now=c.now, change_id=change_id)

    found = await read_confidential(request, "change", change_id, look)
    return answer(found, version=found.change.version)


def _application(data: FillInChange) -> drafting.Application:
    return drafting.Application(
        kind=data.kind,
        wanted=data.wanted,
        reason=data.reason,
        occurred_on=data.occurred_on,
        names_owners=data.owners is not None,
    )
