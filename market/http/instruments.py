"""Lodge, verify and carry out legal instruments (生效法律文书, HN-19, HN-20(2))."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.certificates.basis import InstrumentKind
from catalog.certificates.model import NamedParty
from catalog.instruments import queries
from catalog.instruments.model import Effect, Instrument
from catalog.instruments.operations import applying, lodging, verifying
from catalog.instruments.states import State
from catalog.kernel import paging
from catalog.kernel.ids import PartyId
from catalog.kernel.paging import Page
from catalog.objections.operations import court
from catalog.products.metadata import check_readable
from catalog.signing.purposes import Purpose
from market.consequences import operations as consequences
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.confidential import read_confidential
from market.http.context import AnyRequest
from market.http.reissues import Correction, corrected_of
from market.identity import queries as identity

_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Lodge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument about a certificate, or about an application: one of the two."""

    certificate_number: Annotated[str, Meta(max_length=50)] | None = None
    application_id: uuid.UUID | None = None
    kind: InstrumentKind
    issuing_body: _Name
    document_number: _Name
    issued_on: dt.date
    effective_on: dt.date | None = None
    effect: Effect
    new_holder_party_id: uuid.UUID | None = None
    file_id: uuid.UUID
    corrected: Correction | None = None  # with the effect ``corrected``


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which day the instrument is in force, as the first person found."""

    effective_on: dt.date


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Annotated[str, Meta(max_length=2_000)]


@post(
    "/api/v1/instruments",
    summary="Lodge a legal instrument",
    tags=["instruments"],
    opt=creates(Instrument),
)
async def lodge_instrument(request: AnyRequest, data: JSONBody[Lodge]) -> Response[bytes]:
    """Lodge a judgment, a ruling or an award with its file (提交法律文书)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        instrument = await lodging.lodge(
            c.tx,
            actor=c.actor,
            now=c.now,
            certificate_number=data.certificate_number,
            application_id=data.application_id,
            kind=data.kind,
            issuing_body=data.issuing_body,
            document_number=data.document_number,
            issued_on=data.issued_on,
            effective_on=data.effective_on,
            effect=data.effect,
            new_holder_party_id=(
                None if data.new_holder_party_id is None else PartyId(data.new_holder_party_id)
            ),
            file_id=data.file_id,
            corrected=await corrected_of(c, data.corrected),
        )
        return created(instrument, f"/api/v1/instruments/{instrument.id}")

    return await command(request, act)


@get(
    "/api/v1/instruments",
    summary="Legal instruments",
    tags=["instruments"],
    opt=answers(Page[Instrument]),
)
async def list_instruments(
    request: AnyRequest,
    *,
    status: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the instruments that one may see, the newest first."""

    async def look(c: Command) -> Page[Instrument]:
        return await queries.list_page(
            c.tx, viewer=c.actor, state=status, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/instruments/{instrument_id:uuid}",
    summary="One legal instrument",
    tags=["instruments"],
    opt=answers(Instrument),
)
async def get_instrument(
    request: AnyRequest, instrument_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Return one instrument; reading one that is not one's own is remembered."""

    async def look(c: Command) -> Instrument:
        return await lodging.open_file(c.tx, actor=c.actor, now=c.now, instrument_id=instrument_id)

    return answer(await read_confidential(request, "instrument", instrument_id, look))


@post(
    "/api/v1/instruments/{instrument_id:uuid}/checks",
    summary="Check an instrument as the first person",
    tags=["instruments"],
    opt=answers(Instrument),
)
async def check_instrument(
    request: AnyRequest, instrument_id: FromPath[uuid.UUID], data: JSONBody[Check]
) -> Response[bytes]:
    """Say from when the instrument is in force (初核)."""

    async def act(c: Command) -> Answer:
        return done(
            await verifying.check(
                c.tx,
                actor=c.actor,
                now=c.now,
                instrument_id=instrument_id,
                effective_on=data.effective_on,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/instruments/{instrument_id:uuid}/verifications",
    summary="Confirm an instrument as the second person",
    tags=["instruments"],
    opt=answers(Instrument),
)
async def verify_instrument(
    request: AnyRequest, instrument_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Confirm that the instrument is in force and about this product (复核)."""

    async def act(c: Command) -> Answer:
        verified = await verifying.verify(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            instrument_id=instrument_id,
        )
        return await _done(c, verified)

    return await command(request, act)


@post(
    "/api/v1/instruments/{instrument_id:uuid}/rejections",
    summary="Reject an instrument",
    tags=["instruments"],
    opt=answers(Instrument),
)
async def reject_instrument(
    request: AnyRequest, instrument_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Reject an instrument that is not in force or not about this product (不予采信)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await verifying.reject(
                c.tx, actor=c.actor, now=c.now, instrument_id=instrument_id, reason=data.reason
            )
        )

    return await command(request, act)


@post(
    "/api/v1/instruments/{instrument_id:uuid}/executions",
    summary="Carry out an instrument",
    tags=["instruments"],
    opt=answers(Instrument),
)
async def carry_out_instrument(
    request: AnyRequest, instrument_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Carry out an instrument that names no new holder (执行生效法律文书, HN-19(c), HN-20(2))."""

    async def act(c: Command) -> Answer:
        applied = await court.carry_out(c.tx, actor=c.actor, now=c.now, instrument_id=instrument_id)
        return await _done(c, applied)

    return await command(request, act)


@post(
    "/api/v1/instruments/{instrument_id:uuid}/transfers",
    summary="Take a certificate over",
    tags=["instruments"],
    opt=answers(Instrument),
)
async def take_over_certificate(
    request: AnyRequest, instrument_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Transfer the certificate to oneself, as the holder that the instrument names (转移登记)."""

    async def act(c: Command) -> Answer:
        c.actor.require("instrument:take_over")
        party = await identity.get_party(c.tx, c.actor.party)
        applied, _ = await applying.take_over(
            c.tx,
            actor=c.actor,
            now=c.now,
            instrument_id=instrument_id,
            signer=c.context.signers[Purpose.CERTIFICATE],
            holder=NamedParty(name=party.name, id_masked=await identity.get_masked_id(c.tx, party)),
            holder_kind=party.kind.value,
            public_url=c.context.settings.public_url,
        )
        await court.settle(c.tx, actor=c.actor, now=c.now, instrument=applied)
        return await _done(c, applied)

    return await command(request, act)


@post(
    "/api/v1/instruments/{instrument_id:uuid}/deregistrations",
    summary="Deregister what one was given",
    tags=["instruments"],
    opt=answers(Instrument),
)
async def deregister_as_holder(
    request: AnyRequest, instrument_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Deregister the certificate, as the holder that the instrument names (HN-19(b))."""

    async def act(c: Command) -> Answer:
        applied = await applying.deregister_as_holder(
            c.tx, actor=c.actor, now=c.now, instrument_id=instrument_id
        )
        await court.settle(c.tx, actor=c.actor, now=c.now, instrument=applied)
        return await _done(c, applied)

    return await command(request, act)


async def _done(c: Command, instrument: Instrument) -> Answer:
    """Answer with the instrument, after what it did to a certificate was carried into the trade."""
    if instrument.certificate_number is not None:
        ground = "no_holder" if instrument.effect is Effect.NO_HOLDER else "instrument"
        await consequences.follow(
            c.tx, now=c.now, certificate_number=instrument.certificate_number, ground=ground
        )
    return done(instrument)
