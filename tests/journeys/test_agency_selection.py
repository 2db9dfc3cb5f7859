"""Two agencies are chosen in public: announced, bid for under seal, drawn, scored, awarded (HN-23)."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import uuid
from typing import Any

import asyncpg
import httpx
import pytest

from catalog.kernel.actor import Clearance
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_products import make_actor
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged
from tests.terminal import market

PATH = "/api/v1/agency-selections"
CRITERIA = [
    {"code": "competence", "name": "专业能力", "weight_bps": 6_000},
    {"code": "price", "name": "报价", "weight_bps": 4_000},
]
LAST_DAY = dt.date(2026, 3, 9)
LATE = dt.datetime(2026, 3, 10, 0, 0, tzinfo=SHANGHAI)


class Comparing(Scene):
    """Everyone of a registration, three more agencies, and experts of three organisations."""

    third: Member
    fourth: Member
    loner: Member
    experts: list[Member]
    selection: str

    async def sign_in_again(self) -> None:
        await super().sign_in_again()
        held = Scene(self.api, self.db, self.clock)
        for n, expert in enumerate(self.experts):
            setattr(held, f"expert_{n}", expert)
        await held.sign_in_again()
        self.experts = [getattr(held, f"expert_{n}") for n in range(len(self.experts))]


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Comparing:
    made = await make_scene(api, db, clock)
    scene = Comparing(api, db, clock)
    vars(scene).update(vars(made))
    now = clock.now()
    scene.third, scene.fourth, scene.loner = [
        await make_member(db, Role.AGENCY_REVIEWER, now=now) for _ in range(3)
    ]
    scene.experts = [await make_member(db, Role.EXPERT, now=now) for _ in range(4)]
    scene.selection = str(must(await announce(scene))["id"])
    return scene


async def announce(scene: Comparing, who: Member | None = None, **said: Any) -> httpx.Response:
    body = {
        "selection_number": "比选〔2026〕2号",
        "title": "第三方确权登记服务机构公开比选",
        "criteria": CRITERIA,
        "qualifications": [{"code": "licence", "name": "营业执照"}],
        "bids_until": LAST_DAY.isoformat(),
        "panel_size": 3,
        "seats": 2,
    } | said
    return await scene.by(who or scene.issuer).post(PATH, body)


async def step(scene: Comparing, name: str, who: Member | None = None, **body: Any) -> Any:
    return await scene.by(who or scene.issuer).post(
        f"{PATH}/{scene.selection}/{name}", body or None
    )


async def sealed_file(scene: Comparing, who: Member, sealed_for: str | None = None) -> Any:
    return await scene.by(who).upload(
        f"执照 {who.party.id}".encode(),
        "licence.pdf",
        "application/pdf",
        x_sealed_for=sealed_for or scene.selection,
    )


async def bid(scene: Comparing, who: Member, **said: Any) -> Any:
    body = {"proposal": "五个工作日出具意见", "price_fen": 50_000} | said
    if "evidence" not in body:
        body["evidence"] = {"licence": must(await sealed_file(scene, who))["id"]}
    return await step(scene, "bids", who, **body)


async def see_bids(scene: Comparing, who: Member) -> list[dict[str, Any]]:
    return list(must(await scene.by(who).get(f"{PATH}/{scene.selection}/bids"))["items"])


async def after_the_window(scene: Comparing) -> None:
    await scene.move_past(LAST_DAY, 0)


async def drawn(scene: Comparing) -> list[Member]:
    """Open the bids, draw the panel, and return who sits in it."""
    must(await step(scene, "openings"))
    await scene.api.run_jobs()  # the commitment gets its place, and a checkpoint is signed
    must(await step(scene, "panel-draws"))
    return await seated(scene)


async def seated(scene: Comparing) -> list[Member]:
    file = must(await scene.by(scene.issuer).get(f"{PATH}/{scene.selection}/file"))
    return [e for e in scene.experts if str(e.account.id) in file["panel"]["experts"]]


async def score(scene: Comparing, expert: Member, *, bad: int = 0) -> Any:
    bids = [b for b in await see_bids(scene, scene.issuer) if b["bid"]["opened_at"]]
    scores = [
        {
            "bid_id": each["bid"]["id"],
            "is_qualified": n >= bad,
            "points": {"competence": 90 - 10 * n, "price": 80},
        }
        for n, each in enumerate(bids)
    ]
    return await step(scene, "score-sheets", expert, scores=scores)


async def awarded(scene: Comparing) -> dict[str, Any]:
    for agency in (scene.third, scene.fourth, scene.loner):
        must(await bid(scene, agency))
    await after_the_window(scene)
    for expert in await drawn(scene):
        must(await score(scene, expert))
    must(await step(scene, "rankings"))
    return must(await step(scene, "awards", result="前两名入选"))


def contract(agency: Member, selection: str, **said: Any) -> dict[str, Any]:
    return {
        "agency_party_id": str(agency.party.id),
        "selection_id": selection,
        "contract_number": f"HT-{agency.party.id}",
        "starts_on": "2026-03-10",
    } | said


async def test_two_agencies_are_chosen_and_everybody_reads_how(scene: Comparing) -> None:
    announced = must(await scene.api.get(f"{PATH}/{scene.selection}"))

    result = await awarded(scene)

    assert (announced["state"], announced["bid_count"]) == ("open", None)
    assert result["winners"] == [str(scene.third.party.id), str(scene.fourth.party.id)]
    shown = must(await scene.api.get(f"{PATH}/{scene.selection}"))
    assert (shown["state"], shown["bid_count"], shown["result"]) == ("awarded", 3, "前两名入选")
    assert [(e["rank"], e["points"], e["is_winner"]) for e in shown["ranking"]] == [
        (1, 8_600, True),
        (2, 8_000, True),
        (3, 7_400, False),
    ]
    (newest, _) = must(await scene.api.get(PATH))["items"]
    assert newest == shown
    assert (await topics_of(scene, scene.loner))[0] == "agency_selection_result"


async def topics_of(scene: Comparing, who: Member) -> list[str]:
    inbox = must(await scene.by(who).get("/api/v1/my/notifications"))["items"]
    return [each["topic"] for each in inbox]


async def test_until_the_window_ends_nobody_reads_a_bid_not_even_a_job(
    scene: Comparing, db: Database
) -> None:
    must(await bid(scene, scene.third))
    file_id = (await see_bids(scene, scene.third))[0]["document"]["evidence"][0]["file_id"]

    for who in (scene.issuer, scene.regulator):
        (seen,) = await see_bids(scene, who)
        assert seen["document"] is None
        assert len(seen["bid"]["sha256"]) == 64
        assert (await scene.by(who).get(f"/api/v1/files/{file_id}")).status_code == 404
    assert await see_bids(scene, scene.fourth) == []
    for clearance in Clearance:
        async with begin(db, make_actor(clearance=clearance)) as tx:
            for table in ("agency_bid_contents WHERE selection_id", "files WHERE sealed_for"):
                count = await tx.fetch_value(
                    f"SELECT count(*) FROM catalog.{table} = $1", uuid.UUID(scene.selection)
                )
                assert count == 0, (clearance, table)

    must(await bid(scene, scene.fourth))
    await after_the_window(scene)
    must(await step(scene, "openings"))
    documents = [each["document"] for each in await see_bids(scene, scene.regulator)]
    assert [each["price_fen"] for each in documents] == [50_000, 50_000]
    opened = await scene.by(scene.regulator).get(f"/api/v1/files/{file_id}/content")
    assert opened.status_code == 200


async def test_the_log_tells_a_digest_and_nothing_of_the_bid(scene: Comparing) -> None:
    must(await bid(scene, scene.third, proposal="秘密方案"))
    entries = await scene.by(scene.regulator).find_in_log(action="agency_bid:handed_in")
    uploads = await scene.by(scene.regulator).find_in_log(action="file:uploaded")
    assert entries
    assert uploads

    assert "秘密方案" not in json.dumps(entries, ensure_ascii=False)
    assert "licence.pdf" not in json.dumps(uploads)


async def test_a_bid_is_replaced_and_withdrawn_until_the_end_and_not_after(
    scene: Comparing,
) -> None:
    must(await bid(scene, scene.third))
    newer = must(await bid(scene, scene.third, price_fen=40_000))
    must(await bid(scene, scene.fourth))
    must(await step(scene, "bid-withdrawals", scene.fourth))
    nothing = await step(scene, "bid-withdrawals", scene.fourth)
    scene.clock.move_to(LATE - dt.timedelta(seconds=1))
    await scene.sign_in_again()
    must(await bid(scene, scene.loner))
    evidence = {"licence": must(await sealed_file(scene, scene.fourth))["id"]}
    scene.clock.move_to(LATE)

    late = await bid(scene, scene.fourth, evidence=evidence)
    taken_back = await step(scene, "bid-withdrawals", scene.third)
    upload = await sealed_file(scene, scene.fourth)

    assert {code(each) for each in (late, taken_back, upload)} == {"bid_window_closed"}
    assert code(nothing) == "no_bid"
    must(await step(scene, "openings"))
    after = await bid(scene, scene.fourth, evidence=evidence)
    assert code(after) == "agency_selection_event_not_allowed"
    seen = await see_bids(scene, scene.issuer)
    assert [each["document"] is not None for each in seen] == [False, True, False, True]
    assert seen[1]["bid"]["id"] == newer["id"]


async def test_bids_are_not_opened_early(scene: Comparing) -> None:
    must(await bid(scene, scene.third))
    scene.clock.move_to(LATE - dt.timedelta(seconds=1))
    await scene.sign_in_again()

    early = await step(scene, "openings")

    assert (early.status_code, code(early)) == (409, "bid_window_open")


async def test_the_database_itself_keeps_the_window_and_the_seal(
    scene: Comparing, owner_dsn: str
) -> None:
    must(await bid(scene, scene.third))
    owner = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.CheckViolationError, match="opened_after_the_window"):
            await owner.execute(
                "UPDATE catalog.agency_selections SET state = 'opened', opened_at = $1 WHERE id = $2",
                LATE - dt.timedelta(seconds=1),
                uuid.UUID(scene.selection),
            )
        with pytest.raises(asyncpg.CheckViolationError, match="opened with its selection"):
            await owner.execute("UPDATE catalog.agency_bids SET opened_at = $1 WHERE opened_at IS NULL", LATE)  # fmt: skip
        with pytest.raises(asyncpg.CheckViolationError, match="window for bids is over"):
            await owner.execute(
                "INSERT INTO catalog.agency_bids (id, selection_id, agency_party_id, sha256, handed_in_at)"
                " VALUES ($1, $2, $1, $3, $4)",
                uuid.uuid4(), uuid.UUID(scene.selection), "ab" * 32, LATE,
            )  # fmt: skip
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute("UPDATE catalog.agency_bid_contents SET document = ''")
    finally:
        await owner.close()


async def test_who_may_not_bid_and_what_is_no_bid(scene: Comparing) -> None:
    plain = await scene.upload(scene.third, "执照")
    foreign = must(await sealed_file(scene, scene.fourth))["id"]
    operator, bureau = str(scene.issuer.party.id), str(scene.regulator.party.id)
    for said, refused in (
        ({"evidence": {"licence": plain}}, "bid_evidence_not_sealed"),
        ({"evidence": {"licence": foreign}}, "not_found"),
        ({"evidence": {}}, "bid_evidence_missing"),
        ({"proposal": "  "}, "bid_text_missing"),
        ({"related_party_ids": [operator]}, "bidder_is_related"),
        ({"related_party_ids": [bureau]}, "bidder_is_related"),
    ):
        assert code(await bid(scene, scene.third, **said)) == refused
    assert await see_bids(scene, scene.issuer) == []
    unknown = str(uuid.uuid4())
    for sealed_for, refused in ((unknown, "not_found"), ("nonsense", "sealed_for_invalid")):
        assert code(await sealed_file(scene, scene.third, sealed_for)) == refused


async def test_an_announcement_is_refused_by_name(scene: Comparing) -> None:
    for said, refused in (
        ({"selection_number": "比选〔2026〕2号"}, "selection_number_used"),
        ({"criteria": CRITERIA[:1]}, "selection_announcement_incomplete"),
        ({"bids_until": "2026-03-08"}, "bid_window_too_short"),
        ({"follows": scene.selection}, "not_found"),
    ):
        changed = {"selection_number": "比选〔2026〕3号"} | said
        assert code(await announce(scene, **changed)) == refused
    assert (await topics_of(scene, scene.regulator)).count("agency_selection_announced") == 2


async def test_the_panel_scores_after_it_was_drawn_and_each_expert_once(
    scene: Comparing,
) -> None:
    for agency in (scene.third, scene.fourth):
        must(await bid(scene, agency))
    await after_the_window(scene)
    must(await step(scene, "openings"))
    too_early = await step(scene, "panel-draws")
    await scene.api.run_jobs()
    must(await step(scene, "panel-draws"))
    panel = await seated(scene)
    (outside,) = (each for each in scene.experts if each not in panel)

    one = must(await score(scene, panel[0]))
    twice = await score(scene, panel[0])
    stranger = await score(scene, outside)
    half = await step(
        scene, "score-sheets", panel[1],
        scores=[{**one["scores"][0], "points": {"competence": 1}}, one["scores"][1]],
    )  # fmt: skip
    missing = await step(scene, "rankings")
    left = await step(scene, "recusals", panel[0], reason="回避")

    assert code(too_early) == "draw_not_ready"
    assert code(twice) == "score_sheet_handed_in"
    assert (stranger.status_code, code(stranger)) == (404, "not_found")
    assert code(half) == "score_missing"
    assert code(missing) == "score_sheets_missing"
    assert code(left) == "score_sheet_handed_in"
    mine = must(await scene.by(panel[1]).get(f"{PATH}/{scene.selection}/file"))
    assert mine["sheets"] == []
    assert [each["document"] is None for each in await see_bids(scene, panel[1])] == [False, False]
    assert await see_bids(scene, outside) == []


async def test_an_expert_of_a_bidder_is_never_drawn_and_one_may_stand_aside(
    scene: Comparing, tmp_path: pathlib.Path
) -> None:
    bound = scene.experts[0]
    must(await bid(scene, scene.third, related_party_ids=[str(bound.party.id)]))
    must(await bid(scene, scene.fourth))
    scene.experts.append(await make_member(scene.db, Role.EXPERT, now=scene.clock.now()))
    await after_the_window(scene)
    panel = await drawn(scene)
    file_id = (await see_bids(scene, panel[0]))[0]["document"]["evidence"][0]["file_id"]
    assert (await scene.by(panel[0]).get(f"/api/v1/files/{file_id}")).status_code == 200

    must(await step(scene, "recusals", panel[0], reason="与应选机构有亲属关系"))

    now = await seated(scene)
    assert bound not in [*panel, *now]
    assert len(now) == 3
    assert panel[0] not in now
    assert (await scene.by(panel[0]).get(f"/api/v1/files/{file_id}")).status_code == 404
    assert code(await step(scene, "recusals", panel[0], reason="再次")) == "not_found"
    assert code(await step(scene, "recusals", now[0], reason="回避")) == "no_expert_left"
    assert code(await step(scene, "recusals", now[0], reason=" ")) == "recusal_reason_missing"

    for expert in now:
        must(await score(scene, expert))
    must(await step(scene, "rankings"))
    hidden = await scene.api.get(f"{PATH}/{scene.selection}/draw")
    must(await step(scene, "awards", result="两家入选"))
    await scene.api.run_jobs()  # the ranking gets its place, and a checkpoint is signed
    record = await scene.api.get(f"{PATH}/{scene.selection}/draw")
    path, keys = tmp_path / "draw.json", tmp_path / "keys.json"
    path.write_bytes(record.content)
    keys.write_bytes((await scene.api.get("/api/v1/keys")).content)
    genuine = market("verify", path, "--keys", keys, "--json")
    changed = json.loads(record.content)
    changed["experts"] = changed["experts"][::-1]
    path.write_text(json.dumps(changed), "utf-8")
    forged = market("verify", path, "--keys", keys)
    path.write_text(json.dumps(json.loads(record.content) | {"before": None}), "utf-8")
    untold = market("verify", path, "--keys", keys)

    assert hidden.status_code == 404
    assert genuine.returncode == 0, genuine.stdout + genuine.stderr
    assert json.loads(genuine.stdout)["counts"]["recusals sealed"] == 1
    assert json.loads(genuine.stdout)["counts"]["first checkpoints"] == 1
    assert (untold.returncode, "is missing, or is another one" in untold.stdout) == (1, True)
    assert (forged.returncode, "experts are not those" in forged.stdout) == (1, True)
    assert "亲属" not in record.text


async def test_no_panel_is_drawn_from_too_short_a_list(scene: Comparing) -> None:
    bound = [str(each.party.id) for each in scene.experts[:2]]
    must(await bid(scene, scene.third, related_party_ids=bound))
    must(await bid(scene, scene.fourth))
    await after_the_window(scene)

    refused = await step(scene, "openings")

    assert code(refused) == "too_few_experts"
    assert [each["document"] for each in await see_bids(scene, scene.issuer)] == [None, None]


async def test_one_bid_fails_the_selection_and_it_is_announced_again(scene: Comparing) -> None:
    must(await bid(scene, scene.third))
    await after_the_window(scene)
    must(await step(scene, "openings"))

    no_panel = await step(scene, "panel-draws")
    failed = must(await step(scene, "failures", result="不足两家，重新比选"))
    again = must(
        await announce(
            scene,
            selection_number="比选〔2026〕3号",
            bids_until="2026-03-20",
            follows=scene.selection,
        )
    )

    assert code(no_panel) == "not_found"
    assert failed["state"] == "failed"
    assert again["follows"] == scene.selection
    shown = must(await scene.api.get(f"{PATH}/{scene.selection}"))
    assert (shown["state"], shown["result"]) == ("failed", "不足两家，重新比选")


async def test_one_who_qualifies_is_not_enough_to_award(scene: Comparing) -> None:
    for agency in (scene.third, scene.fourth):
        must(await bid(scene, agency))
    await after_the_window(scene)
    for expert in await drawn(scene):
        must(await score(scene, expert, bad=1))
    unranked = await step(scene, "awards", result="定选")
    must(await step(scene, "rankings"))

    refused = await step(scene, "awards", result="定选")
    silent = await step(scene, "failures", result=" ")
    failed = must(await step(scene, "failures", result="符合条件的不足两家"))

    assert code(unranked) == "agency_selection_event_not_allowed"
    assert code(refused) == "fewer_than_two_agencies"
    assert code(silent) == "selection_result_missing"
    assert [each["rank"] for each in failed["ranking"]] == [1, None]


async def test_a_selection_with_a_result_does_not_fail(scene: Comparing) -> None:
    for agency in (scene.third, scene.fourth):
        must(await bid(scene, agency))
    await after_the_window(scene)
    must(await step(scene, "openings"))

    assert code(await step(scene, "failures", result="不办了")) == "selection_not_failed"


async def test_only_winners_are_contracted_once_and_not_before_the_award(
    scene: Comparing,
) -> None:
    operator = scene.by(scene.issuer)
    path = "/api/v1/agency-contracts"
    unawarded = await operator.post(path, contract(scene.third, scene.selection))
    await awarded(scene)
    operator = scene.by(scene.issuer)  # who signed in again

    backdated = await operator.post(
        path, contract(scene.third, scene.selection, starts_on="2026-03-09")
    )
    signed = must(await operator.post(path, contract(scene.third, scene.selection)))
    twice = await operator.post(
        path,
        contract(scene.third, scene.selection, starts_on="2028-04-01", contract_number="HT-2"),
    )
    loser = await operator.post(path, contract(scene.loner, scene.selection))
    foreign = await operator.post(path, contract(scene.fourth, str(uuid.uuid4())))

    assert code(unawarded) == "selection_not_awarded"
    assert code(backdated) == "contract_before_award"
    assert (signed["ends_on"], signed["selection_number"]) == ("2028-03-10", "比选〔2026〕2号")
    assert code(twice) == "contracted_from_this_award"
    assert code(loser) == "agency_not_selected"
    assert foreign.status_code == 404


async def test_while_the_bureau_objects_nobody_is_contracted(scene: Comparing) -> None:
    await awarded(scene)
    path = f"{PATH}/{scene.selection}/remarks"
    bureau, operator = scene.by(scene.regulator), scene.by(scene.issuer)
    comment = must(await bureau.post(path, {"kind": "comment", "text": "过程合规"}))
    objection = must(await bureau.post(path, {"kind": "objection", "text": "评分理由不足"}))
    signing = contract(scene.third, scene.selection)

    held_up = await operator.post("/api/v1/agency-contracts", signing)
    public = must(await scene.api.get(f"{PATH}/{scene.selection}"))
    for remark, text, refused in (
        (comment["id"], "说明", "nothing_to_settle"),
        (str(uuid.uuid4()), "说明", "not_found"),
        (objection["id"], " ", "selection_remark_text_missing"),
    ):
        answer = await bureau.post(f"{path}/{remark}/settlements", {"settlement": text})
        assert code(answer) == refused
    must(await bureau.post(f"{path}/{objection['id']}/settlements", {"settlement": "已补充说明"}))
    must(await operator.post("/api/v1/agency-contracts", signing))

    assert code(held_up) == "award_objected"
    assert public["objection_stands"] is True
    assert code(await bureau.post(path, {"kind": "comment", "text": " "})) == "selection_remark_text_missing"  # fmt: skip
    file = must(await operator.get(f"{PATH}/{scene.selection}/file"))
    assert [each["settlement"] for each in file["remarks"]] == [None, "已补充说明"]


async def test_an_award_runs_for_two_years_and_the_next_one_ends_its_clock(
    scene: Comparing,
) -> None:
    await awarded(scene)

    clocks = must(
        await scene.by(scene.regulator).get(
            "/api/v1/timers", kind="agency_cycle", timer_state="open"
        )
    )["items"]

    assert [each["timer"]["due_on"] for each in clocks] == ["2028-03-10"]


async def test_contracts_run_out_by_themselves_and_the_next_selection_is_remembered(
    scene: Comparing,
) -> None:
    await awarded(scene)
    for agency in (scene.third, scene.fourth):
        must(await scene.by(scene.issuer).post("/api/v1/agency-contracts", contract(agency, scene.selection)))  # fmt: skip

    await scene.move_past(dt.date(2027, 11, 9), 60)  # the day before the 120 days begin
    await scene.api.run_jobs()
    before = await clocks_of(scene, "agency_reselection")
    await scene.move_past(dt.date(2027, 11, 10), 60)
    await scene.api.run_jobs()
    await scene.api.run_jobs()
    reminded = await clocks_of(scene, "agency_reselection")
    queue = must(await scene.by(scene.issuer).get("/api/v1/work-queue", kind="agency_reselection"))
    topics = await topics_of(scene, scene.issuer)
    must(await announce(scene, selection_number="比选〔2028〕1号", bids_until="2027-12-01"))
    met = await clocks_of(scene, "agency_reselection")
    await scene.move_past(dt.date(2028, 3, 10), 60)
    await scene.api.run_jobs()
    contracts = await clocks_of(scene, "agency_contract", "met")
    late = await clocks_of(scene, "agency_cycle", "overdue")

    assert before == []
    assert [each["party_id"] for each in reminded] == [str(scene.issuer.party.id)]
    assert [each["case_number"] for each in queue["items"]] == ["比选〔2026〕2号"]
    assert topics.count("agency_reselection_due") == 1
    assert met == []
    assert {each["due_on"] for each in contracts} >= {"2028-03-10"}
    assert {each["due_on"] for each in late} == {"2028-03-10"}


async def clocks_of(scene: Comparing, kind: str, state: str = "open") -> list[dict[str, Any]]:
    answer = await scene.by(scene.regulator).get("/api/v1/timers", kind=kind, timer_state=state)
    return [each["timer"] for each in must(answer)["items"]]


async def test_another_operators_selection_is_not_there(scene: Comparing) -> None:
    stranger = str(uuid.uuid4())
    for name, who in (
        ("openings", scene.issuer), ("panel-draws", scene.issuer), ("rankings", scene.issuer),
        ("bid-withdrawals", scene.third),
    ):  # fmt: skip
        answer = await scene.by(who).post(f"{PATH}/{stranger}/{name}")
        assert (answer.status_code, code(answer)) == (404, "not_found")
    for name, who in (("bids", scene.issuer), ("file", scene.issuer), ("draw", scene.issuer)):
        assert (await scene.by(who).get(f"{PATH}/{stranger}/{name}")).status_code == 404
    assert (await scene.api.get(f"{PATH}/{stranger}")).status_code == 404
