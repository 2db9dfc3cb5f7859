"""An agent acts for its principal: in what its letter names, as long as it counts (委托书, HN-06)."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from market.identity.permissions import Role
from market.jobs import take_batches
from tests.api import Api, code
from tests.makers_changes import Changing
from tests.makers_identity import MAKER, Member, make_member
from tests.makers_national import NDA, go_to, offering
from tests.makers_products import make_description
from tests.makers_registration import MATERIALS, Scene, make_scene, must
from tests.stages import staged

EVERYTHING = ["draft", "submit", "correct", "withdraw", "receive_notifications", "respond"]


class Agency(Scene):
    """A scene with an agent of the supplier."""

    agent: Member

    def acting(self, who: Member | None = None) -> Api:
        """Return the client of an agent that acts for the supplier."""
        return self.by(who or self.agent).for_(self.supplier.party.id)

    async def letter(self, *powers: str, to: Member | None = None, **said: Any) -> httpx.Response:
        """Let an agent act for the supplier."""
        body = {
            "agent_party_id": str((to or self.agent).party.id),
            "powers": list(powers),
            "valid_from": "2026-03-02",
            "valid_to": "2026-06-30",
        } | said
        if "file_id" not in body:
            body["file_id"] = await self.upload(self.supplier, f"委托书 {uuid.uuid4()}")
        return await self.by(self.supplier).post("/api/v1/authorisation-letters", body)

    async def revoke(self, letter: str, who: Member | None = None) -> httpx.Response:
        """Revoke a letter."""
        return await self.by(who or self.supplier).post(
            f"/api/v1/authorisation-letters/{letter}/revocations", {"reason": "更换代理机构"}
        )

    async def drafts(self, who: Member | None = None, product: str | None = None) -> httpx.Response:
        """Begin an application as an agent."""
        body = {"product_id": product or self.product_id, "is_first_registration": True}
        return await self.acting(who).post("/api/v1/applications", body)

    async def hands_in(self, application: str, kind: str) -> httpx.Response:
        """Hand a material in as an agent."""
        file = must(
            await self.acting().upload(kind.encode() + uuid.uuid4().bytes, "材料", "text/plain")
        )
        return await self.acting().put(
            f"/api/v1/applications/{application}/materials/{kind}", {"file_id": file["id"]}
        )

    async def filled_in(self) -> str:
        """Return an application that an agent drafted, with all its materials."""
        application = str(must(await self.drafts())["id"])
        for kind in MATERIALS:
            must(await self.hands_in(application, kind))
        must(
            await self.acting().put(
                f"/api/v1/applications/{application}/materials/authorisation_channel_proof",
                {"not_applicable_reason": "全部来源为自有"},
            )
        )
        return application

    async def submits(self, application: str, who: Member | None = None) -> httpx.Response:
        """Hand an application in as an agent."""
        return await self.acting(who).post(
            f"/api/v1/applications/{application}/submissions", {"truth_confirmed": True}
        )


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Agency:
    made = await make_scene(api, db, clock)
    found = Agency(api, db, clock)
    vars(found).update(vars(made))
    found.agent = await make_member(db, Role.SUPPLIER, now=clock.now())
    return found


async def topics(scene: Scene, who: Member) -> list[str]:
    return [
        each["topic"] for each in must(await scene.by(who).get("/api/v1/my/notifications"))["items"]
    ]


async def test_an_agent_hands_in_many_products_for_its_principal_as_long_as_it_may(
    scene: Agency,
) -> None:
    table = "供方编号,产品名称,产品形式\np-1,甲,数据集\n".encode()

    async def hand_in() -> httpx.Response:
        file = must(await scene.acting().upload(table, "a.csv", "text/csv"))
        said = {"file_id": file["id"], "is_dry_run": False}
        return await scene.acting().post("/api/v1/product-batches", said)

    without = await scene.acting().post("/api/v1/product-batches", {"file_id": str(uuid.uuid4())})
    letter = must(await scene.letter("draft"))
    first = must(await hand_in())
    await take_batches.run(scene.api.context)
    second = must(await hand_in())
    must(await scene.revoke(str(letter["id"])))
    await take_batches.run(scene.api.context)

    mine = scene.by(scene.supplier)
    done = must(await mine.get(f"/api/v1/product-batches/{first['id']}"))
    ended = must(await mine.get(f"/api/v1/product-batches/{second['id']}"))
    assert code(without) == "authorisation_letter_missing"
    assert (done["counts"]["created"], done["acting_for"]) == (1, str(scene.supplier.party.id))
    (product,) = must(await mine.get("/api/v1/my/products", reference="p-1"))["items"]
    assert product["supplier_party_id"] == str(scene.supplier.party.id)
    assert ended["state"] == "failed"
    assert ended["failure"]["code"].startswith("authorisation_letter_")


async def test_an_agent_registers_for_its_principal_and_the_log_names_both(
    scene: Agency, db: Database
) -> None:
    letter = must(await scene.letter(*EVERYTHING))
    application = await scene.filled_in()
    must(await scene.submits(application))
    must(await scene.accept(application))

    found = await scene.read(application)
    assert found["application"]["applicant_party_id"] == str(scene.supplier.party.id)
    assert found["application"]["agent_party_id"] == str(scene.agent.party.id)
    (filed,) = [m for m in found["materials"] if m["kind"] == "authorisation_letter"]
    assert filed["sha256"] == letter["sha256"]
    assert "application_received" in await topics(scene, scene.agent)
    assert "application_accepted" in await topics(scene, scene.supplier)
    assert "application_accepted" in await topics(scene, scene.agent)
    (entry,) = await scene.by(scene.regulator).find_in_log(action="application:submitted")
    assert entry["payload"]["acting_for"] == str(scene.supplier.party.id)
    assert entry["payload"]["actor"]["party_id"] == str(scene.agent.party.id)


async def test_the_principals_own_people_go_on_acting(scene: Agency) -> None:
    must(await scene.letter("draft"))
    application = await scene.filled_in()

    not_its_power = await scene.submits(application)
    own = await scene.submit(application)

    assert (not_its_power.status_code, code(not_its_power)) == (403, "permission_missing")
    assert own.status_code == 200


async def test_without_a_letter_nobody_acts_for_another(scene: Agency) -> None:
    own = await scene.drafted()

    refused = [
        await scene.drafts(),
        await scene.acting().get("/api/v1/applications"),
        await scene.by(scene.agent).for_("nobody").get("/api/v1/applications"),
        await scene.by(scene.agent).for_(uuid.uuid4()).get("/api/v1/applications"),
    ]

    assert [(each.status_code, code(each)) for each in refused] == [
        (403, "authorisation_letter_missing")
    ] * 4
    assert (await scene.by(scene.agent).get(f"/api/v1/applications/{own}")).status_code == 404


async def test_an_agent_of_one_applicant_is_none_of_another(scene: Agency, db: Database) -> None:
    other = await make_member(db, Role.SUPPLIER, now=scene.clock.now())
    must(await scene.letter(*EVERYTHING))

    refused = await scene.by(scene.agent).for_(other.party.id).get("/api/v1/applications")

    assert code(refused) == "authorisation_letter_missing"


async def test_a_letter_counts_from_its_first_day_to_its_last(scene: Agency) -> None:
    must(await scene.letter(*EVERYTHING, valid_from="2026-03-04", valid_to="2026-03-06"))
    early = await scene.drafts()
    answers = []
    for day in (dt.date(2026, 3, 5), dt.date(2026, 3, 6)):
        for seconds in (-1, 1):
            await scene.move_past(day, seconds=seconds)
            answers.append(await scene.acting().get("/api/v1/applications"))

    assert code(early) == "authorisation_letter_not_yet_valid"
    assert [each.status_code for each in answers] == [200, 200, 200, 403]
    assert code(answers[-1]) == "authorisation_letter_expired"
    assert answers[-1].json()["facts"]["valid_to"] == "2026-03-06"


async def test_a_revoked_letter_ends_at_once_whatever_was_begun(scene: Agency) -> None:
    letter = must(await scene.letter(*EVERYTHING))["id"]
    application = await scene.filled_in()

    must(await scene.revoke(letter))

    refused = [
        await scene.submits(application),
        await scene.drafts(),
        await scene.acting().get(f"/api/v1/applications/{application}"),
    ]
    assert [code(each) for each in refused] == ["authorisation_letter_revoked"] * 3
    assert (await scene.submit(application)).status_code == 200
    assert code(await scene.revoke(letter)) == "authorisation_letter_revoked_already"


async def test_the_case_is_handed_over_to_another_agent(scene: Agency, db: Database) -> None:
    other = await make_member(db, Role.SUPPLIER, now=scene.clock.now())
    first = must(await scene.letter(*EVERYTHING))["id"]
    application = await scene.filled_in()
    must(await scene.revoke(first))
    second = must(await scene.letter("submit", "withdraw", to=other))

    before = await scene.submits(application)
    after = await scene.submits(application, other)

    assert code(before) == "authorisation_letter_revoked"
    assert after.json()["agent_party_id"] == str(other.party.id)
    held = [
        m
        for m in (await scene.read(application))["materials"]
        if m["kind"] == "authorisation_letter"
    ]
    assert [each["version"] for each in held] == [1, 2]
    assert held[-1]["sha256"] == second["sha256"]


@pytest.mark.parametrize(
    ("power", "path", "body"),
    [
        ("submit", "resubmissions", {"truth_confirmed": True}),
        ("correct", "withdrawals", {"reason": "不再办理"}),
        ("withdraw", "submissions", {"truth_confirmed": True}),
    ],
)
async def test_a_letter_covers_what_it_names_and_nothing_else(
    scene: Agency, power: str, path: str, body: dict[str, Any]
) -> None:
    must(await scene.letter(power))
    application = await scene.drafted()

    refused = await scene.acting().post(f"/api/v1/applications/{application}/{path}", body)

    assert refused.status_code == 403
    assert code(refused) in ("permission_missing", "authorisation_letter_out_of_scope")


async def test_whoever_may_draft_does_not_correct(scene: Agency) -> None:
    must(await scene.letter("draft", "submit"))
    application = await scene.filled_in()
    must(await scene.submits(application))
    item = {"target": "material:source_proof", "problem": "未盖章", "required_action": "补盖"}
    must(await scene.accept(application, result="correction_required", items=[item]))

    material = await scene.hands_in(application, "source_proof")
    again = await scene.acting().post(
        f"/api/v1/applications/{application}/resubmissions", {"truth_confirmed": True}
    )
    must(await scene.letter("correct"))
    must(await scene.hands_in(application, "source_proof"))
    corrected = await scene.acting().post(
        f"/api/v1/applications/{application}/resubmissions", {"truth_confirmed": True}
    )

    assert code(material) == "authorisation_letter_out_of_scope"
    assert material.json()["facts"]["power"] == "correct"
    assert code(again) == "authorisation_letter_out_of_scope"
    assert corrected.status_code == 200


async def test_a_letter_for_one_product_opens_no_other(scene: Agency) -> None:
    first = await scene.drafted()
    other_product = await scene.describe(name="另一名称的产品")
    must(await scene.letter(*EVERYTHING, product_id=other_product))

    elsewhere = await scene.drafts()
    here = await scene.drafts(product=other_product)
    listed = must(await scene.acting().get("/api/v1/applications"))["items"]
    hidden = await scene.acting().get(f"/api/v1/applications/{first}")
    submitted = await scene.submits(first)

    assert code(elsewhere) == "authorisation_letter_out_of_scope"
    assert here.status_code == 201
    assert [each["id"] for each in listed] == [here.json()["id"]]
    assert (hidden.status_code, submitted.status_code) == (404, 404)


async def test_an_agent_does_nothing_else_in_its_principals_name(scene: Agency) -> None:
    must(await scene.letter(*EVERYTHING))
    _, number = await scene.certified()
    file = await scene.upload(scene.supplier, "公司内部文件")

    refused = [
        await scene.acting().post(
            f"/api/v1/certificates/{number}/deregistrations", {"reason": "不再经营"}
        ),
        await scene.acting().get("/api/v1/my/notifications"),
        await scene.acting().post("/api/v1/tokens", {"name": "x", "scopes": []}),
        await scene.acting().post(
            "/api/v1/authorisation-letters",
            {
                "agent_party_id": str(scene.objector.party.id),
                "powers": ["draft"],
                "valid_from": "2026-03-02",
                "valid_to": "2026-12-31",
                "file_id": file,
            },
        ),
    ]

    assert [code(each) for each in refused] == ["permission_missing"] * 4
    assert (await scene.acting().get(f"/api/v1/files/{file}")).status_code == 404


async def test_an_agent_withdraws_and_answers_an_objection(scene: Agency) -> None:
    must(await scene.letter("respond", "receive_notifications", "withdraw"))
    application, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    must(
        await scene.objection_step(objection, "forwardings", scene.adjudicator, {"receipt": "回执"})
    )
    assert "objection_forwarded" in await topics(scene, scene.agent)
    seen = must(await scene.acting().get(f"/api/v1/objections/{objection}"))
    evidence = seen["evidence"][0]["file_id"]
    assert (await scene.acting().get(f"/api/v1/files/{evidence}")).status_code == 200
    file = must(await scene.acting().upload(b"contract", "采集合同", "text/plain"))

    answered = await scene.acting().post(
        f"/api/v1/objections/{objection}/responses",
        {"statement": "数据由我方采集", "evidence_file_ids": [file["id"]]},
    )
    outcome = await scene.acting().post(
        f"/api/v1/objections/{objection}/acceptances", {"accepts": True}
    )
    withdrawn = await scene.acting().post(
        f"/api/v1/applications/{application}/withdrawals", {"reason": "不再办理"}
    )

    assert answered.json()["state"] == "under_determination"
    assert code(outcome) == "permission_missing"
    assert withdrawn.json()["state"] == "withdrawn"


async def test_an_agent_without_that_power_does_not_answer_an_objection(scene: Agency) -> None:
    _, notice = await scene.in_notice()
    objection = must(await scene.object_to(notice_id=notice))["id"]
    must(
        await scene.objection_step(objection, "forwardings", scene.adjudicator, {"receipt": "回执"})
    )
    elsewhere = await scene.describe(name="另一名称的产品")
    must(await scene.letter("draft"))
    must(await scene.letter("respond", product_id=elsewhere))
    file = must(await scene.acting().upload(b"contract", "采集合同", "text/plain"))

    refused = await scene.acting().post(
        f"/api/v1/objections/{objection}/responses",
        {"statement": "数据由我方采集", "evidence_file_ids": [file["id"]]},
    )

    assert (refused.status_code, code(refused)) == (403, "authorisation_letter_out_of_scope")


async def test_a_letter_that_can_not_be_is_not_given(scene: Agency) -> None:
    foreign = await scene.upload(scene.objector, "他人文件")

    refused = [
        await scene.letter("draft", agent_party_id=str(scene.supplier.party.id)),
        await scene.letter("draft", agent_party_id=str(uuid.uuid4())),
        await scene.letter(),
        await scene.letter("draft", "draft"),
        await scene.letter("draft", valid_to="2026-03-01"),
        await scene.letter("draft", valid_from="2026-02-01", valid_to="2026-02-28"),
        await scene.letter("draft", file_id=foreign),
        await scene.letter("draft", product_id=str(uuid.uuid4())),
    ]

    assert [code(each) for each in refused] == [
        "authorisation_letter_to_oneself",
        "agent_party_unknown",
        "authorisation_letter_powers_missing",
        "authorisation_letter_powers_missing",
        "authorisation_letter_period_invalid",
        "authorisation_letter_period_invalid",
        "not_found",
        "not_found",
    ]


async def test_a_letter_is_seen_and_ended_by_its_two_sides_only(scene: Agency) -> None:
    letter = must(await scene.letter("draft"))["id"]
    path = f"/api/v1/authorisation-letters/{letter}"

    strangers = [
        await scene.by(scene.objector).get(path),
        await scene.revoke(letter, scene.objector),
    ]
    staff = await scene.by(scene.acceptor).post(f"{path}/revocations", {"reason": "查"})
    unreasoned = await scene.by(scene.supplier).post(f"{path}/revocations", {"reason": " "})
    seen = must(await scene.by(scene.agent).get(path))
    file = await scene.by(scene.agent).get(f"/api/v1/files/{seen['file_id']}")
    laid_down = await scene.revoke(letter, scene.agent)
    listed = must(await scene.by(scene.supplier).get("/api/v1/authorisation-letters"))["items"]

    assert [each.status_code for each in strangers] == [404, 404]
    assert staff.status_code == 404
    assert code(unreasoned) == "authorisation_letter_revocation_reason_missing"
    assert file.status_code == 200
    assert laid_down.status_code == 200
    assert [each["revocation_reason"] for each in listed] == ["更换代理机构"]


async def test_a_letter_revoked_while_it_is_used_was_used_before_or_is_not(scene: Agency) -> None:
    letter = must(await scene.letter(*EVERYTHING))["id"]
    application = await scene.filled_in()

    submitted, revoked = await asyncio.gather(scene.submits(application), scene.revoke(letter))

    assert revoked.status_code == 200
    state = await scene.state(application)
    if submitted.status_code == 200:
        assert state == "submitted"
    else:
        assert (code(submitted), state) == ("authorisation_letter_revoked", "draft")


async def test_an_answer_given_for_one_principal_is_not_given_for_another(scene: Agency) -> None:
    must(await scene.letter(*EVERYTHING))
    body = {"product_id": scene.product_id, "is_first_registration": True}
    key = uuid.uuid4().hex

    first = await scene.acting().post("/api/v1/applications", body, key=key)
    for_itself = await scene.by(scene.agent).post("/api/v1/applications", body, key=key)

    assert first.status_code == 201
    assert for_itself.status_code == 404


async def test_a_letter_is_only_revoked_and_never_altered(scene: Agency, db: Database) -> None:
    letter = must(await scene.letter("draft"))["id"]
    must(await scene.revoke(letter))

    for change in ("valid_to = valid_to + 1", "revoked_at = NULL, revocation_reason = NULL"):
        with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
            async with begin(db, MAKER) as tx:
                await tx.execute(f"UPDATE catalog.authorisation_letters SET {change}")


async def test_an_agent_changes_a_certificate_within_its_letter(scene: Agency) -> None:
    _, number = await scene.certified()
    body = Changing(scene, number).filled_in()
    must(await scene.letter("submit"))

    not_drafted = await scene.acting().post(f"/api/v1/certificates/{number}/changes", body)
    must(await scene.letter("draft"))
    drafted = must(await scene.acting().post(f"/api/v1/certificates/{number}/changes", body))
    withdrawn = await scene.acting().post(
        f"/api/v1/changes/{drafted['id']}/withdrawals", {"reason": "不再变更"}
    )

    assert code(not_drafted) == "permission_missing"
    assert drafted["agent_party_id"] == str(scene.agent.party.id)
    assert code(withdrawn) == "permission_missing"


# ── the product ─────────────────────────────────────────────────────────────────────────────


async def described(scene: Agency, product: str) -> dict[str, Any]:
    told = must(await scene.by(scene.supplier).get(f"/api/v1/products/{product}"))
    del told["quality"]  # judged anew on each day
    return told


async def own_file(scene: Agency) -> str:
    """Return a file that the agent uploaded, or one of its principal's if it may upload none."""
    uploaded = await scene.acting().upload(uuid.uuid4().bytes, "内容", "text/plain")
    if uploaded.status_code == 201:
        return str(uploaded.json()["id"])
    return await scene.upload(scene.supplier, "内容")


