"""Complaints: made by anybody, handled by nobody who is complained of, appealed once, counted (§6.3)."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import httpx
import pytest

from market.complaints import filing
from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

PATH = "/api/v1/complaints"
UNKNOWN = "01890000-0000-7000-8000-000000000000"
UPHELD = {"outcome": "upheld", "findings": "查证属实", "ordered": "七日内补齐数据"}
HTML = {"accept": "text/html"}
# Every command on a complaint and a body that it takes.
STEPS: dict[str, dict[str, Any]] = {
    "triages": {"decision": "accept"},
    "investigations": {},
    "statements": {"text": "三月的数据已于四月补发。"},
    "measures": {"kind": "freeze_listing", "target_id": UNKNOWN, "risk": "仍在售"},
    "liftings": {"kind": "freeze_listing", "target_id": UNKNOWN, "reason": "已补齐"},
    "resolutions": UPHELD,
    "appeals": {"reason": "不服"},
    "reviews": UPHELD,
    "arbitrations": {"institution": "海南仲裁委", "case_number": "1", "basis": "law"},
    "awards": {"instrument_id": UNKNOWN},
    "closings": {"reason": "已了结"},
}


trade = staged(make_trade)


def complaint(trade: Trade, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "product_quality",
        "about": "product",
        "about_id": trade.product_id,
        "facts": "我是张三，三月的数据缺了一半。",
        "contact": "13800138000",
    } | changes


async def make(trade: Trade, who: Member | None = None, **changes: Any) -> dict[str, Any]:
    api = trade.api if who is None else trade.by(who)
    return must(await api.post(PATH, complaint(trade, **changes)))


async def step(
    trade: Trade, who: Member, made: dict[str, Any], name: str, **body: Any
) -> httpx.Response:
    return await trade.by(who).post(f"{PATH}/{made['id']}/{name}", STEPS[name] | body)


async def look_up(trade: Trade, made: dict[str, Any]) -> dict[str, Any]:
    asked = {"number": made["number"], "secret": made["secret"]}
    return must(await trade.api.post("/api/v1/complaint-lookups", asked))


async def hear(trade: Trade, made: dict[str, Any], who: Member | None = None) -> dict[str, Any]:
    """Let who is complained of state its position: the supplier, if nobody else is named."""
    return must(await step(trade, who or trade.supplier, made, "statements"))


async def decided(trade: Trade, who: Member | None = None, **changes: Any) -> dict[str, Any]:
    """Return a complaint that the operator's adjudicator decided."""
    made = await make(trade, who, **changes)
    for name in ("triages", "investigations"):
        told = must(await step(trade, trade.adjudicator, made, name))
    sides = (trade.supplier, trade.buyer, trade.stranger)
    against = next(each for each in sides if str(each.party.id) == told["against_party_id"])
    await hear(trade, made, against)
    must(await step(trade, trade.adjudicator, made, "resolutions"))
    return made


async def topics(trade: Trade, who: Member) -> list[str]:
    found = must(await trade.by(who).get("/api/v1/my/notifications", limit=100))["items"]
    return [each["topic"] for each in found if each["topic"].startswith("complaint")]


async def timers(trade: Trade, kind: str) -> list[dict[str, Any]]:
    found = must(await trade.by(trade.regulator).get("/api/v1/timers", kind=kind))["items"]
    return [each["timer"] for each in found]


