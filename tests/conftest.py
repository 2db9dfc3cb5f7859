"""Give tests a real PostgreSQL, a database of their own, a clock that stands still, a client.

``TEST_DATABASE_URL`` (a superuser of any PostgreSQL ≥ 15, over a socket) takes the place of the
embedded server. Every test that asks for ``db`` gets a fresh copy of a migrated template.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import gc
import os
import pathlib
import secrets
import shutil
import tempfile
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import asyncpg
import hypothesis
import pytest

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.workdays import Calendar
from market.identity.permissions import PERMISSIONS
from market.migrations.upgrade import upgrade
from market.settings import Settings
from seeds.workdays import load_calendar
from tests.api import Api
from tests.stages import Stage, Stages, maker_for

hypothesis.settings.register_profile("house", deadline=None, max_examples=100)
hypothesis.settings.load_profile("house")

_MEMORY: Final = pathlib.Path("/dev/shm")
_ROOM_BYTES: Final = 2 * 1024**3
_PREFIX: Final = "shushi-tests-"
_MORNING: Final = dt.datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)  # a Monday
# What is tested here is lost with the machine, and nobody minds.
_FORGETFUL: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_wal_size": "256MB",
    "max_connections": "200",
    # Nobody follows it, and what is copied for each test is written down nowhere else.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1d",
    "bgwriter_lru_maxpages": "0",
    "max_parallel_workers_per_gather": "0",
}
# A test asks most questions fewer than six times, and would have each planned anew every time: a third
# of what the server does. Where another PostgreSQL is named, they are planned as the service has them.
_PLANNED_ONCE: Final = {"plan_cache_mode": "force_generic_plan"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that another PostgreSQL may answer otherwise: those that ask for the server."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


class TestServer:
    """One PostgreSQL for the whole run, and the template that tests copy."""

    __test__ = False

    def __init__(self, admin_dsn: str) -> None:
        self.admin_dsn = admin_dsn
        self.template = f"template_{secrets.token_hex(4)}"
        self._admin: asyncpg.Connection[Any] | None = None
        self._one_at_a_time = asyncio.Lock()

    def dsn(self, database: str, user: str | None = None) -> str:
        parts = urllib.parse.urlsplit(self.admin_dsn)
        netloc = parts.netloc
        if user is not None:
            netloc = f"{user}@{netloc.rpartition('@')[2]}"
        return parts._replace(netloc=netloc, path=f"/{database}").geturl()

    async def create(self, name: str, template: str = "template0") -> None:
        await self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')

    async def drop(self, name: str) -> None:
        await self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def close(self) -> None:
        """Close the connection by which databases are made."""
        if self._admin is not None:
            await self._admin.close()

    async def _administer(self, statement: str) -> None:
        # A connection for each statement costs a quarter of what it costs to make a database.
        async with self._one_at_a_time:
            if self._admin is None or self._admin.is_closed():
                self._admin = await asyncpg.connect(self.admin_dsn)
            await self._admin.execute(statement)


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestServer]:
    """A PostgreSQL with a migrated template database in it."""
    given = os.environ.get("TEST_DATABASE_URL")
    embedded = None
    place = _in_memory() or tmp_path_factory.mktemp("postgres")
    if given:
        found = TestServer(given)
    else:
        from market.postgres import cluster

        planning = {} if os.environ.get("MARKET_PG_BINDIR") else _PLANNED_ONCE
        embedded = await cluster.ensure_running(place, settings=_FORGETFUL | planning)
        found = TestServer(embedded.dsn("postgres"))
    await found.create(found.template)
    await upgrade(found.dsn(found.template))
    await load_reference(found)
    yield found
    await found.drop(found.template)
    await found.close()
    if embedded is not None:
        from market.postgres import cluster

        await cluster.stop(embedded)
    shutil.rmtree(place, ignore_errors=True)


def _directory() -> pathlib.Path:
    """Return a new directory, in memory where there is enough of it."""
    return _in_memory() or pathlib.Path(tempfile.mkdtemp(prefix=_PREFIX))


def _in_memory() -> pathlib.Path | None:
    """Return a new directory in memory, None where there is too little: a disk takes five times as long.

    Each test makes a database of a thousand files. What a run left that was killed is removed.
    """
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES:
        return None
    for left in _MEMORY.glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if not pathlib.Path("/proc", pid).exists():
            shutil.rmtree(left, ignore_errors=True)
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_MEMORY))


async def load_reference(server: TestServer) -> None:
    from market import reference

    db = Database(lambda role: server.dsn(server.template, role), pool_size=1)
    try:
        await reference.load_reference(db, now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    finally:
        await db.close()


def _database(server: TestServer, name: str) -> Database:
    return Database(lambda role: server.dsn(name, role), pool_size=60)


@pytest.fixture(scope="session")
async def stages(server: TestServer) -> AsyncIterator[Stages]:
    """The stages that this worker has set."""

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        name, place, clock = f"stage_{secrets.token_hex(6)}", _directory(), ManualClock(_MORNING)
        await server.create(name, server.template)
        settings, db = _service_settings(server.dsn(name), place), _database(server, name)
        async with _opened(_doors_made(), settings, clock) as app, Api.on(app, clock) as api:
            yield name, place, api, db, clock
            await db.close()

    found = Stages(opened, server.drop)
    yield found
    await found.strike_all()


@pytest.fixture
async def stage_to_copy(request: pytest.FixtureRequest, stages: Stages) -> Stage | None:
    """The stage that the test asks for by a fixture of ``staged``."""
    maker = maker_for(request)
    return None if maker is None else await stages.set(maker)


@pytest.fixture
async def database_name(server: TestServer, stage_to_copy: Stage | None) -> AsyncIterator[str]:
    """A fresh copy of the migrated template, or of the stage that was set."""
    name = f"test_{secrets.token_hex(6)}"
    origin = server.template if stage_to_copy is None else stage_to_copy.database
    await server.create(name, origin)
    yield name
    await server.drop(name)


@pytest.fixture
async def owner_dsn(server: TestServer, database_name: str) -> str:
    """How to reach the test's database as the owner of its tables."""
    return server.dsn(database_name)


