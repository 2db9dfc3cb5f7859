"""A buyer's organisation lays its chain down, is asked, decides and lets lapse by forms; nobody else sees it."""

from __future__ import annotations

import datetime as dt
import re

from market.approvals.states import State
from tests.api import Api
from tests.journeys.test_approvals import Buying, chained, decide, offered, trade
from tests.makers_identity import Member
from tests.makers_registration import must
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_orders_by_forms import offered as forms_of
from tests.portal.test_orders_by_forms import page_of, signed, taken
from tests.portal.test_pages_html import check, look

__all__ = ["trade"]

UNKNOWN = "00000000-0000-7000-8000-000000000000"


async def ask(api: Api, trade: Buying, order: str) -> str:
    """Ask by the form of the order, and return the approval."""
    assert (await taken(api, order, "approvals", trade.buyer)).status_code == 303
    found = re.search(r'href="(/approvals/[0-9a-f-]{36})"', await page_of(api, order, trade.buyer))
    assert found is not None
    return found.group(1)


async def shown(api: Api, who: Member, path: str, language: str = "zh") -> str:
    by(api, who)
    page = await look(api, f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert page.status_code == 200, plain(page.text)
    check(page, {"zh": "zh-CN", "en": "en"}[language])
    return page.text


async def test_a_chain_is_laid_down_and_changed_by_its_form_and_not_by_who_buys(
    api: Api, trade: Buying
) -> None:
    by(api, trade.head)
    empty = plain(await shown(api, trade.head, "/approval-chain"))
    member = f"member:{trade.colleague.account.id}"
    rows = {
        "name_1": "部门负责人", "who_1": "role:buyer_approver", "hours_1": "24",
        "name_2": "采购复核", "who_2": member, "from_2": "1,000.50", "hours_2": "72",
        "who_3": "role:buyer", "hours_3": "72",
    }  # fmt: skip
    laid = await send(api, "/approval-chain", **rows)
    told = await shown(api, trade.head, "/approval-chain")
    english = await shown(api, trade.head, "/approval-chain", "en")
    late = await send(api, "/approval-chain", **(rows | {"hours_2": "99999"}))
    nobody = await send(api, "/approval-chain", **(rows | {"who_2": "role:supplier"}))
    strange = await send(api, "/approval-chain", **(rows | {"from_2": "many"}))
    shorter = await send(api, "/approval-chain", **{k: v for k, v in rows.items() if "_2" not in k})
    kept = must(await trade.by(trade.head).get("/api/v1/approval-chain"))["steps"]
    buyers = await shown(api, trade.buyer, "/approval-chain")
    refused = await send(api, "/approval-chain", once=UNKNOWN, **rows)

    assert "尚未设定审批链" in empty
    assert laid.status_code == 303
    assert "¥1,000.50 以上" in plain(section(told, "steps"))
    assert f'value="{member}" selected' in told
    assert 'value="1,000.50"' in told
    assert "Decided by: approver" in plain(section(english, "steps"))
    assert [each.status_code for each in (late, nobody, strange)] == [422, 422, 422]
    assert 'id="hours_2-wrong"' in late.text
    assert 'id="from_2-wrong"' in strange.text
    assert "采购复核" in nobody.text
    assert shorter.status_code == 303
    assert [step["name"] for step in kept] == ["部门负责人"]
    assert 'action="/approval-chain"' not in buyers
    assert refused.status_code == 403


async def test_a_contract_waits_for_each_step_and_is_signed_after_the_last(
    api: Api, trade: Buying
) -> None:
    await chained(trade, second_from_fen=0)
    order = await trade.cleared()
    page = await page_of(api, order, trade.buyer)
    before = plain(section(await shown(api, trade.buyer, "/my/buying"), "orders"))
    early = await signed(api, order, trade.buyer, trade.buyer_key, once=UNKNOWN)
    approval = await ask(api, trade, order)
    waiting = await shown(api, trade.buyer, "/my/buying")
    asked_again = await page_of(api, order, trade.buyer)
    head = await shown(api, trade.head, "/approvals")
    finance = plain(section(await shown(api, trade.colleague, "/approvals"), "mine"))
    first = await shown(api, trade.head, approval)
    agreed = await send(api, f"{approval}/decisions", approval, verdict="approve")
    second = plain(section(await shown(api, trade.colleague, "/approvals", "en"), "mine"))
    done = await send(api, f"{approval}/decisions", approval, verdict="approve", reason="预算内")
    end = await shown(api, trade.buyer, approval)
    through = await signed(api, order, trade.buyer, trade.buyer_key)

    assert forms_of(page) == ["approvals", "cancellations"]
    assert "请先提交内部审批" in plain(section(page, "next"))
    assert "等待内部审批" in plain(section(asked_again, "next"))
    assert "请先提交内部审批" in before
    assert "步骤“部门负责人”，由" in plain(section(waiting, "orders"))
    assert f'href="{approval}"' in section(waiting, "orders")
    assert "签署" not in plain(section(waiting, "due"))
    assert early.status_code == 409
    assert "approvals" not in forms_of(asked_again)
    mine = plain(section(head, "mine"))
    assert "¥370.35" in mine
    assert "部门负责人" in mine
    assert "还剩 1 天" in mine
    assert "目前没有等待您审批的事项" in finance
    assert first.count(f'action="{approval}/decisions"') == 2  # approve and reject, no skipping
    assert agreed.status_code == done.status_code == 303
    assert "采购复核" in second
    assert "已批准" in plain(section(end, "standing"))
    assert "预算内" in plain(section(end, "steps"))
    assert through.status_code == 303
    assert "已据此签署或承诺" in plain(await shown(api, trade.head, approval))


async def test_whoever_rejects_or_skips_says_why_and_what_is_late_lapses(
    api: Api, trade: Buying
) -> None:
    await chained(trade, second_from_fen=0)
    rejected, skipped, late = [await trade.cleared() for _ in range(3)]
    no = await ask(api, trade, rejected)
    by(api, trade.head)
    silent = await send(api, f"{no}/decisions", no, verdict="reject")
    said = await send(api, f"{no}/decisions", no, verdict="reject", reason="超出预算")
    passed = await ask(api, trade, skipped)
    must(await decide(trade, trade.head, passed.rpartition("/")[2]))
    absent = await shown(api, trade.finance, passed)
    skip = await send(api, f"{passed}/decisions", passed, verdict="skip", reason="采购复核出差")
    over = await ask(api, trade, late)
    await trade.move_by(dt.timedelta(hours=25))
    lapsed = await shown(api, trade.head, over)
    again = await page_of(api, late, trade.buyer)

    assert silent.status_code == 422
    assert 'id="reject-reason-wrong"' in silent.text
    assert said.status_code == 303
    assert "超出预算" in await shown(api, trade.buyer, no)
    assert absent.count(f'action="{passed}/decisions"') == 1
    assert 'value="skip"' in absent
    assert skip.status_code == 303
    told = plain(section(await shown(api, trade.buyer, passed), "steps"))
    assert "审批人不在" in told
    assert "采购复核出差" in told
    assert "逾期未批" in plain(section(lapsed, "standing"))
    assert "approvals" in forms_of(again)
    for state in State:
        await shown(api, trade.head, f"/approvals?status={state.value}")


async def test_an_offer_is_approved_by_the_form_of_its_negotiation_and_taken_back(
    api: Api, trade: Buying
) -> None:
    await chained(trade)
    talk = await offered(trade)
    place = f"/negotiations/{talk.ids[str(trade.buyer.party.id)]}"
    page = await shown(api, trade.buyer, place)
    asked = await send(api, f"{place}/approvals", place)
    after = await shown(api, trade.buyer, place)
    found = re.search(r'href="(/approvals/[0-9a-f-]{36})"', after)
    assert found is not None
    approval = found.group(1)
    seen = await shown(api, trade.head, approval)
    by(api, trade.buyer)
    back = await send(api, f"{approval}/withdrawals", approval)
    open_again = await shown(api, trade.buyer, place)
    by(api, trade.supplier)
    theirs = await look(api, f"/negotiations/{talk.ids[str(trade.supplier.party.id)]}")
    foreign = [await look(api, path) for path in ("/approvals", approval, "/approval-chain")]
    by(api, trade.stranger)
    strangers = await look(api, approval)
    twice = await send(api, f"{approval}/decisions", once=UNKNOWN, verdict="approve")

    assert f'action="{place}/approvals"' in page
    assert asked.status_code == 303
    assert f'action="{place}/approvals"' not in after
    assert f'href="{place}"' in section(seen, "what")
    assert back.status_code == 303
    assert f'action="{place}/approvals"' in open_again
    assert "内部审批" not in theirs.text
    assert [each.status_code for each in foreign] == [403, 403, 403]
    assert (strangers.status_code, twice.status_code) == (404, 404)
    assert (await look(api, f"/approvals/{UNKNOWN}")).status_code == 404
