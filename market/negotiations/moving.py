"""Move one side's copy: say something, hear that it arrived or was refused, take a message.

Both copies agree in the end because of four things. Turns alternate, so that two messages can only
cross where one of them ends the negotiation; an ending counts at once, where it is said and where
it is heard; whoever answers a message has received it, acknowledged or not; and the one message
after which nothing can be ended any more, the finalization, forbids its sender to end it while no
answer is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from catalog.kernel.errors import Conflict, DomainError, Invalid, Missing, Refused
from market.contracts import constraints
from market.contracts.model import AgreementOver
from market.contracts.policy import PolicyOffer, terms_sha256
from market.negotiations.model import Copy, Message, Reply, Role
from market.negotiations.states import FIRST, Event, State, advance, is_over

#: Who may say what.
SENDERS: Final[dict[Event, frozenset[Role]]] = {
    Event.REQUEST: frozenset({Role.CONSUMER}),
    Event.OFFER: frozenset({Role.PROVIDER}),
    Event.ACCEPT: frozenset({Role.CONSUMER}),
    Event.AGREE: frozenset({Role.PROVIDER}),
    Event.VERIFY: frozenset({Role.CONSUMER}),
    Event.FINALIZE: frozenset({Role.PROVIDER}),
    Event.TERMINATE: frozenset(Role),
}

#: By which code a copy ended that only knows that it has ended over there, and not yet why.
ENDED_OVER_THERE: Final = "ended_by_the_other_side"

#: What else is asked of a message that would be in time: its price, its words, its signature.
Check = Callable[[Message], None]


class NegotiationOutOfTurn(Refused):
    """The message is the other side's to send."""

    code = "negotiation_out_of_turn"


class NegotiationMessagePending(Conflict):
    """The last message has no answer yet; until then nothing but an ending may be said."""

    code = "negotiation_message_pending"


class FinalizationPending(Refused):
    """The finalization was sent: it may have been taken, so that it can not be called back."""

    code = "negotiation_finalization_pending"


class OfferExpired(Refused):
    """The offer was open until an instant that is over (要约已失效)."""

    code = "offer_expired"


class OfferMissing(Invalid):
    """The message lacks the offer or the agreement that it is about."""

    code = "negotiation_message_incomplete"


class OfferTargetDiffers(Refused):
    """The offer is about another dataset than the negotiation."""

    code = "offer_target_differs"


class AgreementDiffers(Refused):
    """The terms of the agreement are not those of the offer that was accepted."""

    code = "agreement_differs_from_offer"


def begin(role: Role, own_pid: str, message: Message, *, now: dt.datetime) -> Copy:
    """Return the copy of the side that begins, with its first message pending.

    :raises NegotiationOutOfTurn: if that side does not begin with such a message.
    :raises OfferExpired: if the offer is over already.
    """
    if message.event not in FIRST or role not in SENDERS[message.event]:
        raise NegotiationOutOfTurn(event=message.event.value)
    offer = offer_of(message)
    check_open(offer, now)
    return Copy(
        role=role,
        own_pid=own_pid,
        other_pid=None,
        state=FIRST[message.event],
        offer=offer,
        offered_by=role,
        pending=(message,),
    )


def take_first(role: Role, own_pid: str, message: Message, *, now: dt.datetime) -> Copy:
    """Return the copy of the side that is asked first; the caller has asked about its price.

    :raises Missing: if no negotiation begins like that.
    :raises NegotiationOutOfTurn: if that side does not begin with such a message.
    :raises OfferExpired: if the offer is over already.
    """
    other_pid = message.consumer_pid if role is Role.PROVIDER else message.provider_pid
    if message.event not in FIRST or role is message.sender or other_pid is None:
        raise Missing
    if message.sender not in SENDERS[message.event]:
        raise NegotiationOutOfTurn(event=message.event.value)
    offer = offer_of(message)
    check_open(offer, now)
    return Copy(
        role=role,
        own_pid=own_pid,
        other_pid=other_pid,
        state=FIRST[message.event],
        offer=offer,
        offered_by=message.sender,
    )


