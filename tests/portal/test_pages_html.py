"""The pages as a browser without scripts gets them: both languages, escaped, headed, complete."""

from __future__ import annotations

import datetime as dt
import enum
import html.parser
import json
import pathlib
import re
import uuid
from typing import Any

import httpx
import pytest

from catalog.agency_selection import states as selection_states
from catalog.certificates import states as certificate_states
from catalog.harvesting import model as harvest_model
from catalog.harvesting import source_states as harvest_source_states
from catalog.harvesting import states as harvest_states
from catalog.kernel.actor import Actor
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.workdays import Reason
from catalog.notices import model as notice_model
from catalog.notices import states as notice_states
from catalog.objections import states as objection_states
from catalog.objections.model import Closing
from catalog.objections.outcome import Outcome
from catalog.objections.standing import Ground as ObjectionGround
from catalog.product_batches import model as batch_model
from catalog.product_batches import states as batch_states
from catalog.products import model as product_model
from catalog.products import states as product_states
from catalog.profiles.quality import Dimension
from catalog.quality_issues import states as issue_states
from catalog.registration import states as application_states
from catalog.registration.acceptance import Result as AcceptanceResult
from catalog.registration.completeness import MaterialKind
from catalog.registration.dossier import TARGETS
from catalog.registration.findings import COMPLIANCE_POINTS, TECHNICAL_POINTS, Overall
from catalog.registration.model import ReviewResult
from catalog.rulebooks import registry
from catalog.search.model import Sort
from catalog.thesaurus import states as synonym_states
from catalog.timers import states as timer_states
from catalog.timers.urgency import Urgency
from market.approvals import model as approval_model
from market.complaints import model as complaint_model
from market.complaints.operations import triage
from market.data_demands import states as demand_states
from market.demand_posts import model as demand_posts
from market.demand_posts import states as demand_post_states
from market.http.auth import SESSION_COOKIE
from market.identity import model as identity_model
from market.jobs import reports_due
from market.negotiations import model as negotiation_model
from market.orders import cross_border
from market.orders import model as order_model
from market.orders import states as order_states
from market.orders.operations.delivery import Ruling
from market.portal import static_files
from market.portal.next_steps import NextStep
from market.portal.pages_about import SITE_MAP
from market.portal.wording import all_words
from market.pricing import model as pricing_model
from market.quotes import states as quote_states
from market.spot_checks import states as spot_check_states
from market.supervision import states as report_states
from settlement.ledger_reports import explaining
from settlement.ledger_reports.waiting import What
from settlement.payments import states as payment_states
from settlement.revenue import split
from tests.api import Api
from tests.makers_identity import PASSWORD
from tests.makers_portal import HOSTILE, Stage, make_stage, take_in
from tests.stages import staged

TEMPLATES = pathlib.Path("market/portal/templates")
TERMINAL = TEMPLATES.parents[1] / "cli"
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
OWN = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
VOID = {"meta", "link", "input", "br", "img", "hr", "path", "circle", "rect"}
# A key of ours that was not put into words: dotted small letters alone between tags.
UNTRANSLATED = re.compile(r">\s*(?:site|home|products?|found|browse|own|revision|tombstone|notices?|certificates?|orders?|bundle|register_reason|label|problem|reports?|price|price_list|auctions|sign_in|unknown|facet|search|work|why|clock|case|applications?|objections?|inbox|kept|synonyms|quality_issue|batch|harvest|officers|responsibility|data_demands|demands|quotes|open_data|accessibility|site_map|form|batch|zones?|zone_desk|my_zones|finder|collections|my_collections|openings|open_plans|plan_desk|demand_desk|negotiation|agreement|term|left|space|complaint|cut_off|credit|webhook|personal|order_move|order_new|till|approvals?|payouts|reconciling|adjusting|invoices|fee_schedules|sharing)\.[a-z_.]+\s*<")  # fmt: skip


