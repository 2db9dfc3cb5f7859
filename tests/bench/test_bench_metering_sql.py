"""What the audit costs the database alone: the statements of metered access, sent by pgbench.

The statements are those of the service, taken from one access while it is made; ids and numbers in
them count on. So nothing is measured but PostgreSQL, and the job that gives the entries their places.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from catalog.kernel import db as database
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import API_ROLE, SEQUENCER_ROLE, Database, Tx
from catalog.kernel.statements.db import Write
from market.postgres.binaries import find_binaries
from market.settings import Settings
from tests.api import Api
from tests.bench import access_writers, log_follower
from tests.bench.access_writers import AUDITED, BARE, CHAINED
from tests.bench.test_bench_metering import EVERY, copies, make_chain, start
from tests.conftest import TestServer
from tests.makers_trade import make_trade

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

CLIENTS, THREADS, SECONDS, ROUNDS = 16, 2, 6, 3
# Each client uses an order of its own, so the numbers of the order are those of the client's turns.
_ENTRY: Final = "lpad(to_hex((:before::bigint + :n) * 16 + :client_id), 32, '0')::uuid"
_COUNTED_ON: Final = {
    "id": _ENTRY,
    "entry_id": _ENTRY,
    "order_id": ":order",
    "grant_id": ":order",
    "order_seq": ":n",
    "request_key": f"({_ENTRY})::text",
}
_TEXT: Final = re.compile(r"'(?:[^']|'')*'")
_MOST: Final = 10_000_000  # no client makes as many accesses in one run
_FIRST: Final = '"order_seq":1'
_USE: Final = (":order", ":n", ":n")  # which grant, its uses, its entries


async def test_audit_costs_the_database_little(
    *,
    api: Api,
    db: Database,
    clock: ManualClock,
    owner_dsn: str,
    server: TestServer,
    database_name: str,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trade = await make_trade(api, db, clock)
    order = uuid.UUID(await trade.delivered())
    await make_chain(owner_dsn)
    dsns = {role: server.dsn(database_name, role) for role in (API_ROLE, SEQUENCER_ROLE)}
    scripts: dict[str, list[str]] = {}
    for variant in (AUDITED, BARE, CHAINED):
        told = await copies(owner_dsn, order)
        scripts[variant] = await _statements(
            access_writers.Job(
                dsns=dsns,
                buyer=trade.buyer.party.id,
                orders=told[:1],
                variant=variant,
                writers=1,
                seconds=0,
                now=clock.now(),
            ),
            monkeypatch,
        )
    follower = await start(
        "log_follower",
        log_follower.Job(
            dsns=dsns,
            journal=str(settings.journal_path),
            keys=str(settings.keys_dir),
            origin=settings.log_origin,
            every=EVERY,
            now=clock.now(),
        ),
    )

    rates: dict[str, list[float]] = {AUDITED: [], BARE: [], CHAINED: []}
    runs = itertools.count(1)
    for _ in range(ROUNDS):
        for variant, found in rates.items():
            orders = await copies(owner_dsn, order)
            script = tmp_path / "access.sql"
            script.write_text(_script(scripts[variant], orders[:CLIENTS]), "utf-8")
            found.append(await _pgbench(script, dsns[API_ROLE], next(runs)))
    await follower.communicate(b"")

    for variant, found in rates.items():
        print(f"\n{variant}: " + ", ".join(f"{each:,.0f}/s" for each in found), end="")
    for peer, asked in ((BARE, 0.85), (CHAINED, 3.0)):
        ratios = sorted(a / b for a, b in zip(rates[AUDITED], rates[peer], strict=True))
        print(f"\nof {peer}: {ratios[len(ratios) // 2]:.2f} (asked: at least {asked})", end="")
    print()


async def _statements(job: access_writers.Job, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements of one access, with what counts on in place of ids and numbers."""
    said: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(access_writers.audit_log, "append", access_writers.audit_log.append)
        connected, write = database._connected, Tx.write

        @contextlib.asynccontextmanager
        async def listening(db: Database, role: str) -> AsyncIterator[Any]:
            async with connected(db, role) as connection:
                yield _Listening(connection, said, str(job.orders[0]))

        async def together(tx: Tx, *writes: Write) -> int:
            count = len(said)
            touched = await write(tx, *writes)
            texts = tuple(_written(each, str(job.orders[0])) for each in writes)
            said[count:] = [database._together(texts, (0,) * len(texts))]
            return touched

        patched.setattr(database, "_connected", listening)
        patched.setattr(Tx, "write", together)
        await access_writers.work(job)
    return said


