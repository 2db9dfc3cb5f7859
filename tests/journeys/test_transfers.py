"""A certificate is handed on by agreement where the rules are set so, and by nobody else (A22)."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.signing.purposes import Purpose
from tests.api import Api, code
from tests.journeys.test_changes import let
from tests.journeys.test_encumbrances import encumber
from tests.makers_identity import Member
from tests.makers_registration import OwnKey, Scene, make_scene, must
from tests.stages import staged

FLAG = "voluntary_transfer_allowed"
CONTRACT = "转让合同"


class Handing(Scene):
    """A certified product whose registrant and whose objector come to an agreement."""

    number: str
    seller_key: OwnKey
    buyer_key: OwnKey

    def agreement(self, **changes: Any) -> dict[str, Any]:
        return {
            "certificate_number": self.number,
            "from_party_id": str(self.supplier.party.id),
            "to_party_id": str(self.objector.party.id),
            "contract_sha256": hashlib.sha256(CONTRACT.encode()).hexdigest(),
            "agreed_on": self.today(),
        } | changes

    async def offer(
        self, who: Member | None = None, key: OwnKey | None = None, **changes: Any
    ) -> httpx.Response:
        agreement = self.agreement(**changes)
        return await self.step(
            "transfers",
            who or self.supplier,
            agreement=agreement,
            signature=(key or self.seller_key).seal(agreement),
            file_id=await self.upload(who or self.supplier, CONTRACT),
        )

    async def step(self, step: str, who: Member, **body: Any) -> httpx.Response:
        return await self.by(who).post(f"/api/v1/certificates/{self.number}/{step}", body)

    async def sign(self, transfer: dict[str, Any], key: OwnKey | None = None) -> httpx.Response:
        import base64
        import json

        agreement = json.loads(base64.b64decode(transfer["agreement"]))
        seal = (key or self.buyer_key).seal(agreement)
        return await self.step("transfer-signatures", self.objector, signature=seal)

    async def authorise_transfer(
        self, transfer: dict[str, Any], key: OwnKey | None = None, **changes: Any
    ) -> httpx.Response:
        document = {
            "transfer_id": transfer["id"],
            "certificate_number": self.number,
            "agreement_sha256": transfer["agreement_sha256"],
            "authority": "海南省大数据管理局",
            "authorisation_number": "授权〔2026〕转让1号",
            "decided_on": self.today(),
        } | changes
        return await self.step(
            "transfer-authorisations",
            self.regulator,
            authorisation=document,
            signature=(key or self.authorisation_key).seal(document),
        )

    async def hand_over(self) -> httpx.Response:
        return await self.step("transfer-certificates", self.issuer)


async def make_handing(made: Scene) -> Handing:
    """Return a scene with a certified product, and both parties' keys."""
    handing = Handing(made.api, made.db, made.clock)
    vars(handing).update(vars(made))
    _, handing.number = await handing.certified()
    handing.seller_key, handing.buyer_key = OwnKey(Purpose.CONTRACT), OwnKey(Purpose.CONTRACT)
    for key, who in (
        (handing.seller_key, handing.supplier),
        (handing.buyer_key, handing.objector),
    ):
        must(await key.register(handing.by(who), who.party.id))
    return handing


@staged
async def scene(api: Api, db: Database, clock: ManualClock) -> Handing:
    return await make_handing(await make_scene(api, db, clock))


async def test_it_is_refused_by_name_while_the_rules_do_not_allow_it(scene: Handing) -> None:
    refused = await scene.offer()

    assert (refused.status_code, code(refused)) == (409, "voluntary_transfer_not_allowed")


async def test_both_sign_the_bureau_authorises_and_the_new_holder_has_its_own(
    scene: Handing,
) -> None:
    await let(scene, FLAG)
    offered = must(await scene.offer())
    early = [await scene.hand_over(), await scene.authorise_transfer(offered)]
    must(await scene.sign(offered))
    early.append(await scene.hand_over())
    forged = await scene.authorise_transfer(offered, key=scene.opinion_key)
    other = await scene.authorise_transfer(offered, agreement_sha256="0" * 64)
    must(await scene.authorise_transfer(offered))
    again = await scene.authorise_transfer(offered, authorisation_number="授权〔2026〕转让2号")
    new = must(await scene.hand_over())

    old = must(await scene.api.get(f"/api/v1/certificates/{scene.number}"))
    assert [code(each) for each in early] == [
        "transfer_not_signed",
        "transfer_not_signed",
        "issuance_not_authorised",
    ]
    assert code(forged) == "authorisation_signature_invalid"
    assert code(other) == "signed_for_another_case"
    assert code(again) == "transfer_authorised_already"
    assert (old["state"], old["superseded_by"]) == ("transferred", new["number"])
    assert new["content"]["registration_type"] == "transfer"
    assert new["content"]["authorised_by"]["authorisation_number"] == "授权〔2026〕转让1号"
    assert code(await scene.hand_over()) == "not_found"
    events = must(await scene.api.get("/api/v1/register-events"))["items"]
    assert [each["event"] for each in events] == ["issued", "transferred", "issued"]
    told = must(await scene.by(scene.objector).get("/api/v1/my/notifications"))["items"]
    assert {"transfer_signed", "certificate_issued"} <= {each["topic"] for each in told}


async def test_what_is_not_the_parties_agreement_is_refused(scene: Handing) -> None:
    await let(scene, FLAG)

    refused = [
        await scene.offer(key=scene.buyer_key),
        await scene.offer(to_party_id=str(scene.supplier.party.id)),
        await scene.offer(contract_sha256="0" * 64),
        await scene.offer(to_party_id="01890000-0000-7000-8000-000000000000"),
        await scene.step("transfer-withdrawals", scene.supplier),
    ]
    offered = must(await scene.offer())
    refused += [
        await scene.offer(),
        await scene.sign(offered, key=scene.seller_key),
        await scene.step("transfer-signatures", scene.issuer, signature=scene.seller_key.seal({})),
    ]
    must(await scene.sign(offered))
    refused.append(await scene.sign(offered))

    assert [code(each) for each in refused] == [
        "transfer_signature_invalid",
        "transfer_agreement_differs",
        "transfer_agreement_differs",
        "not_found",
        "not_found",
        "transfer_under_way",
        "transfer_signature_invalid",
        "not_found",
        "transfer_signed_already",
    ]


async def test_what_is_burdened_or_disputed_is_not_handed_on(scene: Handing) -> None:
    await let(scene, FLAG)
    offered = must(await scene.offer())
    must(await scene.sign(offered))
    must(await scene.authorise_transfer(offered))
    must(await encumber(scene, scene.number))

    at_the_end = await scene.hand_over()
    must(await scene.step("transfer-withdrawals", scene.objector))
    at_the_offer = await scene.offer()

    assert code(at_the_end) == code(at_the_offer) == "certificate_encumbered"
    shown = must(await scene.api.get(f"/api/v1/certificates/{scene.number}"))
    assert shown["state"] == "active"


async def test_a_stranger_sees_no_transfer(scene: Handing) -> None:
    await let(scene, FLAG)
    must(await scene.offer())
    path = f"/api/v1/certificates/{scene.number}/transfers"

    seen = [
        len(must(await scene.by(who).get(path))["items"])
        for who in (scene.supplier, scene.objector, scene.regulator, scene.agency)
    ]
    unknown = await scene.by(scene.supplier).get(
        "/api/v1/certificates/HN-QQ-2026-00000010/transfers"
    )

    assert seen == [1, 1, 1, 0]
    assert unknown.status_code == 404
