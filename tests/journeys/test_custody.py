"""Custody through HTTP: who keeps the money, what it confirms, and what pages say of it."""

from __future__ import annotations

import datetime as dt

import httpx
import msgspec
import pytest

from catalog.kernel.local_time import local_date
from market.identity.permissions import Role
from settlement.reconciliation import custody_file
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by
from tests.portal.test_pages_html import check, look
from tests.stages import staged

PAID = 37_035


trade = staged(make_trade)


def connect(api: Api, **changes: str) -> None:
    """Set that an institution keeps the money."""
    context = api.context
    told = {
        "custody_institution": "hnbank",
        "custody_name": "海南某银行",
        "custody_licence": "B0001",
        "custody_agreement": "CG-1",
    }
    context.settings = msgspec.structs.replace(context.settings, **(told | changes))


async def confirm(trade: Trade, finance: Member, fen: int, day: dt.date) -> httpx.Response:
    content = custody_file.write(
        institution="hnbank", agreement="CG-1", stated_on=day, balances={"sandbox": fen}
    )
    asked = trade.by(finance)
    file = must(await asked.upload(content, "custody.csv", "text/csv"))
    return await asked.post("/api/v1/custody/confirmations", {"file_id": file["id"]})


@pytest.fixture
async def finance(trade: Trade) -> Member:
    return await make_member(
        trade.db, Role.OPERATOR_FINANCE, now=trade.clock.now(), party=trade.acceptor.party
    )


async def test_a_day_s_balance_is_confirmed_and_what_differs_is_a_break(
    trade: Trade, api: Api, finance: Member
) -> None:
    connect(api)
    await trade.paid()
    day = local_date(trade.clock.now())
    early = await confirm(trade, finance, PAID, day)
    trade.clock.move_by(dt.timedelta(hours=26))
    await trade.sign_in_again()
    after = await make_member(
        trade.db, Role.OPERATOR_FINANCE, now=trade.clock.now(), party=trade.acceptor.party
    )
    short = must(await confirm(trade, after, PAID - 1, day))
    again = await confirm(trade, after, PAID - 1, day)
    told = must(await trade.by(after).get("/api/v1/custody"))
    found = must(await trade.by(after).get("/api/v1/channel-breaks"))["items"]
    by(api, after)
    page = await look(api, "/reconciliation?lang=zh")
    english = await look(api, "/reconciliation?lang=en")

    assert code(early) == "statement_of_the_future"
    assert short["break_count"] == 1
    assert code(again) == "statement_loaded_before"
    assert told["account"] == "external:custody:hnbank"
    assert (told["balances"], told["total_fen"]) == ({"sandbox": PAID}, PAID)
    assert [each["kind"] for each in found] == ["balance"]
    assert "海南某银行（B0001）依据协议 CG-1 存管，本平台不持有资金" in page.text
    assert "1 个账户与账面不符" in page.text
    check(page, "zh-CN")
    check(english, "en")


async def test_pages_that_take_money_say_where_it_lies(trade: Trade, api: Api) -> None:
    order = await trade.contracted()
    by(api, trade.buyer)
    nobody = await look(api, f"/orders/{order}/payment?lang=zh")
    connect(api)
    bank = await look(api, f"/orders/{order}/payment?lang=zh")

    assert "本平台不持有资金" in nobody.text
    assert "存管，本平台不持有资金" in bank.text


async def test_without_a_custodian_nothing_is_confirmed(
    trade: Trade, api: Api, finance: Member
) -> None:
    refused = await confirm(trade, finance, 0, local_date(trade.clock.now()))
    told = must(await trade.by(finance).get("/api/v1/custody"))

    assert refused.status_code == 404
    assert (told["custodian"], told["account"]) == (None, None)