def check_turn(copy: Copy, event: Event) -> None:
    """Return if it is this side's to say it, and the time for it.

    :raises NegotiationOutOfTurn: if such a message is the other side's.
    :raises NegotiationEventNotAllowed: if it is not the time for it.
    :raises NegotiationMessagePending: if the last message has no answer yet.
    """
    if copy.role not in SENDERS[event]:
        raise NegotiationOutOfTurn(event=event.value)
    advance(copy.state, event)
    if copy.pending and event is not Event.TERMINATE:
        raise NegotiationMessagePending(event=copy.pending[0].event.value)


def send(copy: Copy, message: Message, *, now: dt.datetime) -> Copy:
    """Return the copy with a message pending; an ending counts at once.

    :raises NegotiationOutOfTurn: if such a message is the other side's.
    :raises NegotiationEventNotAllowed: if it is not the time for it.
    :raises NegotiationMessagePending: if the last one has no answer yet.
    :raises FinalizationPending: if it would end what may be finalized.
    :raises OfferExpired: if the offer is over.
    :raises AgreementOver: if it would sign what is over already.
    """
    check_turn(copy, message.event)
    if message.event is Event.TERMINATE:
        return _end(copy, message)
    _check_content(copy, message, now=now)
    return replace(copy, pending=(message,), code=None, reason=None)


def hear(copy: Copy, message_id: str, reply: Reply) -> Copy:
    """Return the copy after an answer to a message; one to an older message changes nothing."""
    if not copy.pending or copy.pending[0].id != message_id:
        return copy
    sent, rest = copy.pending[0], copy.pending[1:]
    if reply.is_acknowledged:
        after = _as_taken(copy, sent)
        return replace(after, other_pid=copy.other_pid or reply.pid, pending=rest)
    if is_over(copy.state):
        return replace(copy, pending=())  # whoever ended it may leave an error alone
    if copy.other_pid is None and reply.state is not State.TERMINATED:
        # What was refused at the first word has ended here.
        return replace(copy, state=State.TERMINATED, pending=(), code=reply.code)
    if reply.state is State.TERMINATED:
        return ended(copy)  # why is told by the ending itself, which is on its way
    return replace(copy, pending=(), code=reply.code)


def receive(copy: Copy, message: Message, *, now: dt.datetime, check: Check) -> Copy:
    """Return the copy after a message of the other side.

    :raises Missing: if it names another negotiation.
    :raises NegotiationOutOfTurn: if such a message is this side's own.
    :raises NegotiationEventNotAllowed: if it is not the time for it.
    :raises OfferExpired: if the offer is over.
    :raises AgreementDiffers: if the agreement is on other terms (and what ``check`` raises).
    :raises AgreementOver: if what is signed is over already.
    """
    if message.sender is copy.role or message.sender not in SENDERS[message.event]:
        raise NegotiationOutOfTurn(event=message.event.value)
    copy = _named(copy, message)
    if message.event is Event.TERMINATE:
        is_late = copy.state is State.TERMINATED and copy.code == ENDED_OVER_THERE
        after = copy.state if is_late else advance(copy.state, message.event)
        return replace(copy, state=after, pending=(), code=message.code, reason=message.reason)
    # Whoever answers what was said has received it, although no answer came.
    heard = copy if is_over(copy.state) else _all_taken(copy)
    advance(heard.state, message.event)
    _check_content(heard, message, now=now)
    check(message)
    return replace(_applied(heard, message), code=None, reason=None)


def answer(copy: Copy, message: Message, *, now: dt.datetime, check: Check) -> tuple[Copy, Reply]:
    """Return the copy after a message, and what is answered; an error leaves the copy as it was."""
    try:
        after = receive(copy, message, now=now, check=check)
    except DomainError as refusal:
        return copy, Reply(pid=copy.own_pid, state=copy.state, code=refusal.code)
    return after, Reply(pid=after.own_pid, state=after.state)


def offer_of(message: Message) -> PolicyOffer:
    """Return the offer of a message that begins with one.

    :raises OfferMissing: if it has none.
    """
    if message.offer is None:
        raise OfferMissing(missing="offer")
    return message.offer