async def test_nobody_says_who_it_is_and_follows_its_complaint_to_the_end(trade: Trade) -> None:
    made = await make(trade)
    assert made["triage_due_on"] == "2026-03-09"  # five working days after 2 March
    assert (await look_up(trade, made))["state"] == "received"
    (running,) = await timers(trade, "complaint_triage")
    assert running["against"] == "supermarket_operator"

    must(await step(trade, trade.adjudicator, made, "triages"))
    assert await topics(trade, trade.supplier) == ["complaint_against_you"]
    investigated = must(await step(trade, trade.adjudicator, made, "investigations"))
    assert investigated["evidence"]["entries"]
    await hear(trade, made)
    must(await step(trade, trade.adjudicator, made, "resolutions"))
    told = await look_up(trade, made)
    assert (told["outcome"], told["ordered"]) == ("upheld", "七日内补齐数据")
    early = await step(trade, trade.adjudicator, made, "closings")
    assert code(early) == "complaint_appeal_running"

    await trade.move_by(dt.timedelta(days=16))  # the jobs run

    assert (await look_up(trade, made))["state"] == "closed"
    counts = must(await trade.api.get("/api/v1/complaint-statistics"))["items"]
    assert counts == [
        {"year": 2026, "kind": "product_quality", "ending": "upheld", "count": 1, "appealed": 0}
    ]
    assert await timers(trade, "complaint_appeal") == []


async def test_who_is_complained_of_reads_the_facts_and_not_who_complained(trade: Trade) -> None:
    made = await make(trade, trade.buyer)
    supplier = trade.by(trade.supplier)
    assert (await supplier.get(f"{PATH}/{made['id']}")).status_code == 404  # nothing to answer yet
    assert must(await supplier.get("/api/v1/my/complaints", against=True))["items"] == []

    must(await step(trade, trade.adjudicator, made, "triages"))
    shown = await supplier.get(f"{PATH}/{made['id']}")
    listed = await supplier.get("/api/v1/my/complaints", against=True)

    for answer in (shown, listed):
        assert "数据缺了一半" in answer.text
        assert str(trade.buyer.party.id) not in answer.text
        assert "13800138000" not in answer.text
    own = must(await trade.by(trade.buyer).get("/api/v1/my/complaints"))["items"]
    assert [each["number"] for each in own] == [made["number"]]
    assert must(await trade.by(trade.buyer).get(f"{PATH}/{made['id']}"))["contact"]
    for stranger in (trade.stranger, trade.acceptor):
        assert (await trade.by(stranger).get(f"{PATH}/{made['id']}")).status_code == 404
        mine = must(await trade.by(stranger).get("/api/v1/my/complaints", against=True))
        assert mine["items"] == []
    assert (await trade.by(trade.acceptor).get(PATH)).status_code == 403
    assert must(await trade.by(trade.adjudicator).get(PATH, status="accepted"))["items"]
    assert must(await trade.by(trade.adjudicator).get(PATH, kind="price"))["items"] == []


async def test_what_is_about_the_operator_is_seen_and_handled_by_the_authority_alone(
    trade: Trade,
) -> None:
    made = await make(trade, trade.buyer, kind="operator_conduct", about="operator", about_id=None)
    (running,) = await timers(trade, "complaint_triage")
    assert running["against"] == "authority"

    for name in ("triages", "investigations", "closings"):
        assert (await step(trade, trade.adjudicator, made, name)).status_code == 404
    assert must(await trade.by(trade.adjudicator).get(PATH))["items"] == []

    must(await step(trade, trade.regulator, made, "triages"))
    seen = must(await trade.by(trade.adjudicator).get(f"{PATH}/{made['id']}"))
    assert seen["complainant_party_id"] is None  # it is told what it is to answer, and no more
    must(await step(trade, trade.regulator, made, "investigations"))
    await hear(trade, made, trade.adjudicator)
    must(await step(trade, trade.regulator, made, "resolutions"))
    must(await step(trade, trade.buyer, made, "appeals"))
    own = await step(trade, trade.regulator, made, "reviews")
    assert code(own) == "complaint_reviewer_is_handler"


