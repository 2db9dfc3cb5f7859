"""Import and recognise certificates of other registrars (外部凭证、互认)."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.audit_log import export_format as export
from catalog.audit_log import key_chain
from catalog.audit_log.checkpoint import VerifierKeyMalformed, parse_vkey
from catalog.audit_log.verdict import Unreadable
from catalog.certificates import check as certificate_check
from catalog.certificates import expiry
from catalog.certificates.format import read_document
from catalog.certificates.states import State as OfOurs
from catalog.files import queries as files
from catalog.kernel import paging
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from catalog.recognition import operations, queries
from catalog.recognition.model import (
    Examined,
    ForeignCertificate,
    PublicForeignCertificate,
    Registrar,
)
from catalog.recognition.standing import ForeignSignatureInvalid
from catalog.recognition.states import State
from market.consequences import operations as consequences
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest

_Line = Annotated[str, Meta(min_length=1, max_length=200)]


class NameRegistrar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registrar, the agreement, and its keys as its own ``GET /api/v1/keys`` gives them."""

    name: _Line
    agreement: _Line
    keys: Annotated[str, Meta(max_length=200_000)] | None = None


class ImportForeign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A certificate of another registrar, and its file.

    ``content`` is the file's text where it is a certificate of our format: then its signature and its
    place in the registrar's log are checked, and its own days are taken.
    """

    registrar_id: uuid.UUID
    number: _Line
    product_id: uuid.UUID
    holder_name: _Line
    product_name: _Line
    issued_on: dt.date
    valid_to: dt.date | None = None
    file_id: uuid.UUID
    content: Annotated[str, Meta(max_length=500_000)] | None = None


class Looked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a certificate was looked up (查证来源)."""

    source: Annotated[str, Meta(max_length=2_000)]


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, Meta(max_length=2_000)]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more than its address."""


@post(
    "/api/v1/foreign-registrars",
    summary="Name a registrar that is recognised",
    tags=["foreign certificates"],
    opt=answers(Registrar, 201),
)
async def name_registrar(request: AnyRequest, data: JSONBody[NameRegistrar]) -> Response[bytes]:
    """Name a registrar whose certificates are recognised here (互认)."""
    check_readable(data)
    if data.keys is not None:
        _keys(data.keys)

    async def act(c: Command) -> Answer:
        return Answer(
            await operations.name_registrar(
                c.tx,
                actor=c.actor,
                now=c.now,
                name=data.name,
                agreement=data.agreement,
                keys=data.keys,
            ),
            201,
        )

    return await command(request, act)


@get(
    "/api/v1/foreign-registrars",
    summary="Registrars that are recognised",
    tags=["foreign certificates"],
    opt=answers(Page[Registrar]),
)
async def list_registrars(request: AnyRequest) -> Response[bytes]:
    """Return the registrars whose certificates are recognised here."""

    async def look(c: Command) -> Page[Registrar]:
        return Page(await queries.list_registrars(c.tx))

    return answer(await read(request, look))


@post(
    "/api/v1/foreign-certificates",
    summary="Import a foreign certificate",
    tags=["foreign certificates"],
    opt=creates(ForeignCertificate),
)
async def import_foreign(request: AnyRequest, data: JSONBody[ImportForeign]) -> Response[bytes]:
    """Import a certificate of another registrar for one's own product (导入外部凭证)."""
    check_readable(msgspec.structs.replace(data, content=None))

    async def act(c: Command) -> Answer:
        certificate = await operations.import_certificate(
            c.tx,
            actor=c.actor,
            now=c.now,
            registrar_id=data.registrar_id,
            number=data.number,
            product_id=data.product_id,
            holder_name=data.holder_name,
            product_name=data.product_name,
            issued_on=data.issued_on,
            valid_to=data.valid_to,
            file_id=data.file_id,
            examined=await _examined(c, data),
        )
        return created(certificate, f"/api/v1/foreign-certificates/{certificate.id}")

    return await command(request, act)


