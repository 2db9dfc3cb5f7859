"""What is kept is looked at again, nothing of it is removed, and each case has its last day."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any

import asyncpg
import pytest

from catalog.files import disk
from catalog.kernel.actor import system
from catalog.kernel.db import Tx, begin
from catalog.kernel.local_time import SHANGHAI
from catalog.timers import queries as timers
from market.cli.recheck import Rechecked, recheck_batch
from market.identity.permissions import Role
from market.retention import operations as retention
from market.retention import queries
from market.retention.model import Kind
from market.retention.operations import RecheckOvertaken
from tests.makers_identity import make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

CHECKER = system("recheck", "retention:recheck", "incident:detect")


scene = staged(make_scene)


async def recheck(scene: Scene, kind: Kind = Kind.FILES, size: int = 1_000) -> Rechecked:
    return await recheck_batch(
        scene.db, scene.api.context.settings, kind=kind, size=size, now=scene.clock.now()
    )


async def incidents(scene: Scene) -> list[dict[str, Any]]:
    return list(must(await scene.by(scene.regulator).get("/api/v1/incidents"))["items"])


async def stored(scene: Scene, sha256: str) -> pathlib.Path:
    return disk.path_of(scene.api.context.settings.files_dir, sha256)


async def test_files_are_checked_in_batches_from_where_the_last_one_ended(scene: Scene) -> None:
    await scene.drafted()
    async with begin(scene.db, CHECKER) as tx:
        there = await tx.fetch_value("SELECT count(*) FROM catalog.files")

    batches = [await recheck(scene, size=4) for _ in range(there // 4 + 2)]

    assert [(b.round, b.checked, b.round_is_over) for b in batches] == [
        *[(1, 4, False)] * (there // 4),
        (1, there % 4, True),
        (2, 4, False),
    ]
    kept = must(await scene.by(scene.regulator).get("/api/v1/rechecks"))["items"]
    assert [(each["round"], each["checked_count"]) for each in kept] == [
        (b.round, b.checked) for b in reversed(batches)
    ]
    auditor = await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=scene.clock.now())
    entries = await scene.by(auditor).find_in_log(action="retention:rechecked")
    assert len(entries) == len(batches)


async def test_a_file_that_was_altered_and_one_that_is_gone_are_incidents_once(
    scene: Scene,
) -> None:
    application = await scene.drafted()
    materials = [m for m in (await scene.read(application))["materials"] if m["file_id"]]
    altered, gone = materials[0], materials[1]
    of_others = set((await recheck(scene)).wrong)  # rows that a maker made, without bytes
    (await stored(scene, altered["sha256"])).write_bytes(b"something else")
    (await stored(scene, gone["sha256"])).unlink()

    first = await recheck(scene)
    again = await recheck(scene)

    assert len({*first.wrong} - of_others) == 2
    assert first.wrong == again.wrong
    ours = {f"file:{altered['file_id']}", f"file:{gone['file_id']}"}
    found = [each for each in await incidents(scene) if ours & set(each["subjects"])]
    assert len(found) == 2
    assert {each["evidence"]["files"][0]["file_id"] for each in found} == {
        altered["file_id"],
        gone["file_id"],
    }
    assert {each["source"] for each in found} == {"retained_file_altered"}
    assert {each["evidence"]["files"][0]["sha256"] for each in found} == {
        altered["sha256"],
        gone["sha256"],
    }


async def test_a_certificate_is_checked_by_its_signature_and_its_place_in_the_log(
    scene: Scene, owner_dsn: str
) -> None:
    _, number = await scene.certified()
    await scene.api.run_jobs()
    good = await recheck(scene, Kind.CERTIFICATES)
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("ALTER TABLE catalog.certificates DISABLE TRIGGER USER")
        await owner.execute("UPDATE catalog.certificates SET signature = $1", bytes(64))
    finally:
        await owner.close()

    bad = await recheck(scene, Kind.CERTIFICATES)

    assert (good.checked, good.wrong) == (1, [])
    assert number in bad.wrong[0]
    (incident,) = await incidents(scene)
    assert incident["subjects"] == [f"certificate:{number}"]


async def test_a_batch_is_recorded_once_when_two_check_at_once(scene: Scene) -> None:
    async with begin(scene.db, CHECKER) as tx:
        batch = await queries.next_batch(tx, viewer=CHECKER, kind=Kind.FILES)
    await recheck(scene)

    async def record(tx: Tx) -> None:
        await retention.record(
            tx,
            actor=CHECKER,
            now=scene.clock.now(),
            calendar=await timers.get_calendar(tx),
            batch=batch,
            position=None,
            is_last=True,
            checked_count=0,
            wrong=[],
        )

    async with begin(scene.db, CHECKER) as tx:
        with pytest.raises(RecheckOvertaken):
            await record(tx)


async def test_each_case_is_kept_by_its_rulebook_from_the_day_on_which_it_ended(
    scene: Scene,
) -> None:
    certified, _ = await scene.certified()
    scene.product_id = await scene.describe(name="另一产品")
    ended = await scene.submitted()
    withdrawn = f"/api/v1/applications/{ended}/withdrawals"
    must(await scene.by(scene.supplier).post(withdrawn, {"reason": "不再需要"}))
    today = scene.clock.now().astimezone(SHANGHAI).date()

    before = must(await scene.by(scene.regulator).get("/api/v1/retained-cases"))["items"]
    scene.clock.move_to(dt.datetime(today.year + 20, today.month, today.day + 1, tzinfo=SHANGHAI))
    await scene.sign_in_again()
    after = must(await scene.by(scene.regulator).get("/api/v1/retained-cases"))["items"]

    until = today.replace(year=today.year + 20).isoformat()
    assert {each["application_id"]: each["retain_until"] for each in before} == {
        certified: None,
        ended: until,
    }
    assert [each["is_past"] for each in before] == [False, False]
    assert {each["application_id"]: each["is_past"] for each in after} == {
        certified: False,
        ended: True,
    }


async def test_a_case_that_was_corrected_is_kept_as_the_rules_stood_when_it_was_filed_first(
    scene: Scene,
) -> None:
    corrected = await scene.submitted()
    item = {"target": "material:source_proof", "problem": "未盖章", "required_action": "补盖"}
    must(await scene.accept(corrected, result="correction_required", items=[item]))
    path = "/api/v1/rulebooks/hn-2023-interim/settings"
    setting = {
        "name": "retention",
        "value": {"length": 30, "unit": "years"},
        "effective_from": "2026-03-03",
        "reason": "档案管理要求",
    }
    must(await scene.by(scene.regulator).post(path, setting))
    await scene.move_past(dt.date(2026, 3, 2))
    must(await scene.hand_in(corrected, "source_proof", "盖章的数据来源证明"))
    must(await scene.resubmit(corrected))
    scene.product_id = await scene.describe(name="另一产品")
    later = await scene.submitted()
    for application in (corrected, later):
        must(
            await scene.by(scene.supplier).post(
                f"/api/v1/applications/{application}/withdrawals", {"reason": "不再需要"}
            )
        )

    kept = must(await scene.by(scene.regulator).get("/api/v1/retained-cases"))["items"]

    assert {each["application_id"]: each["retain_until"] for each in kept} == {
        corrected: "2046-03-03",
        later: "2056-03-03",
    }


async def test_nothing_of_a_case_is_removed_whoever_owns_the_tables(
    scene: Scene, owner_dsn: str
) -> None:
    await scene.submitted()
    owner = await asyncpg.connect(owner_dsn)
    try:
        for table in ("applications", "application_materials", "application_submissions", "files"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await owner.execute(f"DELETE FROM catalog.{table}")
        for table in ("changes", "objections", "legal_instruments", "material_requests"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await owner.execute(f"TRUNCATE catalog.{table} CASCADE")
    finally:
        await owner.close()