class Outline(html.parser.HTMLParser):
    """What stands in a page, and whether its elements are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labelled: set[str] = set()
        self.fields: set[str] = set()
        self.attributes: set[str] = set()
        self.root: dict[str, str | None] = {}
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        # What a drawing calls its parts is no title of the page.
        counted = f"svg {tag}" if "svg" in self._open else tag
        self.counts[counted] = self.counts.get(counted, 0) + 1
        self.attributes |= set(given)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "html":
            self.root = given
        if tag == "a":
            self.links.append(str(given.get("href")))
        if tag == "label":
            self.labelled.add(str(given.get("for")))
        if tag == "input" and given.get("type") != "hidden":
            self.fields.add(str(given.get("id")))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag, tag


stage = staged(make_stage)


async def look(api: Api, path: str, **headers: str) -> httpx.Response:
    return await api.http.get(path, headers=HTML | headers)


def check(response: httpx.Response, language: str) -> Outline:
    """Return the page's outline, if it is as every page of ours has to be."""
    headers, text = response.headers, response.text
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in headers["content-security-policy"]
    # Only the page that compares a printed code's digest runs a script, and that is a file of ours.
    own_scripts = text.count('<script src="/static/')
    scripts = "'self'" if own_scripts else "'none'"
    assert f"script-src {scripts};" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-language"] == language
    outline = Outline(text)
    assert outline.root == {"lang": language}
    assert outline.counts["h1"] == 1
    assert outline.counts["main"] == outline.counts["title"] == 1
    # What search engines read is data: no browser runs it, and nothing in it ends its element.
    data = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert outline.counts.get("script", 0) == own_scripts + len(data)
    assert own_scripts <= 1 >= len(data)
    assert all("<" not in each and json.loads(each) for each in data)
    assert "style" not in outline.counts | dict.fromkeys(outline.attributes, 1)
    assert not [name for name in outline.attributes if name.startswith("on")]
    assert len(outline.ids) == len(set(outline.ids)), "an id stands twice"
    assert outline.fields <= outline.labelled, "a field has no label"
    assert not [link for link in outline.links if link.startswith(("javascript:", "None", "data:"))]
    assert UNTRANSLATED.search(text) is None
    return outline


async def test_every_public_page_is_there_in_both_languages(api: Api, stage: Stage) -> None:
    for path in stage.public_pages():
        for language, tag in (("zh", "zh-CN"), ("en", "en")):
            joint = "&" if "?" in path else "?"
            response = await look(api, f"{path}{joint}lang={language}")

            assert response.status_code == 200, (path, response.text[:400])
            check(response, tag)


async def test_every_link_of_every_public_page_leads_somewhere(api: Api, stage: Stage) -> None:
    found = set()
    for path in stage.public_pages():
        found |= set(Outline((await look(api, path)).text).links)
    inner = {link.partition("#")[0] for link in found if link.startswith("/")}

    statuses = {}
    for link in sorted(inner):
        response = await look(api, link)
        if response.status_code not in (200, 303):
            statuses[link] = response.status_code

    assert statuses == {}
    assert len(inner) > 30


async def test_pages_are_chinese_until_english_is_asked_for_and_then_stay_english(
    api: Api, stage: Stage
) -> None:
    first = await look(api, "/", **{"accept-language": "en-GB"})
    asked = await look(api, "/?lang=en")
    later = await look(api, "/notices")
    back = await look(api, "/notices?lang=zh")
    nonsense = await look(api, "/notices?lang=xx")

    assert check(first, "zh-CN")
    assert check(asked, "en")
    assert "HttpOnly" in asked.headers["set-cookie"]
    assert check(later, "en")
    assert check(back, "zh-CN")
    assert check(nonsense, "zh-CN")


