"""Open transactions: the one way to the database.

One command is one transaction. ``begin`` opens it, tells row-level security who acts, commits on
leaving and rolls back on any error. Statements are SQL text with ``$1`` parameters, or inserts
made from the Core tables that each room's ``store.py`` declares on ``METADATA``. They are run by
asyncpg itself; SQLAlchemy describes the tables (README, Decisions).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import asyncpg
import msgspec
import sqlalchemy as sa

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.errors import Conflict
from catalog.kernel.statements.db import (
    Ahead,
    Write,
    as_array,
    insert_rows,
    insertion,
    literal,
    to_json,
    together,
)

METADATA: Final = sa.MetaData()

API_ROLE: Final = "market_api"
SEQUENCER_ROLE: Final = "market_sequencer"

Row = asyncpg.Record
T = TypeVar("T")

_TRANSIENT: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# What asyncpg raises when the server is not there, is on its way up or down, or was killed.
_GONE: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_ATTEMPTS: Final = 4
_STATEMENTS_KEPT: Final = (
    512  # by each connection, with their plans: some 15 MB of the server's memory
)
# A bulk goes on as long as it takes; nobody waits for it.
_COPY_SECONDS: Final = 3600.0

_ACTS: Final = "acts"
_CLEARED: Final = "SELECT set_config('app.clearance', $1, true)"
# Prepared once for each connection: it opens every transaction, and planning it took longer than running it.
_PREPARE_ACTOR: Final = f"""
    PREPARE {_ACTS} (text, text, text, text) AS
    SELECT set_config('app.party', $1, true), set_config('app.principal', $2, true),
           set_config('app.clearance', $3, true), set_config('app.products', $4, true)"""


class TooBusy(Conflict):
    """The transaction lost against others several times over; the same request may be sent again."""

    code = "too_busy_try_again"


class DatabaseUnreachable(Conflict):
    """The database is not there just now. What was asked may have been done, or not.

    The same request with the same key, sent again, finds out.
    """

    code = "service_unavailable"


class NothingRemembered(RuntimeError):
    """A command ended without an audit entry. Ours to mend, so it is no refusal but a fault."""


class Tx:
    """One open transaction. Handed to operations and queries; never kept."""

    def __init__(
        self,
        connection: Any,
        actor: Actor,
        *,
        opening: str | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        self._connection = connection
        self._opening = opening  # what opens it, until that was done
        self.actor: Final = actor
        self.clearance = actor.clearance  # which the second wall reads
        self.ahead: Final = ahead  # what was done when the transaction was opened
        self.touched_ahead = 0  # how many rows that touched
        self.remembered = 0
        self._later: list[Write] = []

    @property
    def is_open(self) -> bool:
        """Tell whether it was opened; one that is opened late may never be."""
        return self._opening is None

    async def open(self) -> Any:
        """Return the connection with the transaction open on it."""
        if self._opening is not None:
            # Said to be open before it is: what fails in the middle of it has to be undone.
            opening, self._opening = self._opening, None
            self.touched_ahead = _count(await self._connection.execute(opening))
        if self._later:
            writes, self._later = self._later, []
            await self._write(self._connection, writes)
        return self._connection

    def remember(self, entries: int = 1) -> None:
        """Count audit entries. Called by ``audit_log.append`` and its like, and by nobody else."""
        self.remembered += entries

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        """Return all rows of a statement."""
        connection = await self.open()
        rows: list[Row] = await connection.fetch(sql, *args)
        return rows

    async def fetch_public(self, sql: str, *args: Any) -> list[Row]:
        """Return all rows of a statement for which nobody needs to act.

        It reads what everybody may see, or calls a function that finds by a secret. It does not
        open a transaction that is opened late: alone it is its own, and row-level security sees
        nobody act.
        """
        connection = await self.open() if self._later else self._connection
        rows: list[Row] = await connection.fetch(sql, *args)
        return rows

    async def fetch_one(self, sql: str, *args: Any) -> Row | None:
        """Return the first row of a statement, or None."""
        row: Row | None = await (await self.open()).fetchrow(sql, *args)
        return row

    async def fetch_value(self, sql: str, *args: Any) -> Any:
        """Return the first column of the first row, or None."""
        return await (await self.open()).fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> int:
        """Run a statement and return how many rows it touched."""
        return _count(await (await self.open()).execute(sql, *args))

    async def insert(self, table: sa.Table, **values: Any) -> None:
        """Insert one row. Columns not named take their default."""
        await self.write(insertion(table, **values))

    async def write(self, *writes: Write) -> int:
        """Run writes in one statement; return how many rows the last of them touched.

        For what does not read what the others write: all of them see the database as it was
        before. A round trip costs more than most of what is done in it.
        """
        return await self._write(await self.open(), writes)

    async def _write(self, connection: Any, writes: Sequence[Write]) -> int:
        given = itertools.chain.from_iterable(each.args for each in writes)
        return _count(await connection.execute(together(writes), *given))

    async def write_later(self, *writes: Write) -> None:
        """Run writes together with others, before anything else is asked and at the latest at the end.

        For what nobody needs to see fail at once: what the database refuses of it is raised by
        what is asked next, or as the transaction ends. Each table is written to once in a
        statement, so that no write overlooks another and each is done in its turn; like rows
        are inserted together, in their order.
        """
        for each in writes:
            place = next((n for n, w in enumerate(self._later) if w.table == each.table), None)
            joined = None if place is None else self._later[place].joined(each)
            if place is not None and joined is not None:
                self._later[place] = joined
                continue
            if place is not None:
                await self.open()
            self._later.append(each)

    async def finish(self) -> bool:
        """Run what was to be written later; tell whether there is anything to commit."""
        if self._later:
            await self.open()
        return self.is_open

    async def insert_many(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that all have the same columns, in one statement: an array a column.

        A statement a row costs a hundred rows what one costs them all.
        """
        if rows:
            columns = tuple(rows[0])
            await self.execute(
                insert_rows(table, columns),
                *(as_array(table, column, rows) for column in columns),
            )

    async def copy(
        self, table: str, *, schema: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> int:
        """Copy rows in, the fastest way (COPY … FROM STDIN). Return how many."""
        status: str = await (await self.open()).copy_records_to_table(
            table, schema_name=schema, columns=list(columns), records=rows
        )
        return int(status.rpartition(" ")[2])

    async def copy_out(
        self, sql: str, write: Callable[[bytes], Awaitable[None]], *, is_binary: bool = False
    ) -> int:
        """Copy the rows of a statement out as text or binary (COPY … TO STDOUT); return how many."""
        status: str = await (await self.open()).copy_from_query(
            sql,
            output=write,
            timeout=_COPY_SECONDS,
            format="binary" if is_binary else "text",
        )
        return int(status.rpartition(" ")[2])

    async def plan_once(self) -> None:
        """Let each statement keep one plan for whatever values it gets, until the transaction ends.

        For short reads that take the same way whoever is asked for: left alone, PostgreSQL plans
        them anew each time, and behind row-level security that takes longer than to run them.
        """
        await (await self.open()).execute("SET LOCAL plan_cache_mode = force_generic_plan")

    @contextlib.asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Run a part that may fail without losing the whole: undone alone when it raises."""
        # asyncpg's own savepoints want a transaction that asyncpg opened; ours began by hand.
        await (await self.open()).execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._later.clear()  # it is undone with the rest of the part
            await (await self.open()).execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            raise
        await (await self.open()).execute("RELEASE SAVEPOINT part")

    async def cursor(self, sql: str, *args: Any, prefetch: int = 1000) -> AsyncIterator[Row]:
        """Yield rows of a large result without holding them all."""
        connection = await self.open()
        async for row in connection.cursor(sql, *args, prefetch=prefetch):
            yield row


def select_all(table: sa.Table) -> str:
    """Return the statement that reads every declared column of ``table``, each by its name."""
    columns = ", ".join(column.name for column in table.columns)
    return f"SELECT {columns} FROM {table.fullname}"  # noqa: S608 - names of our own tables


class Database:
    """Hold one small pool per database role. Made once, in the place where things are wired."""

    def __init__(
        self, dsn: Callable[[str], str], *, set_role: bool = False, pool_size: int = 10
    ) -> None:
        self._dsn = dsn
        self._set_role = set_role
        self._pool_size = pool_size
        self._pools: dict[str, asyncpg.Pool[Any]] = {}
        self._prepared: dict[int, set[str]] = {}  # by the server's process, the statements it keeps
        self._lock = asyncio.Lock()

    async def pool(self, role: str) -> asyncpg.Pool[Any]:
        """Return the pool whose connections act with the rights of ``role``."""
        pool = self._pools.get(role)
        if pool is None:
            async with self._lock:
                pool = self._pools.get(role)
                if pool is None:
                    pool = await self._open(role)
                    self._pools[role] = pool
        return pool

    async def connect(self, role: str) -> Any:
        """Return a new connection that acts with the rights of ``role``, beside the pool."""
        connection = await asyncpg.connect(
            self._dsn(role), server_settings={"application_name": "shushi"}
        )
        if self._set_role:
            await connection.execute(f'SET ROLE "{role}"')
        return connection

    async def _open(self, role: str) -> asyncpg.Pool[Any]:
        async def prepare(connection: Any) -> None:
            if self._set_role:
                await connection.execute(f'SET ROLE "{role}"')
            await connection.execute(_PREPARE_ACTOR)
            self._prepared[connection.get_server_pid()] = set()
            for name in ("json", "jsonb"):
                await connection.set_type_codec(
                    name, schema="pg_catalog", encoder=to_json, decoder=msgspec.json.decode
                )

        return await asyncpg.create_pool(
            self._dsn(role),
            init=prepare,
            reset=_leave_as_it_is,
            min_size=1,
            max_size=self._pool_size,
            # The jobs alone ask more than a hundred questions, asyncpg's number: what a request asks had
            # to be planned anew after each of their rounds.
            statement_cache_size=_STATEMENTS_KEPT,
            max_cached_statement_lifetime=0,
            command_timeout=60,
            server_settings={
                "application_name": "shushi",
                "timezone": "UTC",
                "idle_in_transaction_session_timeout": "30000",
                "lock_timeout": "20000",
                # Compiling a statement takes longer than any of ours runs; some servers would.
                "jit": "off",
            },
        )

    async def prepare(self, connection: Any, ahead: Ahead) -> None:
        """Have a connection keep a statement, if it does not.

        :raises DatabaseUnreachable: if the connection was lost.
        """
        kept = self._prepared[connection.get_server_pid()]
        if ahead.name not in kept:
            try:
                await connection.execute(ahead.preparing)
            except asyncpg.DuplicatePreparedStatementError:
                pass  # who asked before was gone when it was done
            except _GONE as error:
                raise DatabaseUnreachable from error
            kept.add(ahead.name)

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()
        self._prepared.clear()


def _count(status: str) -> int:
    """Return how many rows a statement touched, by what the server says of it."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


async def _leave_as_it_is(_connection: Any) -> None:
    # Nothing is ever set for a session (only SET LOCAL), so there is nothing to reset: half the
    # cost of a pooled statement is saved.
    return None


@contextlib.asynccontextmanager
async def begin(
    db: Database,
    actor: Actor,
    *,
    role: str = API_ROLE,
    snapshot: bool = False,
    late: bool = False,
    ahead: Ahead | None = None,
) -> AsyncIterator[Tx]:
    """Open a transaction for ``actor``; commit on leaving, roll back on any error.

    ``snapshot`` gives REPEATABLE READ, for reads that must see one moment (reports, exports).
    ``late`` opens it with its first statement but ``Tx.fetch_public``: a read that asks no other
    is one round trip and not three.
    The second wall, row-level security, reads the four settings made here; ``ahead`` is done behind it.

    :raises DatabaseUnreachable: if there is no connection, or it was lost on the way.
    """
    assert ahead is None or not snapshot, "what is read after a lock is read as it is then"
    isolation = "REPEATABLE READ" if snapshot else "READ COMMITTED"
    opening = f"BEGIN ISOLATION LEVEL {isolation};{_acts(actor)}"
    async with _connected(db, role) as connection:
        if ahead is not None:
            await db.prepare(connection, ahead)
            opening = f"{opening};{ahead.executing}"
        tx = Tx(connection, actor, opening=opening, ahead=ahead)
        try:
            if not late:
                await tx.open()
            yield tx
            if await tx.finish():
                await connection.execute("COMMIT")
        except BaseException as error:
            if not tx.is_open and not isinstance(error, _GONE):
                raise  # there is nothing to undo
            # A dead connection tells a lost server from a fault of ours that looks like one.
            if not await _roll_back(connection) and isinstance(error, _GONE):
                raise DatabaseUnreachable from error
            raise


def _acts(actor: Actor) -> str:
    """Return what tells the connection who acts: a statement that it keeps prepared."""
    party = actor.acting_for or actor.party_id
    return (
        f"EXECUTE {_ACTS} ('{party or ''}', {literal(actor.principal)},"
        f" '{actor.clearance.value}', '{_acted_on(actor)}')"
    )


def _acted_on(actor: Actor) -> str:
    # Empty: not limited to products. An agent may also be limited to none that is left.
    if actor.acting_on is None:
        return ""
    return "{" + ",".join(sorted(str(product) for product in actor.acting_on)) + "}"


@contextlib.asynccontextmanager
async def _connected(db: Database, role: str) -> AsyncIterator[Any]:
    try:
        pool = await db.pool(role)
        connection = await pool.acquire()
    except _GONE as error:
        raise DatabaseUnreachable from error
    try:
        yield connection
    finally:
        await pool.release(connection)


@contextlib.asynccontextmanager
async def apart(db: Database, *, role: str = API_ROLE) -> AsyncIterator[Any]:
    """Keep a connection beside the pool, for what a session holds by itself: advisory locks end with it.

    :raises DatabaseUnreachable: if there is none.
    """
    try:
        connection = await db.connect(role)
    except _GONE as error:
        raise DatabaseUnreachable from error
    try:
        yield connection
    finally:
        connection.terminate()


async def _roll_back(connection: Any) -> bool:
    """Undo the transaction; tell whether the connection still lives."""
    try:
        await asyncio.shield(connection.execute("ROLLBACK"))
    except Exception:  # noqa: BLE001 - the connection itself is gone, and the transaction with it
        with contextlib.suppress(asyncpg.InterfaceError):  # it was found dead before
            connection.terminate()
        return False
    return True


@contextlib.asynccontextmanager
async def beyond_own_rows(tx: Tx) -> AsyncIterator[None]:
    """Let a part of a command touch rows that row-level security hides from the acting party.

    An objection holds up another party's application, a submission is compared with everyone
    else's, and a new year's holidays move everybody's deadlines. These are effects that the rules
    attach to the act; nothing seen here is given out but what the caller returns on purpose.
    """
    before, tx.clearance = tx.clearance, Clearance.SYSTEM
    if before is not Clearance.SYSTEM:
        await tx.execute(_CLEARED, Clearance.SYSTEM.value)
    try:
        # When it raises, the transaction is rolled back and the setting with it.
        yield
    finally:
        tx.clearance = before
    if before is not Clearance.SYSTEM:
        await tx.execute(_CLEARED, before.value)


async def run(
    db: Database,
    actor: Actor,
    command: Callable[[Tx], Awaitable[T]],
    *,
    role: str = API_ROLE,
    must_remember: bool = True,
    ahead: Ahead | None = None,
) -> T:
    """Run one command in one transaction, again if it only lost a race; ``ahead`` as it is opened.

    :raises TooBusy: if it lost several times over.
    :raises NothingRemembered: if the command wrote no audit entry; all is rolled back.
    """
    for attempt in range(_ATTEMPTS):
        try:
            async with begin(db, actor, role=role, ahead=ahead) as tx:
                result = await command(tx)
                if must_remember and not tx.remembered:
                    raise NothingRemembered(getattr(command, "__qualname__", str(command)))
            return result
        except _TRANSIENT:
            await asyncio.sleep(0.01 * (2**attempt))
    raise TooBusy
