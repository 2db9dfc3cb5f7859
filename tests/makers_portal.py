"""Make a market to look at: a certified product on offer, one in notice, a hostile one, a report."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI
from catalog.products.imports import Prepared, read_line
from catalog.products.operations import importing
from catalog.products.operations.publishing import set_visible
from market.jobs import reports_due
from tests.api import Api
from tests.makers_identity import MAKER
from tests.makers_registration import Scene, make_scene, must

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
RECORDS: tuple[dict[str, Any], ...] = (
    {
        "id": "r-1",
        "title": "城区公交站点位置信息",
        "source": "示例市公共数据开放平台",
        "description": "城区公交站点的名称、线路与坐标。",
        "publisher": "示例市交通运输局",
        "theme": "交通出行",
        "keywords": ["公交", "站点"],
        "format": "csv",
        "update_frequency": "monthly",
        "region": "示例市",
        "url": "https://data.example.gov.cn/r-1",
        "licence": "CC-BY-4.0",
    },
    {
        "id": "r-2",
        "title": "气象观测站点名录",
        "source": "示例市公共数据开放平台",
        "publisher": "示例市气象局",
        "theme": "气象",
        "url": "javascript:alert(1)",
    },
)


class Stage(msgspec.Struct, frozen=True):
    """What there is to look at."""

    scene: Scene
    product_id: str
    certificate_number: str
    notice_id: str
    past_notice_id: str
    hostile_id: str
    imported_id: str
    report_id: str
    selection_id: str

    def public_pages(self) -> list[str]:
        """Return the address of every public page."""
        return [
            "/",
            "/products",
            "/products?q=港口",
            "/products?q=不存在的东西",
            "/products?form=data_indicator",
            f"/products/{self.product_id}",
            f"/products/{self.hostile_id}",
            f"/products/{self.imported_id}",
            "/notices",
            "/notices?status=running",
            "/notices?status=posting",
            f"/notices/{self.notice_id}",
            f"/notices/{self.past_notice_id}",
            "/certificates",
            f"/certificates/{self.certificate_number}",
            "/price-list",
            "/price-list?scenario=port_safety",
            "/zones",
            "/open-data",
            "/open-plans",
            "/data-demands",
            "/complaints",
            "/collections",
            "/agency-selections",
            f"/agency-selections/{self.selection_id}",
            "/sign-in",
        ]


async def make_stage(api: Api, db: Database, clock: ManualClock) -> Stage:
    """Play the first quarter, and the beginning of the second."""
    scene = await make_scene(api, db, clock)
    past_application, number = await scene.certified()
    past_notice = (await scene.read(past_application))["notice_id"]
    certified = scene.product_id
    await put_on_offer(scene, certified)
    hostile = await scene.describe(name=HOSTILE, description=f"{HOSTILE}\n第二段。")
    async with begin(db, MAKER) as tx:
        tx.remember()  # part of a stretch that is not played here
        await set_visible(tx, now=clock.now(), product_id=hostile, is_public=True)
    await take_in(db, clock.now(), *RECORDS)
    found = (await api.get("/api/v1/products", q="公交站点")).json()
    clock.move_to(dt.datetime(2026, 4, 1, 9, tzinfo=SHANGHAI))
    await scene.sign_in_again()
    await scene.api.keep_the_log()
    report = must(
        await scene.by(scene.issuer).post("/api/v1/reports", {"year": 2026, "quarter": 1})
    )["id"]
    await reports_due.run(db, now=clock.now())
    scene.product_id = await scene.describe(name="渔港潮位小时预报接口", form="data_api")
    _, notice = await scene.in_notice()
    return Stage(
        scene=scene,
        product_id=certified,
        certificate_number=number,
        notice_id=notice,
        past_notice_id=past_notice,
        hostile_id=hostile,
        imported_id=found["items"][0]["id"],
        report_id=report,
        selection_id=(await api.get("/api/v1/agency-selections")).json()["items"][0]["id"],
    )


async def take_in(db: Database, now: dt.datetime, *records: dict[str, Any]) -> None:
    """Take records of a foreign catalogue in, as ``market import`` does."""
    batch = [read_line(n, msgspec.json.encode(record)) for n, record in enumerate(records)]
    good = [each for each in batch if isinstance(each, Prepared)]
    assert len(good) == len(records)
    importer = system("import", "product:import")
    async with begin(db, importer) as tx:
        await importing.import_batch(tx, actor=importer, now=now, batch=good)


async def put_on_offer(scene: Scene, product_id: str) -> None:
    """File prices for a certified product, have them recorded, and list it."""
    supplier = scene.by(scene.supplier)
    filing = must(
        await supplier.post(
            "/api/v1/pricing-filings",
            {
                "product_id": product_id,
                "price_items": [
                    {
                        "code": "per_record",
                        "charge": "per_unit",
                        "unit": "record",
                        "unit_price_fen": 150,
                    },
                    {
                        "code": "yearly",
                        "charge": "period",
                        "unit": "year",
                        "unit_price_fen": 1_280_000,
                        "note": "含历史三年",
                    },
                ],
                "basis": {"method": "cost", "explanation": "按采集与加工成本测算"},
                "scenarios": ["port_safety"],
                "use_scope": {
                    "audience": "港口经营人、引航机构",
                    "regions": ["海南省"],
                    "period": "合同期内",
                },
                "delivery_modes": ["dataset_product"],
                "pricing_regime": "market_autonomous",
                "agreement_reference": "示例运营协议〔2026〕1号",
                "effective_from": scene.today(),
            },
        )
    )["id"]
    must(await supplier.post(f"/api/v1/pricing-filings/{filing}/submissions"))
    must(await scene.by(scene.regulator).post(f"/api/v1/pricing-filings/{filing}/recordings"))
    listing = must(await supplier.post("/api/v1/listings", {"product_id": product_id}))["id"]
    must(await supplier.post(f"/api/v1/listings/{listing}/submissions"))
    must(await scene.by(scene.acceptor).post(f"/api/v1/listings/{listing}/publications"))


class Desk(msgspec.Struct, frozen=True):
    """Cases at work: one to be corrected, one objected to, one that waits too long."""

    scene: Scene
    to_correct: str
    objected: str
    objection: str
    late: str
    draft: str

    def pages_of_staff(self) -> list[str]:
        """Return the address of every page on which the operator works."""
        return [
            "/queue",
            "/queue?against=all",
            "/queue?head=badly_overdue",
            "/queue?kind=nothing",
            "/applications",
            "/applications?wanted=lapsed",
            *(f"/applications/{each}" for each in (self.to_correct, self.objected, self.late)),
            "/objections",
            "/objections?wanted=closed",
            f"/objections/{self.objection}",
        ]

    def pages_of_the_supplier(self) -> list[str]:
        """Return the address of every page on which an applicant sees its cases."""
        return [
            "/queue",
            "/applications",
            *(f"/applications/{each}" for each in (self.to_correct, self.objected, self.draft)),
            "/objections",
            f"/objections/{self.objection}",
            "/inbox",
        ]


async def make_desk(api: Api, db: Database, clock: ManualClock) -> Desk:
    """Play until the operator has work of every urgency on its desk."""
    scene = await make_scene(api, db, clock)
    objected, notice = await scene.in_notice()
    secret = await scene.upload(scene.objector, "采集设备的私密记录")
    objection = must(
        await scene.by(scene.objector).post(
            "/api/v1/objections",
            {
                "notice_id": notice,
                "interest_statement": "我公司是该数据的采集方。",
                "statement": "产品所用的潮位记录\n由我公司采集，未经许可。",
                "grounds": ["ownership", "trade_secret"],
                "evidence_file_ids": [await scene.upload(scene.objector, "合同"), secret],
                "confidential_file_ids": [secret],
            },
        )
    )["id"]
    forwarding = {"receipt": "EMS 1234567890"}
    must(await scene.objection_step(objection, "forwardings", scene.adjudicator, forwarding))
    scene.product_id = await scene.describe(name=HOSTILE)
    late = await scene.submitted()
    must(await scene.take(late, scene.acceptor, "acceptance"))
    clock.move_to(dt.datetime(2026, 3, 16, 9, tzinfo=SHANGHAI))
    await scene.sign_in_again()
    scene.product_id = await scene.describe(name="跨境冷链温度记录数据集")
    to_correct = await scene.submitted()
    must(
        await scene.accept(
            to_correct,
            result="correction_required",
            reasons=["来源证明缺页"],
            items=[
                {
                    "target": "material:source_proof",
                    "problem": "第 3 页缺失",
                    "required_action": "补齐全部页",
                },
                {
                    "target": "form:contact_phone",
                    "problem": "未填写",
                    "required_action": "填写联系电话",
                },
            ],
        )
    )
    must(
        await scene.by(scene.acceptor).post(
            f"/api/v1/applications/{to_correct}/decision-notifications",
            {"channel": "email", "receipt": "已送达"},
        )
    )
    scene.product_id = await scene.describe(name="渔港潮位小时预报接口", form="data_api")
    draft = must(await scene.draft())["id"]
    await scene.api.run_jobs()
    return Desk(scene, to_correct, objected, objection, late, draft)