async def describing(scene: Agency, product: str) -> dict[str, httpx.Response]:
    """Try as an agent all that describes a product."""
    said = msgspec.to_builtins(make_description(name="代理机构著录的产品"))
    path, acting = f"/api/v1/products/{product}", scene.acting()
    version = (await described(scene, product))["version"]
    file = await own_file(scene)
    return {
        "describe": await acting.post("/api/v1/products", said),
        "revise": await acting.put(path, said, if_match=f'"{version}"'),
        "attach": await acting.post(f"{path}/contents", {"file_id": file}),
    }


async def test_an_agent_describes_the_product_that_it_is_to_register(scene: Agency) -> None:
    must(await scene.letter("draft"))

    done = await describing(scene, scene.product_id)

    assert [each.status_code for each in done.values()] == [201, 200, 201]
    made = await described(scene, done["describe"].json()["id"])
    assert made["supplier_party_id"] == str(scene.supplier.party.id)
    assert made["supplier_name"] == scene.supplier.party.name
    listed = must(await scene.acting().get("/api/v1/my/products"))["items"]
    assert {each["id"] for each in listed} == {made["id"], scene.product_id}
    contents = (await described(scene, scene.product_id))["contents"]
    assert [each["version"] for each in contents] == [1, 2]


@pytest.mark.parametrize(
    ("why", "codes"),
    [
        ("out of scope", ["permission_missing"] * 3),
        ("expired", ["authorisation_letter_expired"] * 3),
        ("revoked", ["authorisation_letter_revoked"] * 3),
        ("other product", ["authorisation_letter_out_of_scope"] * 3),
    ],
)
async def test_an_agent_describes_nothing_that_its_letter_does_not_cover(
    scene: Agency, why: str, codes: list[str]
) -> None:
    other = await scene.describe(name="另一名称的产品")
    before = await described(scene, scene.product_id)
    if why == "out of scope":
        must(await scene.letter("submit"))
    elif why == "expired":
        must(await scene.letter("draft", valid_to="2026-03-02"))
        await scene.move_past(dt.date(2026, 3, 2))
    elif why == "revoked":
        must(await scene.revoke(must(await scene.letter("draft"))["id"]))
    else:
        must(await scene.letter("draft", product_id=other))

    refused = await describing(scene, scene.product_id)

    assert [code(each) for each in refused.values()] == codes
    assert await described(scene, scene.product_id) == before
    mine = must(await scene.by(scene.supplier).get("/api/v1/my/products"))["items"]
    assert {each["id"] for each in mine} == {other, scene.product_id}


