"""After the money was paid out: a part goes back from those who shared, and invoices follow it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from tests.api import code
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

TITLE = {"name": "海南某港航有限公司", "tax_number": "91460000MA5T00000X"}
PAID = 37_035


trade = staged(make_trade)


async def released(trade: Trade) -> str:
    order = await trade.delivered()
    must(await trade.step(order, "acceptances", trade.buyer))
    must(await trade.step(order, "releases", trade.issuer))
    return order


async def ask(trade: Trade, order: str, amount: int, who: str = "buyer", **wanted: Any) -> Any:
    body = {"amount_fen": amount, "title": TITLE} | wanted
    return await trade.step(order, "invoices", getattr(trade, who), **body)


async def step(trade: Trade, invoice: str, name: str, who: str = "supplier", **body: Any) -> Any:
    return await trade.by(getattr(trade, who)).post(
        f"/api/v1/invoices/{invoice}/{name}", body or None
    )


async def give_back(trade: Trade, order: str, amount: int, who: str = "adjudicator") -> Any:
    return await trade.step(order, "returns", getattr(trade, who), amount_fen=amount)


async def test_a_refund_after_the_release_goes_back_by_the_legs_that_were_paid(
    trade: Trade,
) -> None:
    order = await released(trade)

    made = must(await give_back(trade, order, 10_000))
    rest = must(await give_back(trade, order, PAID - 10_000))
    more = await give_back(trade, order, 1)
    listed = (await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/returns")).json()

    # 5 % was the platform's, the rest the supplier's
    assert sorted(part["amount_fen"] for part in made["parts"]) == [500, 9_500]
    assert [each["key"] for each in listed] == [made["key"], rest["key"]]
    assert code(more) == "reversal_too_large"
    money = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert (money["released_fen"], money["refunded_fen"]) == (0, PAID)


async def test_nothing_goes_back_of_what_was_not_released_and_only_an_adjudicator_grants_it(
    trade: Trade,
) -> None:
    held, order = await trade.delivered(), await released(trade)

    early = await give_back(trade, held, 1)
    others = [await give_back(trade, order, 1, who) for who in ("supplier", "buyer", "issuer")]
    unknown = await give_back(trade, "00000000-0000-4000-8000-000000000001", 1)
    foreign = await trade.by(trade.stranger).get(f"/api/v1/orders/{order}/returns")

    assert code(early) == "return_not_released_at_once"
    assert {code(each) for each in others} == {"permission_missing"}
    assert (unknown.status_code, foreign.status_code) == (404, 404)


async def test_an_invoice_is_asked_for_issued_and_taken_back_after_a_refund(trade: Trade) -> None:
    order = await released(trade)
    invoice = must(await ask(trade, order, PAID))
    above = await ask(trade, order, 1)

    issued = must(await step(trade, invoice["id"], "issuances", number="12345678"))
    must(await give_back(trade, order, 10_000))
    red = {"number": "87654321", "reason": "部分退款"}
    much = await step(trade, invoice["id"], "red-letters", amount_fen=PAID + 1, **red)
    part = must(await step(trade, invoice["id"], "red-letters", amount_fen=10_000, **red))
    late = await step(trade, invoice["id"], "voidings", reason="x")
    again = await ask(trade, order, 1)

    assert (invoice["state"], issued["state"], issued["number"]) == (
        "requested",
        "issued",
        "12345678",
    )
    assert (above.json()["facts"]["left_fen"], code(again)) == (0, "invoice_above_what_was_paid")
    assert code(much) == "red_letter_too_large"
    assert (part["state"], part["red_letters"][0]["amount_fen"]) == ("issued", 10_000)
    assert code(late) == "invoice_void_too_late"
    all_of_it = {"number": "87654322", "amount_fen": PAID - 10_000, "reason": "重开"}
    whole = must(await step(trade, invoice["id"], "red-letters", **all_of_it))
    assert whole["state"] == "reddened"
    assert must(await ask(trade, order, PAID - 10_000))["state"] == "requested"
    inbox = must(await trade.by(trade.supplier).get("/api/v1/my/notifications"))["items"]
    assert "invoice_requested" in {each["topic"] for each in inbox}


async def test_the_platform_invoices_its_fee_to_the_supplier(trade: Trade) -> None:
    order = await released(trade)

    buyers = await ask(trade, order, 1, of="platform_fee")
    above = await ask(trade, order, 1_853, "supplier", of="platform_fee")
    fee = must(await ask(trade, order, 1_852, "supplier", of="platform_fee"))
    by_another = await step(trade, fee["id"], "issuances", number="12345678")
    issued = must(await step(trade, fee["id"], "issuances", "issuer", number="1" * 20))

    assert code(buyers) == "escrow_not_found"
    assert above.json()["facts"] == {"left_fen": 1_852, "amount_fen": 1_853}
    assert (by_another.status_code, code(by_another)) == (404, "not_found")
    assert issued["issuer_party_id"] == str(trade.issuer.party.id)


async def test_an_invoice_is_refused_taken_back_or_voided_in_its_month(trade: Trade) -> None:
    order = await released(trade)
    refused, withdrawn, voided = [must(await ask(trade, order, 1_000))["id"] for _ in range(3)]

    answers = [
        must(await step(trade, refused, "refusals", reason="抬头有误")),
        must(await step(trade, withdrawn, "withdrawals", "buyer")),
        must(await step(trade, voided, "issuances", number="12345678")),
    ]
    taken = must(await ask(trade, order, 1_000))["id"]
    same = await step(trade, taken, "issuances", number="12345678")
    done = must(await step(trade, voided, "voidings", reason="开错"))
    after = [
        await step(trade, refused, "issuances", number="22345678"),
        await step(trade, withdrawn, "refusals", reason="x"),
        await step(trade, voided, "voidings", reason="x"),
        await step(trade, voided, "withdrawals", "buyer"),
        await step(trade, voided, "red-letters", number="32345678", amount_fen=1, reason="x"),
    ]

    assert [each["state"] for each in answers] == ["refused", "withdrawn", "issued"]
    assert code(same) == "invoice_number_taken"
    assert done["state"] == "voided"
    assert {code(each) for each in after} == {"invoice_event_not_allowed"}
    late = must(await step(trade, taken, "issuances", number="42345678"))["id"]
    await trade.move_by(dt.timedelta(days=40))
    assert code(await step(trade, late, "voidings", reason="x")) == "invoice_void_too_late"


async def test_what_can_not_be_an_invoice_is_refused_and_strangers_find_nothing(
    trade: Trade,
) -> None:
    order, unpaid = await released(trade), await trade.contracted()
    invoice = must(await ask(trade, order, 100))["id"]

    wrong = {
        "invoice_title_unclear": await ask(trade, order, 1, type="special"),
        "invoice_above_what_was_paid": await ask(trade, unpaid, 1),
        "invoice_number_malformed": await step(trade, invoice, "issuances", number="12"),
        "escrow_not_found": await ask(trade, order, 1, "stranger"),
    }
    foreign = [
        await trade.by(trade.stranger).get(f"/api/v1/invoices/{invoice}"),
        await step(trade, invoice, "withdrawals", "stranger"),
    ]
    not_its = await step(trade, invoice, "issuances", "buyer", number="12345678")
    mine = must(await trade.by(trade.stranger).get("/api/v1/invoices"))["items"]
    of_order = must(await trade.by(trade.buyer).get("/api/v1/invoices", order_id=order))["items"]

    assert {name: code(each) for name, each in wrong.items()} == {name: name for name in wrong}
    assert {(each.status_code, code(each)) for each in foreign} == {(404, "not_found")}
    assert code(not_its) == "permission_missing"
    assert (mine, [each["id"] for each in of_order]) == ([], [invoice])


async def test_many_at_once_never_ask_for_more_than_was_paid(trade: Trade) -> None:
    order = await released(trade)

    answers = await asyncio.gather(*(ask(trade, order, 10_000) for _ in range(8)))

    assert sorted(each.status_code for each in answers) == [201] * 3 + [409] * 5
