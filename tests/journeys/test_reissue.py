"""A wrong certificate is issued anew: determined, accepted by both, authorised, issued (HN-20)."""

from __future__ import annotations

import pathlib
from typing import Any

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.case_files import check as case_check
from tests.api import Api, code
from tests.journeys.test_instruments import lodge, step, verify
from tests.journeys.test_offline_evidence import check
from tests.makers_identity import Member
from tests.makers_owned import make_owned
from tests.makers_registration import OwnKey, Scene, must
from tests.makers_trade import Trade
from tests.stages import staged

RENAMED = "港口作业气象风险指数（更正）"


class Disputed(Trade):
    """A product on offer with an order delivered, and an objection to its certificate."""

    number: str
    order: str

    def both_own_it(self) -> dict[str, Any]:
        """Return the correction: the objector owns a third of it."""
        shares = ((self.supplier, 2), (self.objector, 1))
        owners = [
            {
                "party_id": str(who.party.id),
                "share_numerator": share,
                "share_denominator": 3,
            }
            for who, share in shares
        ]
        return {"owners": owners, "product_name": RENAMED}

    async def determine(self, objection: str, **said: Any) -> httpx.Response:
        body = {"outcome": "reissue", "reasons": "共同采集，登记遗漏共有人"} | said
        return await self.objection_step(objection, "determinations", self.adjudicator, body)

    async def answered(self) -> str:
        """Return an objection that waits for its determination."""
        objection = str(must(await self.object_to(certificate_number=self.number))["id"])
        by = self.adjudicator
        must(await self.objection_step(objection, "forwardings", by, {"receipt": "回执"}))
        answer = {
            "statement": "确有共同采集",
            "evidence_file_ids": [await self.upload(self.supplier, "采集合同")],
        }
        must(await self.objection_step(objection, "responses", self.supplier, answer))
        return objection

    async def ordered(self) -> dict[str, Any]:
        """Return the reissue that both sides accepted."""
        objection = await self.answered()
        must(await self.determine(objection, corrected=self.both_own_it()))
        for who in (self.supplier, self.objector):
            must(await self.objection_step(objection, "acceptances", who, {"accepts": True}))
        return await self.waiting()

    async def waiting(self) -> dict[str, Any]:
        path = f"/api/v1/certificates/{self.number}/reissues"
        return dict(must(await self.by(self.regulator).get(path))["items"][-1])

    async def authorise_reissue(
        self, reissue: dict[str, Any], *, key: OwnKey | None = None, **changes: Any
    ) -> httpx.Response:
        document = {
            "reissue_id": reissue["id"],
            "certificate_number": self.number,
            "corrected_sha256": reissue["corrected_sha256"],
            "authority": "海南省大数据管理局",
            "authorisation_number": "授权〔2026〕重发1号",
            "decided_on": self.today(),
        } | changes
        return await self.by(self.regulator).post(
            f"/api/v1/certificates/{self.number}/reissue-authorisations",
            {
                "authorisation": document,
                "signature": (key or self.authorisation_key).seal(document),
            },
        )

    async def reissue(self, who: Member | None = None) -> httpx.Response:
        path = f"/api/v1/certificates/{self.number}/reissues"
        return await self.by(who or self.issuer).post(path)

    async def certificate(self, number: str | None = None) -> dict[str, Any]:
        return must(await self.api.get(f"/api/v1/certificates/{number or self.number}"))

    async def offer(self) -> dict[str, Any]:
        (found,) = must(await self.by(self.supplier).get("/api/v1/listings"))["items"]
        return dict(found)


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Disputed:
    made = await make_owned(api, db, clock)
    disputed = Disputed(api, db, clock)
    vars(disputed).update(vars(made))
    _, disputed.number = await Scene.certified(disputed)
    await disputed.priced()
    await disputed.listed()
    disputed.order = await disputed.delivered(price_item="forever", quantity=1)
    return disputed


async def test_the_corrected_certificate_takes_the_wrong_one_s_place_in_one_command(
    trade: Disputed,
) -> None:
    reissue = await trade.ordered()
    frozen, offer = await trade.certificate(), await trade.offer()
    must(await trade.authorise_reissue(reissue))

    new = must(await trade.reissue())

    old = await trade.certificate()
    assert (frozen["state"], offer["state"]) == ("frozen", "suspended")
    assert (old["state"], old["superseded_by"]) == ("superseded", new["number"])
    assert (new["state"], new["supersedes"]) == ("active", trade.number)
    content = new["content"]
    assert content["product_name"] == RENAMED
    assert [owner["share"] for owner in content["owners"]] == ["2/3", "1/3"]
    assert all(owner["id_masked"] for owner in content["owners"])
    assert content["registration_type"] == "reissue"
    assert content["certificate_version"] == 2
    assert content["content_fingerprint"] == reissue["corrected_sha256"]
    assert content["authorised_by"]["authorisation_number"] == "授权〔2026〕重发1号"
    events = must(await trade.api.get("/api/v1/register-events"))["items"]
    assert [each["event"] for each in events] == ["issued", "reissued", "frozen", "issued"]
    product = must(await trade.by(trade.supplier).get(f"/api/v1/products/{trade.product_id}"))
    assert product["name"] == RENAMED
    resumed = must(await trade.listing_step(offer["id"], "resumptions", trade.issuer))
    assert resumed["certificate_number"] == new["number"]
    running = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{trade.order}"))
    assert running["state"] == "delivering"
    assert code(await trade.reissue()) == "not_found"


