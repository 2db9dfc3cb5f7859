"""Every joint owner signs, or authorises one, and nothing is certified against one (HN-08(7), A42)."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import MAKER, Member, make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged


class Owners(Scene):
    """A scene with two more owners: one is the objector, one has no role at all."""

    second: Member
    third: Member

    def shares(self, *shares: tuple[Member, int, int]) -> list[dict[str, Any]]:
        """Return owners as the form names them; a third each, if nothing else is said."""
        named = shares or ((self.supplier, 1, 3), (self.second, 1, 3), (self.third, 1, 3))
        return [
            {
                "party_id": str(who.party.id),
                "share_numerator": numerator,
                "share_denominator": denominator,
            }
            for who, numerator, denominator in named
        ]

    async def filled_in(self, **changes: Any) -> str:
        """Return an application with all materials that nobody has consented to."""
        application = await self.drafted(owners=self.shares(), **changes)
        must(await self.hand_in(application, "joint_ownership_shares"))
        return application

    async def dossier(self, application: str, who: Member | None = None) -> dict[str, Any]:
        """Return what stands in an application."""
        return must(
            await self.by(who or self.supplier).get(f"/api/v1/applications/{application}/dossier")
        )

    async def consent(
        self, application: str, who: Member, sha256: str | None = None
    ) -> httpx.Response:
        """Consent to what stands there."""
        content = sha256 or (await self.dossier(application, who))["content_sha256"]
        return await self.by(who).post(
            f"/api/v1/applications/{application}/consents", {"content_sha256": content}
        )

    async def take_back(self, application: str, who: Member) -> httpx.Response:
        """Take a consent back."""
        return await self.by(who).post(
            f"/api/v1/applications/{application}/consent-withdrawals", {"reason": "份额有误"}
        )


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Owners:
    made = await make_scene(api, db, clock)
    found = Owners(api, db, clock)
    vars(found).update(vars(made))
    found.second = await make_member(db, Role.SUPPLIER, now=clock.now())
    found.third = await make_member(db, Role.BUYER, now=clock.now())
    return found


async def topics(scene: Scene, who: Member) -> list[str]:
    return [
        each["topic"] for each in must(await scene.by(who).get("/api/v1/my/notifications"))["items"]
    ]


async def test_three_thirds_are_one_and_every_owner_consents(scene: Owners) -> None:
    application = await scene.filled_in()
    nobody = await scene.submit(application)
    must(await scene.consent(application, scene.second))
    one = await scene.submit(application)
    must(await scene.consent(application, scene.third))

    submitted = await scene.submit(application)

    names = [scene.second.party.name, scene.third.party.name]
    assert (nobody.status_code, code(nobody)) == (409, "owner_consent_missing")
    assert nobody.json()["facts"] == {"owners": names, "void": []}
    assert one.json()["facts"]["owners"] == [scene.third.party.name]
    assert submitted.status_code == 200
    assert "owner_named" in await topics(scene, scene.third)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 4), (333_333, 1_000_000), (1, 2)])
async def test_shares_that_do_not_make_one_are_refused_before_anybody_consents(
    scene: Owners, numerator: int, denominator: int
) -> None:
    shares = scene.shares(
        (scene.supplier, 1, 3), (scene.second, 1, 3), (scene.third, numerator, denominator)
    )
    application = await scene.drafted(owners=shares)
    must(await scene.hand_in(application, "joint_ownership_shares"))

    assert code(await scene.submit(application)) == "owner_shares_not_one"


async def test_a_consent_is_void_when_anything_changes(scene: Owners) -> None:
    application = await scene.filled_in()
    for owner in (scene.second, scene.third):
        must(await scene.consent(application, owner))
    must(await scene.hand_in(application, "source_proof", "另一份来源证明"))

    void = await scene.submit(application)
    old = await scene.consent(application, scene.second, "ab" * 32)
    for owner in (scene.second, scene.third):
        must(await scene.consent(application, owner))

    assert void.json()["facts"]["void"] == [scene.second.party.name, scene.third.party.name]
    assert (old.status_code, code(old)) == (409, "owner_consent_to_other_content")
    assert code(await scene.consent(application, scene.third)) == "owner_consent_given_already"
    assert (await scene.submit(application)).status_code == 200


async def test_an_owner_sees_its_case_with_its_files_and_others_do_not(scene: Owners) -> None:
    application = await scene.filled_in()
    path = f"/api/v1/applications/{application}"
    file = next(m["file_id"] for m in (await scene.read(application))["materials"] if m["file_id"])

    seen = await scene.by(scene.third).get(path)
    listed = must(await scene.by(scene.third).get("/api/v1/applications"))["items"]
    read = await scene.by(scene.third).get(f"/api/v1/files/{file}/content")

    assert seen.status_code == 200
    assert [each["id"] for each in listed] == [application]
    assert read.status_code == 200
    for stranger in (scene.objector, scene.agency):
        assert (await scene.by(stranger).get(path)).status_code == 404
        assert (await scene.by(stranger).get(f"{path}/dossier")).status_code == 404
    assert (await scene.by(scene.acceptor).get(f"{path}/dossier")).status_code == 404


async def test_who_is_named_no_more_sees_nothing_more(scene: Owners) -> None:
    application = await scene.filled_in()
    found = await scene.read(application)
    file = next(m["file_id"] for m in found["materials"] if m["file_id"])
    form = {
        "is_first_registration": True,
        "owners": scene.shares((scene.supplier, 1, 2), (scene.second, 1, 2)),
    }

    must(
        await scene.by(scene.supplier).put(
            f"/api/v1/applications/{application}",
            form,
            if_match=f'"{found["application"]["version"]}"',
        )
    )

    third = scene.by(scene.third)
    assert (await third.get(f"/api/v1/applications/{application}")).status_code == 404
    assert (await third.get(f"/api/v1/files/{file}")).status_code == 404
    assert code(await scene.consent(application, scene.third, "ab" * 32)) == "not_found"


async def test_only_another_owner_consents_and_only_for_itself(scene: Owners) -> None:
    application = await scene.filled_in()
    content = (await scene.dossier(application))["content_sha256"]

    refused = [
        await scene.consent(application, scene.supplier, content),
        await scene.consent(application, scene.objector, content),
        await scene.take_back(application, scene.objector),
        await scene.take_back(application, scene.second),
    ]

    assert [(each.status_code, code(each)) for each in refused] == [
        (404, "not_found"),
        (404, "not_found"),
        (404, "not_found"),
        (409, "owner_consent_not_given"),
    ]


async def test_an_owner_without_an_account_signs_on_paper_and_is_told(scene: Owners) -> None:
    application = await scene.filled_in()
    must(await scene.consent(application, scene.second))
    content = (await scene.dossier(application))["content_sha256"]
    path = f"/api/v1/applications/{application}/consent-documents"
    body = {
        "owner_party_id": str(scene.third.party.id),
        "content_sha256": content,
        "file_id": await scene.upload(scene.supplier, "同意书"),
    }

    other = await scene.by(scene.supplier).post(path, body | {"content_sha256": "ab" * 32})
    stranger = await scene.by(scene.supplier).post(
        path, body | {"owner_party_id": str(scene.objector.party.id)}
    )
    not_its_file = await scene.by(scene.supplier).post(
        path, body | {"file_id": await scene.upload(scene.objector, "他人文件")}
    )
    not_the_applicant = await scene.by(scene.second).post(path, body)
    given = must(await scene.by(scene.supplier).post(path, body))

    assert code(other) == "owner_consent_to_other_content"
    assert [each.status_code for each in (stranger, not_its_file, not_the_applicant)] == [404] * 3
    assert given["basis"] == "signed_document"
    assert len(given["file_sha256"]) == 64
    assert "owner_consent_recorded" in await topics(scene, scene.third)
    assert (await scene.by(scene.third).get(f"/api/v1/files/{given['file_id']}")).status_code == 200
    assert (await scene.submit(application)).status_code == 200


async def test_an_owner_may_let_the_applicant_consent_for_it(scene: Owners) -> None:
    application = await scene.filled_in()
    must(await scene.consent(application, scene.second))

    async def letter(**said: Any) -> str:
        body = {
            "agent_party_id": str(scene.supplier.party.id),
            "powers": ["consent"],
            "valid_from": "2026-03-02",
            "valid_to": "2026-06-30",
            "file_id": await scene.upload(scene.third, "委托书"),
        } | said
        given = must(await scene.by(scene.third).post("/api/v1/authorisation-letters", body))
        return str(given["id"])

    await letter(powers=["draft"])
    await letter(valid_from="2026-03-09")
    revoked = await letter()
    must(
        await scene.by(scene.third).post(
            f"/api/v1/authorisation-letters/{revoked}/revocations", {"reason": "另行商议"}
        )
    )
    not_yet = await scene.submit(application)
    await letter()
    submitted = await scene.submit(application)

    assert not_yet.json()["facts"]["owners"] == [scene.third.party.name]
    assert submitted.status_code == 200
    consents = (await scene.read(application))["consents"]
    assert [each["basis"] for each in consents] == ["own_account", "authorisation_letter"]


async def test_a_consent_taken_back_stops_the_way_to_the_certificate(scene: Owners) -> None:
    application = await scene.filled_in()
    for owner in (scene.second, scene.third):
        must(await scene.consent(application, owner))
    must(await scene.submit(application))
    must(await scene.accept(application))
    must(await scene.start_review(application))
    must(await scene.technical_opinion(application))
    must(await scene.compliance_opinion(application))

    must(await scene.take_back(application, scene.third))
    stopped = [await scene.decide(application)]
    must(await scene.consent(application, scene.third))
    must(await scene.decide(application))
    must(await scene.take_back(application, scene.third))
    stopped.append(await scene.publish(application))
    must(await scene.consent(application, scene.third))
    notice = must(await scene.publish(application))["id"]
    must(await scene.confirm(notice))
    await scene.pass_notice(notice)
    must(await scene.take_back(application, scene.third))
    stopped.append(await scene.authorise(application))
    must(await scene.consent(application, scene.third))
    must(await scene.authorise(application))
    must(await scene.take_back(application, scene.third))
    stopped.append(await scene.issue(application))
    must(await scene.consent(application, scene.third))

    issued = await scene.issue(application)

    assert [code(each) for each in stopped] == ["owner_consent_missing"] * 4
    assert issued.status_code == 201
    assert "owner_consent_withdrawn" in await topics(scene, scene.supplier)
    assert "owner_consent_withdrawn" in await topics(scene, scene.acceptor)
    assert code(await scene.take_back(application, scene.third)) == "registration_event_not_allowed"


async def test_a_reason_is_given_for_taking_a_consent_back(scene: Owners) -> None:
    application = await scene.filled_in()
    must(await scene.consent(application, scene.third))

    refused = await scene.by(scene.third).post(
        f"/api/v1/applications/{application}/consent-withdrawals", {"reason": " "}
    )

    assert code(refused) == "owner_consent_withdrawal_reason_missing"


async def test_consenting_twice_at_once_is_one_consent(scene: Owners) -> None:
    application = await scene.filled_in()
    content = (await scene.dossier(application))["content_sha256"]

    answers = await asyncio.gather(
        *(scene.consent(application, scene.third, content) for _ in range(6))
    )

    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409, 409, 409]


async def test_handing_in_and_taking_back_at_once_leave_no_submission_without_consent(
    scene: Owners,
) -> None:
    application = await scene.filled_in()
    for owner in (scene.second, scene.third):
        must(await scene.consent(application, owner))

    submitted, taken_back = await asyncio.gather(
        scene.submit(application), scene.take_back(application, scene.third)
    )

    assert taken_back.status_code == 200
    assert submitted.status_code == 200 or code(submitted) == "owner_consent_missing"
    missing = (await scene.dossier(application))["consents_missing"]
    assert missing == [str(scene.third.party.id)]


async def test_corrections_show_what_is_done_and_need_the_owners_again(scene: Owners) -> None:
    application = await scene.filled_in()
    for owner in (scene.second, scene.third):
        must(await scene.consent(application, owner))
    must(await scene.submit(application))
    items = [
        {"target": f"material:{kind}", "problem": "缺盖章", "required_action": "补盖章"}
        for kind in ("source_proof", "application_form")
    ]
    must(await scene.accept(application, result="correction_required", items=items))
    must(await scene.hand_in(application, "source_proof", "已盖章"))

    half = await scene.resubmit(application)
    progress = (await scene.dossier(application))["corrections"]
    must(await scene.hand_in(application, "application_form", "已盖章"))
    without = await scene.resubmit(application)
    for owner in (scene.second, scene.third):
        must(await scene.consent(application, owner))

    assert half.json()["facts"]["items"] == ["material:application_form"]
    assert [(each["item"]["target"], each["is_done"]) for each in progress] == [
        ("material:source_proof", True),
        ("material:application_form", False),
    ]
    assert code(without) == "owner_consent_missing"
    assert (await scene.resubmit(application)).status_code == 200


async def test_a_consent_is_only_withdrawn_and_never_altered(scene: Owners, db: Database) -> None:
    application = await scene.filled_in()
    must(await scene.consent(application, scene.third))
    must(await scene.take_back(application, scene.third))

    for change in ("content_sha256 = repeat('ab', 32)", "withdrawn_at = now()"):
        with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
            async with begin(db, MAKER) as tx:
                await tx.execute(f"UPDATE catalog.application_consents SET {change}")