async def test_what_suppliers_and_visitors_wrote_is_shown_and_never_run(
    api: Api, stage: Stage
) -> None:
    pages = [
        await look(api, f"/products/{stage.hostile_id}"),
        await look(api, "/products?q=script"),
        await api.http.get("/products", params={"q": HOSTILE}, headers=HTML),
        await api.http.get("/products", params={"region": HOSTILE}, headers=HTML),
        await api.http.get(
            f"/certificates/{'%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E'}", headers=HTML
        ),
        await api.http.get("/price-list", params={"scenario": HOSTILE}, headers=HTML),
        await api.http.get("/sign-in", params={"next": HOSTILE}, headers=HTML),
        await api.http.get("/products", params={"cursor": HOSTILE}, headers=HTML),
        await api.http.post(
            "/sign-in", data={"login": HOSTILE, "next": HOSTILE}, headers=HTML | OWN
        ),
    ]

    for response in pages:
        check(response, "zh-CN")
        assert "<script" not in response.text.replace('<script type="application/ld+json">', "")
        assert "onerror=alert(2)>" not in response.text.replace("onerror=alert(2)&gt;", "")
        assert "{{" in response.text or "49" not in re.findall(r"img&gt;(\d+)", response.text)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0].text


async def test_an_address_of_an_imported_record_is_a_link_only_if_it_is_one(
    api: Api, stage: Stage
) -> None:
    listed = (await api.get("/api/v1/products", q="气象观测站点名录")).json()["items"]
    doubtful = next(item["id"] for item in listed if item["source_id"] == "r-2")

    good = await look(api, f"/products/{stage.imported_id}")
    bad = await look(api, f"/products/{doubtful}")

    assert 'href="https://data.example.gov.cn/r-1"' in good.text
    assert "javascript:alert(1)" in bad.text
    assert 'href="javascript:' not in bad.text


async def test_a_public_comparison_is_shown_with_its_result(api: Api, stage: Stage) -> None:
    board = (await look(api, "/agency-selections")).text
    shown = (await look(api, f"/agency-selections/{stage.selection_id}")).text
    english = (await look(api, f"/agency-selections/{stage.selection_id}?lang=en")).text
    unknown = await look(api, f"/agency-selections/{uuid.UUID(int=7)}")

    assert "比选〔2026〕1号" in board
    assert "90.00" in shown
    assert "入选" in shown
    assert "60.00 %" in shown
    assert f'href="/api/v1/agency-selections/{stage.selection_id}/draw"' in shown
    assert "Chosen" in english
    assert unknown.status_code == 404


async def test_search_words_filters_and_empty_handed_searches(api: Api, stage: Stage) -> None:
    found = await look(api, "/products?q=港口气象")
    narrowed = await look(api, "/products?form=data_indicator&theme=气象")
    nothing = await look(api, "/products?q=量子纠缠")
    too_long = await look(api, "/products?q=" + "长" * 1000)
    broken = await look(api, "/products?q=%00&region=%00")

    assert "港口作业气象风险指数" in re.sub("</?mark>", "", found.text)
    assert "¥1.50 起 / 条" in found.text
    assert "已确权" in found.text
    assert "共 0 件产品" in narrowed.text
    assert "清除全部条件" in narrowed.text
    assert "没有找到符合条件的产品" in nothing.text
    assert (too_long.status_code, broken.status_code) == (422, 422)
    check(too_long, "zh-CN")
    check(broken, "zh-CN")


