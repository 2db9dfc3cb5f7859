"""Make shelves to look along: records with long, English and hostile names, and none at all."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.operations.publishing import set_visible
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_portal import HOSTILE, take_in
from tests.makers_products import make_description, make_source
from tests.makers_registration import must

LONG = "全省沿海港口、渔港、锚地及引航水域" + "大风能见度雷电浪高潮位逐小时" * 9 + "联合预报产品"
UNBROKEN = "sea_surface_temperature_anomaly_" * 5
ENGLISH = "Hourly harbour wind and wave forecast for pilots, tugs and crane operators"
SHELF: tuple[dict[str, Any], ...] = (
    {"id": "s-1", "title": LONG, "source": "示例目录", "description": "港口" * 60},
    {"id": "s-2", "title": UNBROKEN, "source": "示例目录", "keywords": ["港口"]},
    {
        "id": "s-3",
        "title": ENGLISH,
        "source": "示例目录",
        "description": "Wind, visibility and wave height for every berth.",
        "publisher": "Example Harbour Authority",
        "keywords": ["harbour", "港口"],
        "format": "json",
        "update_frequency": "hourly",
    },
    {"id": "s-4", "title": f"港口{HOSTILE}", "source": HOSTILE, "publisher": HOSTILE},
    {"id": "s-5", "title": "=1+1 港口公式", "source": "示例目录", "publisher": "@示例局"},
    {
        "id": "s-6",
        "title": "港口气象观测",
        "source": "示例市公共数据开放平台",
        "description": "碼頭大風、能見度觀測。",
        "publisher": "示例市气象局",
        "theme": "气象",
        "region": "示例市",
        "update_frequency": "daily",
        "licence": "CC-BY-4.0",
    },
)


async def fill_shelves(db: Database, now: dt.datetime) -> None:
    """Take the records in that are hard to show."""
    await take_in(db, now, *SHELF)


class Window(msgspec.Struct, frozen=True):
    """Products to look at closely: a full one, what it came from, what it went into, one taken back."""

    supplier: Member
    full: str
    resource: str
    made: str
    hostile: str
    gone: str
    draft: str


ITEMS: tuple[dict[str, Any], ...] = (
    {"name": "berth_no", "title": "泊位编号", "type": "text", "length": 12, "is_required": True},
    {
        "name": "wind_ms",
        "title": "十分钟平均风速",
        "type": "decimal",
        "unit": "m/s",
        "source_id": "s1",
        "is_authoritative": True,
    },
    {"name": "duty_phone", "title": "值班电话", "type": "text", "sensitivity": "phone"},
    {"name": UNBROKEN[:99], "type": "datetime"},
)


async def make_window(api: Api, db: Database, clock: ManualClock) -> Window:
    """Describe products with all that their pages can show."""
    supplier = await make_member(db, Role.SUPPLIER, now=clock.now())
    mine = api.as_(supplier.token)
    resource = await describe(mine, name="沿海自动气象站小时观测", sharing_type="unconditional")
    await show(db, clock, resource)
    named = {"resource_id": resource, "is_supermarket_resource": True}
    full_body = described(
        name="港口大风预警服务",
        origin_path="supermarket_resource",
        substantive_processing="内部工艺",
        innovative_labour="内部劳动",
        sources=[source(), source(source_id="s2", name="沿海观测", **named)],
        items=list(ITEMS),
        delivery_modes=["api_call", "privacy_computing"],
        industry_class="5532",
        region_code="460105",
        update_cycle="hourly",
        valid_from="2026-01-01",
        valid_to="2027-12-31",
        sharing_type="conditional",
        sharing_condition="须签订保密协议",
        sub_form="verification",
        market_tier="primary",
        open_attribute="conditional",
        in_authorized_scope=True,
        resource_code="460100/000123",
        related_codes=["460100/000124", "460100/000125"],
        catalogue={"responsible_department": "示例市港航局"},
    )
    full = must(await mine.post("/api/v1/products", full_body))["id"]
    await show(db, clock, full)
    await hide(db, clock, full)
    clock.move_by(dt.timedelta(minutes=10))
    changed = full_body | {
        "description": "按十分钟给出港口吊装与引航作业的大风等级。",
        "items": [*ITEMS[:3], {"name": "gust_ms", "title": "阵风", "type": "decimal"}],
        "region_code": "4601",
    }
    must(await mine.put(f"/api/v1/products/{full}", changed, if_match='"1"'))
    await show(db, clock, full)
    made = await describe(
        mine,
        name="港口停工决策模型",
        form="data_model_algorithm",
        origin_path="supermarket_resource",
        substantive_processing="训练",
        innovative_labour="设计",
        sources=[
            source(source_id="a", name="大风预警", resource_id=full, is_supermarket_resource=True),
            source(source_id="b", name="沿海观测", **named),
        ],
    )
    await show(db, clock, made)
    hostile = await describe(
        mine,
        name=HOSTILE,
        description=f"{HOSTILE}\n{LONG}",
        items=[{"name": HOSTILE, "title": LONG[:200], "type": "text", "unit": HOSTILE[:50]}],
        sources=[source(name=HOSTILE, source_id=HOSTILE[:100])],
        keywords=[HOSTILE[:100], UNBROKEN[:100]],
    )
    await show(db, clock, hostile)
    gone = await describe(mine, name="试行港口指数")
    await show(db, clock, gone)
    await hide(db, clock, gone)
    must(
        await mine.post(f"/api/v1/products/{gone}/withdrawals", {"reason": "数据源停用\n不再更新"})
    )
    bare = {"name": ENGLISH, "form": "dataset", "origin_path": "own_resource"}
    draft = must(await mine.post("/api/v1/products?draft=true", bare))["id"]
    return Window(supplier, full, resource, made, hostile, gone, draft)


def described(**changes: Any) -> dict[str, Any]:
    """Return a complete description as it is sent."""
    told: dict[str, Any] = msgspec.to_builtins(make_description())
    return told | changes


def source(**changes: Any) -> dict[str, Any]:
    """Return a source as it is sent."""
    told: dict[str, Any] = msgspec.to_builtins(make_source())
    return told | changes


async def describe(mine: Api, **changes: Any) -> str:
    """Describe a product and return its id."""
    return str(must(await mine.post("/api/v1/products", described(**changes)))["id"])


async def show(db: Database, clock: ManualClock, product_id: str) -> None:
    """Let everybody see a product."""
    await _set_visible(db, clock, product_id, is_public=True)


async def hide(db: Database, clock: ManualClock, product_id: str) -> None:
    """Let the public see it no more."""
    await _set_visible(db, clock, product_id, is_public=False)


async def _set_visible(
    db: Database, clock: ManualClock, product_id: str, *, is_public: bool
) -> None:
    async with begin(db, system("test")) as tx:
        tx.remember()  # part of a stretch that is not played here
        await tx.execute("SET LOCAL app.remembered = 'yes'")
        await set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(product_id), is_public=is_public
        )
