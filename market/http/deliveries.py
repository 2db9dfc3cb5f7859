"""Deliver, hand out, accept and cut off what was ordered (交付、使用、验收、切断)."""

from __future__ import annotations

import asyncio
import base64
import uuid
from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from msgspec import Meta

from catalog.audit_log import operations as audit_log
from catalog.files import disk
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx, run
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId
from catalog.products.metadata import check_readable
from catalog.products.model import DeliveryMode
from catalog.signing.purposes import Purpose
from market.access import asking, tokens
from market.access import operations as access
from market.access.model import AccessToken, Asked
from market.complaints.operations import disputes
from market.http import attachment, hanging_up
from market.http.answers import answers, creates, sends
from market.http.auth import token_readers
from market.http.command import (
    Answer,
    Command,
    answer,
    command,
    created,
    done,
    idempotency_key,
    secret_command,
)
from market.http.context import AnyRequest, Context, actor, context
from market.http.describe import KEYLESS
from market.http.orders import Because
from market.metrics import counted
from market.orders import metered, queries
from market.orders.model import Order
from market.orders.operations import delivery, handing_out, stopping
from market.usage import operations as usage
from market.usage.model import Outcome, SignedStatement
from settlement.charging import queries as accounts

_TOKEN_ACTOR: Final = "download-token"  # noqa: S105


class CutOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why access is stopped, and whether for good."""

    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]
    for_good: bool = False


class Resolve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom a dispute is resolved, and why."""

    ruling: delivery.Ruling
    reason: Annotated[str, Meta(min_length=1, max_length=2_000)]
    refund_fen: Annotated[int, Meta(ge=1, le=10**15)] | None = None  # of a ruling in part


