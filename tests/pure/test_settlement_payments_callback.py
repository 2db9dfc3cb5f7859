"""A callback is believed when it is signed, fresh, and readable; then it is judged."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.money import CEILING
from settlement.payments.callback import (
    IGNORE,
    WINDOW_SECONDS,
    Break,
    CallbackUnreadable,
    Due,
    Effect,
    Judgement,
    OutsideWindow,
    SignatureWrong,
    authenticate,
    judge,
    read,
    sign,
    signing_bytes,
)
from settlement.payments.channel import ChannelEvent, EventKind, SignedCallback
from settlement.payments.states import Event, State

NOW = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)
SECRET = b"a channel's key"
EVENT = ChannelEvent(
    event_id="E1",
    kind=EventKind.SUCCEEDED,
    reference="P1",
    amount_fen=100,
    currency="CNY",
    channel_transaction_id="T1",
    happened_at=NOW,
)
BODY = msgspec.json.encode(EVENT)


def signed(**other: Any) -> SignedCallback:
    return sign(
        SECRET,
        **{
            "channel": "bank",
            "sent_at_seconds": int(NOW.timestamp()),
            "nonce": "n1",
            "body": BODY,
            **other,
        },
    )


def test_a_signed_callback_is_believed() -> None:
    assert authenticate(SECRET, "bank", signed(), NOW) == EVENT


def test_the_signed_bytes_are_golden() -> None:
    assert signing_bytes("bank", 7, "n", b"{}") == (
        b"shushi/channel-callback/1\n"
        b'{"body_sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",'
        b'"channel":"bank","nonce":"n","sent_at":7}'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "n2"},
        {"sent_at_seconds": int(NOW.timestamp()) + 1},
        {"body": BODY.replace(b"100", b"999")},
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é"},
    ],
)
def test_a_changed_callback_is_not_believed(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureWrong):
        authenticate(SECRET, "bank", msgspec.structs.replace(signed(), **change), NOW)


def test_another_channel_or_key_is_not_believed() -> None:
    with pytest.raises(SignatureWrong):
        authenticate(SECRET, "other", signed(), NOW)
    with pytest.raises(SignatureWrong):
        authenticate(b"another", "bank", signed(), NOW)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_flipped_byte_of_the_body_is_found(at: int, flip: int) -> None:
    body = bytearray(BODY)
    body[at] ^= flip

    with pytest.raises(SignatureWrong):
        authenticate(SECRET, "bank", msgspec.structs.replace(signed(), body=bytes(body)), NOW)


@pytest.mark.parametrize("off", [-WINDOW_SECONDS, 0, WINDOW_SECONDS])
def test_a_callback_within_the_window_is_believed(off: int) -> None:
    callback = signed(sent_at_seconds=int(NOW.timestamp()) + off)

    assert authenticate(SECRET, "bank", callback, NOW) == EVENT


@pytest.mark.parametrize("off", [-WINDOW_SECONDS - 1, WINDOW_SECONDS + 1])
def test_a_callback_outside_the_window_is_refused(off: int) -> None:
    with pytest.raises(OutsideWindow) as refused:
        authenticate(SECRET, "bank", signed(sent_at_seconds=int(NOW.timestamp()) + off), NOW)

    assert refused.value.facts["age_seconds"] == WINDOW_SECONDS + 1


@pytest.mark.parametrize(
    "change",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": CEILING + 1},
        {"amount_fen": 1.5},
        {"event_id": ""},
        {"event_id": "x" * 129},
        {"reference": "a\nb"},
        {"currency": ""},
        {"channel_transaction_id": ""},
        {"kind": "maybe"},
        {"happened_at": "2026-03-02T04:00:00"},
        {"happened_at": "0001-01-01T00:00:00+01:00"},
        {"happened_at": "9999-12-31T00:00:00Z"},
        {"more": 1},
    ],
)
def test_an_event_that_can_not_be_is_unreadable(change: dict[str, Any]) -> None:
    body = msgspec.json.encode(msgspec.to_builtins(EVENT) | change)

    with pytest.raises(CallbackUnreadable):
        read(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null"])
def test_a_body_that_is_no_event_is_unreadable(body: bytes) -> None:
    with pytest.raises(CallbackUnreadable):
        read(body)


def due(**other: Any) -> Due:
    return Due(
        **{
            "state": State.PENDING,
            "amount_fen": 100,
            "channel_transaction_id": None,
            "is_order_paid": False,
            **other,
        }
    )


def told(**other: Any) -> ChannelEvent:
    return msgspec.structs.replace(EVENT, **other)


PAID = Judgement(Effect.APPLIED, event=Event.SUCCEED)


@pytest.mark.parametrize(
    ("known", "event", "expected"),
    [
        (None, told(), Judgement(Effect.BREAK, found=Break.REFERENCE_UNKNOWN)),
        (due(), told(), PAID),
        (due(state=State.CREATED), told(), PAID),
        (due(state=State.FAILED), told(), PAID),
        (due(state=State.EXPIRED), told(), Judgement(Effect.BREAK, found=Break.PAID_LATE)),
        (due(), told(currency="USD"), Judgement(Effect.BREAK, found=Break.CURRENCY_DIFFERS)),
        (due(), told(amount_fen=99), Judgement(Effect.BREAK, found=Break.AMOUNT_DIFFERS)),
        (due(is_order_paid=True), told(), Judgement(Effect.BREAK, found=Break.PAID_TWICE)),
        (due(state=State.SUCCEEDED, channel_transaction_id="T1"), told(), IGNORE),
    ],
)
def test_a_success_is_judged_by_what_we_asked_for(
    known: Due | None, event: ChannelEvent, expected: Judgement
) -> None:
    assert judge(known, event) == expected


@pytest.mark.parametrize("state", State)
def test_a_failure_counts_only_while_the_payment_is_open(state: State) -> None:
    judged = judge(due(state=state), told(kind=EventKind.FAILED))

    is_open = state in (State.CREATED, State.PENDING, State.UNKNOWN)
    assert judged == (Judgement(Effect.APPLIED, event=Event.FAIL) if is_open else IGNORE)


@pytest.mark.parametrize(
    ("state", "paid", "amount", "currency"),
    list(itertools.product(State, (False, True), (99, 100), ("CNY", "USD"))),
)
def test_money_is_booked_only_when_everything_fits(
    state: State, paid: bool, amount: int, currency: str
) -> None:
    judged = judge(due(state=state, is_order_paid=paid), told(amount_fen=amount, currency=currency))

    fits = not paid and amount == 100 and currency == "CNY"
    can = state in (State.CREATED, State.PENDING, State.FAILED, State.UNKNOWN)
    assert (judged.event is Event.SUCCEED) is (fits and can)


def test_a_delivery_repeats_only_what_says_the_same() -> None:
    assert told().repeats(EVENT)
    assert not told(amount_fen=1).repeats(EVENT)
