"""Messages are written as the Dataspace Protocol 2025-1 has them, read back the same, or refused."""

from __future__ import annotations

import copy as copies
import uuid
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from catalog.kernel.errors import DomainError, Missing
from catalog.kernel.ids import PartyId
from catalog.signing.model import KeyId, Signature
from market.contracts import document
from market.contracts.policy import agreement_of
from market.negotiations import moving, wire
from market.negotiations.model import Copy, Message, Reply, Role
from market.negotiations.states import FIRST, Event, State
from tests.dataspace_forms import FORMS, faults
from tests.negotiating import take_any
from tests.pure.test_contracts_policy import BUYER, NOW, offer
from tests.pure.test_contracts_special_prices import special

C, P = uuid.UUID(int=21).urn, uuid.UUID(int=22).urn
CALLBACK = "https://buyer.example/dsp"
SUPPLIER = PartyId(uuid.UUID(int=8))
OFFER = offer(regions=("海南", "广东"), use_category=None)
AGREEMENT = agreement_of(
    OFFER, agreement_id=uuid.UUID(int=30), assigner=SUPPLIER.urn, assignee=BUYER, now=NOW
)
DOCUMENT = document.write(AGREEMENT, supplier="供方", buyer="需方", product="港口气象")
SIGNATURE = Signature(key_id=KeyId("k-1"), value=b"\x00\xff signed")


def said(event: Event, sender: Role, **changes: Any) -> Message:
    parts: dict[str, Any] = {
        Event.REQUEST: {"offer": OFFER},
        Event.OFFER: {"offer": special()},
        Event.AGREE: {"agreement": AGREEMENT, "document": DOCUMENT},
        Event.VERIFY: {"signature": SIGNATURE},
        Event.FINALIZE: {"signature": SIGNATURE},
        Event.TERMINATE: {"code": "budget", "reason": "预算取消"},
    }.get(event, {})
    made = Message(
        id=f"urn:m:{event.value}",
        event=event,
        sender=sender,
        consumer_pid=C,
        provider_pid=P,
        **parts,
    )
    return replace(made, **changes)


#: Every message that a side says, first ones with where they are answered.
SAID = [
    (said(Event.REQUEST, Role.CONSUMER, provider_pid=None), CALLBACK),
    (said(Event.OFFER, Role.PROVIDER, consumer_pid=None), CALLBACK),
    *((said(event, role), None) for event in Event for role in sorted(moving.SENDERS[event])),
    (said(Event.TERMINATE, Role.CONSUMER, code=None, reason=None), None),
]


def on_the_way(message: Message, callback: str | None = None) -> Any:
    """Return what the other side's JSON reader gets."""
    return msgspec.json.decode(msgspec.json.encode(wire.write(message, callback_address=callback)))


def refusal(raw: Any, sender: Role = Role.CONSUMER) -> str:
    with pytest.raises(DomainError) as refused:
        wire.read(raw, sender=sender)
    return refused.value.code


@pytest.mark.parametrize(
    ("message", "callback"), SAID, ids=[f"{m.event}-{m.sender}-{c is not None}" for m, c in SAID]
)
def test_every_message_is_as_the_protocol_has_it_and_is_read_back_the_same(
    message: Message, callback: str | None
) -> None:
    told = on_the_way(message, callback)

    assert faults(told) == []
    assert wire.read(told, sender=message.sender) == message


def test_every_type_of_message_is_said() -> None:
    types = {on_the_way(message, callback)["@type"] for message, callback in SAID}

    assert types == set(FORMS) - {wire.NEGOTIATION, wire.ERROR}
    assert types == set(wire.TYPES.values())


@pytest.mark.parametrize("state", State)
def test_where_a_copy_stands_is_told_in_the_protocols_words(state: State) -> None:
    copy = Copy(
        role=Role.PROVIDER,
        own_pid=P,
        other_pid=None if state is State.OFFERED else C,
        state=state,
        offer=OFFER,
        offered_by=Role.PROVIDER,
    )

    told = wire.negotiation(copy)

    assert faults(told) == []
    assert (told["providerPid"], told["state"]) == (P, state.value.upper())
    assert told["consumerPid"] == (uuid.UUID(int=0).urn if state is State.OFFERED else C)


@pytest.mark.parametrize("event", Event)
def test_a_refusal_has_the_protocols_form_with_our_code_and_words(event: Event) -> None:
    for sender in sorted(moving.SENDERS[event]):
        reply = Reply(pid=P, state=State.OFFERED, code="offer_expired")

        told = wire.error(said(event, sender), reply, reasons=("要约已失效。", "It is over."))

        assert faults(told) == []
        assert (told["code"], len(told["reason"])) == ("offer_expired", 2)
        names = {told["consumerPid"], told["providerPid"]}
        assert names == ({C, P} if sender is Role.CONSUMER else {P})


