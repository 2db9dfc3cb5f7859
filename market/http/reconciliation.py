"""Reconcile with channels: load statements, see and settle what differs, ask the gate (对账)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from catalog.files import disk as kept_files
from catalog.files import operations as files
from catalog.kernel import paging
from catalog.kernel.db import begin
from catalog.kernel.paging import Page
from catalog.products.metadata import check_readable
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest, actor, context
from settlement.reconciliation import queries
from settlement.reconciliation.differences import Way
from settlement.reconciliation.model import Break, Gate, StatementFile
from settlement.reconciliation.operations import settling, statements
from settlement.reconciliation.statement_file import Statement
from settlement.reconciliation.statement_file import read as read_statement
from settlement.reconciliation.states import State

_TAGS = ["reconciliation"]


class LoadStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which uploaded file is the statement, and what the channel may keep of each payment."""

    file_id: uuid.UUID
    fee_bps: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0


class ProposeWay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a break is to be settled for good, and why."""

    way: Way
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class DecideBreak(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether what was proposed is right."""

    approves: bool


class ShownGate(msgspec.Struct, frozen=True, kw_only=True):
    """The gate, and what nobody can explain: zero when all is well."""

    gate: Gate
    unexplained_fen: int
    is_explained: bool


@post(
    "/api/v1/channels/{channel:str}/statements",
    summary="Load a channel's statement",
    tags=_TAGS,
    opt=creates(StatementFile),
)
async def load_statement(
    request: AnyRequest, channel: FromPath[str], data: JSONBody[LoadStatement]
) -> Response[bytes]:
    """Load the statement of a day that was uploaded as a file: whole, once, or not at all.

    It is held against payments and journal by itself (``reconcile_statements``).
    """
    statement = await _read(request, data.file_id)

    async def act(c: Command) -> Answer:
        file = await statements.load(
            c.tx,
            actor=c.actor,
            now=c.now,
            channel=channel,
            statement=statement,
            fee_bps=data.fee_bps,
        )
        return created(file, f"/api/v1/channels/{channel}/statements")

    return await command(request, act)


@get(
    "/api/v1/channels/{channel:str}/statements",
    summary="Statements of a channel",
    tags=_TAGS,
    opt=answers(Page[StatementFile]),
)
async def list_statements(
    request: AnyRequest,
    channel: FromPath[str],
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the statements of a channel with what comparing them came to, the newest first."""

    async def look(c: Command) -> Page[StatementFile]:
        return await queries.list_files(
            c.tx, viewer=c.actor, channel=channel, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get(
    "/api/v1/channels/{channel:str}/clearing-gate",
    summary="Whether a channel's account is explained",
    tags=_TAGS,
    opt=answers(ShownGate),
)
async def get_clearing_gate(request: AnyRequest, channel: FromPath[str]) -> Response[bytes]:
    """Return clearing account, statements, open breaks, and what of it nobody can explain."""
    gate = await read(request, lambda c: queries.get_gate(c.tx, viewer=c.actor, channel=channel))
    unexplained = gate.unexplained_fen
    return answer(ShownGate(gate=gate, unexplained_fen=unexplained, is_explained=unexplained == 0))


@get(
    "/api/v1/channel-breaks",
    summary="Breaks",
    tags=_TAGS,
    opt=answers(Page[Break]),
)
async def list_channel_breaks(
    request: AnyRequest,
    *,
    channel: FromQuery[str | None] = None,
    break_state: FromQuery[State | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return how statements and books differ, the oldest first, each with its desk and age."""

    async def look(c: Command) -> Page[Break]:
        return await queries.list_breaks(
            c.tx,
            viewer=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            channel=channel,
            state=break_state,
            limit=limit,
            cursor=cursor,
        )

    return answer(await read(request, look))


@get(
    "/api/v1/channel-breaks/{break_id:uuid}",
    summary="One break",
    tags=_TAGS,
    opt=answers(Break),
)
async def get_channel_break(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return one difference and what became of it."""

    async def look(c: Command) -> Break:
        return await queries.get_break(
            c.tx, viewer=c.actor, now=c.now, calendar=await c.calendar(), break_id=break_id
        )

    return answer(await read(request, look))


@post(
    "/api/v1/channel-breaks/{break_id:uuid}/bookings",
    summary="Book a break into suspense",
    tags=_TAGS,
    opt=answers(Break),
)
async def book_break(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Book a difference out of the clearing account into suspense (挂账)."""

    async def act(c: Command) -> Answer:
        return done(await settling.book(c.tx, actor=c.actor, now=c.now, break_id=break_id))

    return await command(request, act)


@post(
    "/api/v1/channel-breaks/{break_id:uuid}/charges",
    summary="Take a fee as it was charged",
    tags=_TAGS,
    opt=answers(Break),
)
async def charge_break(request: AnyRequest, break_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Book what the channel kept more than was agreed as its fee (确认手续费)."""

    async def act(c: Command) -> Answer:
        return done(await settling.charge(c.tx, actor=c.actor, now=c.now, break_id=break_id))

    return await command(request, act)


@post(
    "/api/v1/channel-breaks/{break_id:uuid}/proposals",
    summary="Propose how to settle a break",
    tags=_TAGS,
    opt=answers(Break),
)
async def propose_for_break(
    request: AnyRequest, break_id: FromPath[uuid.UUID], data: JSONBody[ProposeWay]
) -> Response[bytes]:
    """Propose to give the money back, or to bear what is missing (提出核销)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await settling.propose(
                c.tx,
                actor=c.actor,
                now=c.now,
                break_id=break_id,
                way=data.way,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/channel-breaks/{break_id:uuid}/decisions",
    summary="Decide on a break",
    tags=_TAGS,
    opt=answers(Break),
)
async def decide_break(
    request: AnyRequest, break_id: FromPath[uuid.UUID], data: JSONBody[DecideBreak]
) -> Response[bytes]:
    """Approve what somebody else proposed, which moves the money, or send it back (复核)."""

    async def act(c: Command) -> Answer:
        return done(
            await settling.decide(
                c.tx, actor=c.actor, now=c.now, break_id=break_id, approves=data.approves
            )
        )

    return await command(request, act)


async def _read(request: AnyRequest, file_id: uuid.UUID) -> Statement:
    """Return the statement in an uploaded file, read before the transaction that takes it in."""
    wiring, who = context(request), actor(request)
    async with begin(wiring.db, who) as tx:
        stored = await files.open_content(tx, actor=who, now=wiring.now(), file_id=file_id)
    opened = await kept_files.open_verified(
        wiring.settings.files_dir, stored.sha256, stored.size_bytes
    )
    content = b"".join([part async for part in kept_files.chunks_of(opened)])
    return await asyncio.to_thread(read_statement, content)
