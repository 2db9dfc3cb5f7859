"""Money out and money held against the bank: through HTTP and at a terminal, by two people."""

from __future__ import annotations

import datetime as dt
import pathlib
import uuid

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from market.identity.permissions import Role
from market.jobs import reconcile_statements, send_payouts
from settlement.money import Fen
from settlement.payouts.bank_file import Outcome, Told
from settlement.reconciliation.statement_file import Line, Move, write
from settlement.reconciliation.statement_file import Outcome as Stated
from tests.api import Api, code
from tests.bank_files import write_outcomes
from tests.journeys.conftest import Run
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

PRICE = 3 * 12_345
ACCOUNT = {
    "holder_name": "某某（海南）有限公司",
    "bank_name": "某银行海口支行",
    "bank_code": "102100099996",
    "account": "6222 0212 3456 7890",
}


class Treasury(Trade):
    """A trade with two people who deal with money."""

    first: Member
    second: Member

    async def released(self) -> str:
        """Return an order whose money went to those who share it."""
        order = await self.delivered()
        must(await self.step(order, "acceptances", self.buyer))
        must(await self.step(order, "releases", self.issuer))
        return order

    async def account(self) -> str:
        """Return the supplier's verified account."""
        account = must(await self.by(self.supplier).post("/api/v1/beneficiaries", ACCOUNT))["id"]
        place = f"/api/v1/beneficiaries/{account}"
        must(await self.by(self.first).post(f"{place}/checks"))
        must(await self.by(self.second).post(f"{place}/verifications"))
        return str(account)

    async def finance_anew(self, db: Database) -> None:
        """Sign in everybody again, and the two people of finance after a day."""
        await self.sign_in_again()
        for name in ("first", "second"):
            member = await make_member(
                db, Role.OPERATOR_FINANCE, now=self.clock.now(), party=self.acceptor.party
            )
            setattr(self, name, member)

    async def load(self, content: bytes, channel: str = "sandbox") -> httpx.Response:
        """Load a statement."""
        who = self.by(self.first)
        stored = must(await who.upload(content, "statement.csv", "text/csv"))
        body = {"file_id": stored["id"], "fee_bps": 0}
        return await who.post(f"/api/v1/channels/{channel}/statements", body)


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Treasury:
    made = await make_trade(api, db, clock)
    made.__class__ = Treasury
    assert isinstance(made, Treasury)
    await made.finance_anew(db)
    return made


async def test_a_supplier_is_paid_by_a_batch_of_two_people(trade: Treasury, db: Database) -> None:
    await trade.released()
    await trade.account()
    first, second = trade.by(trade.first), trade.by(trade.second)

    prepared = must(await first.post("/api/v1/payout-batches", {"minimum_fen": 100}))
    batch = prepared["batch"]["id"]
    place = f"/api/v1/payout-batches/{batch}"
    alone = await first.post(f"{place}/approvals")
    early = await first.get(f"{place}/bank-file")
    must(await second.post(f"{place}/approvals"))
    assert await send_payouts.run(db, now=trade.clock.now()) == 1
    made = must(await second.post(f"{place}/bank-files"))
    sent = await second.get(f"{place}/bank-file")
    (line,) = must(await trade.by(trade.supplier).get("/api/v1/payouts"))["items"]
    told = Told(
        line=2,
        reference=line["reference"],
        outcome=Outcome.PAID,
        amount_fen=line["amount_fen"],
        transaction_id="B1",
        reason="",
    )
    content = write_outcomes(uuid.UUID(batch), [told]).decode()
    ended = must(await second.post(f"{place}/outcomes", {"content": content}))

    assert code(alone) == "payout_second_person_needed"
    assert (early.status_code, code(early)) == (404, "not_found")
    assert "6222021234567890" in sent.text
    assert made["file_sha256"] in sent.headers["etag"]
    assert "6222021234567890" not in str(made) + str(line)
    assert ended["counts"] == {"paid": 1}
    assert must(await first.get("/api/v1/payout-batches"))["items"][0]["id"] == batch
    assert must(await trade.by(trade.regulator).get(place))["counts"] == {"paid": 1}