async def test_what_the_operator_complains_of_is_handled_by_the_authority_and_not_by_itself(
    trade: Trade,
) -> None:
    made = await make(trade, trade.adjudicator)
    before = await look_up(trade, made)

    refused = [
        await step(trade, trade.adjudicator, made, name) for name in ("triages", "investigations")
    ]

    assert [(each.status_code, code(each)) for each in refused] == [
        (409, "complaint_handler_is_party")
    ] * 2
    assert await look_up(trade, made) == before
    for name in ("triages", "investigations"):
        must(await step(trade, trade.regulator, made, name))
    await hear(trade, made)
    must(await step(trade, trade.regulator, made, "resolutions"))
    assert (await look_up(trade, made))["outcome"] == "upheld"


async def test_the_authority_does_not_decide_in_the_operators_place(trade: Trade) -> None:
    made = await make(trade)

    triaged = await step(trade, trade.regulator, made, "triages")
    must(await step(trade, trade.adjudicator, made, "triages"))
    investigated = await step(trade, trade.regulator, made, "investigations")

    assert {code(triaged), code(investigated)} == {"complaint_of_other_house"}


async def test_a_colleague_takes_over_before_it_decides(trade: Trade) -> None:
    made = await make(trade)
    colleague = await make_member(
        trade.db, Role.OPERATOR_ADJUDICATOR, now=trade.clock.now(), party=trade.adjudicator.party
    )
    must(await step(trade, trade.adjudicator, made, "triages"))
    before = must(await step(trade, trade.adjudicator, made, "investigations"))

    refused = await step(trade, colleague, made, "resolutions")
    after = must(await step(trade, colleague, made, "investigations"))

    assert code(refused) == "complaint_held_by_another"
    assert after["evidence"] == before["evidence"]  # as it was held first
    await hear(trade, made)
    must(await step(trade, colleague, made, "resolutions"))


async def test_ownership_and_wrong_data_go_where_they_belong(trade: Trade) -> None:
    owned = await make(trade, trade.buyer, kind="ownership")
    wrong = await make(trade, trade.buyer, kind="data_content_error")
    price = await make(trade, trade.buyer, kind="price")
    redirect = {"decision": "redirect", "reason": "属其他程序"}

    kept = await step(trade, trade.adjudicator, owned, "triages")
    sent = await step(trade, trade.adjudicator, price, "triages", **redirect)
    assert {code(kept), code(sent)} == {"complaint_belongs_elsewhere"}
    silent = await step(trade, trade.adjudicator, owned, "triages", decision="redirect")
    assert code(silent) == "complaint_reason_missing"
    for made in (owned, wrong):
        must(await step(trade, trade.adjudicator, made, "triages", **redirect))
    declined = {"decision": "decline", "reason": "无事实"}
    must(await step(trade, trade.adjudicator, price, "triages", **declined))

    assert (await look_up(trade, owned))["redirected_to"] == "objections"
    noun, _, issue = (await look_up(trade, wrong))["redirected_to"].partition(":")
    found = must(await trade.by(trade.supplier).get(f"/api/v1/quality-issues/{issue}"))
    assert (noun, found["dimension"]) == ("quality_issue", "accuracy")
    assert (await look_up(trade, price))["reason"] == "无事实"
    assert await topics(trade, trade.buyer) == [
        "complaint_declined",
        "complaint_redirected",
        "complaint_redirected",
    ]
    assert await topics(trade, trade.supplier) == []
    for made in (owned, wrong, price):
        must(await step(trade, trade.adjudicator, made, "closings"))
    counts = must(await trade.api.get("/api/v1/complaint-statistics"))["items"]
    assert {(each["kind"], each["ending"]) for each in counts} == {
        ("ownership", "redirected"),
        ("data_content_error", "redirected"),
        ("price", "declined"),
    }
    assert await topics(trade, trade.supplier) == []  # what was not taken is nobody's to answer


