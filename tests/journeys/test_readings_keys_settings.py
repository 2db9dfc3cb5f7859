"""Who read what is not public, which keys signed how often, and what was configured, in the log."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from market.app import create_app
from market.http.policy import POLICY
from market.http.readings import READINGS, Kept
from market.identity.permissions import OPERATOR_STAFF, PERMISSIONS, Role
from market.settings import Settings
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

OPEN_LISTS = sorted(
    route
    for route, reading in READINGS.items()
    if reading.kept is Kept.AT_THE_DOOR and "{" not in route
)
HOUSES = (*sorted(OPERATOR_STAFF), Role.REGULATOR)


async def kept(db: Database, event: str) -> list[dict[str, Any]]:
    async with begin(db, system("test")) as tx:
        rows = await tx.fetch(
            """SELECT subjects, payload FROM audit_log.open_payloads WHERE event = $1
                ORDER BY entry_id""",
            event,
        )
    return [{"subjects": r["subjects"]} | msgspec.json.decode(r["payload"]) for r in rows]


# ── readings ────────────────────────────────────────────────────────────────────────────────


scene = staged(make_scene)


@pytest.mark.parametrize("route", OPEN_LISTS)
async def test_each_list_that_is_not_public_remembers_every_reader_of_both_houses(
    api: Api, db: Database, now: dt.datetime, route: str
) -> None:
    permission = POLICY["GET", route].permission
    readers = [
        await make_member(db, role, now=now) for role in HOUSES if permission in PERMISSIONS[role]
    ]

    answers = [await api.as_(reader.token).get(route) for reader in readers]

    told = await kept(db, "record:read")
    assert readers
    assert [answer.status_code for answer in answers] == [200] * len(readers)
    assert [entry["facts"]["route"] for entry in told] == [route] * len(readers)
    assert [entry["actor"]["account_id"] for entry in told] == [
        str(reader.account.id) for reader in readers
    ]


async def read_by(scene: Scene, who: Member, path: str) -> list[dict[str, Any]]:
    before = len(await kept(scene.db, "record:read"))
    must(await scene.by(who).get(path))
    return (await kept(scene.db, "record:read"))[before:]


async def test_who_read_a_partys_file_is_found_by_the_party_and_its_own_people_leave_no_trace(
    scene: Scene,
) -> None:
    party = str(scene.supplier.party.id)
    path = f"/api/v1/parties/{party}"

    own = await read_by(scene, scene.supplier, path)
    (staff,) = await read_by(scene, scene.acceptor, path)
    (authority,) = await read_by(scene, scene.regulator, path)
    listed = await read_by(scene, scene.acceptor, "/api/v1/parties")

    assert own == []
    assert staff["subjects"] == authority["subjects"] == [f"party:{party}"]
    assert staff["facts"] == {
        "route": "/api/v1/parties/{party_id}",
        "clearance": "staff",
        "asked": {"party_id": party},
        "shown": [],
    }
    assert party in listed[0]["facts"]["shown"]


async def test_a_file_and_a_burden_leave_a_trace_when_another_reads_of_them(scene: Scene) -> None:
    application = await scene.submitted()
    must(await scene.take(application, scene.acceptor, "acceptance"))
    file = next(m["file_id"] for m in (await scene.read(application))["materials"] if m["file_id"])

    own = await read_by(scene, scene.acceptor, f"/api/v1/files/{file}")

    assert [each["subjects"] for each in own] == [[f"file:{file}"]]


async def test_what_can_not_be_remembered_is_not_served(scene: Scene, owner_dsn: str) -> None:
    party = scene.supplier.party.id
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("REVOKE INSERT ON audit_log.entries FROM market_api")
        refused = await scene.api.http.get(
            f"/api/v1/parties/{party}",
            headers={"authorization": f"Bearer {scene.acceptor.token}", "accept": "text/html"},
        )
    finally:
        await owner.execute("GRANT INSERT ON audit_log.entries TO market_api")
        await owner.close()

    assert refused.status_code == 500
    assert scene.supplier.party.name not in refused.text


async def test_a_reading_that_is_refused_is_no_reading(scene: Scene) -> None:
    refused = await scene.by(scene.supplier).get(f"/api/v1/parties/{scene.objector.party.id}")

    assert refused.status_code == 404
    assert await kept(scene.db, "record:read") == []


# ── keys ────────────────────────────────────────────────────────────────────────────────────


async def test_a_process_tells_which_keys_it_loaded_and_how_often_each_signed(
    api: Api, db: Database, settings: Settings, clock: ManualClock
) -> None:
    scene = await make_scene(api, db, clock)  # by the process that is asked, and by no other
    (loaded,) = await kept(scene.db, "key:loaded")
    purposes = {key["purpose"]: key["key_id"] for key in loaded["facts"]["keys"]}
    application = await scene.submitted()
    await scene.api.run_jobs()
    case_file = f"/api/v1/applications/{application}/case-file"
    for _ in range(3):
        assert (await scene.by(scene.supplier).get(case_file)).status_code == 200
    await scene.api.run_jobs()

    early = await kept(scene.db, "key:used")
    clock.move_by(dt.timedelta(minutes=1))
    await scene.api.run_jobs()
    clock.move_by(dt.timedelta(minutes=1))
    await scene.api.run_jobs()

    (used,) = await kept(scene.db, "key:used")
    assert early == []
    assert {"certificate", "receipt", "checkpoint", "case_file"} <= set(purposes)
    assert set(loaded["subjects"]) == {f"key:{key_id}" for key_id in purposes.values()}
    assert used["subjects"] == [f"key:{purposes['case_file']}"]
    assert used["facts"]["counts"] == [
        {"key_id": purposes["case_file"], "purpose": "case_file", "signed": 3}
    ]
    assert (used["facts"]["run"], used["facts"]["is_last"]) == (loaded["facts"]["run"], False)


async def test_a_process_that_ends_tells_the_rest_and_one_that_was_killed_is_given_up(
    api: Api, db: Database, settings: Settings, clock: ManualClock
) -> None:
    (first,) = await kept(db, "key:loaded")
    other = create_app(settings, clock=clock)
    async with other.wired() as context:
        # It is killed: nobody tells for it. The first goes on.
        killed = context.key_use.run
        context.key_use = None
    clock.move_by(dt.timedelta(minutes=6))

    await api.run_jobs()
    await api.run_jobs()

    (given_up,) = await kept(db, "key:used")
    assert given_up["facts"]["run"] == str(killed) != first["facts"]["run"]
    assert (given_up["facts"]["counts"], given_up["facts"]["until"]) == (None, None)
    orderly = create_app(settings, clock=clock)
    async with orderly.wired() as context:
        told = context.key_use.run
    last = (await kept(db, "key:used"))[-1]
    assert (last["facts"]["run"], last["facts"]["is_last"]) == (str(told), True)
    assert last["facts"]["counts"] == []


# ── configuration ───────────────────────────────────────────────────────────────────────────


async def test_a_start_with_other_settings_is_remembered_and_one_with_the_same_is_not(
    api: Api, db: Database, settings: Settings, clock: ManualClock
) -> None:
    (first,) = await kept(db, "configuration:changed")

    for changed in (
        settings,
        msgspec.structs.replace(settings, platform_fee_bps=450, bootstrap_secret="another one"),
        msgspec.structs.replace(settings, platform_fee_bps=450),
        settings,
    ):
        async with create_app(changed, clock=clock).wired():
            pass

    _, lower, back = await kept(db, "configuration:changed")
    assert "platform_fee_bps" in first["facts"]["changed"]
    assert first["before"] is None
    assert lower["facts"]["changed"] == back["facts"]["changed"] == ["platform_fee_bps"]
    assert lower["before"]["settings"]["platform_fee_bps"] == "500"
    assert lower["after"]["settings"]["platform_fee_bps"] == "450"
    assert back["facts"]["sha256"] == first["facts"]["sha256"]
    assert str(settings.bootstrap_secret) not in str(first)


async def test_processes_that_start_at_once_say_it_once(
    db: Database, settings: Settings, clock: ManualClock
) -> None:
    import asyncio

    async def start() -> None:
        async with create_app(settings, clock=clock).wired():
            await asyncio.sleep(0)

    await asyncio.gather(*(start() for _ in range(3)))

    assert len(await kept(db, "configuration:changed")) == 1
    assert len(await kept(db, "key:loaded")) == 3
