"""A stage is set once, and every test that asks for it finds it as it was set."""

from __future__ import annotations

import datetime as dt

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import SHANGHAI
from tests.api import Api
from tests.makers_registration import Scene, make_scene
from tests.stages import Stage, staged

MORNING = dt.datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
WHILE = dt.timedelta(minutes=10)
_played: list[Scene] = []


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Scene:
    made = await make_scene(api, db, clock)
    clock.move_by(WHILE)
    _played.append(made)
    return made


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_test_finds_the_stage_as_it_was_set_whatever_the_one_before_did(
    scene: Scene, clock: ManualClock, owner_dsn: str, turn: int
) -> None:
    owner = await asyncpg.connect(owner_dsn)
    described = await owner.fetchval("SELECT count(*) FROM catalog.products")
    await owner.close()
    began_at, written_on = clock.now(), hasattr(scene, "turn")

    await scene.describe()
    clock.move_by(WHILE)
    scene.turn = turn  # type: ignore[attr-defined]

    assert described == 1
    assert began_at == MORNING + WHILE
    assert not written_on
    assert len(_played) == 1


async def test_what_is_on_stage_is_in_the_hands_of_the_test(
    scene: Scene, api: Api, db: Database, clock: ManualClock
) -> None:
    played = _played[0]

    assert (scene.api, scene.db, scene.clock) == (api, db, clock)
    assert scene.by(scene.supplier).http is api.http
    assert scene.supplier == played.supplier
    assert played.clock is not clock
    assert played.api.http.is_closed


async def test_the_service_has_the_keys_that_it_had_when_the_stage_was_set(
    scene: Scene, api: Api, stage_to_copy: Stage
) -> None:
    before, now = (
        {each.name: each.read_bytes() for each in (place / "keys").iterdir()}
        for place in (stage_to_copy.files, api.context.settings.data_dir)
    )

    assert now == before
    assert len(now) > 0
