"""Take cases, give them to colleagues, hand them back (领办、分派、改派, HN-26, HN-28)."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.case_access import operations as case_access
from catalog.case_access import queries
from catalog.case_access.model import Assignment, Case, CaseKind, Duty
from catalog.changes import queries as changes
from catalog.instruments import queries as instruments
from catalog.kernel import paging
from catalog.kernel.db import Tx
from catalog.kernel.ids import AccountId
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.objections import queries as objections
from catalog.products.metadata import check_readable
from catalog.recognition import queries as recognition
from catalog.registration import queries as applications
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from market.identity import queries as identity


class TakeOrGive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A duty in a case: taken oneself, or given to a colleague by a head of office, who says why."""

    case_kind: CaseKind
    case_id: uuid.UUID
    duty: Duty
    account_id: uuid.UUID | None = None
    reason: Annotated[str, Meta(max_length=2_000)] | None = None


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the duty is given back."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]


async def _application(tx: Tx, case_id: uuid.UUID) -> Case:
    return await applications.find_case(tx, application_id=case_id)


async def _change(tx: Tx, case_id: uuid.UUID) -> Case:
    return await changes.find_case(tx, change_id=case_id)


async def _objection(tx: Tx, case_id: uuid.UUID) -> Case:
    return await objections.find_case(tx, objection_id=case_id)


async def _instrument(tx: Tx, case_id: uuid.UUID) -> Case:
    return await instruments.find_case(tx, instrument_id=case_id)


async def _foreign(tx: Tx, case_id: uuid.UUID) -> Case:
    return await recognition.find_case(tx, certificate_id=case_id)


_FINDERS: Final[dict[CaseKind, Callable[[Tx, uuid.UUID], Awaitable[Case]]]] = {
    CaseKind.APPLICATION: _application,
    CaseKind.CHANGE: _change,
    CaseKind.OBJECTION: _objection,
    CaseKind.INSTRUMENT: _instrument,
    CaseKind.FOREIGN_CERTIFICATE: _foreign,
}


@post(
    "/api/v1/case-assignments",
    summary="Take a case, or give it to a colleague",
    tags=["case assignments"],
    opt=creates(Assignment),
)
async def assign_case(request: AnyRequest, data: JSONBody[TakeOrGive]) -> Response[bytes]:
    """Take a duty that is due and nobody's, or give it as head of office; then the case opens."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        case = await _FINDERS[data.case_kind](c.tx, data.case_id)
        if data.account_id is None:
            taken = await case_access.take(
                c.tx, actor=c.actor, now=c.now, case=case, duty=data.duty
            )
        else:
            taken = await case_access.assign(
                c.tx,
                actor=c.actor,
                now=c.now,
                case=case,
                duty=data.duty,
                account_id=AccountId(data.account_id),
                permissions=await identity.permissions_of_colleague(
                    c.tx, viewer=c.actor, account_id=data.account_id, on=local_date(c.now)
                ),
                reason=data.reason,
            )
        return created(taken, f"/api/v1/case-assignments?case_id={taken.case_id}")

    return await command(request, act)


@post(
    "/api/v1/case-assignments/{assignment_id:uuid}/endings",
    summary="Hand a case back",
    tags=["case assignments"],
    opt=answers(Assignment),
)
async def end_assignment(
    request: AnyRequest, assignment_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Give a duty back, as its holder or as head of office; the case is closed to the holder."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await case_access.hand_back(
                c.tx, actor=c.actor, now=c.now, assignment_id=assignment_id, reason=data.reason
            )
        )

    return await command(request, act)


@get(
    "/api/v1/case-assignments",
    summary="Who handles which case",
    tags=["case assignments"],
    opt=answers(Page[Assignment]),
)
async def list_assignments(
    request: AnyRequest,
    *,
    case_id: FromQuery[uuid.UUID | None] = None,
    mine: FromQuery[bool] = False,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return who has or had which duty; ``mine`` for what one handles oneself today."""

    async def look(c: Command) -> Page[Assignment]:
        return await queries.list_page(
            c.tx, viewer=c.actor, case_id=case_id, only_mine=mine, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))
