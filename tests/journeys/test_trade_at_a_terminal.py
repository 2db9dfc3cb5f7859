"""Webhooks, cut-offs, consents, complaints and credit at a terminal; real processes, real HTTP."""

from __future__ import annotations

import json
import pathlib
import uuid
from typing import Any

import msgspec

from tests.api import code
from tests.journeys.test_complaints import make as complain
from tests.journeys.test_credit import found
from tests.journeys.test_personal_consents import given
from tests.journeys.test_webhooks import PATH as ENDPOINTS
from tests.journeys.test_webhooks import deliver, register
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged
from tests.terminal import Run, told
from tests.webhook_receiver import receiving

UNKNOWN = str(uuid.UUID(int=7))


trade = staged(make_trade)


async def test_what_an_endpoint_did_not_take_is_seen_and_told_once_more(
    trade: Trade, run: Run
) -> None:
    context = trade.api.context
    context.settings = msgspec.structs.replace(context.settings, webhook_private_addresses=True)
    async with receiving() as receiver:
        made = await register(trade, trade.buyer, receiver.url, ["order.placed"])
        await trade.placed()
        receiver.answers = ["410 Gone"]
        await deliver(trade)
        shown = await run(trade.buyer, "webhooks", "list")
        (dead,) = told(await run(trade.buyer, "webhooks", "dead", "--json"))
        must(await trade.by(trade.buyer).post(f"{ENDPOINTS}/{made['endpoint']['id']}/enablings"))

        replayed = await run(trade.buyer, "webhooks", "replay", dead["id"])
        await deliver(trade)

    assert "停用 off: gone" in shown.stdout
    assert replayed.returncode == 0, replayed.stderr
    assert "queued" in replayed.stdout
    assert receiver.types == ["order.placed", "order.placed"]
    none = await run(trade.buyer, "webhooks", "replay")
    assert none.returncode == 2
    foreign = await run(trade.stranger, "webhooks", "replay", dead["id"])
    assert (foreign.returncode, "[not_found]" in foreign.stderr) == (1, True)
    rotated = await run(trade.buyer, "webhooks", "rotate", made["endpoint"]["id"])
    secret, public_key = rotated.stdout.split()
    assert (secret[:6], public_key[:5]) == ("whsec_", "whpk_")
    assert secret != made["secret"]


async def test_a_product_is_cut_off_and_let_go_again(trade: Trade, run: Run) -> None:
    order = await trade.delivered()
    ordered = await run(
        *(trade.regulator, "cut-offs", "order", "product", trade.product_id),
        *("--reason", "风险核查", "--json"),
    )
    assert ordered.returncode == 0, ordered.stderr
    (cut,) = told(ordered)
    assert code(await trade.content(order)) == "authorisation_cut_off"
    listed = await run(trade.regulator, "cut-offs", "list")
    assert f"{cut['id']}  product:{trade.product_id}  standing  风险核查" in listed.stdout

    lifted = await run(trade.regulator, "cut-offs", "lift", cut["id"], "--reason", "核查通过")

    assert lifted.returncode == 0, lifted.stderr
    assert (await trade.content(order)).status_code == 200
    refused = await run(trade.regulator, "cut-offs", "lift", UNKNOWN, "--reason", "x")
    assert (refused.returncode, "[not_found]" in refused.stderr) == (1, True)


async def test_consents_are_entered_narrowed_and_withdrawn(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "consents.json"
    two = [given(trade, "01", data_categories=["排班", "联系方式"]), given(trade, "02")]
    file.write_text(json.dumps(two), "utf-8")
    entered = await run(trade.supplier, "consents", "enter", trade.product_id, file)
    assert entered.returncode == 0, entered.stderr
    first, second = (line.split()[0] for line in entered.stdout.splitlines())

    narrowed = await run(
        *(trade.supplier, "consents", "narrow", first, "--data-category", "排班", "--json")
    )
    gone = await run(trade.supplier, "consents", "withdraw", second)
    listed = await run(trade.supplier, "consents", "list", trade.product_id)

    assert told(narrowed)["data_categories"] == ["排班"]
    assert "withdrawn" in gone.stdout
    states = {line.split()[0]: line.split()[-1] for line in listed.stdout.splitlines()}
    assert states == {first: "standing", second: "withdrawn"}
    nothing = await run(trade.supplier, "consents", "narrow", first)
    assert (nothing.returncode, "[consent_not_narrower]" in nothing.stderr) == (1, True)
    file.write_text("no json", "utf-8")
    broken = await run(trade.supplier, "consents", "enter", trade.product_id, file)
    assert broken.returncode == 2


async def test_a_complaint_is_handled_to_its_end(trade: Trade, run: Run) -> None:
    number = (await complain(trade, trade.buyer))["number"]
    (made,) = told(await run(trade.buyer, "complaints", "mine", "--json"))
    assert made["number"] == number

    async def step(*words: Any) -> Any:
        done = await run(trade.adjudicator, "complaints", *words, "--json")
        assert done.returncode == 0, done.stderr
        return told(done)

    await step("triage", made["id"], "accept")
    await step("investigate", made["id"])
    stated = await run(trade.supplier, "complaints", "state", made["id"], "--text", "已补发。")
    assert stated.returncode == 0, stated.stderr
    resolved = await step(
        "resolve", made["id"], "upheld", "--findings", "属实", "--ordered", "补齐"
    )
    listed = await run(trade.adjudicator, "complaints", "list", "--status", "resolved")
    shown = await run(trade.supplier, "complaints", "show", made["id"])
    appealed = await run(trade.supplier, "complaints", "appeal", made["id"], "--reason", "不服")
    early = await run(trade.adjudicator, "complaints", "close", made["id"], "--reason", "了结")

    assert resolved["state"] == "resolved"
    assert made["number"] in listed.stdout
    assert told(shown)["number"] == made["number"]
    assert appealed.returncode == 0, appealed.stderr
    assert early.returncode == 1


async def test_a_finding_is_objected_to_punished_and_repaired(trade: Trade, run: Run) -> None:
    words = ("--facts", "转卖", "--basis", "判决书")
    by_hand = await run(
        *(trade.adjudicator, "credit", "find", trade.stranger.party.id, "data_leak", *words)
    )
    assert (by_hand.returncode, "data_leak  found" in by_hand.stdout) == (0, True)
    record = await found(trade)

    for who, what in (
        (trade.buyer, ("object", record, "--statement", "不实")),
        (trade.regulator, ("answer", record, "--reject", "--answer", "属实")),
        (trade.regulator, ("punish", record, "--ban", "--lower")),
    ):
        done = await run(who, "credit", *what)
        assert done.returncode == 0, done.stderr
    mine = told(await run(trade.buyer, "credit", "mine"))
    assert mine["standing"]["is_banned"]
    assert code(await trade.place()) == "credit_party_banned"
    repaired = await run(trade.regulator, "credit", "repair", record, "--reason", "已整改")

    assert "repaired" in repaired.stdout
    listed = await run(trade.regulator, "credit", "list", "--party", trade.buyer.party.id)
    assert record in listed.stdout
    again = await run(trade.regulator, "credit", "repair", record, "--reason", "再次")
    assert (again.returncode, "[credit_event_not_allowed]" in again.stderr) == (1, True)
