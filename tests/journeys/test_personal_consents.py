"""Personal information is used while persons allow it, or an agency says that it shows none (BJ-21)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.ids import new_id
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member, make_party
from tests.makers_registration import must
from tests.makers_trade import SCENARIO, Trade, make_trade
from tests.stages import staged

DAY = dt.timedelta(days=1)
SHA = "ab" * 32


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    """A product with personal information on offer, and nobody's consent yet."""
    trade = await make_trade(api, db, clock, is_listed=False, contains_personal_info=True)
    await trade.priced()
    until = (clock.now() + 500 * DAY).date().isoformat()
    await trade.listed(
        personal_basis={
            "kind": "consent",
            "scenario": SCENARIO,
            "ends_on": until,
            "evidence_sha256": SHA,
        }
    )
    return trade


def given(trade: Trade, person: str = "01", **changes: Any) -> dict[str, Any]:
    today = trade.clock.now().date()
    return {
        "person_ref": person * 32,
        "scenarios": [SCENARIO],
        "purpose": "港口吊装作业停工判断",
        "data_categories": ["作业人员排班"],
        "recipients": [
            {"party_id": str(trade.buyer.party.id), "name": "需方", "contact": "0898-1234"}
        ],
        "method": "电子签名",
        "term_from": today.isoformat(),
        "term_to": (today + 100 * DAY).isoformat(),
        "separate": True,
        "sensitive": False,
        "presented_policy_version": "2026-1",
        "explicit_action": True,
        "had_refuse_option": True,
        "refusal_consequence": "none",
        "evidence_sha256": SHA,
    } | changes


async def enter(trade: Trade, *consents: dict[str, Any], who: Member | None = None) -> Any:
    return await trade.by(who or trade.supplier).post(
        f"/api/v1/products/{trade.product_id}/consents", {"consents": list(consents)}
    )


async def secrets(trade: Trade, *consents: dict[str, Any]) -> list[str]:
    return [each["secret"] for each in must(await enter(trade, *consents))["entered"]]


async def rejected(trade: Trade) -> list[str]:
    order = await trade.placed()
    shown = must(await trade.step(order, "clearances", trade.acceptor))
    return list(shown["decision"]["reasons"]) if shown["state"] == "rejected" else []


async def withdraw(trade: Trade, secret: str, **more: Any) -> httpx.Response:
    return await trade.api.post("/api/v1/own-consents/withdrawals", {"secret": secret} | more)


async def test_an_order_of_personal_information_is_cleared_by_consents_for_its_buyer_and_scenario(
    trade: Trade,
) -> None:
    other = [{"party_id": str(trade.stranger.party.id), "name": "他方", "contact": "x"}]
    assert await rejected(trade) == ["personal_information_basis_missing"]
    must(await enter(trade, given(trade, recipients=other), given(trade, scenarios=["marketing"])))
    assert await rejected(trade) == ["personal_information_basis_missing"]

    must(await enter(trade, given(trade)))

    assert await rejected(trade) == []


async def test_the_next_use_after_a_withdrawal_is_refused_until_there_is_content_without_the_person(
    trade: Trade,
) -> None:
    first, _ = await secrets(trade, given(trade, "01"), given(trade, "02"))
    order = await trade.delivered()
    assert (await trade.content(order)).status_code == 200

    gone = must(await withdraw(trade, first))["consents"]

    assert [each["state"] for each in gone] == ["withdrawn"]
    assert code(await trade.content(order)) == "personal_information_basis_missing"
    assert code(await withdraw(trade, first)) == "consent_event_not_allowed"
    assert await rejected(trade) == ["personal_information_basis_missing"]
    usage = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/usage"))
    assert usage["statement"]["lines"][-1]["reasons"] == ["personal_information_basis_missing"]
    for who in (trade.buyer, trade.supplier):
        inbox = must(await trade.by(who).get("/api/v1/my/notifications"))["items"]
        assert "consent_ended" in [each["topic"] for each in inbox]


