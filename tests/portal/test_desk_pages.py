"""The desks where people write what everybody reads: zones, collections, openings, yearly plans."""

from __future__ import annotations

import re

import httpx
import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member, make_party
from tests.makers_portal import HOSTILE
from tests.makers_registration import must
from tests.makers_shelves import describe, hide, show
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.stages import staged

UNKNOWN = "00000000-0000-7000-8000-000000000009"


class Office(msgspec.Struct, frozen=True):
    """Who works at the desks, a public product, and one that is not public."""

    supplier: Member
    stranger: Member
    regulator: Member
    acceptor: Member
    police: Member
    public: str
    hidden: str


@staged
async def office(api: Api, db: Database, clock: ManualClock) -> Office:
    now = clock.now()
    supplier = await make_member(db, Role.SUPPLIER, now=now)
    mine = api.as_(supplier.token)
    public = await describe(mine, name="港口风级")
    await show(db, clock, public)
    hidden = await describe(mine, name="港口浪高", sharing_type="unconditional")
    file_id = must(await mine.upload(b"a,b\n1,2\n", "a.csv", "text/csv"))["id"]
    must(await mine.post(f"/api/v1/products/{hidden}/contents", {"file_id": file_id}))
    police = await make_party(db, Capacity.OTHER_REGULATOR, now=now, name="示例市网信办")
    return Office(
        supplier=supplier,
        stranger=await make_member(db, Role.SUPPLIER, now=now),
        regulator=await make_member(db, Role.REGULATOR, now=now),
        acceptor=await make_member(db, Role.OPERATOR_ACCEPTOR, now=now),
        police=await make_member(db, Role.OTHER_REGULATOR, now=now, party=police),
        public=public,
        hidden=hidden,
    )


def said(page: httpx.Response) -> str:
    """Return why a page was refused, in its words."""
    check(page, "zh-CN")
    found = re.search(r'<div class="card alert" role="alert">(.*?)</div>', page.text, re.DOTALL)
    assert found is not None, page.text
    return plain(found.group(1))


def a_zone(office: Office, **changes: str) -> dict[str, str]:
    return {
        "code": "harbour",
        "kind": "domain",
        "name": "港口公共数据专区",
        "domain-transport": "yes",
        "operator": str(office.supplier.party.uscc),
        "supervisor_party_id": str(office.police.party.id),
    } | changes


async def founded(api: Api, office: Office) -> str:
    """Found a zone and open it by the forms; return its id."""
    by(api, office.regulator)
    made = await send(api, "/zone-desk", **a_zone(office))
    assert made.status_code == 303, made.text
    place = made.headers["location"]
    opened = await send(api, f"{place}/decisions", place, event="open", reason="已验收")
    assert opened.status_code == 303
    return str(place.rpartition("/")[2])


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ({"code": "Harbour"}, 422, "有一项没有填写"),
        ({"operator": "没有的单位"}, 422, "专区运营单位须为已实名的供需主体"),
        ({"supervisor_party_id": ""}, 422, "专区没有监管部门"),
        ({"domain-transport": ""}, 422, "领域类专区的下列内容缺失或不适用：领域"),
        ({"kind": "regional"}, 422, "区域"),
        ({"kind": "regional", "domain-transport": "", "region_code": "999999"}, 422, "代码"),
        ({"name": "港\x07口"}, 422, "字符"),
    ],
)
async def test_a_zone_that_can_not_be_is_refused_in_words_and_shown_as_it_was_typed(
    api: Api, office: Office, changes: dict[str, str], status: int, why: str
) -> None:
    by(api, office.regulator)
    typed = {name: value for name, value in a_zone(office, **changes).items() if value}
    refused = await send(api, "/zone-desk", **typed)
    listed = (await api.as_(office.regulator.token).get("/api/v1/zones")).json()

    assert refused.status_code == status
    assert why in said(refused)
    assert f'value="{typed["code"]}"' in refused.text
    assert listed["items"] == []


