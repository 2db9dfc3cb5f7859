"""What was negotiated is signed by both over the same bytes, follows what came before, and ends by two.

A complaint of others that these tests answer: data-product-portal #3754 (a renewal in place lost what
there was before it).
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import uuid
from typing import Any

from tests.api import code
from tests.makers_identity import Member
from tests.makers_negotiations import BASE, CLAUSES, PURPOSE, Talk, requested, terms
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

AGREEMENTS = "/api/v1/agreements"


trade = staged(make_trade)


async def concluded(trade: Trade, **changes: Any) -> dict[str, Any]:
    return await (await requested(trade, **changes)).conclude()


async def shown(trade: Trade, agreement: dict[str, Any], who: Member | None = None) -> Any:
    return must(await trade.by(who or trade.buyer).get(f"{AGREEMENTS}/{agreement['id']}"))


async def test_words_and_terms_are_one_document_that_both_sign(trade: Trade) -> None:
    agreement = await concluded(trade)

    seen = await shown(trade, agreement)
    theirs = await shown(trade, agreement, trade.supplier)

    raw = base64.b64decode(seen["agreement"]["document"])
    assert hashlib.sha256(raw).hexdigest() == seen["agreement"]["sha256"]
    assert seen["agreement"] == theirs["agreement"]
    assert (seen["agreement"]["state"], seen["is_over"]) == ("in_force", False)
    assert seen["agreement"]["buyer_signature"]["key_id"] == trade.buyer_key.key_id
    assert seen["agreement"]["supplier_signature"]["key_id"] == trade.supplier_key.key_id
    for said in ("数据提供合同", PURPOSE, "370.35", "需方对接收后的存储与使用安全负责。"):
        assert said in seen["text"]
    assert seen["terms"]["@type"] == "Agreement"


async def test_a_signature_over_other_bytes_or_by_another_key_is_refused(trade: Trade) -> None:
    talk = await requested(trade)
    await talk.said(trade.supplier, "agreements")
    before = await talk.seen(trade.buyer)

    other = await talk.sign(trade.buyer, "verifications", over=b"{}")
    foreign = await talk.sign(trade.buyer, "verifications", key=trade.supplier_key)

    for refused in (other, foreign):
        assert (refused.status_code, code(refused)) == (409, "contract_signature_invalid")
    assert await talk.seen(trade.buyer) == before
    must(await talk.sign(trade.buyer, "verifications"))
    await talk.carry()
    late = await talk.sign(trade.supplier, "finalizations", over=b"{}")
    assert (late.status_code, code(late)) == (409, "contract_signature_invalid")
    assert await talk.states() == ("verified", "verified")
    assert must(await trade.by(trade.buyer).get(AGREEMENTS))["items"] == []


async def test_clauses_that_are_not_filled_in_are_refused(trade: Trade) -> None:
    parameters: dict[str, str] = dict(CLAUSES["parameters"])  # type: ignore[call-overload]
    del parameters["venue"]

    async def refusal(**changes: Any) -> tuple[int, str]:
        body = {"product_id": trade.product_id, "terms": terms(trade, clauses=CLAUSES | changes)}
        answer = await trade.by(trade.buyer).post(BASE, body)
        return answer.status_code, code(answer)

    assert await refusal(parameters=parameters) == (422, "clause_parameters_wrong")
    assert await refusal(template="lease") == (422, "contract_template_unknown")
    assert await refusal(version=2) == (422, "contract_template_unknown")
    listed = await trade.api.get("/api/v1/contract-templates")
    assert {each["kind"] for each in listed.json()} == {
        "provision",
        "entrusted_processing",
        "fusion_development",
        "intermediary",
    }


async def test_an_agreement_is_amended_and_renewed_and_its_line_is_told(trade: Trade) -> None:
    first = await concluded(trade)
    now = trade.clock.now()

    def follows(agreement: dict[str, Any], relation: str) -> dict[str, str]:
        return {"agreement": f"urn:uuid:{agreement['id']}", "relation": relation}

    second = await concluded(trade, quantity=4, succeeds=follows(first, "amends"))
    third = await concluded(
        trade,
        succeeds=follows(second, "renews"),
        ends_at=(now + dt.timedelta(days=700)).isoformat(),
    )

    assert (await shown(trade, first))["agreement"]["state"] == "succeeded"
    assert (await shown(trade, second))["agreement"]["state"] == "in_force"
    for each in (first, second, third):
        line = await trade.by(trade.supplier).get(f"{AGREEMENTS}/{each['id']}/lineage")
        assert [(link["id"], link["relation"]) for link in line.json()] == [
            (first["id"], None),
            (second["id"], "amends"),
            (third["id"], "renews"),
        ]
    for wrong in (
        follows(first, "amends"),
        follows(first, "renews"),
        follows({"id": str(uuid.uuid4())}, "replaces"),
        {"agreement": "urn:else", "relation": "amends"},
    ):
        body = {"product_id": trade.product_id, "terms": terms(trade, succeeds=wrong)}
        refused = await trade.by(trade.buyer).post(BASE, body)
        assert refused.status_code == 409
        assert code(refused) in ("agreement_succession_wrong", "agreement_not_in_force")


async def test_an_end_is_proposed_by_one_and_confirmed_by_the_other_and_both_are_told(
    trade: Trade,
) -> None:
    path = f"{AGREEMENTS}/{(await concluded(trade))['id']}"
    buyer, supplier = trade.by(trade.buyer), trade.by(trade.supplier)

    early = await supplier.post(f"{path}/end-confirmations")
    must(await buyer.post(f"{path}/end-proposals", {"reason": "业务调整"}))
    own = await buyer.post(f"{path}/end-confirmations")
    twice = await supplier.post(f"{path}/end-proposals", {"reason": "同意"})
    declined = must(await supplier.post(f"{path}/end-refusals"))
    must(await supplier.post(f"{path}/end-proposals", {"reason": "停止供应"}))
    ended = must(await buyer.post(f"{path}/end-confirmations"))
    after = await buyer.post(f"{path}/end-refusals")

    assert (early.status_code, code(early)) == (409, "agreement_event_not_allowed")
    assert (own.status_code, code(own)) == (409, "agreement_end_not_yours_to_confirm")
    assert (twice.status_code, code(twice)) == (409, "agreement_event_not_allowed")
    assert declined["state"] == "in_force"
    assert (ended["state"], ended["reason"]) == ("terminated", "停止供应")
    assert (after.status_code, code(after)) == (409, "agreement_event_not_allowed")
    for who, topics in (
        (buyer, {"agreement_goes_on", "agreement_end_proposed", "agreement_ended"}),
        (supplier, {"agreement_end_proposed", "agreement_ended"}),
    ):
        inbox = must(await who.get("/api/v1/my/notifications"))["items"]
        assert {item["topic"] for item in inbox} == topics


async def test_two_confirm_at_once_and_it_ends_once(trade: Trade) -> None:
    path = f"{AGREEMENTS}/{(await concluded(trade))['id']}"
    must(await trade.by(trade.buyer).post(f"{path}/end-proposals", {"reason": "业务调整"}))

    answers = await asyncio.gather(
        *(trade.by(trade.supplier).post(f"{path}/end-confirmations") for _ in range(3))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


async def test_an_agreement_that_is_over_or_ended_is_not_amended(trade: Trade) -> None:
    agreement = await concluded(
        trade, ends_at=(trade.clock.now() + dt.timedelta(days=8)).isoformat()
    )
    path = f"{AGREEMENTS}/{agreement['id']}"
    await trade.move_by(dt.timedelta(days=8))

    late = await trade.by(trade.buyer).post(f"{path}/end-proposals", {"reason": "晚了"})
    succeeds = {"agreement": f"urn:uuid:{agreement['id']}", "relation": "amends"}
    amended = await trade.by(trade.buyer).post(
        BASE, {"product_id": trade.product_id, "terms": terms(trade, succeeds=succeeds)}
    )

    assert (late.status_code, code(late)) == (409, "agreement_over")
    assert (amended.status_code, code(amended)) == (409, "agreement_over")
    assert (await shown(trade, agreement))["is_over"]


async def test_others_find_no_agreement(trade: Trade) -> None:
    agreement = await concluded(trade)
    stranger = trade.by(trade.stranger)

    for client, found in ((stranger, agreement["id"]), (trade.by(trade.buyer), uuid.uuid4())):
        path = f"{AGREEMENTS}/{found}"
        assert (await client.get(path)).status_code == 404
        assert (await client.get(f"{path}/lineage")).status_code == 404
        for step in ("end-refusals", "end-confirmations"):
            assert (await client.post(f"{path}/{step}")).status_code == 404
        proposed = await client.post(f"{path}/end-proposals", {"reason": "x"})
        assert proposed.status_code == 404
    assert must(await stranger.get(AGREEMENTS))["items"] == []
    assert len(must(await trade.by(trade.acceptor).get(AGREEMENTS))["items"]) == 1


async def test_there_is_nothing_to_sign_before_the_supplier_agrees(trade: Trade) -> None:
    talk: Talk = await requested(trade)

    nothing = await trade.by(trade.buyer).get(f"{talk.path(trade.buyer)}/agreement")

    assert (nothing.status_code, code(nothing)) == (404, "not_found")
