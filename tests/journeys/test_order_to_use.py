"""From the filed price to the last download, through HTTP, with the refusals on the way."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
from typing import Any

import msgspec
import pytest

from catalog.audit_log.export_format import Keys
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.model import DataNature
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import verify_detached
from market.identity.permissions import Role
from market.supervision.check import check_document
from tests.api import Api, code
from tests.makers_identity import make_member
from tests.makers_registration import OwnKey, must
from tests.makers_trade import TERMS, Trade, make_trade
from tests.stages import staged

DAY = dt.timedelta(days=1)


async def published_keys(trade: Trade) -> Keys:
    return msgspec.json.decode((await trade.api.get("/api/v1/keys")).content, type=Keys)


trade = staged(make_trade)


async def test_a_product_is_ordered_signed_paid_delivered_used_accepted_and_settled(
    trade: Trade,
) -> None:
    order = await trade.cleared()
    must(await trade.sign(order, trade.buyer, trade.buyer_key))
    assert (await trade.order(order))["state"] == "cleared"
    concluded = must(await trade.sign(order, trade.supplier, trade.supplier_key))
    assert concluded["is_concluded"]
    assert (await trade.order(order))["state"] == "contracted"

    await trade.pay(order)
    assert (await trade.order(order))["state"] == "paid"
    delivered = must(await trade.step(order, "deliveries", trade.supplier))
    assert delivered["state"] == "delivering"
    await trade.api.keep_the_log()
    downloaded = await trade.content(order)
    assert downloaded.status_code == 200
    assert hashlib.sha256(downloaded.content).hexdigest() == delivered["manifest"][0]["sha256"]
    assert downloaded.headers["x-recipient-fingerprint"] == delivered["fingerprint_id"]
    assert downloaded.headers["x-usage-sequence"] == "1"
    promised = check_document(
        downloaded.headers["x-usage-receipt"].encode(),
        keys=await published_keys(trade),
    )
    assert (promised.problems, promised.counts) == ((), {"receipt": 1})

    assert must(await trade.step(order, "acceptances", trade.buyer))["state"] == "accepted"
    released = must(await trade.step(order, "releases", trade.issuer))
    assert not released["is_replay"]
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert str(3 * 12_345) in str(ledger)


async def test_the_price_list_shows_what_is_on_record(trade: Trade) -> None:
    page = (await trade.api.get("/api/v1/price-list", scenario="port_safety")).json()

    assert [line["item"]["code"] for line in page["items"]] == ["per_call", "forever"]
    assert page["items"][0]["filing_number"].startswith("JGBA-2026-")
    first = (await trade.api.get("/api/v1/price-list", limit=1)).json()
    second = (
        await trade.api.get("/api/v1/price-list", limit=1, cursor=first["next_cursor"])
    ).json()
    assert [p["items"][0]["item"]["code"] for p in (first, second)] == ["per_call", "forever"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"basis": None}, "filing_basis_missing"),
        ({"price_items": []}, "filing_price_items_missing"),
        ({"scenarios": []}, "filing_scenarios_missing"),
        ({"use_scope": {}}, "filing_use_scope_missing"),
        ({"delivery_modes": []}, "filing_delivery_modes_missing"),
        ({"effective_to": "2020-01-01"}, "filing_effective_period_invalid"),
        ({"pricing_regime": None}, "pricing_regime_missing"),
        ({"pricing_regime": "government_guided"}, "pricing_regime_not_allowed"),
        ({"pricing_regime": "free_conditional"}, "free_use_conditions_missing"),
        (
            {"pricing_regime": "free_conditional", "free_use_conditions": "仅限公益"},
            "free_price_not_zero",
        ),
    ],
)
async def test_an_incomplete_filing_is_refused_by_name(
    api: Api, db: Database, clock: ManualClock, changes: dict[str, Any], refusal: str
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False)

    assert code(await trade.file(**changes)) == refusal


async def test_public_data_are_priced_by_their_use_and_never_above_the_ceiling(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(
        api,
        db,
        clock,
        is_listed=False,
        data_nature=DataNature.PUBLIC,
        catalogue={
            "responsible_department": "海南省气象局",
            "data_source": "自动站",
            "update_mechanism": "每小时",
            "quality_standard": "QX/T 118",
            "usage_method": "下载",
        },
    )
    guided = {
        "pricing_regime": "government_guided",
        "use_category": "industrial_development",
        "price_items": [
            {"code": "call", "charge": "per_unit", "unit": "api_call", "unit_price_fen": 101}
        ],
    }
    ceiling = {
        "document_number": "琼发改价〔2026〕1号",
        "authority": "海南省发展和改革委员会",
        "unit": "api_call",
        "amount_fen": 100,
        "valid_from": "2026-01-01",
    }

    assert code(await trade.file()) == "use_category_missing"
    assert code(await trade.file(**guided)) == "guided_price_reference_missing"
    assert code(await trade.file(**guided, ceiling=ceiling)) == "price_above_ceiling"
    must(await trade.file(**guided, ceiling=ceiling | {"amount_fen": 101}))


async def test_a_filing_is_returned_filed_again_superseded_and_withdrawn(trade: Trade) -> None:
    again = must(await trade.file())["id"]
    returned = must(
        await trade.by(trade.regulator).post(
            f"/api/v1/pricing-filings/{again}/returns", {"missing": ["成本明细"]}
        )
    )
    assert (returned["state"], returned["returned_for"]) == ("draft", ["成本明细"])
    must(await trade.by(trade.supplier).post(f"/api/v1/pricing-filings/{again}/submissions"))
    assert must(await trade.record(again))["state"] == "effective"
    assert code(await trade.record(again)) == "pricing_event_not_allowed"

    mine = must(await trade.by(trade.supplier).get("/api/v1/pricing-filings"))["items"]
    assert [filing["state"] for filing in mine] == ["effective", "superseded"]
    withdrawn = must(
        await trade.by(trade.supplier).post(
            f"/api/v1/pricing-filings/{again}/withdrawals", {"reason": "停止销售"}
        )
    )
    assert withdrawn["state"] == "withdrawn"
    assert code(await trade.place()) == "pricing_filing_required"
    foreign = await trade.by(await _other_supplier(trade)).get(f"/api/v1/pricing-filings/{again}")
    assert code(foreign) == "not_found"


async def test_a_price_begins_and_ends_with_its_days(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False)
    day = clock.now().date()
    filing = must(
        await trade.file(
            effective_from=(day + 2 * DAY).isoformat(), effective_to=(day + 3 * DAY).isoformat()
        )
    )["id"]
    assert must(await trade.record(filing))["state"] == "recorded"

    await trade.move_by(2 * DAY)
    assert await _filing_state(trade, filing) == "effective"
    await trade.move_by(2 * DAY)
    assert await _filing_state(trade, filing) == "expired"


async def test_the_listing_gate_names_everything_that_is_missing(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(
        api,
        db,
        clock,
        is_listed=False,
        contains_personal_info=True,
        contains_important_data=True,
        important_data_basis="行业目录",
        ai_generated="partly",
    )
    listing = must(await trade.draft_listing())

    refused = await trade.listing_step(listing["id"], "submissions", trade.supplier)

    assert code(refused) == "listing_not_eligible"
    assert refused.json()["facts"]["items"] == [
        "pricing_filing_required",
        "personal_information_basis_missing",
        "masking_record_missing",
        "ai_label_missing",
    ]


async def test_a_listing_is_suspended_resumed_and_delisted(trade: Trade) -> None:
    found = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    listing = found[0]["id"]

    must(await trade.listing_step(listing, "suspensions", trade.issuer, reason="投诉核查"))
    assert code(await trade.place()) == "product_not_listed"
    must(await trade.listing_step(listing, "resumptions", trade.issuer))
    must(await trade.place())
    again = await trade.listing_step(listing, "resumptions", trade.issuer)
    assert code(again) == "listing_event_not_allowed"
    other = await _other_supplier(trade)
    assert code(await trade.listing_step(listing, "delistings", other, reason="x")) == "not_found"
    must(await trade.listing_step(listing, "delistings", trade.supplier, reason="停止销售"))
    assert code(await trade.place()) == "product_not_listed"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"purpose": " "}, "order_purpose_missing"),
        ({"scenario": "marketing"}, "order_outside_filed_scope"),
        ({"delivery_mode": "sandbox"}, "order_outside_filed_scope"),
        ({"price_item": "unknown"}, "price_item_unknown"),
        ({"price_item": "forever", "quantity": 2}, "order_quantity_out_of_range"),
        ({"expected_amount_fen": 1}, "order_price_differs"),
        ({"product_id": "019b0000-0000-7000-8000-000000000000"}, "product_not_listed"),
        ({"terms": TERMS | {"receiver_responsibility": ""}}, "responsibility_clause_missing"),
        ({"terms": TERMS | {"exit_arrangement": ""}}, "contract_clause_missing"),
    ],
)
async def test_an_order_outside_the_rules_is_refused_by_name(
    trade: Trade, changes: dict[str, Any], refusal: str
) -> None:
    assert code(await trade.place(**changes)) == refusal


async def test_nobody_buys_of_himself_and_nobody_unverified_buys(trade: Trade) -> None:
    from market.identity.states import State
    from tests.makers_identity import make_party

    now = trade.clock.now()
    himself = await make_member(trade.db, Role.BUYER, now=now, party=trade.supplier.party)
    unverified = await make_member(
        trade.db,
        Role.BUYER,
        now=now,
        party=await make_party(trade.db, now=now, state=State.REGISTERED),
    )

    assert code(await trade.place(himself)) == "own_product_not_orderable"
    assert code(await trade.place(unverified)) == "buyer_not_verified"


async def test_an_order_across_the_border_is_rejected_with_its_reasons(trade: Trade) -> None:
    order = await trade.placed(terms=TERMS | {"is_cross_border": True, "onward_use": True})

    rejected = must(await trade.step(order, "clearances", trade.acceptor))

    assert rejected["state"] == "rejected"
    assert rejected["decision"]["reasons"] == ["scope_exceeded", "cross_border_route_missing"]
    assert code(await trade.step(order, "clearances", trade.acceptor)) == "order_event_not_allowed"
    contract = await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/contract")
    assert code(contract) == "contract_not_found"


async def test_only_the_parties_own_keys_over_the_exact_bytes_count(trade: Trade) -> None:
    order = await trade.cleared()
    foreign = OwnKey(Purpose.CONTRACT)
    must(await foreign.register(trade.by(trade.stranger), trade.stranger.party.id))

    other_bytes = await trade.sign(order, trade.buyer, trade.buyer_key, document=b"{}")
    other_purpose = await trade.sign(
        order, trade.buyer, trade.buyer_key, purpose=Purpose.CERTIFICATE
    )
    assert code(other_bytes) == "contract_signature_invalid"
    assert code(other_purpose) == "contract_signature_invalid"
    assert code(await trade.sign(order, trade.buyer, foreign)) == "key_unknown"
    confused = await trade.sign(order, trade.buyer, trade.buyer_key, algorithm="sm2")
    assert code(confused) == "algorithm_not_of_the_key"
    must(await trade.sign(order, trade.buyer, trade.buyer_key))
    again = await trade.sign(order, trade.buyer, trade.buyer_key)
    assert code(again) == "contract_already_signed"
    value = base64.b64encode(bytes(64)).decode()
    stranger = await trade.step(
        order, "signatures", trade.stranger, key_id=foreign.key_id, signature=value
    )
    assert code(stranger) == "not_found"


async def test_nothing_is_delivered_before_it_is_paid(trade: Trade) -> None:
    order = await trade.contracted()

    assert code(await trade.step(order, "deliveries", trade.supplier)) == (
        "order_payment_outstanding"
    )
    assert code(await trade.content(order)) == "grant_not_found"
    await trade.pay(order)
    assert code(await trade.step(order, "payments", trade.buyer)) == "order_event_not_allowed"
    must(await trade.step(order, "deliveries", trade.supplier))
    assert code(await trade.step(order, "deliveries", trade.supplier)) == "order_event_not_allowed"


async def test_a_free_order_is_delivered_without_payment(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced(
        pricing_regime="free_conditional",
        free_use_conditions="仅限防灾减灾",
        price_items=[
            {"code": "per_call", "charge": "per_unit", "unit": "api_call", "unit_price_fen": 0}
        ],
    )
    await trade.listed()
    order = await trade.contracted()

    assert code(await trade.step(order, "payments", trade.buyer)) == "order_is_free"
    must(await trade.step(order, "deliveries", trade.supplier))
    await trade.api.keep_the_log()
    assert (await trade.content(order)).status_code == 200


async def test_uses_are_metered_until_the_quota_is_used_up_and_denials_are_kept(
    trade: Trade,
) -> None:
    order = await trade.delivered()

    for _ in range(3):
        assert (await trade.content(order)).status_code == 200
    assert code(await trade.content(order)) == "quota_exhausted"
    denied = await trade.content(order, purpose="营销")
    assert code(denied) == "purpose_mismatch"
    promised = check_document(
        denied.json()["facts"]["usage_receipt"].encode(), keys=await published_keys(trade)
    )
    assert promised.counts == {"receipt": 1}
    assert code(await trade.content(order, delivery_mode="api_call")) == "scope_exceeded"

    told = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/usage"))
    statement = told["statement"]
    assert statement["event_count"] == 6
    assert (statement["allowed_count"], statement["price_units"]) == (3, 3)
    assert [line["order_seq"] for line in statement["lines"]] == [1, 2, 3, 4, 5, 6]
    assert statement["lines"][4]["reasons"] == ["purpose_mismatch", "quota_exhausted"]
    document = base64.b64decode(told["document"])
    keys = must(await trade.api.get("/api/v1/keys"))
    signer = trade.api.context.signers["statement"]
    assert told["signature"]["key_id"] == signer.key_id
    assert signer.key_id in str(keys)
    assert verify_detached(
        signer.public_key,
        Purpose.STATEMENT,
        document,
        base64.b64decode(told["signature"]["value"]),
    )


async def test_the_same_request_counts_once(trade: Trade) -> None:
    order = await trade.delivered()
    path = f"/api/v1/orders/{order}/content"
    headers = {"authorization": f"Bearer {trade.buyer.token}", "idempotency-key": "again"}

    answers = [(await trade.api.http.get(path, headers=headers)).status_code for _ in range(5)]

    assert answers == [200] * 5
    told = must(await trade.by(trade.supplier).get(f"/api/v1/orders/{order}/usage"))
    assert (told["statement"]["event_count"], told["statement"]["price_units"]) == (5, 1)


async def test_a_download_token_is_for_one_order_and_one_minute(trade: Trade) -> None:
    order, other = await trade.delivered(), await trade.delivered()
    token = must(await trade.step(order, "access-tokens", trade.buyer))["access_token"]

    assert (await trade.content(order, token)).status_code == 200
    assert code(await trade.content(other, token)) == "not_found"
    assert code(await trade.api.as_(token).post(f"/api/v1/orders/{order}/access-tokens")) == (
        "permission_missing"
    )
    assert code(await trade.content(order, token[:-8] + "AAAAAAAA")) == "download_token_not_good"
    trade.clock.move_by(dt.timedelta(seconds=61))
    assert code(await trade.content(order, token)) == "download_token_not_good"


async def test_a_cut_off_works_at_the_next_request_and_can_be_lifted(trade: Trade) -> None:
    order = await trade.delivered()
    token = must(await trade.step(order, "access-tokens", trade.buyer))["access_token"]

    must(await trade.step(order, "cut-offs", trade.regulator, reason="风险核查"))

    assert code(await trade.content(order)) == "authorisation_cut_off"
    assert code(await trade.content(order, token)) == "authorisation_cut_off"
    assert code(await trade.step(order, "access-tokens", trade.buyer)) == "authorisation_cut_off"
    must(await trade.step(order, "resumptions", trade.supplier, reason="核查通过"))
    assert (await trade.content(order)).status_code == 200
    again = await trade.step(order, "resumptions", trade.supplier, reason="x")
    assert code(again) == "order_not_suspended"
    must(await trade.step(order, "cut-offs", trade.supplier, reason="违约", for_good=True))
    assert (await trade.order(order))["state"] == "terminated"
    escrow = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert "refund" in str(escrow)
    foreign = await _other_supplier(trade)
    assert code(await trade.step(order, "cut-offs", foreign, reason="x")) == "not_found"


async def test_a_grant_ends_with_its_term_and_the_order_is_completed(trade: Trade) -> None:
    order = await trade.delivered(price_item="forever", quantity=1, terms=TERMS | {"term_days": 10})
    must(await trade.step(order, "acceptances", trade.buyer))

    trade.clock.move_by(10 * DAY)
    await trade.sign_in_again()
    await trade.api.keep_the_log()
    assert code(await trade.content(order)) == "grant_expired"
    await trade.api.run_jobs()

    assert (await trade.order(order))["state"] == "completed"
    assert code(await trade.content(order)) == "grant_expired"


async def test_silence_is_acceptance_and_the_money_goes_out_by_itself(trade: Trade) -> None:
    order = await trade.delivered()

    await trade.move_by(9 * DAY)

    shown = await trade.order(order)
    assert shown["state"] == "accepted"
    late = await trade.step(order, "issues", trade.buyer, reason="晚了")
    assert code(late) == "inspection_over"
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert "release" in str(ledger)


@pytest.mark.parametrize(
    ("ruling", "state", "money"),
    [("for_buyer", "terminated", "refund"), ("for_supplier", "accepted", "release")],
)
async def test_a_dispute_freezes_the_money_until_it_is_resolved(
    trade: Trade, ruling: str, state: str, money: str
) -> None:
    order = await trade.delivered()
    must(await trade.step(order, "issues", trade.buyer, reason="缺少三月数据"))
    assert code(await trade.content(order)) == "use_not_allowed_now"
    assert code(await trade.step(order, "releases", trade.issuer)) == "escrow_not_releasable"

    must(await trade.step(order, "statements", trade.supplier, text="已按合同交付。"))
    resolved = must(
        await trade.step(order, "resolutions", trade.adjudicator, ruling=ruling, reason="经核查")
    )
    await trade.api.run_jobs()

    assert resolved["state"] == state
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert money in str(ledger)


async def test_a_dispute_is_settled_in_part_and_the_rest_is_paid_out(trade: Trade) -> None:
    order = await trade.delivered()
    must(await trade.step(order, "issues", trade.buyer, reason="缺少三月数据"))
    must(await trade.step(order, "statements", trade.supplier, text="三月数据确有缺失。"))
    told = {"ruling": "in_part", "reason": "缺一个月的数据"}

    unclear = [
        await trade.step(order, "resolutions", trade.adjudicator, **told, **refund)
        for refund in ({}, {"refund_fen": 37_035}, {"refund_fen": 40_000})
    ]
    other = await trade.step(
        order,
        "resolutions",
        trade.adjudicator,
        ruling="for_supplier",
        reason="x",
        refund_fen=1,
    )
    resolved = must(
        await trade.step(order, "resolutions", trade.adjudicator, **told, refund_fen=12_345)
    )
    await trade.api.run_jobs()

    assert {code(each) for each in (*unclear, other)} == {"ruling_refund_unclear"}
    assert (resolved["state"], resolved["accepted_by"]) == ("accepted", "ruling")
    money = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert [money[f"{what}_fen"] for what in ("paid", "released", "refunded", "disputed")] == [
        37_035,
        24_690,
        12_345,
        0,
    ]
    (made,) = must(await trade.by(trade.adjudicator).get("/api/v1/complaints"))["items"]
    assert made["outcome"] == "partly_upheld"


async def test_an_order_is_given_up_before_delivery_and_the_money_goes_back(trade: Trade) -> None:
    unpaid, paid = await trade.contracted(), await trade.paid()

    assert must(await trade.step(unpaid, "cancellations", trade.buyer, reason="不需要了"))[
        "state"
    ] == ("cancelled")
    buyer = await trade.step(paid, "cancellations", trade.buyer, reason="x")
    assert code(buyer) == "paid_order_not_cancellable_by_buyer"
    must(await trade.step(paid, "cancellations", trade.supplier, reason="无法交付"))
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{paid}/ledger"))
    assert "refund" in str(ledger)
    again = await trade.step(paid, "cancellations", trade.supplier, reason="x")
    assert code(again) == "order_event_not_allowed"


async def test_fifty_acceptances_at_once_have_one_effect(trade: Trade) -> None:
    order = await trade.delivered()

    answers = await asyncio.gather(
        *(trade.step(order, "acceptances", trade.buyer) for _ in range(50))
    )
    repeated = await asyncio.gather(
        *(trade.step(order, "acceptances", trade.buyer, key="same") for _ in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    assert {code(answer) for answer in answers if answer.status_code == 409} == {
        "order_event_not_allowed"
    }
    assert {answer.status_code for answer in repeated} == {409}


async def test_twenty_downloads_at_once_keep_to_the_quota(trade: Trade) -> None:
    order = await trade.delivered()

    answers = await asyncio.gather(*(trade.content(order) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 17
    told = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/usage"))["statement"]
    assert [line["order_seq"] for line in told["lines"]] == list(range(1, 21))
    assert told["price_units"] == 3


async def test_a_stranger_finds_no_order_at_all(trade: Trade) -> None:
    order = await trade.delivered()
    stranger = trade.by(trade.stranger)

    for path in ("", "/contract", "/ledger", "/usage", "/content"):
        assert code(await stranger.get(f"/api/v1/orders/{order}{path}")) == "not_found", path
    for step in ("acceptances", "payments", "access-tokens"):
        refused = await trade.step(order, step, trade.stranger)
        assert refused.status_code == 404, step
    assert must(await stranger.get("/api/v1/orders"))["items"] == []


async def _filing_state(trade: Trade, filing: str) -> str:
    found = must(await trade.by(trade.supplier).get(f"/api/v1/pricing-filings/{filing}"))
    return str(found["state"])


async def _other_supplier(trade: Trade) -> Any:
    return await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