@get(
    "/api/v1/foreign-certificates",
    summary="Foreign certificates",
    tags=["foreign certificates"],
    opt=answers(Page[PublicForeignCertificate]),
)
async def list_foreign(
    request: AnyRequest,
    *,
    product_id: FromQuery[uuid.UUID | None] = None,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the foreign certificates that are recognised, one's own, or all for the staff."""

    async def look(c: Command) -> Page[PublicForeignCertificate]:
        return await queries.list_page(
            c.tx,
            today=local_date(c.now),
            product_id=product_id,
            state=status,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/foreign-certificates/{certificate_id:uuid}",
    summary="One foreign certificate",
    tags=["foreign certificates"],
    opt=answers(PublicForeignCertificate),
)
async def get_foreign(request: AnyRequest, certificate_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one foreign certificate (外部凭证), as it counts today."""

    async def look(c: Command) -> PublicForeignCertificate:
        return await queries.get(c.tx, certificate_id=certificate_id, today=local_date(c.now))

    return answer(await read(request, look))


@post(
    "/api/v1/foreign-certificates/{certificate_id:uuid}/checks",
    summary="Look a foreign certificate up",
    tags=["foreign certificates"],
    opt=answers(ForeignCertificate),
)
async def check_foreign(
    request: AnyRequest, certificate_id: FromPath[uuid.UUID], data: JSONBody[Looked]
) -> Response[bytes]:
    """Look a certificate up at its registrar, as the first of two people (查证)."""
    check_readable(data)
    return await _done(
        request,
        lambda c: operations.check(
            c.tx, actor=c.actor, now=c.now, certificate_id=certificate_id, source=data.source
        ),
    )


@post(
    "/api/v1/foreign-certificates/{certificate_id:uuid}/verifications",
    summary="Verify a foreign certificate",
    tags=["foreign certificates"],
    opt=answers(ForeignCertificate),
)
async def verify_foreign(
    request: AnyRequest,
    certificate_id: FromPath[uuid.UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Verify a certificate: its signature holds, or a second person looked (核验)."""
    return await _done(
        request,
        lambda c: operations.verify(c.tx, actor=c.actor, now=c.now, certificate_id=certificate_id),
    )


@post(
    "/api/v1/foreign-certificates/{certificate_id:uuid}/recognitions",
    summary="Recognise a foreign certificate",
    tags=["foreign certificates"],
    opt=answers(ForeignCertificate),
)
async def recognise_foreign(
    request: AnyRequest,
    certificate_id: FromPath[uuid.UUID],
    data: JSONBody[Nothing],  # noqa: ARG001 - decoding checks it
) -> Response[bytes]:
    """Recognise a verified certificate: its product can be listed on it (认可)."""
    return await _done(
        request,
        lambda c: operations.recognise(
            c.tx, actor=c.actor, now=c.now, certificate_id=certificate_id
        ),
    )


@post(
    "/api/v1/foreign-certificates/{certificate_id:uuid}/rechecks",
    summary="Look at a recognised certificate again",
    tags=["foreign certificates"],
    opt=answers(ForeignCertificate),
)
async def recheck_foreign(
    request: AnyRequest, certificate_id: FromPath[uuid.UUID], data: JSONBody[Looked]
) -> Response[bytes]:
    """Look again whether a recognised certificate counts (定期复查)."""
    check_readable(data)
    return await _done(
        request,
        lambda c: operations.recheck(
            c.tx, actor=c.actor, now=c.now, certificate_id=certificate_id, source=data.source
        ),
    )


@post(
    "/api/v1/foreign-certificates/{certificate_id:uuid}/rejections",
    summary="Reject a foreign certificate",
    tags=["foreign certificates"],
    opt=answers(ForeignCertificate),
)
async def reject_foreign(
    request: AnyRequest, certificate_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Reject a certificate that can not be recognised (不予认可)."""
    check_readable(data)
    return await _done(
        request,
        lambda c: operations.reject(
            c.tx, actor=c.actor, now=c.now, certificate_id=certificate_id, reason=data.reason
        ),
    )


@post(
    "/api/v1/foreign-certificates/{certificate_id:uuid}/withdrawals",
    summary="Withdraw the recognition",
    tags=["foreign certificates"],
    opt=answers(ForeignCertificate),
)
async def withdraw_foreign(
    request: AnyRequest, certificate_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Withdraw the recognition; what is offered on it is suspended in the same command (撤回认可)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        withdrawn = await operations.withdraw(
            c.tx, actor=c.actor, now=c.now, certificate_id=certificate_id, reason=data.reason
        )
        await consequences.follow_foreign(c.tx, now=c.now, foreign=withdrawn)
        return done(withdrawn)

    return await command(request, act)


async def _done(
    request: AnyRequest, do: Callable[[Command], Awaitable[ForeignCertificate]]
) -> Response[bytes]:
    async def act(c: Command) -> Answer:
        return done(await do(c))

    return await command(request, act)


async def _examined(c: Command, data: ImportForeign) -> Examined | None:
    """Return what came of checking a certificate of our format with its registrar's keys.

    :raises ForeignSignatureInvalid: if it can not be checked, or is not the file's text.
    """
    if data.content is None:
        return None
    registrar = await queries.get_registrar(c.tx, data.registrar_id)
    file = await files.get_own(c.tx, viewer=c.actor, file_id=data.file_id)
    raw = data.content.encode()
    if registrar.keys is None or hashlib.sha256(raw).hexdigest() != file.sha256:
        raise ForeignSignatureInvalid(problems=["no keys, or not the text of the file"])
    keys = _keys(registrar.keys)
    try:
        held = certificate_check.read(raw)
        log_key = key_chain.followed(parse_vkey(keys.log or ""), keys)
        verdict = certificate_check.check(held, keys, log_key)
    except (Unreadable, VerifierKeyMalformed) as error:
        raise ForeignSignatureInvalid(problems=[str(error)]) from error
    problems = [problem.reason for problem in verdict.problems]
    if held.log.proof is None:
        problems.append("its log does not prove its issue")
    if problems:
        raise ForeignSignatureInvalid(problems=problems)
    document = read_document(held.document)
    return Examined(
        problems=(),
        number=held.number,
        product_name=document.product_name,
        holder_name="、".join(owner.name for owner in document.owners),
        issued_on=dt.datetime.fromisoformat(document.issued_at).date(),
        valid_to=expiry.last_day(document),
        is_in_force=held.state is OfOurs.ACTIVE,
    )


def _keys(text: str) -> export.Keys:
    """Return a registrar's keys.

    :raises ForeignSignatureInvalid: if they are none as a service of this kind gives them.
    """
    try:
        return msgspec.json.decode(text, type=export.Keys)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ForeignSignatureInvalid(problems=[str(error)]) from error
