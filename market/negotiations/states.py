"""Give the life of a negotiation (磋商状态): the states of the Dataspace Protocol 2025-1, one to one.

The protocol's words are the names of the members; what is stored are their values. The first
message, a request or an offer, makes the negotiation: there is no state before it.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.kernel.errors import Refused


class State(enum.StrEnum):
    """Where a negotiation stands."""

    REQUESTED = "requested"  # 需方已请求
    OFFERED = "offered"  # 供方已要约
    ACCEPTED = "accepted"  # 需方已承诺
    AGREED = "agreed"  # 供方已发出协议
    VERIFIED = "verified"  # 需方已核验协议
    FINALIZED = "finalized"  # 已达成
    TERMINATED = "terminated"  # 已终止


class Event(enum.StrEnum):
    """What one side says. The comment names the message of the protocol."""

    REQUEST = "request"  # ContractRequestMessage
    OFFER = "offer"  # ContractOfferMessage
    ACCEPT = "accept"  # ContractNegotiationEventMessage, ACCEPTED
    AGREE = "agree"  # ContractAgreementMessage
    VERIFY = "verify"  # ContractAgreementVerificationMessage
    FINALIZE = "finalize"  # ContractNegotiationEventMessage, FINALIZED
    TERMINATE = "terminate"  # ContractNegotiationTerminationMessage


class NegotiationEventNotAllowed(Refused):
    """It is not the time for such a message (the protocol's state transition error)."""

    code = "negotiation_event_not_allowed"


#: With which message a negotiation can begin, and where it stands then.
FIRST: Final[dict[Event, State]] = {
    Event.REQUEST: State.REQUESTED,
    Event.OFFER: State.OFFERED,
}
_OPEN: Final = tuple(s for s in State if s not in (State.FINALIZED, State.TERMINATED))

TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (State.REQUESTED, Event.OFFER): State.OFFERED,
    (State.REQUESTED, Event.AGREE): State.AGREED,
    (State.OFFERED, Event.REQUEST): State.REQUESTED,
    (State.OFFERED, Event.ACCEPT): State.ACCEPTED,
    (State.ACCEPTED, Event.AGREE): State.AGREED,
    (State.AGREED, Event.VERIFY): State.VERIFIED,
    (State.VERIFIED, Event.FINALIZE): State.FINALIZED,
    # The text of the protocol lets both sides end it in any state; its drawing, not in all.
    **{(state, Event.TERMINATE): State.TERMINATED for state in _OPEN},
}


def advance(state: State, event: Event) -> State:
    """Return the state after ``event``.

    :raises NegotiationEventNotAllowed: if it is not the time for it.
    """
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise NegotiationEventNotAllowed(state=state.value, event=event.value)
    return following


def allows(state: State, event: Event) -> bool:
    """Tell whether ``event`` can happen in ``state``."""
    return (state, event) in TRANSITIONS


def is_over(state: State) -> bool:
    """Tell whether nothing moves any more."""
    return state not in _OPEN