@pytest.fixture
async def db(server: TestServer, database_name: str) -> AsyncIterator[Database]:
    """The test's own database, reached with the rights of the service's roles."""
    found = _database(server, database_name)
    yield found
    await found.close()


@pytest.fixture
def almighty() -> Actor:
    """An actor with every permission there is."""
    every = frozenset[str]().union(*PERMISSIONS.values())
    return Actor(
        account_id=AccountId(new_id()),
        party_id=PartyId(new_id()),
        name="almighty",
        roles=frozenset({"test"}),
        permissions=every,
        clearance=Clearance.SYSTEM,
    )


@pytest.fixture
async def tx(db: Database, almighty: Actor) -> AsyncIterator[Tx]:
    """An open transaction with every permission; committed when the test passed its block."""
    async with begin(db, almighty) as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 2026-03-02 (Monday) 09:00 in Asia/Shanghai."""
    return ManualClock(_MORNING)


@pytest.fixture
def now(clock: ManualClock) -> dt.datetime:
    """The instant at which the clock stands."""
    return clock.now()


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    """The working-day calendar of the State Council notices 2024–2026."""
    return load_calendar()


@pytest.fixture
def data_dir(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A directory for keys and files, in memory: each key is written through to the disk when it is made."""
    place = _in_memory() or tmp_path
    path = place / "data"
    path.mkdir(mode=0o700)
    yield path
    if place is not tmp_path:
        shutil.rmtree(place, ignore_errors=True)


def _service_settings(database_url: str, data_dir: pathlib.Path) -> Settings:
    return Settings(
        database_url=database_url,
        separate_logins=True,
        pool_size=20,
        data_dir=data_dir,
        public_url="http://testserver",
        bootstrap_secret="the secret that founds a market",
        sandbox_channel=True,
        run_jobs=False,
        log_level="critical",
    )


@pytest.fixture
def settings(
    server: TestServer, database_name: str, data_dir: pathlib.Path, stage_to_copy: Stage | None
) -> Settings:
    """Settings of a service on the test's own database; its files are there."""
    if stage_to_copy is not None:
        shutil.copytree(stage_to_copy.files, data_dir, dirs_exist_ok=True)
    return _service_settings(server.dsn(database_name), data_dir)


@functools.cache
def _doors_made() -> Any:
    from market.app import create_app

    made = create_app(Settings(log_level="critical"))
    gc.collect()
    gc.freeze()  # what was loaded stays: no test needs to look for garbage in it
    return made


@pytest.fixture(scope="session")
def doors() -> Any:
    """The service with its doors and nothing behind them: to make them takes longer than most tests."""
    return _doors_made()


@contextlib.asynccontextmanager
async def _opened(doors: Any, settings: Settings, clock: ManualClock) -> AsyncIterator[Any]:
    doors.stand_on(settings)
    doors._clock = clock
    async with doors.wired():
        yield doors


@pytest.fixture
async def app(
    doors: Any, settings: Settings, clock: ManualClock, stage_to_copy: Stage | None
) -> AsyncIterator[Any]:
    """The service, wired and started, on the test's own database and clock."""
    if stage_to_copy is not None:
        clock.move_to(stage_to_copy.ends_at)
    async with _opened(doors, settings, clock) as opened:
        yield opened


@pytest.fixture
async def api(app: Any, clock: ManualClock) -> AsyncIterator[Api]:
    """A client that nobody has signed in with."""
    async with Api.on(app, clock) as opened:
        yield opened


@pytest.fixture
async def client(api: Api) -> Any:
    """The bare httpx client of ``api``."""
    return api.http