async def test_a_long_list_is_walked_by_its_links(
    api: Api, stage: Stage, db: Database, clock: ManualClock
) -> None:
    records = [{"id": f"p{n}", "title": f"渔港记录第{n}号", "source": "某目录"} for n in range(45)]
    await take_in(db, clock.now(), *records)

    path, seen = "/products?source=某目录", []
    for _ in range(3):
        text = (await look(api, path)).text
        seen += re.findall(r"渔港记录第\d+号", text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        path = following[1].replace("&amp;", "&") if following else ""

    assert path == ""
    assert len(seen) == len(set(seen)) == 45


async def test_a_product_page_tells_all_that_is_public(api: Api, stage: Stage) -> None:
    text = (await look(api, f"/products/{stage.product_id}")).text

    assert "港口作业安全预警" in text  # its scenario
    assert "港口自动气象站观测记录" in text  # its source
    assert "示例气象服务有限公司" not in text  # whose holder is the registration's business (HN-28)
    assert "¥12,800.00 / 年" in text
    assert "已上架" in text
    assert f'href="/certificates/{stage.certificate_number}"' in text
    assert re.search(r"<code>[0-9a-f]{64}</code>", text)
    assert f'href="/api/v1/products/{stage.product_id}"' in text


async def test_the_notice_board_counts_working_days_and_says_dates_in_words(
    api: Api, stage: Stage
) -> None:
    board = (await look(api, "/notices?status=running")).text
    running = (await look(api, f"/notices/{stage.notice_id}")).text
    past = (await look(api, f"/notices/{stage.past_notice_id}")).text
    english = (await look(api, f"/notices/{stage.notice_id}?lang=en")).text

    assert "剩余 7 个工作日" in board
    assert "2026年4月13日 星期一 24时止" in running  # 6 April is a holiday (清明)
    assert "无异议" in past
    assert "剩余" not in past.split("<main")[1].split("<footer")[0]
    assert "7 working days left" in english
    assert "24:00 on Monday, 13 April 2026" in english


async def test_a_certificate_is_verified_in_words_whatever_its_state(
    api: Api, stage: Stage, db: Database, almighty: Actor
) -> None:
    from catalog.kernel.db import begin

    number = stage.certificate_number
    words = {
        "active": "有效", "frozen": "争议冻结", "superseded": "已变更", "transferred": "已转移",
        "deregistered": "已注销", "revoked": "已撤销", "lapsed": "期满失效",
    }  # fmt: skip
    assert set(words) == {state.value for state in certificate_states.State}
    for state, word in words.items():
        async with begin(db, almighty) as tx:
            tx.remember()  # what came of the dispute is told elsewhere
            await tx.execute("SET LOCAL app.remembered = 'yes'")
            # No offer rests on a certificate that does not count.
            await tx.execute(
                "UPDATE market.listings SET state = 'suspended' WHERE certificate_number = $1",
                number,
            )
            await tx.execute(
                "UPDATE catalog.certificates SET state = $2 WHERE number = $1", number, state
            )
        response = await look(api, f"/certificates/{number}")

        verdict = response.text.split('class="word">')[1].split("<small>")[0].strip()
        assert (response.status_code, verdict) == (200, word)
        check(response, "zh-CN")
    text = response.text
    assert "以在线验证为准" in text
    assert f"market verify http://testserver/api/v1/certificates/{number}" in text
    assert "海南省大数据管理局" in text
    assert "合规审查机构" in text
    assert "**********" in text
    assert "收录证明" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("HN-QQ-2026-9999999", "不是合格的登记编号"),
        ("HN-QQ-2026-0000009", "登记簿中没有编号为"),
        ("乱写的", "不是合格的登记编号"),
        ("..%2F..%2Fetc%2Fpasswd", ""),
        ("%00", "没有给出登记编号"),
    ],
)
async def test_an_unknown_certificate_is_said_to_be_none(api: Api, typed: str, said: str) -> None:
    from catalog.certificates.number import make

    number = make(2026, 9) if typed.endswith("0000009") else typed
    response = await look(api, f"/certificates/{number}")

    assert response.status_code == 404
    assert said in response.text
    check(response, "zh-CN")


async def test_a_number_may_be_typed_full_width_small_and_with_blanks(
    api: Api, stage: Stage
) -> None:
    number = stage.certificate_number
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in number.lower())

    response = await api.http.get(
        "/certificates", params={"number": f"  {wide[:5]} {wide[5:]} "}, headers=HTML
    )

    assert response.status_code == 303
    assert response.headers["location"] == f"/certificates/{number}"


