"""An incident from its discovery to its end, and what the house finds by itself (HN-22)."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.signing.purposes import Purpose
from catalog.signing.verifier import verify_detached
from market.cli.check import check_all
from market.cli.connection import OpenMarket
from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import Member, make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

scene = staged(make_scene)


@pytest.fixture
async def head(scene: Scene) -> Member:
    return await make_member(
        scene.db, Role.OPERATOR_HEAD, now=scene.clock.now(), party=scene.acceptor.party
    )


FOUND = {
    "law_field": "data_security",
    "description": "一份申请材料被发到了错误的邮箱",
    "subjects": ["party:00000000-0000-0000-0000-000000000000"],
}
TRIAGED = {"law_field": "data_security", "harmed_interest": "trade_secret"}


async def step(
    scene: Scene, who: Member, incident: str, name: str, body: dict[str, Any] | None = None
) -> Any:
    return await scene.by(who).post(f"/api/v1/incidents/{incident}/{name}", body)


async def contained(scene: Scene, head: Member) -> str:
    """Return an incident that waits for its report."""
    incident = str(must(await scene.by(scene.technical).post("/api/v1/incidents", FOUND))["id"])
    must(await step(scene, head, incident, "triages", TRIAGED))
    must(await step(scene, head, incident, "measures", {"text": "已请收件人删除并书面确认"}))
    return incident


async def clock_of(scene: Scene, incident: str, state: str = "open") -> dict[str, Any]:
    found = must(
        await scene.by(scene.regulator).get(
            "/api/v1/timers", subject_id=incident, timer_state=state
        )
    )
    (line,) = found["items"]
    return dict(line["timer"])


async def test_an_incident_is_found_contained_reported_told_explained_and_closed(
    scene: Scene, head: Member
) -> None:
    await scene.api.run_jobs()
    incident = await contained(scene, head)
    owed = await clock_of(scene, incident)

    must(await step(scene, head, incident, "measures", {"text": "已停用该邮箱地址"}))
    reported = must(await step(scene, head, incident, "reports"))
    met = await clock_of(scene, incident, "met")
    told = must(await scene.by(scene.regulator).get("/api/v1/my/notifications"))["items"]
    must(
        await step(
            scene,
            head,
            incident,
            "affected-notifications",
            {"party_ids": [str(scene.supplier.party.id)], "remark": "您的一份材料曾被误发"},
        )
    )
    must(await step(scene, head, incident, "root-causes", {"text": "地址簿中有同名联系人"}))
    early = await step(scene, head, incident, "closings", {"text": "办结"})
    receipt = {"receipt_number": "收〔2026〕9号"}
    must(await step(scene, scene.regulator, incident, "receipts", receipt))
    twice = await step(scene, scene.regulator, incident, "receipts", receipt)
    closed = must(await step(scene, head, incident, "closings", {"text": "已整改"}))

    # Found on Monday, 2 March: ten working days end on the 16th.
    assert (owed["kind"], owed["due_on"], owed["state"]) == (
        "incident_report",
        "2026-03-16",
        "open",
    )
    assert met["state"] == "met"
    assert told[0]["topic"] == "incident_reported"
    inbox = must(await scene.by(scene.supplier).get("/api/v1/my/notifications"))["items"]
    assert inbox[0]["topic"] == "incident_affects_you"
    assert (early.status_code, code(early)) == (409, "incident_not_reported")
    assert code(twice) == "incident_acknowledged_already"
    assert (closed["state"], closed["receipt_number"]) == ("closed", "收〔2026〕9号")
    assert len(closed["measures"]) == 2
    key = next(
        key
        for key in must(await scene.api.get("/api/v1/keys"))["keys"]
        if key["key_id"] == reported["report_key_id"]
    )
    document = base64.b64decode(reported["report"])
    assert verify_detached(
        base64.b64decode(key["public_key"]),
        Purpose.REPORT,
        document,
        base64.b64decode(reported["report_signature"]),
    )


async def test_the_evidence_is_locked_when_it_is_found_and_nobody_alters_it(
    scene: Scene, head: Member, owner_dsn: str
) -> None:
    application = await scene.submitted()
    await scene.api.run_jobs()
    file = await scene.upload(scene.technical, "误发邮件的截图")

    found = must(
        await scene.by(scene.technical).post(
            "/api/v1/incidents",
            FOUND | {"subjects": [f"application:{application}"], "file_ids": [file]},
        )
    )

    evidence = found["evidence"]
    checkpoint = (await scene.api.get("/log/checkpoint")).text.split("\n")
    assert evidence["log_size"] == int(checkpoint[1])
    assert evidence["log_root"] == base64.b64decode(checkpoint[2]).hex()
    assert len(evidence["entries"]) >= 8
    assert [each["file_id"] for each in evidence["files"]] == [file]
    owner = await asyncpg.connect(owner_dsn)
    try:
        for statement in (
            "UPDATE market.incidents SET evidence = '{}'",
            "UPDATE market.incidents SET description = '无事'",
            "DELETE FROM market.incidents",
            "TRUNCATE market.incidents",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await owner.execute(statement)
    finally:
        await owner.close()


async def test_a_report_that_does_not_come_is_overdue_and_the_bureau_sees_it(
    scene: Scene, head: Member
) -> None:
    incident = await contained(scene, head)
    await scene.move_past(dt.date(2026, 3, 16))

    await scene.api.run_jobs()

    assert (await clock_of(scene, incident, "overdue"))["kind"] == "incident_report"


async def test_steps_out_of_order_and_empty_words_change_nothing(
    scene: Scene, head: Member
) -> None:
    detector = scene.by(scene.technical)
    nothing_said = await detector.post("/api/v1/incidents", FOUND | {"description": " "})
    strange_file = await detector.post(
        "/api/v1/incidents", FOUND | {"file_ids": [str(uuid.uuid4())]}
    )
    incident = str(must(await detector.post("/api/v1/incidents", FOUND))["id"])
    too_early = [
        await step(scene, head, incident, name, body)
        for name, body in (
            ("measures", {"text": "x"}),
            ("reports", None),
            ("affected-notifications", {"remark": "x"}),
            ("root-causes", {"text": "x"}),
            ("closings", {"text": "x"}),
        )
    ]
    early_receipt = await step(
        scene, scene.regulator, incident, "receipts", {"receipt_number": "1"}
    )
    by_staff = await step(scene, scene.technical, incident, "triages", TRIAGED)
    unknown = await step(scene, head, str(uuid.uuid4()), "triages", TRIAGED)
    must(await step(scene, head, incident, "triages", TRIAGED))
    no_measure = await step(scene, head, incident, "measures", {"text": " "})
    no_reason = await step(scene, head, incident, "dismissals", {"text": " "})

    assert code(nothing_said) == "incident_text_missing"
    assert strange_file.status_code == 404
    assert {(r.status_code, code(r)) for r in (*too_early, early_receipt)} == {
        (409, "incident_event_not_allowed")
    }
    assert (by_staff.status_code, unknown.status_code) == (403, 404)
    assert code(no_measure) == code(no_reason) == "incident_text_missing"
    shown = must(await scene.by(head).get(f"/api/v1/incidents/{incident}"))
    assert (shown["state"], shown["measures"]) == ("triaged", [])


async def test_a_false_alarm_is_dismissed_with_its_reason_and_owes_no_report(
    scene: Scene, head: Member
) -> None:
    incident = str(must(await scene.by(scene.technical).post("/api/v1/incidents", FOUND))["id"])

    dismissed = must(
        await step(scene, head, incident, "dismissals", {"text": "收件人为同一公司，未外泄"})
    )

    assert dismissed["state"] == "dismissed"
    assert (await clock_of(scene, incident, "cancelled"))["note"] == "dismissed"


async def test_nobody_is_told_of_harm_without_a_name_or_a_word(scene: Scene, head: Member) -> None:
    incident = await contained(scene, head)
    must(await step(scene, head, incident, "reports"))

    nobody = await step(scene, head, incident, "affected-notifications", {})
    unknown = await step(
        scene, head, incident, "affected-notifications", {"party_ids": [str(uuid.uuid4())]}
    )
    none = must(
        await step(scene, head, incident, "affected-notifications", {"remark": "未涉及他人"})
    )

    assert (nobody.status_code, code(nobody)) == (422, "incident_affected_missing")
    assert unknown.status_code == 404
    assert none["state"] == "affected_notified"


async def test_one_who_asks_again_and_again_for_what_is_not_his_is_an_incident(
    scene: Scene, head: Member
) -> None:
    application = await scene.submitted()
    stranger = await make_member(scene.db, Role.SUPPLIER, now=scene.clock.now())
    for _ in range(9):
        await scene.by(stranger).get(f"/api/v1/applications/{application}")
    scene.clock.move_by(dt.timedelta(minutes=1))
    await scene.api.run_jobs()
    before = must(await scene.by(head).get("/api/v1/incidents"))["items"]

    await scene.by(stranger).get(f"/api/v1/applications/{application}")
    await scene.api.run_jobs()
    await scene.api.run_jobs()

    (incident,) = must(await scene.by(head).get("/api/v1/incidents"))["items"]
    assert before == []
    assert (incident["source"], incident["state"]) == ("denied_readings", "detected")
    assert incident["subjects"] == [f"account:{stranger.account.id}"]
    assert "10 次" in incident["description"]
    assert len(incident["evidence"]["entries"]) == 3  # the first, eight more of its minute, one


async def test_a_drill_of_the_emergency_plan_is_kept(scene: Scene, head: Member) -> None:
    drill = {
        "held_on": "2026-02-27",
        "scenario": "数据库被加密勒索，从备份恢复",
        "findings": "恢复用时 42 分钟",
        "improvements": "备份改为每日两次",
    }

    recorded = await scene.by(head).post("/api/v1/drills", drill)
    empty = await scene.by(head).post("/api/v1/drills", drill | {"findings": " "})

    (kept,) = must(await scene.by(scene.regulator).get("/api/v1/drills"))["items"]
    assert recorded.status_code == 201
    assert (empty.status_code, code(empty)) == (422, "incident_text_missing")
    assert kept["findings"] == "恢复用时 42 分钟"


async def test_another_regulator_is_told_of_no_incident(scene: Scene, head: Member) -> None:
    incident = await contained(scene, head)
    other = await make_member(scene.db, Role.OTHER_REGULATOR, now=scene.clock.now())

    for path in ("/api/v1/incidents", f"/api/v1/incidents/{incident}"):
        assert (await scene.by(other).get(path)).status_code == 403


async def test_a_broken_invariant_is_an_incident_once_a_day(scene: Scene, owner_dsn: str) -> None:
    await scene.certified()
    await scene.api.run_jobs()
    open_market = OpenMarket(scene.api.context.settings, scene.db)
    sound = await check_all(open_market, now=scene.clock.now())
    nothing = must(await scene.by(scene.regulator).get("/api/v1/incidents"))["items"]
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("ALTER TABLE catalog.certificates DISABLE TRIGGER USER")
        await owner.execute("UPDATE catalog.certificates SET signature = $1", bytes(64))
    finally:
        await owner.close()

    for _ in range(2):
        broken = await check_all(open_market, now=scene.clock.now())
    found = must(await scene.by(scene.regulator).get("/api/v1/incidents"))["items"]
    tomorrow = scene.clock.now() + dt.timedelta(days=1)
    await check_all(open_market, now=tomorrow)
    again = must(await scene.by(scene.regulator).get("/api/v1/incidents"))["items"]

    assert [each.wrong for each in sound] == [[], [], [], []]
    assert nothing == []
    (finding,) = [each for each in broken if each.wrong]
    (incident,) = found
    assert (incident["source"], incident["state"]) == ("invariant_broken", "detected")
    assert incident["description"] == "；".join((finding.invariant, *finding.wrong))
    assert len(again) == 2
