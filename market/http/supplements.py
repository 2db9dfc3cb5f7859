"""Ask for more material during the review, hand it in, and read the letter of a refusal (HN-08, HN-15)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.products.metadata import check_readable
from catalog.registration.letter import RefusalLetter
from catalog.registration.operations import reading, supplements
from catalog.registration.supplements import Line, MaterialRequest, Supplement
from market.http.answers import answers
from market.http.command import Answer, Command, answer, command, done
from market.http.confidential import read_confidential
from market.http.context import AnyRequest


class AskForMaterial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the review needs besides, and why."""

    items: Annotated[tuple[Line, ...], Meta(max_length=50)]
    reason: Annotated[str, Meta(max_length=2_000)]


class GivenSupplement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What answers one item: a file, or a word about it."""

    item: Line
    file_id: uuid.UUID | None = None
    remark: Annotated[str, Meta(max_length=2_000)] = ""


class HandInSupplements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that was asked for, at once."""

    answers: Annotated[tuple[GivenSupplement, ...], Meta(max_length=50)]


@post(
    "/api/v1/applications/{application_id:uuid}/material-requests",
    summary="Ask for more material",
    tags=["reviews"],
    opt=answers(MaterialRequest, 201),
)
async def ask_for_material(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[AskForMaterial]
) -> Response[bytes]:
    """Ask the applicant for what the review needs, as the agency said (HN-08(8))."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        asked = await supplements.request(
            c.tx,
            actor=c.actor,
            now=c.now,
            application_id=application_id,
            items=data.items,
            reason=data.reason,
        )
        return Answer(asked, 201)

    return await command(request, act)


@post(
    "/api/v1/applications/{application_id:uuid}/supplements",
    summary="Hand in what was asked for",
    tags=["applications"],
    opt=answers(MaterialRequest),
)
async def hand_in_supplements(
    request: AnyRequest, application_id: FromPath[uuid.UUID], data: JSONBody[HandInSupplements]
) -> Response[bytes]:
    """Hand in all that was asked for during the review (补充材料)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        given = [Supplement(e.item, file_id=e.file_id, remark=e.remark) for e in data.answers]
        return done(
            await supplements.answer(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                application_id=application_id,
                answers=given,
            )
        )

    return await command(request, act)


@get(
    "/api/v1/applications/{application_id:uuid}/refusal-letter",
    summary="The letter of refusal",
    tags=["applications"],
    opt=answers(RefusalLetter),
)
async def get_refusal_letter(
    request: AnyRequest, application_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return the letter (不予办理登记决定书): grounds, facts, and what may be done about it."""

    async def look(c: Command) -> RefusalLetter:
        return await reading.open_refusal_letter(
            c.tx, actor=c.actor, now=c.now, application_id=application_id
        )

    return answer(await read_confidential(request, "application", application_id, look))