async def test_an_agent_of_one_product_reads_no_other_as_its_supplier_does(scene: Agency) -> None:
    other = await scene.describe(name="另一名称的产品")
    must(await scene.letter("draft", product_id=other))

    listed = must(await scene.acting().get("/api/v1/my/products"))["items"]
    hidden = await scene.acting().get(f"/api/v1/products/{scene.product_id}")
    shown = await scene.acting().get(f"/api/v1/products/{other}")
    withdrawn = await scene.acting().post(
        f"/api/v1/products/{other}/withdrawals", {"reason": "不做了"}
    )

    assert [each["id"] for each in listed] == [other]
    assert (hidden.status_code, shown.status_code) == (404, 200)
    assert code(withdrawn) == "permission_missing"


# ── the clocks ──────────────────────────────────────────────────────────────────────────────


async def to_answer(scene: Agency) -> tuple[str, str]:
    """Return an objection that the registrant has to answer, and the clock that runs for it."""
    _, notice = await scene.in_notice()
    objection = str(must(await scene.object_to(notice_id=notice))["id"])
    told = {"receipt": "回执"}
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, told))
    due = must(await scene.by(scene.supplier).get("/api/v1/timers", subject_id=objection))
    return objection, str(due["items"][0]["timer"]["id"])


async def test_an_agent_reads_the_clocks_of_its_principals_case_and_why_they_end(
    scene: Agency,
) -> None:
    objection, timer = await to_answer(scene)
    must(await scene.letter("respond"))
    acting = scene.acting()

    listed = must(await acting.get("/api/v1/timers"))["items"]
    queue = must(await acting.get("/api/v1/work-queue"))["items"]
    explained = must(await acting.get(f"/api/v1/timers/{timer}/explanation"))

    assert timer in [each["timer"]["id"] for each in listed]
    assert objection in [each["timer"]["subject_id"] for each in queue]
    assert explained["timer"]["kind"] == "objection_response"