async def test_refusals_are_pages_for_people_and_problems_for_programs(
    api: Api, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from catalog.search import queries as search

    missing = await look(api, "/nowhere")
    unknown = await look(api, "/products/00000000-0000-0000-0000-000000000001")
    cursor = await look(api, "/notices?cursor=zzz")
    wrong_method = await api.http.put("/products", headers=HTML)
    program = await api.http.get("/nowhere")
    interface = await look(api, "/api/v1/nowhere")

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the inside of the house")

    monkeypatch.setattr(search, "search", broken)
    fault = await look(api, "/products")

    statuses = [r.status_code for r in (missing, unknown, cursor, wrong_method, fault)]
    assert statuses == [404, 404, 400, 405, 500]
    for response in (missing, unknown, cursor, wrong_method, fault):
        check(response, "zh-CN")
    assert "没有这一页" in missing.text
    assert "inside of the house" not in fault.text
    for response in (program, interface):
        assert response.headers["content-type"] == "application/problem+json"


async def test_signing_in_opens_the_reports_and_signing_out_closes_them(
    api: Api, stage: Stage
) -> None:
    login = stage.scene.regulator.account.login
    asked = await look(api, "/reports")
    form = await look(api, asked.headers["location"])
    signed_in = await api.http.post(
        "/sign-in",
        data={"login": login, "password": PASSWORD, "next": "/reports"},
        headers=HTML | OWN,
    )
    cookie = signed_in.headers["set-cookie"]
    reports = await look(api, "/reports")
    report = await look(api, f"/reports/{stage.report_id}?lang=en")
    document = await api.http.get(f"/api/v1/reports/{stage.report_id}")
    workbook = await api.http.get(f"/api/v1/reports/{stage.report_id}/workbook")
    again = await look(api, "/sign-in?next=/reports")
    elsewhere = await api.http.post(
        "/sign-out",
        headers=HTML | {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
    )
    signed_out = await api.http.post("/sign-out", headers=HTML | OWN)
    afterwards = await look(api, "/reports")

    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Freports")
    assert 'name="next" value="/reports"' in form.text
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/reports")
    assert cookie.startswith(f"{SESSION_COOKIE}=shs_")
    assert all(flag in cookie for flag in ("HttpOnly", "Path=/", "SameSite=lax"))
    assert "Domain" not in cookie
    check(reports, "zh-CN")
    assert "2026 年第 1 季度" in reports.text
    assert reports.headers["cache-control"] == "no-store"
    check(report, "en")
    assert "Certificates" in report.text
    assert (document.status_code, workbook.status_code) == (200, 200)
    assert again.headers["location"] == "/reports"
    assert elsewhere.status_code == 403
    check(elsewhere, "en")
    assert (signed_out.status_code, signed_out.headers["location"]) == (303, "/")
    assert afterwards.status_code == 303


async def test_who_may_not_read_reports_gets_a_page_that_says_so(api: Api, stage: Stage) -> None:
    await api.http.post(
        "/sign-in",
        data={"login": stage.scene.supplier.account.login, "password": PASSWORD},
        headers=HTML | OWN,
    )

    refused = await look(api, "/reports")
    home = await look(api, "/")

    assert refused.status_code == 403
    check(refused, "zh-CN")
    assert "没有权限" in refused.text
    assert 'href="/reports"' not in home.text
    assert "退出" in home.text


async def test_a_failed_sign_in_does_not_tell_which_logins_there_are(
    api: Api, stage: Stage
) -> None:
    login = stage.scene.regulator.account.login

    async def attempt(name: str, password: str) -> httpx.Response:
        return await api.http.post(
            "/sign-in", data={"login": name, "password": password}, headers=HTML | OWN
        )

    wrong = await attempt(login, "not the password")
    unknown = await attempt("nobody-of-that-name", "not the password")
    empty = await attempt(login, "")
    for _ in range(4):
        await attempt(login, "not the password")
    too_many = await attempt(login, PASSWORD)

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(login, "") == unknown.text.replace("nobody-of-that-name", "")
    assert (empty.status_code, too_many.status_code) == (422, 429)
    assert all("set-cookie" not in r.headers for r in (wrong, unknown, empty, too_many))
    for response in (wrong, empty, too_many):
        check(response, "zh-CN")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
        {},
    ],
)
async def test_a_sign_in_form_from_elsewhere_is_refused(api: Api, headers: dict[str, str]) -> None:
    response = await api.http.post(
        "/sign-in", data={"login": "somebody", "password": PASSWORD}, headers=HTML | headers
    )

    assert response.status_code == 403
    assert "set-cookie" not in response.headers