def test_what_was_refused_at_the_first_word_has_no_name_over_there() -> None:
    for event, known in ((Event.REQUEST, "consumerPid"), (Event.OFFER, "providerPid")):
        sender = Role.CONSUMER if event is Event.REQUEST else Role.PROVIDER
        own = {"provider_pid": None} if sender is Role.CONSUMER else {"consumer_pid": None}
        told = wire.error(said(event, sender, **own), Reply(pid=None, state=None, code="no"))

        assert faults(told) == []
        assert told[known] == (C if event is Event.REQUEST else P)
        assert uuid.UUID(int=0).urn in told.values()
        assert "reason" not in told


@pytest.mark.parametrize(
    ("code", "is_first", "status"),
    [
        (None, True, 201),
        (None, False, 200),
        (Missing.code, False, 404),
        ("negotiation_event_not_allowed", False, 400),
        ("offer_expired", True, 400),
    ],
)
def test_only_what_is_not_there_is_answered_404_and_every_other_refusal_400(
    code: str | None, is_first: bool, status: int
) -> None:
    assert wire.status_of(Reply(pid=P, state=None, code=code), is_first=is_first) == status


def test_the_same_json_is_the_same_message_where_nobody_named_it() -> None:
    told = on_the_way(said(Event.ACCEPT, Role.CONSUMER))
    del told["@id"]
    other = copies.deepcopy(told) | {"providerPid": uuid.UUID(int=99).urn}

    one, again, else_ = (
        wire.read(each, sender=Role.CONSUMER)
        for each in (told, dict(reversed(told.items())), other)
    )

    assert one == again
    assert one.id.startswith("urn:sha256:")
    assert else_.id != one.id


def test_reasons_are_texts_or_texts_in_a_language() -> None:
    told = on_the_way(said(Event.TERMINATE, Role.PROVIDER))
    told["reason"] = ["太贵", {"@value": "too dear", "@language": "en"}, {"@value": 7}, 7, ""]

    assert wire.read(told, sender=Role.PROVIDER).reason == "太贵\ntoo dear"


@pytest.mark.parametrize(
    "changes",
    [
        {"@type": "TransferRequestMessage"},
        {"@type": "ContractNegotiationEventMessage", "eventType": "VERIFIED"},
        {"@type": "ContractNegotiationEventMessage"},
        {"@type": None},
        {"@context": ["https://w3id.org/dspace/2024/1/context.json"]},
        {"@context": None},
        {"consumerPid": 7},
        {"consumerPid": ""},
        {"urn:shushi:odrl:document": "?"},
        {"urn:shushi:odrl:signature": {"key_id": "k"}},
        {"reason": "no list"},
    ],
    ids=str,
)
def test_what_is_no_message_of_the_protocol_is_refused(changes: dict[str, Any]) -> None:
    told = on_the_way(said(Event.REQUEST, Role.CONSUMER)) | changes

    assert refusal({name: value for name, value in told.items() if value is not None}) == (
        "negotiation_message_unreadable"
    )
    for raw in (None, [], "text", 7, {}):
        assert refusal(raw) == "negotiation_message_unreadable"


def test_a_policy_that_says_what_is_not_known_is_refused_and_never_cut_short() -> None:
    told = on_the_way(said(Event.REQUEST, Role.CONSUMER))
    logical = copies.deepcopy(told)
    logical["offer"]["permission"][0]["constraint"] = [{"and": []}]
    further = copies.deepcopy(told)
    further["offer"]["remark"] = "x"
    swapped = copies.deepcopy(told)
    swapped["offer"] = on_the_way(said(Event.AGREE, Role.PROVIDER))["agreement"]
    agreed = on_the_way(said(Event.AGREE, Role.PROVIDER))
    agreed["agreement"] = told["offer"]

    assert refusal(logical) == "constraint_unknown"
    assert refusal(further) == "policy_unreadable"
    assert refusal(swapped) == "policy_unreadable"
    assert refusal(agreed, Role.PROVIDER) == "policy_unreadable"


def test_two_houses_agree_by_nothing_but_the_protocols_json() -> None:
    consumer = moving.begin(
        Role.CONSUMER, C, said(Event.REQUEST, Role.CONSUMER, provider_pid=None), now=NOW
    )
    first = wire.read(on_the_way(consumer.pending[0], CALLBACK), sender=Role.CONSUMER)
    provider = moving.take_first(Role.PROVIDER, P, first, now=NOW)
    consumer = moving.hear(consumer, first.id, Reply(pid=P, state=provider.state))
    assert set(FIRST) == {Event.REQUEST, Event.OFFER}

    for event, sender in (
        (Event.AGREE, Role.PROVIDER),
        (Event.VERIFY, Role.CONSUMER),
        (Event.FINALIZE, Role.PROVIDER),
    ):
        own, other = (consumer, provider) if sender is Role.CONSUMER else (provider, consumer)
        own = moving.send(own, said(event, sender), now=NOW)
        told = wire.read(on_the_way(own.pending[0]), sender=sender)
        other, reply = moving.answer(other, told, now=NOW, check=take_any)
        own = moving.hear(own, told.id, reply)
        consumer, provider = (own, other) if sender is Role.CONSUMER else (other, own)

    assert consumer.state is provider.state is State.FINALIZED
    assert (consumer.agreement, consumer.document) == (provider.agreement, provider.document)
    assert consumer.document == DOCUMENT
    assert consumer.provider_signature == provider.provider_signature == SIGNATURE