async def test_an_agent_of_another_product_or_without_a_letter_that_counts_reads_no_clock(
    scene: Agency,
) -> None:
    _, timer = await to_answer(scene)
    other = await scene.describe(name="另一名称的产品")
    letter = must(await scene.letter(*EVERYTHING, product_id=other))["id"]
    acting, why = scene.acting(), f"/api/v1/timers/{timer}/explanation"

    listed = must(await acting.get("/api/v1/timers"))["items"]
    queue = must(await acting.get("/api/v1/work-queue"))["items"]
    explained = await acting.get(why)
    must(await scene.revoke(letter))
    revoked = [await acting.get("/api/v1/timers"), await acting.get(why)]

    assert (listed, queue, explained.status_code) == ([], [], 404)
    assert [code(each) for each in revoked] == ["authorisation_letter_revoked"] * 2
    assert (await scene.by(scene.supplier).get(why)).status_code == 200


# ── a change, a renewal ─────────────────────────────────────────────────────────────────────


async def changing_steps(scene: Agency, number: str, change: str) -> dict[str, httpx.Response]:
    """Try as an agent each step of a change that is the registrant's."""
    body, path = Changing(scene, number).filled_in(), f"/api/v1/changes/{change}"
    file = await own_file(scene)
    acting = scene.acting()
    return {
        "draft": await acting.post(f"/api/v1/certificates/{number}/changes", body),
        "revise": await acting.put(path, body, if_match='"1"'),
        "material": await acting.put(f"{path}/materials/change_proof", {"file_id": file}),
        "submit": await acting.post(f"{path}/submissions", {"truth_confirmed": True}),
        "resubmit": await acting.post(f"{path}/resubmissions", {"truth_confirmed": True}),
        "withdraw": await acting.post(f"{path}/withdrawals", {"reason": "不再变更"}),
        "read": await acting.get(path),
    }