async def test_the_authority_founds_a_zone_and_everybody_sees_it_from_its_opening_on(
    api: Api, office: Office
) -> None:
    by(api, office.regulator)
    empty = (await look(api, "/zone-desk")).text
    made = await send(api, "/zone-desk", **a_zone(office, description=HOSTILE))
    again = await send(api, "/zone-desk", **a_zone(office))
    place = made.headers["location"]
    page = await look(api, place)
    by(api, None)
    before = await look(api, "/zones/harbour")
    by(api, office.regulator)
    silent = await send(api, f"{place}/decisions", place, event="open")
    odd = await send(api, f"{place}/decisions", place, event="burn", reason="x")
    opened = await send(api, f"{place}/decisions", place, event="open", reason="已验收")
    twice = await send(api, f"{place}/decisions", place, event="open", reason="已验收")
    by(api, None)
    after = plain((await look(api, "/zones/harbour")).text)

    assert "还没有专区" in empty
    assert (made.status_code, again.status_code) == (303, 409)
    assert "专区代码或名称已被使用" in said(again)
    check(page, "zh-CN")
    assert "筹建中，公众还看不到" in page.text
    assert before.status_code == 404
    assert (silent.status_code, odd.status_code, opened.status_code) == (422, 422, 303)
    assert twice.status_code == 409
    assert said(twice) == "没有办理 ：专区处于“运行”状态，不能执行“开放”。"
    assert "港口公共数据专区" in after
    assert "最近一次决定的理由：已验收" in after


async def test_a_zone_is_said_otherwise_handed_over_suspended_and_closed(
    api: Api, office: Office
) -> None:
    zone = await founded(api, office)
    place = f"/zone-desk/{zone}"
    changed = {"name": "港航公共数据专区", "domain-other": "yes", "version": "2"}
    revised = await send(api, f"{place}/revisions", place, **changed)
    stale = await send(api, f"{place}/revisions", place, **changed)
    nobody = await send(
        api, f"{place}/handovers", place, supervisor_party_id=UNKNOWN, reason="职责调整"
    )
    handed = await send(
        api,
        f"{place}/handovers",
        place,
        supervisor_party_id=str(office.regulator.party.id),
        reason="职责调整",
    )
    page = plain((await look(api, place)).text)
    steps = [
        await send(api, f"{place}/decisions", place, event=event, reason="检查")
        for event in ("suspend", "resume", "close")
    ]
    closed = (await look(api, place)).text
    missing = await look(api, f"/zone-desk/{UNKNOWN}")
    by(api, office.supplier)
    foreign = await look(api, place)

    assert (revised.status_code, stale.status_code, nobody.status_code) == (303, 412, 422)
    assert "已被他人修改" in said(stale)
    assert handed.status_code == 303
    assert "港航公共数据专区" in page
    assert page.count(" 起：".strip()) == 2
    assert [each.status_code for each in steps] == [303] * 3
    assert f'action="{place}/decisions"' not in closed
    assert (missing.status_code, foreign.status_code) == (404, 403)


async def test_who_operates_a_zone_finds_products_puts_them_in_and_takes_them_out(
    api: Api, db: Database, clock: ManualClock, office: Office
) -> None:
    zone = await founded(api, office)
    place = f"/my/zones/{zone}"
    by(api, office.supplier)
    listed = (await look(api, "/my/zones")).text
    nothing = (await look(api, f"{place}?q=没有这种东西")).text
    found = (await look(api, f"{place}?q=港口")).text
    put = {"product_id": office.public, "reason": HOSTILE, "q": "港口"}
    at = f"{place}?q=港口"
    hidden = await send(api, f"{place}/products", at, **(put | {"product_id": office.hidden}))
    silent = await send(api, f"{place}/products", at, product_id=office.public)
    placed = await send(api, f"{place}/products", at, **put)
    twice = await send(api, f"{place}/products", at, **put)
    shown = await look(api, place)
    removal = f"{place}/products/{office.public}/removals"
    no_reason = await send(api, removal, place)
    removed = await send(api, removal, place, reason="来源停更")
    by(api, None)
    public = plain((await look(api, "/zones/harbour")).text)

    assert place in listed
    assert "没有找到公开的产品" in nothing
    assert f'<option value="{office.public}"' in found
    assert office.hidden not in found
    assert (hidden.status_code, silent.status_code, placed.status_code) == (409, 422, 303)
    assert "该产品尚未公开，不能列入" in said(hidden)
    assert f'<option value="{office.public}"' in hidden.text  # what was looked for is still there
    assert "该产品已在一个专区内" in said(twice)
    check(shown, "zh-CN")
    assert (no_reason.status_code, removed.status_code) == (422, 303)
    assert "来源停更" in public