async def test_either_goes_to_the_authority_once_and_its_decision_counts(trade: Trade) -> None:
    made = await decided(trade, trade.buyer)
    assert await topics(trade, trade.buyer) == ["complaint_resolved", "complaint_accepted"]
    foreign = await step(trade, trade.stranger, made, "appeals")
    assert foreign.status_code == 404
    wordless = await step(trade, trade.supplier, made, "appeals", reason=" ")
    assert code(wordless) == "complaint_reason_missing"

    appealed = must(await step(trade, trade.supplier, made, "appeals"))
    assert appealed["complainant_party_id"] is None
    (running,) = await timers(trade, "complaint_review")
    assert running["against"] == "authority"
    held = await step(trade, trade.regulator, made, "closings")
    assert code(held) == "complaint_appeal_running"
    assert (await step(trade, trade.adjudicator, made, "reviews")).status_code == 403
    reviewed = must(
        await step(trade, trade.regulator, made, "reviews", outcome="not_upheld", findings="不属实")
    )
    again = await step(trade, trade.buyer, made, "appeals")

    assert (reviewed["outcome"], reviewed["state"]) == ("not_upheld", "resolved")
    assert code(again) == "complaint_appealed_before"
    must(await step(trade, trade.adjudicator, made, "closings"))
    counts = must(await trade.api.get("/api/v1/complaint-statistics"))["items"]
    assert [(each["ending"], each["appealed"]) for each in counts] == [("not_upheld", 1)]


async def test_who_did_not_say_who_it_is_appeals_by_its_secret_and_in_time(trade: Trade) -> None:
    made = await decided(trade)
    late = await decided(trade)
    asked = {"number": made["number"], "secret": made["secret"], "reason": "不服"}

    wrong = await trade.api.post("/api/v1/complaint-appeals", asked | {"secret": "guessed"})
    told = must(await trade.api.post("/api/v1/complaint-appeals", asked))
    trade.clock.move_by(dt.timedelta(days=16))
    over = await trade.api.post(
        "/api/v1/complaint-appeals",
        {"number": late["number"], "secret": late["secret"], "reason": "不服"},
    )

    assert wrong.status_code == 404
    assert told["state"] == "under_review_by_regulator"
    assert code(over) == "complaint_appeal_over"


async def test_an_award_ends_what_went_to_arbitration(trade: Trade) -> None:
    made = await decided(trade, trade.buyer)
    foreign = await step(trade, trade.stranger, made, "arbitrations")
    referred = must(await step(trade, trade.buyer, made, "arbitrations"))
    assert (foreign.status_code, referred["state"]) == (404, "arbitration")
    assert await timers(trade, "complaint_appeal") == []

    early = await step(trade, trade.adjudicator, made, "closings")
    unclear = await step(trade, trade.adjudicator, made, "awards", instrument_id=None)
    unknown = await step(trade, trade.adjudicator, made, "awards")
    award = {
        "instrument_id": None,
        "issuing_body": "海南仲裁委员会",
        "document_number": "（2026）海仲案字第1号",
        "effective_on": "2026-03-02",
    }
    must(await step(trade, trade.adjudicator, made, "awards", **award))

    assert code(early) == "complaint_award_missing"
    assert code(unclear) == "complaint_award_unclear"
    assert unknown.status_code == 404
    assert must(await step(trade, trade.adjudicator, made, "closings"))["state"] == "closed"