async def test_what_a_bank_sends_again_or_a_party_types_wrong_is_refused(
    trade: Treasury, db: Database
) -> None:
    supplier, first = trade.by(trade.supplier), trade.by(trade.first)
    for wrong, expected in (
        ({"account": "12"}, "account_number_malformed"),
        ({"bank_code": "1"}, "bank_code_malformed"),
    ):
        refused = await supplier.post("/api/v1/beneficiaries", ACCOUNT | wrong)
        assert code(refused) == expected
    account = must(await supplier.post("/api/v1/beneficiaries", ACCOUNT))["id"]
    place = f"/api/v1/beneficiaries/{account}"
    silent = await first.post(f"{place}/rejections", {"reason": "  "})
    rejected = must(await first.post(f"{place}/rejections", {"reason": "户名不一致"}))
    again = await first.post(f"{place}/checks")
    other = must(await supplier.post("/api/v1/beneficiaries", ACCOUNT))["id"]
    withdrawn = must(await supplier.post(f"/api/v1/beneficiaries/{other}/withdrawals"))
    seen = must(await first.get("/api/v1/beneficiaries", beneficiary_state="rejected"))
    await trade.released()
    unverified = await first.post(
        "/api/v1/payout-batches", {"party_ids": [str(trade.supplier.party.id)]}
    )
    nothing = await first.post("/api/v1/payout-batches", {"minimum_fen": 1})

    assert (rejected["state"], withdrawn["state"]) == ("rejected", "withdrawn")
    assert code(silent) == "beneficiary_reason_missing"
    assert code(again) == "beneficiary_event_not_allowed"
    assert [each["id"] for each in seen["items"]] == [account]
    assert (code(unverified), code(nothing)) == (
        "payout_account_not_verified",
        "payout_nothing_to_pay",
    )


async def test_a_batch_that_was_not_sent_is_cancelled(trade: Treasury) -> None:
    await trade.released()
    await trade.account()
    first = trade.by(trade.first)
    batch = must(await first.post("/api/v1/payout-batches", {"minimum_fen": 100}))["batch"]["id"]
    place = f"/api/v1/payout-batches/{batch}"

    cancelled = must(await first.post(f"{place}/cancellations"))
    twice = await first.post(f"{place}/cancellations")
    file = await first.post(f"{place}/bank-files")

    assert cancelled["counts"] == {"cancelled": 1}
    assert (code(twice), code(file)) == ("payout_event_not_allowed", "payout_batch_not_sent")


async def test_the_sandboxs_own_statement_agrees_and_a_wrong_one_is_refused_whole(
    trade: Treasury, db: Database
) -> None:
    await trade.paid()
    day = local_date(trade.clock.now())
    channel = trade.api.context.channels["sandbox"]
    content = channel.statement(day)
    early = await trade.load(content)
    trade.clock.move_by(dt.timedelta(days=1))
    await trade.finance_anew(db)
    who = trade.by(trade.first)

    broken = await trade.load(content.replace(b"T", b"U", 1))
    elsewhere = await trade.load(content, channel="bank_transfer")
    loaded = must(await trade.load(content))
    twice = await trade.load(content)
    assert await reconcile_statements.run(db, now=trade.clock.now()) == 1

    assert code(early) == "statement_of_the_future"
    assert code(broken) == "statement_checksum_wrong"
    assert code(elsewhere) == "statement_of_another_channel"
    assert code(twice) == "statement_loaded_before"
    (file,) = must(await who.get("/api/v1/channels/sandbox/statements"))["items"]
    assert (file["id"], file["matched_count"], file["break_count"]) == (loaded["id"], 1, 0)
    gate = must(await who.get("/api/v1/channels/sandbox/clearing-gate"))
    assert (gate["is_explained"], gate["unexplained_fen"]) == (True, 0)
    assert gate["gate"]["clearing_fen"] == PRICE