async def test_no_other_party_works_at_a_zone_and_none_is_put_into_one_that_is_not_open(
    api: Api, office: Office
) -> None:
    zone = await founded(api, office)
    by(api, office.stranger)
    nobodys = (await look(api, "/my/zones")).text
    foreign = await look(api, f"/my/zones/{zone}")
    put = {"product_id": office.public, "reason": "同一场景"}
    theirs = await send(api, f"/my/zones/{zone}/products", "/inbox", once=UNKNOWN, **put)
    by(api, office.regulator)
    desk = f"/zone-desk/{zone}"
    await send(api, f"{desk}/decisions", desk, event="suspend", reason="检查")
    by(api, office.supplier)
    page = (await look(api, f"/my/zones/{zone}")).text
    refused = await send(api, f"/my/zones/{zone}/products", "/inbox", once=UNKNOWN, **put)

    assert "本单位没有运营专区" in nobodys
    assert (foreign.status_code, theirs.status_code) == (404, 404)
    assert "专区处于“暂停”状态，不能列入产品" in page
    assert refused.status_code == 409
    assert "不能执行“列入产品”" in said(refused)


async def test_a_supplier_drafts_fills_orders_and_publishes_a_collection(
    api: Api, db: Database, clock: ManualClock, office: Office
) -> None:
    second = await describe(api.as_(office.supplier.token), name="港口能见度")
    await show(db, clock, second)
    by(api, office.supplier)
    empty = (await look(api, "/my/collections")).text
    nameless = await send(api, "/my/collections", text="没有名称")
    made = await send(api, "/my/collections", title="渔港安全", text=HOSTILE, audience="渔船")
    place = made.headers["location"]
    too_early = await send(api, f"{place}/publications", place)
    own = (await look(api, place)).text
    add = {"product_id": office.public, "version": "1", "note": "先看风"}
    first = await send(api, f"{place}/entries", place, **add)
    stale = await send(api, f"{place}/entries", place, **add)
    doubled = await send(api, f"{place}/entries", place, **(add | {"version": "2"}))
    await send(api, f"{place}/entries", place, product_id=second, version="2")
    ordered = await send(
        api,
        f"{place}/revisions",
        place,
        title="渔港作业安全",
        version="3",
        **{f"place-{second}": "1", f"place-{office.public}": "2", f"note-{second}": "再看雾"},
    )
    published = await send(api, f"{place}/publications", place)
    by(api, None)
    public = await look(api, place.replace("/my", ""))

    assert "还没有专题集合" in empty
    assert (nameless.status_code, made.status_code, too_early.status_code) == (422, 303, 422)
    assert "没有产品，不能发布" in said(too_early)
    assert f'<option value="{office.public}"' in own
    assert (first.status_code, stale.status_code, doubled.status_code) == (303, 412, 422)
    assert said(doubled) == "没有办理 ：第2项不能列入专题集合：重复。"
    assert (ordered.status_code, published.status_code) == (303, 303)
    check(public, "zh-CN")
    assert public.text.index("港口能见度") < public.text.index("港口风级")
    assert "渔港作业安全" in public.text
    assert "先看风" not in public.text  # its note was written anew, as nothing
    assert "再看雾" in public.text


async def test_a_collection_is_changed_in_public_and_taken_back_for_good_with_its_reason(
    api: Api, db: Database, clock: ManualClock, office: Office
) -> None:
    by(api, office.acceptor)
    made = await send(api, "/my/collections", title="运营者推荐")
    place = made.headers["location"]
    found = (await look(api, f"{place}?q=港口")).text
    await send(api, f"{place}/entries", place, product_id=office.public, version="1")
    await send(api, f"{place}/publications", place)
    emptied = await send(
        api,
        f"{place}/revisions",
        place,
        title="运营者推荐",
        version="3",
        part="words",
        **{f"drop-{office.public}": "yes"},
    )
    await hide(db, clock, office.public)
    gone = plain((await look(api, place)).text)
    silent = await send(api, f"{place}/withdrawals", place)
    withdrawn = await send(api, f"{place}/withdrawals", place, reason="专题结束")
    after = await look(api, place)
    late = await send(api, f"{place}/publications", "/my/collections")
    by(api, office.supplier)
    foreign = await look(api, place)

    assert f'<option value="{office.public}"' in found
    assert emptied.status_code == 422
    assert "checked" in emptied.text
    assert "暂未公开" in gone
    assert (silent.status_code, withdrawn.status_code) == (422, 303)
    check(after, "zh-CN")
    assert "专题结束" in after.text
    assert f"{place}/publications" not in after.text
    assert late.status_code == 409
    assert "已撤下" in said(late)
    assert foreign.status_code == 404


