"""Say what must be true before an escrow is released (放款条件).

The delivery was accepted (验收), the time for inspecting it is over, and nobody disputes it
(RULES §6.8). Whether acceptance ends the inspection at once is for the contract to say; the order
hands down the instant. All that is missing is named together, not one thing per attempt.
"""

from __future__ import annotations

import datetime as dt
import enum
from typing import Protocol

import msgspec

from catalog.kernel.errors import Refused
from settlement.ledger.journal import Leg
from settlement.money import Fen


class Obstacle(enum.StrEnum):
    """What stands in the way of a release."""

    NOT_ACCEPTED = "delivery_not_accepted"  # 未验收
    INSPECTION_RUNNING = "inspection_running"  # 验收期未满
    DISPUTE_OPEN = "dispute_open"  # 争议未决


class NotReleasable(Refused):
    """Something that must be true first is not."""

    code = "escrow_not_releasable"


class ReleaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the order knows and the escrow asks."""

    accepted_at: dt.datetime | None
    inspection_ends_at: dt.datetime | None
    has_open_dispute: bool


class Increment(msgspec.Struct, frozen=True, kw_only=True):
    """What one capture of several pays: ``charged`` from the escrow, ``settled`` out of the residual.

    ``waiting_fen`` of the capture goes into the residual (尾差). It never waits and settles at once.
    """

    charged: tuple[Leg, ...]
    settled: tuple[Leg, ...]
    waiting_fen: int


class Distribution(Protocol):
    """A split that was frozen with the order: it says who is credited with what."""

    @property
    def version(self) -> str:
        """Return the name of the agreement from which it came."""
        ...

    def credits(self, amount_fen: Fen, /) -> tuple[Leg, ...]:
        """Return the credits that pay ``amount_fen`` out, all at once."""
        ...

    def increment(self, before_fen: int, after_fen: Fen, /) -> Increment:
        """Return what is paid when the sum of all captures grows from one to another."""
        ...

    def final(self, total_fen: Fen, /) -> tuple[Leg, ...]:
        """Return what goes out of the residual when nothing more is captured: all of it."""
        ...


def obstacles(facts: ReleaseFacts, now: dt.datetime) -> tuple[Obstacle, ...]:
    """Return everything that stands in the way; nothing means that the money may go."""
    is_accepted = facts.accepted_at is not None and facts.accepted_at <= now
    is_over = facts.inspection_ends_at is not None and facts.inspection_ends_at <= now
    found = (
        (Obstacle.NOT_ACCEPTED, not is_accepted),
        (Obstacle.INSPECTION_RUNNING, not is_over),
        (Obstacle.DISPUTE_OPEN, facts.has_open_dispute),
    )
    return tuple(obstacle for obstacle, stands in found if stands)


def check(facts: ReleaseFacts, now: dt.datetime) -> None:
    """Return if the escrow may be released.

    :raises NotReleasable: if not, with every reason.
    """
    reasons = obstacles(facts, now)
    if reasons:
        raise NotReleasable(reasons=[str(reason) for reason in reasons])
