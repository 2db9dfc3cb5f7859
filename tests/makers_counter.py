"""Make what the catalogue's later pages show: open data in a zone, what is wrong with it, words, files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from catalog.formats.reading_dcat import Skipped
from catalog.harvesting import store as harvesting_store
from catalog.harvesting.model import Kind, Run, Source
from catalog.harvesting.source_states import SourceState
from catalog.harvesting.states import State as RunState
from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from market.identity.model import Capacity
from market.identity.permissions import Role
from market.jobs import saved_searches_due, take_batches
from market.saved_searches import keeping
from tests.api import Api
from tests.makers_identity import Member, make_member, make_party
from tests.makers_portal import HOSTILE
from tests.makers_registration import must, renewed
from tests.makers_shelves import LONG, UNBROKEN, describe, show, source

TABLE = "时次,风级,电话\n2026-03-02T08,6,13812345678\n".encode()
HEADER = ("供方编号", "产品名称", "产品形式", "关键词", "行政区划代码")
LINES = (
    HEADER,
    ("p-1", "停车指数", "数据集", "停车；指数", "46"),
    ("p-2", LONG[:100], "没有的形式", "停车", "46"),
    (UNBROKEN[:60], HOSTILE, "数据集", "停车", "99"),
)


def as_csv(*lines: Sequence[str]) -> bytes:
    """Return a table as its bytes."""
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


class Counter(msgspec.Struct, frozen=True):
    """What there is to look at, and who looks."""

    supplier: Member
    buyer: Member
    acceptor: Member
    reviewer: Member
    head: Member
    regulator: Member
    opened: str
    zone: str
    zone_id: str
    collection: str
    openable: str
    issues: dict[str, str]  # by what comes next with them
    saved: str
    batch: str
    trial: str
    secret: str

    def public_pages(self) -> list[str]:
        """Return the address of every page that everybody sees."""
        return [
            f"/products/{self.opened}",
            "/open-data",
            "/open-plans",
            "/open-plans/2026",
            "/zones",
            f"/zones/{self.zone}",
            "/collections",
            f"/collections/{self.collection}",
            "/data-demands",
            "/data-demands/new",
            "/data-demands/look-up",
            "/responsibility-list",
            "/responsibility-list?department=省气象局",
            "/synonyms",
            "/synonyms?word=没有的词",
            "/accessibility",
            "/site-map",
        ]

    def pages_of(self) -> list[tuple[Member, list[str]]]:
        """Return whose pages are to be looked at when signed in."""
        issues = [f"/quality-issues/{each}" for each in self.issues.values()]
        return [
            (
                self.supplier,
                [
                    "/my/product-batches",
                    f"/my/product-batches/{self.batch}",
                    f"/my/product-batches/{self.batch}?outcome=refused",
                    f"/my/product-batches/{self.trial}",
                    "/my/chief-data-officer",
                    "/my/zones",
                    f"/my/zones/{self.zone_id}",
                    f"/my/zones/{self.zone_id}?q=港口",
                    "/my/collections",
                    f"/my/collections/{self.collection}",
                    "/openings",
                    f"/openings?product_id={self.openable}",
                    "/quality-issues",
                    f"/quality-issues/{self.issues['assigned']}",
                    f"/products/{self.opened}",
                ],
            ),
            (
                self.buyer,
                [
                    "/my/saved-searches",
                    "/my/saved-searches?q=港口&form=dataset&region_code=46",
                    f"/my/saved-searches/{self.saved}",
                    f"/products/{self.opened}/quality-issues",
                    f"/quality-issues/{self.issues['fed_back']}",
                ],
            ),
            (
                self.acceptor,
                [
                    "/openings",
                    "/openings?status=requested",
                    "/data-demands/desk",
                    "/my/collections",
                ],
            ),
            (self.reviewer, ["/quality-issues", "/quality-issues?status=closed", *issues]),
            (
                self.head,
                [
                    "/synonyms",
                    "/synonyms?status=proposed",
                    "/synonyms?status=declined",
                    "/synonym-changes",
                    "/harvest-sources",
                ],
            ),
            (
                self.regulator,
                [
                    "/chief-data-officers",
                    "/quality-issues",
                    "/data-demands/desk",
                    "/data-demands/desk?status=answered",
                    "/zone-desk",
                    f"/zone-desk/{self.zone_id}",
                    "/openings",
                    "/open-plan-desk",
                    "/open-plan-desk/2026",
                    "/open-plan-desk/2026?item=2",
                    "/open-plan-desk/2027",
                    "/open-plan-desk/2027?item=1",
                ],
            ),
        ]


async def make_counter(api: Api, db: Database, clock: ManualClock) -> Counter:
    """Play until each of these pages has something to show."""
    now = clock.now()
    operator = await make_party(db, Capacity.SUPERMARKET_OPERATOR, now=now, name="示例运营者")
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    buyer = await make_member(db, Role.BUYER, now=now)
    acceptor = await make_member(db, Role.OPERATOR_ACCEPTOR, now=now, party=operator)
    reviewer = await make_member(db, Role.OPERATOR_TECHNICAL_REVIEWER, now=now, party=operator)
    head = await make_member(db, Role.OPERATOR_HEAD, now=now, party=operator)
    regulator = await make_member(db, Role.REGULATOR, now=now)
    mine = api.as_(supplier.token)
    made = await _opened(mine, api.as_(acceptor.token), db, clock)
    opened, resource, openable = made
    zone, zone_id = await _zone(api.as_(regulator.token), mine, supplier, regulator, opened)
    collection = must(
        await mine.post(
            "/api/v1/collections",
            {
                "title": "渔港安全作业",
                "text": LONG,
                "audience": "渔船",
                "entries": [{"product_id": opened, "note": HOSTILE}, {"product_id": resource}],
            },
        )
    )["head"]["id"]
    must(await mine.post(f"/api/v1/collections/{collection}/publications"))
    await _plan(api.as_(regulator.token))
    secret = await _demands(api, api.as_(regulator.token))
    must(
        await mine.put(
            "/api/v1/my/chief-data-officer",
            {"name": "李四", "post": HOSTILE[:100], "contact": "0898-65300000"},
        )
    )
    issues = await _issues(api, supplier=mine, buyer=buyer, reviewer=reviewer, product=opened)
    await _words(api.as_(acceptor.token), api.as_(head.token))
    batch, trial = await _batches(mine)
    await _harvested(api.as_(head.token), db, clock)
    saved = must(
        await api.as_(buyer.token).post(
            "/api/v1/my/saved-searches",
            {"name": LONG[:100], "text": "港口", "filters": {"form": "data_api"}},
        )
    )["id"]
    later = await describe(mine, name=f"港口潮位{HOSTILE}"[:100], form="data_api")
    await show(db, clock, later)
    clock.move_by(keeping.LOOKED_EVERY)
    wiring = api.context
    assert await saved_searches_due.run(db, now=clock.now(), synonyms=wiring.synonyms) == 1
    await api.keep_the_log()
    people = [
        await renewed(db, each, clock.now())
        for each in (supplier, buyer, acceptor, reviewer, head, regulator)
    ]
    return Counter(
        *people, opened, zone, zone_id, collection, openable, issues, saved, batch, trial, secret
    )


async def _opened(
    mine: Api, acceptor: Api, db: Database, clock: ManualClock
) -> tuple[str, str, str]:
    resource = await describe(mine, name="沿海自动气象站小时观测", sharing_type="unconditional")
    await show(db, clock, resource)
    named = source(
        source_id="s2", name="沿海观测", resource_id=resource, is_supermarket_resource=True
    )
    opened = await describe(
        mine,
        name="港口风级开放数据",
        sharing_type="unconditional",
        data_nature="public",
        sources=[source(), named],
        catalogue={
            "responsible_department": "省气象局",
            "data_source": "观测",
            "update_mechanism": LONG,
            "quality_standard": "GB/T 36344",
            "usage_method": "下载",
        },
    )
    file_id = must(await mine.upload(TABLE, "风级.csv", "text/csv"))["id"]
    must(await mine.post(f"/api/v1/products/{opened}/contents", {"file_id": file_id}))
    must(await mine.post(f"/api/v1/products/{opened}/profiles"))
    asked = {
        "product_id": opened,
        "licence": "CC-BY-4.0",
        "secrecy_review": "示例保密审查〔2026〕1号",
    }
    opening = must(await mine.post("/api/v1/openings", asked))["id"]
    decision = {"is_confirmed": True, "reason": "可以开放"}
    must(await acceptor.post(f"/api/v1/openings/{opening}/decisions", decision))
    waiting = await describe(mine, name=LONG[:100], sharing_type="unconditional")
    plain = must(await mine.upload(b"a,b\n1,2\n", "a.csv", "text/csv"))["id"]
    must(await mine.post(f"/api/v1/products/{waiting}/contents", {"file_id": plain}))
    must(await mine.post("/api/v1/openings", asked | {"product_id": waiting}))
    openable = await describe(mine, name="港口能见度", sharing_type="unconditional")
    return opened, resource, openable


async def _zone(
    office: Api, mine: Api, supplier: Member, regulator: Member, product: str
) -> tuple[str, str]:
    zone = must(
        await office.post(
            "/api/v1/zones",
            {
                "code": "weather",
                "kind": "domain",
                "said": {"name": "气象公共数据专区", "description": LONG, "domains": ["finance"]},
                "operator_party_id": str(supplier.party.id),
                "supervisor_party_id": str(regulator.party.id),
            },
        )
    )["zone"]["id"]
    must(
        await office.post(f"/api/v1/zones/{zone}/decisions", {"event": "open", "reason": "已验收"})
    )
    placed = {"product_id": product, "reason": HOSTILE}
    must(await mine.post(f"/api/v1/zones/{zone}/products", placed))
    return "weather", str(zone)


async def _plan(office: Api) -> None:
    plan = {
        "title": "2026年公共数据开放计划",
        "text": "优先开放气象、科研、交通数据。",
        "items": [
            {"department": "省统计局", "title": LONG[:200], "field": "other", "due_quarter": 1},
            {
                "department": "省气象局",
                "title": "逐小时降水",
                "field": "meteorology",
                "due_quarter": 2,
            },
        ],
    }
    must(await office.put("/api/v1/open-plans/2026", plan))
    must(await office.post("/api/v1/open-plans/2026/publications"))
    draft = {"title": HOSTILE, "text": LONG, "items": plan["items"][:1]}
    must(await office.put("/api/v1/open-plans/2027", draft))


async def _demands(api: Api, office: Api) -> str:
    asked = {"title": "逐小时降水", "text": "做农业保险，需要近五年逐小时降水。"}
    waiting = must(await api.post("/api/v1/data-demands", asked))
    answered = must(await api.post("/api/v1/data-demands", asked | {"title": HOSTILE}))
    reply = {
        "outcome": "declined",
        "title": "逐小时降水数据",
        "text": f"站点数据尚未完成质量控制，暂不开放。\n{LONG}",
        "department": "省气象局",
    }
    must(await office.post(f"/api/v1/data-demands/{answered['id']}/answers", reply))
    return str(waiting["secret"])


async def _issues(
    api: Api, *, supplier: Api, buyer: Member, reviewer: Member, product: str
) -> dict[str, str]:
    """Report issues and leave one at each place of its life."""
    mine, desk = api.as_(buyer.token), api.as_(reviewer.token)
    steps: list[tuple[str, Api, str, Any]] = [
        ("traced", desk, "hops", {"product_id": product, "result": HOSTILE}),
        ("assigned", desk, "assignments", None),
        ("fixed", supplier, "answers", {"is_fixed": True, "reply": "传感器已校准"}),
        ("fed_back", desk, "feedbacks", {"feedback": "来源方已纠正"}),
        ("closed", mine, "closures", None),
    ]
    found = {}
    for number, state in enumerate(["reported", *(each[0] for each in steps)]):
        said = {
            "dimension": "accuracy",
            "description": f"{number}：{LONG}",
            "column": UNBROKEN,
            "row": 12,
        }
        issue = must(await mine.post(f"/api/v1/products/{product}/quality-issues", said))["id"]
        for _, who, step, body in steps[:number]:
            must(await who.post(f"/api/v1/quality-issues/{issue}/{step}", body))
        found[state] = str(issue)
    return found


async def _words(proposer: Api, editor: Api) -> None:
    must(
        await editor.post("/api/v1/synonyms", {"words": ["船舶锚地", "驻泊点"], "reason": HOSTILE})
    )
    for number in range(2):
        words = {"words": [f"港作拖轮{number}", f"拖船{number}"], "reason": "行业用语"}
        group = must(await proposer.post("/api/v1/synonym-proposals", words))["id"]
        if number:
            said = {"is_confirmed": False, "reason": "不是一回事"}
            must(await editor.post(f"/api/v1/synonyms/{group}/decisions", said))


async def _batches(mine: Api) -> tuple[str, str]:
    ids = []
    for is_dry_run in (False, True):
        file_id = must(await mine.upload(as_csv(*LINES), f"{LONG[:40]}.csv", "text/csv"))["id"]
        said = {"file_id": file_id, "is_dry_run": is_dry_run}
        ids.append(must(await mine.post("/api/v1/product-batches", said))["id"])
        if not is_dry_run:
            await take_batches.run(mine.context)
    return ids[0], ids[1]


_WHY = {
    "failed": "harvest_source_unreachable {'reason': 'status 503'}",
    "held": "40 of 50 are not there any more",
}


async def _harvested(head: Api, db: Database, clock: ManualClock) -> None:
    now = clock.now()
    for number, (code, states) in enumerate(
        {"city": ("finished", "held"), "province": ("failed",), "empty": ()}.items()
    ):
        named = Source(
            code=code,
            kind=list(Kind)[number % 2],
            url=f"https://data.example.gov.cn/{UNBROKEN}",
            licence="CC-BY-4.0",
            id=new_id(),
            created_at=now,
            state=SourceState.ACTIVE if states else SourceState.PAUSED,
        )
        async with begin(db, system("test")) as tx:
            tx.remember()  # part of a stretch that is not played here
            await harvesting_store.insert_source(tx, named)
            for state in states:
                run = _run(named.id, state, now)
                going = msgspec.structs.replace(run, state=RunState.RUNNING, next_address=named.url)
                await harvesting_store.insert_run(tx, going)
                await harvesting_store.update_run(tx, run)
    must(await head.get("/api/v1/harvest-sources"))


def _run(source_id: uuid.UUID, state: str, now: dt.datetime) -> Run:
    return Run(
        id=new_id(),
        source_id=source_id,
        state=RunState(state),
        started_at=now,
        ended_at=now,
        imported=12,
        skipped=1,
        vanished=3,
        errors=(Skipped(LONG[:100], "field_too_long title > 500"),),
        reason=_WHY.get(state),
    )
