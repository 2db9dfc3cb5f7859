"""Between the acts: two agencies are chosen by public comparison, and contracted (HN-23, HN-24)."""

from __future__ import annotations

from typing import Any, Final

from seeds.demo import people
from seeds.demo.registering import Parties
from seeds.demo.teller import Teller

_PATH: Final = "/api/v1/agency-selections"
_CRITERIA: Final = (
    ("competence", "专业能力与人员", 5_000),
    ("response", "服务响应承诺", 3_000),
    ("price", "报价", 2_000),
)
_QUALIFICATIONS: Final = (
    ("licence", "依法设立的证明"),
    ("independence", "与运营者无关联关系的说明"),
)
_BIDS: Final = (
    (people.FIRST_AGENCY, people.AGENCY_REVIEWER, "三名专职合规评估人员，五个工作日出具意见。", 80_000),
    (people.SECOND_AGENCY, people.SECOND_REVIEWER, "执业律师两名，七个工作日出具意见。", 95_000),
)  # fmt: skip


async def announce(t: Teller) -> str:
    """Announce the comparison and return its id; anybody reads it."""
    made = await t.do(
        people.ISSUER, "selection/announce", "POST", _PATH,
        {
            "selection_number": "示例比选〔2026〕1号",
            "title": "第三方确权登记服务机构公开比选",
            "criteria": [{"code": c, "name": n, "weight_bps": w} for c, n, w in _CRITERIA],
            "qualifications": [{"code": c, "name": n} for c, n in _QUALIFICATIONS],
            "bids_until": "2026-01-08",
            "panel_size": 3,
            "seats": 2,
        },
    )  # fmt: skip
    t.say("公开比选第三方机构，公告评分项与资格条件 · a public comparison is announced (HN-23)", "")
    return str(made["id"])


async def bid(t: Teller, selection_id: str) -> None:
    """Hand two bids in, sealed: until the window is over only digests are seen."""
    for agency, login, proposal, price_fen in _BIDS:
        evidence = {}
        for code, name in _QUALIFICATIONS:
            text = f"{agency.name}\n{name}（示例）\n".encode()
            file = await t.upload(
                login, f"selection/{agency.key}/{code}", f"{name}.txt", text, "text/plain",
                x_sealed_for=selection_id,
            )  # fmt: skip
            evidence[code] = file["id"]
        sealed = await t.do(
            login, f"selection/{agency.key}/bid", "POST", f"{_PATH}/{selection_id}/bids",
            {"proposal": proposal, "price_fen": price_fen, "evidence": evidence},
        )  # fmt: skip
        t.say(f"密封递交应选文件 · sealed bid: {agency.name}", sealed["sha256"][:12])
    await t.refused(
        people.ISSUER, "selection/too-early", f"{_PATH}/{selection_id}/openings", {},
        "bid_window_open",
    )  # fmt: skip
    t.say("递交截止前不得开启 · nothing is opened before the window ends", "bid_window_open")


async def award(t: Teller, selection_id: str) -> None:
    """Open the bids, draw the panel by public chance, score, rank and award."""
    path = f"{_PATH}/{selection_id}"
    bidder = people.AGENCY_REVIEWER
    await t.refused(
        bidder, "selection/too-late", f"{path}/bid-withdrawals", {}, "bid_window_closed"
    )
    await t.do(people.ISSUER, "selection/open", "POST", f"{path}/openings")
    await t.settle()  # the commitment gets its place, and a checkpoint is signed
    await t.do(people.ISSUER, "selection/draw", "POST", f"{path}/panel-draws")
    file = await t.look(people.ISSUER, f"{path}/file")
    bids = (await t.look(people.ISSUER, f"{path}/bids"))["items"]
    logins = {await _account_of(t, login): login for login, _ in people.EXPERTS}
    for number, account in enumerate(sorted(file["panel"]["experts"])):
        scores = [_score(bid, number, place) for place, bid in enumerate(bids)]
        login = logins[account]
        await t.do(
            login, f"selection/score/{login}", "POST", f"{path}/score-sheets", {"scores": scores}
        )
    t.say("开启、随机抽取三名专家、评分 · opened, three experts drawn, scored", "")
    await t.do(people.ISSUER, "selection/rank", "POST", f"{path}/rankings")
    awarded = await t.do(
        people.ISSUER, "selection/award", "POST", f"{path}/awards",
        {"result": "按评审排名，前两名入选，现予公布。"},
    )  # fmt: skip
    t.say("定选两家，结果公布 · two are chosen, the result is public", awarded["selection_number"])


async def contract(t: Teller, who: Parties, selection_id: str) -> None:
    """Sign two-year contracts with the two winners (HN-23, HN-24)."""
    for index, agency in enumerate((people.FIRST_AGENCY, people.SECOND_AGENCY), start=1):
        await t.do(
            people.ISSUER, f"contract/{agency.key}", "POST", "/api/v1/agency-contracts",
            {
                "agency_party_id": who.party[agency.key],
                "selection_id": selection_id,
                "contract_number": f"示例服务〔2026〕{index}号",
                "starts_on": "2026-01-09",
            },
        )  # fmt: skip
    t.say("与入选两家机构签约，为期两年 · both winners under contract (HN-24)", "")


async def _account_of(t: Teller, login: str) -> str:
    return str((await t.look(login, "/api/v1/me"))["account"]["id"])


def _score(bid: dict[str, Any], expert: int, place: int) -> dict[str, Any]:
    points = {code: 92 - 6 * place - expert for code, _, _ in _CRITERIA}
    return {"bid_id": bid["bid"]["id"], "is_qualified": True, "points": points}