@pytest.mark.parametrize("why", ["expired", "revoked", "other product"])
async def test_no_step_of_a_change_is_an_agents_whose_letter_does_not_count_for_it(
    scene: Agency, why: str
) -> None:
    _, number = await scene.certified()
    changing = Changing(scene, number)
    change = await changing.drafted()
    before = await changing.read(change)
    if why == "expired":
        today = dt.date.fromisoformat(scene.today())
        must(await scene.letter(*EVERYTHING, valid_to=scene.today()))
        await scene.move_past(today)
        codes = {"authorisation_letter_expired"}
    elif why == "revoked":
        must(await scene.revoke(must(await scene.letter(*EVERYTHING))["id"]))
        codes = {"authorisation_letter_revoked"}
    else:
        other = await scene.describe(name="另一名称的产品")
        must(await scene.letter(*EVERYTHING, product_id=other))
        codes = {"authorisation_letter_out_of_scope", "not_found"}

    refused = await changing_steps(scene, number, change)

    assert {code(each) for each in refused.values()} <= codes, {
        name: each.text for name, each in refused.items() if code(each) not in codes
    }
    assert await changing.read(change) == before


@pytest.mark.parametrize(
    ("power", "may"),
    [
        ("draft", {"draft", "revise", "material", "read"}),
        ("submit", {"submit", "read"}),
        ("correct", {"resubmit", "read"}),
        ("withdraw", {"withdraw", "read"}),
        ("respond", {"read"}),
    ],
)
async def test_a_power_lets_an_agent_do_its_part_of_a_change_and_no_other(
    scene: Agency, power: str, may: set[str]
) -> None:
    _, number = await scene.certified()
    change = await Changing(scene, number).drafted()
    must(await scene.letter(power))

    answers = await changing_steps(scene, number, change)

    # Whether the change itself allows the step is another question: one of its kind is open.
    refused = {name for name, each in answers.items() if each.status_code == 403}
    assert {code(answers[name]) for name in refused} <= {
        "permission_missing",
        "authorisation_letter_out_of_scope",
    }
    assert answers.keys() - refused == may


