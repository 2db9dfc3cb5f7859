"""Demands from the draft to their end: reviewed, shown without what is confidential, matched (GD-04, GD-10)."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import pytest

from catalog.kernel.db import Database
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import code
from tests.makers_demands import (
    FILES,
    POSTS,
    another_supplier,
    asked,
    drafted,
    match,
    matches,
    published,
    state,
    step,
    submitted,
)
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

MINE = "/api/v1/my/demand-matches"


trade = staged(make_trade)


async def told(trade: Trade, who: Any) -> list[str]:
    inbox = must(await trade.by(who).get("/api/v1/my/notifications", limit=100))
    return [each["topic"] for each in inbox["items"]]


async def board(trade: Trade, **narrowed: Any) -> list[dict[str, Any]]:
    return list(must(await trade.api.get(POSTS, **narrowed))["items"])


async def test_a_demand_is_reviewed_before_anybody_else_reads_it(
    trade: Trade, db: Database
) -> None:
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    post = await drafted(trade)
    hidden = [await board(trade), (await trade.api.get(f"{POSTS}/{post}")).status_code]
    must(await step(trade, post, "submissions"))
    waiting = must(await trade.by(trade.acceptor).get(FILES, status="submitted"))["items"]
    queue = must(await trade.by(trade.acceptor).get("/api/v1/work-queue"))

    must(await step(trade, post, "publications", trade.acceptor))

    assert hidden == [[], 404]
    assert [each["id"] for each in waiting] == [post]
    assert "港口作业气象风险" in str(queue)
    (shown,) = await board(trade)
    assert (shown["id"], shown["buyer"]) == (post, trade.buyer.party.name)
    assert "demand_post_published" in await told(trade, trade.buyer)
    log = await trade.by(auditor).find_in_log(subject_kind="demand_post", subject_id=post)
    assert {each["event"] for each in log} >= {
        "demand_post:drafted",
        "demand_post:submitted",
        "demand_post:published",
    }


async def test_neither_the_budget_nor_an_anonymous_buyer_is_told_to_others(trade: Trade) -> None:
    post = await published(trade, visibility="anonymous")
    shown = (await trade.api.get(f"{POSTS}/{post}")).json()
    listed = (await trade.api.get(POSTS)).text
    of_supplier = (await trade.by(trade.supplier).get(MINE)).text

    assert (shown["buyer"], shown["buyer_kind"]) == (None, "legal_person")
    assert shown["budget_fen"] is None
    for seen in (listed, of_supplier, str(shown)):
        assert str(trade.buyer.party.id) not in seen
        assert trade.buyer.party.name not in seen
        assert "100000" not in seen
    assert (
        must(await trade.by(trade.buyer).get(f"{FILES}/{post}"))["post"]["asked"]["budget_fen"]
        == 100_000
    )


async def test_a_budget_that_is_shown_is_shown(trade: Trade) -> None:
    post = await published(trade, shows_budget=True)

    assert must(await trade.api.get(f"{POSTS}/{post}"))["budget_fen"] == 100_000
    (mine,) = must(await trade.by(trade.supplier).get(MINE))["items"]
    assert "price" in [each["about"] for each in mine["match"]["reasons"]]


async def test_a_demand_for_invited_suppliers_stands_on_no_board(trade: Trade) -> None:
    post = await published(trade, visibility="invited")

    assert await board(trade) == []
    assert (await trade.api.get(f"{POSTS}/{post}")).status_code == 404
    assert (await trade.by(trade.supplier).get(f"{POSTS}/{post}")).status_code == 404
    assert must(await trade.by(trade.supplier).get(MINE))["items"] == []
    assert "demand_post_matched" not in await told(trade, trade.supplier)
    assert (await trade.by(trade.buyer).get(f"{POSTS}/{post}")).status_code == 200
    assert [each["product_id"] for each in await matches(trade, post)] == [trade.product_id]


@pytest.mark.parametrize(
    ("changes", "status", "refusal"),
    [
        ({"description": "联系张三 13800138000"}, 422, "demand_post_personal"),
        ({"wanted_to": "2020-01-01"}, 422, "demand_post_times_invalid"),
        ({"offers_until": "2026-03-02T02:00:00Z"}, 409, "demand_post_deadline_unfit"),
    ],
)
async def test_what_may_not_be_posted_stays_a_draft(
    trade: Trade, changes: dict[str, Any], status: int, refusal: str
) -> None:
    post = await drafted(trade, **changes)

    refused = await step(trade, post, "submissions")

    assert (refused.status_code, code(refused)) == (status, refusal)
    assert await state(trade, post) == "draft"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"region_code": "99"}, "demand_post_code_unknown"),
        ({"industry": "Z"}, "body_invalid"),
        ({"region_code": "460"}, "code_malformed"),
        ({"delivery_modes": []}, "body_invalid"),
        ({"use_category": "else"}, "body_invalid"),
        ({"offers_until": "2026-03-20T00:00:00"}, "body_invalid"),
        ({"budget_fen": -1}, "body_invalid"),
    ],
)
async def test_what_can_not_be_right_is_not_drafted(
    trade: Trade, changes: dict[str, Any], refusal: str
) -> None:
    refused = await trade.by(trade.buyer).post(POSTS, asked(trade, **changes))

    assert (refused.status_code, code(refused)) == (422, refusal)
    assert must(await trade.by(trade.buyer).get(FILES))["items"] == []


async def test_the_operator_rejects_with_a_code_and_words(trade: Trade) -> None:
    post = await submitted(trade)
    blank = await step(trade, post, "rejections", trade.acceptor, rejection="secrets", reason="  ")
    must(
        await step(
            trade, post, "rejections", trade.acceptor, rejection="secrets", reason="涉及航道机密"
        )
    )

    assert code(blank) == "demand_post_reason_missing"
    seen = must(await trade.by(trade.buyer).get(f"{FILES}/{post}"))["post"]
    assert (seen["state"], seen["rejection"], seen["reason"]) == (
        "rejected",
        "secrets",
        "涉及航道机密",
    )
    assert "demand_post_rejected" in await told(trade, trade.buyer)
    again = await step(trade, post, "publications", trade.acceptor)
    assert code(again) == "demand_post_event_not_allowed"


async def test_nobody_reviews_what_its_own_party_asks_for(trade: Trade, db: Database) -> None:
    both = await make_member(db, Role.BUYER, now=trade.clock.now(), party=trade.acceptor.party)
    post = await drafted(trade, both)
    must(await step(trade, post, "submissions", both))

    for how, body in (("publications", {}), ("rejections", {"rejection": "other", "reason": "x"})):
        refused = await step(trade, post, how, trade.acceptor, **body)
        assert (refused.status_code, code(refused)) == (409, "demand_post_own_review")


async def test_who_was_not_identified_or_is_banned_posts_nothing(
    trade: Trade, db: Database
) -> None:
    from market.identity.states import State as PartyState
    from tests.makers_identity import make_party

    now = trade.clock.now()
    party = await make_party(db, Capacity.TRADER, now=now, state=PartyState.REGISTERED)
    unknown = await make_member(db, Role.BUYER, now=now, party=party)
    post = await drafted(trade, unknown)

    refused = await step(trade, post, "submissions", unknown)

    assert (refused.status_code, code(refused)) == (409, "buyer_not_verified")


async def test_another_partys_demand_is_unknown(trade: Trade) -> None:
    post = await submitted(trade)
    who = trade.by(trade.stranger)

    for how, body in (
        ("submissions", {}),
        ("withdrawals", {"reason": "x"}),
        ("fulfilments", {"reason": "x"}),
    ):
        assert (await step(trade, post, how, trade.stranger, **body)).status_code == 404
    assert (await who.get(f"{FILES}/{post}")).status_code == 404
    assert (await who.get(f"{FILES}/{post}/matches")).status_code == 404
    put = await who.put(f"{POSTS}/{post}", asked(trade), if_match='"2"')
    assert put.status_code == 404
    assert must(await who.get(FILES))["items"] == []
    assert await state(trade, post) == "submitted"


async def test_what_is_revised_is_reviewed_again_and_every_revision_is_kept(trade: Trade) -> None:
    post = await published(trade)
    who = trade.by(trade.buyer)
    version = must(await who.get(f"{FILES}/{post}"))["post"]["version"]
    stale = await who.put(f"{POSTS}/{post}", asked(trade, title="海港"), if_match='"1"')
    revised = await who.put(
        f"{POSTS}/{post}",
        asked(trade, title="海港大风"),
        if_match=f'"{version}"',
    )

    assert (stale.status_code, code(stale)) == (412, "version_stale")
    assert must(revised)["state"] == "submitted"
    assert await board(trade) == []
    kept = must(await who.get(f"{FILES}/{post}"))["revisions"]
    assert [each["asked"]["title"] for each in kept] == ["港口作业气象风险", "海港大风"]
    must(await step(trade, post, "publications", trade.acceptor))
    (shown,) = await board(trade)
    assert (shown["title"], shown["revision"]) == ("海港大风", 2)


async def test_a_demand_is_taken_back_or_met_with_a_reason(trade: Trade) -> None:
    one, other = await published(trade), await published(trade)

    blank = await step(trade, one, "withdrawals", reason=" ")
    must(await step(trade, one, "withdrawals", reason="项目取消"))
    must(await step(trade, other, "fulfilments", reason="已另行采购"))

    assert (blank.status_code, code(blank)) == (422, "demand_post_reason_missing")
    assert [await state(trade, one), await state(trade, other)] == ["withdrawn", "met"]
    assert await board(trade) == []
    again = await step(trade, one, "withdrawals", reason="再次")
    assert code(again) == "demand_post_event_not_allowed"


async def test_a_demand_is_over_ten_working_days_after_its_last_day_for_offers(
    trade: Trade,
) -> None:
    post = await published(trade)  # offers until 22 March
    trade.clock.move_by(dt.timedelta(days=20 + 12))
    await match(trade)
    before = await state_after_sign_in(trade, post)
    trade.clock.move_by(dt.timedelta(days=6))
    await match(trade)

    assert before == "published"
    assert await state_after_sign_in(trade, post) == "expired"
    assert "demand_post_expired" in await told(trade, trade.buyer)


async def state_after_sign_in(trade: Trade, post: str) -> str:
    await trade.sign_in_again()
    return await state(trade, post)


@pytest.mark.parametrize(
    ("narrowed", "is_found"),
    [
        ({"form": "data_indicator"}, True),
        ({"form": "dataset"}, False),
        ({"industry": "G"}, True),
        ({"industry": "C"}, False),
        ({"region_code": "46"}, True),
        ({"region_code": "44"}, False),
        ({"delivery": "dataset_product"}, True),
        ({"delivery": "api_call"}, False),
        ({"use_category": "industrial_development"}, True),
        ({"use_category": "public_welfare"}, False),
    ],
    ids=str,
)
async def test_the_board_is_narrowed_by_subtrees_forms_and_manners(
    trade: Trade, narrowed: dict[str, str], is_found: bool
) -> None:
    await published(trade, industry="55", region_code="4601")

    assert bool(await board(trade, **narrowed)) is is_found


async def test_the_board_goes_page_by_page(trade: Trade) -> None:
    posts = [await published(trade, title=f"需求 {n}") for n in range(3)]

    first = must(await trade.api.get(POSTS, limit=2))
    second = must(await trade.api.get(POSTS, limit=2, cursor=first["next_cursor"]))
    wrong = await trade.api.get(POSTS, cursor=first["next_cursor"], form="dataset")

    assert [each["id"] for each in first["items"] + second["items"]] == posts[::-1]
    assert second["next_cursor"] is None
    assert code(wrong) == "cursor_unreadable"


# ── matches ─────────────────────────────────────────────────────────────────────────────────


async def test_what_fits_is_told_with_reasons_and_the_supplier_hears_of_it_once(
    trade: Trade,
) -> None:
    post = await published(trade)

    (found,) = await matches(trade, post)
    told_before = await told(trade, trade.supplier)
    trade.clock.move_by(dt.timedelta(minutes=6))
    await match(trade)

    assert (found["product_id"], found["is_current"]) == (trade.product_id, True)
    reasons = {each["about"]: (each["fits"], each["zh"], each["en"]) for each in found["reasons"]}
    assert reasons["form"] == (True, "产品形式相符", "the form fits")
    assert reasons["price"] == (True, "价格在预算之内", "the price is within budget")
    # What its description leaves open, its filed prices say.
    assert reasons["delivery"] == (True, "交付方式相符", "the delivery fits")
    assert told_before.count("demand_post_matched") == 1
    assert (await told(trade, trade.supplier)).count("demand_post_matched") == 1
    (mine,) = must(await trade.by(trade.supplier).get(MINE))["items"]
    assert (mine["posting"]["id"], mine["match"]["score"]) == (post, None)
    assert "price" not in [each["about"] for each in mine["match"]["reasons"]]


async def test_what_comes_into_the_catalogue_later_is_found_within_minutes(trade: Trade) -> None:
    post = await published(trade)
    _, later = await another_supplier(trade, name="港口作业气象风险日报")
    at_once = [each["product_id"] for each in await matches(trade, post)]

    trade.clock.move_by(dt.timedelta(minutes=6))
    await match(trade)

    assert at_once == [trade.product_id]
    assert later in [each["product_id"] for each in await matches(trade, post)]


async def test_what_leaves_the_catalogue_fits_no_more(trade: Trade) -> None:
    post = await published(trade)
    listing = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["id"]
    must(await trade.listing_step(listing, "suspensions", trade.issuer, reason="核查"))

    trade.clock.move_by(dt.timedelta(minutes=6))
    await match(trade)

    assert await matches(trade, post) == []


async def test_a_price_over_budget_is_a_reason_against_it(trade: Trade) -> None:
    post = await published(trade, budget_fen=100)

    (found,) = await matches(trade, post)

    (price,) = [each for each in found["reasons"] if each["about"] == "price"]
    assert (price["fits"], price["zh"]) == (False, "价格超出预算")


async def test_ones_own_product_is_no_match(trade: Trade, db: Database) -> None:
    own = await make_member(db, Role.BUYER, now=trade.clock.now(), party=trade.supplier.party)
    kept, trade.buyer = trade.buyer, own
    post = await published(trade)

    assert await matches(trade, post) == []
    trade.buyer = kept


async def test_both_sides_answer_a_match_and_what_they_said_is_kept(
    trade: Trade, db: Database
) -> None:
    post = await published(trade)
    path = f"matches/{trade.product_id}/answers"

    bought = must(await step(trade, post, path, verdict="dismissed", reason="too_dear"))
    bought = must(await step(trade, post, path, verdict="accepted"))
    sold = must(
        await step(trade, post, path, trade.supplier, verdict="dismissed", reason="not_for_sale")
    )

    assert (bought["buyer_verdict"], bought["buyer_reason"]) == ("accepted", None)
    assert (sold["supplier_verdict"], sold["supplier_reason"]) == ("dismissed", "not_for_sale")
    assert sold["score"] is None
    assert "demand_match_accepted" in await told(trade, trade.supplier)
    assert "demand_match_accepted" not in await told(trade, trade.buyer)
    from catalog.kernel.actor import system
    from catalog.kernel.db import begin

    async with begin(db, system("test")) as tx:
        kept = await tx.fetch(
            "SELECT side, verdict, reason FROM market.demand_match_answers ORDER BY place"
        )
    assert [tuple(row) for row in kept] == [
        ("buyer", "dismissed", "too_dear"),
        ("buyer", "accepted", None),
        ("supplier", "dismissed", "not_for_sale"),
    ]


async def test_an_answer_is_one_of_those_whom_the_match_concerns(trade: Trade) -> None:
    post = await published(trade)
    path = f"matches/{trade.product_id}/answers"

    strangers = await step(trade, post, path, trade.stranger, verdict="accepted")
    unknown = await step(trade, post, f"matches/{uuid.uuid4()}/answers", verdict="accepted")
    unsaid = await step(trade, post, path, verdict="dismissed")
    must(await step(trade, post, "withdrawals", reason="取消"))
    late = await step(trade, post, path, verdict="accepted")

    assert [strangers.status_code, unknown.status_code] == [404, 404]
    assert (unsaid.status_code, code(unsaid)) == (422, "demand_match_reason_unfit")
    assert (late.status_code, code(late)) == (409, "demand_post_event_not_allowed")


async def test_two_reviewers_at_once_publish_once(trade: Trade) -> None:
    post = await submitted(trade)

    both = await asyncio.gather(
        *(step(trade, post, "publications", trade.acceptor) for _ in range(2))
    )

    assert sorted(each.status_code for each in both) == [200, 409]