async def test_a_form_that_is_too_large_is_not_read(api: Api) -> None:
    response = await api.http.post(
        "/sign-in", data={"login": "a" * 100_000, "password": "b"}, headers=HTML | OWN
    )

    assert response.status_code == 413


async def test_static_files_are_those_of_the_package_and_nothing_else(api: Api) -> None:
    css = await api.http.get(static_files.address("style.css"))
    others = [
        "/static/style.css",
        "/static/../render.py",
        "/static/%2e%2e/render.py",
        "/static/..%2frender.py",
        "/static/%00",
        "/static//etc/passwd",
    ]
    statuses = {path: (await api.http.get(path)).status_code for path in others}

    assert css.status_code == 200
    assert css.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in css.headers["cache-control"]
    assert css.headers["x-content-type-options"] == "nosniff"
    assert set(statuses.values()) == {404}


def test_both_languages_have_all_words() -> None:
    zh, en = all_words("zh"), all_words("en")
    han = re.compile(r"[\u4e00-\u9fff]")
    chinese_on_purpose = {"site.other_language", "search.placeholder", "products.empty.shorter"}

    assert set(zh) == set(en)
    assert [key for key in zh if not zh[key].strip() or not en[key].strip()] == []
    # What goes into a contract is Chinese, in whatever language its form is read.
    chinese_on_purpose |= {key for key in en if key.startswith("quotes.clause_usual.")}
    chinese_on_purpose.discard("quotes.clause_usual.inspection_days")
    assert {key for key in en if han.search(en[key])} == chinese_on_purpose
    facts = {
        language: {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in words.items()}
        for language, words in (("zh", zh), ("en", en))
    }
    assert {
        key for key in zh if facts["zh"][key] != facts["en"][key] and not key.endswith(".one")
    } == set()


def test_every_word_that_a_template_says_is_there_and_none_is_left_over() -> None:
    source = "\n".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.html"))
    said = set(re.findall(r'(?<![\w.])t(?:\.count)?\("([\w.]+)"', source))
    said |= set(re.findall(r'"((?:site|home|report|public_data_report)\.\w+)"', source))
    on_paper = (TEMPLATES.parent / "paper.py").read_text("utf-8")
    said |= set(re.findall(r'"(paper\.\w+)"', on_paper))
    at_the_terminal = "\n".join(path.read_text("utf-8") for path in TERMINAL.glob("*.py"))
    said |= set(re.findall(r'"((?:work|case|clock|calendar)\.\w+)"', at_the_terminal))
    on_workspaces = (TEMPLATES.parent / "workspace_links.py").read_text("utf-8")
    said |= set(re.findall(r'"((?:site|space|webhook)\.\w+)"', source + on_workspaces))
    words = set(all_words("zh"))
    counted = {key.rpartition(".")[0] for key in words if key.endswith((".one", ".many"))}
    built = ("facet.", "label.", "problem.", "certificate.", "sign_in.")  # label("form", …)
    built += ("case.next.", "objection.next.", "work.against_", "clock.", "audit.lead_")
    built += ("found.in.", "products.refused_")  # fields of a reason, what to do after a refusal
    built += ("revision.and", "browse.by_")  # market/portal/change_words.py
    built += ("register_reason.",)  # market/portal/register_reasons.py
    built += (
        "site.footer_",
        "site_map.",
        "accessibility.",
        "harvest.",
        "quotes.clause",
    )  # lists in templates
    built += ("quotes.clause.", "quotes.clause_usual.")  # what a contract asks for
    # by the event of a form, whose turn it is, what is due: templates of the pages of trade
    built += ("agreement.", "complaint.", "negotiation.", "negotiation.follows_")
    built += ("negotiation.turn_", "cut_off.effect_", "space.do.")
    built += ("space.step.", "term.")  # market/portal/offer_words.py
    built += ("order_move.",)  # market/portal/order_steps.py
    built += ("approval.", "approval.means_")  # by the verdict, by the state
    built += ("metered.said.", "auctions.notice_over")  # by the state of what is told
    built += ("chargebacks.said.", "deposits.said.", "site.group.")  # by the state, by the group
    # by the method of sharing
    built += ("sharing_new.says.", "sharing_new.sharers.", "sharing_new.line.")
    built += ("sharing_new.party.", "sharing_new.part.")
    # by who gets money, why it stands open, how far a month is closed
    built += (
        "explained.sources.",
        "finance.because.",
        "finance.to.",
        "finance.step.",
        "finance.do.",
    )
    said |= {key for _, entries in SITE_MAP for _, key in entries}

    assert said - words - counted - set(built) == set()
    unused = {
        key
        for key in words - said
        if key.rpartition(".")[0] not in counted and not key.startswith(built)
    }
    assert unused == set()


