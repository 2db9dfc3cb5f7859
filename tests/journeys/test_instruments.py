"""Judgments, rulings and awards: lodged, verified by two, carried out (RULES §5.4, HN-19, HN-20(2))."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest

from tests.api import code
from tests.makers_identity import Member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

UNKNOWN = "01890000-0000-7000-8000-000000000000"


scene = staged(make_scene)


async def lodge(scene: Scene, who: Member | None = None, **said: Any) -> httpx.Response:
    who = who or scene.objector
    body = {
        "kind": "judgment",
        "issuing_body": "示例市中级人民法院",
        "document_number": "（2026）示01民终1号",
        "issued_on": "2026-03-01",
        "effect": "against_registrant",
        "file_id": await scene.upload(who, "判决书"),
    } | said
    return await scene.by(who).post("/api/v1/instruments", body)


async def step(
    scene: Scene, instrument: str, name: str, who: Member, **body: Any
) -> httpx.Response:
    return await scene.by(who).post(f"/api/v1/instruments/{instrument}/{name}", body or None)


async def verified(scene: Scene, **said: Any) -> str:
    instrument = str(must(await lodge(scene, **said))["id"])
    await verify(scene, instrument)
    return instrument


async def verify(scene: Scene, instrument: str) -> None:
    must(await step(scene, instrument, "checks", scene.adjudicator, effective_on="2026-03-02"))
    must(await step(scene, instrument, "verifications", scene.issuer))


async def told(scene: Scene, who: Member) -> list[str]:
    found = must(await scene.by(who).get("/api/v1/my/notifications", limit=100))["items"]
    return [each["topic"] for each in found]


async def test_a_bureau_hears_of_a_holder_who_did_nothing_though_its_delegation_ended(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )
    (delegation, *_) = must(await scene.by(scene.regulator).get("/api/v1/delegations"))["items"]
    ending = {"reason": "授权终止"}
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/delegations/{delegation['id']}/endings", ending
        )
    )

    await scene.move_past(dt.date(2026, 5, 11))
    await scene.api.run_jobs()
    await scene.sign_in_again()

    assert (await told(scene, scene.regulator)).count("new_holder_inactive") == 1


async def certificate(scene: Scene, number: str) -> dict[str, Any]:
    return must(await scene.api.get(f"/api/v1/certificates/{number}"))


async def referred(scene: Scene, **target: Any) -> str:
    """Return an objection that its objector brought to court."""
    objection = str(must(await scene.object_to(**target))["id"])
    by = scene.adjudicator
    must(await scene.objection_step(objection, "forwardings", by, {"receipt": "回执"}))
    answer = {
        "statement": "数据由我方采集",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    must(await scene.objection_step(objection, "responses", scene.supplier, answer))
    outcome = "keep" if "certificate_number" in target else "dismiss"
    determined = {"outcome": outcome, "reasons": "证据不足"}
    must(await scene.objection_step(objection, "determinations", by, determined))
    must(await scene.objection_step(objection, "acceptances", scene.objector, {"accepts": False}))
    must(await to_court(scene, objection))
    return objection


async def to_court(
    scene: Scene, objection: str, who: Member | None = None, **said: Any
) -> httpx.Response:
    who = who or scene.objector
    body = {
        "court": "示例市中级人民法院",
        "case_number": "（2026）示01民初1号",
        "evidence_file_ids": [await scene.upload(who, "受理案件通知书")],
    } | said
    return await scene.objection_step(objection, "proceedings", who, body)


# ── a certificate ───────────────────────────────────────────────────────────────────────────


async def test_a_dispute_before_a_court_freezes_the_certificate_until_the_judgment_revokes_it(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    objection = await referred(scene, certificate_number=number)
    assert (await certificate(scene, number))["state"] == "frozen"
    instrument = await verified(scene, certificate_number=number)

    applied = must(await step(scene, instrument, "executions", scene.adjudicator))

    assert (applied["state"], applied["applied_as"]) == ("applied", "against_registrant")
    assert (await certificate(scene, number))["state"] == "revoked"
    closed = must(await scene.by(scene.objector).get(f"/api/v1/objections/{objection}"))
    assert (closed["state"], closed["closing"]) == ("closed", "by_instrument")
    assert closed["proceedings"]["case_number"] == "（2026）示01民初1号"


async def test_a_judgment_for_the_registrant_lets_the_certificate_count_again(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    await referred(scene, certificate_number=number)
    instrument = await verified(scene, certificate_number=number, effect="for_registrant")

    must(await step(scene, instrument, "executions", scene.adjudicator))

    assert (await certificate(scene, number))["state"] == "active"


async def test_rights_that_went_to_nobody_are_deregistered_by_the_operator(scene: Scene) -> None:
    _, number = await scene.certified()
    instrument = await verified(scene, certificate_number=number, effect="no_holder")

    must(await step(scene, instrument, "executions", scene.adjudicator))

    shown = await certificate(scene, number)
    assert shown["state"] == "deregistered"
    assert shown["history"][-1]["reason"] == "示例市中级人民法院 （2026）示01民终1号"


async def test_a_new_holder_has_the_days_that_were_set_when_the_instrument_was_lodged(
    scene: Scene,
) -> None:
    set_to = {"length": 10, "unit": "working_days"}
    must(
        await scene.by(scene.regulator).post(
            "/api/v1/rulebooks/hn-2023-interim/settings",
            {
                "name": "new_holder_action",
                "value": set_to,
                "effective_from": "2026-03-03",
                "reason": "试行",
            },
        )
    )
    _, number = await scene.certified()

    await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )

    found = must(await scene.by(scene.objector).get("/api/v1/timers", kind="new_holder_action"))
    assert [line["timer"]["due_on"] for line in found["items"]] == ["2026-03-26"]


async def test_a_new_holder_takes_the_certificate_over_and_the_old_one_names_the_new(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )
    assert (await certificate(scene, number))["state"] == "frozen"
    (line,) = must(await scene.by(scene.objector).get("/api/v1/timers", kind="new_holder_action"))[
        "items"
    ]
    assert line["timer"]["due_on"] == "2026-05-11"  # sixty days end on Sunday, 10 May

    must(await step(scene, instrument, "transfers", scene.objector))

    old = await certificate(scene, number)
    new = await certificate(scene, old["superseded_by"])
    assert (old["state"], new["state"], new["supersedes"]) == ("transferred", "active", number)
    (owner,) = new["content"]["owners"]
    assert (owner["name"], owner["share"]) == (scene.objector.party.name, "1")
    assert new["content"]["registration_type"] == "transfer"
    assert new["content"]["certificate_version"] == 2
    assert new["content"]["by_instrument"]["document_number"] == "（2026）示01民终1号"
    assert new["content"]["product_name"] == old["content"]["product_name"]


async def test_a_new_holder_may_deregister_instead(scene: Scene) -> None:
    _, number = await scene.certified()
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )

    must(await step(scene, instrument, "deregistrations", scene.objector))

    assert (await certificate(scene, number))["state"] == "deregistered"


async def test_a_new_holder_that_only_buys_may_deregister_what_it_took_over(scene: Scene) -> None:
    _, number = await scene.certified()
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )
    must(await step(scene, instrument, "transfers", scene.objector))
    new = (await certificate(scene, number))["superseded_by"]
    path = f"/api/v1/certificates/{new}/deregistrations"

    seen = must(await scene.by(scene.objector).get(f"/api/v1/certificates/{new}/deregistration"))
    no_longer = await scene.by(scene.supplier).post(path, {"reason": "不再需要"})
    stranger = await scene.by(scene.acceptor).post(path, {"reason": "不再需要"})
    must(await scene.by(scene.objector).post(path, {"reason": "不再需要"}))

    assert seen["number"] == new
    assert (no_longer.status_code, stranger.status_code) == (404, 404)
    assert (await certificate(scene, new))["state"] == "deregistered"


async def test_a_holder_who_lets_sixty_days_pass_is_told_to_the_bureau_and_may_still_act(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )
    await scene.move_past(dt.date(2026, 5, 11), seconds=-1)
    await scene.api.run_jobs()
    early = must(await scene.by(scene.regulator).get(f"/api/v1/instruments/{instrument}"))
    told_early = await told(scene, scene.regulator)

    await scene.move_past(dt.date(2026, 5, 11))
    await scene.api.run_jobs()
    await scene.api.run_jobs()
    await scene.sign_in_again()

    late = must(await scene.by(scene.regulator).get(f"/api/v1/instruments/{instrument}"))
    assert (early["state"], late["state"]) == ("effective", "escalated")
    assert "new_holder_inactive" not in told_early
    assert (await told(scene, scene.regulator)).count("new_holder_inactive") == 1
    assert (await certificate(scene, number))["state"] == "frozen"
    must(await step(scene, instrument, "transfers", scene.objector))


@pytest.mark.parametrize("effect", ["no_holder", "against_registrant"])
async def test_an_agreed_revocation_closes_though_the_certificate_ended_another_way(
    scene: Scene, effect: str
) -> None:
    _, number = await scene.certified()
    objection = str(must(await scene.object_to(certificate_number=number))["id"])
    by = scene.adjudicator
    must(await scene.objection_step(objection, "forwardings", by, {"receipt": "回执"}))
    answer = {
        "statement": "数据由我方采集",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    must(await scene.objection_step(objection, "responses", scene.supplier, answer))
    determined = {"outcome": "revoke", "reasons": "来源不合法"}
    must(await scene.objection_step(objection, "determinations", by, determined))
    accepts = {"accepts": True}
    must(await scene.objection_step(objection, "acceptances", scene.objector, accepts))
    instrument = await verified(scene, certificate_number=number, effect=effect)
    must(await step(scene, instrument, "executions", scene.adjudicator))
    ended = (await certificate(scene, number))["state"]

    closed = must(await scene.objection_step(objection, "acceptances", scene.supplier, accepts))

    assert (closed["state"], closed["closing"]) == ("closed", "certificate_ended")
    assert (await certificate(scene, number))["state"] == ended
    assert (await told(scene, scene.objector)).count("objection_closed") == 1


# ── an application ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("effect", "state"),
    [
        ("for_registrant", "awaiting_issuance_authorisation"),
        ("against_registrant", "refused"),
        ("no_holder", "refused"),
    ],
)
async def test_an_application_on_hold_goes_as_the_judgment_says(
    scene: Scene, effect: str, state: str
) -> None:
    application, notice = await scene.in_notice()
    objection = await referred(scene, notice_id=notice)
    await scene.pass_notice(notice)
    await scene.sign_in_again()
    assert await scene.state(application) == "objection_hold"
    instrument = await verified(scene, application_id=application, effect=effect)

    must(await step(scene, instrument, "executions", scene.adjudicator))

    assert await scene.state(application) == state
    closed = must(await scene.by(scene.objector).get(f"/api/v1/objections/{objection}"))
    assert (closed["state"], closed["closing"]) == ("closed", "by_instrument")


async def test_an_objection_that_was_not_settled_keeps_the_application_on_hold(
    scene: Scene,
) -> None:
    application, notice = await scene.in_notice()
    await referred(scene, notice_id=notice)
    must(await scene.object_to(notice_id=notice, who=scene.other_agency))
    await scene.pass_notice(notice)
    await scene.sign_in_again()
    instrument = await verified(scene, application_id=application, effect="for_registrant")

    must(await step(scene, instrument, "executions", scene.adjudicator))

    assert await scene.state(application) == "objection_hold"


# ── refusals ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"certificate_number": None}, "instrument_target_unclear"),
        ({"application_id": UNKNOWN}, "instrument_target_unclear"),
        ({"effect": "new_holder"}, "instrument_new_holder_contradictory"),
        ({"new_holder_party_id": UNKNOWN}, "instrument_new_holder_contradictory"),
        ({"issued_on": "2026-03-20"}, "instrument_days_contradictory"),
        ({"effective_on": "2026-02-28"}, "instrument_days_contradictory"),
        ({"certificate_number": "HN-QQ-2026-00000010"}, "not_found"),
        ({"file_id": UNKNOWN}, "not_found"),
    ],
)
async def test_an_instrument_that_can_not_be_is_not_lodged(
    scene: Scene, said: dict[str, Any], refusal: str
) -> None:
    _, number = await scene.certified()

    refused = await lodge(scene, **{"certificate_number": number} | said)

    assert code(refused) == refusal
    listed = must(await scene.by(scene.regulator).get("/api/v1/instruments"))
    assert listed["items"] == []


async def test_an_instrument_is_lodged_once_unless_it_was_rejected(scene: Scene) -> None:
    _, number = await scene.certified()
    first = must(await lodge(scene, certificate_number=number))["id"]

    again = await lodge(scene, certificate_number=number)
    silent = await step(scene, first, "rejections", scene.adjudicator, reason=" ")
    must(await step(scene, first, "rejections", scene.adjudicator, reason="未生效"))
    afresh = await lodge(scene, certificate_number=number)
    late = await step(scene, first, "checks", scene.adjudicator, effective_on="2026-03-02")

    assert (code(again), afresh.status_code) == ("instrument_lodged_already", 201)
    assert code(silent) == "instrument_rejection_reason_missing"
    assert code(late) == "instrument_event_not_allowed"


async def test_two_people_look_and_the_instrument_is_in_force(scene: Scene) -> None:
    _, number = await scene.certified()
    instrument = must(await lodge(scene, certificate_number=number))["id"]

    unseen = await step(scene, instrument, "verifications", scene.issuer)
    early = await step(scene, instrument, "checks", scene.adjudicator, effective_on="2027-01-01")
    before = await step(scene, instrument, "checks", scene.adjudicator, effective_on="2026-02-01")
    must(await step(scene, instrument, "checks", scene.adjudicator, effective_on="2026-03-02"))
    alone = await step(scene, instrument, "verifications", scene.adjudicator)
    too_soon = await step(scene, instrument, "executions", scene.adjudicator)
    stranger = await step(scene, instrument, "verifications", scene.supplier)

    assert [code(each) for each in (unseen, early, before, alone, too_soon, stranger)] == [
        "instrument_not_checked",
        "legal_instrument_not_effective",
        "instrument_days_contradictory",
        "second_person_required",
        "instrument_event_not_allowed",
        "permission_missing",
    ]
    assert (await certificate(scene, number))["state"] == "active"


async def test_only_the_named_holder_takes_over_and_the_operator_does_not(scene: Scene) -> None:
    _, number = await scene.certified()
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )

    registrant = await step(scene, instrument, "transfers", scene.supplier)
    stranger = await step(scene, instrument, "transfers", scene.other_agency)
    operator = await step(scene, instrument, "executions", scene.adjudicator)

    assert (registrant.status_code, code(registrant)) == (403, "not_the_named_holder")
    assert (stranger.status_code, code(stranger)) == (404, "not_found")
    assert code(operator) == "instrument_names_a_holder"
    assert (await certificate(scene, number))["state"] == "frozen"


async def test_of_an_application_there_is_nothing_to_take_over(scene: Scene) -> None:
    application, _ = await scene.in_notice()
    instrument = await verified(
        scene,
        application_id=application,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )

    refused = await step(scene, instrument, "transfers", scene.objector)

    assert code(refused) == "instrument_nothing_to_take_over"


async def test_twenty_transfers_at_once_make_one_certificate(scene: Scene) -> None:
    _, number = await scene.certified()
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )

    answers = await asyncio.gather(
        *(step(scene, instrument, "transfers", scene.objector) for _ in range(20))
    )

    assert sorted(each.status_code for each in answers) == [200] + [409] * 19
    register = must(await scene.api.get("/api/v1/certificates", status="active"))
    assert len(register["items"]) == 1


# ── going to court ──────────────────────────────────────────────────────────────────────────


async def test_who_goes_to_court_names_the_case_and_proves_it(scene: Scene) -> None:
    _, number = await scene.certified()
    objection = str(must(await scene.object_to(certificate_number=number))["id"])

    early = await to_court(scene, objection)
    nameless = await to_court(scene, objection, case_number=" ")
    unproven = await to_court(scene, objection, evidence_file_ids=[])
    other_side = await to_court(scene, objection, who=scene.supplier)

    assert [code(each) for each in (early, nameless, unproven, other_side)] == [
        "objection_event_not_allowed",
        "objection_case_number_missing",
        "objection_evidence_missing",
        "not_found",
    ]
    assert (await certificate(scene, number))["state"] == "active"


async def test_a_case_withdrawn_from_the_court_frees_the_certificate(scene: Scene) -> None:
    _, number = await scene.certified()
    objection = await referred(scene, certificate_number=number)

    must(await scene.objection_step(objection, "withdrawals", scene.objector, {"reason": "和解"}))

    assert (await certificate(scene, number))["state"] == "active"


async def test_silence_after_the_determination_leaves_it_unresolved_and_then_closes_it(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    objection = str(must(await scene.object_to(certificate_number=number))["id"])
    by = scene.adjudicator
    must(await scene.objection_step(objection, "forwardings", by, {"receipt": "回执"}))
    answer = {
        "statement": "数据由我方采集",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    must(await scene.objection_step(objection, "responses", scene.supplier, answer))
    must(
        await scene.objection_step(
            objection, "determinations", by, {"outcome": "keep", "reasons": "证据不足"}
        )
    )

    states = []
    for last_day in (dt.date(2026, 3, 26), dt.date(2026, 4, 27)):
        for seconds in (-1, 1):
            await scene.move_past(last_day, seconds=seconds)
            await scene.api.run_jobs()
            await scene.sign_in_again()
            shown = must(await scene.by(scene.objector).get(f"/api/v1/objections/{objection}"))
            states.append((shown["state"], shown["closing"]))

    assert states == [
        ("determined", None),
        ("unresolved", None),
        ("unresolved", None),
        ("closed", "not_pursued"),
    ]
    assert (await certificate(scene, number))["state"] == "active"
