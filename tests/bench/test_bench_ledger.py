"""What a six-leg settlement costs PostgreSQL, beside what others do with the same, in one block.

All are driven by pgbench in the same way, so who asks costs each the same. Ratios are to its TPC-B-like in the
same round, and once more by what the server worked, which others on the machine change less. A pgledger-style
ledger (balances updated row by row in a function) and an application-style one (locked, updated and written
from outside) settle the same six legs. ``BENCH_POSTINGS`` says how many postings the journal is grown to
(default 600,000).
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, begin
from market.postgres.binaries import find_binaries
from settlement.ledger.kinds import RULES, Kind
from settlement.ledger.queries import checking as books
from tests.bench import worked
from tests.conftest import TestServer

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]

CLIENTS, THREADS = 16, 2
SECONDS = int(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
POSTINGS = int(os.environ.get("BENCH_POSTINGS", "600000"))
ORDERS, PARTIES, DEPARTMENTS = 20_000, 20_000, 200
LEGS: Final = 6
# Two cores, two who write: as many as there are cores, where TPC-B has sixteen.
WRITERS, BATCH = 2, 5000
_ROLL_UP: Final = "UPDATE settlement.rollup_state SET asked_at = now()"
RELEASE: Final = RULES[Kind.RELEASE].code
PAY_IN: Final = RULES[Kind.PAY_IN].code

# The key comes from the caller, and costs the ledger nothing; PostgreSQL 18 makes one as cheaply.
_KEY7: Final = (
    "uuidv7()"
    if find_binaries().major >= 18
    else """(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
    || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid"""
)

_SETTLE: Final = """
\\set o random(1, {orders})
\\set p random(1, {parties})
\\set q random(1, {parties})
\\set d random(1, {departments})
\\set f {fee}
\\set t {tax}
INSERT INTO settlement.journal (key, order_id, booked_at, value_on, rule_id, kind, book, currency,
    a1, v1, a2, v2, a3, v3, a4, v4, a5, v5, a6, v6)
VALUES ({key}, lpad(to_hex(:o::bigint), 32, '0')::uuid, now(), current_date, 1, {release}, 1, 156,
    {escrows} + :o, -60, {payables} + :p, 25, {partners} + :q, 10, {departments_at} + :d, 10,
    {fees} + :f, 8, {taxes} + :t, 7);
"""

_PGLEDGER: Final = """
CREATE TABLE pl_accounts (id bigint PRIMARY KEY, balance bigint NOT NULL, version bigint NOT NULL);
CREATE TABLE pl_transfers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), debit bigint NOT NULL,
    credit bigint NOT NULL, amount bigint NOT NULL CHECK (amount > 0),
    at timestamptz NOT NULL DEFAULT now());
CREATE TABLE pl_entries (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), account bigint NOT NULL,
    transfer uuid NOT NULL, amount bigint NOT NULL, before bigint NOT NULL, after bigint NOT NULL,
    version bigint NOT NULL);