async def test_a_supplier_asks_to_open_a_product_and_the_operator_decides(
    api: Api, office: Office
) -> None:
    path = "/openings"
    by(api, office.supplier)
    empty = (await look(api, path)).text
    wanted = (await look(api, f"{path}?product_id={office.hidden}")).text
    ask = {"product_id": office.hidden, "licence": "CC-BY-4.0"}
    odd = await send(api, path, **(ask | {"licence": "MY-OWN"}))
    sold = await send(api, path, **(ask | {"product_id": office.public}))
    asked = await send(api, path, **ask)
    twice = await send(api, path, **ask)
    by(api, office.acceptor)
    page = await look(api, f"{path}?status=requested")
    place = re.search(r'action="(/openings/[0-9a-f-]+/decisions)"', page.text)
    assert place is not None
    silent = await send(api, place.group(1), path, decision="confirm")
    confirmed = await send(api, place.group(1), path, decision="confirm", reason="可以开放")
    late = await send(api, place.group(1), path, decision="refuse", reason="再想想")
    by(api, None)
    public = (await look(api, "/open-data")).text
    by(api, office.supplier)
    closing = place.group(1).replace("decisions", "closings")
    closed = await send(api, closing, path, reason="停更")
    told = plain((await look(api, f"{path}?status=closed")).text)

    assert "这里没有开放申请" in empty
    assert f'value="{office.hidden}" selected' in wanted
    assert (odd.status_code, sold.status_code, asked.status_code) == (422, 409, 303)
    assert "不是所列的开放许可" in said(odd)
    assert "该产品不能作为开放数据：共享类型不是无条件共享" in said(sold).replace(
        "没有数据内容、", ""
    )
    assert "该产品已开放，或已申请开放" in said(twice)
    check(page, "zh-CN")
    assert (silent.status_code, confirmed.status_code, late.status_code) == (422, 303, 409)
    assert "处于“已开放”状态" in said(late)
    assert "港口浪高" in public
    assert closed.status_code == 303
    assert "已停止开放" in told
    assert "停更" in told


async def test_an_opening_is_nobody_elses_and_who_only_reads_decides_nothing(
    api: Api, office: Office
) -> None:
    by(api, office.supplier)
    await send(api, "/openings", product_id=office.hidden, licence="CC0-1.0")
    page = (await look(api, "/openings")).text
    place = re.search(r'action="(/openings/[0-9a-f-]+/closings)"', page)
    assert place is not None
    by(api, office.stranger)
    others = (await look(api, "/openings")).text
    foreign = await send(api, place.group(1), "/openings", once=UNKNOWN, reason="x")
    by(api, office.regulator)
    reader = (await look(api, "/openings")).text
    by(api, office.supplier)
    taken_back = await send(api, place.group(1), "/openings", reason="先补数据")

    assert "港口浪高" not in others
    assert foreign.status_code == 404
    assert "港口浪高" in reader
    assert "/decisions" not in reader
    assert taken_back.status_code == 303


async def test_the_authority_writes_a_plan_promise_by_promise_and_publishes_it(
    api: Api, office: Office
) -> None:
    by(api, office.regulator)
    desk = "/open-plan-desk"
    empty = (await look(api, desk)).text
    nameless = await send(api, desk, year="2026")
    begun = await send(api, desk, year="2026", title="2026年公共数据开放计划")
    again = await send(api, desk, year="2026", title="另一份")
    place = begun.headers["location"]
    nothing = await send(api, f"{place}/publications", place, version="1")
    item = {
        "department": "省气象局",
        "title": "逐小时降水",
        "field": "meteorology",
        "due_quarter": "2",
        "version": "1",
    }
    odd = await send(api, f"{place}/items", place, **(item | {"due_quarter": "5"}))
    added = await send(api, f"{place}/items", place, **item)
    stale = await send(api, f"{place}/items", place, **item)
    second = item | {"version": "2", "title": "航道水深", "department": "省港航局"}
    await send(api, f"{place}/items", place, **second)
    changing = (await look(api, f"{place}?item=1")).text
    changed = await send(
        api,
        f"{place}/items",
        place,
        **(item | {"version": "3", "number": "1", "step": "change", "due_quarter": "3"}),
    )
    removed = await send(api, f"{place}/items", place, version="4", number="2", step="remove")
    headed = await send(api, place, version="5", title="2026年公共数据开放年度计划", text=HOSTILE)
    by(api, None)
    before = await look(api, "/open-plans/2026")
    by(api, office.regulator)
    unseen = await send(api, f"{place}/publications", place, version="5")
    published = await send(api, f"{place}/publications", place, version="6")
    late = await send(api, place, version="7", title="改名")
    by(api, None)
    public = plain((await look(api, "/open-plans/2026")).text)

    assert "还没有年度计划" in empty
    assert (nameless.status_code, begun.status_code, again.status_code) == (422, 303, 412)
    assert "计划中没有开放事项，不能发布" in said(nothing)
    assert (odd.status_code, added.status_code, stale.status_code) == (422, 303, 412)
    assert 'value="逐小时降水"' in changing
    assert "2026年第2季度（2026年6月30日前）" in plain(changing)
    assert {changed.status_code, removed.status_code, headed.status_code} == {303}
    assert before.status_code == 404
    assert (unseen.status_code, published.status_code, late.status_code) == (412, 303, 409)
    assert "该年度计划已发布，不能重写" in said(late)
    assert "逐小时降水" in public
    assert "航道水深" not in public
    assert "2026年第3季度" in public


