"""Write messages as the JSON of the Dataspace Protocol 2025-1, and read them (报文).

Whoever carries messages to another house calls these; between two sides of this house nothing is
written. What the protocol has no word for, the bytes that are signed, signatures and the id by which the
same message is known again, travels under names of our own, which other readers leave alone.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from catalog.kernel.errors import Invalid, Missing
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import Signature
from market.contracts import policy
from market.contracts.policy import OWN, PolicyAgreement, PolicyOffer, PolicyUnreadable
from market.negotiations.model import Copy, Message, Reply, Role
from market.negotiations.states import Event

CONTEXT: Final = "https://w3id.org/dspace/2025/1/context.jsonld"
NEGOTIATION: Final = "ContractNegotiation"
ERROR: Final = "ContractNegotiationError"

#: Under which type each thing is said; two of them share one and differ by their event.
TYPES: Final[dict[Event, str]] = {
    Event.REQUEST: "ContractRequestMessage",
    Event.OFFER: "ContractOfferMessage",
    Event.ACCEPT: "ContractNegotiationEventMessage",
    Event.AGREE: "ContractAgreementMessage",
    Event.VERIFY: "ContractAgreementVerificationMessage",
    Event.FINALIZE: "ContractNegotiationEventMessage",
    Event.TERMINATE: "ContractNegotiationTerminationMessage",
}
_EVENT_TYPES: Final = {Event.ACCEPT: "ACCEPTED", Event.FINALIZE: "FINALIZED"}
_KINDS: Final = {(TYPES[event], _EVENT_TYPES.get(event)): event for event in Event}
#: Of whom nothing is known: where a first message was refused, no negotiation has a name.
_NOBODY: Final = uuid.UUID(int=0).urn

_Pid = Annotated[str, Meta(min_length=1, max_length=200)]


class NegotiationMessageUnreadable(Invalid):
    """The JSON is no message of the protocol."""

    code = "negotiation_message_unreadable"


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read of a message; what is not known of it is left alone, but never in a policy."""

    context: Annotated[tuple[str, ...], Meta(max_length=20)] = msgspec.field(name="@context")
    type: str = msgspec.field(name="@type")
    id: _Pid | UnsetType = msgspec.field(name="@id", default=UNSET)
    consumer_pid: _Pid | None = None
    provider_pid: _Pid | None = None
    callback_address: str | None = None
    event_type: str | None = None
    offer: Any = None
    agreement: Any = None
    code: Annotated[str, Meta(max_length=64)] | None = None
    reason: tuple[Any, ...] = ()
    document: bytes | None = msgspec.field(name=f"{OWN}document", default=None)
    signature: Signature | None = msgspec.field(name=f"{OWN}signature", default=None)


def write(message: Message, *, callback_address: str | None = None) -> dict[str, Any]:
    """Return a message as the protocol has it.

    ``callback_address`` is where its sender is answered; only the first message of a side has one.
    """
    told: dict[str, Any] = {
        "@context": [CONTEXT],
        "@type": TYPES[message.event],
        "@id": message.id,
        "consumerPid": message.consumer_pid,
        "providerPid": message.provider_pid,
        "callbackAddress": callback_address,
        "eventType": _EVENT_TYPES.get(message.event),
        "offer": msgspec.to_builtins(message.offer),
        "agreement": msgspec.to_builtins(message.agreement),
        "code": message.code,
        "reason": None if message.reason is None else [message.reason],
        f"{OWN}document": msgspec.to_builtins(message.document),
        f"{OWN}signature": msgspec.to_builtins(message.signature),
    }
    return {name: value for name, value in told.items() if value is not None}


def read(raw: Any, *, sender: Role) -> Message:
    """Return the message that the other side sent.

    :raises NegotiationMessageUnreadable: if it is none of the protocol.
    :raises PolicyUnreadable: if its offer or agreement is no policy of it.
    :raises ConstraintUnknown: if a policy has constraints that are nested in one another.
    """
    try:
        told = msgspec.convert(raw, _Wire)
    except msgspec.ValidationError as error:
        raise NegotiationMessageUnreadable(reason=str(error)) from error
    event = _KINDS.get((told.type, told.event_type))
    if event is None or CONTEXT not in told.context:
        raise NegotiationMessageUnreadable(reason=f"{told.type} is not known here")
    offer, agreement = _policies(told)
    return Message(
        # The same JSON is the same message, where its sender gives it no name.
        id=f"urn:sha256:{sha256_hex(canonical(raw))}" if told.id is UNSET else told.id,
        event=event,
        sender=sender,
        consumer_pid=told.consumer_pid,
        provider_pid=told.provider_pid,
        offer=offer,
        agreement=agreement,
        document=told.document,
        signature=told.signature,
        code=told.code,
        reason=_words(told.reason),
    )


def negotiation(copy: Copy) -> dict[str, Any]:
    """Return where a side's copy stands, as the protocol's answer (``ContractNegotiation``)."""
    return {
        "@context": [CONTEXT],
        "@type": NEGOTIATION,
        "consumerPid": copy.consumer_pid or _NOBODY,
        "providerPid": copy.provider_pid or _NOBODY,
        "state": copy.state.value.upper(),
    }


def error(message: Message, reply: Reply, *, reasons: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a refusal as the protocol has it (``ContractNegotiationError``): its code, and words."""
    assert reply.code is not None, "what was taken is no error"
    own = "providerPid" if message.sender is Role.CONSUMER else "consumerPid"
    names = {"consumerPid": message.consumer_pid, "providerPid": message.provider_pid}
    names[own] = reply.pid or names[own]
    told: dict[str, Any] = {
        "@context": [CONTEXT],
        "@type": ERROR,
        **{name: pid or _NOBODY for name, pid in names.items()},
        "code": reply.code,
    }
    return {**told, "reason": list(reasons)} if reasons else told


def status_of(reply: Reply, *, is_first: bool) -> int:
    """Return with which status the HTTP binding answers: 404 only for what is not there."""
    if reply.code is None:
        return 201 if is_first else 200
    return 404 if reply.code == Missing.code else 400


def _policies(told: _Wire) -> tuple[PolicyOffer | None, PolicyAgreement | None]:
    offer = None if told.offer is None else policy.read(told.offer)
    agreement = None if told.agreement is None else policy.read(told.agreement)
    if isinstance(offer, PolicyAgreement) or isinstance(agreement, PolicyOffer):
        raise PolicyUnreadable(reason="an offer stands where an agreement does, or the other way")
    return offer, agreement


def _words(reasons: tuple[Any, ...]) -> str | None:
    """Return the reasons as one text: each is a text, or an object with one in some language."""
    said = [each if isinstance(each, str) else _value(each) for each in reasons]
    return "\n".join(text for text in said if text)[:2_000] or None


def _value(reason: Any) -> str:
    value = reason.get("@value") if isinstance(reason, dict) else None
    return value if isinstance(value, str) else ""
