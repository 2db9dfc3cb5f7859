"""A stranger asks for all entries about one thing, and proves offline that these are all."""

from __future__ import annotations

import datetime as dt
import uuid

import asyncpg
import msgspec
import pytest

from catalog.audit_log.checkpoint import VerifierKey, parse_vkey
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.verdict import Findings
from catalog.kernel.actor import NotPermitted, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.subject_heads import check, operations
from catalog.subject_heads.model import SubjectEntries
from market.jobs import publish_heads
from tests.api import Api, code
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

HOUR = dt.timedelta(hours=1)


scene = staged(make_scene)


async def an_hour_later(scene: Scene) -> None:
    scene.clock.move_to(scene.clock.now() + HOUR)
    await scene.sign_in_again()
    await scene.api.run_jobs()  # what was done is signed
    scene.clock.move_to(scene.clock.now() + HOUR)
    await scene.sign_in_again()
    await scene.api.run_jobs()  # its heads are published, and signed


async def log_key(api: Api) -> VerifierKey:
    return parse_vkey(must(await api.get("/api/v1/keys"))["log"])


async def proven(api: Api, kind: str, identifier: str) -> list[str]:
    answer = await api.get(f"/api/v1/log/subjects/{kind}/{identifier}")
    told = msgspec.json.decode(answer.content, type=SubjectEntries)
    found = Findings()
    leaves = check.check_entries(found, told, await log_key(api))
    assert found.verdict().problems == ()
    assert leaves is not None
    return [read_leaf(leaf).event for leaf in leaves]


async def test_all_entries_about_an_application_are_proven_to_be_all(scene: Scene) -> None:
    application = await scene.submitted()
    await an_hour_later(scene)

    events = await proven(scene.api, "application", application)
    await scene.accept(application)
    await an_hour_later(scene)
    later = await proven(scene.api, "application", application)

    assert events[0] == "application:drafted"
    assert events[-1] == "application:submitted"
    assert later[: len(events)] == events
    assert "application:accepted" in later[len(events) :]


async def test_that_there_is_nothing_about_a_thing_is_proven(scene: Scene) -> None:
    await scene.submitted()
    await an_hour_later(scene)

    for number in range(12):  # between others, and perhaps at either end
        assert await proven(scene.api, "application", str(uuid.UUID(int=number))) == []


async def test_before_any_are_signed_there_are_no_heads(scene: Scene) -> None:
    answer = await scene.api.get(f"/api/v1/log/subjects/order/{uuid.UUID(int=1)}")

    assert (answer.status_code, code(answer)) == (404, "heads_not_published")


async def test_heads_are_published_in_their_time_and_only_if_there_is_something_new(
    scene: Scene, db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    await scene.submitted()
    await scene.api.run_jobs()
    done = []
    for _ in range(3):
        done.append(await publish_heads.run(db, now=clock.now(), every=HOUR))
        await scene.api.run_jobs()
        clock.move_to(clock.now() + HOUR)
        done.append(await publish_heads.run(db, now=clock.now(), every=HOUR))
        await scene.api.run_jobs()

    connection = await asyncpg.connect(owner_dsn)
    try:
        kept = await connection.fetchval("SELECT count(*) FROM audit_log.head_snapshots")
        bundles = await connection.fetchval(
            "SELECT count(DISTINCT log_size) FROM audit_log.head_bundles"
        )
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("UPDATE audit_log.head_snapshots SET record = ''")
    finally:
        await connection.close()
    # Not due yet; due, and something is new; due, and nothing is.
    assert done == [0, 1, 0, 0, 0, 0]
    assert sum(done) <= kept
    assert bundles == min(kept, 2)


async def test_of_all_heads_those_of_the_newest_two_sizes_are_kept(
    scene: Scene, db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    for number in range(3):
        scene.product_id = await scene.describe(name=f"港口指数 {number}")
        await an_hour_later(scene)

    connection = await asyncpg.connect(owner_dsn)
    try:
        told = await connection.fetch(
            "SELECT log_size FROM audit_log.head_snapshots ORDER BY log_size"
        )
        held = await connection.fetch(
            "SELECT DISTINCT log_size FROM audit_log.head_bundles ORDER BY log_size"
        )
    finally:
        await connection.close()
    assert len(told) >= 3
    assert held == told[-2:]


async def test_only_the_job_publishes(db: Database, clock: ManualClock) -> None:
    async with begin(db, system("other")) as tx:
        with pytest.raises(NotPermitted):
            await operations.publish(tx, actor=system("other"), now=clock.now())