async def test_a_use_ends_with_the_first_consent_that_ends(trade: Trade) -> None:
    today = trade.clock.now().date()
    soon = given(trade, "02", term_to=(today + 5 * DAY).isoformat())
    await secrets(trade, given(trade, "01"), soon)
    order = await trade.delivered()

    trade.clock.move_by(5 * DAY)
    await trade.sign_in_again()
    await trade.api.keep_the_log()
    assert (await trade.content(order)).status_code == 200
    trade.clock.move_by(DAY)
    await trade.sign_in_again()
    await trade.api.keep_the_log()

    assert code(await trade.content(order)) == "personal_information_basis_missing"
    await trade.api.run_jobs()
    states = must(
        await trade.by(trade.supplier).get(f"/api/v1/products/{trade.product_id}/consents")
    )["items"]
    assert sorted(each["state"] for each in states) == ["expired", "standing"]
    assert code(await trade.content(order)) == "personal_information_basis_missing"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"scenarios": [SCENARIO, "marketing"]}, "blanket_consent_forbidden"),
        ({"term_to": None}, "blanket_consent_forbidden"),
        ({"recipients": []}, "blanket_consent_forbidden"),
        ({"explicit_action": False}, "preset_consent_forbidden"),
        ({"refusal_consequence": "service_denied"}, "forced_consent_forbidden"),
        ({"separate": False}, "separate_consent_required"),
        ({"term_to": "2020-01-01"}, "consent_term_impossible"),
    ],
)
async def test_what_was_not_freely_given_is_not_entered_and_nothing_of_the_list_is(
    trade: Trade, changes: dict[str, Any], refusal: str
) -> None:
    answer = await enter(trade, given(trade, "01"), given(trade, "02", **changes))

    assert code(answer) == refusal
    assert answer.json()["facts"]["item"] == 1
    page = must(await trade.by(trade.supplier).get(f"/api/v1/products/{trade.product_id}/consents"))
    assert page["items"] == []


async def test_a_person_closes_all_takes_its_own_along_and_learns_where_to_complain(
    trade: Trade,
) -> None:
    mine, other, third = await secrets(
        trade, given(trade, "01"), given(trade, "01", scenarios=["marketing"]), given(trade, "02")
    )

    async def own(what: str, secret: str) -> httpx.Response:
        return await trade.api.post(f"/api/v1/own-consents/{what}", {"secret": secret})

    taken = must(await own("exports", mine))["consents"]
    assert [each["scenario"] for each in taken] == [SCENARIO, "marketing"]
    assert {each["person_ref"] for each in taken} == {"01" * 32}
    ways = must(await own("complaint-ways", mine))
    assert (ways["complaint_path"], ways["holder_name"]) == (
        "/complaints",
        trade.supplier.party.name,
    )
    for what in ("exports", "complaint-ways", "withdrawals"):
        assert code(await own(what, "unknown")) == "not_found"
    gone = must(await withdraw(trade, other, all_of_holder=True))["consents"]
    assert [each["state"] for each in gone] == ["withdrawn", "withdrawn"]
    again = must(await own("exports", third))["consents"]
    assert [each["state"] for each in again] == ["standing"]


