"""The pages of the trade as a browser without scripts gets them, and what their forms do."""

from __future__ import annotations

import base64
import datetime as dt
import re

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import end_of_day, local_date
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_registration import OwnKey, must
from tests.makers_workspaces import FORM, Workspaces, make_workspaces
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import Outline, check, look
from tests.stages import staged

UNKNOWN = "00000000-0000-7000-8000-000000000000"


made = staged(make_workspaces)


def form(made: Workspaces, **changes: str) -> dict[str, str]:
    """Return the form of terms, filled in for a year."""
    today = local_date(made.trade.clock.now())
    days = {
        "ends_at": (today + dt.timedelta(days=365)).isoformat(),
        "valid_until": (today + dt.timedelta(days=7)).isoformat(),
    }
    return FORM | days | changes


async def there(api: Api, who: Member, paths: list[str]) -> None:
    """Assert that pages are there in both languages, as every page of ours is."""
    for path in paths:
        for language, tag in (("zh", "zh-CN"), ("en", "en")):
            by(api, who)
            page = await look(api, f"{path}{'&' if '?' in path else '?'}lang={language}")

            assert page.status_code == 200, (path, page.text[:500])
            check(page, tag)
            assert page.headers["cache-control"] == "no-store"
            assert "<script>alert" not in page.text


async def gone_astray(api: Api, who: Member, paths: list[str]) -> dict[str, int]:
    """Return the links of pages that lead nowhere; bundles and log are there once it is signed."""
    by(api, who)
    links = {link for path in paths for link in Outline((await look(api, path)).text).links}
    inner = {each.partition("#")[0] for each in links if each.startswith("/")}
    astray = {}
    for link in sorted(inner - {"/log/checkpoint"}):
        by(api, who)
        answer = await look(api, link)
        if answer.status_code not in (200, 303) and "/proof-bundles/" not in link:
            astray[link] = answer.status_code
    return astray


async def test_every_page_of_the_trade_is_there_in_both_languages(
    api: Api, made: Workspaces
) -> None:
    for who, paths in made.pages_of():
        await there(api, who, paths)


async def test_every_link_of_a_page_of_the_trade_leads_somewhere(
    api: Api, made: Workspaces
) -> None:
    astray = {}
    for who, paths in made.pages_of():
        astray |= await gone_astray(api, who, paths)

    assert astray == {}


async def test_nobody_sees_what_others_negotiate_and_what_there_is_not_is_not_there(
    api: Api, made: Workspaces
) -> None:
    own = made.negotiation("answered", made.trade.buyer)
    for who, path in (
        (made.trade.supplier, own),  # the other side's copy is not one's own either
        (made.trade.stranger, own),
        (made.trade.stranger, f"{own}/signing-input"),
        (made.trade.stranger, f"/agreements/{made.agreements['in_force']}"),
        (made.trade.buyer, f"/negotiations/{UNKNOWN}"),
        (made.trade.buyer, f"/agreements/{UNKNOWN}"),
        (made.trade.buyer, f"/products/{UNKNOWN}/negotiations"),
        (made.trade.buyer, f"{own}/signing-input"),  # there is no agreement yet
    ):
        by(api, who)
        assert (await look(api, path)).status_code == 404, path
    by(api, made.trade.stranger)
    for path in (f"{own}/acceptances", f"/agreements/{UNKNOWN}/end-refusals"):
        assert (await send(api, path, once=UNKNOWN)).status_code == 404, path


async def test_the_list_says_with_whom_whose_turn_and_until_when(
    api: Api, made: Workspaces
) -> None:
    by(api, made.trade.buyer)
    text = plain((await look(api, "/negotiations")).text)
    ended = plain((await look(api, "/negotiations?status=terminated")).text)
    by(api, made.trade.stranger)
    empty = plain((await look(api, "/negotiations")).text)

    assert text.count("轮到我方") == 2  # one offer to answer, one agreement to sign
    assert text.count("等待对方") == 1
    assert "还剩 7 天" in text
    assert "供方：" in text
    assert "已终止" in ended
    assert "轮到我方" not in ended
    assert "还没有磋商" in empty


async def test_the_next_offer_is_held_against_the_one_before_it_term_by_term(
    api: Api, made: Workspaces
) -> None:
    by(api, made.trade.buyer)
    page = (await look(api, made.negotiation("answered", made.trade.buyer))).text
    thread = page.split('<h2 id="thread">')[1].split("</section>")[0]
    changes = {
        plain(name): plain(what)
        for name, what in re.findall(
            r"<dt>((?:(?!</dt>).)*)</dt>\s*<dd>(.*?)</dd>", thread, re.DOTALL
        )
        if "badge" in name
    }

    assert changes["数量 改动"] == "删去： 3 （删去止） 新增： 5 （新增止）"
    assert changes["价款 改动"].startswith("删去： ¥370.35")
    assert changes["使用地域 删去"] == "删去： 海南 （删去止）"
    assert changes["数据项 新增"] == "新增： 风级 （新增止）"
    assert "港口吊装作业停工 删去" in changes["使用目的 改动"]
    assert "要约有效至 改动" not in changes
    assert "与上一要约相比" in thread


