"""Play a negotiation between two instances that share nothing but a channel that loses, doubles and shifts.

Each instance has one side's copy and the answers that it gave; the channel holds what is on its way.
Whoever plays chooses by a function that returns a number below another: hypothesis, or a seed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from catalog.kernel.errors import DomainError
from catalog.signing.model import KeyId, Signature
from market.contracts.policy import (
    PROFILE,
    ClausesChosen,
    PolicyOffer,
    PolicyRule,
    agreement_of,
    terms_sha256,
)
from market.negotiations import moving
from market.negotiations.model import Copy, Message, Reply, Role
from market.negotiations.moving import SENDERS
from market.negotiations.reconciling import Verdict, reconcile
from market.negotiations.states import FIRST, Event, State, allows, is_over

Choose = Callable[[int], int]

BEGINNING: Final = dt.datetime(2028, 2, 29, 15, 59, 59, tzinfo=dt.UTC)
SIGNATURE: Final = Signature(key_id=KeyId("k"), value=b"signed")
SIGNED: Final = (Event.VERIFY, Event.FINALIZE)
PRODUCT: Final = "urn:uuid:00000000-0000-7000-8000-000000000001"


class OfferRefused(DomainError):
    """The side that was asked does not take this offer, whenever it is asked."""

    code = "offer_refused_here"


def make_offer(number: int = 1, *, until: dt.datetime | None = None, **changes: Any) -> PolicyOffer:
    """Return an offer; of another number it has other terms."""
    made = PolicyOffer(
        id=uuid.UUID(int=number).urn,
        target=PRODUCT,
        profile=PROFILE,
        permission=(PolicyRule("use"),),
        obligation=(PolicyRule(f"terms-{number}"),),
        clauses=ClausesChosen(template="provision", version=1, parameters={}),
        valid_until=until or BEGINNING + dt.timedelta(days=1),
    )
    return replace(made, **changes)


def make_message(event: Event, sender: Role, number: int = 1, **changes: Any) -> Message:
    """Return a message of a side, between ``urn:c`` and ``urn:p``."""
    made = Message(
        id=f"urn:m:{number}",
        event=event,
        sender=sender,
        consumer_pid="urn:c",
        provider_pid="urn:p",
        offer=make_offer(number) if event in FIRST else None,
        signature=SIGNATURE if event in SIGNED else None,
    )
    return replace(made, **changes)


def take_any(message: Message) -> None:
    """Take whatever is said."""


def take_even(message: Message) -> None:
    """Take an offer whose terms have an even number, and no other."""
    offer = message.offer
    if offer is not None and int(offer.obligation[0].action.rpartition("-")[2]) % 2:
        raise OfferRefused


class Instance:
    """One side on a machine of its own: its copy, and what it answered to which message."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.pid = f"urn:{role.value}"
        self.copy: Copy | None = None
        self.answered: dict[str, Reply] = {}
        self.ended_for: str | None = None  # why it ended the negotiation, if it did

    def says(self, event: Event, number: int, now: dt.datetime) -> bool:
        """Say something if it may be said; what may not changes nothing."""
        before = self.copy
        message = self._message(event, number, now)
        try:
            if before is None:
                self.copy = moving.begin(self.role, self.pid, message, now=now)
            else:
                self.copy = moving.send(before, message, now=now)
        except DomainError:
            assert self.copy is before
            return False
        if event is Event.TERMINATE:
            self.ended_for = message.reason
        return True

    def answers(self, message: Message, now: dt.datetime) -> Reply:
        """Take a message and answer it; the same again if it was answered before."""
        if message.id in self.answered and self.copy is not None:
            return replace(self.answered[message.id], state=self.copy.state)
        if self.copy is None:
            reply = self._first(message, now)
        else:
            self.copy, reply = moving.answer(self.copy, message, now=now, check=take_even)
        self.answered[message.id] = reply
        return reply

    def hears(self, message_id: str, reply: Reply) -> None:
        """Hear what was answered."""
        assert self.copy is not None
        self.copy = moving.hear(self.copy, message_id, reply)

    def compares(self, theirs: State | None) -> Verdict | None:
        """Compare the copy with where the other side stands, and do what is to be done."""
        if self.copy is None:
            return None
        verdict = reconcile(self.copy, theirs).verdict
        if verdict is Verdict.ENDED:
            self.copy = moving.ended(self.copy)
        elif verdict is Verdict.ARRIVED:
            reply = Reply(pid=f"urn:{self.role.other.value}", state=theirs)
            self.hears(self.copy.pending[0].id, reply)
        return verdict

    def _first(self, message: Message, now: dt.datetime) -> Reply:
        try:
            take_even(message)
            self.copy = moving.take_first(self.role, self.pid, message, now=now)
        except DomainError as refusal:
            return Reply(pid=None, state=None, code=refusal.code)
        return Reply(pid=self.pid, state=self.copy.state)

    def _message(self, event: Event, number: int, now: dt.datetime) -> Message:
        copy = self.copy
        message = Message(
            id=f"urn:{self.role.value}:{number}",
            event=event,
            sender=self.role,
            consumer_pid=self.pid if copy is None else copy.consumer_pid,
            provider_pid=self.pid if copy is None else copy.provider_pid,
        )
        if event in FIRST:
            return replace(
                message, offer=make_offer(number, until=now + dt.timedelta(minutes=2 + number % 40))
            )
        if event is Event.AGREE and copy is not None:
            agreement = agreement_of(
                copy.offer, agreement_id=uuid.UUID(int=number), assigner="p", assignee="c", now=now
            )
            return replace(message, agreement=agreement, document=b"%d" % number)
        if event is Event.TERMINATE:
            return replace(message, code="ended", reason=f"{message.id} ends it")
        return replace(message, signature=SIGNATURE) if event in SIGNED else message


