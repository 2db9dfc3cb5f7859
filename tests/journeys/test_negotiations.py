"""A buyer and a supplier come to an agreement, message by message; nobody else does it for them.

The complaints of others that these tests answer: EDC #5377 (an offer that was over was negotiated all
the same), #3777 (messages taken twice), #3840 (no way for a provider to begin), #5018 (messages after
the end were taken).
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import uuid

import pytest

from tests.api import code
from tests.makers_negotiations import BASE, PURPOSE, Talk, requested, terms
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

UNSIGNED = {"key_id": "none", "signature": base64.b64encode(b"nothing!").decode()}


trade = staged(make_trade)


async def finalized(trade: Trade) -> Talk:
    talk = await requested(trade)
    await talk.conclude()
    return talk


async def test_an_offer_and_a_counter_offer_lead_to_one_agreement_on_both_sides(
    trade: Trade,
) -> None:
    talk = await requested(trade)
    assert await talk.states() == ("requested", "requested")

    await talk.said(trade.supplier, "offers", terms=terms(trade, quantity=5))
    assert await talk.states() == ("offered", "offered")
    await talk.said(trade.buyer, "requests", terms=terms(trade, quantity=4))
    await talk.said(trade.supplier, "offers", terms=terms(trade, quantity=4))
    await talk.said(trade.buyer, "acceptances")
    assert await talk.states() == ("accepted", "accepted")
    await talk.conclude()

    buyers, suppliers = await talk.seen(trade.buyer), await talk.seen(trade.supplier)
    assert await talk.states() == ("finalized", "finalized")
    assert buyers["agreement"] == suppliers["agreement"]
    assert buyers["pending"] == suppliers["pending"] == []
    assert (buyers["own_pid"], buyers["other_pid"]) == (
        suppliers["other_pid"],
        suppliers["own_pid"],
    )
    agreement = buyers["agreement"]
    assert agreement["@type"] == "Agreement"
    assert agreement["target"] == f"urn:uuid:{trade.product_id}"
    assert agreement["assigner"] == f"urn:uuid:{trade.supplier.party.id}"
    assert agreement["assignee"] == f"urn:uuid:{trade.buyer.party.id}"
    told = {c["leftOperand"]: c["rightOperand"] for c in agreement["permission"][0]["constraint"]}
    assert told["purpose"] == PURPOSE
    assert told["count"] == "4"
    paid = {c["leftOperand"]: c["rightOperand"] for c in agreement["obligation"][0]["constraint"]}
    assert paid["payAmount"] == "493.80"
    assert len(paid["urn:shushi:odrl:filingSha256"]) == 64


async def test_each_side_keeps_what_it_said_and_heard_and_the_log_binds_every_message(
    trade: Trade,
) -> None:
    talk = await finalized(trade)

    said = await talk.messages(trade.buyer)
    heard = await talk.messages(trade.supplier)

    assert [m["message"]["event"] for m in said] == ["request", "agree", "verify", "finalize"]
    assert [m["message"]["id"] for m in said] == [m["message"]["id"] for m in heard]
    assert [m["is_sent"] for m in said] == [True, False, True, False]
    assert [m["is_sent"] for m in heard] == [False, True, False, True]
    assert {m["outcome"] for m in said + heard} == {"acknowledged"}
    for who in (trade.buyer, trade.supplier):
        found = await trade.by(who).find_in_log(action="negotiation_message:sent")
        said_by = [m["message"]["id"] for m in await talk.messages(who) if m["is_sent"]]
        leaves = [base64.b64decode(entry["leaf"]).decode() for entry in reversed(found)]
        assert len(leaves) == len(said_by) == 2
        assert all(id_ in leaf for id_, leaf in zip(said_by, leaves, strict=True))


async def test_a_supplier_may_begin_with_an_offer_to_a_buyer(trade: Trade) -> None:
    body = {
        "product_id": trade.product_id,
        "terms": terms(trade),
        "consumer_party_id": str(trade.buyer.party.id),
    }

    begun = must(await trade.by(trade.supplier).post(BASE, body))
    talk = Talk(trade, supplier_id=begun["id"])
    await talk.carry()
    listed = must(await trade.by(trade.buyer).get(BASE, negotiation_state="offered"))
    talk.ids[str(trade.buyer.party.id)] = listed["items"][0]["id"]

    assert begun["copy"]["role"] == "provider"
    assert await talk.states() == ("offered", "offered")
    await talk.said(trade.buyer, "acceptances")
    assert await talk.states() == ("accepted", "accepted")
    foreign = await trade.by(trade.buyer).post(
        BASE, body | {"consumer_party_id": str(trade.stranger.party.id)}
    )
    assert (foreign.status_code, code(foreign)) == (404, "not_found")


async def test_what_is_said_is_kept_before_it_is_carried_and_not_said_twice(trade: Trade) -> None:
    talk = await requested(trade)

    first = await talk.say(trade.supplier, "offers", terms=terms(trade))
    second = await talk.say(trade.supplier, "agreements")
    before = await talk.seen(trade.supplier)

    assert first.status_code == 200
    assert (second.status_code, code(second)) == (409, "negotiation_message_pending")
    assert (before["state"], [m["event"] for m in before["pending"]]) == ("requested", ["offer"])
    assert (await talk.seen(trade.buyer))["state"] == "requested"
    await talk.carry()
    await talk.carry()
    assert await talk.states() == ("offered", "offered")


@pytest.mark.parametrize(
    ("who", "what", "refused_as"),
    [
        ("buyer", "acceptances", "negotiation_event_not_allowed"),
        ("buyer", "verifications", "negotiation_event_not_allowed"),
        ("buyer", "agreements", "negotiation_out_of_turn"),
        ("buyer", "finalizations", "negotiation_out_of_turn"),
        ("supplier", "acceptances", "negotiation_out_of_turn"),
        ("supplier", "verifications", "negotiation_out_of_turn"),
        ("supplier", "finalizations", "negotiation_event_not_allowed"),
    ],
)
async def test_out_of_turn_nothing_is_said_and_nothing_changes(
    trade: Trade, who: str, what: str, refused_as: str
) -> None:
    talk = await requested(trade)
    member = getattr(trade, who)
    before = await talk.seen(member)
    body = UNSIGNED if what in ("verifications", "finalizations") else {}

    refused = await talk.say(member, what, **body)

    assert (refused.status_code, code(refused)) == (409, refused_as)
    assert await talk.seen(member) == before


async def test_an_offer_off_the_filed_price_or_scope_or_time_is_refused(trade: Trade) -> None:
    buyer = trade.by(trade.buyer)
    now = trade.clock.now()

    async def refusal(**changes: object) -> tuple[int, str]:
        answer = await buyer.post(
            BASE, {"product_id": trade.product_id, "terms": terms(trade, **changes)}
        )
        return answer.status_code, code(answer)

    assert await refusal(price_item="unfiled") == (409, "offer_price_not_filed")
    assert await refusal(price_item="forever", quantity=2) == (422, "order_quantity_out_of_range")
    assert await refusal(scenario="elsewhere") == (409, "offer_outside_filed_scope")
    assert await refusal(delivery_mode="sandbox") == (409, "offer_outside_filed_scope")
    assert await refusal(onward_use=True) == (409, "offer_outside_filed_scope")
    assert await refusal(valid_until=now.isoformat()) == (409, "offer_expired")
    assert await refusal(ends_at=now.isoformat()) == (422, "offer_times_invalid")
    assert must(await buyer.get(BASE))["items"] == []


async def test_an_expired_offer_is_not_accepted_one_second_later(trade: Trade) -> None:
    talk = await requested(trade)
    week = dt.timedelta(days=7)
    await talk.said(trade.supplier, "offers", terms=terms(trade))
    await trade.move_by(week)

    late = await talk.say(trade.buyer, "acceptances")

    assert (late.status_code, code(late)) == (409, "offer_expired")
    again = await talk.said(trade.buyer, "requests", terms=terms(trade))
    assert again["state"] == "requested"


async def test_a_frozen_product_is_neither_asked_for_nor_agreed_on(trade: Trade) -> None:
    talk = await requested(trade)
    listing = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["id"]
    must(await trade.listing_step(listing, "suspensions", trade.issuer, reason="核查"))

    agreed = await talk.say(trade.supplier, "agreements")
    asked = await trade.by(trade.buyer).post(
        BASE, {"product_id": trade.product_id, "terms": terms(trade)}
    )

    assert (agreed.status_code, code(agreed)) == (409, "product_not_listed")
    assert (asked.status_code, code(asked)) == (409, "product_not_listed")
    assert await talk.states() == ("requested", "requested")


async def test_either_side_ends_it_and_the_other_learns_why(trade: Trade) -> None:
    for who, other in ((trade.buyer, trade.supplier), (trade.supplier, trade.buyer)):
        talk = await requested(trade)

        await talk.said(who, "terminations", code="budget", reason="预算取消")

        assert await talk.states() == ("terminated", "terminated")
        told = await talk.seen(other)
        assert (told["code"], told["reason"]) == ("budget", "预算取消")
        after = await talk.say(other, "terminations")
        assert (after.status_code, code(after)) == (409, "negotiation_event_not_allowed")


async def test_what_is_finalized_is_not_ended(trade: Trade) -> None:
    talk = await finalized(trade)

    for who in (trade.buyer, trade.supplier):
        refused = await talk.say(who, "terminations")
        assert (refused.status_code, code(refused)) == (409, "negotiation_event_not_allowed")
    assert await talk.states() == ("finalized", "finalized")


async def test_others_find_no_negotiation_and_the_other_side_not_this_sides_copy(
    trade: Trade,
) -> None:
    talk = await requested(trade)
    unknown = str(uuid.uuid4())
    own = talk.ids[str(trade.buyer.party.id)]

    for who, copy in (
        (trade.stranger, own),
        (trade.supplier, own),
        (trade.buyer, unknown),
    ):
        client = trade.by(who)
        for step in ("requests", "offers"):
            body = {"terms": terms(trade)}
            assert (await client.post(f"{BASE}/{copy}/{step}", body)).status_code == 404
        for step in ("verifications", "finalizations"):
            assert (await client.post(f"{BASE}/{copy}/{step}", UNSIGNED)).status_code == 404
        assert (await client.get(f"{BASE}/{copy}/agreement")).status_code == 404
        for step in ("acceptances", "agreements", "terminations", "reconciliations"):
            assert (await client.post(f"{BASE}/{copy}/{step}")).status_code == 404
        assert (await client.get(f"{BASE}/{copy}")).status_code == 404
        assert (await client.get(f"{BASE}/{copy}/messages")).status_code == 404
    seen = must(await trade.by(trade.acceptor).get(BASE))["items"]
    assert len(seen) == 2  # the operator sees both copies


async def test_two_at_once_say_one_thing(trade: Trade) -> None:
    talk = await requested(trade)

    answers = await asyncio.gather(
        talk.say(trade.supplier, "agreements"),
        talk.say(trade.supplier, "offers", terms=terms(trade)),
        talk.say(trade.supplier, "agreements"),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert {code(a) for a in answers if a.status_code == 409} == {"negotiation_message_pending"}


async def test_two_jobs_at_once_carry_each_message_once(trade: Trade) -> None:
    talk = await requested(trade)
    must(await talk.say(trade.supplier, "agreements"))

    await asyncio.gather(*(talk.carry() for _ in range(4)))

    assert await talk.states() == ("agreed", "agreed")
    messages = await talk.messages(trade.buyer)
    assert [m["message"]["event"] for m in messages] == ["request", "agree"]


async def test_copies_are_compared_and_what_is_missing_is_sent_again(trade: Trade) -> None:
    talk = await requested(trade)
    in_step = must(await talk.say(trade.buyer, "reconciliations"))
    must(await talk.say(trade.supplier, "agreements"))

    behind = must(await talk.say(trade.supplier, "reconciliations"))

    assert (in_step["verdict"], in_step["missing"]) == ("in_step", None)
    assert (behind["verdict"], behind["missing"]) == ("send_again", "agree")
    assert behind["other_state"] == "requested"
    await talk.carry()
    assert await talk.states() == ("agreed", "agreed")


async def test_nobody_answers_for_a_month_and_it_ends_on_both_sides(trade: Trade) -> None:
    talk = await requested(trade)

    await trade.move_by(dt.timedelta(days=30))
    await talk.carry()

    assert await talk.states() == ("terminated", "terminated")
    assert (await talk.seen(trade.buyer))["code"] == "no_answer_in_time"


async def test_a_stranger_to_trading_negotiates_nothing(trade: Trade) -> None:
    refused = await trade.by(trade.acceptor).post(
        BASE, {"product_id": trade.product_id, "terms": terms(trade)}
    )
    own = await trade.by(trade.supplier).post(
        BASE, {"product_id": trade.product_id, "terms": terms(trade)}
    )

    assert (refused.status_code, code(refused)) == (403, "permission_missing")
    assert (own.status_code, code(own)) == (409, "own_product_not_orderable")