CREATE INDEX ON pl_entries (account, version);
INSERT INTO pl_accounts SELECT n, 1000000000, 0 FROM generate_series(1, 60000) n;
CREATE FUNCTION pl_settle(accounts bigint[], amounts bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE made uuid; was pl_accounts; n integer; BEGIN
    PERFORM 1 FROM pl_accounts WHERE id = ANY (accounts) ORDER BY id FOR UPDATE;
    FOR n IN 2..cardinality(accounts) LOOP
        INSERT INTO pl_transfers (debit, credit, amount)
        VALUES (accounts[1], accounts[n], amounts[n]) RETURNING id INTO made;
        UPDATE pl_accounts SET balance = balance - amounts[n], version = version + 1
         WHERE id = accounts[1] RETURNING id, balance, version INTO was;
        INSERT INTO pl_entries (account, transfer, amount, before, after, version)
        VALUES (accounts[1], made, -amounts[n], was.balance + amounts[n], was.balance, was.version);
        UPDATE pl_accounts SET balance = balance + amounts[n], version = version + 1
         WHERE id = accounts[n] RETURNING id, balance, version INTO was;
        INSERT INTO pl_entries (account, transfer, amount, before, after, version)
        VALUES (accounts[n], made, amounts[n], was.balance - amounts[n], was.balance, was.version);
    END LOOP;
END $$;
"""
_DRAWN: Final = """
\\set o random(1, 20000)
\\set p random(20001, 40000)
\\set q random(40001, 59000)
\\set d random(59001, 59200)
"""
_PGLEDGER_RUN: Final = f"""{_DRAWN}
SELECT pl_settle(ARRAY[:o, :p, :q, :d, 60000, 59999], ARRAY[-60, 25, 10, 10, 8, 7]);
"""
_APPLICATION_RUN: Final = f"""{_DRAWN}
BEGIN;
SELECT id, balance FROM pl_accounts WHERE id IN (:o, :p, :q, :d, 60000, 59999) ORDER BY id FOR UPDATE;
UPDATE pl_accounts SET balance = balance - 60 WHERE id = :o;
UPDATE pl_accounts SET balance = balance + 25 WHERE id = :p;
UPDATE pl_accounts SET balance = balance + 10 WHERE id = :q;
UPDATE pl_accounts SET balance = balance + 10 WHERE id = :d;
UPDATE pl_accounts SET balance = balance + 8 WHERE id = 59999;
UPDATE pl_accounts SET balance = balance + 7 WHERE id = 60000;
INSERT INTO pl_transfers (debit, credit, amount) VALUES (:o, :p, 60);
COMMIT;
"""


class Books:
    """The accounts of the bench: where each purpose begins."""

    def __init__(self, first: dict[str, int]) -> None:
        self.first = first

    def settle(self, *, is_hot: bool) -> str:
        """Return the script of one settlement, its fee and tax on one account each or on many."""
        return _SETTLE.format(
            orders=ORDERS,
            parties=PARTIES,
            departments=DEPARTMENTS,
            fee="1" if is_hot else f"random(1, {PARTIES})",
            tax="1" if is_hot else f"random(1, {PARTIES})",
            key=_KEY7,
            release=RELEASE,
            escrows=self.first["order_escrow"] - 1,
            payables=self.first["payable"] - 1,
            partners=self.first["retention"] - 1,
            departments_at=self.first["department_payable"] - 1,
            fees=self.first["platform_fee"] - 1,
            taxes=self.first["tax_payable"] - 1,
        )


async def _open(owner: Any) -> Books:
    """Open the accounts, and pay into the escrow of every order."""
    await owner.execute("SELECT set_config('app.clearance', 'system', false)")
    await owner.execute("INSERT INTO settlement.rule_versions (version) VALUES ('bench/1')")
    first = {}
    for purpose, guarding, many in (
        ("order_escrow", "at_once", ORDERS),
        ("payable", "rolled_up", PARTIES),
        # Not `retention` itself: what is credited here is to wait, like all that many are credited.
        ("department_payable", "rolled_up", PARTIES + DEPARTMENTS),
        ("platform_fee", "rolled_up", PARTIES),
        ("tax_payable", "rolled_up", PARTIES),
        ("channel_clearing", "none", 1),
    ):
        first[purpose] = await owner.fetchval(
            """WITH made AS (
                   INSERT INTO settlement.accounts (book, purpose, owner, currency, guarding, opened_at)
                   SELECT 'market', $1, CASE $1 WHEN 'order_escrow'
                          THEN lpad(to_hex(n), 32, '0')::uuid::text ELSE 'b' || n END, 'CNY', $2, now()
                     FROM generate_series(1, $3::integer) n ORDER BY n RETURNING id)
               SELECT min(id) FROM made""",
            purpose,
            guarding,
            many,
        )
    first["retention"] = first["department_payable"] + DEPARTMENTS
    await owner.execute(
        f"""INSERT INTO settlement.journal (key, order_id, booked_at, value_on, rule_id, kind, book,
                   currency, a1, v1, a2, v2)
            SELECT {_KEY7}, lpad(to_hex(n), 32, '0')::uuid, now(), current_date, 1, {PAY_IN}, 1, 156,
                   {first["channel_clearing"]}, -1000000000, {first["order_escrow"]} - 1 + n, 1000000000
              FROM generate_series(1, {ORDERS}) n"""
    )
    await owner.execute("VACUUM ANALYZE")
    return Books(first)


async def _pgbench(dsn: str, script: Path | None, owner: Any) -> tuple[float, float]:
    """Return how many transactions there were a second, and what one cost the server, in µs of a core."""
    before = await worked.of_the_server(owner)
    what = ["-f", str(script)] if script else ["-b", "tpcb-like"]
    process = await asyncio.create_subprocess_exec(
        find_binaries().bindir / "pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS),
        "-j", str(THREADS), "-T", str(SECONDS), *what, dsn,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PGOPTIONS": "-c app.clearance=system -c app.party="},
    )  # fmt: skip
    output, _ = await process.communicate()
    told = output.decode()
    rate = re.search(r"tps = ([\d.]+)", told)
    done = re.search(r"actually processed: (\d+)", told)
    assert rate is not None, told
    assert done is not None, told
    return float(rate[1]), (await worked.of_the_server(owner) - before) / int(done[1]) * 1e6


async def _rolled(owner: Any, stop: asyncio.Event) -> None:
    while not stop.is_set():
        await owner.execute(_ROLL_UP)
        await asyncio.sleep(0.25)


async def test_a_settlement_beside_what_others_do(
    *,
    owner_dsn: str,
    server: TestServer,
    database_name: str,
    tmp_path: Path,
    db: Database,
    almighty: Actor,
) -> None:
    owner: Any = await asyncpg.connect(owner_dsn)
    accounts = await _open(owner)
    await owner.execute(_PGLEDGER)
    process = await asyncio.create_subprocess_exec(
        find_binaries().bindir / "pgbench", "-i", "-q", "-s", "20", owner_dsn,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await process.wait()
    api = server.dsn(database_name, "market_api")
    scripts = {
        "TPC-B-like": None,
        "pgledger-style, rows updated": _PGLEDGER_RUN,
        "application-style, FOR UPDATE": _APPLICATION_RUN,
        "ours, fee and tax on one account each": accounts.settle(is_hot=True),
        "ours, all accounts at random": accounts.settle(is_hot=False),
    }
    found: dict[str, list[float]] = {name: [] for name in scripts}
    costs: dict[str, list[float]] = {name: [] for name in scripts}
    for _ in range(ROUNDS):
        for number, (name, text) in enumerate(scripts.items()):
            path = None
            if text is not None:
                path = tmp_path / f"{number}.sql"
                path.write_text(
                    re.sub(r"\s*\n(?!\\|$|INSERT|SELECT|UPDATE|BEGIN|COMMIT)", " ", text)
                )
            rate, cost = await _pgbench(api if name.startswith("ours") else owner_dsn, path, owner)
            found[name].append(rate)
            costs[name].append(cost)
    ratios = {
        name: statistics.median(a / b for a, b in zip(runs, found["TPC-B-like"], strict=True))
        for name, runs in found.items()
    }
    for name, runs in found.items():
        cost = statistics.median(costs[name])
        print(f"{name:40} {statistics.median(runs):9.0f}/s  {ratios[name]:5.2f} × TPC-B-like;"
              f" {cost:5.0f} µs of the server's, {statistics.median(costs['TPC-B-like']) / cost:5.2f} × by that")  # fmt: skip
    many, cost = await _in_bulk(owner_dsn, accounts)
    base = statistics.median(found["TPC-B-like"])
    print(f"{'a run of many, with the roll-up':40} {many:9.0f}/s  {many / base:5.2f} × TPC-B-like;"
          f" {cost:5.0f} µs of the server's, {statistics.median(costs['TPC-B-like']) / cost:5.2f} × by that")  # fmt: skip
    hot, cold = (ratios[name] for name in list(scripts)[3:])
    print(f"penalty of two hot accounts: {1 - hot / cold:.1%}")
    await _same_after_replay(db, almighty)
    await owner.close()

    assert ratios["ours, fee and tax on one account each"] > max(
        ratios["pgledger-style, rows updated"], ratios["application-style, FOR UPDATE"]
    )


async def _in_bulk(dsn: str, accounts: Books) -> tuple[float, float]:
    """Return how many a second two writers settle by many a statement, until all is rolled up.

    And what one costs the server, with the roll-up, in microseconds of a core. What the runs before left to be rolled up is not theirs, and is rolled up first.
    """
    roller, *writers = [await asyncpg.connect(dsn) for _ in range(1 + WRITERS)]
    await roller.execute(_ROLL_UP)
    stop = asyncio.Event()
    before = await worked.of_the_server(roller)
    began = time.perf_counter()
    rolling = asyncio.create_task(_rolled(roller, stop))
    done = sum(
        await asyncio.gather(
            *(_write(each, accounts, n, began + SECONDS) for n, each in enumerate(writers))
        )
    )
    stop.set()
    await rolling
    await roller.execute(_ROLL_UP)
    rate = done / (time.perf_counter() - began)
    spent = (await worked.of_the_server(roller) - before) / done * 1e6
    for each in (roller, *writers):
        await each.close()
    return rate, spent


async def _write(writer: Any, accounts: Books, number: int, until: float) -> int:
    """Settle orders of the writer's own share of them, many a statement, until then."""
    await writer.execute("SELECT set_config('app.clearance', 'system', false)")
    share = ORDERS // WRITERS
    done = 0
    while time.perf_counter() < until:
        await writer.execute(_bulk(accounts, number * share + done % share, BATCH))
        done += BATCH
    return done


async def test_the_journal_grows_and_is_replayed(
    owner_dsn: str, db: Database, almighty: Actor
) -> None:
    owner, roller = await asyncpg.connect(owner_dsn), await asyncpg.connect(owner_dsn)
    accounts = await _open(owner)
    before = await _size(owner)
    stop = asyncio.Event()
    rolling = asyncio.create_task(_rolled(roller, stop))
    rates, rows = [], max(POSTINGS // LEGS, 1000)
    batch = 1000
    for start in range(0, rows, batch):
        began = time.perf_counter()
        await owner.execute(_bulk(accounts, start, batch))
        rates.append(batch / (time.perf_counter() - began))
    stop.set()
    await rolling
    await owner.execute(_ROLL_UP)
    tenth = max(len(rates) // 10, 1)
    early, late = statistics.mean(rates[:tenth]), statistics.mean(rates[-tenth:])
    grown = await _size(owner)
    print(f"bulk with the roll-up running: {statistics.mean(rates):,.0f} settlements/s")
    print(f"from the first tenth to the last: {1 - late / early:.1%} slower")
    for what in ("journal", "posting_by_account"):
        print(f"{what}: {(grown[what] - before[what]) / (rows * LEGS):.1f} B a posting")
    await _same_after_replay(db, almighty)
    began = time.perf_counter()
    await owner.fetch(
        "SELECT purpose, sum(debits), sum(credits) FROM settlement.turnovers GROUP BY 1"
    )
    print(f"trial balance from what was rolled up: {(time.perf_counter() - began) * 1000:.1f} ms")
    await owner.close()
    await roller.close()

    assert (grown["journal"] - before["journal"]) / (rows * LEGS) < 50


def _bulk(accounts: Books, start: int, many: int) -> str:
    first = accounts.first
    return f"""
        INSERT INTO settlement.journal (key, order_id, booked_at, value_on, rule_id, kind, book,
               currency, a1, v1, a2, v2, a3, v3, a4, v4, a5, v5, a6, v6)
        SELECT {_KEY7}, lpad(to_hex(o), 32, '0')::uuid, now(), current_date, 1, {RELEASE}, 1, 156,
               {first["order_escrow"]} - 1 + o, -60,
               {first["payable"]} + (o * 7919) % {PARTIES}, 25,
               {first["retention"]} + (o * 104729) % {PARTIES}, 10,
               {first["department_payable"]} + o % {DEPARTMENTS}, 10,
               {first["platform_fee"]}, 8, {first["tax_payable"]}, 7
          FROM (SELECT ({start} + n) % {ORDERS} + 1 AS o FROM generate_series(1, {many}) n) s
    """


async def _size(owner: Any) -> dict[str, int]:
    rows = await owner.fetch(
        """SELECT CASE WHEN c.relispartition THEN 'journal' ELSE c.relname END AS name,
                  sum(pg_total_relation_size(c.oid))::bigint AS bytes
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'settlement' AND c.relkind = 'r' GROUP BY 1"""
    )
    return {row["name"]: row["bytes"] for row in rows}


async def _same_after_replay(db: Database, almighty: Actor) -> None:
    began, worked_before = time.perf_counter(), time.process_time()
    async with begin(db, almighty, snapshot=True) as tx:
        before = await tx.fetch_value("SELECT pg_backend_pid()")
        served = worked.seconds_of([before])
        replayed = await books.replay(tx)
        served = worked.seconds_of([before]) - served
    took, ours = time.perf_counter() - began, time.process_time() - worked_before
    print(f"replay of {replayed.postings:,} postings and every balance: {took:.2f} s"
          f" = {took / replayed.postings * 1e8:.1f} s for 10^8;"
          f" of a core: the server's {served:.2f} s, ours {ours:.2f} s")  # fmt: skip
    assert replayed.differing == ()
    assert replayed.total_fen == 0
