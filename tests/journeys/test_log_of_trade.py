"""Both sides find in the log what is about their negotiations and agreements, and nobody else does."""

from __future__ import annotations

import uuid

from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import Member, make_member
from tests.makers_negotiations import requested
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

SEARCH = "/api/v1/log/entries"


trade = staged(make_trade)


async def found(trade: Trade, who: Member, kind: str, identifier: str) -> list[str] | str:
    """Return the events about a thing, oldest first, or the code of the refusal."""
    answer = await trade.by(who).get(SEARCH, subject_kind=kind, subject_id=identifier, limit=200)
    if answer.status_code != 200:
        return code(answer)
    return [each["event"] for each in reversed(answer.json()["items"])]


async def test_a_negotiation_is_found_by_the_side_whose_copy_it_is(trade: Trade) -> None:
    talk = await requested(trade)
    await talk.conclude()
    await trade.api.run_jobs()
    buyers, suppliers = (talk.ids[str(who.party.id)] for who in (trade.buyer, trade.supplier))

    of_buyer = await found(trade, trade.buyer, "negotiation", buyers)
    of_supplier = await found(trade, trade.supplier, "negotiation", suppliers)

    assert of_buyer[0] == "negotiation_message:sent"
    assert "negotiation_message:sent" in of_supplier
    for who, copy in ((trade.buyer, suppliers), (trade.supplier, buyers), (trade.stranger, buyers)):
        assert await found(trade, who, "negotiation", copy) == "not_found"
    auditor = await make_member(trade.db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    for who in (trade.acceptor, trade.regulator, auditor):
        assert await found(trade, who, "negotiation", buyers) == of_buyer
    assert await found(trade, trade.buyer, "negotiation", str(uuid.uuid4())) == "not_found"


async def test_an_agreement_is_found_by_both_sides_with_what_each_did_itself(trade: Trade) -> None:
    agreement = str((await (await requested(trade)).conclude())["id"])
    path = f"/api/v1/agreements/{agreement}"
    must(await trade.by(trade.supplier).post(f"{path}/end-proposals", {"reason": "停止供应"}))
    await trade.api.run_jobs()

    both = [
        await found(trade, who, "agreement", agreement) for who in (trade.buyer, trade.supplier)
    ]

    assert both[0] == both[1] == ["agreement:concluded", "agreement:end_proposed"]
    assert await found(trade, trade.stranger, "agreement", agreement) == "not_found"
    assert await found(trade, trade.acceptor, "agreement", agreement) == both[0]
    told = {}
    for who in (trade.buyer, trade.supplier):
        answer = await trade.by(who).get(SEARCH, subject_kind="agreement", subject_id=agreement)
        told[who.party.id] = [each["event"] for each in answer.json()["items"] if each["payload"]]
    assert told == {trade.buyer.party.id: [], trade.supplier.party.id: ["agreement:end_proposed"]}


async def test_credit_and_endpoints_are_found_by_their_party(trade: Trade) -> None:
    body = {
        "party_id": str(trade.buyer.party.id),
        "act": "data_leak",
        "facts": "泄露",
        "basis": "决定书",
    }
    record = must(await trade.by(trade.adjudicator).post("/api/v1/credit-records", body))["id"]
    hook = {"url": "https://hooks.example.com/", "event_types": ["order.placed"]}
    made = must(await trade.by(trade.buyer).post("/api/v1/my/webhook-endpoints", hook))
    await trade.api.run_jobs()

    for kind, identifier, events in (
        ("credit_record", record, ["credit:found"]),
        ("webhook_endpoint", made["endpoint"]["id"], ["webhook_endpoint:registered"]),
    ):
        assert await found(trade, trade.buyer, kind, identifier) == events
        assert await found(trade, trade.stranger, kind, identifier) == "not_found"
