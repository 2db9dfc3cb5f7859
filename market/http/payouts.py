"""Pay parties out: their accounts, batches of two people, the bank's files, the outcome (付款)."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from catalog.kernel import paging
from catalog.kernel.ids import new_id
from catalog.kernel.paging import Page
from catalog.kernel.sealed import NONCE_BYTES
from catalog.products.metadata import check_readable
from market.channels.bank_transfer import NAME as BANK_TRANSFER
from market.http import attachment
from market.http.answers import answers, creates, sends
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest
from settlement.beneficiaries import disk as keys
from settlement.beneficiaries import operations as beneficiaries
from settlement.beneficiaries import queries as accounts
from settlement.beneficiaries.account_numbers import masked, read_number, seal_number
from settlement.beneficiaries.model import Beneficiary, Handed
from settlement.beneficiaries.states import State as AccountState
from settlement.payouts import queries
from settlement.payouts.model import Batch, Payout, Prepared
from settlement.payouts.operations import batches, sending
from settlement.refunds import queries as refunds
from settlement.refunds.model import Refund

_TAGS = ["payouts"]
_FILE: Final = "text/csv; charset=utf-8"
_Name = Annotated[str, Meta(min_length=1, max_length=200)]


class HandInAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank account to be paid to; its number is sealed before it is kept."""

    holder_name: _Name
    bank_name: _Name
    bank_code: Annotated[str, Meta(max_length=32)]
    account: Annotated[str, Meta(max_length=64)]


class RejectAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an account is rejected."""

    reason: Annotated[str, Meta(min_length=1, max_length=1_000)]


class PrepareBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which amount on is paid, through which channel, and whom alone if not everybody."""

    channel: Annotated[str, Meta(min_length=1, max_length=32)] = BANK_TRANSFER
    minimum_fen: Annotated[int, Meta(ge=1, le=10**15)] = 10_000
    party_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=1_000)] = ()


class TakeOutcomes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file in which the bank says what came of a batch, as text."""

    content: Annotated[str, Meta(max_length=1_000_000)]


@post(
    "/api/v1/beneficiaries",
    summary="Hand in an account to be paid to",
    tags=_TAGS,
    opt=creates(Beneficiary),
)
async def submit_beneficiary(request: AnyRequest, data: JSONBody[HandInAccount]) -> Response[bytes]:
    """Hand in, as a party, the bank account that it is to be paid to (收款账户)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        number, beneficiary_id = read_number(data.account), new_id()
        sealed = seal_number(
            keys.box(c.context.settings.keys_dir),
            number,
            beneficiary_id=beneficiary_id,
            nonce=secrets.token_bytes(NONCE_BYTES),
        )
        handed = Handed(
            holder_name=data.holder_name,
            bank_name=data.bank_name,
            bank_code=data.bank_code,
            account_masked=masked(number),
            sealed=sealed,
        )
        found = await beneficiaries.submit(
            c.tx, actor=c.actor, now=c.now, beneficiary_id=beneficiary_id, handed=handed
        )
        return created(found, "/api/v1/beneficiaries")

    return await command(request, act)