async def test_breaks_are_booked_and_settled_through_http(trade: Treasury, db: Database) -> None:
    await trade.paid()
    now = trade.clock.now()
    content = write("sandbox", local_date(now), [_line(now, "TX", "whose?", 7_700, 7)])
    trade.clock.move_by(dt.timedelta(days=1))
    await trade.finance_anew(db)
    must(await trade.load(content))
    await reconcile_statements.run(db, now=trade.clock.now())
    first, second = trade.by(trade.first), trade.by(trade.second)

    found = must(await first.get("/api/v1/channel-breaks", channel="sandbox"))["items"]
    by_kind = {each["kind"]: each for each in found}
    short, surplus = (f"/api/v1/channel-breaks/{by_kind[kind]['id']}" for kind in ("short", "long"))
    booked = must(await first.post(f"{short}/bookings"))
    must(await first.post(f"{surplus}/bookings"))
    unknown = await first.post(f"{surplus}/proposals", {"way": "refunded", "reason": "退"})
    wrong = await first.post(f"{surplus}/charges")
    fee = f"/api/v1/channel-breaks/{by_kind['fee']['id']}"
    charged = must(await first.post(f"{fee}/charges"))
    silent = await first.post(f"{short}/proposals", {"way": "written_off", "reason": "  "})
    must(await first.post(f"{short}/proposals", {"way": "written_off", "reason": "渠道拒付"}))
    alone = await first.post(f"{short}/decisions", {"approves": True})
    settled = must(await second.post(f"{short}/decisions", {"approves": True}))
    gate = must(await first.get("/api/v1/channels/sandbox/clearing-gate"))

    assert set(by_kind) == {"short", "long", "fee"}
    assert booked["state"] == "booked"
    assert code(silent) == "break_reason_missing"
    assert code(unknown) == "break_payer_unknown"
    assert code(wrong) == "break_not_settled_this_way"
    assert (charged["state"], charged["difference_fen"]) == ("resolved", 7)
    assert code(alone) == "break_second_person_needed"
    assert settled["state"] == "resolved"
    assert must(await second.get(short))["resolving_key"] == settled["resolving_key"]
    assert gate["unexplained_fen"] == 0


async def test_a_transfer_pays_its_order_when_the_bank_states_it(
    trade: Treasury, db: Database
) -> None:
    from market.channels.bank_transfer import BankTransferChannel, Payee

    payee = Payee(name="示例省数据产品超市运营有限公司", account="4600", bank="某银行")
    trade.api.context.channels["bank_transfer"] = BankTransferChannel(payee)
    order = await trade.contracted()
    started = must(await trade.step(order, "payments", trade.buyer, channel="bank_transfer"))
    told = started["payment"]["channel_reference"]
    now = trade.clock.now()
    line = _line(now, "B-77", "", PRICE, 0, remark=f"数据款 {told}")
    content = write("bank_transfer", local_date(now), [line])
    trade.clock.move_by(dt.timedelta(days=1))
    await trade.finance_anew(db)

    must(await trade.load(content, channel="bank_transfer"))
    await reconcile_statements.run(db, now=trade.clock.now())

    assert told in started["pay_at"]
    assert (await trade.order(order))["state"] == "paid"
    gate = must(await trade.by(trade.first).get("/api/v1/channels/bank_transfer/clearing-gate"))
    assert (gate["gate"]["open_breaks"], gate["unexplained_fen"]) == (0, 0)


async def test_the_same_at_a_terminal(
    trade: Treasury, db: Database, run: Run, tmp_path: pathlib.Path
) -> None:
    await trade.released()
    account = must(await trade.by(trade.supplier).post("/api/v1/beneficiaries", ACCOUNT))["id"]
    for who, step in ((trade.first, "check"), (trade.second, "verify")):
        done = await run(who, "payouts", step, account)
        assert done.returncode == 0, done.stderr
    listed = await run(trade.first, "payouts", "accounts")

    prepared = await run(trade.first, "payouts", "prepare", "--minimum-fen", "100")
    batch = prepared.stdout.split()[0]
    alone = await run(trade.first, "payouts", "approve", batch)
    approved = await run(trade.second, "payouts", "approve", batch)
    await send_payouts.run(db, now=trade.clock.now())
    file = tmp_path / "bank.csv"
    made = await run(trade.first, "payouts", "bank-file", batch, file)
    lines = await run(trade.first, "payouts", "lines", batch)
    gate = await run(trade.first, "reconcile", "gate", "sandbox")
    breaks = await run(trade.first, "reconcile", "breaks", "--state", "open")

    assert "****7890" in listed.stdout
    assert (alone.returncode, "payout_second_person_needed" in alone.stderr) == (1, True)
    assert "approved 1" in approved.stdout
    assert made.returncode == 0, made.stderr
    assert b"6222021234567890" in file.read_bytes()
    assert "in_transit" in lines.stdout
    assert "unexplained 0" in gate.stdout
    assert breaks.returncode == 0, breaks.stderr


def stated(now: dt.datetime) -> Line:
    """Return a line of money that nobody knows of."""
    return _line(now, "TX", "whose?", 7_700, 7)


def _line(
    now: dt.datetime,
    transaction: str,
    reference: str,
    amount: int,
    fee: int,
    *,
    remark: str = "",
) -> Line:
    return Line(
        number=2,
        transaction_id=transaction,
        move=Move.PAY_IN,
        reference=reference,
        outcome=Stated.SUCCEEDED,
        amount_fen=Fen(amount),
        fee_fen=fee,
        happened_at=now,
        remark=remark,
    )
