"""Show payout batches and the accounts that parties are paid to, and take their steps (付款)."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from msgspec import Meta

from catalog.kernel.paging import Page
from market.channels.bank_transfer import NAME as BANK_TRANSFER
from market.http.command import Command, read
from market.http.context import AnyRequest
from market.identity import queries as identity
from market.portal.forms import BLANK, MAX_FORM_BYTES, Shown, Step, filled_in, run_step
from market.portal.render import NOT_KEPT, page
from market.portal.show import linker
from settlement.beneficiaries import disk as keys
from settlement.beneficiaries import operations as beneficiaries
from settlement.beneficiaries import queries as accounts
from settlement.beneficiaries.model import Beneficiary
from settlement.payouts import queries
from settlement.payouts.model import Batch, Payout
from settlement.payouts.operations import batches
from settlement.payouts.states import State

_BATCHES: Final = "/payout-batches"
_ONE: Final = "/payout-batches/{batch_id:uuid}"
_ACCOUNTS: Final = "/payout-accounts"
_ACCOUNT: Final = "/payout-accounts/{account_id:uuid}"
_PAGE_SIZE: Final = 20
_LINES: Final = 200
_MOST_YUAN: Final = 10**13


class _Prepare(msgspec.Struct, frozen=True):
    """From which amount on is paid, in yuan."""

    minimum_yuan: Annotated[int, Meta(ge=1, le=_MOST_YUAN)] = 100


class _Reject(msgspec.Struct, frozen=True):
    """Why an account is rejected."""

    reason: Annotated[str, Meta(min_length=1, max_length=1_000)] = ""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A batch with its lines, by the names of who is paid."""

    batch: Batch
    lines: Page[Payout]
    names: dict[Any, str]

    @property
    def waits(self) -> bool:
        """Tell whether it waits for somebody's approval."""
        return State.PREPARED in self.batch.counts

    @property
    def is_stoppable(self) -> bool:
        """Tell whether some of it was not sent."""
        return bool({State.PREPARED, State.APPROVED} & set(self.batch.counts))

    @property
    def is_sent(self) -> bool:
        """Tell whether the bank's file can be made: nothing waits, something is out."""
        out = {State.IN_TRANSIT, State.UNKNOWN, State.PAID, State.RETURNED}
        return not self.is_stoppable and bool(out & set(self.batch.counts))


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts, and whose they are."""

    accounts: Page[Beneficiary]
    names: dict[Any, str]


@get(_BATCHES, include_in_schema=False)
async def list_batches(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show batches, the newest first, and the form by which one is prepared."""
    return await _list(request, cursor, BLANK)