async def test_why_it_ended_is_told_in_words_and_what_was_typed_is_only_text(
    api: Api, made: Workspaces
) -> None:
    by(api, made.trade.supplier)
    page = (await look(api, made.negotiation("ended", made.trade.supplier))).text

    assert "价格不能接受" in plain(page)
    assert "price_not_acceptable" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "现在可以办理" not in page


async def sign(api: Api, place: str, step: str, key: OwnKey) -> int:
    """Sign what the page gives out, with the key's other half, and send it by the form."""
    told = await api.http.get(f"{place}/signing-input")
    value = base64.encodebytes(key._private.sign(told.content)).decode()  # with line breaks
    answer = await send(api, f"{place}/{step}", place, key_id=key.key_id, signature=value)
    return answer.status_code


async def test_a_negotiation_goes_from_a_request_to_a_signed_agreement_by_pages_alone(
    api: Api, made: Workspaces
) -> None:
    trade = made.trade
    carry = made.talks["asked"].carry
    by(api, trade.buyer)
    product = f"/products/{trade.product_id}"
    assert f'href="{product}/negotiations"' in (await look(api, product)).text
    begun = await send(api, f"{product}/negotiations", **form(made))
    mine = begun.headers["location"]
    underway = plain((await look(api, mine)).text)
    await carry()
    by(api, trade.supplier)
    found = re.search(
        r'href="(/negotiations/[0-9a-f-]{36})"', (await look(api, "/negotiations")).text
    )
    assert found is not None
    theirs = found.group(1)
    steps = [(await send(api, f"{theirs}/offers", theirs, **form(made, quantity="5"))).status_code]
    await carry()
    by(api, trade.buyer)
    steps.append((await send(api, f"{mine}/acceptances", mine)).status_code)
    await carry()
    by(api, trade.supplier)
    steps.append((await send(api, f"{theirs}/agreements", theirs)).status_code)
    await carry()
    by(api, trade.buyer)
    steps.append(await sign(api, mine, "verifications", trade.buyer_key))
    await carry()
    by(api, trade.supplier)
    steps.append(await sign(api, theirs, "finalizations", trade.supplier_key))
    await carry()
    page = (await look(api, theirs)).text
    to_agreement = re.search(r'href="(/agreements/[0-9a-f-]{36})"', page)
    assert to_agreement is not None
    agreement = await look(api, to_agreement.group(1))
    text = plain(agreement.text)

    assert begun.status_code == 303
    assert "正在送达" in underway
    assert steps == [303] * 5
    assert "已达成" in plain(page)
    check(agreement, "zh-CN")
    assert "数据提供合同" in text
    assert "¥617.25" in text
    assert "还剩 365 天" in text
    for key in (trade.buyer_key, trade.supplier_key):
        assert key.key_id in text
    assert '"@type": "Agreement"' in text


async def last_days(made: Workspaces, who: Member, place: str) -> tuple[str, str]:
    found = must(await made.trade.by(who).get(f"/api/v1{place}"))["copy"]["offer"]
    held = found["permission"][0]["constraint"]
    ends = next(c["rightOperand"] for c in held if c["leftOperand"] == "dateTime")
    return ends, found["urn:shushi:odrl:validUntil"]


async def test_a_day_that_nobody_touched_keeps_its_instant_and_a_new_one_counts_to_its_end(
    api: Api, made: Workspaces
) -> None:
    buyer = made.trade.buyer
    place = made.negotiation("answered", buyer)
    before = await last_days(made, buyer, place)
    by(api, buyer)
    page = (await look(api, place)).text
    said = {
        name: value
        for value, name in re.findall(
            r'<input type="date" value="([0-9-]+)" id="t-[a-z_]+" name="(\w+)"', page
        )
    }
    new_day = dt.date.fromisoformat(said["ends_at"]) - dt.timedelta(days=10)
    answer = await send(
        api,
        f"{place}/requests",
        place,
        **(form(made) | said | {"ends_at": new_day.isoformat(), "quantity": "4"}),
    )
    await made.talks["answered"].carry()
    after = await last_days(made, buyer, place)

    assert answer.status_code == 303
    assert dt.datetime.fromisoformat(after[0]) == end_of_day(new_day)
    assert after[1] == before[1]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "1000000000000"}, "quantity"),
        ({"price_item": "gratis"}, "price_item"),
        ({"scenario": "elsewhere"}, "scenario"),
        ({"delivery_mode": "sandbox"}, "delivery_mode"),
        ({"ends_at": "2020-01-01"}, "ends_at"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"clause_venue": ""}, "clause_venue"),
        ({"template": "lease:1"}, "template"),
    ],
)
async def test_what_is_refused_is_told_beside_its_field_and_nothing_is_sent(
    api: Api, made: Workspaces, changes: dict[str, str], field: str
) -> None:
    place = made.negotiation("answered", made.trade.buyer)
    by(api, made.trade.buyer)
    refused = await send(api, f"{place}/requests", place, **form(made, **changes))

    assert refused.status_code in (409, 422)
    check(refused, "zh-CN")
    if field != "template":  # which the page chooses, not the reader
        assert re.search(
            rf'name="{field}"[^>]*aria-describedby="[^"]*t-{field}-wrong"', refused.text
        )
        assert f'id="t-{field}-wrong"' in refused.text
    assert "港口吊装作业停工判断" in refused.text
    assert (await made.talks["answered"].states())[0] == "offered"


