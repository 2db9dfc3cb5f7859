"""Negotiate at a terminal, as both sides; real processes, real HTTP."""

from __future__ import annotations

import json
import pathlib
import uuid

from tests.makers_negotiations import BASE, Talk, terms
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged
from tests.terminal import Run, told

UNKNOWN = str(uuid.UUID(int=7))


trade = staged(make_trade)


async def test_both_sides_ask_offer_accept_and_agree_at_a_terminal(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "terms.json"
    file.write_text(json.dumps(terms(trade)), "utf-8")
    begun = await run(trade.buyer, "negotiations", "begin", trade.product_id, str(file), "--json")
    assert begun.returncode == 0, begun.stderr
    talk = Talk(trade, buyer_id=told(begun)["id"])
    await talk.carry()
    suppliers = must(await trade.by(trade.supplier).get(BASE))["items"][0]["id"]
    talk.ids[str(trade.supplier.party.id)] = suppliers

    offered = await run(trade.supplier, "negotiations", "offer", suppliers, str(file))
    await talk.carry()
    accepted = await run(trade.buyer, "negotiations", "accept", told(begun)["id"])
    await talk.carry()
    agreed = await run(trade.supplier, "negotiations", "agree", suppliers)
    await talk.carry()
    said = await run(trade.buyer, "negotiations", "messages", told(begun)["id"])
    listed = await run(trade.buyer, "negotiations", "list", "--state", "agreed")
    ended = await run(trade.buyer, "negotiations", "end", told(begun)["id"], "--reason", "预算取消")
    await talk.carry()

    assert offered.returncode == accepted.returncode == agreed.returncode == 0
    assert "no answer yet: offer" in offered.stdout
    assert said.stdout.count("→") == said.stdout.count("←") == 2
    assert f"{told(begun)['id']}  {trade.product_id}  consumer  agreed" in listed.stdout
    assert ended.returncode == 0
    assert await talk.states() == ("terminated", "terminated")
    none = await run(trade.buyer, "negotiations", "agreements")
    assert none.returncode == 0


async def test_what_is_refused_says_why_and_what_can_not_be_read_is_not_asked(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    broken = tmp_path / "terms.json"
    broken.write_text("{", "utf-8")

    unknown = await run(trade.buyer, "negotiations", "accept", UNKNOWN)
    unread = await run(trade.buyer, "negotiations", "ask", UNKNOWN, str(broken))
    shown = await run(trade.buyer, "negotiations", "show", UNKNOWN)

    assert (unknown.returncode, "[not_found]" in unknown.stderr) == (1, True)
    assert unread.returncode == 2
    assert shown.returncode == 1
