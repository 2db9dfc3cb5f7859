"""What is wrong with data is traced to its source, answered in ten working days, and told of (BJ-24, GD-03)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import PartyId
from catalog.products.operations import publishing
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member, make_party
from tests.makers_products import make_description, make_source
from tests.stages import staged


class Scene(msgspec.Struct):
    """Who takes part: a product, made from another supplier's resource."""

    api: Api
    buyer: Member
    supplier: Member
    provider: Member
    reviewer: Member
    product: str
    resource: str

    def by(self, who: Member) -> Api:
        return self.api.as_(who.token)

    async def do(self, who: Member, issue: str, step: str, body: Any = None) -> Any:
        return await self.by(who).post(f"/api/v1/quality-issues/{issue}/{step}", body)

    async def reported(self, **said: Any) -> str:
        body = {"dimension": "accuracy", "description": "三月的数值偏大一倍", **said}
        done = await self.by(self.buyer).post(
            f"/api/v1/products/{self.product}/quality-issues", body
        )
        assert done.status_code == 201, done.text
        return str(done.json()["id"])

    async def traced(self) -> str:
        issue = await self.reported()
        for node in (self.product, self.resource):
            done = await self.do(
                self.reviewer, issue, "hops", {"product_id": node, "result": "此处与来源一致"}
            )
            assert done.status_code == 200, done.text
        return issue

    async def assigned(self) -> str:
        issue = await self.traced()
        done = await self.do(self.reviewer, issue, "assignments")
        assert done.status_code == 200, done.text
        return issue


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Scene:
    now = clock.now()
    operator = await make_party(db, Capacity.SUPERMARKET_OPERATOR, now=now, name="运营者")
    buyer = await make_member(db, Role.BUYER, now=now)
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    provider = await make_member(db, Role.SUPPLIER, now=now)
    reviewer = await make_member(db, Role.OPERATOR_TECHNICAL_REVIEWER, now=now, party=operator)
    resource = await described(api.as_(provider.token), sharing_type="unconditional")
    await show(db, clock, resource)
    source = make_source(resource_id=uuid.UUID(resource))
    product = await described(api.as_(supplier.token), sources=(source,))
    await show(db, clock, product)
    return Scene(api, buyer, supplier, provider, reviewer, product, resource)


async def described(who: Api, **changes: Any) -> str:
    body = msgspec.to_builtins(make_description(**changes))
    done = await who.post("/api/v1/products", body)
    assert done.status_code == 201, done.text
    return str(done.json()["id"])


async def show(db: Database, clock: ManualClock, product: str) -> None:
    async with begin(db, system("test")) as tx:
        await publishing.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(product), is_public=True
        )


async def topics(scene: Scene, who: Member) -> list[str]:
    inbox = (await scene.by(who).get("/api/v1/my/notifications")).json()["items"]
    return [each["topic"] for each in inbox]


async def test_an_issue_walks_up_is_answered_and_told_of(scene: Scene) -> None:
    issue = await scene.assigned()

    assigned = (await scene.by(scene.provider).get(f"/api/v1/quality-issues/{issue}")).json()
    answered = await scene.do(
        scene.provider, issue, "answers", {"is_fixed": True, "reply": "传感器已校准，数据已重算"}
    )
    told = await scene.do(scene.reviewer, issue, "feedbacks", {"feedback": "来源方已纠正"})
    closed = await scene.do(scene.buyer, issue, "closures")

    assert [hop["product_id"] for hop in assigned["hops"]] == [scene.product, scene.resource]
    assert assigned["provider_party_id"] == str(scene.provider.party.id)
    assert assigned["due_on"] is not None
    assert [done.json()["state"] for done in (answered, told, closed)] == [
        "fixed",
        "fed_back",
        "closed",
    ]
    assert await topics(scene, scene.supplier) == ["quality_issue_reported"]
    assert await topics(scene, scene.provider) == ["quality_issue_assigned"]
    assert await topics(scene, scene.buyer) == ["quality_issue_fed_back"]
    mine = (await scene.by(scene.buyer).get("/api/v1/quality-issues")).json()["items"]
    assert [each["id"] for each in mine] == [issue]


async def test_an_answer_that_does_not_come_is_overdue(scene: Scene, clock: ManualClock) -> None:
    issue = await scene.assigned()
    clock.move_by(dt.timedelta(days=30))

    await scene.api.run_jobs()

    from catalog.timers import queries as timers

    async with begin(scene.api.context.db, system("test")) as tx:
        found = await timers.list_for_subject(
            tx, subject_kind="quality_issue", subject_id=uuid.UUID(issue)
        )
    assert [(timer.kind, timer.state.value) for timer in found] == [("quality_answer", "overdue")]
    assert found[0].party_id == PartyId(scene.provider.party.id)


async def test_a_provider_may_say_why_there_is_nothing_to_put_right(scene: Scene) -> None:
    issue = await scene.assigned()

    rejected = await scene.do(
        scene.provider, issue, "answers", {"is_fixed": False, "reply": "数值经复核无误"}
    )

    assert rejected.json()["state"] == "rejected"
    again = await scene.do(scene.provider, issue, "answers", {"is_fixed": True, "reply": "x"})
    assert code(again) == "quality_issue_event_not_allowed"


async def test_no_step_is_left_out_and_nobody_else_does_it(scene: Scene, db: Database) -> None:
    issue = await scene.reported(column="数值", row=7)
    hop = {"product_id": scene.resource, "result": "x"}

    assert code(await scene.do(scene.reviewer, issue, "hops", hop)) == "quality_hop_not_next"
    early = await scene.do(scene.reviewer, issue, "assignments")
    assert code(early) == "quality_issue_event_not_allowed"
    assert (await scene.do(scene.supplier, issue, "hops", hop)).status_code == 403
    assert (await scene.do(scene.buyer, issue, "assignments")).status_code == 403
    # The supplier of the product knows of it; who supplies something else does not.
    assert (
        await scene.by(scene.supplier).get(f"/api/v1/quality-issues/{issue}")
    ).status_code == 200
    assert (
        await scene.by(scene.provider).get(f"/api/v1/quality-issues/{issue}")
    ).status_code == 404
    kept = (await scene.by(scene.buyer).get(f"/api/v1/quality-issues/{issue}")).json()
    assert (kept["state"], kept["hops"], kept["row"]) == ("reported", [], 7)


async def test_only_the_provider_answers_and_only_the_reporter_closes(scene: Scene) -> None:
    issue = await scene.assigned()
    answer = {"is_fixed": True, "reply": "x"}

    assert (await scene.do(scene.supplier, issue, "answers", answer)).status_code == 404
    assert (await scene.do(scene.provider, issue, "answers", answer)).status_code == 200
    assert (await scene.do(scene.supplier, issue, "closures")).status_code == 404
    early = await scene.do(scene.buyer, issue, "closures")
    assert code(early) == "quality_issue_event_not_allowed"


async def test_a_product_that_nobody_may_see_is_reported_by_nobody(scene: Scene) -> None:
    hidden = await described(scene.by(scene.provider))
    body = {"dimension": "timeliness", "description": "没有更新"}

    done = await scene.by(scene.buyer).post(f"/api/v1/products/{hidden}/quality-issues", body)

    assert done.status_code == 404
    assert (
        await scene.api.post(f"/api/v1/products/{scene.product}/quality-issues", body)
    ).status_code == 401