LABELS: dict[str, list[Any]] = {
    "explained_of": [explaining.Of],
    "explained_way": [explaining.Way],
    "waiting": [What],
    "form": [product_model.Form],
    "sort": [Sort],
    "dimension": [Dimension],
    "next_step": [NextStep],
    "origin": [product_model.OriginPath],
    "sharing": [product_model.SharingType],
    "item_type": [product_model.ItemType],
    "sensitivity": [product_model.Sensitivity],
    "product_state": [product_states.State],
    "unit": [product_model.MeteringUnit],
    "update_cycle": [product_model.UpdateCycle],
    "nature": [product_model.DataNature],
    "method": [product_model.AcquisitionMethod],
    "delivery": [product_model.DeliveryMode],
    "ai": [product_model.AiShare],
    "level": [product_model.Level],
    "use_category": [pricing_model.UseCategory],
    "regime": [pricing_model.Regime],
    "charge": [pricing_model.Charge],
    "certificate": [certificate_states.State],
    "order": [order_states.State],
    "notice": [notice_states.State],
    "notice_result": [notice_model.Result],
    "report": [report_states.State],
    "selection": [selection_states.State],
    "due": [timer_states.State],
    "owner_kind": [identity_model.Kind],
    "spot_check": [spot_check_states.State],
    "urgency": [Urgency],
    "day_reason": [Reason],
    "application": [application_states.State],
    "objection": [objection_states.State],
    "objection_ground": [ObjectionGround],
    "objection_outcome": [Outcome],
    "closing": [Closing],
    "acceptance": [AcceptanceResult],
    "overall": [Overall],
    "review_result": [ReviewResult],
    "material": [MaterialKind],
    "quality_issue": [issue_states.State],
    "data_demand": [demand_states.State],
    "demand_post": [demand_post_states.State],
    "demand_visibility": [demand_posts.Visibility],
    "demand_rejection": [demand_posts.Rejection],
    "not_relevant": [demand_posts.NotRelevant],
    "match_verdict": [demand_posts.Verdict],
    "quote_request": [quote_states.State],
    "synonym_group": [synonym_states.State],
    "batch": [batch_states.State],
    "batch_kind": [batch_model.Kind],
    "batch_outcome": [batch_model.Outcome],
    "harvest_kind": [harvest_model.Kind],
    "harvest_source": [harvest_source_states.SourceState],
    "harvest_run": [harvest_states.State],
    "message_outcome": [negotiation_model.Outcome],
    "triage": [triage.Decision],
    "measure": [complaint_model.MeasureKind],
    "arbitration_basis": [complaint_model.Basis],
    "ruling": [Ruling],
    "accepted_by": [order_model.AcceptedBy],
    "cancellation_reason": [order_model.CancellationReason],
    "payment": [payment_states.State],
    "share_role": [split.Role],
    "verdict": [approval_model.Verdict],
    "approval_about": [approval_model.About],
    "approval_outcome": [approval_model.Outcome],
    "skip_reason": [approval_model.SkipReason],
    "cross_border_route": [cross_border.RouteKind],
}


