"""What a transfer, a deregistration, a reissue and a renewal cost, and whom (HN-04)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.local_time import local_date
from tests.api import code
from tests.journeys.test_changes import let
from tests.journeys.test_encumbrances import encumber, release
from tests.journeys.test_fees import set_price
from tests.journeys.test_instruments import step, verified
from tests.journeys.test_reissue import Disputed, trade  # noqa: F401 - a fixture
from tests.journeys.test_terms import ask, asked, decide, shown
from tests.journeys.test_transfers import FLAG, Handing
from tests.journeys.test_transfers import scene as handing  # noqa: F401 - a fixture
from tests.makers_identity import Member
from tests.makers_national import NDA, NDRC, National, go_to, offering, run_jobs
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

PAID_FIRST = "unpaid_fee_stops_acceptance"
MONDAY = dt.date(2026, 7, 6)


scene = staged(make_scene)


async def priced(scene: Scene, kind: str) -> None:
    """Set the price of a kind of application, and wait until it stands."""
    must(await set_price(scene, application_kind=kind))
    await scene.move_past(local_date(scene.clock.now()))


async def fees(scene: Scene, who: Member, kind: str) -> list[dict[str, Any]]:
    found = must(await scene.by(who).get("/api/v1/fees"))["items"]
    return [fee for fee in found if fee["application_kind"] == kind]


async def states(scene: Scene, who: Member, kind: str) -> list[str]:
    return [fee["state"] for fee in await fees(scene, who, kind)]


async def pay(scene: Scene, fee: dict[str, Any]) -> None:
    must(
        await scene.by(scene.issuer).post(
            f"/api/v1/fees/{fee['id']}/payments", {"receipt": "非税票据 0004"}
        )
    )


# ── a transfer by agreement ─────────────────────────────────────────────────────────────────


async def test_who_takes_a_certificate_over_by_agreement_owes_the_fee_when_it_has_signed(
    handing: Handing,  # noqa: F811
) -> None:
    await let(handing, FLAG)
    await let(handing, PAID_FIRST)
    await priced(handing, "transfer")
    offered = must(await handing.offer())
    before = await fees(handing, handing.objector, "transfer")
    must(await handing.sign(offered))
    must(await handing.authorise_transfer(offered))
    (due,) = await fees(handing, handing.objector, "transfer")

    unpaid = await handing.hand_over()
    still = must(await handing.api.get(f"/api/v1/certificates/{handing.number}"))["state"]
    await pay(handing, due)
    must(await handing.hand_over())

    assert before == []
    assert (due["subject_id"], due["amount_fen"], due["state"]) == (offered["id"], 20_000, "due")
    assert (code(unpaid), still) == ("fee_unpaid", "active")
    assert unpaid.json()["facts"]["fee_id"] == due["id"]
    assert await fees(handing, handing.supplier, "transfer") == []
    assert await states(handing, handing.objector, "transfer") == ["paid"]


async def test_an_unpaid_fee_holds_no_transfer_up_by_default(
    handing: Handing,  # noqa: F811
) -> None:
    await let(handing, FLAG)
    await priced(handing, "transfer")
    offered = must(await handing.offer())
    must(await handing.sign(offered))
    must(await handing.authorise_transfer(offered))

    must(await handing.hand_over())

    assert await states(handing, handing.objector, "transfer") == ["due"]


@pytest.mark.parametrize("who", ["supplier", "objector"])
async def test_the_fee_of_a_transfer_that_either_party_ends_is_asked_for_no_more(
    handing: Handing,  # noqa: F811
    who: str,
) -> None:
    await let(handing, FLAG)
    await priced(handing, "transfer")
    must(await handing.sign(must(await handing.offer())))

    must(await handing.step("transfer-withdrawals", getattr(handing, who)))

    assert await states(handing, handing.objector, "transfer") == ["dropped"]


# ── a judgment, and one's own will ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("act", "kind"), [("transfers", "transfer"), ("deregistrations", "deregistration")]
)
async def test_a_judgment_is_carried_out_before_its_holder_has_paid(
    scene: Scene, act: str, kind: str
) -> None:
    _, number = await scene.certified()
    await let(scene, PAID_FIRST)
    await priced(scene, kind)
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )

    must(await step(scene, instrument, act, scene.objector))

    (due,) = await fees(scene, scene.objector, kind)
    assert (due["subject_id"], due["state"], due["amount_fen"]) == (instrument, "due", 20_000)
    assert await fees(scene, scene.supplier, kind) == []


async def test_who_deregisters_owes_a_fee_beside_that_of_the_registration(scene: Scene) -> None:
    await let(scene, PAID_FIRST)
    await priced(scene, "deregistration")
    application, number = await scene.certified()
    path = f"/api/v1/certificates/{number}/deregistrations"
    burden = must(await encumber(scene, number))["id"]
    refused = await scene.by(scene.supplier).post(path, {"reason": "停产"})
    nothing = await fees(scene, scene.supplier, "deregistration")
    must(await release(scene, burden))

    must(await scene.by(scene.supplier).post(path, {"reason": "停产"}))

    (due,) = await fees(scene, scene.supplier, "deregistration")
    (first,) = await fees(scene, scene.supplier, "first")
    assert (code(refused), nothing) == ("certificate_encumbered", [])
    assert (due["subject_id"], due["state"]) == (application, "due")
    assert (first["subject_id"], first["state"]) == (application, "free")


async def test_what_ends_without_its_holder_costs_nobody_anything(scene: Scene) -> None:
    _, number = await scene.certified()
    await priced(scene, "deregistration")
    instrument = await verified(scene, certificate_number=number, effect="no_holder")

    must(await step(scene, instrument, "executions", scene.adjudicator))

    assert must(await scene.by(scene.issuer).get("/api/v1/fees?status=due"))["items"] == []


# ── a reissue ───────────────────────────────────────────────────────────────────────────────


async def test_a_reissue_is_charged_to_who_is_registrant_then_and_waits_for_no_money(
    trade: Disputed,  # noqa: F811
) -> None:
    await let(trade, PAID_FIRST)
    await priced(trade, "reissue")
    reissue = await trade.ordered()
    waiting = await fees(trade, trade.supplier, "reissue")
    must(await trade.authorise_reissue(reissue))

    must(await trade.reissue())

    (due,) = await fees(trade, trade.supplier, "reissue")
    assert waiting == []
    assert (due["subject_id"], due["state"], due["amount_fen"]) == (reissue["id"], "due", 20_000)
    assert await fees(trade, trade.objector, "reissue") == []


# ── a renewal, and a cancellation on request ────────────────────────────────────────────────


@pytest.fixture
async def nda(scene: Scene) -> National:
    return await offering(scene, NDA, on=MONDAY, **{PAID_FIRST: True})


@pytest.fixture
async def ndrc(scene: Scene) -> National:
    return await offering(scene, NDRC, on=MONDAY)


async def test_a_renewal_waits_for_its_fee_where_the_rulebook_says_so(nda: National) -> None:
    scene = nda.scene
    _, number = await nda.waived()
    await priced(scene, "renewal")
    await go_to(scene, dt.date(2031, 6, 30))
    request = must(await ask(scene, number))["id"]
    (due,) = await fees(scene, scene.supplier, "renewal")

    unpaid = await decide(scene, request)
    await pay(scene, due)
    must(await decide(scene, request))

    assert (due["subject_id"], due["state"]) == (request, "due")
    assert code(unpaid) == "fee_unpaid"
    assert (await shown(scene, number))["state"] == "superseded"


async def test_the_fee_of_a_renewal_taken_back_or_refused_is_asked_for_no_more(
    nda: National,
) -> None:
    scene = nda.scene
    _, number = await nda.waived()
    await priced(scene, "renewal")
    await go_to(scene, dt.date(2031, 6, 30))
    taken_back = must(await ask(scene, number))["id"]
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/certificate-requests/{taken_back}/withdrawals"
        )
    )
    refused = must(await ask(scene, number))["id"]

    must(await decide(scene, refused, granted=False, reason="权利已有争议"))

    assert await states(scene, scene.supplier, "renewal") == ["dropped", "dropped"]


async def test_a_cancellation_is_charged_as_a_deregistration_if_somebody_asked_for_it(
    ndrc: National,
) -> None:
    scene = ndrc.scene
    _, number = await ndrc.certified()
    await priced(scene, "deregistration")
    request = must(await ask(scene, number, "cancellation", reason="资源停用"))["id"]

    must(await decide(scene, request))

    (due,) = await fees(scene, scene.supplier, "deregistration")
    assert (due["subject_id"], due["state"]) == (request, "due")


async def test_what_lapsed_and_is_cancelled_by_law_costs_nothing(ndrc: National) -> None:
    scene = ndrc.scene
    _, number = await ndrc.certified()
    await priced(scene, "deregistration")
    await go_to(scene, dt.date(2029, 7, 23), 0)
    await run_jobs(scene)
    (owed,) = await asked(scene, number)

    must(await decide(scene, owed["id"]))

    assert await fees(scene, scene.supplier, "deregistration") == []
