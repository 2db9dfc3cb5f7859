"""Act six: cases and inspectors are drawn by public chance; a case is handed out as one file."""

from __future__ import annotations

from typing import Final

from seeds.demo import people
from seeds.demo.registering import Parties
from seeds.demo.teller import StoryBroken, Teller

DRAW: Final = "draw.json"
CASE_FILE: Final = "case.zip"
_PATH: Final = "/api/v1/spot-checks"
_ITEMS: Final = ("申请材料齐全", "审查意见完备")


async def check_by_chance(t: Teller, who: Parties) -> None:
    """Draw two of the cases and two inspectors, inspect, publish; keep the record (HN-21)."""
    regulator = people.REGULATOR
    planned = await t.do(
        regulator, "spot-check/plan", "POST", _PATH,
        {
            "title": "二〇二六年第一次双随机抽查",
            "items": _ITEMS,
            "submitted_from": "2026-01-01",
            "submitted_through": "2026-01-31",
            "sample_size": 2,
            "inspector_account_ids": [who.account[login] for login, _ in people.INSPECTORS],
            "inspector_count": 2,
        },
    )  # fmt: skip
    path = f"{_PATH}/{planned['id']}"
    await t.settle()  # the commitment gets its place, and a checkpoint is signed
    drawn = await t.do(regulator, "spot-check/draw", "POST", f"{path}/draws")
    t.say(
        "双随机：按公开随机数抽取案件与检查人员 · cases and inspectors drawn by public chance (HN-21)",
        f"{len(drawn['cases'])}/{len(planned['population'])}",
    )
    await t.do(regulator, "spot-check/begin", "POST", f"{path}/beginnings")
    inspector = next(
        login for login, _ in people.INSPECTORS if who.account[login] in drawn["inspectors"]
    )
    for number, (case, item) in enumerate((c, i) for c in drawn["cases"] for i in _ITEMS):
        await t.do(
            inspector, f"spot-check/finding/{number}", "POST", f"{path}/findings",
            {"application_id": case, "item": item, "conforms": True, "fact": "查阅卷宗，符合要求"},
        )  # fmt: skip
    await t.do(regulator, "spot-check/conclude", "POST", f"{path}/conclusions")
    published = await t.do(
        regulator, "spot-check/publish", "POST", f"{path}/publications",
        {"summary": "随机抽查两件，均符合要求。"},
    )  # fmt: skip
    if published["state"] != "closed":
        raise StoryBroken(f"the spot check did not end: {published['state']}")
    await t.settle()  # who stood aside is sealed
    t.keep(DRAW, await t.look(None, f"{path}/draw"))
    t.say("一公开：结果与抽取记录公开 · published, with a record to draw again from", DRAW)


async def hand_out_case(t: Teller, application_id: str) -> None:
    """Get the signed file of one registration and keep it, for ``market verify``."""
    await t.settle()
    if not t.was_told("case-file"):  # that it was handed out is remembered each time
        path = f"/api/v1/applications/{application_id}/case-file"
        t.keep(CASE_FILE, await t.look(people.REGULATOR, path))
        t.note("case-file")
    t.say(
        "一件登记的完整卷宗，签名，离线可核验 · the whole file of one registration, signed",
        CASE_FILE,
    )
