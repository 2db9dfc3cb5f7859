"""A buyer and a supplier who live in two services with a database each: both agree, or both have ended."""

from __future__ import annotations

import asyncio
import pathlib
import random
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from market.jobs import deliver_negotiations
from market.negotiations.exchange import Envelope, NoAnswer
from tests.api import code
from tests.makers_negotiations import BASE, requested
from tests.makers_trade import Trade, make_trade
from tests.stages import staged
from tests.two_houses import Houses, two_houses

RUNS = 12


trade = staged(make_trade)


@pytest.fixture
async def houses(
    server: Any, database_name: str, trade: Trade, tmp_path: pathlib.Path
) -> AsyncIterator[Houses]:
    async with two_houses(server, database_name, trade, tmp_path / "other") as made:
        yield made


async def signed_by_buyer(houses: Houses) -> None:
    """Let both say what leads to the buyer's signature, each carried to the other house."""
    await houses.begin()
    await houses.run_job(houses.buyer)
    assert await houses._suppliers() is not None
    assert await houses.supplier.say("agreements") == 200
    await houses.run_job(houses.supplier)
    assert await houses.buyer.sign("verifications") == 200
    await houses.run_job(houses.buyer)


async def concluded(houses: Houses) -> dict[str, Any]:
    """Let both say what leads to an agreement, each carried to the other house."""
    await signed_by_buyer(houses)
    assert await houses.supplier.sign("finalizations") == 200
    await houses.run_job(houses.supplier)
    return await houses.check()


async def test_an_agreement_is_kept_in_both_houses_and_ordered_by_in_one(houses: Houses) -> None:
    copy = await concluded(houses)

    assert copy["state"] == "finalized"
    agreement = await houses.buyer.agreement(houses.trade.product_id)
    assert agreement is not None
    placed = await houses.trade.place(agreement_id=agreement["id"])
    assert placed.status_code == 201, placed.text


async def test_who_hears_by_comparing_that_it_was_finalized_keeps_the_agreement_too(
    houses: Houses,
) -> None:
    await signed_by_buyer(houses)
    assert await houses.supplier.sign("finalizations") == 200
    houses.into[houses.buyer].choose = lambda _below: 2  # it arrives, and no answer comes
    await houses.run_job(houses.supplier)
    told = await houses.where(houses.buyer)

    found = await houses.supplier.by.post(
        f"{BASE}/{houses.supplier.id}/foreign-reconciliations", told
    )

    assert found.json()["verdict"] == "arrived", found.text
    assert (await houses.check())["state"] == "finalized"


async def test_of_a_side_that_lives_here_nobody_tells_where_it_stands(trade: Trade) -> None:
    talk = await requested(trade)

    refused = await talk.say(trade.buyer, "foreign-reconciliations", pid=None, state="terminated")

    assert (refused.status_code, code(refused)) == (409, "negotiation_side_is_here")
    assert await talk.states() == ("requested", "requested")


async def test_whatever_goes_astray_both_agree_or_both_have_ended(houses: Houses) -> None:
    ends = []
    for seed in range(RUNS):
        try:
            ends.append((await houses.play(random.Random(seed).randrange, 30))["state"])
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error

    assert {"finalized", "terminated"} <= set(ends), ends
    counts = [way.counts for way in houses.into.values()]
    assert all(sum(each[name] for each in counts) for name in counts[0]), counts


async def test_the_same_first_word_from_two_ways_at_once_makes_one_copy(houses: Houses) -> None:
    await houses.begin()
    way = houses.into[houses.supplier]
    taken: list[Envelope] = []

    class Twice:
        async def deliver(self, envelope: Envelope) -> Any:
            taken.append(envelope)
            both = await asyncio.gather(way.deliver(envelope), way.deliver(envelope))
            assert both[0] == both[1]
            return both[0]

        where = way.where

    await deliver_negotiations.run(
        houses.buyer.db,
        now=houses.trade.clock.now(),
        peers={houses.supplier.who.party.id: Twice()},
    )

    listed = (await houses.supplier.by.get("/api/v1/negotiations")).json()["items"]
    assert (len(listed), len(taken)) == (1, 1)


async def test_what_nothing_here_knows_of_is_answered_so_and_changes_nothing(
    houses: Houses,
) -> None:
    await houses.begin()
    await houses.run_job(houses.buyer)
    assert await houses._suppliers() is not None
    assert await houses.supplier.say("agreements") == 200
    kept: list[Envelope] = []

    class Away:
        async def deliver(self, envelope: Envelope) -> Any:
            kept.append(envelope)
            raise NoAnswer

        where = houses.into[houses.buyer].where

    await deliver_negotiations.run(
        houses.supplier.db,
        now=houses.trade.clock.now(),
        peers={houses.buyer.who.party.id: Away()},
    )
    (envelope,) = kept
    stranger = msgspec.structs.replace(envelope, sender=houses.trade.stranger.party.id)
    unknown = msgspec.structs.replace(
        envelope, message=msgspec.structs.replace(envelope.message, consumer_pid="urn:uuid:0")
    )
    way = houses.into[houses.buyer]

    answers = [await way.deliver(each) for each in (stranger, unknown)]

    assert [each.code for each in answers] == ["not_found", "not_found"]
    copy = await houses.buyer.copy()
    assert copy is not None
    assert copy["state"] == "requested"
