"""Make the payloads of the demo's products: the same bytes on every machine, from a seed each.

The figures are invented, their shape is not: hours, days, districts and units are such as a
supplier of these products would deliver. Only whole numbers are drawn, so no platform's floating
point can change a byte.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Iterable
from typing import Any, Final

_FIRST_DAY: Final = dt.date(2026, 1, 1)


def port_weather_risk() -> bytes:
    """Return hourly risk levels of four kinds of port work at three berths over 30 days."""
    draw = random.Random(20260101)
    rows: list[tuple[Any, ...]] = [
        ("hour", "berth", "wind_gust_dm_s", "visibility_m", "lightning", "crane", "pilotage",
         "mooring", "fuelling")
    ]  # fmt: skip
    gust = dict.fromkeys(("1号泊位", "2号泊位", "危化品泊位"), 80)
    for hour in range(30 * 24):
        at = dt.datetime.combine(_FIRST_DAY, dt.time()) + dt.timedelta(hours=hour)
        for berth in gust:
            gust[berth] = min(280, max(10, gust[berth] + draw.randint(-18, 18)))
            visibility = draw.choice((300, 800, 2000, 5000, 10000, 10000, 10000))
            lightning = int(draw.randint(0, 99) < 3)  # noqa: PLR2004
            wind = _level(gust[berth], (108, 139, 172, 208))
            fog = _level(10_500 - visibility, (500, 8_500, 9_700, 10_200))
            rows.append(
                (
                    f"{at:%Y-%m-%dT%H:00+08:00}", berth, gust[berth], visibility, lightning,
                    max(wind, 4 * lightning), max(fog, wind - 1), wind,
                    max(wind, 4 * lightning, fog - 1),
                )
            )  # fmt: skip
    return _csv(rows)


def parking_index() -> bytes:
    """Return the hourly occupancy index of public parking in twelve districts over 14 days."""
    draw = random.Random(20260102)
    districts = {f"示例市{name}": draw.randint(400, 4200) for name in _DISTRICTS}
    rows: list[tuple[Any, ...]] = [("hour", "district", "berths", "index", "turnover_per_day_x10")]
    for hour in range(14 * 24):
        at = dt.datetime.combine(_FIRST_DAY, dt.time()) + dt.timedelta(hours=hour)
        busy = _BUSY[at.hour] - (12 if at.weekday() >= 5 else 0)  # noqa: PLR2004  # weekend
        for name, berths in districts.items():
            index = min(100, max(3, busy + draw.randint(-9, 9)))
            rows.append((f"{at:%Y-%m-%dT%H:00+08:00}", name, berths, index, draw.randint(18, 74)))
    return _csv(rows)


def power_prosperity() -> bytes:
    """Return the monthly power prosperity index of small enterprises by industry, 36 months."""
    draw = random.Random(20260103)
    series = []
    for code, name in _INDUSTRIES.items():
        value, points = draw.randint(950, 1050), []
        for month in range(36):
            value = max(700, min(1300, value + draw.randint(-28, 30)))
            points.append(
                {
                    "month": f"{2023 + month // 12}-{month % 12 + 1:02}",
                    "index_x10": value,
                    "households": draw.randint(60, 900),
                    "provisional": month >= 34,  # noqa: PLR2004  # the last two are revised later
                }
            )
        series.append({"industry_division": code, "industry": name, "points": points})
    document = {"base": "2022=1000", "minimum_households_per_cell": 50, "series": series}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def cold_chain() -> bytes:
    """Return ten-minute temperatures of 40 cold-chain journeys, with door openings and breaches."""
    draw = random.Random(20260104)
    rows: list[tuple[Any, ...]] = [
        ("journey", "goods", "minute", "temperature_x10", "limit_x10", "door_open", "breach")
    ]
    for journey in range(40):
        goods, limit = draw.choice((("冻品", -180), ("冷鲜肉", 40), ("疫苗", 80), ("果蔬", 100)))
        temperature = limit - 25
        for minute in range(0, draw.randint(24, 72) * 10, 10):
            door = int(draw.randint(0, 99) < 4)  # noqa: PLR2004
            temperature += draw.randint(-4, 4) + 15 * door
            temperature = max(limit - 60, temperature - (8 if temperature > limit - 20 else 0))
            rows.append(
                (f"J{journey + 1:04}", goods, minute, temperature, limit, door,
                 int(temperature > limit))
            )  # fmt: skip
    return _csv(rows)


def visitor_forecast() -> bytes:
    """Return a 28-day forecast of visitors for 30 places, with its band, as JSON lines."""
    draw = random.Random(20260105)
    lines = []
    for place in range(30):
        usual = draw.randint(300, 18_000)
        for ahead in range(28):
            day = _FIRST_DAY + dt.timedelta(days=ahead)
            weekend = 150 if day.weekday() >= 5 else 100  # noqa: PLR2004
            expected = usual * weekend * draw.randint(90, 112) // 10_000
            width = expected * (6 + ahead) // 100
            lines.append(
                json.dumps(
                    {
                        "place": f"示例景区{place + 1:02}",
                        "day": day.isoformat(),
                        "expected": expected,
                        "low": expected - width,
                        "high": expected + width,
                    },
                    ensure_ascii=False,
                )
            )
    return ("\n".join(lines) + "\n").encode()


def produce_prices() -> bytes:
    """Return the daily wholesale price index of 24 kinds of produce over 90 days."""
    draw = random.Random(20260106)
    rows: list[tuple[Any, ...]] = [
        ("day", "kind", "price_fen_per_kg", "index_x10", "volume_t", "markets_reporting")
    ]
    for kind in _PRODUCE:
        base = price = draw.randint(180, 2600)
        for ahead in range(90):
            day = _FIRST_DAY + dt.timedelta(days=ahead)
            price = max(90, price * draw.randint(965, 1036) // 1000)
            rows.append(
                (
                    day.isoformat(), kind, price, (price * 1000 + base // 2) // base,
                    draw.randint(4, 380), draw.randint(5, 11),
                )
            )  # fmt: skip
    return _csv(rows)


MAKERS: Final[dict[str, Callable[[], bytes]]] = {
    "port_weather_risk": port_weather_risk,
    "parking_index": parking_index,
    "power_prosperity": power_prosperity,
    "cold_chain": cold_chain,
    "visitor_forecast": visitor_forecast,
    "produce_prices": produce_prices,
}

_DISTRICTS: Final = (
    "东城", "西城", "南港", "北山", "高新", "滨海", "老街", "大学城", "机场", "站前", "会展", "新城",
)  # fmt: skip
# How busy public parking is by the hour of a working day, in percent.
_BUSY: Final = (
    22, 18, 15, 14, 15, 21, 34, 52, 71, 82, 85, 83, 78, 80, 84, 82, 79, 76, 70, 63, 55, 46, 37, 28,
)  # fmt: skip
_INDUSTRIES: Final = {
    "13": "农副食品加工业",
    "14": "食品制造业",
    "17": "纺织业",
    "26": "化学原料和化学制品制造业",
    "29": "橡胶和塑料制品业",
    "33": "金属制品业",
    "38": "电气机械和器材制造业",
    "51": "批发业",
    "52": "零售业",
    "61": "住宿业",
    "62": "餐饮业",
}
_PRODUCE: Final = (
    "芒果", "香蕉", "菠萝", "荔枝", "火龙果", "椰子", "木瓜", "西瓜", "番茄", "黄瓜", "茄子", "豇豆",
    "苦瓜", "丝瓜", "青椒", "尖椒", "空心菜", "小白菜", "地瓜叶", "冬瓜", "南瓜", "生姜", "大蒜", "胡椒",
)  # fmt: skip


def _level(value: int, bounds: Iterable[int]) -> int:
    return sum(value >= bound for bound in bounds)


def _csv(rows: Iterable[tuple[Any, ...]]) -> bytes:
    # Excel of Chinese Windows reads UTF-8 only after a byte order mark.
    return ("\ufeff" + "".join(",".join(map(str, row)) + "\r\n" for row in rows)).encode()
