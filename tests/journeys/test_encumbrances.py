"""Pledges, trusts, insurance and seizures: what burdens a certificate keeps it where it is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api import code
from tests.journeys.test_instruments import step, verified
from tests.makers_changes import Changing
from tests.makers_identity import Member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

UNKNOWN = "01890000-0000-7000-8000-000000000000"


scene = staged(make_scene)


async def encumber(scene: Scene, number: str, **said: Any) -> httpx.Response:
    body = {
        "kind": "pledge",
        "beneficiary": "示例银行股份有限公司",
        "document_number": "质字2026001号",
        "file_id": await scene.upload(scene.issuer, "质押合同"),
        "since_on": "2026-03-01",
    } | said
    return await scene.by(scene.issuer).post(f"/api/v1/certificates/{number}/encumbrances", body)


async def release(scene: Scene, burden: str, **said: Any) -> httpx.Response:
    body = {"file_id": await scene.upload(scene.issuer, "解押证明"), "reason": "债务清偿"} | said
    return await scene.by(scene.issuer).post(f"/api/v1/encumbrances/{burden}/releases", body)


async def deregister(scene: Scene, number: str) -> httpx.Response:
    return await scene.by(scene.supplier).post(
        f"/api/v1/certificates/{number}/deregistrations", {"reason": "不再经营"}
    )


@pytest.mark.parametrize("kind", ["pledge", "trust", "insurance", "seizure"])
async def test_a_burdened_certificate_is_not_deregistered_until_the_burden_is_released(
    scene: Scene, kind: str
) -> None:
    _, number = await scene.certified()
    burden = must(await encumber(scene, number, kind=kind))

    refused = await deregister(scene, number)
    shown = must(await scene.api.get(f"/api/v1/certificates/{number}"))
    must(await release(scene, burden["id"]))
    done = await deregister(scene, number)

    assert (refused.status_code, code(refused)) == (409, "certificate_encumbered")
    assert refused.json()["facts"]["burdens"] == [{"kind": kind, "for": "示例银行股份有限公司"}]
    assert shown["encumbrances"] == [
        {"kind": kind, "since_on": "2026-03-01", "until_on": None, "rank": 1}
    ]
    assert shown["state"] == "active"
    assert done.json()["state"] == "deregistered"


async def test_a_burden_stands_from_its_first_to_its_last_day(scene: Scene) -> None:
    _, number = await scene.certified()
    must(await encumber(scene, number, until_on="2026-03-05"))
    must(await encumber(scene, number, kind="trust", since_on="2027-01-01"))

    # It is past 11 March: the pledge is over, the trust has not begun.
    assert (await deregister(scene, number)).json()["state"] == "deregistered"


async def test_a_new_holder_does_not_deregister_what_somebody_has_a_right_in(scene: Scene) -> None:
    _, number = await scene.certified()
    must(await encumber(scene, number))
    lodged = must(
        await scene.by(scene.objector).post(
            "/api/v1/instruments",
            {
                "certificate_number": number,
                "kind": "award",
                "issuing_body": "示例仲裁委员会",
                "document_number": "（2026）示仲裁字1号",
                "issued_on": "2026-03-01",
                "effect": "new_holder",
                "new_holder_party_id": str(scene.objector.party.id),
                "file_id": await scene.upload(scene.objector, "裁决书"),
            },
        )
    )
    path = f"/api/v1/instruments/{lodged['id']}"
    must(await scene.by(scene.adjudicator).post(f"{path}/checks", {"effective_on": "2026-03-02"}))
    must(await scene.by(scene.issuer).post(f"{path}/verifications"))

    refused = await scene.by(scene.objector).post(f"{path}/deregistrations")

    assert code(refused) == "certificate_encumbered"
    assert must(await scene.api.get(f"/api/v1/certificates/{number}"))["state"] == "frozen"


async def test_a_burden_that_can_not_be_is_refused(scene: Scene) -> None:
    _, number = await scene.certified()
    burden = must(await encumber(scene, number))["id"]
    must(await release(scene, burden))

    refused = [
        await encumber(scene, number, until_on="2026-02-01"),
        await encumber(scene, number, file_id=UNKNOWN),
        await encumber(scene, "HN-QQ-2026-00000010"),
        await release(scene, burden),
        await release(scene, UNKNOWN),
        await scene.by(scene.supplier).post(
            f"/api/v1/encumbrances/{burden}/releases", {"file_id": UNKNOWN, "reason": "清偿"}
        ),
    ]
    must(await deregister(scene, number))
    refused.append(await encumber(scene, number))

    assert [code(each) for each in refused] == [
        "encumbrance_period_invalid",
        "not_found",
        "not_found",
        "encumbrance_released_already",
        "not_found",
        "permission_missing",
        "certificate_event_not_allowed",
    ]


async def test_for_whom_it_stands_is_told_to_the_registrant_and_not_to_strangers(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    must(await encumber(scene, number))
    path = f"/api/v1/certificates/{number}/encumbrances"

    own = must(await scene.by(scene.supplier).get(path))
    staff = must(await scene.by(scene.regulator).get(path))
    stranger = await scene.by(scene.objector).get(path)

    assert [each["beneficiary"] for each in own["items"]] == ["示例银行股份有限公司"]
    assert staff == own
    assert (stranger.status_code, code(stranger)) == (404, "not_found")


async def shown(scene: Scene, number: str) -> list[tuple[str, int]]:
    """Return the kind and rank of the burdens that everybody sees."""
    found = must(await scene.api.get(f"/api/v1/certificates/{number}"))["encumbrances"]
    return [(each["kind"], each["rank"]) for each in found]


async def topics(scene: Scene, who: Member) -> list[str]:
    found = must(await scene.by(who).get("/api/v1/my/notifications", limit=100))["items"]
    return [each["topic"] for each in found]


async def test_two_burdens_rank_as_they_were_entered_and_the_second_moves_up(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    first = must(await encumber(scene, number))["id"]
    must(await encumber(scene, number, kind="trust", since_on="2026-01-01"))

    both = await shown(scene, number)
    must(await release(scene, first))
    still = await deregister(scene, number)

    assert both == [("pledge", 1), ("trust", 2)]  # entered first, whatever its first day
    assert await shown(scene, number) == [("trust", 1)]
    assert code(still) == "certificate_encumbered"


async def test_a_burden_goes_with_the_certificate_that_a_change_puts_in_its_place(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    burden = must(await encumber(scene, number))["id"]
    changing = Changing(scene, number)
    new = must(await changing.issue(await changing.authorised()))["number"]

    kept = await shown(scene, new)
    refused = await deregister(scene, new)
    must(await encumber(scene, new, kind="insurance"))
    must(await release(scene, burden))

    assert kept == [("pledge", 1)]
    assert code(refused) == "certificate_encumbered"
    assert await shown(scene, new) == [("insurance", 1)]


async def test_a_judgment_moves_a_burdened_certificate_and_the_burden_with_it(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    must(await encumber(scene, number))
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )
    must(await step(scene, instrument, "transfers", scene.objector))

    new = must(await scene.api.get(f"/api/v1/certificates/{number}"))["superseded_by"]
    assert await shown(scene, new) == [("pledge", 1)]


async def test_a_release_is_told_to_the_present_holder_and_the_creditor_not_to_who_held_it_before(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    creditor, new_holder = scene.agency, scene.objector
    burden = must(await encumber(scene, number, beneficiary_party_id=str(creditor.party.id)))["id"]
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(new_holder.party.id),
    )
    must(await step(scene, instrument, "transfers", new_holder))

    must(await release(scene, burden))

    told = {
        who.party.id: (await topics(scene, who)).count("encumbrance_released")
        for who in (creditor, new_holder, scene.supplier)
    }
    assert list(told.values()) == [1, 1, 0]


@pytest.mark.parametrize("effect", ["no_holder", "against_registrant"])
async def test_an_instrument_ends_a_burdened_certificate_and_its_creditor_is_told(
    scene: Scene, effect: str
) -> None:
    _, number = await scene.certified()
    creditor = scene.objector
    must(await encumber(scene, number, beneficiary_party_id=str(creditor.party.id)))
    instrument = await verified(scene, certificate_number=number, effect=effect)

    must(await step(scene, instrument, "executions", scene.adjudicator))

    told = await topics(scene, creditor)
    assert told.count("encumbrance_entered") == 1
    assert told.count("certificate_moved") == 1


async def test_a_creditor_who_takes_part_is_told_and_reads_its_own_burden_only(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    creditor = scene.agency
    burden = must(await encumber(scene, number, beneficiary_party_id=str(creditor.party.id)))["id"]
    must(await encumber(scene, number, kind="trust"))

    own = must(await scene.by(creditor).get(f"/api/v1/certificates/{number}/encumbrances"))
    must(await release(scene, burden))
    unknown = await encumber(scene, number, beneficiary_party_id=UNKNOWN)

    assert [each["id"] for each in own["items"]] == [burden]
    assert {"encumbrance_entered", "encumbrance_released"} <= set(await topics(scene, creditor))
    assert {"encumbrance_entered", "encumbrance_released"} <= set(
        await topics(scene, scene.supplier)
    )
    assert unknown.status_code == 404
