"""Custody of the money: who keeps it, under which agreement, and what it confirms day by day (资金存管)."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody

from catalog.files import disk as kept_files
from catalog.files import operations as files
from catalog.kernel.db import begin
from catalog.kernel.errors import Missing
from catalog.kernel.local_time import local_date
from market.http.answers import answers, creates
from market.http.command import Answer, Command, answer, command, created, read
from market.http.context import AnyRequest, actor, context
from market.settings import Settings
from settlement.reconciliation import queries
from settlement.reconciliation.custody_file import Confirmed, Custodian
from settlement.reconciliation.custody_file import read as read_file
from settlement.reconciliation.custody_words import sentence
from settlement.reconciliation.model import StatementFile
from settlement.reconciliation.operations import custody

_TAGS = ["reconciliation"]
_SHOWN = 10


class CustodianMissing(Missing):
    """No institution keeps the money of this market by its settings."""


class ConfirmBalances(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which uploaded file is the custodian's."""

    file_id: uuid.UUID


class ShownCustody(msgspec.Struct, frozen=True, kw_only=True):
    """Who keeps the money, what the ledger says stands there, and what was confirmed lately."""

    custodian: Custodian | None
    account: str | None  # outside these books
    sentence_zh: str
    sentence_en: str
    as_of: dt.date
    balances: dict[str, int]  # by channel, as the ledger has it
    total_fen: int
    confirmations: list[StatementFile]


def custodian_of(settings: Settings) -> Custodian | None:
    """Return who keeps the money by the settings, or None."""
    if not settings.custody_institution:
        return None
    return Custodian(
        institution=settings.custody_institution,
        name=settings.custody_name or settings.custody_institution,
        licence=settings.custody_licence,
        agreement=settings.custody_agreement,
    )


@post(
    "/api/v1/custody/confirmations",
    summary="Take a custodian's confirmation of a day",
    tags=_TAGS,
    opt=creates(StatementFile),
)
async def confirm_custody(request: AnyRequest, data: JSONBody[ConfirmBalances]) -> Response[bytes]:
    """Take what a custodian states to stand with it; what differs from the ledger is a break (存管余额确认)."""
    keeping = custodian_of(context(request).settings)
    if keeping is None:
        raise CustodianMissing
    confirmed = await _read(request, data.file_id)

    async def act(c: Command) -> Answer:
        file = await custody.confirm(
            c.tx,
            actor=c.actor,
            now=c.now,
            calendar=await c.calendar(),
            custodian=keeping,
            confirmed=confirmed,
        )
        return created(file, "/api/v1/custody")

    return await command(request, act)


@get("/api/v1/custody", summary="Custody of the money", tags=_TAGS, opt=answers(ShownCustody))
async def get_custody(request: AnyRequest) -> Response[bytes]:
    """Return who keeps the money, what the ledger says stands there, and the last confirmations."""
    return answer(await read(request, look))


async def look(c: Command) -> ShownCustody:
    """Return the custody of the money as it stands.

    :raises NotPermitted: if the viewer reads no reconciliation.
    """
    keeping = custodian_of(c.context.settings)
    as_of = local_date(c.now)
    balances = await queries.cleared_until(c.tx, viewer=c.actor, day=as_of)
    confirmations: list[StatementFile] = []
    if keeping is not None:
        page = await queries.list_files(c.tx, viewer=c.actor, channel=keeping.account, limit=_SHOWN)
        confirmations = page.items
    words = c.context.settings.custody_wording
    return ShownCustody(
        custodian=keeping,
        account=None if keeping is None else keeping.account,
        sentence_zh=sentence(keeping, words, "zh"),
        sentence_en=sentence(keeping, words, "en"),
        as_of=as_of,
        balances=balances,
        total_fen=sum(balances.values()),
        confirmations=confirmations,
    )


async def _read(request: AnyRequest, file_id: uuid.UUID) -> Confirmed:
    wiring, who = context(request), actor(request)
    async with begin(wiring.db, who) as tx:
        stored = await files.open_content(tx, actor=who, now=wiring.now(), file_id=file_id)
    opened = await kept_files.open_verified(
        wiring.settings.files_dir, stored.sha256, stored.size_bytes
    )
    content = b"".join([part async for part in kept_files.chunks_of(opened)])
    return await asyncio.to_thread(read_file, content)
