"""Set a stage once, and hand each test a copy of it.

Most stories begin alike: the same people sign in and the same product is put on offer, before the
one thing happens that the test is about. What sets such a stage is played by the first test of a
worker that asks for it, in a database of its own; for every test that database is copied with the
files beside it, and the service is started on the copy, as after a restart. A test owns its copy as
it owns a database that was made from the template.

    trade = staged(make_trade)

    @staged
    async def sale(api: Api, db: Database, clock: ManualClock) -> Sale: ...

What a maker returns is copied too; what it holds of the client, the database and the clock becomes
the test's own. A maker makes nothing that only lives in the process, and a test asks for one stage.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import pathlib
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api

T = TypeVar("T")
Maker = Callable[[Api, Database, ManualClock], Awaitable[T]]

_KEPT: Final = 6  # each some 25 MB of memory; files that need the same one seldom follow each other
_MAKERS: Final[dict[object, Maker[Any]]] = {}


def staged(maker: Maker[T]) -> Any:
    """Return a fixture: what ``maker`` made, in the test's own copy of its database."""

    @pytest.fixture
    async def on_stage(stage_to_copy: Stage, api: Api, db: Database, clock: ManualClock) -> Any:
        return stage_to_copy.seen_by(api, db, clock)

    _MAKERS[on_stage] = maker
    return on_stage


def maker_for(request: pytest.FixtureRequest) -> Maker[Any] | None:
    """Return what sets the stage that a test asks for, None if it asks for none."""
    found = {
        maker
        for name in request.fixturenames
        if (maker := _MAKERS.get(getattr(request.module, name, None)))
    }
    assert len(found) <= 1, f"{request.node.nodeid} asks for several stages"
    return next(iter(found), None)


@dataclass(frozen=True)
class Stage:
    """What a maker left: a database that can be copied, files, an instant, what it returned."""

    database: str
    files: pathlib.Path
    ends_at: dt.datetime
    made: Any
    stands_on: tuple[Api, Database, ManualClock]

    def seen_by(self, api: Api, db: Database, clock: ManualClock) -> Any:
        """Return what the maker returned, in the hands of another client."""
        theirs, their_db, their_clock = self.stands_on
        replaced = {
            id(theirs): api,
            id(theirs.http): api.http,
            id(theirs.app): api.app,
            id(their_db): db,
            id(their_clock): clock,
        }
        return copy.deepcopy(self.made, replaced)


class Opening(Protocol):
    """Open the service on a new database, and close it again."""

    def __call__(
        self,
    ) -> contextlib.AbstractAsyncContextManager[
        tuple[str, pathlib.Path, Api, Database, ManualClock]
    ]: ...


class Stages:
    """The stages of a worker: the newest are kept."""

    def __init__(self, opened: Opening, drop: Callable[[str], Awaitable[None]]) -> None:
        self._opened = opened
        self._drop = drop
        self._kept: dict[Maker[Any], Stage] = {}

    async def set(self, maker: Maker[Any]) -> Stage:
        """Return the stage that a maker sets; it does so once."""
        found = self._kept.pop(maker, None)
        if found is None:
            while len(self._kept) >= _KEPT:
                await self._strike(next(iter(self._kept)))
            async with self._opened() as (database, files, api, db, clock):
                made = await maker(api, db, clock)
                ends_at = clock.now()
            found = Stage(database, files, ends_at, made, (api, db, clock))
        self._kept[maker] = found
        return found

    async def strike_all(self) -> None:
        """Remove what is kept."""
        for maker in list(self._kept):
            await self._strike(maker)

    async def _strike(self, maker: Maker[Any]) -> None:
        stage = self._kept.pop(maker)
        await self._drop(stage.database)
        shutil.rmtree(stage.files, ignore_errors=True)
