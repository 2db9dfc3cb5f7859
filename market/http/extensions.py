"""Give a case more days, or let it go on without a notice (延长办理期限、免予公示), where the rules allow."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.products.metadata import check_readable
from catalog.registration.model import Application, NoticeWaiver
from catalog.registration.operations import extension, notice
from market.http.answers import answers
from market.http.command import Answer, Command, command, done
from market.http.context import AnyRequest


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; it stays with the case, and the applicant is told."""

    reason: Annotated[str, Meta(max_length=2_000)]


@post(
    "/api/v1/applications/{application_id:uuid}/review-extensions",
    summary="Take more days for a case",
    tags=["reviews"],
    opt=answers(Application, version=True),
)
async def extend_review(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Take the rulebook's days more, once, for a reason (延长办理期限, NDA35-28)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        application = await extension.extend(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            reason=data.reason,
        )
        return done(application, application.version)

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/notice-waivers",
    summary="Let a case go on without a notice",
    tags=["notices"],
    opt=answers(NoticeWaiver, 201),
)
async def waive_notice(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Waive the public notice of a case, for a reason that is kept (免予公示, NDA35-24)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        waiver = await notice.waive_notice(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            application_id=application_id,
            reason=data.reason,
        )
        return Answer(waiver, 201)

    return await command(request, act)