class _Listening:
    """A connection that keeps the text of what is said over it."""

    def __init__(self, connection: Any, said: list[str], order: str) -> None:
        self._connection, self._said, self._order = connection, said, order
        self._kept = dict([_kept(database._PREPARE_ACTOR)])

    def get_server_pid(self) -> int:
        pid: int = self._connection.get_server_pid()
        return pid

    def __getattr__(self, name: str) -> Any:
        async def call(sql: str, *args: Any) -> Any:
            for part in filter(None, sql.split(";")):
                if part.startswith("PREPARE"):
                    self._kept |= [_kept(part)]
                    continue
                if part.startswith("EXECUTE"):
                    kept, told = part.split()[1], _TEXT.findall(part)
                    values = [":order" if each == f"'{self._order}'" else each for each in told]
                    self._said.append(_filled(self._kept[kept], values))
                    continue
                filled = _filled(
                    part, [":order" if str(arg) == self._order else _literal(arg) for arg in args]
                )
                self._said.append(filled)
            return await getattr(self._connection, name)(sql, *args)

        return call


def _kept(prepare: str) -> tuple[str, str]:
    """Return the name and the text of a statement that a connection is told to keep."""
    head, text = re.split(r"\sAS\s", prepare, maxsplit=1)
    return head.split()[1], text


def _written(write: Write, order: str) -> str:
    if write.sql.split()[:2] == ["UPDATE", "market.grants"]:
        return _filled(write.sql, [*_USE, *map(_literal, write.args[len(_USE) :])])
    columns = re.search(r"INSERT INTO \S+ \(([^)]*)\)", write.sql)
    names = [name.strip(' "') for name in columns[1].split(",")] if columns else [""]
    values = dict(zip(names, write.args, strict=True))
    expressions = {name: _literal(value) for name, value in values.items()} | _COUNTED_ON
    if "leaf" in values:
        expressions["leaf"] = _leaf(values["leaf"].decode(), order)
    return _filled(write.sql, [expressions[name] for name in names])


def _leaf(text: str, order: str) -> str:
    """Return the leaf of an access, with the order and the number that the access has."""
    counted = text.replace(order, "' || :order || '").replace(_FIRST, _FIRST[:-1] + "' || :n || '")
    return f"convert_to('{counted}', 'UTF8')"


def _filled(sql: str, values: list[str]) -> str:
    return re.sub(r"\$(\d+)", lambda found: values[int(found[1]) - 1], " ".join(sql.split()))


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, list):
        return "ARRAY[" + ", ".join(map(_literal, value)) + "]::text[]"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _script(statements: list[str], orders: list[uuid.UUID]) -> str:
    ids = "ARRAY[" + ", ".join(f"'{each}'" for each in orders) + "]::uuid[]"
    mine = f"(({ids})[:client_id + 1])"
    lines = [_without_colons(each).replace(":order", mine) + ";" for each in statements]
    return "\n".join(["\\set n :n + 1", *lines]) + "\n"


def _without_colons(statement: str) -> str:
    # pgbench takes a colon before a letter for one of its variables, in a text as well.
    def written(text: re.Match[str]) -> str:
        return "E" + text[0].replace(":", r"\x3a") if ":" in text[0] else text[0]

    return re.sub("'[^']*'", written, statement)


async def _pgbench(script: Path, dsn: str, run: int) -> float:
    process = await asyncio.create_subprocess_exec(
        find_binaries().bindir / "pgbench",
        *(
            "--no-vacuum",
            "--protocol=prepared",
            "--define=n=0",
            f"--define=before={run * _MOST}",
            f"--file={script}",
        ),
        *(f"--client={CLIENTS}", f"--jobs={THREADS}", f"--time={SECONDS}", dsn),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = (each.decode() for each in await process.communicate())
    assert process.returncode == 0, errors
    assert "number of failed transactions: 0 " in out, out
    found = re.search(r"tps = ([\d.]+)", out)
    assert found is not None, out
    return float(found[1])
