"""Transfers of rights under 国数综政策〔2026〕35号 第三十四条: both sign, the registrar adjusts the certificate."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.rulebooks.steps import Step
from catalog.signing.purposes import Purpose
from tests.api import Api, code
from tests.journeys.test_transfers import Handing
from tests.makers_identity import MAKER
from tests.makers_national import NDA, NDRC, National, cited, go_to, offering
from tests.makers_registration import OwnKey, make_scene, must

MONDAY = dt.date(2026, 7, 6)


async def handing_under(
    api: Api, db: Database, clock: ManualClock, rulebook: str, **changes: Any
) -> tuple[Handing, National]:
    made = await make_scene(api, db, clock)
    scene = Handing(api, db, clock)
    vars(scene).update(vars(made))
    national = await offering(scene, rulebook, on=MONDAY)
    if changes:
        own, other = str(scene.supplier.party.id), str(scene.objector.party.id)
        changes = {
            "rights": [
                {"right": "hold", "party_id": own},
                {"right": "use", "party_id": other},
                {"right": "operate", "party_id": own},
            ],
            "consenting": (scene.objector,),
        }
    _, scene.number = await national.certified(**changes)
    scene.seller_key, scene.buyer_key = OwnKey(Purpose.CONTRACT), OwnKey(Purpose.CONTRACT)
    for key, who in ((scene.seller_key, scene.supplier), (scene.buyer_key, scene.objector)):
        must(await key.register(scene.by(who), who.party.id))
    return scene, national


async def rights_of(db: Database, number: str) -> dict[str, str]:
    async with begin(db, MAKER) as tx:
        rows = await tx.fetch(
            "SELECT right_name, holder_party_id FROM catalog.registered_rights"
            " WHERE certificate_number = $1",
            number,
        )
    return {row["right_name"]: str(row["holder_party_id"]) for row in rows}


async def test_what_the_registrant_holds_goes_over_and_what_others_hold_stays(
    api: Api, db: Database, clock: ManualClock
) -> None:
    scene, national = await handing_under(api, db, clock, NDA, shared=True)
    before = must(await scene.api.get(f"/api/v1/certificates/{scene.number}"))
    offered = must(await scene.offer())
    early = await scene.hand_over()
    must(await scene.sign(offered))
    clock_ = await national.clock_of(offered["id"], "transfer")
    bureau = await scene.authorise_transfer(offered)

    new = must(await scene.hand_over())

    buyer = scene.objector.party
    assert code(early) == "transfer_not_signed"
    assert code(bureau) == "transfer_needs_no_authorisation"
    content = new["content"]
    assert [held["name"] for held in content["right_holders"]] == [buyer.name] * 3
    assert [held["right"] for held in content["right_holders"]] == ["hold", "use", "operate"]
    assert [owner["name"] for owner in content["owners"]] == [buyer.name]
    assert "authorised_by" not in content
    assert (content["registration_type"], content["supersedes"]) == ("transfer", scene.number)
    assert new["valid_through"] == before["valid_through"]
    assert await rights_of(db, new["number"]) == dict.fromkeys(
        ("hold", "use", "operate"), str(buyer.id)
    )
    assert clock_["period"]["source"] == "NDA35-28"
    assert (await national.clock_of(offered["id"], "transfer", timer_state="met"))["met_at"]
    told = await cited(db, f"transfer:{offered['id']}")
    assert {rules for found in told.values() for rules in found} == {
        national.book.cites(Step.TRANSFER)
    }


async def test_the_ten_days_run_from_the_second_signature_over_a_holiday_and_end_with_the_offer(
    api: Api, db: Database, clock: ManualClock
) -> None:
    scene, national = await handing_under(api, db, clock, NDA)
    await go_to(scene, dt.date(2026, 9, 21))
    offered = must(await scene.offer())
    await go_to(scene, dt.date(2026, 9, 24))
    must(await scene.sign(offered))

    running = await national.clock_of(offered["id"], "transfer")
    must(await scene.step("transfer-withdrawals", scene.objector))

    # 28 to 30 September, 8 to 10 October (Saturday the 10th is worked), 12 to 15 October.
    assert (running["started_on"], running["due_on"]) == ("2026-09-24", "2026-10-15")
    ended = await national.clock_of(offered["id"], "transfer", timer_state="cancelled")
    assert ended["id"] == running["id"]
    assert (await scene.api.get(f"/api/v1/certificates/{scene.number}")).json()["state"] == "active"


@pytest.mark.parametrize("rulebook", [NDRC])
async def test_a_rulebook_without_transfers_refuses_them_by_name(
    api: Api, db: Database, clock: ManualClock, rulebook: str
) -> None:
    scene, _ = await handing_under(api, db, clock, rulebook)

    assert code(await scene.offer()) == "voluntary_transfer_not_allowed"


async def test_what_is_disputed_is_handed_on_by_nobody(
    api: Api, db: Database, clock: ManualClock
) -> None:
    scene, _ = await handing_under(api, db, clock, NDA)
    offered = must(await scene.offer())
    must(await scene.sign(offered))
    must(await scene.object_to(certificate_number=scene.number))

    refused = await scene.hand_over()

    assert code(refused) == "certificate_encumbered"
