"""The pages of an auction as a browser without scripts gets them, and what their forms do."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import asyncpg
import httpx
import pytest

from catalog.kernel.local_time import SHANGHAI
from market.portal import dates, show
from tests.api import Api
from tests.makers_auctions import SUPPLIER_KEY
from tests.makers_bidding import LASTS, NOTICE, SALT, Sale, b64, make_sale, reserve_of
from tests.makers_registration import must
from tests.makers_trade import SCENARIO
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.stages import staged

FIRST = "sealed_first_price"
ONCE = "01a224c8-c008-7709-9356-1582ad30597f"


sale = staged(make_sale)


def form(sale: Sale, **changes: str) -> dict[str, str]:
    """Return what a supplier types into the form."""
    opens = (sale.clock.now() + NOTICE).astimezone(SHANGHAI)
    return {
        "product_id": str(sale.product_id),
        "price_item": "tailored",
        "licences": "1",
        "quantity": "1",
        "purpose": "港口吊装作业停工判断",
        "scenario": SCENARIO,
        "delivery_mode": "dataset_product",
        "term_days": "365",
        "kind": "english",
        "opens_at": f"{opens:%Y-%m-%dT%H:%M}",
        "closes_at": f"{opens + LASTS:%Y-%m-%dT%H:%M}",
        "starting_price": "200",
        "increment": "10.00",
        "window_minutes": "5",
        "extension_minutes": "5",
        "extensions_max": "3",
    } | changes


async def drafted(api: Api, sale: Sale, **changes: str) -> httpx.Response:
    by(api, sale.supplier)
    return await send(api, "/auctions/new", **form(sale, **changes))


async def test_every_page_of_an_auction_is_there_in_both_languages(api: Api, sale: Sale) -> None:
    draft = must(await sale.draft(reserve_sha256=reserve_of(40_000)))["id"]
    public = await sale.decided("english", 20_000, 31_000)
    sealed = await sale.decided("sealed_second_price", 30_000, 60_000)
    failed = await sale.announced()
    must(
        await sale.at(
            failed, "cancellations", sale.acceptor, {"reason": "<script>alert(1)</script>"}
        )
    )
    for who, paths in (
        (None, ["/auctions", "/auctions?status=failed", f"/auctions/{failed}"]),
        (None, [f"/auctions/{public}", f"/auctions/{sealed}"]),
        (sale.buyer, [f"/auctions/{public}", f"/auctions/{sealed}"]),
        (
            sale.supplier,
            ["/auctions", "/auctions/new", f"/auctions/{draft}", f"/auctions/{sealed}"],
        ),
        (sale.acceptor, ["/auctions", f"/auctions/{draft}"]),
    ):
        for path in paths:
            for language, tag in (("zh", "zh-CN"), ("en", "en")):
                by(api, who)
                page = await look(api, f"{path}{'&' if '?' in path else '?'}lang={language}")

                assert page.status_code == 200, (path, page.text[:500])
                check(page, tag)
                assert "<script>alert" not in page.text
                assert not re.search(r">\s*auctions\.[a-z_]+\s*<", page.text)


async def test_a_draft_is_no_page_for_others(api: Api, sale: Sale) -> None:
    draft = must(await sale.draft())["id"]
    by(api, sale.buyer)

    assert (await look(api, f"/auctions/{draft}")).status_code == 404
    assert str(draft) not in (await look(api, "/auctions")).text


async def test_a_supplier_drafts_an_auction_in_a_form_and_its_salt_is_told_once(
    api: Api, sale: Sale
) -> None:
    by(api, sale.supplier)
    fields = form(sale, reserve="400")
    told = await send(api, "/auctions/new", once=ONCE, **fields)
    again = await send(api, "/auctions/new", once=ONCE, **fields)

    assert told.status_code == again.status_code == 201
    salt = re.search(r'id="reserve-salt">([0-9a-f]{64})<', told.text)
    assert salt is not None
    assert salt.group(1) not in again.text
    own = must(await sale.by(sale.supplier).get("/api/v1/my/auctions"))["items"]
    assert len(own) == 1
    assert own[0]["rules"]["reserve_sha256"] is not None
    assert own[0]["rules"]["increment_fen"] == 1_000
    assert own[0]["rules"]["last_minutes"]["extensions_max"] == 3


async def test_a_sealed_auction_gets_its_keys_in_forms_and_is_opened_by_them(
    api: Api, sale: Sale
) -> None:
    told = await drafted(
        api,
        sale,
        kind=FIRST,
        increment="",
        window_minutes="",
        extension_minutes="",
        extensions_max="",
    )
    supplier_key = re.search(r'id="private-key">([^<]+)<', told.text)
    assert supplier_key is not None
    auction = must(await sale.by(sale.supplier).get("/api/v1/my/auctions"))["items"][0]["id"]
    at = f"/auctions/{auction}"
    by(api, sale.acceptor)
    announced = await send(api, f"{at}/announcements", at)
    operator_key = re.search(r'id="private-key">([^<]+)<', announced.text)
    assert operator_key is not None
    by(api, sale.buyer)
    joined = await send(api, f"{at}/bidders", at, accepts_rules="yes", is_unrelated="yes")
    await sale.move_by(NOTICE)
    by(api, sale.buyer)
    bid = await send(api, f"{at}/sealed-bids", at, amount="612.34")
    await sale.move_by(LASTS + dt.timedelta(days=1))
    by(api, sale.supplier)
    half = await send(api, f"{at}/handovers", at, private_key=supplier_key.group(1))
    by(api, sale.acceptor)
    whole = await send(api, f"{at}/handovers", at, private_key=operator_key.group(1))

    assert [each.status_code for each in (joined, bid, half, whole)] == [303] * 4
    shown = await sale.shown(auction)
    assert shown["outcome"]["winners"] == [{"paddle": 1, "bid_fen": 61_234, "price_fen": 61_234}]
    assert "¥612.34" in plain((await look(api, at)).text)


async def test_what_is_typed_as_a_sealed_bid_is_kept_nowhere(
    api: Api, sale: Sale, owner_dsn: str
) -> None:
    auction = await sale.opened(FIRST)
    by(api, sale.buyer)
    sent = await send(
        api, f"/auctions/{auction}/sealed-bids", f"/auctions/{auction}", amount="432.10"
    )
    owner = await asyncpg.connect(owner_dsn)

    try:
        await owner.execute("SELECT set_config('app.clearance', 'system', false)")
        kept = [
            str(dict(row))
            for table in (
                "audit_log.entries",
                "market.auction_sealed_bids",
                "market.answered_commands",
            )
            for row in await owner.fetch(f"SELECT * FROM {table}")
        ]
    finally:
        await owner.close()
    assert sent.status_code == 303
    assert not any("43210" in each or "432.10" in each for each in kept)


async def test_a_bid_is_made_in_a_form_and_what_is_refused_is_shown_with_what_was_typed(
    api: Api, sale: Sale
) -> None:
    auction = await sale.opened()
    at = f"/auctions/{auction}"
    by(api, sale.buyer)
    made = await send(api, f"{at}/bids", at, amount="300")
    low = await send(api, f"{at}/bids", at, amount="1,300.00元")
    by(api, sale.stranger)
    below = await send(api, f"{at}/bids", at, amount="305")

    assert made.status_code == 303
    assert (low.status_code, below.status_code) == (422, 409)
    assert "305" in below.text
    assert "310" in plain(below.text)
    text = plain((await look(api, at)).text)
    assert "距截止还有" in text
    assert "¥300.00" in text


async def test_the_forms_of_the_end_are_for_those_whose_they_are(api: Api, sale: Sale) -> None:
    auction = await sale.opened(reserve_sha256=reserve_of(20_000))
    must(await sale.bid(auction, sale.buyer, 30_000))
    await sale.move_by(LASTS + dt.timedelta(minutes=1))
    at = f"/auctions/{auction}"
    by(api, sale.buyer)
    strange = await look(api, at)
    by(api, sale.supplier)
    opened = await send(api, f"{at}/handovers", at, reserve="200.00", reserve_salt=SALT)
    early = await look(api, at)
    await sale.noticed()
    by(api, sale.supplier)
    awarded = await send(api, f"{at}/awards", at)
    by(api, sale.buyer)
    mine = plain((await look(api, at)).text)

    assert "handovers" not in strange.text
    assert f"{at}/awards" not in early.text
    assert "公示期满前不确认成交" in plain(early.text)
    assert (opened.status_code, awarded.status_code) == (303, 303)
    assert "您已竞得，价格 ¥300.00" in mine


async def test_a_supplier_takes_an_auction_back_and_a_bidder_its_bid(api: Api, sale: Sale) -> None:
    sealed = await sale.opened(FIRST)
    must(await sale.hand_in_bid(sealed, sale.buyer, 40_000))
    by(api, sale.buyer)
    back = await send(api, f"/auctions/{sealed}/withdrawals", f"/auctions/{sealed}")
    auction = await sale.announced()
    by(api, sale.supplier)
    ended = await send(
        api, f"/auctions/{auction}/cancellations", f"/auctions/{auction}", reason="不卖了"
    )

    assert (back.status_code, ended.status_code) == (303, 303)
    assert "不卖了" in (await look(api, f"/auctions/{auction}")).text


@pytest.mark.parametrize(
    "changes",
    [
        {"opens_at": "morgen"},
        {"starting_price": "viel"},
        {"starting_price": "0"},
        {"kind": FIRST, "public_key": "???"},
        {"kind": FIRST, "public_key": b64(SUPPLIER_KEY)},  # with what belongs to rising bids
        {"price_item": "else"},
    ],
)
async def test_a_form_that_says_something_wrong_is_shown_again(
    api: Api, sale: Sale, changes: dict[str, Any]
) -> None:
    shown = await drafted(api, sale, **changes)

    assert shown.status_code == 422
    assert 'value="港口吊装作业停工判断"' in shown.text
    assert must(await sale.by(sale.supplier).get("/api/v1/my/auctions"))["items"] == []


async def test_what_the_page_of_another_auction_would_not_offer_is_refused(
    api: Api, sale: Sale
) -> None:
    draft = must(await sale.draft(FIRST))["id"]
    by(api, sale.acceptor)
    strange = await send(
        api, f"/auctions/{draft}/announcements", f"/auctions/{draft}", public_key=b64(SUPPLIER_KEY)
    )
    public = await sale.opened()
    by(api, sale.third)
    sealed = await send(
        api, f"/auctions/{public}/sealed-bids", once=ONCE, amount="400", at=f"/auctions/{public}"
    )
    unjoined = str(must(await sale.draft(FIRST))["id"])
    must(await sale.announce(unjoined, sealed=True))
    by(api, sale.buyer)
    nobody = await send(api, f"/auctions/{unjoined}/sealed-bids", once=ONCE, amount="400")

    assert [each.status_code for each in (strange, sealed, nobody)] == [422, 409, 409]


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("1234", 123_400),
        ("1234.5", 123_450),
        ("¥1,234.50", 123_450),
        (" 0.01 ", 1),
        ("1.234", None),
        ("-1", None),
        ("", None),
        ("1e9", None),
    ],
)
def test_an_amount_in_yuan_is_read_as_people_type_it(typed: str, fen: int | None) -> None:
    assert show.fen_of(typed) == fen


@pytest.mark.parametrize(
    ("left", "zh", "en"),
    [
        (
            dt.timedelta(days=2, hours=3, minutes=5),
            "2 天 3 小时 5 分钟",
            "2 days 3 hours 5 minutes",
        ),
        (dt.timedelta(days=1), "1 天", "1 day"),
        (dt.timedelta(seconds=61), "2 分钟", "2 minutes"),
        (dt.timedelta(seconds=1), "1 分钟", "1 minute"),
        (dt.timedelta(0), "不到 1 分钟", "less than a minute"),
    ],
)
def test_what_is_left_is_said_in_words(left: dt.timedelta, zh: str, en: str) -> None:
    assert (dates.left(left, "zh"), dates.left(left, "en")) == (zh, en)


async def test_a_bidder_objects_on_the_page_and_the_authority_decides_there(
    api: Api, sale: Sale
) -> None:
    auction = await sale.decided("english", 20_000, 31_000, 45_000)
    at = f"/auctions/{auction}"
    by(api, sale.buyer)
    before = await look(api, at)
    blank = await send(api, f"{at}/objections", at, against_paddle="3", reasons=" ")
    made = await send(api, f"{at}/objections", at, against_paddle="3", reasons="与供方有控制关系。")
    mine = await look(api, at)
    by(api, None)
    public = await look(api, at)
    by(api, sale.regulator)
    desk = await look(api, at)
    objection = re.search(r'name="objection" value="([0-9a-f-]{36})"', desk.text)
    assert objection is not None
    decided = await send(
        api,
        f"{at}/objection-decisions",
        at,
        objection=objection[1],
        finding="upheld",
        reasons="登记资料证实。",
    )
    english = await look(api, f"{at}?lang=en")
    by(api, sale.buyer)
    after = await look(api, f"{at}?lang=zh")

    for page, tag in ((before, "zh-CN"), (mine, "zh-CN"), (public, "zh-CN"), (desk, "zh-CN")):
        check(page, tag)
    check(english, "en")
    assert "目前应确认成交：竞买号 3" in plain(before.text)
    assert blank.status_code == 422
    assert (made.status_code, decided.status_code) == (303, 303)
    assert "有异议待处理，处理完毕前不确认成交" in plain(mine.text)
    assert "objection-withdrawals" in mine.text
    assert "与供方有控制关系" not in public.text
    assert "针对竞买号 3" in plain(public.text)
    assert "竞买号 3 的竞得资格已取消" in plain(after.text)
    assert "目前应确认成交：竞买号 2" in plain(after.text)
    assert "登记资料证实。" in after.text
    assert f'action="{at}/objections"' in after.text  # to the new result


async def test_one_takes_an_objection_back_on_the_page(api: Api, sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000)
    at = f"/auctions/{auction}"
    by(api, sale.buyer)
    await send(api, f"{at}/objections", at, reasons="规则不明。")
    objection = re.search(r'name="objection" value="([0-9a-f-]{36})"', (await look(api, at)).text)
    assert objection is not None

    back = await send(api, f"{at}/objection-withdrawals", at, objection=objection[1])
    unknown = await send(api, f"{at}/objection-withdrawals", at, objection="x")

    assert (back.status_code, unknown.status_code) == (303, 404)
    assert "已撤回" in plain((await look(api, at)).text)


async def test_a_bidder_pays_its_deposit_in_forms_and_reads_how_it_stands_in_words(
    api: Api, sale: Sale
) -> None:
    until = sale.clock.now() + NOTICE + dt.timedelta(hours=2)
    auction = await sale.announced(deposit_fen=5_000, deposit_until=until.isoformat())
    place = f"/auctions/{auction}"
    by(api, sale.buyer)
    apart = await look(api, f"{place}/deposit")
    joined = {"accepts_rules": "yes", "is_unrelated": "yes", "accepts_deposit": "yes"}
    await send(api, f"{place}/bidders", place, **joined)
    led_to = await look(api, place)
    nothing = await look(api, f"{place}/deposit")

    begun = await send(api, f"{place}/deposits", f"{place}/deposit", channel="sandbox")
    awaited = await look(api, f"{place}/deposit")
    await send(api, f"{place}/deposit-confirmations", f"{place}/deposit", kind="succeeded")
    held = await look(api, f"{place}/deposit?lang=zh")
    in_english = await look(api, f"{place}/deposit?lang=en")
    await send(api, f"{place}/deposit-withdrawals", f"{place}/deposit")
    returned = await look(api, f"{place}/deposit?lang=zh")

    assert "请先在竞价页面登记竞买" in apart.text
    assert f'href="{place}/deposit"' in led_to.text
    assert "您还没有缴纳保证金" in nothing.text
    assert begun.status_code == 303
    assert "尚未到账" in awaited.text
    assert "保证金 ¥50.00 已到账并冻结" in plain(held.text)
    assert "退出竞买，退还保证金" in held.text
    assert "Your deposit of ¥50.00 has arrived" in plain(in_english.text)
    assert "截止前退出竞买" in returned.text
    for page, tag in ((nothing, "zh-CN"), (held, "zh-CN"), (in_english, "en"), (returned, "zh-CN")):
        check(page, tag)


async def test_an_auction_without_a_deposit_has_no_page_for_one(api: Api, sale: Sale) -> None:
    auction = await sale.announced()
    by(api, sale.buyer)

    assert (await look(api, f"/auctions/{auction}/deposit")).status_code == 409
    assert f"/auctions/{auction}/deposit" not in (await look(api, f"/auctions/{auction}")).text