async def test_a_wrong_signature_and_a_word_out_of_turn_are_refused_in_words(
    api: Api, made: Workspaces
) -> None:
    buyer = made.trade.buyer
    by(api, buyer)
    to_sign, asked = made.negotiation("to_sign", buyer), made.negotiation("asked", buyer)
    wrong = await send(
        api,
        f"{to_sign}/verifications",
        to_sign,
        key_id=made.trade.buyer_key.key_id,
        signature=base64.b64encode(b"0" * 64).decode(),
    )
    no_text = await send(
        api, f"{to_sign}/verifications", to_sign, key_id=made.trade.buyer_key.key_id, signature="§"
    )
    early = await send(api, f"{asked}/acceptances", to_sign)

    assert (wrong.status_code, no_text.status_code, early.status_code) == (409, 422, 409)
    assert 'id="signature-wrong"' in wrong.text
    assert 'id="signature-wrong"' in no_text.text
    assert "此时不能“承诺”" in plain(early.text)
    assert await made.talks["to_sign"].states() == ("agreed", "agreed")


async def test_the_end_of_an_agreement_is_proposed_declined_and_confirmed_by_forms(
    api: Api, made: Workspaces
) -> None:
    trade = made.trade
    place = f"/agreements/{made.agreements['in_force']}"
    by(api, trade.buyer)
    empty = await send(api, f"{place}/end-proposals", place)
    proposed = await send(api, f"{place}/end-proposals", place, reason="不再需要。")
    mine = plain((await look(api, place)).text)
    own = await send(api, f"{place}/end-confirmations", place)
    by(api, trade.supplier)
    theirs = (await look(api, place)).text
    declined = await send(api, f"{place}/end-refusals", place)
    ending = f"/agreements/{made.agreements['ending']}"
    by(api, trade.buyer)
    confirmed = await send(api, f"{ending}/end-confirmations", ending)
    ended = plain((await look(api, ending)).text)

    assert (empty.status_code, proposed.status_code) == (422, 303)
    assert 'id="reason-wrong"' in empty.text
    assert "我方提出解除" in mine
    assert "撤回解除" in mine
    assert own.status_code == 409
    assert "应由对方确认" in plain(own.text)
    assert "同意解除" in theirs
    assert (declined.status_code, confirmed.status_code) == (303, 303)
    assert "已解除" in ended
    assert "没有可以办理的事项" in ended


async def test_an_agreement_is_followed_from_its_page_with_its_own_terms(
    api: Api, made: Workspaces
) -> None:
    trade = made.trade
    followed = made.agreements["in_force"]
    by(api, trade.supplier)
    page = (await look(api, f"/agreements/{followed}")).text
    address = f"/products/{trade.product_id}/negotiations?follows={followed}&relation=amends"
    assert address.replace("&", "&amp;") in page
    prepared = (await look(api, address)).text
    begun = await send(
        api,
        f"/products/{trade.product_id}/negotiations",
        address,
        **form(
            made,
            quantity="6",
            follows=followed,
            relation="amends",
            consumer_party_id=str(trade.buyer.party.id),
        ),
    )
    offered = plain((await look(api, begun.headers["location"])).text)
    line = plain((await look(api, f"/agreements/{made.agreements['succeeded']}")).text)

    assert 'name="quantity" maxlength="10" required' in prepared
    assert 'value="4"' in prepared
    assert begun.status_code == 303
    assert "变更原协议" in offered
    assert "已被后续协议代替" in line
    assert "本协议" in line


async def test_what_houses_read_of_negotiations_is_remembered(
    api: Api, db: Database, clock: ManualClock, made: Workspaces
) -> None:
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=clock.now())
    by(api, made.trade.regulator)
    page = await look(api, made.negotiation("answered", made.trade.buyer))
    told = await api.as_(auditor.token).find_in_log(action="record:read")

    assert "的副本" in plain(page.text)
    assert "现在可以办理" not in page.text
    assert "/negotiations/{negotiation_id}" in {each["payload"]["facts"]["route"] for each in told}
