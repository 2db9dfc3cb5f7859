"""A quarter, told to the bureau: generated, signed, submitted, returned, told again, acknowledged."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import pathlib
import uuid
from typing import Any

import asyncpg
import msgspec
import openpyxl
import pytest

from catalog.audit_log.checkpoint import parse_vkey
from catalog.audit_log.sequencer.operations import publishing
from catalog.audit_log.verdict import ExitCode
from catalog.kernel.actor import Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI
from catalog.signing.canonical import canonical
from market.cli.export import write_export
from market.cli.verify import Directory, check
from market.jobs import deadlines_due, reports_due, sequence_log
from market.supervision import from_export, trace_verify
from settlement.escrow.operations import funding, releasing
from tests.api import Api, code
from tests.makers_national import NDA, offering
from tests.makers_registration import Scene, make_scene, must
from tests.makers_trade import make_trade
from tests.stages import staged
from tests.store.money import accepted, three_way_split

QUARTER = {"year": 2026, "quarter": 1}


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Scene:
    """Everyone, in the first quarter of 2026."""
    return await make_scene(api, db, clock)


async def sequence(scene: Scene) -> int:
    """Give the entries their places and sign the tree, as the job does."""
    context = scene.api.context
    return await sequence_log.run(
        scene.db,
        now=scene.clock.now(),
        signer=publishing.LogSigner(context.settings.log_origin, context.signers["checkpoint"]),
        journal=context.checkpoint_journal,
    )


async def after_the_quarter(scene: Scene, day: int = 1) -> None:
    scene.clock.move_to(dt.datetime(2026, 4, day, 9, tzinfo=SHANGHAI))
    await scene.sign_in_again()


async def generate(scene: Scene, **changed: int) -> Any:
    return await scene.by(scene.issuer).post("/api/v1/reports", QUARTER | changed)


async def generated(scene: Scene) -> str:
    await sequence(scene)
    return str(must(await generate(scene))["id"])


async def move_money(scene: Scene, almighty: Actor) -> uuid.UUID:
    order_id = uuid.uuid4()
    now = scene.clock.now()
    async with begin(scene.db, almighty) as tx:
        await funding.open(
            tx,
            actor=almighty,
            now=now,
            order_id=order_id,
            payer_party_id=uuid.uuid4(),
            amount_fen=100_001,
        )
        await funding.fund(
            tx, actor=almighty, now=now, order_id=order_id, channel="sandbox", amount_fen=100_001
        )
        await releasing.release(
            tx,
            actor=almighty,
            now=now,
            order_id=order_id,
            facts=accepted(now),
            split=three_way_split(),
        )
    return order_id


def figures(document: dict[str, Any], number: int) -> dict[str, Any]:
    return {each["code"]: each["value"] for each in document["sections"][number - 1]["figures"]}


async def test_a_quarter_is_reported_and_acknowledged(
    scene: Scene, almighty: Actor, tmp_path: pathlib.Path
) -> None:
    # a product is certified and money moves in the first quarter
    _, number = await scene.certified()
    await move_money(scene, almighty)
    await after_the_quarter(scene)

    # the operator generates, signs and submits
    report_id = await generated(scene)
    operator, regulator = scene.by(scene.issuer), scene.by(scene.regulator)
    path = f"/api/v1/reports/{report_id}"
    signed = must(await operator.post(f"{path}/signatures"))
    assert signed["state"] == "signed"
    assert signed["due_on"] == "2026-04-15"  # ten working days, the Qingming holiday skipped
    submitted = must(await operator.post(f"{path}/submissions"))
    assert (submitted["state"], submitted["due_state"]) == ("submitted", "met")

    # the bureau reads what was signed: the register and the money are in it
    answer = await regulator.get(path)
    document = answer.json()["document"]
    assert figures(document, 2)["received"] == 1
    assert figures(document, 3)["accepted"] == 1
    assert figures(document, 4)["passed"] == 1
    assert figures(document, 6)["completed"] == 1
    assert document["sections"][6]["tables"][1]["rows"][0][0] == number
    assert figures(document, 11)["turnover_fen"] == 100_001
    by_form = next(t for t in document["sections"][1]["tables"] if t["code"] == "by_form")
    assert sum(row[1] for row in by_form["rows"]) == 1
    assert dict(map(tuple, by_form["rows"])).get("unknown", 0) == 0
    digest = hashlib.sha256(canonical(document)).hexdigest()
    assert answer.json()["report"]["record_sha256"] == digest

    # and checks it offline, with the public keys alone
    (tmp_path / "report.json").write_bytes(answer.content)
    (tmp_path / "keys.json").write_bytes((await scene.api.get("/api/v1/keys")).content)
    verdict = check(str(tmp_path / "report.json"), vkey=None, keys_file=None)
    assert verdict.exit_code is ExitCode.GENUINE

    # computing it again gives the same bytes, today and after more has happened
    same = (await regulator.get(f"{path}/recomputation")).json()
    assert (same["identical"], same["first_difference"]) == (True, None)
    await move_money(scene, almighty)
    await sequence(scene)
    assert (await regulator.get(f"{path}/recomputation")).json()["identical"]

    # the workbook opens and is the same bytes each time
    one = await regulator.get(f"{path}/workbook")
    other = await regulator.get(f"{path}/workbook")
    assert one.content == other.content
    assert one.headers["content-type"].startswith("application/vnd.openxml")
    assert "登记" in openpyxl.load_workbook(io.BytesIO(one.content)).sheetnames

    # it is acknowledged, and that is the end
    assert must(await regulator.post(f"{path}/acknowledgements"))["state"] == "acknowledged"
    again = await regulator.post(f"{path}/acknowledgements")
    assert (again.status_code, code(again)) == (409, "report_event_not_allowed")


async def test_a_returned_report_is_made_anew_and_the_old_one_kept(scene: Scene) -> None:
    await after_the_quarter(scene)
    first = await generated(scene)
    operator, regulator = scene.by(scene.issuer), scene.by(scene.regulator)
    must(await operator.post(f"/api/v1/reports/{first}/signatures"))
    must(await operator.post(f"/api/v1/reports/{first}/submissions"))
    returned = must(
        await regulator.post(f"/api/v1/reports/{first}/returns", {"reason": "请核对第三节"})
    )
    assert (returned["state"], returned["due_state"]) == ("returned", "open")

    second = await generated(scene)

    shown = (await regulator.get(f"/api/v1/reports/{second}")).json()
    assert (shown["report"]["version"], shown["report"]["replaces"]) == (2, first)
    old = (await regulator.get(f"/api/v1/reports/{first}")).json()
    assert old["report"]["state"] == "regenerated"
    assert old["document"]["version"] == 1
    must(await operator.post(f"/api/v1/reports/{second}/signatures"))
    submitted = must(await operator.post(f"/api/v1/reports/{second}/submissions"))
    assert submitted["due_state"] == "met"
    listed = (await regulator.get("/api/v1/reports", limit=1)).json()
    assert [item["id"] for item in listed["items"]] == [second]
    following = await regulator.get("/api/v1/reports", limit=1, cursor=listed["next_cursor"])
    assert [item["id"] for item in following.json()["items"]] == [first]
    assert following.json()["next_cursor"] is None


async def test_a_returned_report_is_due_again_within_the_days_that_were_set(scene: Scene) -> None:
    must(
        await scene.by(scene.regulator).post(
            "/api/v1/rulebooks/hn-2023-interim/settings",
            {
                "name": "promptly",
                "value": {"length": 3, "unit": "working_days"},
                "effective_from": "2026-03-31",
                "reason": "试行",
            },
        )
    )
    await after_the_quarter(scene)
    report = await generated(scene)
    operator, regulator = scene.by(scene.issuer), scene.by(scene.regulator)
    must(await operator.post(f"/api/v1/reports/{report}/signatures"))
    must(await operator.post(f"/api/v1/reports/{report}/submissions"))

    returned = must(
        await regulator.post(f"/api/v1/reports/{report}/returns", {"reason": "请核对第三节"})
    )

    # Returned on Wednesday, 1 April: 2 and 3 April, then the 7th after Qingming.
    assert (returned["due_on"], returned["due_state"]) == ("2026-04-07", "open")


async def test_a_report_is_refused_by_name(scene: Scene) -> None:
    # before the quarter is over
    early = await generate(scene)
    assert (early.status_code, code(early)) == (409, "report_quarter_not_over")
    for wrong in ({"quarter": 5}, {"quarter": 0}, {"year": 1999}):
        refused = await generate(scene, **wrong)
        assert (refused.status_code, code(refused)) == (422, "report_quarter_unknown")

    # before the log is signed
    await after_the_quarter(scene)
    unsigned = await generate(scene)
    assert (unsigned.status_code, code(unsigned)) == (409, "report_log_not_sequenced")

    # twice
    report_id = await generated(scene)
    twice = await generate(scene)
    assert (twice.status_code, code(twice)) == (409, "report_already_generated")
    assert twice.json()["facts"]["report_id"] == report_id

    # out of turn, and without a reason
    operator, regulator = scene.by(scene.issuer), scene.by(scene.regulator)
    path = f"/api/v1/reports/{report_id}"
    for who, step in ((operator, "submissions"), (regulator, "acknowledgements")):
        refused = await who.post(f"{path}/{step}")
        assert (refused.status_code, code(refused)) == (409, "report_event_not_allowed")
    unreasoned = await regulator.post(f"{path}/returns", {"reason": "  "})
    assert (unreasoned.status_code, code(unreasoned)) == (422, "report_return_reason_missing")

    # by others
    for who, step in ((regulator, "signatures"), (operator, "acknowledgements")):
        refused = await who.post(f"{path}/{step}")
        assert (refused.status_code, code(refused)) == (403, "permission_missing")
    assert (await scene.by(scene.supplier).get(path)).status_code == 403

    # one that is not there
    nowhere = f"/api/v1/reports/{uuid.uuid4()}"
    for look in (nowhere, f"{nowhere}/workbook", f"{nowhere}/recomputation"):
        assert code(await regulator.get(look)) == "not_found"
    assert code(await operator.post(f"{nowhere}/signatures")) == "not_found"


async def test_an_operator_without_delegation_does_not_report(scene: Scene) -> None:
    await after_the_quarter(scene)
    await sequence(scene)
    regulator = scene.by(scene.regulator)
    (delegation,) = (await regulator.get("/api/v1/delegations")).json()["items"]
    must(
        await regulator.post(
            f"/api/v1/delegations/{delegation['id']}/endings", {"reason": "授权期满"}
        )
    )

    refused = await generate(scene)

    assert (refused.status_code, code(refused)) == (409, "operator_not_delegated")


async def test_a_service_that_stood_still_for_two_quarters_owes_both_reports(scene: Scene) -> None:
    scene.clock.move_to(dt.datetime(2026, 7, 1, 9, tzinfo=SHANGHAI))
    await scene.sign_in_again()

    assert await reports_due.run(scene.db, now=scene.clock.now()) == 2
    assert await reports_due.run(scene.db, now=scene.clock.now()) == 0

    reports = (await scene.by(scene.regulator).get("/api/v1/reports")).json()["items"]
    assert sorted((each["year"], each["quarter"]) for each in reports) == [(2026, 1), (2026, 2)]


async def test_the_report_is_open_from_the_end_of_the_quarter_and_overdue_in_time(
    scene: Scene,
) -> None:
    assert await reports_due.run(scene.db, now=scene.clock.now()) == 0  # not delegated in 2025
    await after_the_quarter(scene)
    assert await reports_due.run(scene.db, now=scene.clock.now()) == 1
    assert await reports_due.run(scene.db, now=scene.clock.now()) == 0
    regulator = scene.by(scene.regulator)
    (report,) = (await regulator.get("/api/v1/reports")).json()["items"]
    assert (report["state"], report["due_on"], report["due_state"]) == (
        "open",
        "2026-04-15",
        "open",
    )
    unread = await regulator.get(f"/api/v1/reports/{report['id']}")
    assert (unread.status_code, code(unread)) == (409, "report_not_generated")

    await after_the_quarter(scene, day=16)
    await deadlines_due.run(scene.db, now=scene.clock.now())

    regulator = scene.by(scene.regulator)
    (late,) = (await regulator.get("/api/v1/reports")).json()["items"]
    assert late["due_state"] == "overdue"
    report_id = await generated(scene)
    assert report_id == report["id"]  # the open one is filled in
    must(await scene.by(scene.issuer).post(f"/api/v1/reports/{report_id}/signatures"))
    sent = must(await scene.by(scene.issuer).post(f"/api/v1/reports/{report_id}/submissions"))
    assert sent["due_state"] == "met_late"


async def test_a_product_is_traced_in_one_call_and_the_line_is_checked_offline(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    await after_the_quarter(scene)
    report_id = await generated(scene)
    await sequence(scene)
    key = parse_vkey((await scene.api.get("/api/v1/keys")).json()["log"])

    answer = await scene.by(scene.regulator).get(f"/api/v1/traces/{scene.product_id}")

    assert answer.status_code == 200, answer.text
    trace = trace_verify.read_trace(answer.content)
    stages = [stage.stage.value for stage in trace.stages]
    assert stages == [
        "product",
        "application",
        "opinion",
        "notice",
        "authorisation",
        "certificate",
        "report",
    ]
    records = {(record.kind, record.id) for record in trace.records}
    assert {("certificate", number), ("report", report_id)} <= records
    verdict = trace_verify.verify(trace, key)
    assert verdict.problems == ()
    assert trace.is_complete
    assert trace.waiting_count == 0

    # whatever is changed on the way is found
    told = msgspec.json.decode(answer.content)
    told["stages"][0]["entries"][0]["payload"]["facts"] = {"name": "another"}
    tampered = trace_verify.read_trace(msgspec.json.encode(told))
    assert [bad.kind for bad in trace_verify.verify(tampered, key).problems] == ["entry"]

    # reading it was remembered
    assert len(await scene.by(scene.regulator).find_in_log(action="trace:read")) == 1
    # and it is the regulator's to read
    assert (
        await scene.by(scene.issuer).get(f"/api/v1/traces/{scene.product_id}")
    ).status_code == 403
    unknown = await scene.by(scene.regulator).get(f"/api/v1/traces/{uuid.uuid4()}")
    assert code(unknown) == "not_found"


async def test_the_trade_is_in_the_report_and_its_whole_line_is_traced(
    api: Api, db: Database, clock: ManualClock, almighty: Actor, tmp_path: pathlib.Path
) -> None:
    # an order is signed, paid, delivered, used, refused a use, accepted and settled
    trade = await make_trade(api, db, clock)
    must(
        await trade.by(trade.regulator).post(
            "/api/v1/delegations",
            {
                "operator_party_id": str(trade.issuer.party.id),
                "document_number": "琼数〔2026〕1号",
                "scope": "数据产品确权登记",
                "valid_from": trade.today(),
            },
        )
    )
    order = await trade.delivered()
    assert (await trade.content(order, purpose="转售")).status_code == 409
    for _ in range(3):
        assert (await trade.content(order)).status_code == 200
    must(await trade.step(order, "acceptances", trade.buyer))
    must(await trade.step(order, "releases", trade.issuer))

    # the quarter is over and reported
    await after_the_quarter(trade)
    report_id = await generated(trade)
    regulator = trade.by(trade.regulator)
    document = (await regulator.get(f"/api/v1/reports/{report_id}")).json()["document"]
    market, use = figures(document, 11), figures(document, 12)
    assert (market["orders_placed"], market["orders_charged"]) == (1, 1)
    assert (market["contracts_concluded"], market["orders_delivered"]) == (1, 1)
    assert (market["turnover_fen"], market["refunded_fen"]) == (3 * 12_345, 0)
    assert (market["uses_metered"], market["units_metered"]) == (3, 3)
    assert (use["allowed"], use["denied"], use["purpose_mismatches"]) == (3, 1, 1)
    (scenario,) = document["sections"][10]["tables"][0]["rows"]
    assert scenario == ["port_safety", "unknown", 0, 1, 3 * 12_345]
    by_mode = {row[0]: row[1:] for row in document["sections"][11]["tables"][1]["rows"]}
    assert by_mode["dataset_product"] == [3, 1]
    by_level = {row[0]: row[1:] for row in document["sections"][11]["tables"][0]["rows"]}
    assert by_level["general"] == [3, 1]

    # and the whole line is there in one call, down to the ledger, provable offline
    await sequence(trade)
    answer = await regulator.get(f"/api/v1/traces/{trade.product_id}")
    trace = trace_verify.read_trace(answer.content)
    stages = {stage.stage.value: stage.entries for stage in trace.stages}
    assert {"filing", "listing", "order", "contract", "grant", "usage", "payment", "journal"} <= (
        stages.keys()
    )
    assert len([entry for entry in stages["usage"] if entry.event.startswith("data:")]) == 4
    kinds = [record.kind for record in trace.records]
    assert {kind: kinds.count(kind) for kind in ("contract", "journal", "usage", "report")} == {
        "contract": 1,
        "journal": 2,
        "usage": 4,
        "report": 1,
    }
    (contract,) = (record for record in trace.records if record.kind == "contract")
    assert len(contract.signatures) == 2
    key = parse_vkey((await trade.api.get("/api/v1/keys")).json()["log"])
    assert trace_verify.verify(trace, key).problems == ()

    # an outsider computes the same report from an export, whatever happened since
    await move_money(trade, almighty)
    await write_export(
        trade.db,
        tmp_path / "export",
        now=clock.now(),
        origin=trade.api.context.settings.log_origin,
    )
    record = canonical(document)
    assert from_export.recompute(Directory(tmp_path / "export"), record) == record

    # a use that is left out of the line is missed
    shorter = msgspec.json.decode(answer.content)
    (used,) = (stage for stage in shorter["stages"] if stage["stage"] == "usage")
    used["entries"].pop(1)
    missed = trace_verify.verify(trace_verify.read_trace(msgspec.json.encode(shorter)), key)
    assert "order" in {bad.kind for bad in missed.problems}


@pytest.mark.parametrize(
    ("decided_after", "row", "ended"),
    [
        # Nine working days; the notice, with which it would be fourteen, does not count.
        (dt.date(2026, 7, 16), [NDA, 1, 9, 9, 1, 10_000], "met"),
        # The tenth working day is Monday the 20th: under Hainan's text it would have been in time.
        (dt.date(2026, 7, 20), [NDA, 1, 12, 12, 0, 0], "met_late"),
    ],
)
async def test_a_national_case_is_reported_by_its_own_days_and_computed_again_offline(
    scene: Scene, tmp_path: pathlib.Path, decided_after: dt.date, row: list[Any], ended: str
) -> None:
    nda = await offering(scene, NDA, on=dt.date(2026, 7, 6))
    application = await nda.under_review()
    await scene.move_past(decided_after)
    await scene.api.run_jobs()
    must(await nda.opinion(application))
    must(await scene.decide(application))
    await scene.pass_notice(str(must(await nda.publish(application))["id"]))
    must(await scene.issue(application))
    assert (await nda.clock_of(application, "review", timer_state=ended))["met_at"]
    scene.clock.move_to(dt.datetime(2026, 10, 9, 9, tzinfo=SHANGHAI))
    await scene.sign_in_again()
    await sequence(scene)
    report_id = must(await generate(scene, quarter=3))["id"]
    await sequence(scene)

    shown = (await scene.by(scene.regulator).get(f"/api/v1/reports/{report_id}")).json()
    again = (
        await scene.by(scene.regulator).get(f"/api/v1/reports/{report_id}/recomputation")
    ).json()
    await write_export(
        scene.db,
        tmp_path / "export",
        now=scene.clock.now(),
        origin=scene.api.context.settings.log_origin,
    )
    offline = check(str(tmp_path / "export"), vkey=None, keys_file=None)

    review = shown["document"]["sections"][3]
    apart = next(t for t in review["tables"] if t["code"] == "by_rulebook")
    assert [row for row in apart["rows"] if row[1]] == [row]
    assert again["identical"]
    assert (offline.problems, offline.counts["records of report"]) == ((), 1)


async def test_an_export_holds_the_report_and_a_changed_byte_is_named(
    scene: Scene, owner_dsn: str, tmp_path: pathlib.Path
) -> None:
    await after_the_quarter(scene)
    report_id = await generated(scene)
    must(await scene.by(scene.issuer).post(f"/api/v1/reports/{report_id}/signatures"))
    await sequence(scene)
    origin = scene.api.context.settings.log_origin
    now = scene.clock.now()

    await write_export(scene.db, tmp_path / "genuine", now=now, origin=origin)
    genuine = check(str(tmp_path / "genuine"), vkey=None, keys_file=None)
    assert genuine.problems == ()
    assert genuine.counts["records of report"] == 1
    assert genuine.counts["files of report"] == 1

    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("ALTER TABLE market.quarterly_reports DISABLE TRIGGER USER")
        await owner.execute(
            """WITH changed AS (
                   SELECT id, convert_to(replace(convert_from(record, 'UTF8'),
                       '"received"', '"recieved"'), 'UTF8') AS bytes
                     FROM market.quarterly_reports)
               UPDATE market.quarterly_reports r
                  SET record = bytes, record_sha256 = sha256(bytes)
                 FROM changed WHERE changed.id = r.id"""
        )
    finally:
        await owner.close()
    await write_export(scene.db, tmp_path / "changed", now=now, origin=origin)

    changed = check(str(tmp_path / "changed"), vkey=None, keys_file=None)
    assert changed.exit_code is ExitCode.NOT_GENUINE
    assert changed.first_bad is not None
    assert (changed.first_bad.kind, changed.first_bad.id) == ("report", report_id)
    again = (
        await scene.by(scene.regulator).get(f"/api/v1/reports/{report_id}/recomputation")
    ).json()
    assert not again["identical"]
    assert again["first_difference"].startswith("/sections/1/figures/0")