class OnItsWay(msgspec.Struct, frozen=True):
    """What the channel holds: a message to a side, or an answer to what it said."""

    to: Role
    message: Message
    reply: Reply | None = None


class Played(msgspec.Struct, kw_only=True):
    """What happened in a game, so that a test can tell that all of it happens."""

    lost: int = 0
    doubled: int = 0
    refused: int = 0
    said: int = 0
    compared: set[Verdict] = msgspec.field(default_factory=set)


class Game:
    """Two instances and the channel between them."""

    def __init__(self, choose: Choose) -> None:
        self.choose = choose
        self.now = BEGINNING
        self.sides = {role: Instance(role) for role in Role}
        self.channel: list[OnItsWay] = []
        self.played = Played()
        self.number = 0

    def run(self, steps: int) -> None:
        """Begin, do so many things, then let all arrive; hold both copies against each other."""
        first = tuple(Role)[self.choose(2)]
        self.say(first, Event.REQUEST if first is Role.CONSUMER else Event.OFFER, self.number + 2)
        for _ in range(steps):
            self.step()
            self.check_never_apart()
        self.heal()
        self.check_agreed()

    def step(self) -> None:
        """Do one thing."""
        what = self.choose(12)
        role = tuple(Role)[self.choose(2)]
        if what < 3:
            self.say(role, self.next_event(role))
        elif what == 3 and self.choose(4) == 0:
            self.say(role, Event.TERMINATE)
        elif what < 7:
            self.transmit(role)
        elif what < 10:
            self.arrive()
        elif what == 10:
            self.now += dt.timedelta(minutes=self.choose(4))
        else:
            self.compare(role)

    def next_event(self, role: Role) -> Event:
        """Return something to say: mostly what would be in time, sometimes whatever it may be."""
        copy = self.sides[role].copy
        in_time = [
            event
            for event in Event
            if copy is not None and role in SENDERS[event] and allows(copy.state, event)
        ][:-1]
        if in_time and self.choose(4):
            return in_time[self.choose(len(in_time))]
        return tuple(Event)[self.choose(len(Event) - 1)]

    def say(self, role: Role, event: Event, number: int | None = None) -> None:
        side = self.sides[role]
        if side.copy is None and self.sides[role.other].copy is not None:
            return  # who was not asked yet knows of nothing
        self.number = self.number + 1 if number is None else number
        self.played.said += side.says(event, self.number, self.now)

    def transmit(self, role: Role) -> None:
        """Put what a side has pending on its way, once more if it is there already."""
        copy = self.sides[role].copy
        if copy is not None and copy.pending:
            told = moving.addressed(copy, copy.pending[0])
            self.played.doubled += any(told.id == on.message.id for on in self.channel)
            self.channel.append(OnItsWay(role.other, told))

    def arrive(self) -> None:
        """Let something arrive, whatever was sent first; or lose it, or leave a double behind."""
        if not self.channel:
            return
        place, fate = self.choose(len(self.channel)), self.choose(5)
        on = self.channel[place] if fate == 4 else self.channel.pop(place)
        if fate == 0:
            self.played.lost += 1
            return
        self.hand_over(on)

    def hand_over(self, on: OnItsWay) -> None:
        side = self.sides[on.to]
        if on.reply is not None:
            side.hears(on.message.id, on.reply)
            return
        reply = side.answers(on.message, self.now)
        self.played.refused += not reply.is_acknowledged
        self.channel.append(OnItsWay(on.to.other, on.message, reply))

    def compare(self, role: Role) -> None:
        other = self.sides[role.other].copy
        verdict = self.sides[role].compares(None if other is None else other.state)
        if verdict is not None:
            self.played.compared.add(verdict)
            assert verdict is not Verdict.CONTRADICTION, "copies that follow the rules never do"

    def heal(self) -> None:
        """Let everything arrive: what is on its way in some order, and what is pending after it."""
        for _ in range(64):
            while self.channel:
                self.hand_over(self.channel.pop(self.choose(len(self.channel))))
            for role in Role:
                self.transmit(role)
            if not self.channel:
                break
        for role in Role:
            self.compare(role)

    def copies(self) -> list[Copy]:
        return [side.copy for side in self.sides.values() if side.copy is not None]

    def check_never_apart(self) -> None:
        """Assert what must hold at every moment: what is final on one side never ended on the other."""
        states = {copy.state for copy in self.copies()}
        assert not {State.FINALIZED, State.TERMINATED} <= states

    def check_reason(self) -> None:
        """Assert that both know why it ended, if one of them ended it alone."""
        told = {side.ended_for for side in self.sides.values()} - {None}
        if len(told) == 1:
            assert {copy.reason for copy in self.copies()} == told

    def check_agreed(self) -> None:
        """Assert that both agree in every respect, or both have ended."""
        copies = self.copies()
        assert not any(copy.pending for copy in copies)
        if len(copies) == 1:  # refused at the first word, or never heard of
            assert copies[0].state is State.TERMINATED
            return
        one, other = copies
        assert one.state is other.state
        if one.state is State.TERMINATED:
            self.check_reason()
            return
        assert one.offer == other.offer
        assert one.offered_by is other.offered_by
        assert one.agreement == other.agreement
        assert one.document == other.document
        assert one.consumer_signature == other.consumer_signature
        assert one.provider_signature == other.provider_signature
        if one.agreement is not None:
            assert terms_sha256(one.agreement) == terms_sha256(other.offer)
        assert one.consumer_pid == other.consumer_pid
        assert one.provider_pid == other.provider_pid
        assert is_over(one.state) or reconcile(one, other.state).verdict is Verdict.IN_STEP