async def test_an_agent_renews_within_its_letter_and_cancels_nothing(scene: Agency) -> None:
    nda = await offering(scene, NDA, on=dt.date(2026, 7, 6))
    _, number = await nda.waived()
    await go_to(scene, dt.date(2031, 6, 30))
    other = await scene.describe(name="另一名称的产品")
    path, counts = f"/api/v1/certificates/{number}/requests", {"valid_to": "2031-12-31"}
    asked = {"kind": "renewal", "reason": "继续经营"}

    must(await scene.letter("withdraw", **counts))
    not_named = await scene.acting().post(path, asked)
    must(await scene.letter("submit", product_id=other, **counts))
    elsewhere = await scene.acting().post(path, asked)
    must(await scene.letter("submit", product_id=nda.scene.product_id, **counts))
    request = must(await scene.acting().post(path, asked))["id"]
    cancelled = await scene.acting().post(path, {"kind": "cancellation", "reason": "不做了"})
    withdrawn = await scene.acting().post(f"/api/v1/certificate-requests/{request}/withdrawals")

    assert code(not_named) == "permission_missing"
    assert code(elsewhere) == "authorisation_letter_out_of_scope"
    assert code(cancelled) == "authorisation_letter_out_of_scope"
    assert cancelled.json()["facts"]["power"] == "deregister"
    assert withdrawn.json()["state"] == "withdrawn"
