"""Decide what becomes of a message after a try, and when an endpoint is given up (回调重试)."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Final

import msgspec

from market.webhooks.model import Answer, Delivery, Endpoint
from market.webhooks.states import Event, State, advance

_MINUTE: Final = dt.timedelta(minutes=1)
_HOUR: Final = dt.timedelta(hours=1)
#: After each failed try, how long to wait for the next: the schedule of the Standard Webhooks spec.
PAUSES: Final = (
    dt.timedelta(seconds=5),
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
# [P] of a pause so much is left to chance, so that what failed together is not tried together.
_JITTER: Final = 0.2
#: An endpoint that took nothing for so long is switched off, and its party told [P].
DISABLED_AFTER: Final = dt.timedelta(days=5)
#: How long one worker has a message to itself. A killed one leaves it to the next after that.
LEASE: Final = dt.timedelta(minutes=2)
#: How long the secret before the newest still signs beside it [P].
OVERLAP: Final = dt.timedelta(hours=24)
# [P] what an endpoint asks us to wait is believed up to this.
_LONGEST_WAIT: Final = 24 * _HOUR
_TAKEN: Final = range(200, 300)
_GONE: Final = 410


def is_taken(answer: Answer) -> bool:
    """Tell whether the other side has the message."""
    return answer.status in _TAKEN


def is_gone(answer: Answer) -> bool:
    """Tell whether the other side wants no more messages at all (410 Gone)."""
    return answer.status == _GONE


def settle(delivery: Delivery, answer: Answer, *, at: dt.datetime) -> Delivery:
    """Return a message after one more try that was answered so."""
    tried = delivery.attempts + 1
    if is_taken(answer):
        event = Event.DELIVER
    elif is_gone(answer) or tried > len(PAUSES):
        event = Event.GIVE_UP
    else:
        event = Event.DEFER
    state = advance(delivery.state, event)
    is_settled = state is not State.QUEUED
    return msgspec.structs.replace(
        delivery,
        state=state,
        attempts=tried,
        next_attempt_at=at if is_settled else at + _pause(delivery, tried, answer),
        last_status=answer.status,
        last_error=answer.error or None,
        settled_at=at if is_settled else None,
    )


def replayed(delivery: Delivery, *, at: dt.datetime) -> Delivery:
    """Return a message that is told once more, as if it had never been tried.

    :raises WebhookEventNotAllowed: if it waits already.
    """
    return msgspec.structs.replace(
        delivery,
        state=advance(delivery.state, Event.REPLAY),
        attempts=0,
        next_attempt_at=at,
        settled_at=None,
    )


def after(endpoint: Endpoint, answer: Answer, *, at: dt.datetime) -> Endpoint:
    """Return an endpoint after a try: it does well, fails since then, or is switched off."""
    if is_taken(answer):
        return msgspec.structs.replace(endpoint, failing_since=None)
    since = endpoint.failing_since or at
    because = None
    if is_gone(answer):
        because = "gone"
    elif at - since >= DISABLED_AFTER:
        because = "failing"
    return msgspec.structs.replace(
        endpoint,
        failing_since=since,
        disabled_at=at if because is not None else endpoint.disabled_at,
        disabled_because=because or endpoint.disabled_because,
    )


def _pause(delivery: Delivery, tried: int, answer: Answer) -> dt.timedelta:
    """Return how long to wait: by the schedule and some chance, or longer if the endpoint says so."""
    drawn = hashlib.sha256(f"{delivery.id}:{tried}".encode()).digest()
    share = int.from_bytes(drawn[:4], "big") / 2**32
    pause = PAUSES[tried - 1] * (1 + _JITTER * share)
    asked = dt.timedelta(seconds=answer.retry_after_seconds or 0)
    return max(pause, min(asked, _LONGEST_WAIT))
