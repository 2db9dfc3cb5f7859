"""Two people of finance correct the books, over HTTP and at a terminal."""

from __future__ import annotations

import pathlib

from catalog.kernel.local_time import local_date
from tests.api import code
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_payouts_and_reconciliation import Treasury
from tests.makers_registration import must
from tests.terminal import Run

trade = money.trade
ALL = "/api/v1/ledger/adjustments"


async def target(trade: Treasury) -> str:
    """Return the account of what the supplier is owed."""
    await trade.released()
    found = must(await trade.by(trade.first).get("/api/v1/ledger/accounts"))["items"]
    return next(each["account"] for each in found if each["account"].startswith("payable/"))


async def test_an_adjustment_of_two_people(trade: Treasury) -> None:
    body = {
        "source": "platform_loss/platform",
        "target": await target(trade),
        "amount_fen": 1_050,
        "value_on": local_date(trade.clock.now()).isoformat(),
        "reason": "多扣服务费，按合同第三条返还",
        "evidence": "对账函 2026-3",
    }
    first, second = trade.by(trade.first), trade.by(trade.second)
    stored = must(await first.upload(b"%PDF-1.4 advice", "advice.txt", "text/plain"))

    for wrong, expected in (
        ({"target": "order_escrow/x"}, "account_not_adjustable"),
        ({"target": "payable/x"}, "adjustment_account_unknown"),
        ({"target": "purse/x"}, "account_unknown"),
        ({"target": body["source"]}, "adjustment_of_one_account"),
        ({"reason": "   "}, "adjustment_reason_missing"),
        ({"value_on": "2099-01-01"}, "adjustment_date_invalid"),
    ):
        assert code(await first.post(ALL, body | wrong)) == expected
    proposed = must(await first.post(ALL, body | {"evidence_file_id": stored["id"]}))
    place = f"{ALL}/{proposed['id']}"
    alone = await first.post(f"{place}/approvals")
    of_another = await second.post(f"{place}/withdrawals")
    posted = must(await second.post(f"{place}/approvals"))
    twice = await second.post(f"{place}/approvals")
    other = must(await first.post(ALL, body))
    rejected = must(await second.post(f"{ALL}/{other['id']}/rejections", {"reason": "重复提出"}))
    third = must(await first.post(ALL, body))
    withdrawn = must(await first.post(f"{ALL}/{third['id']}/withdrawals"))

    assert proposed["wanted"]["evidence_sha256"] == stored["sha256"]
    assert code(alone) == "adjustment_second_person_needed"
    assert code(of_another) == "adjustment_of_another"
    assert (posted["state"], code(twice)) == ("posted", "adjustment_event_not_allowed")
    assert (rejected["state"], withdrawn["state"]) == ("rejected", "withdrawn")
    assert must(await trade.by(trade.regulator).get(place))["entry_key"] == posted["entry_key"]
    listed = must(await second.get(ALL, adjustment_state="rejected"))["items"]
    assert [each["id"] for each in listed] == [other["id"]]
    assert (await trade.by(trade.supplier).get(ALL)).status_code == 403


async def test_the_same_at_a_terminal(trade: Treasury, run: Run, tmp_path: pathlib.Path) -> None:
    to = await target(trade)
    advice = tmp_path / "advice.txt"
    advice.write_text("银行回单", "utf-8")
    said = ("--because", "多扣服务费", "--evidence", "回单 31", "--file", advice)

    proposed = await run(
        trade.first, "adjustments", "propose", "platform_loss/platform", to, "125", *said
    )
    assert proposed.returncode == 0, proposed.stderr
    number = proposed.stdout.split()[0]
    alone = await run(trade.first, "adjustments", "approve", number)
    approved = await run(trade.second, "adjustments", "approve", number)
    other = await run(
        trade.first, "adjustments", "propose", "platform_loss/platform", to, "1", *said[:4]
    )
    gone = await run(trade.first, "adjustments", "withdraw", other.stdout.split()[0])
    third = await run(
        trade.first, "adjustments", "propose", "platform_loss/platform", to, "1", *said[:4]
    )
    back = await run(
        trade.second, "adjustments", "reject", third.stdout.split()[0], "--because", "重复"
    )
    shown = await run(trade.second, "adjustments", "show", number)
    listed = await run(trade.second, "adjustments", "list", "--state", "posted")

    assert (alone.returncode, "adjustment_second_person_needed" in alone.stderr) == (1, True)
    assert ("posted" in approved.stdout, "¥1.25" in approved.stdout) == (True, True)
    assert ("withdrawn" in gone.stdout, "rejected" in back.stdout) == (True, True)
    assert "回单 31" in shown.stdout
    assert number in listed.stdout
