"""Invited quotes: sealed until the deadline, opened at once, one chosen, which is then negotiated."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_demands import (
    POSTS,
    REQUESTS,
    another_supplier,
    decide,
    invite,
    offered,
    open_due,
    opened,
    published,
    quote,
    requested,
    state,
    step,
)
from tests.makers_identity import Member, make_member
from tests.makers_negotiations import Talk
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

NEGOTIATIONS = "/api/v1/negotiations"


trade = staged(make_trade)


async def told(trade: Trade, who: Member) -> list[str]:
    inbox = must(await trade.by(who).get("/api/v1/my/notifications", limit=100))
    return [each["topic"] for each in inbox["items"]]


async def seen(trade: Trade, request: str, who: Member) -> Any:
    return must(await trade.by(who).get(f"{REQUESTS}/{request}"))


async def test_a_chosen_quote_becomes_a_negotiation_on_its_terms_and_the_others_are_told(
    trade: Trade, db: Database
) -> None:
    rival, rivals = await another_supplier(trade)
    post, request = await requested(trade, trade.supplier, rival)
    ours = must(await quote(trade, request))
    must(await quote(trade, request, rival, product=rivals))

    file = await opened(trade, request)
    chosen = must(await decide(trade, request, "acceptances", quote_id=ours["id"]))

    assert file["request"]["state"] == "opened"
    assert {each["product_id"] for each in file["quotes"]} == {trade.product_id, rivals}
    assert (chosen["state"], chosen["accepted_quote_id"]) == ("accepted", ours["id"])
    begun = must(await trade.by(trade.buyer).get(f"{NEGOTIATIONS}/{chosen['negotiation_id']}"))
    assert (begun["product_id"], begun["copy"]["state"]) == (trade.product_id, "requested")
    assert "370.35" in str(begun["copy"]["offer"])
    assert await state(trade, post) == "negotiating"
    assert "quote_accepted" in await told(trade, trade.supplier)
    rival_now = await renewed_member(trade, rival)
    assert "quote_not_accepted" in await told(trade, rival_now)
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    actions = {
        each["event"]
        for each in await trade.by(auditor).find_in_log(
            subject_kind="quote_request", subject_id=request
        )
    }
    assert actions >= {"quotes:asked", "quote:submitted", "quotes:opened", "quote:accepted"}


async def talk_of(trade: Trade, chosen: dict[str, Any]) -> Talk:
    """Return the negotiation that a chosen quote became, once the supplier has heard of it."""
    talk = Talk(trade, buyer_id=chosen["negotiation_id"])
    await talk.carry()
    listed = must(await trade.by(trade.supplier).get(NEGOTIATIONS))
    talk.ids[str(trade.supplier.party.id)] = listed["items"][0]["id"]
    return talk


async def renewed_member(trade: Trade, member: Member) -> Member:
    from tests.makers_registration import renewed

    return await renewed(trade.db, member, trade.clock.now())


async def test_a_demand_is_met_when_its_negotiation_comes_to_an_agreement(trade: Trade) -> None:
    post, request = await requested(trade)
    ours = must(await quote(trade, request))
    await opened(trade, request)
    chosen = must(await decide(trade, request, "acceptances", quote_id=ours["id"]))
    talk = await talk_of(trade, chosen)

    await talk.conclude()
    await open_due(trade)

    assert await state(trade, post) == "met"


async def test_a_demand_goes_on_when_its_negotiation_comes_to_nothing(trade: Trade) -> None:
    post, request = await requested(trade)
    ours = must(await quote(trade, request))
    await opened(trade, request)
    chosen = must(await decide(trade, request, "acceptances", quote_id=ours["id"]))
    ended = f"{NEGOTIATIONS}/{chosen['negotiation_id']}/terminations"
    must(await trade.by(trade.buyer).post(ended, {"reason": "条件变化"}))

    await open_due(trade)

    assert await state(trade, post) == "published"
    assert "demand_post_went_on" in await told(trade, trade.buyer)
    again = await invite(trade, post)
    assert again.status_code == 201, again.text


async def test_a_special_price_is_offered_in_the_suppliers_name_and_negotiated_at(
    trade: Trade,
) -> None:
    post, request = await requested(trade)
    ours = must(await quote(trade, request, amount_fen=30_000, special_price_reason="首单试点"))
    await opened(trade, request)

    chosen = must(await decide(trade, request, "acceptances", quote_id=ours["id"]))
    (special,) = must(await trade.by(trade.buyer).get("/api/v1/special-prices"))["items"]
    talk = await talk_of(trade, chosen)
    asked = await talk.seen(trade.supplier)
    agreement = await talk.conclude()
    order = must(await trade.place(agreement_id=agreement["id"]))
    await open_due(trade)

    assert chosen["special_price_id"] == special["id"]
    assert (special["amount_fen"], special["reason"]) == (30_000, "首单试点")
    assert "300.00" in str(asked["offer"])
    assert special["id"] in str(asked["offer"])
    assert order["amount_fen"] == 30_000
    (used,) = must(await trade.by(trade.buyer).get("/api/v1/special-prices"))["items"]
    assert used["state"] == "used"
    assert await state(trade, post) == "met"


async def test_a_special_price_may_be_ordered_at_without_the_talk(trade: Trade) -> None:
    post, request = await requested(trade)
    ours = must(await quote(trade, request, amount_fen=30_000, special_price_reason="首单试点"))
    await opened(trade, request)
    chosen = must(await decide(trade, request, "acceptances", quote_id=ours["id"]))

    order = must(await trade.place(special_price_id=chosen["special_price_id"]))
    await open_due(trade)

    assert order["amount_fen"] == 30_000
    assert await state(trade, post) == "met"


async def test_a_special_price_that_nobody_used_lets_the_demand_go_on(trade: Trade) -> None:
    post, request = await requested(trade)
    valid = (trade.clock.now() + dt.timedelta(days=5)).isoformat()
    ours = must(
        await quote(
            trade,
            request,
            amount_fen=30_000,
            special_price_reason="首单试点",
            terms={"valid_until": valid},
        )
    )
    await opened(trade, request)
    must(await decide(trade, request, "acceptances", quote_id=ours["id"]))

    await open_due(trade)
    before = await state(trade, post)
    trade.clock.move_by(dt.timedelta(days=4))
    await trade.sign_in_again()
    await open_due(trade)

    assert (before, await state(trade, post)) == ("negotiating", "published")


async def test_a_special_price_of_who_left_is_not_offered(trade: Trade, db: Database) -> None:
    post, request = await requested(trade)
    ours = must(await quote(trade, request, amount_fen=30_000, special_price_reason="首单试点"))
    await opened(trade, request)
    async with begin(db, system("test")) as tx:
        await tx.execute(
            "UPDATE market.role_grants SET revoked_at = $2, revoked_by = $1 WHERE account_id = $1",
            trade.supplier.account.id,
            trade.clock.now(),
        )

    refused = await decide(trade, request, "acceptances", quote_id=ours["id"])

    assert (refused.status_code, code(refused)) == (409, "quote_supplier_gone")
    assert await state(trade, post) == "published"


async def test_until_the_deadline_a_quote_is_its_suppliers_alone(
    trade: Trade, db: Database
) -> None:
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    rival, rivals = await another_supplier(trade)
    _, request = await requested(trade, trade.supplier, rival)
    ours = must(await quote(trade, request))
    theirs = must(await quote(trade, request, rival, product=rivals))

    of_supplier = await seen(trade, request, trade.supplier)
    of_rival = await seen(trade, request, rival)

    assert [each["id"] for each in of_supplier["quotes"]] == [ours["id"]]
    assert [each["id"] for each in of_rival["quotes"]] == [theirs["id"]]
    assert [each["supplier_party_id"] for each in of_rival["invited"]] == [str(rival.party.id)]
    for who in (trade.buyer, trade.acceptor, trade.regulator):
        assert (await seen(trade, request, who))["quotes"] == []
    log = await trade.by(auditor).find_in_log(action="quote:submitted")
    assert len(log) == 2
    assert "37035" not in str(log)
    early = await decide(trade, request, "acceptances", quote_id=ours["id"])
    assert (early.status_code, code(early)) == (409, "quote_request_event_not_allowed")
    file = await opened(trade, request)
    assert len(file["quotes"]) == 2
    rival = await renewed_member(trade, rival)
    assert [each["id"] for each in (await seen(trade, request, rival))["quotes"]] == [theirs["id"]]


async def test_the_database_itself_keeps_quotes_sealed_and_in_their_window(
    trade: Trade, db: Database
) -> None:
    _, request = await requested(trade)
    must(await quote(trade, request))

    async with begin(db, trade.acceptor.actor) as tx:
        assert await tx.fetch("SELECT id FROM market.quotes") == []
    async with begin(db, system("test")) as tx:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with tx.savepoint():
                await tx.execute("UPDATE market.quotes SET opened_at = $1", trade.clock.now())
        assert refused.value.constraint_name == "quote_opens_with_its_request"
    await opened(trade, request)
    async with begin(db, system("test")) as tx:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with tx.savepoint():
                await tx.execute(
                    """
                    INSERT INTO market.quotes (id, request_id, supplier_party_id, buyer_party_id,
                           account_id, product_id, product_name, filing_id, filing_number, terms,
                           amount_fen, special_price_reason, note, submitted_at)
                    SELECT gen_random_uuid(), request_id, supplier_party_id, buyer_party_id,
                           account_id, product_id, product_name, filing_id, filing_number, terms,
                           amount_fen, 'x', note, submitted_at FROM market.quotes"""
                )
        assert refused.value.constraint_name == "quote_comes_in_its_window"


@pytest.mark.parametrize(
    ("changes", "status", "refusal"),
    [
        ({"currency": "USD"}, 422, "quote_currency_unknown"),
        ({"terms": {"purpose": "精准营销"}}, 409, "quote_outside_demand"),
        ({"terms": {"delivery_mode": "api_call"}}, 409, "quote_outside_demand"),
        ({"terms": {"price_item": "else"}}, 422, "price_item_unknown"),
        ({"terms": {"scenario": "else"}}, 409, "offer_outside_filed_scope"),
        ({"amount_fen": 37_034}, 422, "special_price_reason_missing"),
        (
            {"amount_fen": 37_036, "special_price_reason": "加急"},
            409,
            "special_price_outside_filed",
        ),
        ({"product": str(uuid.UUID(int=7))}, 404, "not_found"),
        ({"replaces": str(uuid.UUID(int=7))}, 409, "quote_already_submitted"),
    ],
    ids=str,
)
async def test_a_quote_that_may_not_be_is_refused_and_nothing_is_kept(
    trade: Trade, changes: dict[str, Any], status: int, refusal: str
) -> None:
    _, request = await requested(trade)

    refused = await quote(trade, request, **changes)

    assert (refused.status_code, code(refused)) == (status, refusal)
    assert (await seen(trade, request, trade.supplier))["quotes"] == []


async def test_a_quote_that_would_be_over_too_soon_is_refused(trade: Trade) -> None:
    _, request = await requested(trade)
    soon = (trade.clock.now() + dt.timedelta(days=3)).isoformat()

    refused = await quote(trade, request, terms={"valid_until": soon})

    assert (refused.status_code, code(refused)) == (409, "quote_validity_too_short")


async def test_a_quote_at_a_price_above_its_ceiling_is_refused(trade: Trade) -> None:
    _, request = await requested(trade)
    listing = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["id"]
    must(await trade.listing_step(listing, "suspensions", trade.issuer, reason="核查"))

    refused = await quote(trade, request)

    assert (refused.status_code, code(refused)) == (409, "product_not_listed")


async def test_who_is_tied_to_the_buyer_does_not_quote(trade: Trade) -> None:
    _, request = await requested(trade)

    refused = await quote(trade, request, related_party_ids=[str(trade.buyer.party.id)])

    assert (refused.status_code, code(refused)) == (409, "quote_related_party")


async def test_who_was_not_invited_knows_of_nothing(trade: Trade) -> None:
    rival, rivals = await another_supplier(trade)
    _, request = await requested(trade)

    refused = await quote(trade, request, rival, product=rivals)

    assert (refused.status_code, code(refused)) == (404, "not_found")
    assert (await trade.by(rival).get(f"{REQUESTS}/{request}")).status_code == 404
    assert must(await trade.by(rival).get(REQUESTS))["items"] == []


async def test_a_second_quote_names_the_one_that_it_replaces(trade: Trade) -> None:
    _, request = await requested(trade)
    first = must(await quote(trade, request))

    second = await quote(trade, request)
    instead = must(
        await quote(
            trade,
            request,
            replaces=first["id"],
            amount_fen=30_000,
            special_price_reason="首单试点",
        )
    )

    assert (second.status_code, code(second)) == (409, "quote_already_submitted")
    file = await opened(trade, request)
    standing = [each for each in file["quotes"] if each["opened_at"]]
    assert [each["id"] for each in standing] == [instead["id"]]
    old = await decide(trade, request, "acceptances", quote_id=first["id"])
    assert old.status_code == 404


async def test_a_quote_is_taken_back_until_the_deadline_and_by_its_supplier_alone(
    trade: Trade,
) -> None:
    rival, rivals = await another_supplier(trade)
    _, request = await requested(trade, trade.supplier, rival)
    ours = must(await quote(trade, request))
    theirs = must(await quote(trade, request, rival, product=rivals))
    path = f"/api/v1/quotes/{ours['id']}/withdrawals"

    by_rival = await trade.by(rival).post(path)
    must(await trade.by(trade.supplier).post(path))
    again = await trade.by(trade.supplier).post(path)
    file = await opened(trade, request)
    rival = await renewed_member(trade, rival)
    late = await trade.by(rival).post(f"/api/v1/quotes/{theirs['id']}/withdrawals")

    assert [by_rival.status_code, again.status_code] == [404, 404]
    assert [each["id"] for each in file["quotes"]] == [theirs["id"]]
    assert (late.status_code, code(late)) == (409, "quote_request_event_not_allowed")


async def test_a_quote_after_the_deadline_is_late_even_before_anybody_opened_them(
    trade: Trade,
) -> None:
    _, request = await requested(trade)
    trade.clock.move_by(dt.timedelta(days=3))
    await trade.sign_in_again()

    late = await quote(trade, request)
    await open_due(trade)
    later = await quote(trade, request)

    assert (late.status_code, code(late)) == (409, "quote_late")
    assert (later.status_code, code(later)) == (409, "quote_request_event_not_allowed")
    assert (await seen(trade, request, trade.buyer))["request"]["state"] == "lapsed"
    assert "quote_request_lapsed" in await told(trade, trade.buyer)


async def test_a_quote_that_comes_as_the_deadline_passes_is_in_or_out_and_never_half(
    trade: Trade,
) -> None:
    _, request = await requested(trade)
    trade.clock.move_by(dt.timedelta(days=3) - dt.timedelta(seconds=1))
    await trade.sign_in_again()
    body = offered(trade)

    async def close() -> None:
        trade.clock.move_by(dt.timedelta(seconds=1))
        await open_due(trade)

    came, _ = await asyncio.gather(
        trade.by(trade.supplier).post(f"{REQUESTS}/{request}/quotes", body), close()
    )
    await open_due(trade)

    file = await seen(trade, request, trade.buyer)
    if came.status_code == 201:
        assert file["request"]["state"] == "opened"
        assert [each["id"] for each in file["quotes"]] == [came.json()["id"]]
    else:
        assert code(came) in ("quote_late", "quote_request_event_not_allowed")
        assert (file["request"]["state"], file["quotes"]) == ("lapsed", [])


async def test_two_quotes_accepted_at_once_are_one(trade: Trade) -> None:
    rival, rivals = await another_supplier(trade)
    _, request = await requested(trade, trade.supplier, rival)
    must(await quote(trade, request))
    must(await quote(trade, request, rival, product=rivals))
    file = await opened(trade, request)

    both = await asyncio.gather(
        *(decide(trade, request, "acceptances", quote_id=each["id"]) for each in file["quotes"])
    )

    assert sorted(each.status_code for each in both) == [200, 409]
    (lost,) = [each for each in both if each.status_code == 409]
    assert code(lost) == "quote_request_event_not_allowed"
    begun = must(await trade.by(trade.buyer).get(NEGOTIATIONS))["items"]
    assert len(begun) == 1


async def test_none_is_chosen_with_a_reason_and_the_demand_stays(trade: Trade) -> None:
    post, request = await requested(trade)
    must(await quote(trade, request))
    await opened(trade, request)

    blank = await decide(trade, request, "declinations", reason=" ")
    declined = must(await decide(trade, request, "declinations", reason="均超出预算"))

    assert (blank.status_code, code(blank)) == (422, "demand_post_reason_missing")
    assert (declined["state"], declined["reason"]) == ("declined", "均超出预算")
    assert await state(trade, post) == "published"
    assert "quotes_declined" in await told(trade, trade.supplier)


async def test_a_chosen_quote_whose_product_is_gone_is_refused_and_nothing_moves(
    trade: Trade,
) -> None:
    post, request = await requested(trade)
    ours = must(await quote(trade, request))
    await opened(trade, request)
    listing = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["id"]
    must(await trade.listing_step(listing, "suspensions", trade.issuer, reason="核查"))

    refused = await decide(trade, request, "acceptances", quote_id=ours["id"])

    assert (refused.status_code, code(refused)) == (409, "product_not_listed")
    assert await state(trade, post) == "published"
    assert (await seen(trade, request, trade.buyer))["request"]["state"] == "opened"


async def test_a_chosen_quote_that_is_over_is_refused(trade: Trade) -> None:
    _, request = await requested(trade)
    valid = (trade.clock.now() + dt.timedelta(days=4)).isoformat()
    ours = must(await quote(trade, request, terms={"valid_until": valid}))
    await opened(trade, request)
    trade.clock.move_by(dt.timedelta(days=1))
    await trade.sign_in_again()

    refused = await decide(trade, request, "acceptances", quote_id=ours["id"])

    assert (refused.status_code, code(refused)) == (409, "offer_expired")


async def test_only_the_buyer_decides(trade: Trade, db: Database) -> None:
    _, request = await requested(trade)
    ours = must(await quote(trade, request))
    await opened(trade, request)

    strangers = await decide(trade, request, "acceptances", trade.stranger, quote_id=ours["id"])
    suppliers = await decide(trade, request, "declinations", trade.supplier, reason="x")
    operators = await decide(trade, request, "declinations", trade.acceptor, reason="x")

    assert strangers.status_code == 404
    assert [suppliers.status_code, operators.status_code] == [403, 403]


# ── asking ──────────────────────────────────────────────────────────────────────────────────


async def test_the_operator_asks_for_the_buyer_and_the_buyer_decides(trade: Trade) -> None:
    post = await published(trade)

    sent = must(await invite(trade, post, who=trade.acceptor))

    assert (sent["is_by_operator"], sent["buyer_party_id"]) == (True, str(trade.buyer.party.id))
    assert "quote_invited" in await told(trade, trade.supplier)
    must(await decide(trade, sent["id"], "withdrawals", reason="改为自行采购"))
    assert "quote_request_ended" in await told(trade, trade.supplier)


async def test_an_invited_supplier_sees_the_demand_that_stands_on_no_board(trade: Trade) -> None:
    post = await published(trade, visibility="invited")
    hidden = (await trade.by(trade.supplier).get(f"{POSTS}/{post}")).status_code

    must(await invite(trade, post))

    assert hidden == 404
    assert must(await trade.by(trade.supplier).get(f"{POSTS}/{post}"))["budget_fen"] is None
    assert (await trade.api.get(f"{POSTS}/{post}")).status_code == 404


async def test_an_anonymous_buyer_stays_so_to_who_is_invited(trade: Trade) -> None:
    post = await published(trade, visibility="anonymous")
    request = must(await invite(trade, post))["id"]

    text = (await trade.by(trade.supplier).get(f"{REQUESTS}/{request}")).text
    listed = (await trade.by(trade.supplier).get(REQUESTS)).text

    for said in (text, listed):
        assert request in said
        assert str(trade.buyer.party.id) not in said
    assert (await seen(trade, request, trade.buyer))["request"]["buyer_party_id"]


@pytest.mark.parametrize(
    ("changes", "status", "refusal"),
    [
        ({"supplier_party_ids": []}, 422, "body_invalid"),
        ({"supplier_party_ids": [str(uuid.UUID(int=7))]}, 404, "not_found"),
        ({"quotes_until": "2026-03-02T01:30:00Z"}, 409, "quote_deadline_unfit"),
        ({"quotes_until": "2027-03-02T01:30:00Z"}, 409, "quote_deadline_unfit"),
    ],
    ids=str,
)
async def test_what_may_not_be_asked_is_refused(
    trade: Trade, changes: dict[str, Any], status: int, refusal: str
) -> None:
    post = await published(trade)

    refused = await invite(trade, post, **changes)

    assert (refused.status_code, code(refused)) == (status, refusal)


async def test_neither_the_buyer_nor_anybody_twice_is_invited(trade: Trade) -> None:
    post = await published(trade)

    twice = await invite(trade, post, trade.supplier, trade.supplier)
    itself = await invite(trade, post, trade.buyer)

    for refused in (twice, itself):
        assert (refused.status_code, code(refused)) == (422, "quote_invitees_invalid")


async def test_who_was_not_identified_is_not_invited(trade: Trade, db: Database) -> None:
    from market.identity.states import State as PartyState
    from tests.makers_identity import make_party

    now = trade.clock.now()
    party = await make_party(db, now=now, state=PartyState.REGISTERED)
    nobody = await make_member(db, Role.SUPPLIER, now=now, party=party)
    post = await published(trade)

    refused = await invite(trade, post, nobody)

    assert (refused.status_code, code(refused)) == (409, "quote_invitee_unfit")


async def test_quotes_are_asked_for_one_demand_once_at_a_time_and_by_nobody_else(
    trade: Trade,
) -> None:
    post = await published(trade)
    strangers = await invite(trade, post, who=trade.stranger)
    must(await invite(trade, post))

    again = await invite(trade, post)

    assert strangers.status_code == 404
    assert (again.status_code, code(again)) == (409, "quote_request_running")


async def test_no_quotes_are_asked_for_what_is_not_on_the_board(trade: Trade) -> None:
    post = await published(trade)
    must(await step(trade, post, "withdrawals", reason="取消"))

    refused = await invite(trade, post)

    assert (refused.status_code, code(refused)) == (409, "demand_post_event_not_allowed")


async def test_a_request_ends_with_its_demand(trade: Trade) -> None:
    post, request = await requested(trade)
    must(await step(trade, post, "withdrawals", reason="项目取消"))

    late = await quote(trade, request)
    await open_due(trade)

    assert (late.status_code, code(late)) == (409, "demand_post_event_not_allowed")
    assert (await seen(trade, request, trade.buyer))["request"]["state"] == "withdrawn"
    assert "quote_request_ended" in await told(trade, trade.supplier)


async def test_a_quotation_to_one_buyer_lies_within_its_limits(
    api: Api, db: Database, clock: ManualClock
) -> None:
    tailored = {
        "code": "tailored",
        "charge": "quote",
        "unit": "project",
        "unit_price_fen": 10_000,
        "highest_unit_price_fen": 90_000,
    }
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced(price_items=[tailored], pricing_regime="negotiated")
    await trade.listed()
    _, request = await requested(trade)
    terms = {"price_item": "tailored", "quantity": 1}

    above = await quote(trade, request, terms=terms, amount_fen=90_001, special_price_reason="定制")
    ours = must(
        await quote(trade, request, terms=terms, amount_fen=90_000, special_price_reason="定制")
    )
    await opened(trade, request)
    chosen = must(await decide(trade, request, "acceptances", quote_id=ours["id"]))

    assert (above.status_code, code(above)) == (409, "special_price_outside_filed")
    assert ours["filed_fen"] is None
    assert chosen["special_price_id"] is not None
    assert "900.00" in str((await (await talk_of(trade, chosen)).seen(trade.buyer))["offer"])