@get(
    "/api/v1/beneficiaries",
    summary="Accounts to be paid to",
    tags=_TAGS,
    opt=answers(Page[Beneficiary]),
)
async def list_beneficiaries(
    request: AnyRequest,
    *,
    beneficiary_state: FromQuery[AccountState | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the accounts of one's own party, or all for the operator's finance; numbers hidden."""

    async def look(c: Command) -> Page[Beneficiary]:
        return await accounts.list_page(
            c.tx, viewer=c.actor, state=beneficiary_state, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/beneficiaries/{beneficiary_id:uuid}/checks",
    summary="Check an account",
    tags=_TAGS,
    opt=answers(Beneficiary),
)
async def check_beneficiary(
    request: AnyRequest, beneficiary_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Say that holder and number were held against the party's papers (初核)."""

    async def act(c: Command) -> Answer:
        return done(
            await beneficiaries.check(c.tx, actor=c.actor, now=c.now, beneficiary_id=beneficiary_id)
        )

    return await command(request, act)


@post(
    "/api/v1/beneficiaries/{beneficiary_id:uuid}/verifications",
    summary="Verify an account",
    tags=_TAGS,
    opt=answers(Beneficiary),
)
async def verify_beneficiary(
    request: AnyRequest, beneficiary_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Verify an account that somebody else checked (复核); the party is paid to it from now on."""

    async def act(c: Command) -> Answer:
        return done(
            await beneficiaries.verify(
                c.tx, actor=c.actor, now=c.now, beneficiary_id=beneficiary_id
            )
        )

    return await command(request, act)


@post(
    "/api/v1/beneficiaries/{beneficiary_id:uuid}/rejections",
    summary="Reject an account",
    tags=_TAGS,
    opt=answers(Beneficiary),
)
async def reject_beneficiary(
    request: AnyRequest, beneficiary_id: FromPath[uuid.UUID], data: JSONBody[RejectAccount]
) -> Response[bytes]:
    """Reject an account, and say why (核验不通过)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await beneficiaries.reject(
                c.tx,
                actor=c.actor,
                now=c.now,
                beneficiary_id=beneficiary_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/beneficiaries/{beneficiary_id:uuid}/withdrawals",
    summary="Withdraw an account",
    tags=_TAGS,
    opt=answers(Beneficiary),
)
async def withdraw_beneficiary(
    request: AnyRequest, beneficiary_id: FromPath[uuid.UUID]
) -> Response[bytes]:
    """Withdraw an account of one's own party: nothing is paid to it any more (撤销)."""

    async def act(c: Command) -> Answer:
        return done(
            await beneficiaries.withdraw(
                c.tx, actor=c.actor, now=c.now, beneficiary_id=beneficiary_id
            )
        )

    return await command(request, act)


@post(
    "/api/v1/payout-batches",
    summary="Prepare a batch of payouts",
    tags=_TAGS,
    opt=creates(Prepared),
)
async def prepare_payouts(request: AnyRequest, data: JSONBody[PrepareBatch]) -> Response[bytes]:
    """Put what parties are owed into a batch (编制); says who waits for a verified account."""

    async def act(c: Command) -> Answer:
        prepared = await batches.prepare(
            c.tx,
            actor=c.actor,
            now=c.now,
            channel=data.channel,
            minimum_fen=data.minimum_fen,
            party_ids=data.party_ids,
        )
        return created(prepared, f"/api/v1/payout-batches/{prepared.batch.id}")

    return await command(request, act)


@get(
    "/api/v1/payout-batches",
    summary="Batches of payouts",
    tags=_TAGS,
    opt=answers(Page[Batch]),
)
async def list_payout_batches(
    request: AnyRequest,
    *,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return batches, the newest first, each with how many of its lines stand where."""

    async def look(c: Command) -> Page[Batch]:
        return await queries.list_batches(c.tx, viewer=c.actor, limit=limit, cursor=cursor)

    return answer(await read(request, look))


@get(
    "/api/v1/payout-batches/{batch_id:uuid}",
    summary="One batch of payouts",
    tags=_TAGS,
    opt=answers(Batch),
)
async def get_payout_batch(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a batch and how many of its lines stand where."""

    async def look(c: Command) -> Batch:
        return await queries.get_batch(c.tx, viewer=c.actor, batch_id=batch_id)

    return answer(await read(request, look))


@get("/api/v1/payouts", summary="Payouts", tags=_TAGS, opt=answers(Page[Payout]))
async def list_payouts(
    request: AnyRequest,
    *,
    batch_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return the payouts to one's own party, or all for the operator's finance."""

    async def look(c: Command) -> Page[Payout]:
        return await queries.list_payouts(
            c.tx, viewer=c.actor, batch_id=batch_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@get("/api/v1/refunds", summary="Refunds", tags=_TAGS, opt=answers(Page[Refund]))
async def list_refunds(
    request: AnyRequest,
    *,
    order_id: FromQuery[uuid.UUID | None] = None,
    limit: FromQuery[int] = paging.DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return what goes back to buyers, of one's own orders, or all for the houses (退款)."""

    async def look(c: Command) -> Page[Refund]:
        return await refunds.list_page(
            c.tx, viewer=c.actor, order_id=order_id, limit=limit, cursor=cursor
        )

    return answer(await read(request, look))


@post(
    "/api/v1/payout-batches/{batch_id:uuid}/approvals",
    summary="Approve a batch",
    tags=_TAGS,
    opt=answers(Batch),
)
async def approve_payouts(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Approve a batch that somebody else prepared (批准); its lines are then sent one by one."""

    async def act(c: Command) -> Answer:
        return done(await batches.approve(c.tx, actor=c.actor, now=c.now, batch_id=batch_id))

    return await command(request, act)


@post(
    "/api/v1/payout-batches/{batch_id:uuid}/cancellations",
    summary="Cancel a batch",
    tags=_TAGS,
    opt=answers(Batch),
)
async def cancel_payouts(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Cancel what of a batch was not sent (取消)."""

    async def act(c: Command) -> Answer:
        return done(await batches.cancel(c.tx, actor=c.actor, now=c.now, batch_id=batch_id))

    return await command(request, act)


@post(
    "/api/v1/payout-batches/{batch_id:uuid}/bank-files",
    summary="Make the file for the bank",
    tags=_TAGS,
    opt=answers(Batch),
)
async def make_bank_file(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Make the file by which the bank pays, and remember its digest; it is fetched by itself."""

    async def act(c: Command) -> Answer:
        return done(
            await batches.make_file(
                c.tx,
                actor=c.actor,
                now=c.now,
                batch_id=batch_id,
                box=keys.box(c.context.settings.keys_dir),
            )
        )

    return await command(request, act)


@get(
    "/api/v1/payout-batches/{batch_id:uuid}/bank-file",
    summary="The file for the bank",
    tags=_TAGS,
    opt=sends(_FILE, "etag", "content-disposition", "repr-digest"),
)
async def get_bank_file(request: AnyRequest, batch_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the file by which the bank pays: only here do account numbers leave whole (付款文件)."""

    async def look(c: Command) -> bytes:
        return await queries.get_file(
            c.tx,
            viewer=c.actor,
            batch_id=batch_id,
            box=keys.box(c.context.settings.keys_dir),
        )

    content = await read(request, look)
    return Response(
        content,
        media_type="text/csv",
        headers=attachment.headers(
            file_name=f"payouts-{batch_id}.csv",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        ),
    )


@post(
    "/api/v1/payout-batches/{batch_id:uuid}/outcomes",
    summary="Take in what the bank says",
    tags=_TAGS,
    opt=answers(Batch),
)
async def take_payout_outcomes(
    request: AnyRequest, batch_id: FromPath[uuid.UUID], data: JSONBody[TakeOutcomes]
) -> Response[bytes]:
    """Take in the bank's file of outcomes (回执): what was returned is owed again."""

    async def act(c: Command) -> Answer:
        return done(
            await sending.take_outcomes(
                c.tx,
                actor=c.actor,
                now=c.now,
                batch_id=batch_id,
                content=data.content.encode(),
            )
        )

    return await command(request, act)
