"""Make shelves to look along: records with long, English and hostile names, and none at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

from catalog.kernel.db import Database
from tests.makers_portal import HOSTILE, take_in

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
