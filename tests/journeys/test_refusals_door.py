"""What the door itself refuses: faults, other sites' forms, channels that are not believed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.channels.sandbox import SandboxChannel
from market.identity.permissions import Role
from settlement.payments.callback import sign
from settlement.payments.channel import PaymentRequest, SignedCallback
from tests.api import Api, code
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged


async def test_a_fault_of_ours_says_nothing_of_its_inside(api: Api) -> None:
    api.app.litestar.state.context = None

    answer = await api.as_("a token").get("/api/v1/me")

    assert (answer.status_code, code(answer)) == (500, "internal_error")
    assert answer.json()["request_id"] in answer.json()["title"]
    assert "NoneType" not in answer.text


@pytest.mark.parametrize(
    "told",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://testserver"},
        {"origin": "http://elsewhere.example"},
    ],
    ids=["cross-site", "same-site", "foreign origin"],
)
async def test_a_command_with_a_cookie_from_another_site_is_refused(
    api: Api, db: Database, clock: ManualClock, told: dict[str, str]
) -> None:
    member = await make_member(db, Role.SUPPLIER, now=clock.now())
    cookie = {"cookie": f"shushi_session={member.token}"}

    refused = await api.http.delete(
        "/api/v1/sessions/current", headers=cookie | told | {"idempotency-key": "k"}
    )

    assert (refused.status_code, code(refused)) == (403, "csrf_failed")
    assert (await api.as_(member.token).get("/api/v1/me")).status_code == 200


# ── the channel's callbacks ─────────────────────────────────────────────────────────────────


trade = staged(make_trade)


async def _hear(
    api: Api, told: SignedCallback, channel: str = "sandbox", **headers: str | None
) -> httpx.Response:
    sent: dict[str, Any] = {
        "x-channel-sent-at": str(told.sent_at_seconds),
        "x-channel-nonce": told.nonce,
        "x-channel-signature": told.signature,
        "content-type": "application/json",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.http.post(
        f"/api/v1/channels/{channel}/callbacks",
        content=told.body,
        headers={name: value for name, value in sent.items() if value is not None},
    )


async def _owed(trade: Trade) -> tuple[str, SandboxChannel, Any]:
    """Return an order to be paid, its channel, and what the channel was asked to collect."""
    order = await trade.contracted()
    payment = must(await trade.step(order, "payments", trade.buyer))["payment"]
    channel = trade.api.context.channels["sandbox"]
    return order, channel, payment


def _confirmed(trade: Trade, channel: SandboxChannel, payment: Any, **said: Any) -> SignedCallback:
    request = PaymentRequest(
        reference=payment["reference"],
        order_id=payment["order_id"],
        amount_fen=payment["amount_fen"],
        currency=payment["currency"],
        expires_at=dt.datetime.fromisoformat(payment["expires_at"]),
    )
    return channel.confirm(request, now=trade.clock.now(), **said)


async def test_nothing_is_heard_from_or_paid_through_a_channel_that_is_not_connected(
    trade: Trade,
) -> None:
    order, channel, payment = await _owed(trade)

    heard = await _hear(trade.api, _confirmed(trade, channel, payment), channel="elsewhere")
    asked = await trade.step(order, "payments", trade.buyer, channel="elsewhere")

    assert (heard.status_code, code(heard)) == (404, "channel_not_found")
    assert (asked.status_code, code(asked)) == (404, "channel_not_found")


@pytest.mark.parametrize("header", ["x_channel_sent_at", "x_channel_nonce", "x_channel_signature"])
@pytest.mark.parametrize("value", [None, "", "9" * 200], ids=["none", "empty", "long"])
async def test_a_callback_needs_the_headers_that_it_is_believed_by(
    api: Api, header: str, value: str | None
) -> None:
    told = SignedCallback(sent_at_seconds=1, nonce="n", signature="s", body=b"{}")

    refused = await _hear(api, told, **{header: value})

    assert (refused.status_code, code(refused)) == (422, "callback_header_missing")
    assert refused.json()["facts"] == {"header": header.replace("_", "-")}


async def test_an_instant_that_is_no_number_is_no_header(api: Api) -> None:
    told = SignedCallback(sent_at_seconds=1, nonce="n", signature="s", body=b"{}")

    refused = await _hear(api, told, x_channel_sent_at="noon")

    assert code(refused) == "callback_header_missing"


async def test_only_the_channel_itself_is_believed_and_only_for_five_minutes(trade: Trade) -> None:
    order, channel, payment = await _owed(trade)
    told = _confirmed(trade, channel, payment)

    forged = await _hear(trade.api, told, x_channel_nonce="another")
    trade.clock.move_by(dt.timedelta(minutes=6))
    late = await _hear(trade.api, told)

    assert code(forged) == "callback_signature_wrong"
    assert code(late) == "callback_outside_window"
    assert (await trade.order(order))["state"] == "contracted"


async def test_what_does_not_fit_what_was_asked_for_is_refused_and_books_nothing(
    trade: Trade,
) -> None:
    order, channel, payment = await _owed(trade)

    short = await _hear(
        trade.api, _confirmed(trade, channel, payment, amount_fen=payment["amount_fen"] - 1)
    )

    assert (short.status_code, code(short)) == (409, "callback_does_not_fit")
    assert short.json()["facts"] == {"found": "amount_differs"}
    assert (await trade.order(order))["state"] == "contracted"
    right = await _hear(trade.api, _confirmed(trade, channel, payment))
    assert right.json()["effect"] == "applied", right.text
    assert (await trade.order(order))["state"] == "paid"


async def test_a_nonce_counts_once(trade: Trade) -> None:
    order, channel, payment = await _owed(trade)
    first = _confirmed(trade, channel, payment)
    must(await _hear(trade.api, first))
    other = sign(
        channel.secret,
        channel="sandbox",
        sent_at_seconds=first.sent_at_seconds,
        nonce=first.nonce,
        body=_confirmed(trade, channel, payment, amount_fen=1).body,
    )

    refused = await _hear(trade.api, other)

    assert code(refused) == "callback_nonce_reused"
    assert (await trade.order(order))["state"] == "paid"