async def test_a_promise_is_kept_by_open_data_or_postponed_with_its_reason(
    api: Api, db: Database, clock: ManualClock, office: Office
) -> None:
    by(api, office.regulator)
    place = (await send(api, "/open-plan-desk", year="2026", title="计划")).headers["location"]
    item = {
        "department": "省气象局",
        "title": "降水",
        "field": "meteorology",
        "due_quarter": "4",
        "version": "1",
    }
    await send(api, f"{place}/items", place, **item)
    await send(api, f"{place}/publications", place, version="2")
    await send(api, f"{place}/items", place, **(item | {"title": "浪高"}))
    draft_of_next = plain((await look(api, "/open-plan-desk")).text)
    page = (await look(api, f"{place}?item=1")).text
    steps = re.findall(r'action="(/open-plan-desk/2026/items/[0-9a-f-]+/postponements)"', page)
    keeping = steps[0].replace("postponements", "openings")
    later = {"due_year": "2027", "due_quarter": "1", "reason": "站网改造"}
    backwards = await send(
        api, steps[0], place, number="1", **(later | {"due_year": "2026", "due_quarter": "4"})
    )
    postponed = await send(api, steps[0], place, **later)
    closed = await send(api, keeping, place, product_id=office.public, number="1")
    ask = {"product_id": office.hidden, "licence": "CC-BY-4.0"}
    asked = must(await api.as_(office.supplier.token).post("/api/v1/openings", ask))
    decision = {"is_confirmed": True, "reason": "可以开放"}
    must(
        await api.as_(office.acceptor.token).post(
            f"/api/v1/openings/{asked['id']}/decisions", decision
        )
    )
    by(api, office.regulator)
    found = (await look(api, f"{place}?item=1&q=浪高")).text
    kept = await send(api, keeping, place, product_id=office.hidden)
    twice = await send(api, keeping, place, product_id=office.hidden, number="1")
    unknown = await send(api, f"{place}/items/{UNKNOWN}/openings", place, product_id=office.hidden)
    no_year = await look(api, "/open-plan-desk/1999")
    by(api, None)
    public = plain((await look(api, "/open-plans/2026")).text)

    assert "2027年公共数据开放计划 编制中 发布期限：2027年3月31日 星期三 24时止" in draft_of_next
    assert "没有找到开放的产品" in page
    assert (backwards.status_code, postponed.status_code) == (422, 303)
    assert "延期须晚于原定的2026年第4季度" in said(backwards)
    assert closed.status_code == 409
    assert "该产品不是开放数据" in said(closed)
    assert f'<option value="{office.hidden}"' in found
    assert (kept.status_code, twice.status_code) == (303, 409)
    assert (unknown.status_code, no_year.status_code) == (404, 404)
    assert "站网改造" in public
    assert "已开放" in public


async def test_the_public_pages_lead_to_the_desks_of_those_who_work_there(
    api: Api, office: Office
) -> None:
    desks = {
        "/zones": ("/zone-desk", "/my/zones"),
        "/collections": ("", "/my/collections"),
        "/open-data": ("/openings", "/openings"),
        "/open-plans": ("/open-plan-desk", ""),
    }
    for public, (of_authority, of_supplier) in desks.items():
        for who, desk in (
            (None, ""),
            (office.regulator, of_authority),
            (office.supplier, of_supplier),
        ):
            by(api, who)
            text = (await look(api, public)).text.split('<main id="content"')[1]
            shown = {each for pair in desks.values() for each in pair if each} & set(
                re.findall(r'class="button plain" href="([^"]+)"', text)
            )

            assert shown == ({desk} if desk else set()), (public, who)