def check_open(offer: PolicyOffer, now: dt.datetime) -> None:
    """Return if an offer can still be accepted.

    :raises OfferExpired: if it is over, to the second.
    """
    if now >= offer.valid_until:
        raise OfferExpired(valid_until=offer.valid_until.isoformat())


def ended(copy: Copy) -> Copy:
    """Return a copy after it turned out that the other side has ended the negotiation."""
    return replace(copy, state=State.TERMINATED, pending=(), code=ENDED_OVER_THERE)


def addressed(copy: Copy, message: Message) -> Message:
    """Return a message with the names of the negotiation as far as they are known by now."""
    return replace(message, consumer_pid=copy.consumer_pid, provider_pid=copy.provider_pid)


def addressed_to(copy: Copy, message: Message) -> Message:
    """Return a message with the receiver's own name for it, which its sender need not know yet."""
    if copy.role is Role.CONSUMER:
        return replace(message, consumer_pid=copy.own_pid)
    return replace(message, provider_pid=copy.own_pid)


def expected(copy: Copy) -> State:
    """Return where the negotiation stands if all that was said has arrived."""
    return copy.state if is_over(copy.state) else _all_taken(copy).state


def _end(copy: Copy, message: Message) -> Copy:
    if copy.pending and copy.pending[0].event is Event.FINALIZE:
        raise FinalizationPending
    # Of what was said first nobody knows whether it arrived: it goes ahead, and its answer tells
    # by which name the other side knows what is ended.
    ahead = copy.pending[:1] if copy.other_pid is None else ()
    return replace(
        copy,
        state=State.TERMINATED,
        pending=(*ahead, message),
        code=message.code,
        reason=message.reason,
    )


def _all_taken(copy: Copy) -> Copy:
    for sent in copy.pending:
        copy = _as_taken(copy, sent)
    return replace(copy, pending=())


def _is_first(copy: Copy, sent: Message) -> bool:
    """Tell whether a message is the one that began the negotiation: its offer is on the table."""
    return sent.event in FIRST and copy.offer == sent.offer and copy.offered_by is sent.sender


def _as_taken(copy: Copy, sent: Message) -> Copy:
    """Return the copy after one of its messages was taken over there."""
    if is_over(copy.state) or _is_first(copy, sent):
        return copy  # counted when it was said
    return replace(_applied(copy, sent), code=None, reason=None)


def _applied(copy: Copy, message: Message) -> Copy:
    after = replace(copy, state=advance(copy.state, message.event))
    if message.offer is not None:
        after = replace(after, offer=message.offer, offered_by=message.sender)
    if message.agreement is not None:
        after = replace(after, agreement=message.agreement, document=message.document)
    if message.event is Event.VERIFY:
        after = replace(after, consumer_signature=message.signature)
    if message.event is Event.FINALIZE:
        after = replace(after, provider_signature=message.signature)
    return after


def _named(copy: Copy, message: Message) -> Copy:
    named = {Role.CONSUMER: message.consumer_pid, Role.PROVIDER: message.provider_pid}
    other = named[copy.role.other]
    is_known = named[copy.role] == copy.own_pid and other is not None
    if not is_known or copy.other_pid not in (None, other):
        raise Missing
    return replace(copy, other_pid=other)


def _check_content(copy: Copy, message: Message, *, now: dt.datetime) -> None:
    if message.event in FIRST:
        offer = offer_of(message)
        check_open(offer, now)
        if offer.target != copy.offer.target:
            raise OfferTargetDiffers
    elif message.event in (Event.ACCEPT, Event.AGREE):
        check_open(copy.offer, now)
    if message.event is Event.AGREE:
        if message.agreement is None or message.document is None:
            raise OfferMissing(missing="agreement")
        if terms_sha256(message.agreement) != terms_sha256(copy.offer):
            raise AgreementDiffers
    if message.event in (Event.VERIFY, Event.FINALIZE):
        if message.signature is None:
            raise OfferMissing(missing="signature")
        ends_at = None if copy.agreement is None else constraints.ends_at(copy.agreement)
        if ends_at is not None and now >= ends_at:
            raise AgreementOver(ends_at=ends_at.isoformat())
