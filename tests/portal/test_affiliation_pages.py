"""The pages on which ties are stated and ended, and related dealings decided on."""

from __future__ import annotations

import uuid

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_special_prices import BANDS, offer
from tests.makers_affiliations import OUTSIDER, PERSON, TIES, dealings, under_one_roof
from tests.makers_identity import Member, make_uscc
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import look
from tests.portal.test_trade_pages import there
from tests.stages import staged


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    trade.filing_id = await trade.priced(  # type: ignore[attr-defined]
        price_items=[BANDS], pricing_regime="negotiated"
    )
    await trade.listed()
    return trade


def form(trade: Trade, **changes: str) -> dict[str, str]:
    """Return a tie as it is typed."""
    buyer = trade.buyer.party
    return {
        "kind": "shareholding",
        "holder_name": str(OUTSIDER["name"]),
        "holder_uscc": str(OUTSIDER["uscc"]),
        "held_name": buyer.name,
        "held_uscc": str(buyer.uscc),
        "share": "51.5",
        "valid_from": "2020-01-01",
        "basis": "公司章程",
    } | changes


async def sent(trade: Trade, who: Member, path: str, fields: dict[str, str]) -> httpx.Response:
    """Send a form as a member, done once."""
    by(trade.api, who)
    return await send(trade.api, path, once=str(uuid.uuid4()), **fields)


async def test_a_party_states_its_ties_on_a_page_and_ends_one(trade: Trade) -> None:
    await there(trade.api, trade.buyer, ["/affiliations"])
    done = await sent(trade, trade.buyer, "/affiliations", form(trade))
    person = {
        "kind": "legal_representative",
        "holder_name": str(PERSON["name"]),
        "holder_uscc": "",
        "holder_number": str(PERSON["identity_number"]),
        "share": "",
    }
    also = await sent(trade, trade.buyer, "/affiliations", form(trade, **person))
    kept = must(await trade.by(trade.buyer).get(TIES))["items"]
    by(trade.api, trade.buyer)
    shown = plain((await look(trade.api, "/affiliations?lang=zh")).text)
    ended = await sent(
        trade,
        trade.buyer,
        f"/affiliations/{kept[1]['id']}/endings",
        {"last_day": "2026-12-31", "reason": "转让"},
    )

    assert (done.status_code, also.status_code, ended.status_code) == (303, 303, 303)
    assert [each["share_bps"] for each in kept] == [None, 5_150]
    assert "持股 51.50%" in shown
    assert str(PERSON["identity_number"]) not in shown
    await there(trade.api, trade.buyer, ["/affiliations"])


async def test_what_is_refused_is_shown_with_what_was_typed_and_no_number(trade: Trade) -> None:
    number = str(PERSON["identity_number"])
    both = form(trade, holder_number=number, basis="公司章程第三条")

    again = await sent(trade, trade.buyer, "/affiliations", both)
    wrong = await sent(
        trade, trade.buyer, "/affiliations", form(trade, held_uscc=make_uscc(1), held_name="x")
    )
    share = await sent(trade, trade.buyer, "/affiliations", form(trade, share="half"))

    assert again.status_code == 422
    assert "公司章程第三条" in again.text
    assert number not in again.text
    assert wrong.status_code == 409
    assert share.status_code == 422
    assert must(await trade.by(trade.buyer).get(TIES))["items"] == []


async def test_the_authority_releases_on_a_page_what_the_staff_only_read(trade: Trade) -> None:
    await there(trade.api, trade.regulator, ["/related-dealings"])
    await under_one_roof(trade, trade.buyer)
    must(await offer(trade))
    (found,) = await dealings(trade)
    await there(trade.api, trade.regulator, ["/related-dealings", "/affiliations"])
    await there(trade.api, trade.adjudicator, ["/related-dealings?status=open", "/affiliations"])
    path = f"/related-dealings/{found['id']}/decisions"

    silent = await sent(trade, trade.regulator, path, {"releases": "true", "reason": " "})
    by_staff = await sent(trade, trade.adjudicator, path, {"releases": "true", "reason": "x"})
    done = await sent(trade, trade.regulator, path, {"releases": "false", "reason": "不公允"})

    assert (silent.status_code, by_staff.status_code, done.status_code) == (422, 403, 303)
    assert [each["state"] for each in await dealings(trade)] == ["refused"]
    by(trade.api, trade.regulator)
    assert "不公允" in (await look(trade.api, "/related-dealings?status=refused&lang=zh")).text
