"""Who finds what in the log: each role, with what is its own and with what is not."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import httpx
import pytest

from market.identity.permissions import Role
from tests.api import code
from tests.makers_identity import Member, make_member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

SEARCH = "/api/v1/log/entries"


scene = staged(make_scene)


async def search(scene: Scene, who: Member, **wanted: Any) -> httpx.Response:
    await scene.api.run_jobs()
    return await scene.by(who).get(SEARCH, **wanted)


async def found(scene: Scene, who: Member, **wanted: Any) -> list[dict[str, Any]]:
    answer = must(await search(scene, who, limit=200, **wanted))
    assert isinstance(answer["items"], list)
    return list(answer["items"])


def about(application: str) -> dict[str, str]:
    return {"subject_kind": "application", "subject_id": application}


async def test_a_case_is_found_by_its_own_people_who_handles_it_and_who_audits(
    scene: Scene,
) -> None:
    application = await scene.submitted()
    stranger = await make_member(scene.db, Role.SUPPLIER, now=scene.clock.now())
    auditor = await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=scene.clock.now())
    security = await make_member(scene.db, Role.SECURITY_ADMINISTRATOR, now=scene.clock.now())

    before = await search(scene, scene.acceptor, **about(application))
    taken = must(await scene.take(application, scene.acceptor, "acceptance"))["id"]
    during = await found(scene, scene.acceptor, **about(application))
    mine = await found(scene, scene.supplier, **about(application))
    theirs = await search(scene, stranger, **about(application))
    audited = await found(scene, auditor, **about(application))
    supervised = await found(scene, scene.regulator, **about(application))
    of_security = await found(scene, security, **about(application))
    must(
        await scene.by(scene.acceptor).post(
            f"/api/v1/case-assignments/{taken}/endings", {"reason": "调岗"}
        )
    )
    after = await search(scene, scene.acceptor, **about(application))

    assert (before.status_code, theirs.status_code, after.status_code) == (404, 404, 404)
    events = [each["event"] for each in audited]
    assert {"application:submitted", "case:taken"} <= set(events)
    assert [each["event"] for each in mine] == [each["event"] for each in during] == events
    assert [each["event"] for each in supervised] == events
    assert of_security == []
    assert all(each["payload"] for each in audited + supervised)
    told = {each["event"] for each in during if each["payload"]}
    assert told == {"case:taken"}
    assert "case:taken" not in {each["event"] for each in mine if each["payload"]}
    assert {each["actor_account_id"] for each in mine if each["payload"]} == {
        str(scene.supplier.account.id)
    }


async def test_an_act_of_ones_own_is_found_without_its_payload_when_the_case_was_handed_back(
    scene: Scene,
) -> None:
    application = await scene.submitted()
    taken = must(await scene.take(application, scene.acceptor, "acceptance"))["id"]

    (open_,) = await found(scene, scene.acceptor, action="case:taken")
    must(
        await scene.by(scene.acceptor).post(
            f"/api/v1/case-assignments/{taken}/endings", {"reason": "调岗"}
        )
    )
    (closed,) = await found(scene, scene.acceptor, action="case:taken")

    assert open_["payload"]["facts"]["duty"] == "acceptance"
    assert (closed["id"], closed["payload"]) == (open_["id"], None)


async def test_asking_for_what_is_not_ones_own_is_remembered(scene: Scene) -> None:
    application = await scene.submitted()
    stranger = await make_member(scene.db, Role.SUPPLIER, now=scene.clock.now())
    await search(scene, stranger, **about(application))

    (denied,) = await found(scene, stranger, action="object:denied")

    assert denied["payload"]["facts"]["route"] == SEARCH
    assert application not in str(denied["payload"])


async def test_a_search_is_walked_page_by_page_and_proven_by_its_places(scene: Scene) -> None:
    await scene.submitted()
    everything = await found(scene, scene.supplier)

    walked, cursor = [], None
    while True:
        page = must(
            await scene.by(scene.supplier).get(
                SEARCH, limit=3, **({"cursor": cursor} if cursor else {})
            )
        )
        walked += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    first = walked[0]
    public = must(await scene.api.get(f"/api/v1/log/entries/{first['index']}"))

    assert [each["id"] for each in walked] == [each["id"] for each in everything]
    assert len(walked) > 6
    assert public["leaf"] == first["leaf"]


@pytest.mark.parametrize(
    ("wanted", "status", "name"),
    [
        ({"action": "no:such"}, 422, "log_action_unknown"),
        ({"subject_kind": "order"}, 422, "log_subject_incomplete"),
        ({"from": "2026-03-03T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, 422, "log_period_empty"),
        ({"from": "yesterday"}, 400, "parameter_invalid"),
        ({"actor": "wang.fang"}, 400, "parameter_invalid"),
        ({"limit": 201}, 400, "limit_out_of_range"),
        ({"cursor": "x"}, 400, "cursor_unreadable"),
    ],
)
async def test_what_can_not_be_searched_for_is_refused_by_name(
    scene: Scene, wanted: dict[str, Any], status: int, name: str
) -> None:
    refused = await scene.by(scene.supplier).get(SEARCH, **wanted)

    assert (refused.status_code, code(refused)) == (status, name)


# ── the page ────────────────────────────────────────────────────────────────────────────────


async def look(scene: Scene, who: Member, **wanted: Any) -> httpx.Response:
    await scene.api.run_jobs()
    headers = {"accept": "text/html", "cookie": f"shushi_session={who.token}"}
    return await scene.api.http.get("/audit", params=wanted, headers=headers)


async def test_the_page_shows_what_is_found_says_what_is_wrong_and_when_nothing_is_there(
    scene: Scene,
) -> None:
    application = await scene.submitted()
    auditor = await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=scene.clock.now())

    shown = await look(scene, auditor, **about(application), first="2026-03-02")
    own = await look(scene, scene.supplier)
    none = await look(scene, auditor, first="2027-01-01", last="2027-01-02", lang="en")
    wrong = await look(scene, auditor, action="<b>no:such</b>", subject_kind="<i>x</i>")
    day = await look(scene, auditor, first="2.3.2026")
    account = await look(scene, auditor, account="wang.fang")
    foreign = await look(scene, scene.supplier, **about(str(uuid.uuid4())))

    assert shown.status_code == own.status_code == none.status_code == 200
    assert "提交申请" in shown.text
    assert "application:<wbr>submitted" in shown.text
    assert f"subject_id={application}" in shown.text
    assert "Nothing was found" in none.text
    assert (wrong.status_code, 'value="&lt;i&gt;x&lt;/i&gt;" selected' in wrong.text) == (422, True)
    assert "<b>no:such" not in wrong.text
    assert "<i>x" not in wrong.text
    assert (day.status_code, "2026-03-02 的形式" in day.text) == (422, True)
    assert (account.status_code, "账户编号" in account.text) == (422, True)
    assert foreign.status_code == 404


async def test_the_page_says_who_did_what_to_what_and_when_in_the_readers_language(
    scene: Scene,
) -> None:
    application = await scene.submitted()
    auditor = await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=scene.clock.now())
    wanted = about(application) | {"action": "application:submitted"}

    zh = (await look(scene, auditor, **wanted)).text
    en = (await look(scene, auditor, **wanted, lang="en")).text

    for shown, heading, group, role, kind, action, second in (
        (zh, "行为人", "确权登记", "供方", "登记申请", "提交申请", r"2026年3月2日 \d\d:\d\d:\d\d<"),
        (en, "Who", "Registration", "Supplier", "Application", "Application submitted", r"2 March 2026, \d\d:\d\d:\d\d \(UTC\+8\)<"),
    ):  # fmt: skip
        assert heading in shown
        assert f'<optgroup label="{group}">' in shown
        assert f'<option value="application:submitted" selected>{action}</option>' in shown
        assert f'<option value="application" selected>{kind}</option>' in shown
        assert f'<span class="small quiet">{role}' in shown
        assert f"account={scene.supplier.account.id}&" in shown.replace("&amp;", "&")
        assert re.search(second, shown)


async def test_who_finds_a_part_of_the_log_is_offered_no_other_actions(scene: Scene) -> None:
    security = await make_member(scene.db, Role.SECURITY_ADMINISTRATOR, now=scene.clock.now())

    shown = (await look(scene, security)).text
    wrong = (await look(scene, security, first="2.3.2026")).text

    for page in (shown, wrong):
        assert '<option value="sign_in:failed">登录失败</option>' in page
        assert "order:placed" not in page
        assert "只看本人" in page


async def test_refusals_that_were_folded_are_shown_with_how_many_there_were(scene: Scene) -> None:
    auditor = await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=scene.clock.now())
    for _ in range(7):
        await scene.by(scene.supplier).get("/api/v1/rechecks")
    scene.clock.move_by(dt.timedelta(minutes=2))

    shown = (await look(scene, auditor, action="access:denied")).text

    assert re.search(r'<span class="badge">6 次</span>', shown)


async def test_a_page_of_fifty_leads_to_the_next(scene: Scene) -> None:
    for _ in range(55):
        await scene.by(scene.regulator).get(SEARCH, limit=1)

    first = await look(scene, scene.regulator, action="audit_entries:read")

    assert 'rel="next"' in first.text
    assert first.text.count("<tr>") == 51
