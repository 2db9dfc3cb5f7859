"""An objection disputes the right: it goes with it to whoever takes the certificate over (HN-19, HN-20)."""

from __future__ import annotations

from typing import Any

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.journeys.test_instruments import step, told, verified
from tests.makers_identity import Member, make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged


class Disputed(Scene):
    """A certificate that somebody disputes, and another who gets it by a judgment."""

    number: str
    third: Member

    async def objected(self, who: Member) -> str:
        return str(must(await self.object_to(certificate_number=self.number, who=who))["id"])

    async def at(self, objection: str, who: Member) -> Any:
        return await self.by(who).get(f"/api/v1/objections/{objection}")

    async def respond(self, objection: str, who: Member) -> Any:
        evidence = [await self.upload(who, "我方的证据")]
        return await self.objection_step(
            objection, "responses", who, {"statement": "属我方", "evidence_file_ids": evidence}
        )

    async def taken_over(self) -> str:
        """Let the objector, whom a judgment names, take the certificate over."""
        instrument = await verified(
            self,
            certificate_number=self.number,
            effect="new_holder",
            new_holder_party_id=str(self.objector.party.id),
        )
        must(await step(self, instrument, "transfers", self.objector))
        old = must(await self.api.get(f"/api/v1/certificates/{self.number}"))
        return str(old["superseded_by"])


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Disputed:
    made = await make_scene(api, db, clock)
    disputed = Disputed(api, db, clock)
    vars(disputed).update(vars(made))
    _, disputed.number = await disputed.certified()
    disputed.third = await make_member(db, Role.SUPPLIER, now=clock.now())
    return disputed


async def test_the_new_holder_is_heard_and_what_is_decided_is_done_to_its_certificate(
    scene: Disputed,
) -> None:
    objection = await scene.objected(scene.third)
    receipt = {"receipt": "挂号信 1 号"}
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, receipt))

    new = await scene.taken_over()

    moved = must(await scene.at(objection, scene.third))
    assert (moved["certificate_number"], moved["state"]) == (new, "received")
    assert moved["registrant_party_id"] == str(scene.objector.party.id)
    assert (moved["forwarded_at"], moved["response_due_on"]) == (None, None)
    assert (await scene.at(objection, scene.supplier)).status_code == 404
    assert (await scene.at(objection, scene.objector)).status_code == 404  # not forwarded yet
    ended = await scene.by(scene.objector).post(
        f"/api/v1/certificates/{new}/deregistrations",
        {"reason": "不再经营", "open_orders_acknowledged": True},
    )
    assert (ended.status_code, code(ended)) == (409, "certificate_encumbered")
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, receipt))
    assert "objection_forwarded" in await told(scene, scene.objector)
    refused = await scene.respond(objection, scene.supplier)
    must(await scene.respond(objection, scene.objector))
    decided = {"outcome": "revoke", "reasons": "权属不清"}
    must(await scene.objection_step(objection, "determinations", scene.adjudicator, decided))
    for who in (scene.third, scene.objector):
        must(await scene.objection_step(objection, "acceptances", who, {"accepts": True}))

    assert refused.status_code == 404
    states = [
        must(await scene.api.get(f"/api/v1/certificates/{number}"))["state"]
        for number in (scene.number, new)
    ]
    assert states == ["transferred", "revoked"]
    assert must(await scene.at(objection, scene.third))["closing"] == "carried_out"


async def test_what_the_old_holder_answered_stands_and_the_new_one_reads_it(
    scene: Disputed,
) -> None:
    objection = await scene.objected(scene.third)
    receipt = {"receipt": "挂号信 1 号"}
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, receipt))
    must(await scene.respond(objection, scene.supplier))

    await scene.taken_over()

    seen = must(await scene.at(objection, scene.objector))
    assert (seen["state"], seen["response"]["statement"]) == ("under_determination", "属我方")
    evidence = seen["evidence"][0]["file_id"]
    readers = {
        who: (await scene.by(getattr(scene, who)).get(f"/api/v1/files/{evidence}")).status_code
        for who in ("objector", "supplier")
    }
    assert readers == {"objector": 200, "supplier": 404}
    assert "objection_forwarded" in await told(scene, scene.objector)


async def test_whoever_gets_the_right_by_a_judgment_disputes_it_no_more(scene: Disputed) -> None:
    own = await scene.objected(scene.objector)
    other = await scene.objected(scene.third)

    new = await scene.taken_over()

    closed = must(await scene.at(own, scene.objector))
    assert (closed["state"], closed["closing"]) == ("closed", "by_instrument")
    assert must(await scene.at(other, scene.third))["certificate_number"] == new
    assert (await told(scene, scene.objector)).count("objection_closed") == 1