async def test_consents_are_their_holders_and_no_reader_of_the_log_learns_a_person(
    trade: Trade,
) -> None:
    entered = must(await enter(trade, given(trade)))["entered"]
    path = f"/api/v1/products/{trade.product_id}/consents"
    other = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())

    assert code(await enter(trade, given(trade), who=other)) == "not_found"
    assert must(await trade.by(other).get(path))["items"] == []
    assert code(await trade.by(trade.buyer).get(path)) == "permission_missing"
    one = f"/api/v1/consents/{entered[0]['id']}/withdrawals"
    assert code(await trade.by(other).post(one)) == "not_found"
    assert code(
        await trade.by(trade.supplier).post(f"/api/v1/consents/{new_id()}/withdrawals")
    ) == ("not_found")
    must(await trade.by(trade.supplier).post(one))
    auditor = await make_member(trade.db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    for action in ("consent:entered", "consent:withdrawn"):
        (entry,) = await trade.by(auditor).find_in_log(action=action)
        assert "01" * 32 not in str(entry)
        assert entered[0]["secret"] not in str(entry)


# ── narrowed (HNP-6) ────────────────────────────────────────────────────────────────────────────


async def narrow(trade: Trade, secret: str, **to: Any) -> httpx.Response:
    return await trade.api.post("/api/v1/own-consents/narrowings", {"secret": secret, "to": to})


async def refusal(trade: Trade, order: str) -> str:
    answer = await trade.content(order)
    return "" if answer.status_code == 200 else code(answer)


async def test_the_next_use_after_kinds_of_data_were_taken_out_is_refused_until_they_are_out(
    trade: Trade,
) -> None:
    both = given(trade, data_categories=["作业人员排班", "联系方式"])
    (secret,) = await secrets(trade, both)
    order = await trade.delivered()
    assert await refusal(trade, order) == ""

    left = must(await narrow(trade, secret, data_categories=["作业人员排班"]))

    assert (left["state"], left["data_categories"]) == ("standing", ["作业人员排班"])
    assert await refusal(trade, order) == "personal_information_basis_missing"
    for who in (trade.buyer, trade.supplier):
        inbox = must(await trade.by(who).get("/api/v1/my/notifications"))["items"]
        assert "consent_narrowed" in [each["topic"] for each in inbox]
    wider = await narrow(trade, secret, data_categories=["作业人员排班", "联系方式"])
    assert (wider.status_code, code(wider)) == (422, "consent_not_narrower")
    content = await trade.upload(trade.supplier, "content without what was taken out")
    path = f"/api/v1/products/{trade.product_id}/contents"
    must(await trade.by(trade.supplier).post(path, {"file_id": content}))
    assert await refusal(trade, await trade.delivered()) == ""


async def test_a_use_for_another_purpose_than_the_one_that_is_left_is_refused(trade: Trade) -> None:
    (secret,) = await secrets(trade, given(trade, purpose="港口作业管理"))
    order = await trade.delivered()
    assert await refusal(trade, order) == ""

    must(await narrow(trade, secret, purpose="年度安全检查"))

    assert await refusal(trade, order) == "personal_information_basis_missing"
    assert await rejected(trade) == ["personal_information_basis_missing"]
    allowed = await trade.placed(purpose="年度安全检查")
    assert must(await trade.step(allowed, "clearances", trade.acceptor))["state"] == "cleared"


async def test_a_term_that_was_cut_short_ends_on_its_new_day(trade: Trade) -> None:
    (secret,) = await secrets(trade, given(trade))
    order = await trade.delivered()
    today = trade.clock.now().date()
    must(await narrow(trade, secret, term_to=today.isoformat()))
    assert await refusal(trade, order) == ""

    trade.clock.move_by(DAY)
    await trade.sign_in_again()
    await trade.api.keep_the_log()

    assert await refusal(trade, order) == "personal_information_basis_missing"


async def test_a_holder_narrows_for_its_person_and_nobody_elses(trade: Trade) -> None:
    (entered,) = must(await enter(trade, given(trade)))["entered"]
    other = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    path, to = f"/api/v1/consents/{entered['id']}/narrowings", {"purpose": "年度安全检查"}

    assert code(await trade.by(other).post(path, to)) == "not_found"
    unknown = await trade.by(trade.supplier).post(f"/api/v1/consents/{new_id()}/narrowings", to)
    assert code(unknown) == "not_found"
    assert code(await narrow(trade, "unknown", **to)) == "not_found"
    assert must(await trade.by(trade.supplier).post(path, to))["is_purpose_narrowed"]
    auditor = await make_member(trade.db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    (entry,) = await trade.by(auditor).find_in_log(action="consent:narrowed")
    assert entry["payload"]["facts"]["narrowed"] == ["purpose"]
    assert "年度安全检查" not in str(entry)
    must(await withdraw(trade, entered["secret"]))
    assert code(await trade.by(trade.supplier).post(path, to)) == "consent_event_not_allowed"


async def delegate(trade: Trade) -> None:
    body = {
        "operator_party_id": str(trade.acceptor.party.id),
        "document_number": "琼数〔2026〕1号",
        "scope": "数据产品确权登记",
        "valid_from": "2026-01-01",
    }
    must(await trade.by(trade.regulator).post("/api/v1/delegations", body))


async def test_who_asks_after_a_withdrawal_is_an_incident_once_a_day(trade: Trade) -> None:
    (secret,) = await secrets(trade, given(trade))
    order = await trade.delivered()
    assert await refusal(trade, order) == ""
    await delegate(trade)
    head = await make_member(
        trade.db, Role.OPERATOR_HEAD, now=trade.clock.now(), party=trade.acceptor.party
    )

    async def incidents() -> list[dict[str, Any]]:
        trade.clock.move_by(dt.timedelta(seconds=1))
        await trade.api.run_jobs()
        found = must(await trade.by(head).get("/api/v1/incidents"))["items"]
        return [each for each in found if each["source"] == "consent_withdrawn_use"]

    trade.clock.move_by(dt.timedelta(seconds=1))
    must(await withdraw(trade, secret))
    assert await incidents() == []
    for _ in range(2):
        assert await refusal(trade, order) == "personal_information_basis_missing"

    (incident,) = await incidents()

    assert incident["subjects"] == [f"order:{order}"]
    assert "2 次被拒绝，0 次已交付" in incident["description"]
    assert await refusal(trade, order) == "personal_information_basis_missing"
    assert len(await incidents()) == 1


# ── anonymisations ──────────────────────────────────────────────────────────────────────────────


async def agency_of(trade: Trade) -> Member:
    party = await make_party(trade.db, Capacity.COMPLIANCE_AGENCY, now=trade.clock.now())
    return await make_member(trade.db, Role.AGENCY_REVIEWER, now=trade.clock.now(), party=party)


def said(agency: object) -> dict[str, Any]:
    return {
        "methods": ["k_anonymity", "suppression"],
        "parameters": "k = 20",
        "re_identification_test": {"attack": "以公开名录匹配", "result": "无一命中"},
        "environment_controls": "仅在安全空间内使用",
        "reviewer": "李四",
        "evidence_sha256": SHA,
        "agency_party_id": str(agency),
    }


async def submit(trade: Trade, agency: object, who: Member | None = None) -> httpx.Response:
    return await trade.by(who or trade.supplier).post(
        f"/api/v1/products/{trade.product_id}/anonymisations", said(agency)
    )


async def decide(trade: Trade, who: Member, record: str, event: str, **more: Any) -> httpx.Response:
    return await trade.by(who).post(
        f"/api/v1/anonymisations/{record}/decisions", {"event": event, "reason": "经核查"} | more
    )


async def test_an_anonymisation_that_an_agency_accepts_makes_consents_needless_until_its_end(
    trade: Trade,
) -> None:
    agency = await agency_of(trade)
    until = (trade.clock.now() + 30 * DAY).date().isoformat()
    record = must(await submit(trade, agency.party.id))["id"]
    assert await rejected(trade) == ["personal_information_basis_missing"]
    assert code(await decide(trade, agency, record, "accept")) == "anonymisation_end_missing"
    must(await decide(trade, agency, record, "accept", valid_to=until))

    order = await trade.delivered()
    assert (await trade.content(order)).status_code == 200
    must(await decide(trade, trade.regulator, record, "withdraw"))

    assert code(await trade.content(order)) == "personal_information_basis_missing"
    again = await decide(trade, agency, record, "accept", valid_to=until)
    assert code(again) == "anonymisation_event_not_allowed"
    shown = must(
        await trade.by(trade.supplier).get(f"/api/v1/products/{trade.product_id}/anonymisations")
    )["items"]
    assert [each["state"] for each in shown] == ["withdrawn"]


async def test_only_the_agency_that_was_asked_accepts_and_no_supplier_is_its_own(
    trade: Trade,
) -> None:
    agency, other = await agency_of(trade), await agency_of(trade)
    for unfit in (trade.supplier.party.id, trade.buyer.party.id):
        assert code(await submit(trade, unfit)) == "anonymisation_agency_unfit"
    stranger = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    assert code(await submit(trade, agency.party.id, who=stranger)) == "not_found"
    record = must(await submit(trade, agency.party.id))["id"]

    until = (trade.clock.now() + 30 * DAY).date().isoformat()
    for who in (other, trade.regulator):
        assert code(await decide(trade, who, record, "accept", valid_to=until)) == "not_found"
    must(await decide(trade, agency, record, "refuse"))

    assert await rejected(trade) == ["personal_information_basis_missing"]
    page = must(await trade.by(other).get(f"/api/v1/products/{trade.product_id}/anonymisations"))
    assert page["items"] == []