@post(
    "/api/v1/orders/{order_id:uuid}/deliveries",
    summary="Deliver",
    tags=["orders"],
    opt=answers(Order),
)
async def deliver_order(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Deliver an order (交付): the buyer gets a licence grant and the manifest."""

    async def act(c: Command) -> Answer:
        return done(
            await delivery.deliver(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                order_id=order_id,
                low_percent=c.context.settings.usage_low_percent,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/orders/{order_id:uuid}/access-tokens",
    summary="A short download token",
    tags=["orders"],
    opt=KEYLESS | creates(AccessToken, refusals=(429,)),
)
async def issue_access_token(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a token that is good for downloads of this order for a minute (下载令牌)."""
    wiring = context(request)

    async def act(c: Command) -> Answer:
        grant, standing = await handing_out.lock_standing(
            c.tx, actor=c.actor, now=c.now, order_id=order_id
        )
        token = await access.issue_token(
            c.tx,
            actor=c.actor,
            now=c.now,
            grant=grant,
            standing=standing,
            issuer=wiring.settings.public_url,
            signer=wiring.signers[Purpose.ACCESS_TOKEN],
        )
        return created(token, f"/api/v1/orders/{order_id}/content")

    return await secret_command(request, act)


@get(
    "/api/v1/orders/{order_id:uuid}/content",
    summary="The data",
    tags=["orders"],
    opt=sends(
        "*/*",
        "etag",
        "content-disposition",
        "repr-digest",
        "x-usage-id",
        "x-usage-sequence",
        "x-usage-receipt",
        "x-recipient-fingerprint",
        "x-ai-generated",
        refusals=(409, 429),
    ),
)
async def get_content(
    request: AnyRequest,
    order_id: FromPath[uuid.UUID],
    *,
    purpose: FromQuery[str | None] = None,
    scenario: FromQuery[str | None] = None,
    delivery_mode: FromQuery[DeliveryMode | None] = None,
    fields: FromQuery[str | None] = None,
) -> Stream:
    """Hand the content out, after the use was counted and committed (使用); or deny it.

    With an Idempotency-Key, or a download token, the same request again counts once.
    """
    asked = Asked(
        purpose=purpose,
        scenario=scenario,
        delivery_mode=delivery_mode,
        fields=tuple(filter(None, (fields or "").split(","))),
    )
    check_readable(asked)
    return await hand_out(request, order_id, asked, _request_key(request, actor(request)))


async def hand_out(
    request: AnyRequest, order_id: uuid.UUID, asked: Asked, key: str | None
) -> Stream:
    """Hand the content of an order out, after the use was counted and committed; or deny it.

    The same ``key`` again counts once.

    :raises DomainError: by the first reason why it is denied, after the denial was committed (and
        whatever ``delivery.open_content`` refuses).
    """
    wiring, who = context(request), actor(request)
    now = wiring.now()
    backlog = await wiring.backlog.read(wiring.db, now)
    tick = asyncio.get_running_loop().time()

    async def once(tx: Tx) -> delivery.Opened:
        return await delivery.open_content(
            tx,
            actor=who,
            now=now,
            order_id=order_id,
            asked=asked,
            request_key=key,
            backlog=backlog,
        )

    try:
        opened = await run(wiring.db, who, once, ahead=access.locking(order_id))
    except DomainError as error:
        counted.access(error.code)
        raise
    event, grant = opened.event.event, opened.grant
    counted.access(counted.SERVED if event.decision is Outcome.ALLOW else event.reasons[0])
    counted.receipt()
    receipt = audit_log.receipt(
        opened.entry,
        signer=wiring.signers[Purpose.RECEIPT],
        log=wiring.settings.log_origin,
        now=now,
    )
    if event.decision is Outcome.DENY:
        request.scope["denial_remembered"] = True  # type: ignore[typeddict-unknown-key]
        # After it was committed.
        raise asking.refusal(grant, event.reasons, now, usage_receipt=receipt)
    stored = await disk.open_verified(
        wiring.settings.files_dir, grant.content_sha256, grant.content_size_bytes
    )
    headers = attachment.headers(
        file_name=grant.file_name,
        size_bytes=grant.content_size_bytes,
        sha256=grant.content_sha256,
    )
    headers |= {
        "x-usage-id": str(event.id),
        "x-usage-sequence": str(event.order_seq),
        "x-usage-receipt": receipt,
        "x-recipient-fingerprint": grant.fingerprint_id,
        "x-ai-generated": grant.ai_generated.value,  # as the contract says (AIL-1)
        "x-accel-buffering": "no",  # what lay in a front server's buffer could not be stopped
    }
    parts = wiring.downloads.let_through(
        disk.chunks_of(stored),
        grant=grant,
        usage_id=event.id,
        actor=who,
        abort=hanging_up.offered(request.scope),
        allowed_at=tick,
    )
    return Stream(parts, media_type=grant.media_type, headers=headers)


@post(
    "/api/v1/orders/{order_id:uuid}/acceptances",
    summary="Accept",
    tags=["orders"],
    opt=answers(Order),
)
async def accept_delivery(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Accept a delivery (验收)."""

    async def act(c: Command) -> Answer:
        return done(await delivery.accept(c.tx, actor=c.actor, now=c.now, order_id=order_id))

    return await command(request, act)


@post(
    "/api/v1/orders/{order_id:uuid}/issues", summary="Dispute", tags=["orders"], opt=answers(Order)
)
async def raise_issue(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Object to a delivery inside the inspection period (提出异议); a complaint opens with it."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await disputes.raise_issue(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                order_id=order_id,
                reason=data.reason,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/orders/{order_id:uuid}/resolutions",
    summary="Resolve",
    tags=["orders"],
    opt=answers(Order),
)
async def resolve_dispute(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[Resolve]
) -> Response[bytes]:
    """Resolve a dispute for one of the two, and its complaint with it (争议处理)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await disputes.resolve(
                c.tx,
                actor=c.actor,
                now=c.now,
                calendar=await c.calendar(),
                order_id=order_id,
                ruling=data.ruling,
                reason=data.reason,
                refund_fen=data.refund_fen,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/orders/{order_id:uuid}/cut-offs",
    summary="Cut access off",
    tags=["orders"],
    opt=answers(Order),
)
async def cut_off_order(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[CutOff]
) -> Response[bytes]:
    """Stop all access of an order at once (终止授权使用, BJ-28)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await stopping.cut_off(
                c.tx,
                actor=c.actor,
                now=c.now,
                order_id=order_id,
                reason=data.reason,
                for_good=data.for_good,
            )
        )

    return await command(request, act)


@post(
    "/api/v1/orders/{order_id:uuid}/resumptions",
    summary="Go on",
    tags=["orders"],
    opt=answers(Order),
)
async def resume_order(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[Because]
) -> Response[bytes]:
    """Let a suspended order go on where it stood (恢复)."""
    check_readable(data)

    async def act(c: Command) -> Answer:
        return done(
            await stopping.resume(
                c.tx, actor=c.actor, now=c.now, order_id=order_id, reason=data.reason
            )
        )

    return await command(request, act)


@get(
    "/api/v1/orders/{order_id:uuid}/usage",
    summary="The usage statement",
    tags=["orders"],
    opt=answers(SignedStatement),
)
async def get_usage(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the signed statement of all uses of an order (使用对账单); its issue is remembered."""
    wiring, who = context(request), actor(request)
    now = wiring.now()

    async def once(tx: Tx) -> SignedStatement:
        order = await queries.get_order(tx, viewer=who, order_id=order_id)
        return await usage.issue_statement(
            tx,
            actor=who,
            now=now,
            order_id=order.id,
            buyer_party_id=order.buyer_party_id,
            supplier_party_id=order.supplier_party_id,
            product_id=order.product_id,
            signer=wiring.signers[Purpose.STATEMENT],
            bill=metered.bill_of(order, await accounts.list_all_charges(tx, order.id)),
        )

    return answer(await run(wiring.db, who, once))


def _request_key(request: AnyRequest, who: Actor) -> str | None:
    if who.name.startswith(_TOKEN_ACTOR):
        return who.name  # names the token: one token, one use
    if "idempotency-key" not in request.headers:
        return None
    # Kept apart from the names of tokens, so that nobody can take a token's key.
    return f"key:{base64.urlsafe_b64encode(idempotency_key(request).encode()).decode()}"


async def read_download_token(wiring: Context, token: str) -> Actor | None:
    """Return who shows a download token: the buyer, for this one order; None if it is no such.

    :raises TokenNotGood: if it is one, and not good.
    """
    if not tokens.looks_like_one(token):
        return None
    said = tokens.read(
        token,
        public_key=wiring.signers[Purpose.ACCESS_TOKEN].public_key,
        issuer=wiring.settings.public_url,
        now=wiring.now(),
    )
    return Actor(
        account_id=None,
        party_id=PartyId(said.party_id),
        name=f"{_TOKEN_ACTOR}:{said.jti}",
        roles=frozenset({delivery.DOWNLOAD_TOKEN, f"order:{said.order_id}"}),
        permissions=frozenset({"grant:use"}),
        clearance=Clearance.PARTY,
    )


token_readers.append(read_download_token)
