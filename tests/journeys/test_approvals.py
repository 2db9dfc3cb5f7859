"""A buyer's own organisation agrees before it binds itself; the other side sees nothing of it."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import uuid
from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_negotiations import Talk, requested, terms
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

CHAIN = "/api/v1/approval-chain"
APPROVALS = "/api/v1/approvals"


class Buying(Trade):
    """A trade whose buyer has people who approve."""

    head: Member
    finance: Member
    colleague: Member


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Buying:
    buying = Buying(api, db, clock)
    vars(buying).update(vars(await make_trade(api, db, clock)))
    for name, role in (
        ("head", Role.BUYER_APPROVER),
        ("finance", Role.BUYER_APPROVER),
        ("colleague", Role.BUYER),
    ):
        party = buying.buyer.party
        setattr(buying, name, await make_member(db, role, now=clock.now(), party=party))
    return buying


def steps(trade: Buying, second_from_fen: int = 10_000_000) -> list[dict[str, Any]]:
    """Return two steps: the head of department, and from an amount on a named colleague."""
    return [
        {"name": "部门负责人", "role": "buyer_approver", "within_hours": 24},
        {
            "name": "采购复核",
            "account_id": str(trade.colleague.account.id),
            "from_fen": second_from_fen,
        },
    ]


async def chained(trade: Buying, second_from_fen: int = 10_000_000) -> dict[str, Any]:
    return must(await trade.by(trade.head).put(CHAIN, {"steps": steps(trade, second_from_fen)}))


async def offered(trade: Buying) -> Talk:
    talk = await requested(trade)
    await talk.said(trade.supplier, "offers", terms=terms(trade))
    return talk


async def asked(trade: Buying, talk: Talk) -> str:
    return str(must(await talk.say(trade.buyer, "approvals"))["id"])


async def decide(
    trade: Buying, who: Member, approval: str, verdict: str = "approve", reason: str = ""
) -> httpx.Response:
    return await trade.by(who).post(
        f"{APPROVALS}/{approval}/decisions", {"verdict": verdict, "reason": reason}
    )


async def test_an_acceptance_waits_for_each_step_and_is_then_said_as_ever(trade: Buying) -> None:
    await chained(trade, second_from_fen=0)
    talk = await offered(trade)

    before = await talk.say(trade.buyer, "acceptances")
    approval = await asked(trade, talk)
    waiting = await talk.say(trade.buyer, "acceptances")
    first = must(await decide(trade, trade.head, approval))
    still = await talk.say(trade.buyer, "acceptances")
    second = must(await decide(trade, trade.colleague, approval))
    await talk.said(trade.buyer, "acceptances")

    assert (before.status_code, code(before)) == (409, "approval_required")
    assert (waiting.status_code, code(waiting)) == (409, "approval_pending")
    assert (first["state"], code(still)) == ("pending", "approval_pending")
    assert second["state"] == "approved"
    assert await talk.states() == ("accepted", "accepted")
    used = must(await trade.by(trade.head).get(f"{APPROVALS}/{approval}"))
    assert used["state"] == "used"
    assert [step["outcome"] for step in used["steps"]] == ["approved", "approved"]
    # What was approved covers the signature under the same terms.
    await talk.conclude()
    assert await talk.states() == ("finalized", "finalized")


async def test_what_the_supplier_agrees_to_at_once_is_not_signed_without_approval(
    trade: Buying,
) -> None:
    await chained(trade)
    talk = await requested(trade)
    await talk.said(trade.supplier, "agreements")

    unsigned = await talk.sign(trade.buyer, "verifications")
    approval = await asked(trade, talk)
    must(await decide(trade, trade.finance, approval))

    assert (unsigned.status_code, code(unsigned)) == (409, "approval_required")
    must(await talk.sign(trade.buyer, "verifications"))


async def test_while_it_is_asked_the_other_side_sees_that_the_buyer_has_not_answered(
    trade: Buying,
) -> None:
    await chained(trade)
    talk = await offered(trade)
    copy, messages = await talk.seen(trade.supplier), await talk.messages(trade.supplier)
    inbox = must(await trade.by(trade.supplier).get("/api/v1/my/notifications"))
    approval = await asked(trade, talk)
    must(await decide(trade, trade.head, approval, "reject", "预算不足"))

    assert await talk.seen(trade.supplier) == copy
    assert await talk.messages(trade.supplier) == messages
    assert must(await trade.by(trade.supplier).get("/api/v1/my/notifications")) == inbox
    for who in (trade.supplier, trade.stranger):
        client = trade.by(who)
        for response in (
            await client.get(f"{APPROVALS}/{approval}"),
            await client.post(f"{APPROVALS}/{approval}/decisions", {"verdict": "approve"}),
            await client.post(f"{APPROVALS}/{approval}/withdrawals"),
        ):
            # A supplier reads and decides no approvals at all; another buyer none of these.
            assert response.status_code == (403 if who is trade.supplier else 404)
    found = await trade.by(trade.head).find_in_log(action="approval:decided")
    assert len(found) == 1
    leaf = base64.b64decode(found[0]["leaf"]).decode()
    assert approval in leaf
    assert talk.ids[str(trade.buyer.party.id)] not in leaf  # the other side knows that id


async def test_neither_operator_nor_regulator_reads_what_a_buyer_settles_with_itself(
    trade: Buying,
) -> None:
    await chained(trade)
    talk = await offered(trade)
    approval = await asked(trade, talk)

    for who in (trade.acceptor, trade.regulator):
        refused = await trade.by(who).get(f"{APPROVALS}/{approval}")
        assert (refused.status_code, code(refused)) == (403, "permission_missing")


async def test_the_offers_time_goes_on_while_it_is_asked(trade: Buying) -> None:
    await chained(trade)
    talk = await offered(trade)
    approval = await asked(trade, talk)
    must(await decide(trade, trade.head, approval))
    await trade.move_by(dt.timedelta(days=7))

    late = await talk.say(trade.buyer, "acceptances")
    again = await talk.say(trade.buyer, "approvals")

    assert (late.status_code, code(late)) == (409, "offer_expired")
    assert (again.status_code, code(again)) == (409, "offer_expired")


async def test_a_step_that_nobody_decides_in_time_ends_it_and_it_can_be_asked_again(
    trade: Buying,
) -> None:
    await chained(trade)
    talk = await offered(trade)
    approval = await asked(trade, talk)
    trade.clock.move_by(dt.timedelta(hours=24))
    await trade.sign_in_again()

    late = await decide(trade, trade.head, approval)
    needed = await talk.say(trade.buyer, "acceptances")
    second = await asked(trade, talk)  # notes the first as over, before the job does
    trade.clock.move_by(dt.timedelta(hours=24))
    await trade.sign_in_again()
    await trade.api.run_jobs()

    assert (late.status_code, code(late)) == (409, "approval_step_over")
    assert code(needed) == "approval_required"
    for each in (approval, second):
        ended = must(await trade.by(trade.buyer).get(f"{APPROVALS}/{each}"))
        assert (ended["state"], ended["steps"][0]["outcome"]) == ("expired", "expired")
    over = await decide(trade, trade.head, second)
    assert (over.status_code, code(over)) == (409, "approval_event_not_allowed")
    told = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    assert {"approval_wanted", "approval_decided"} <= {each["topic"] for each in told}


async def test_a_changed_offer_is_not_covered_by_what_was_approved(trade: Buying) -> None:
    await chained(trade)
    talk = await offered(trade)
    must(await decide(trade, trade.head, await asked(trade, talk)))
    await talk.said(trade.buyer, "requests", terms=terms(trade, quantity=4))
    await talk.said(trade.supplier, "offers", terms=terms(trade, quantity=4))

    refused = await talk.say(trade.buyer, "acceptances")

    assert (refused.status_code, code(refused)) == (409, "approval_required")


async def test_below_the_amount_nobody_is_asked(trade: Buying) -> None:
    free = [{"name": "大额", "role": "buyer_approver", "from_fen": 37_036}]
    must(await trade.by(trade.head).put(CHAIN, {"steps": free}))
    talk = await offered(trade)  # of 370.35 yuan

    needless = await talk.say(trade.buyer, "approvals")
    await talk.said(trade.buyer, "acceptances")

    assert (needless.status_code, code(needless)) == (409, "approval_not_needed")
    assert await talk.states() == ("accepted", "accepted")


async def test_a_contract_is_signed_by_the_buyer_once_it_was_approved(trade: Buying) -> None:
    await chained(trade)
    early = await trade.step(await trade.placed(), "approvals", trade.buyer)
    order = await trade.cleared()
    must(await trade.sign(order, trade.supplier, trade.supplier_key))

    unsigned = await trade.sign(order, trade.buyer, trade.buyer_key)
    foreign = await trade.step(order, "approvals", trade.stranger)
    approval = must(await trade.step(order, "approvals", trade.buyer))["id"]
    must(await decide(trade, trade.head, approval))

    assert (unsigned.status_code, code(unsigned)) == (409, "approval_required")
    assert (early.status_code, code(early)) == (409, "order_event_not_allowed")
    assert foreign.status_code == 404
    must(await trade.sign(order, trade.buyer, trade.buyer_key))
    assert (await trade.order(order))["state"] == "contracted"


async def test_what_stands_under_an_approved_agreement_is_not_approved_twice(
    trade: Buying,
) -> None:
    await chained(trade)
    talk = await requested(trade)
    await talk.said(trade.supplier, "agreements")
    must(await decide(trade, trade.head, await asked(trade, talk)))
    must(await talk.sign(trade.buyer, "verifications"))
    await talk.carry()
    must(await talk.sign(trade.supplier, "finalizations"))
    await talk.carry()
    agreement = must(await trade.by(trade.buyer).get("/api/v1/agreements"))["items"][0]["id"]
    order = await trade.cleared(agreement_id=agreement)

    needless = await trade.step(order, "approvals", trade.buyer)

    assert (needless.status_code, code(needless)) == (409, "approval_not_needed")
    must(await trade.sign(order, trade.buyer, trade.buyer_key))


async def test_who_buys_lays_down_no_chain_and_a_chain_names_who_decides(trade: Buying) -> None:
    both = await make_member(
        trade.db,
        Role.BUYER,
        Role.BUYER_APPROVER,
        now=trade.clock.now(),
        party=trade.buyer.party,
    )
    head = trade.by(trade.head)

    none = await head.get(CHAIN)
    not_yours = await trade.by(trade.buyer).put(CHAIN, {"steps": []})
    of_both = await trade.by(both).put(CHAIN, {"steps": []})
    stranger = [{"name": "外人", "account_id": str(trade.stranger.account.id)}]
    unfit = await head.put(CHAIN, {"steps": stranger})

    assert (none.status_code, code(none)) == (404, "not_found")
    assert (not_yours.status_code, code(not_yours)) == (403, "permission_missing")
    assert (of_both.status_code, code(of_both)) == (409, "approval_chain_not_by_who_buys")
    assert (unfit.status_code, code(unfit)) == (422, "approval_chain_unfit")
    await chained(trade)
    again = await chained(trade)
    assert again["version"] == 2
    assert must(await head.get(CHAIN))["steps"] == again["steps"]
    assert len(await head.find_in_log(action="approval_chain:defined")) == 2


async def test_who_asks_does_not_approve_and_without_anybody_else_it_is_not_asked(
    trade: Buying,
) -> None:
    only = [{"name": "采购复核", "role": "buyer"}]
    must(await trade.by(trade.head).put(CHAIN, {"steps": only}))
    talk = await offered(trade)
    approval = await asked(trade, talk)

    own = await decide(trade, trade.buyer, approval)
    other = await decide(trade, trade.head, approval)
    silent = await decide(trade, trade.head, approval, "skip")

    assert (own.status_code, code(own)) == (409, "approval_not_yours_to_decide")
    assert (other.status_code, code(other)) == (409, "approval_not_yours_to_decide")
    assert (silent.status_code, code(silent)) == (422, "approval_reason_missing")
    alone = await decide(trade, trade.head, approval, "skip", "休假")
    assert (alone.status_code, code(alone)) == (409, "approval_without_approver")
    must(await trade.by(trade.buyer).post(f"{APPROVALS}/{approval}/withdrawals"))
    named = [{"name": "本人", "account_id": str(trade.buyer.account.id)}]
    must(await trade.by(trade.head).put(CHAIN, {"steps": named}))
    nobody = await talk.say(trade.buyer, "approvals")
    assert (nobody.status_code, code(nobody)) == (409, "approval_without_approver")


async def test_a_member_who_is_away_is_skipped_with_the_reason_and_the_rest_decide(
    trade: Buying,
) -> None:
    away = [
        {"name": "采购复核", "account_id": str(trade.colleague.account.id)},
        {"name": "部门负责人", "role": "buyer_approver"},
    ]
    must(await trade.by(trade.head).put(CHAIN, {"steps": away}))
    talk = await offered(trade)
    approval = await asked(trade, talk)

    skipped = must(await decide(trade, trade.head, approval, "skip", "休假"))
    approved = must(await decide(trade, trade.finance, approval))

    step = skipped["steps"][0]
    assert (step["outcome"], step["skipped_because"], step["reason"]) == (
        "skipped",
        "approver_absent",
        "休假",
    )
    assert approved["state"] == "approved"


async def test_two_at_once_decide_once_and_two_ask_once(trade: Buying) -> None:
    await chained(trade)
    talk = await offered(trade)

    asking = await asyncio.gather(*(talk.say(trade.buyer, "approvals") for _ in range(3)))
    approval = next(each.json()["id"] for each in asking if each.status_code == 201)
    deciding = await asyncio.gather(
        decide(trade, trade.head, approval),
        decide(trade, trade.finance, approval, "reject", "不同意"),
    )

    assert sorted(each.status_code for each in asking) == [201, 409, 409]
    assert {code(each) for each in asking if each.status_code == 409} == {"approval_asked_before"}
    assert sorted(each.status_code for each in deciding) == [200, 409]
    assert {code(each) for each in deciding if each.status_code == 409} == {
        "approval_event_not_allowed"
    }


async def test_a_supplier_asks_for_no_approval_and_nobody_for_what_is_over(trade: Buying) -> None:
    await chained(trade)
    talk = await offered(trade)
    foreign = await trade.by(trade.buyer).post(f"/api/v1/negotiations/{uuid.uuid4()}/approvals")
    suppliers = await talk.say(trade.supplier, "approvals")
    await talk.said(trade.buyer, "terminations")

    over = await talk.say(trade.buyer, "approvals")

    assert foreign.status_code == 404
    assert (suppliers.status_code, code(suppliers)) == (403, "permission_missing")
    assert (over.status_code, code(over)) == (409, "negotiation_event_not_allowed")


async def test_what_was_approved_is_taken_back_until_it_is_said(trade: Buying) -> None:
    await chained(trade)
    talk = await offered(trade)
    approval = await asked(trade, talk)
    must(await decide(trade, trade.head, approval))

    strangers = await trade.by(trade.finance).post(f"{APPROVALS}/{approval}/withdrawals")
    must(await trade.by(trade.head).post(f"{APPROVALS}/{approval}/withdrawals"))
    refused = await talk.say(trade.buyer, "acceptances")

    assert (strangers.status_code, code(strangers)) == (409, "approval_not_yours_to_decide")
    assert (refused.status_code, code(refused)) == (409, "approval_required")
    listed = must(await trade.by(trade.buyer).get(APPROVALS, approval_state="withdrawn"))
    assert [each["id"] for each in listed["items"]] == [approval]


async def test_a_party_that_both_buys_and_sells_is_out_of_turn_as_the_supplier(
    trade: Buying,
) -> None:
    both = await make_member(
        trade.db, Role.SUPPLIER, Role.BUYER, now=trade.clock.now(), party=trade.supplier.party
    )
    talk = await offered(trade)

    refused = await trade.by(both).post(f"{talk.path(trade.supplier)}/approvals")

    assert (refused.status_code, code(refused)) == (409, "negotiation_out_of_turn")