async def test_nothing_is_issued_before_the_bureau_has_signed_and_it_stays_frozen(
    trade: Disputed,
) -> None:
    reissue = await trade.ordered()

    early = await trade.reissue()
    forged = await trade.authorise_reissue(reissue, key=trade.opinion_key)
    other = await trade.authorise_reissue(reissue, corrected_sha256="0" * 64)
    unfrozen = await trade.by(trade.issuer).post(
        f"/api/v1/certificates/{trade.number}/unfreezes", {"reason": "争议已解决"}
    )
    must(await trade.authorise_reissue(reissue))
    twice = await trade.authorise_reissue(reissue, authorisation_number="授权〔2026〕重发2号")
    by_others = await trade.reissue(trade.supplier)

    assert code(early) == "issuance_not_authorised"
    assert code(forged) == "authorisation_signature_invalid"
    assert code(other) == "signed_for_another_case"
    assert code(unfrozen) == "reissue_pending"
    assert code(twice) == "reissue_authorised_already"
    assert code(by_others) == "permission_missing"
    assert (await trade.certificate())["state"] == "frozen"


async def test_another_open_objection_holds_the_reissue(trade: Disputed) -> None:
    reissue = await trade.ordered()
    must(await trade.authorise_reissue(reissue))
    other = must(await trade.object_to(certificate_number=trade.number))["id"]

    held = await trade.reissue()
    must(await trade.objection_step(other, "withdrawals", trade.objector, {"reason": "和解"}))

    assert code(held) == "objection_open"
    assert (await trade.reissue()).status_code == 201


async def test_a_determination_says_how_it_is_corrected_and_that_it_can_be(
    trade: Disputed,
) -> None:
    objection = await trade.answered()
    stranger = "01890000-0000-7000-8000-000000000000"
    half = [{"party_id": str(trade.objector.party.id), "share_denominator": 2}]

    refused = [
        await trade.determine(objection),
        await trade.determine(objection, outcome="revoke", corrected={"product_name": RENAMED}),
        await trade.determine(objection, corrected={}),
        await trade.determine(objection, corrected={"owners": half}),
        await trade.determine(objection, corrected={"owners": [{"party_id": stranger}]}),
        await trade.determine(
            objection, corrected={"valid_from": "2026-05-01", "valid_to": "2026-04-30"}
        ),
    ]

    assert [code(each) for each in refused] == [
        "objection_correction_unfit",
        "objection_correction_unfit",
        "reissue_correction_empty",
        "owner_shares_not_one",
        "not_found",
        "reissue_validity_invalid",
    ]
    shown = must(await trade.by(trade.adjudicator).get(f"/api/v1/objections/{objection}"))
    assert shown["state"] == "under_determination"


async def test_a_judgment_corrects_the_owner_and_the_product_is_sold_by_the_old_one_no_more(
    trade: Disputed,
) -> None:
    owner = {"owners": [{"party_id": str(trade.objector.party.id)}]}
    said = {"certificate_number": trade.number, "effect": "corrected", "corrected": owner}
    lacking = await lodge(trade, certificate_number=trade.number, effect="corrected")
    extra = await lodge(trade, certificate_number=trade.number, corrected=owner)
    instrument = str(must(await lodge(trade, **said))["id"])
    await verify(trade, instrument)
    must(await step(trade, instrument, "executions", trade.adjudicator))
    must(await trade.authorise_reissue(await trade.waiting()))

    new = must(await trade.reissue())

    assert code(lacking) == code(extra) == "instrument_correction_contradictory"
    assert [o["share"] for o in new["content"]["owners"]] == ["1"]
    assert (await trade.offer())["state"] == "suspended"
    mine = await trade.by(trade.objector).get(f"/api/v1/certificates/{new['number']}/reissues")
    assert mine.status_code == 200


async def test_a_second_correction_waits_until_the_first_is_issued(trade: Disputed) -> None:
    await trade.ordered()
    said = {
        "certificate_number": trade.number,
        "effect": "corrected",
        "corrected": {"product_name": "另一个名称"},
    }
    instrument = str(must(await lodge(trade, **said))["id"])
    await verify(trade, instrument)

    refused = await step(trade, instrument, "executions", trade.adjudicator)

    assert code(refused) == "reissue_ordered_already"


async def test_only_whom_it_concerns_sees_a_correction(trade: Disputed) -> None:
    reissue = await trade.ordered()
    path = f"/api/v1/certificates/{trade.number}/reissues"

    own = must(await trade.by(trade.supplier).get(path))["items"]
    stranger = must(await trade.by(trade.buyer).get(path))["items"]
    unknown = await trade.by(trade.buyer).get("/api/v1/certificates/HN-QQ-2026-00000010/reissues")

    assert [each["id"] for each in own] == [reissue["id"]]
    assert stranger == []
    assert unknown.status_code == 404


async def test_what_the_bureau_signed_for_it_is_in_the_export_and_in_the_case(
    trade: Disputed, tmp_path: pathlib.Path
) -> None:
    must(await trade.authorise_reissue(await trade.ordered()))
    must(await trade.reissue())
    await trade.api.run_jobs()
    out = await trade.api.export(tmp_path / "export")
    exported = await check(out)
    found = must(await trade.by(trade.regulator).get("/api/v1/applications"))["items"]
    case = await trade.by(trade.regulator).get(f"/api/v1/applications/{found[0]['id']}/case-file")

    assert exported.problems == ()
    assert case_check.check(case.content).problems == ()
