"""Check who sent a callback, and judge what it means (支付回调).

A callback is believed when its signature is right, it was sent less than five minutes ago, and its
nonce was not used for anything else. What it says is then applied, ignored because it is old news,
or kept as a break (差错) because it does not fit what we asked for.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import hmac
from typing import Final

import msgspec
import rfc8785

from catalog.kernel.errors import Conflict, Forbidden, Invalid
from settlement.money import CEILING, CURRENCY
from settlement.payments import states
from settlement.payments.channel import OF_CHARGEBACKS, ChannelEvent, EventKind, SignedCallback

# Ours: long enough for a clock that is wrong and a slow network, short enough that nonces need
# not be kept for ever.
WINDOW_SECONDS: Final = 300
FRAME: Final = b"shushi/channel-callback/1\n"
TEXT_MAX: Final = 128


class SignatureWrong(Forbidden):
    """The callback was not signed with the channel's key, or was changed on its way."""

    code = "callback_signature_wrong"


class OutsideWindow(Forbidden):
    """The callback was sent too long ago, or in the future."""

    code = "callback_outside_window"


class NonceReused(Conflict):
    """The nonce was used for another event before."""

    code = "callback_nonce_reused"


class EventReused(Conflict):
    """The channel gave one event id to two different events."""

    code = "channel_event_reused"


class CallbackUnreadable(Invalid):
    """The body of the callback is not what this port speaks."""

    code = "callback_unreadable"


class Break(enum.StrEnum):
    """How a callback does not fit (差错类型)."""

    AMOUNT_DIFFERS = "amount_differs"  # 金额不符
    CURRENCY_DIFFERS = "currency_differs"  # 币种不符
    REFERENCE_UNKNOWN = "reference_unknown"  # 长款: we asked for no such payment
    PAID_LATE = "paid_late"  # 过期到账
    PAID_TWICE = "paid_twice"  # 重复支付
    NOT_PAID = "not_paid"  # 拒付未到账的支付
    CHARGED_BACK_TWICE = "charged_back_twice"  # 重复拒付: another case of the payment is open
    CASE_UNKNOWN = "case_unknown"  # 拒付案号不存在
    CASE_OVER = "case_over"  # 拒付已了结，结果不同


class Effect(enum.StrEnum):
    """What became of a callback."""

    APPLIED = "applied"
    IGNORED = "ignored"
    BREAK = "break"


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The payment that a callback is about, as we know it."""

    state: states.State
    amount_fen: int
    channel_transaction_id: str | None
    is_order_paid: bool


class Judgement(msgspec.Struct, frozen=True):
    """What is to be done with a callback."""

    effect: Effect
    event: states.Event | None = None
    found: Break | None = None


IGNORE: Final = Judgement(Effect.IGNORED)


def signing_bytes(channel: str, sent_at_seconds: int, nonce: str, body: bytes) -> bytes:
    """Return the bytes that the channel signs: a frame, then RFC 8785."""
    return FRAME + rfc8785.dumps(
        {
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "channel": channel,
            "nonce": nonce,
            "sent_at": sent_at_seconds,
        }
    )


def sign(
    secret: bytes, *, channel: str, sent_at_seconds: int, nonce: str, body: bytes
) -> SignedCallback:
    """Return the body as a signed callback. The channel's side of ``authenticate``."""
    message = signing_bytes(channel, sent_at_seconds, nonce, body)
    return SignedCallback(
        sent_at_seconds=sent_at_seconds,
        nonce=nonce,
        signature=hmac.new(secret, message, hashlib.sha256).hexdigest(),
        body=body,
    )


def authenticate(
    secret: bytes, channel: str, callback: SignedCallback, now: dt.datetime
) -> ChannelEvent:
    """Return the event that the channel reports.

    :raises SignatureWrong: if the signature is not the channel's over exactly this.
    :raises OutsideWindow: if it was sent more than five minutes away from ``now``.
    :raises CallbackUnreadable: if the body is no event.
    """
    told = sign(
        secret,
        channel=channel,
        sent_at_seconds=callback.sent_at_seconds,
        nonce=callback.nonce,
        body=callback.body,
    )
    # Bytes, because compare_digest refuses a text that is not ASCII.
    if not hmac.compare_digest(told.signature.encode(), callback.signature.encode()):
        raise SignatureWrong(channel=channel)
    age = abs(int(now.timestamp()) - callback.sent_at_seconds)
    if age > WINDOW_SECONDS:
        raise OutsideWindow(age_seconds=age, window_seconds=WINDOW_SECONDS)
    return read(callback.body)


def read(body: bytes) -> ChannelEvent:
    """Return the event in the body of a callback.

    :raises CallbackUnreadable: if it is malformed, an amount is out of range, a name is empty or
        long, or the instant has no zone or can not be.
    """
    try:
        event = msgspec.json.decode(body, type=ChannelEvent)
    except (msgspec.MsgspecError, UnicodeDecodeError) as malformed:
        raise CallbackUnreadable(reason=str(malformed)) from malformed
    names = (event.event_id, event.reference, event.currency, event.channel_transaction_id)
    if not all(0 < len(name) <= TEXT_MAX and name.isprintable() for name in names):
        raise CallbackUnreadable(reason="a name is empty, too long, or not printable")
    if not 0 < event.amount_fen <= CEILING:
        raise CallbackUnreadable(reason="the amount is out of range")
    # Years beyond these are a wrong unit, not an instant of a payment.
    if event.happened_at.tzinfo is None or not 2000 <= event.happened_at.year < 2200:  # noqa: PLR2004
        raise CallbackUnreadable(reason="the instant has no zone, or is out of range")
    return event


def judge(due: Due | None, event: ChannelEvent) -> Judgement:
    """Return what is to be done with ``event``, given the payment it names.

    What tells of a charge-back is judged by the room of charge-backs.
    """
    assert event.kind not in OF_CHARGEBACKS, "they are heard elsewhere"
    if due is None:
        return Judgement(Effect.BREAK, found=Break.REFERENCE_UNKNOWN)
    if event.kind is EventKind.FAILED:
        # A failure that comes after a success is old news.
        if states.allows(due.state, states.Event.FAIL):
            return Judgement(Effect.APPLIED, event=states.Event.FAIL)
        return IGNORE
    if due.channel_transaction_id == event.channel_transaction_id:
        return IGNORE  # the same transaction under a new event id
    found = _misfit(due, event)
    if found is not None:
        return Judgement(Effect.BREAK, found=found)
    return Judgement(Effect.APPLIED, event=states.Event.SUCCEED)


def _misfit(due: Due, event: ChannelEvent) -> Break | None:
    misfits = (
        (Break.CURRENCY_DIFFERS, event.currency != CURRENCY),
        (Break.AMOUNT_DIFFERS, event.amount_fen != due.amount_fen),
        (Break.PAID_TWICE, due.is_order_paid),
        (Break.PAID_LATE, not states.allows(due.state, states.Event.SUCCEED)),
    )
    return next((found for found, holds in misfits if holds), None)
