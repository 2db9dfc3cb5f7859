"""Collect and give out an order's money: start a payment, hear the channel, release the escrow."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody

from catalog.kernel import db as database
from catalog.kernel.actor import Actor, Clearance, system
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, DomainError, Invalid, Missing
from market.channels.mischief import Mischief
from market.channels.sandbox import SandboxChannel
from market.http.answers import answers, creates, takes
from market.http.command import Answer, Command, answer, command, created, done, read
from market.http.context import AnyRequest, Context, context
from market.http.describe import KEYLESS
from market.orders import queries as orders
from market.orders.operations import payment as order_payment
from market.orders.operations import releasing
from settlement.escrow.model import Release
from settlement.payments import callback as callbacks
from settlement.payments import operations as payments
from settlement.payments import queries
from settlement.payments.callback import Effect
from settlement.payments.channel import Channel, EventKind, SignedCallback
from settlement.payments.model import Payment, Recorded

NONCE_MAX: Final = 128
SIGNATURE_LENGTH: Final = 64
SECONDS_DIGITS_MAX: Final = 11


class ChannelMissing(Missing):
    """No such channel is connected."""

    code = "channel_not_found"


class HeaderMissing(Invalid):
    """A callback came without the headers that it is believed by."""

    code = "callback_header_missing"


class DoesNotFit(Conflict):
    """What the channel told does not fit what we asked for; a break is kept, nothing is booked."""

    code = "callback_does_not_fit"


class StartPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Through which channel the buyer wants to pay."""

    channel: Annotated[str, msgspec.Meta(min_length=1, max_length=32)] = payments.SANDBOX


class StartedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, and where the buyer pays."""

    payment: Payment
    pay_at: str


class ConfirmPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sandbox's bank is to say."""

    kind: EventKind = EventKind.SUCCEEDED
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=10**15)] | None = None


class Misbehave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to go wrong between the sandbox's bank and us."""

    mischief: Mischief


