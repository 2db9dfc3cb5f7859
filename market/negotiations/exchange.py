"""Say how a message travels to a side that lives in another house (跨节点传输): an envelope and a port.

Whatever carries it — the protocol's HTTP binding, or a test — puts itself behind ``Peer``. It may lose,
double, shift and delay: what has no answer is sent again, and what was answered once is answered the same again.
"""

from __future__ import annotations

import uuid
from typing import Protocol

import msgspec

from catalog.kernel.ids import PartyId
from market.negotiations.model import Message, Reply
from market.negotiations.states import State


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A message with who says it to whom, and about which product."""

    sender: PartyId
    receiver: PartyId
    product_id: uuid.UUID
    message: Message


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Of which copy is asked where it stands: by its own name, or by the asking side's until that is known."""

    asks: PartyId
    of: PartyId
    own_pid: str  # of the side that asks
    pid: str | None  # of the side that is asked


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the other side's copy stands, and by which name it knows it; None: it knows of nothing."""

    pid: str | None
    state: State | None


class NoAnswer(Exception):
    """Nothing came back: what was said may have arrived, or not."""


class Peer(Protocol):
    """The house in which another side lives."""

    async def deliver(self, envelope: Envelope) -> Reply:
        """Hand a message over and return what is answered.

        :raises NoAnswer: if nothing comes back.
        """

    async def where(self, asked: Asked) -> Told:
        """Return where a side's copy stands.

        :raises NoAnswer: if nothing comes back.
        """
