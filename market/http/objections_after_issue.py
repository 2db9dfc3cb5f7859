"""Complete an objection to a certificate, and admit one (登记后异议, NDA35-29)."""

from __future__ import annotations

import uuid
from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from catalog.objections.model import Objection
from catalog.objections.operations import admission, completeness
from catalog.products.metadata import check_readable
from market.http.answers import answers
from market.http.command import Answer, Command, command, done
from market.http.context import AnyRequest

_Files = Annotated[tuple[uuid.UUID, ...], Meta(max_length=50)]


class AskForMaterial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that an objection lacks (需补齐的材料)."""

    missing: Annotated[tuple[Annotated[str, Meta(max_length=500)], ...], Meta(max_length=50)]


class CompleteObjection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the objection lacked, as files; some of them secret from the other side."""

    evidence_file_ids: _Files
    confidential_file_ids: _Files = ()


class Admit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the registrant admits (认可异议内容)."""

    statement: Annotated[str, Meta(max_length=20_000)]


@post(
    "/api/v1/objections/{objection_id:uuid}/material-requests",
    summary="Ask the objector for what is missing",
    tags=["objections"],
    opt=answers(Objection),
)
async def ask_objector(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[AskForMaterial]
) -> Response[bytes]:
    """Ask for all that an objection to a certificate lacks (材料不齐)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await completeness.request(
                c.tx, actor=c.actor, now=c.now, objection_id=objection_id, missing=data.missing
            )
        )

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/completions",
    summary="Hand in what an objection lacked",
    tags=["objections"],
    opt=answers(Objection),
)
async def complete_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[CompleteObjection]
) -> Response[bytes]:
    """Hand in what was missing; the registrar's days for telling the registrant run from now on."""

    async def act(c: Command) -> Answer:
        return done(
            await completeness.complete(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                objection_id=objection_id,
                evidence_file_ids=data.evidence_file_ids,
                confidential_file_ids=data.confidential_file_ids,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/objections/{objection_id:uuid}/admissions",
    summary="Admit an objection",
    tags=["objections"],
    opt=answers(Objection),
)
async def admit_objection(
    request: AnyRequest, objection_id: FromPath[uuid.UUID], data: JSONBody[Admit]
) -> Response[bytes]:
    """Admit, as the registrant, what is objected; the registrar then changes or deregisters."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await admission.admit(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                objection_id=objection_id,
                statement=data.statement,
            )
        )

    return await command(request, act)