async def test_nothing_is_decided_before_who_is_complained_of_was_heard(trade: Trade) -> None:
    made = await make(trade, trade.buyer)
    untold = await step(trade, trade.supplier, made, "statements")
    must(await step(trade, trade.adjudicator, made, "triages"))
    must(await step(trade, trade.adjudicator, made, "investigations"))

    early = await step(trade, trade.adjudicator, made, "resolutions")
    must(await step(trade, trade.buyer, made, "statements", text="至今未补。"))
    still = await step(trade, trade.adjudicator, made, "resolutions")
    silent = await step(trade, trade.supplier, made, "statements", text=" ")
    foreign = await step(trade, trade.stranger, made, "statements")
    heard = await hear(trade, made)
    again = await step(trade, trade.supplier, made, "statements")
    decided = must(await step(trade, trade.adjudicator, made, "resolutions"))
    late = await step(trade, trade.buyer, made, "statements")

    assert (code(early), early.json()["facts"]) == (
        "complaint_not_heard",
        {"until": "2026-03-09T16:00:00+00:00"},  # five working days after 2 March
    )
    assert code(still) == "complaint_not_heard"
    assert code(silent) == "complaint_reason_missing"
    assert (untold.status_code, foreign.status_code) == (404, 404)
    assert [(each["by_complainant"], each["text"]) for each in heard["positions"]] == [
        (True, "至今未补。"),
        (False, "三月的数据已于四月补发。"),
    ]
    assert code(again) == "complaint_position_stated"
    assert decided["state"] == "resolved"
    assert code(late) == "complaint_hearing_over"


async def test_silence_does_not_hold_a_decision_up(trade: Trade) -> None:
    made = await make(trade)
    must(await step(trade, trade.adjudicator, made, "triages"))
    must(await step(trade, trade.adjudicator, made, "investigations"))
    await trade.move_by(dt.timedelta(days=8))

    late = await step(trade, trade.supplier, made, "statements")
    decided = must(await step(trade, trade.adjudicator, made, "resolutions"))

    assert code(late) == "complaint_hearing_over"
    assert (decided["state"], decided["positions"]) == ("resolved", [])


async def test_two_who_state_at_once_state_once(trade: Trade) -> None:
    made = await make(trade)
    must(await step(trade, trade.adjudicator, made, "triages"))

    both = await asyncio.gather(
        *(step(trade, trade.supplier, made, "statements") for _ in range(3))
    )

    assert sorted(each.status_code for each in both) == [200, 409, 409]


async def test_two_who_decide_at_once_decide_once(trade: Trade) -> None:
    made = await make(trade)
    must(await step(trade, trade.adjudicator, made, "triages"))
    must(await step(trade, trade.adjudicator, made, "investigations"))
    await hear(trade, made)

    answers = await asyncio.gather(
        *(step(trade, trade.adjudicator, made, "resolutions") for _ in range(4))
    )

    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert len(await timers(trade, "complaint_appeal")) == 1


async def test_a_flood_from_nobody_or_from_one_is_stopped_also_when_it_comes_at_once(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "MOST_UNNAMED_A_DAY", 2)
    monkeypatch.setattr(filing, "MOST_OF_ONE_A_DAY", 1)
    api = trade.api

    answers = await asyncio.gather(*(api.post(PATH, complaint(trade)) for _ in range(4)))
    await make(trade, trade.buyer)
    second = await trade.by(trade.buyer).post(PATH, complaint(trade))
    await make(trade, trade.stranger)

    assert sorted(each.status_code for each in answers) == [201, 201, 409, 409]
    assert code(second) == "complaint_box_full"
    trade.clock.move_by(dt.timedelta(days=1, seconds=1))
    await make(trade)


async def test_what_is_no_complaint_is_refused_and_leaves_nothing(trade: Trade) -> None:
    api = trade.api
    refused = [
        await api.post(PATH, complaint(trade, kind="agency_conduct")),
        await api.post(PATH, complaint(trade, about_id=None)),
        await trade.by(trade.supplier).post(PATH, complaint(trade)),
        await api.post(
            PATH,
            complaint(trade, kind="discrimination", about="party", about_id=str(_operator(trade))),
        ),
        await api.post(
            PATH,
            complaint(
                trade, kind="agency_conduct", about="agency", about_id=str(trade.buyer.party.id)
            ),
        ),
    ]
    missing = [
        await api.post(PATH, complaint(trade, about_id=UNKNOWN)),
        await api.post(PATH, complaint(trade, about="order", about_id=UNKNOWN)),
        await api.post(PATH, complaint(trade, file_ids=[UNKNOWN])),
        await api.post("/api/v1/complaint-lookups", {"number": "TS-2026-000001", "secret": "x"}),
    ]

    assert [code(each) for each in refused] == [
        "complaint_target_unclear",
        "complaint_target_unclear",
        "complaint_about_oneself",
        "complaint_target_unclear",
        "complaint_target_unclear",
    ]
    assert [each.status_code for each in missing] == [404] * 4
    assert (await api.post(PATH, complaint(trade, facts=""))).status_code in (400, 422)
    assert must(await trade.by(trade.regulator).get(PATH))["items"] == []


