"""Decide what becomes of a delivery after an attempt: taken, tried again later, or given up."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Final, Protocol

import msgspec

from catalog.notifications.model import Channel, Delivery
from catalog.notifications.states import Event, State, advance

# After each failed try, how long to wait for the next; [P]. The last one is final: three days.
PAUSES: Final = tuple(dt.timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440, 1440))
# How long one worker has a delivery to itself. A killed one leaves it to the next after that.
LEASE: Final = dt.timedelta(minutes=5)


class Outcome(enum.StrEnum):
    """What the other side's server said (对方服务器的答复)."""

    TAKEN = "taken"  # 已接收
    DEFERRED = "deferred"  # 暂时不能: busy, unreachable, greylisted
    REJECTED = "rejected"  # 拒收: no such mailbox, not allowed


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent: the same ``message_id`` at each try, so that a doubled one is known."""

    delivery_id: str
    address: str
    subject: str
    text: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the other side, as it was given."""

    outcome: Outcome
    code: str
    text: str
    message_id: str = ""


class Carrier(Protocol):
    """Carry messages by one channel (发送渠道). Never raises for what the other side does."""

    @property
    def channel(self) -> Channel:
        """Return the channel that it serves."""
        ...

    async def carry(self, message: Message) -> Answer:
        """Hand ``message`` over and return what was answered."""
        ...


def settle(delivery: Delivery, outcome: Outcome, *, at: dt.datetime) -> Delivery:
    """Return ``delivery`` after one more attempt that was answered with ``outcome``."""
    tried = delivery.attempts + 1
    if outcome is Outcome.TAKEN:
        event = Event.DELIVER
    elif outcome is Outcome.REJECTED or tried > len(PAUSES):
        event = Event.FAIL
    else:
        event = Event.DEFER
    state = advance(delivery.state, event)
    is_settled = state is not State.QUEUED
    return msgspec.structs.replace(
        delivery,
        state=state,
        attempts=tried,
        next_attempt_at=delivery.next_attempt_at if is_settled else at + PAUSES[tried - 1],
        settled_at=at if is_settled else None,
        # A code is worth nothing once it is out, and is not to lie about.
        facts=None if is_settled else delivery.facts,
    )
