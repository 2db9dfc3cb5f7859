"""Take money at a till, for an order or for a deposit (收银台): by which channel, and what its bank tells.

Both show ``_till.html``; what is paid, and whether it is due, each page knows itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Response

from catalog.kernel.errors import Missing
from market.channels.sandbox import SandboxChannel
from market.http.command import Command, read
from market.http.context import AnyRequest, context
from market.http.payments import ConfirmPayment, channel_of, hear_or_refuse, play_bank
from market.portal.forms import SHOWN_AGAIN, Shown, filled_in, read_form, shown_again
from market.portal.render import go
from settlement.payments.channel import Channel, EventKind
from settlement.payments.model import Payment
from settlement.payments.states import OPEN


class _Channel(msgspec.Struct, frozen=True):
    """Through which channel."""

    channel: str


class _BankSays(msgspec.Struct, frozen=True):
    """What the bank that is played tells."""

    kind: EventKind


def chosen_channel(c: Command, fields: dict[str, str]) -> Channel:
    """Return the channel that a form names.

    :raises ChannelMissing: if there is none of that name here.
    """
    return channel_of(c.context, filled_in(_Channel, fields).channel)


def waits(payment: Payment | None, now: dt.datetime) -> bool:
    """Tell whether a payment waits for the money."""
    return payment is not None and payment.state in OPEN and now < payment.expires_at


async def hear_bank(
    request: AnyRequest,
    look: Callable[[Command], Awaitable[Payment | None]],
    *,
    place: str,
    again: Callable[[Shown], Awaitable[Response[bytes]]],
) -> Response[bytes]:
    """Play the sandbox's bank: it tells that the money of the payment came, or that it did not.

    :raises Missing: if ``look`` finds no payment.
    :raises ChannelMissing: if there is no sandbox here.
    """
    fields = await read_form(request)
    payment = await read(request, look)
    if payment is None:
        raise Missing
    try:
        told = ConfirmPayment(kind=filled_in(_BankSays, fields).kind)
        hear_or_refuse(await play_bank(request, payment.reference, told))
    except SHOWN_AGAIN as error:
        return await again(shown_again(request, fields, error))
    return go(place)


def shown_at_till(request: AnyRequest, payment: Payment | None) -> dict[str, Any]:
    """Return what ``_till.html`` shows of a payment and of the channels that there are."""
    channels = context(request).channels
    used = None if payment is None else channels.get(payment.channel)
    return {
        "payment": payment,
        "channels": sorted(channels),
        "is_played": isinstance(used, SandboxChannel),
    }