@pytest.mark.parametrize("name", STEPS)
async def test_every_step_is_for_its_own_people_and_an_unknown_complaint_is_not_there(
    trade: Trade, name: str
) -> None:
    made = {"id": str(uuid.uuid4())}
    everybody = (trade.buyer, trade.supplier, trade.acceptor, trade.adjudicator, trade.regulator)
    of_parties = dict.fromkeys(("statements", "appeals", "arbitrations"), everybody)
    may = (of_parties | {"reviews": (trade.regulator,)}).get(
        name, (trade.adjudicator, trade.regulator)
    )

    for who in everybody:
        answer = await step(trade, who, made, name)
        assert answer.status_code == (404 if who in may else 403), (name, who.actor.roles)
    assert (await trade.api.post(f"{PATH}/{made['id']}/{name}", STEPS[name])).status_code == 401


async def test_the_database_keeps_a_complaint_from_who_is_complained_of(
    trade: Trade, owner_dsn: str
) -> None:
    made = await make(trade)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        for statement, match in (
            ("UPDATE market.complaints SET facts = 'x'", "nothing was remembered"),
            (
                "UPDATE market.complaints SET handler_party_id = against_party_id",
                "handler_is_no_party",
            ),
            ("UPDATE market.complaints SET state = 'investigating'", "investigated_with_evidence"),
            ("UPDATE market.complaints SET state = 'closed'", "closed_in_some_way"),
            (
                "UPDATE market.complaints SET complainant_party_id = against_party_id",
                "nobody_complains_of_itself",
            ),
        ):
            with pytest.raises(asyncpg.PostgresError, match=match):
                await connection.execute(statement)
        kept = await connection.fetchval("SELECT secret_sha256 FROM market.complaints")
    finally:
        await connection.close()
    assert made["secret"].encode() not in kept


async def test_a_page_takes_a_complaint_and_shows_how_far_it_is(trade: Trade) -> None:
    http, own = trade.api.http, HTML | {"sec-fetch-site": "same-origin"}
    form = {name: value or "" for name, value in complaint(trade).items()}

    empty = await http.get(f"/complaints?product={trade.product_id}", headers=HTML)
    strange = await http.post("/complaints", data=form, headers=HTML)
    unreadable = await http.post("/complaints", data=form | {"about_id": "一"}, headers=own)
    missing = await http.post("/complaints", data=form | {"about_id": UNKNOWN}, headers=own)
    taken = await http.post("/complaints", data=form, headers=own)
    assert trade.product_id in empty.text
    assert (strange.status_code, unreadable.status_code, missing.status_code) == (403, 422, 404)
    assert "三月的数据缺了一半" in unreadable.text  # what was typed is not lost
    number = "TS-" + taken.text.split('<dd class="mono">TS-', 1)[1].split("<", 1)[0]
    secret = taken.text.split('<dd class="mono">')[2].split("<", 1)[0]

    asked = {"number": number, "secret": secret}
    shown = await http.post("/complaints/status", data=asked, headers=own)
    wrong = await http.post("/complaints/status", data=asked | {"secret": "x"}, headers=own)

    assert taken.status_code == 200
    assert "已收到" in shown.text
    assert "张三" not in shown.text
    assert wrong.status_code == 404


def _operator(trade: Trade) -> uuid.UUID:
    return trade.adjudicator.party.id