class HeardOrNot(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one of the bank's callbacks: an effect, or the code of its refusal."""

    effect: Effect | None = None
    refusal: str | None = None


class Misbehaved(msgspec.Struct, frozen=True, kw_only=True):
    """The callbacks that the bank sent, in their order; none if they were lost."""

    sent: tuple[HeardOrNot, ...]


class HeardCallback(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a callback. A channel stops sending when it reads this."""

    effect: Effect
    is_replay: bool
    payment_id: uuid.UUID | None


@post(
    "/api/v1/orders/{order_id:uuid}/payments",
    summary="Pay an order",
    tags=["payments"],
    opt=creates(StartedPayment),
)
async def start_payment(
    request: AnyRequest, order_id: FromPath[uuid.UUID], data: JSONBody[StartPayment]
) -> Response[bytes]:
    """Start to pay an order into escrow. While a payment is open, starting gives the open one."""
    channel = channel_of(context(request), data.channel)

    async def act(c: Command) -> Answer:
        started = await begin(c, order_id, channel)
        return created(started, f"/api/v1/orders/{order_id}/ledger")

    return await command(request, act)


async def begin(c: Command, order_id: uuid.UUID, channel: Channel) -> StartedPayment:
    """Start to collect what an order costs, and ask the channel where the buyer pays.

    :raises NotPermitted: if the actor pays no orders.
    :raises OrderMissing: if it is not the actor's purchase (and the others of ``get_payment_due``
        and ``payments.start``).
    """
    due = await orders.get_payment_due(c.tx, viewer=c.actor, order_id=order_id, now=c.now)
    payment = await payments.start(
        c.tx,
        actor=c.actor,
        now=c.now,
        order_id=order_id,
        payer_party_id=due.payer_party_id,
        amount_fen=due.amount_fen,
        payee_party_id=due.payee_party_id,
        channel=channel.name,
        lifetime=channel.lifetime,
        book=due.book,
        tax=due.tax,
    )
    instruction = await channel.prepare(payment.request())
    payment = await payments.submit(
        c.tx, payment=payment, channel_reference=instruction.channel_reference
    )
    return StartedPayment(payment=payment, pay_at=instruction.pay_at)


@post(
    "/api/v1/sandbox-channel/payments/{reference:str}/confirmations",
    summary="Play the bank",
    tags=["payments"],
    opt=KEYLESS | answers(HeardCallback),
)
async def confirm_sandbox_payment(
    request: AnyRequest, reference: FromPath[str], data: JSONBody[ConfirmPayment]
) -> Response[bytes]:
    """Let the sandbox's bank confirm a payment: it sends us a signed callback like any channel."""
    return _heard(await play_bank(request, reference, data))


async def play_bank(request: AnyRequest, reference: str, told: ConfirmPayment) -> Recorded:
    """Let the sandbox's bank tell something of a payment, and record it like any callback.

    :raises ChannelMissing: if there is no sandbox here.
    :raises PaymentMissing: if there is no such payment, or it is another payer's.
    """
    channel = _sandbox(request)

    async def look(c: Command) -> SignedCallback:
        payment = await queries.get_by_reference(
            c.tx, channel.name, reference, payer_party_id=_payer(c.actor)
        )
        return channel.confirm(
            payment.request(), now=c.now, kind=told.kind, amount_fen=told.amount_fen
        )

    return await _record(request, channel, await read(request, look))


@post(
    "/api/v1/sandbox-channel/payments/{reference:str}/mischiefs",
    summary="Let the sandbox's bank misbehave",
    tags=["payments"],
    opt=KEYLESS | answers(Misbehaved),
)
async def misbehave(
    request: AnyRequest, reference: FromPath[str], data: JSONBody[Misbehave]
) -> Response[bytes]:
    """Let the sandbox's bank take the money and tell of it wrongly, late, twice or not at all."""
    channel = _sandbox(request)

    async def look(c: Command) -> tuple[SignedCallback, ...]:
        payment = await queries.get_by_reference(
            c.tx, channel.name, reference, payer_party_id=_payer(c.actor)
        )
        return channel.misbehave(payment.request(), data.mischief, now=c.now)

    sent = []
    for told in await read(request, look):
        try:
            recorded = await _record(request, channel, told)
        except DomainError as refused:
            sent.append(HeardOrNot(refusal=refused.code))
        else:
            sent.append(HeardOrNot(effect=recorded.effect))
    return answer(Misbehaved(sent=tuple(sent)))


@post(
    "/api/v1/channels/{channel:str}/callbacks",
    summary="Hear a channel",
    tags=["payments"],
    opt=KEYLESS
    | takes("*/*", "X-Channel-Sent-At", "X-Channel-Nonce", "X-Channel-Signature")
    | answers(HeardCallback),
)
async def hear_channel(request: AnyRequest, channel: FromPath[str]) -> Response[bytes]:
    """Take in what a channel tells, signed with the key that both sides have.

    Needs no Idempotency-Key: the channel's own event id and nonce make it count once.
    """
    speaker = channel_of(context(request), channel)
    sent_at = _header(request, "x-channel-sent-at", SECONDS_DIGITS_MAX)
    if not (sent_at.isascii() and sent_at.isdigit()):
        raise HeaderMissing(header="x-channel-sent-at")
    told = SignedCallback(
        sent_at_seconds=int(sent_at),
        nonce=_header(request, "x-channel-nonce", NONCE_MAX),
        signature=_header(request, "x-channel-signature", SIGNATURE_LENGTH),
        body=await request.body(),
    )
    return _heard(await _record(request, speaker, told))


@post(
    "/api/v1/orders/{order_id:uuid}/releases",
    summary="Release the escrow",
    tags=["payments"],
    opt=answers(Release),
)
async def release_escrow(request: AnyRequest, order_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Pay the escrow out by the split that was frozen with the order (放款)."""

    async def act(c: Command) -> Answer:
        return done(await releasing.release(c.tx, actor=c.actor, now=c.now, order_id=order_id))

    return await command(request, act)


async def _record(request: AnyRequest, channel: Channel, told: SignedCallback) -> Recorded:
    wiring = context(request)
    now = wiring.now()
    event = callbacks.authenticate(channel.secret, channel.name, told, now)

    async def once(tx: Tx) -> Recorded:
        return await order_payment.hear(
            tx, now=now, channel=channel.name, event=event, nonce=told.nonce
        )

    # A delivery that came before writes no audit entry, for it changes nothing.
    actor = system(f"channel:{channel.name}")
    return await database.run(wiring.db, actor, once, must_remember=False)


def _heard(recorded: Recorded) -> Response[bytes]:
    hear_or_refuse(recorded)
    return answer(
        HeardCallback(
            effect=recorded.effect,
            is_replay=recorded.is_replay,
            payment_id=None if recorded.payment is None else recorded.payment.id,
        )
    )


def hear_or_refuse(recorded: Recorded) -> None:
    """Return if what a channel told fits what it was asked for.

    :raises DoesNotFit: if not; the break was committed.
    """
    if recorded.found is not None:
        raise DoesNotFit(found=str(recorded.found))


def _sandbox(request: AnyRequest) -> SandboxChannel:
    channel = channel_of(context(request), payments.SANDBOX)
    if not isinstance(channel, SandboxChannel):
        raise ChannelMissing(channel=payments.SANDBOX)
    return channel


def channel_of(wiring: Context, name: str) -> Channel:
    """Return a channel that is connected.

    :raises ChannelMissing: if it is not.
    """
    found: Channel | None = wiring.channels.get(name)
    if found is None:
        raise ChannelMissing(channel=name)
    return found


def _payer(actor: Actor) -> uuid.UUID | None:
    return None if actor.clearance is Clearance.SYSTEM else actor.party


def _header(request: AnyRequest, name: str, longest: int) -> str:
    value: Any = request.headers.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise HeaderMissing(header=name)
    return value