@pytest.mark.parametrize("group", sorted(LABELS))
def test_every_value_of_a_fixed_list_has_a_name(group: str) -> None:
    kinds: list[type[enum.StrEnum]] = LABELS[group]
    wanted = {f"label.{group}.{value.value}" for kind in kinds for value in kind}
    worded = {key for key in all_words("zh") if key.startswith(f"label.{group}.")}

    assert worded == wanted


def test_every_point_and_part_of_a_case_has_a_name() -> None:
    words = all_words("zh")
    parts = {target.partition(":")[::2] for target in TARGETS}
    fields = {f"label.field.{name}" for kind, name in parts if kind != "material"}
    points = {f"label.point.{point}" for point in (*TECHNICAL_POINTS, *COMPLIANCE_POINTS)}
    codes = {f"label.rulebook.{code}" for code in registry.RULEBOOKS}

    turns = {f"case.next.{state.value}" for state in application_states.State}
    turns |= {f"objection.next.{state.value}" for state in objection_states.State}

    assert {key for key in words if ".next." in key} == turns
    assert {key for key in words if key.startswith("label.field.")} == fields
    assert {key for key in words if key.startswith("label.point.")} == points
    assert {key for key in words if key.startswith("label.rulebook.")} == codes


def test_every_right_and_channel_of_the_rulebooks_has_a_name() -> None:
    words = all_words("zh")
    for rulebook in registry.RULEBOOKS.values():
        assert {f"label.right.{right}" for right in rulebook.rights_vocabulary} <= set(words)
        assert {f"label.channel.{name}" for name in rulebook.notice_channels} <= set(words)


async def test_an_ended_session_is_forgotten_and_asks_to_sign_in_again(api: Api) -> None:
    api.http.cookies.set(SESSION_COOKIE, "shs_of_another_day")

    home = await look(api, "/")
    reports = await look(api, "/reports")
    api.http.cookies.set(SESSION_COOKIE, "shs_of_another_day")
    signed_out = await api.http.post("/sign-out", headers=HTML | OWN)

    assert home.status_code == 200
    for response, to in ((reports, "/sign-in?next=%2Freports"), (signed_out, "/sign-in")):
        assert (response.status_code, response.headers["location"]) == (303, to)
        assert response.headers["set-cookie"].startswith(f'{SESSION_COOKIE}="";')


async def test_a_certificates_address_has_one_spelling(api: Api, stage: Stage) -> None:
    response = await look(api, f"/certificates/{stage.certificate_number.lower()}")

    assert response.status_code == 303
    assert response.headers["location"] == f"/certificates/{stage.certificate_number}"


async def test_a_report_that_is_due_is_listed_before_it_is_generated(
    api: Api, stage: Stage, db: Database, clock: ManualClock
) -> None:
    clock.move_to(dt.datetime(2026, 7, 1, 9, tzinfo=SHANGHAI))
    await stage.scene.sign_in_again()
    await reports_due.run(db, now=clock.now())
    regulator = {"authorization": f"Bearer {stage.scene.regulator.token}"}

    listed = await look(api, "/reports", **regulator)
    address = re.search(r'href="(/reports/[^"]+)">2026 年第 2 季度', listed.text)
    assert address is not None
    opened = await look(api, address[1], **regulator)

    assert "待编制" in listed.text
    assert "尚未编制" in listed.text
    assert "本季度报告尚未编制" in opened.text
    assert f'href="/api/v1{address[1]}"' not in listed.text + opened.text
    check(opened, "zh-CN")
