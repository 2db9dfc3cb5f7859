"""Fifty identical commands at once have one effect: in the order, the ledger and the audit log."""

from __future__ import annotations

import asyncio
import collections
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from catalog.kernel.actor import system
from catalog.kernel.db import Database, begin
from settlement.ledger.queries import balances, checking, order_money
from tests.api import code
from tests.makers_identity import Member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

AT_ONCE = 50
AMOUNT_FEN = 3 * 12_345


trade = staged(make_trade)


def one_key() -> Callable[[], str]:
    """Return what gives every request the same key."""
    key = uuid.uuid4().hex
    return lambda: key


def own_keys() -> Callable[[], str]:
    """Return what gives every request a key of its own."""
    return lambda: uuid.uuid4().hex


async def fifty(
    trade: Trade, who: Member, path: str, key: Callable[[], str]
) -> list[httpx.Response]:
    return await asyncio.gather(*(trade.by(who).post(path, key=key()) for _ in range(AT_ONCE)))


async def entries(db: Database, order: str) -> collections.Counter[str]:
    """Return how often each event is in the log for an order."""
    async with begin(db, system("test")) as tx:
        rows = await tx.fetch(
            "SELECT event FROM audit_log.entries WHERE subjects @> ARRAY[$1]", f"order:{order}"
        )
    return collections.Counter(row["event"] for row in rows)


async def postings(db: Database, order: str) -> list[tuple[str, int]]:
    """Return kind and amount of what the ledger has for an order; all of it is in order."""
    async with begin(db, system("test", "ledger:read"), snapshot=True) as tx:
        assert await checking.find_breaches(tx) == []
        assert (await balances.trial_balance(tx)).difference_fen == 0
        kept = await order_money.get_order_ledger(tx, uuid.UUID(order))
    return [
        (entry.kind, sum(leg.amount_fen for leg in entry.legs if leg.amount_fen > 0))
        for entry in kept.entries
    ]


def assert_one_answer(answers: list[httpx.Response]) -> None:
    """See that all were answered alike, and that only one of them did it."""
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (answers[0].status_code, answers[0].content)
    }
    must(answers[0])
    replayed = [answer.headers.get("idempotency-replayed") == "true" for answer in answers]
    assert replayed.count(False) == 1


def assert_one_success(answers: list[httpx.Response], refusal: str) -> None:
    """See that one was done, and all others refused by the same name."""
    told = collections.Counter(
        "done" if answer.status_code < 400 else code(answer) for answer in answers
    )
    assert told == {"done": 1, refusal: AT_ONCE - 1}


async def test_fifty_payments_with_one_key_are_one_payment(trade: Trade, db: Database) -> None:
    order = await trade.contracted()

    answers = await fifty(trade, trade.buyer, f"/api/v1/orders/{order}/payments", one_key())

    assert_one_answer(answers)
    assert (await entries(db, order))["payment:started"] == 1


async def test_fifty_payments_with_keys_of_their_own_are_one_payment(
    trade: Trade, db: Database
) -> None:
    order = await trade.contracted()

    answers = await fifty(trade, trade.buyer, f"/api/v1/orders/{order}/payments", own_keys())

    # While a payment is open, starting gives the open one: the buyer can not pay twice.
    assert len({must(answer)["payment"]["reference"] for answer in answers}) == 1
    assert (await entries(db, order))["payment:started"] == 1


@pytest.mark.parametrize("keys", [one_key, own_keys])
async def test_fifty_confirmations_of_the_bank_bring_the_money_once(
    trade: Trade, db: Database, keys: Callable[[], Callable[[], str]]
) -> None:
    order = await trade.contracted()
    started = must(await trade.step(order, "payments", trade.buyer))

    answers = await fifty(trade, trade.buyer, started["pay_at"], keys())

    heard = [must(answer) for answer in answers]
    assert [told["is_replay"] for told in heard].count(False) == 1
    assert {(told["effect"], told["payment_id"]) for told in heard} == {
        (heard[0]["effect"], started["payment"]["id"])
    }
    assert (await trade.order(order))["state"] == "paid"
    assert await postings(db, order) == [("pay_in", AMOUNT_FEN)]
    logged = await entries(db, order)
    assert (logged["payment:confirmed"], logged["escrow:funded"], logged["order:paid"]) == (1, 1, 1)