@post(_BATCHES, include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def prepare(request: AnyRequest) -> Response[bytes]:
    """Put what parties are owed into a batch (编制)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await batches.prepare(
            c.tx,
            actor=c.actor,
            now=c.now,
            channel=BANK_TRANSFER,
            minimum_fen=filled_in(_Prepare, fields).minimum_yuan * 100,
        )

    async def again(form: Shown) -> Response[bytes]:
        return await _list(request, None, form)

    return await run_step(request, act, place=_BATCHES, again=again)


@get(_ONE, include_in_schema=False)
async def show_batch(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Show a batch, its lines, and what may be done with it now."""
    return _sheet(request, await read(request, lambda c: _look(c, batch_id)), BLANK)


@post(_ONE + "/approvals", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def approve(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Approve a batch that somebody else prepared (批准)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await batches.approve(c.tx, actor=c.actor, now=c.now, batch_id=batch_id)

    return await _step(request, batch_id, act)


@post(_ONE + "/cancellations", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def cancel(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Cancel what of a batch was not sent (取消)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await batches.cancel(c.tx, actor=c.actor, now=c.now, batch_id=batch_id)

    return await _step(request, batch_id, act)


@post(_ONE + "/bank-files", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def make_file(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Make the file for the bank; the page then links to it (付款文件)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        box = keys.box(c.context.settings.keys_dir)
        await batches.make_file(c.tx, actor=c.actor, now=c.now, batch_id=batch_id, box=box)

    return await _step(request, batch_id, act)


@get(_ACCOUNTS, include_in_schema=False)
async def list_accounts(
    request: AnyRequest, *, cursor: FromQuery[str | None] = None
) -> Response[bytes]:
    """Show the accounts that parties handed in, with what waits for whom (收款账户)."""
    desk = await read(request, lambda c: _handed_in(c, cursor))
    return _accounts(request, desk, BLANK, is_continued=bool(cursor))


@post(_ACCOUNT + "/checks", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def check(request: AnyRequest, account_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Say that an account was held against the party's papers (初核)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await beneficiaries.check(c.tx, actor=c.actor, now=c.now, beneficiary_id=account_id)

    return await _account_step(request, act)


@post(_ACCOUNT + "/verifications", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def verify(request: AnyRequest, account_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Verify an account that somebody else checked (复核)."""

    async def act(c: Command, _fields: dict[str, str]) -> None:
        await beneficiaries.verify(c.tx, actor=c.actor, now=c.now, beneficiary_id=account_id)

    return await _account_step(request, act)


@post(_ACCOUNT + "/rejections", include_in_schema=False, request_max_body_size=MAX_FORM_BYTES)
async def reject(request: AnyRequest, account_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Reject an account, and say why (核验不通过)."""

    async def act(c: Command, fields: dict[str, str]) -> None:
        await beneficiaries.reject(
            c.tx,
            actor=c.actor,
            now=c.now,
            beneficiary_id=account_id,
            reason=filled_in(_Reject, fields).reason,
        )

    return await _account_step(request, act)


async def _list(request: AnyRequest, cursor: str | None, form: Shown) -> Response[bytes]:
    found = await read(
        request,
        lambda c: queries.list_batches(
            c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None
        ),
    )
    return page(
        request,
        "payout_batches.html",
        status=form.status,
        cache=NOT_KEPT,
        found=found,
        form=form,
        link=linker(_BATCHES, {}),
        is_continued=bool(cursor),
    )


async def _look(c: Command, batch_id: uuid.UUID) -> Sheet:
    batch = await queries.get_batch(c.tx, viewer=c.actor, batch_id=batch_id)
    lines = await queries.list_payouts(c.tx, viewer=c.actor, batch_id=batch_id, limit=_LINES)
    return Sheet(
        batch=batch, lines=lines, names=await _names(c, [line.party_id for line in lines.items])
    )


async def _names(c: Command, ids: list[uuid.UUID]) -> dict[Any, str]:
    found = await identity.get_parties(c.tx, ids)
    return {party_id: party.name for party_id, party in found.items()}


def _sheet(request: AnyRequest, sheet: Sheet, form: Shown) -> Response[bytes]:
    return page(
        request,
        "payout_batch.html",
        status=form.status,
        cache=NOT_KEPT,
        sheet=sheet,
        batch=sheet.batch,
        form=form,
    )


async def _step(request: AnyRequest, batch_id: uuid.UUID, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return _sheet(request, await read(request, lambda c: _look(c, batch_id)), form)

    return await run_step(request, act, place=f"{_BATCHES}/{batch_id}", again=again)


async def _handed_in(c: Command, cursor: str | None) -> Desk:
    found = await accounts.list_page(c.tx, viewer=c.actor, limit=_PAGE_SIZE, cursor=cursor or None)
    return Desk(accounts=found, names=await _names(c, [each.party_id for each in found.items]))


def _accounts(
    request: AnyRequest, desk: Desk, form: Shown, *, is_continued: bool = False
) -> Response[bytes]:
    return page(
        request,
        "payout_accounts.html",
        status=form.status,
        cache=NOT_KEPT,
        desk=desk,
        form=form,
        link=linker(_ACCOUNTS, {}),
        is_continued=is_continued,
    )


async def _account_step(request: AnyRequest, act: Step) -> Response[bytes]:
    async def again(form: Shown) -> Response[bytes]:
        return _accounts(request, await read(request, lambda c: _handed_in(c, None)), form)

    return await run_step(request, act, place=_ACCOUNTS, again=again)