async def test_fifty_acceptances_with_one_key_get_one_answer(trade: Trade, db: Database) -> None:
    order = await trade.delivered()

    answers = await fifty(trade, trade.buyer, f"/api/v1/orders/{order}/acceptances", one_key())

    assert_one_answer(answers)
    assert (await entries(db, order))["delivery:accepted"] == 1


async def test_of_fifty_acceptances_with_keys_of_their_own_one_is_done(
    trade: Trade, db: Database
) -> None:
    order = await trade.delivered()

    answers = await fifty(trade, trade.buyer, f"/api/v1/orders/{order}/acceptances", own_keys())

    assert_one_success(answers, "order_event_not_allowed")
    assert (await entries(db, order))["delivery:accepted"] == 1
    # Delivered, accepted: the version counts each event once, whoever else asked.
    assert (await trade.order(order))["version"] == accepted_of(answers)["version"]


def accepted_of(answers: list[httpx.Response]) -> dict[str, Any]:
    """Return the answer of the one that was done."""
    return next(answer.json() for answer in answers if answer.status_code < 400)


async def test_fifty_releases_with_one_key_get_one_answer(trade: Trade, db: Database) -> None:
    order = await trade.delivered()
    must(await trade.step(order, "acceptances", trade.buyer))

    answers = await fifty(trade, trade.issuer, f"/api/v1/orders/{order}/releases", one_key())

    assert_one_answer(answers)
    assert await postings(db, order) == [("pay_in", AMOUNT_FEN), ("release", AMOUNT_FEN)]
    assert (await entries(db, order))["escrow:released"] == 1


async def test_of_fifty_releases_with_keys_of_their_own_one_moves_money(
    trade: Trade, db: Database
) -> None:
    order = await trade.delivered()
    must(await trade.step(order, "acceptances", trade.buyer))

    answers = await asyncio.gather(
        fifty(trade, trade.issuer, f"/api/v1/orders/{order}/releases", own_keys()),
        trade.api.run_jobs(),  # the job that releases by itself is one more
    )

    # Released already is no refusal: the same answer again, marked as a repetition, moves nothing.
    released = [must(answer) for answer in answers[0]]
    by_request = [told["is_replay"] for told in released].count(False)
    assert by_request + answers[1]["release_escrow"] == 1
    assert len({told["journal_key"] for told in released}) == 1
    assert await postings(db, order) == [("pay_in", AMOUNT_FEN), ("release", AMOUNT_FEN)]
    assert (await entries(db, order))["escrow:released"] == 1


async def test_of_fifty_releases_before_the_acceptance_none_moves_money(
    trade: Trade, db: Database
) -> None:
    order = await trade.delivered()

    answers = await fifty(trade, trade.issuer, f"/api/v1/orders/{order}/releases", own_keys())

    assert {code(answer) for answer in answers} == {"escrow_not_releasable"}
    assert await postings(db, order) == [("pay_in", AMOUNT_FEN)]


async def test_fifty_downloads_with_one_key_are_billed_once(trade: Trade, db: Database) -> None:
    order = await trade.delivered()
    headers = {"authorization": f"Bearer {trade.buyer.token}", "idempotency-key": "one"}
    path = f"/api/v1/orders/{order}/content"

    answers = await asyncio.gather(
        *(trade.api.http.get(path, headers=headers) for _ in range(AT_ONCE))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert sorted(int(answer.headers["x-usage-sequence"]) for answer in answers) == list(
        range(1, AT_ONCE + 1)
    )
    told = must(await trade.by(trade.supplier).get(f"/api/v1/orders/{order}/usage"))
    assert (told["statement"]["event_count"], told["statement"]["price_units"]) == (AT_ONCE, 1)


async def test_of_fifty_downloads_with_keys_of_their_own_the_quota_lets_three_through(
    trade: Trade, db: Database
) -> None:
    order = await trade.delivered()  # three uses were bought

    answers = await asyncio.gather(*(trade.content(order) for _ in range(AT_ONCE)))

    told = collections.Counter(
        "done" if answer.status_code < 400 else code(answer) for answer in answers
    )
    assert told == {"done": 3, "quota_exhausted": AT_ONCE - 3}
