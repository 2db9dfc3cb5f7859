"""The operator's day at a terminal: the queue, a case, a step, the calendar; real processes, real HTTP."""

from __future__ import annotations

import datetime as dt
import json
import pathlib

import pytest
from rich.cells import cell_len

from catalog.agencies.operations.contracts import CONTRACT
from catalog.agency_evaluation.operations import TIMER as EVALUATION
from catalog.agency_selection.operations.announcing import RESELECTION
from catalog.agency_selection.operations.result import CYCLE
from catalog.instruments.operations.casework import NEW_HOLDER_ACTION
from catalog.objections import deadlines as objections
from catalog.registration.completeness import MaterialKind
from catalog.registration.operations import casework
from catalog.registration.states import State
from catalog.terms.model import Kind as TermRequest
from catalog.timers.urgency import Urgency
from market.data_demands.operations import TIMER as DEMAND
from market.incidents.operations.casework import REPORTING
from market.open_plans.operations import TIMER as OPEN_PLAN
from market.orders.destroying import CLOCK as DESTRUCTION
from market.portal.wording import LANGUAGES, Speaker, all_words
from market.spot_checks.operations.publishing import RECTIFICATION
from market.supervision.queries import TIMER as REPORT
from tests.makers_registration import Scene, make_scene
from tests.stages import staged
from tests.terminal import Run, market

CLOCKS = [
    "acceptance", "acceptance_notification", "correction", "review_notification",
    casework.REVIEW, casework.PUBLIC_NOTICE, casework.ISSUING,
    objections.FORWARDING, objections.RESPONSE, objections.DETERMINATION, objections.ACCEPTANCE,
    objections.PROCEEDINGS, objections.RECHECK,
    CONTRACT, RESELECTION, CYCLE, EVALUATION, NEW_HOLDER_ACTION, RECTIFICATION, REPORT,
    REPORTING, OPEN_PLAN, DEMAND, DESTRUCTION, *(kind.value for kind in TermRequest),
]  # fmt: skip
NOTICE_2027 = """\
year = 2027
notice_number = "国办发明电〔2026〕0号"
issued_on = 2026-11-25
workdays = [2027-01-31]

[[holidays]]
name = "元旦"
first = 2027-01-01
last = 2027-01-03
"""


scene = staged(make_scene)


async def number_of(scene: Scene, application: str) -> str:
    return str((await scene.read(application))["application"]["application_number"])


async def test_the_queue_names_the_case_and_its_day(scene: Scene, run: Run) -> None:
    number = await number_of(scene, await scene.submitted())

    shown = await run(scene.acceptor, "queue", "--kind", "acceptance")

    assert shown.returncode == 0, shown.stderr
    assert "未到期 1" in shown.stdout
    (line,) = [line for line in shown.stdout.splitlines() if number in line]
    for words in ("2026年3月5日 星期四", "剩 3 个工作日", "作出受理意见", "运营者"):
        assert words in line
    assert "港口作业气象风险指数" in shown.stdout
    assert "acceptance" not in shown.stdout


async def test_the_log_is_searched_at_a_terminal(scene: Scene, run: Run) -> None:
    application = await scene.submitted()
    await scene.api.run_jobs()
    about = ("--about", f"application:{application}", "--from", "2026-03-01")

    shown = await run(scene.supplier, "log", "search", *about)
    first = await run(scene.supplier, "log", "search", "--limit", 2, "--json")
    cursor = json.loads(first.stdout)["next_cursor"]
    next_ = await run(scene.supplier, "log", "search", "--cursor", cursor, "--lang", "en")
    nothing = await run(scene.supplier, "log", "search", "--to", "2026-01-01")
    foreign = await run(scene.objector, "log", "search", *about)
    half = await run(scene.supplier, "log", "search", "--about", "application")
    wrong = await run(scene.supplier, "log", "search", "--action", "no:such")

    assert shown.returncode == 0, shown.stderr
    assert "application:submitted" in shown.stdout
    assert f"application:{application}" in shown.stdout
    assert next_.returncode == 0, next_.stderr
    assert "Of the first" in next_.stdout
    assert "没有符合条件的记录" in nothing.stdout
    assert (foreign.returncode, "[not_found]" in foreign.stderr) == (1, True)
    assert (half.returncode, "KIND:ID" in half.stderr) == (2, True)
    assert (wrong.returncode, "[log_action_unknown]" in wrong.stderr) == (1, True)


async def test_the_queue_speaks_english_when_asked(scene: Scene, run: Run) -> None:
    number = await number_of(scene, await scene.submitted())

    shown = await run(scene.acceptor, "queue", "--kind", "acceptance", "--lang", "en")

    (line,) = [line for line in shown.stdout.splitlines() if number in line]
    for words in ("Thursday, 5 March 2026", "3 working days left", "acceptance", "Operator"):
        assert words in line
    assert "Not yet due 1" in shown.stdout


async def test_each_line_stands_under_its_head_the_most_pressing_first(
    scene: Scene, run: Run
) -> None:
    late = await number_of(scene, await scene.submitted())
    await scene.move_past(dt.date(2026, 3, 6))
    await scene.sign_in_again()
    scene.product_id = await scene.describe(name="另一产品")
    soon = await number_of(scene, await scene.submitted())

    shown = await run(scene.acceptor, "queue", "--kind", "acceptance")

    places = [shown.stdout.rindex(words) for words in ("已超期", late, "未到期", soon)]
    assert places == sorted(places), shown.stdout
    assert "超期 " in shown.stdout


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_columns_stand_under_their_headings_and_no_line_is_wider_than_the_terminal(
    scene: Scene, run: Run, columns: int, language: str
) -> None:
    number = await number_of(scene, await scene.submitted())

    asked = ("queue", "--kind", "acceptance", "--against", "supermarket_operator")
    queue = await run(scene.acceptor, *asked, "--lang", language, columns=columns)
    await run(scene.acceptor, "take", number)
    case = await run(scene.acceptor, "show", number, "--lang", language, columns=columns)

    for shown in (queue, case):
        assert max(cell_len(line) for line in shown.stdout.splitlines()) <= columns
    lines = queue.stdout.splitlines()
    (heading,) = [line for line in lines if "义务人" in line or "From whom" in line]
    (line,) = [line for line in lines if "2026年3月5日" in line or "5 March 2026" in line]
    heads, owed = ("案件", number[:6]), ("义务人", "运营者")
    if language == "en":
        heads, owed = ("Case", number[:6]), ("From whom", "Operator")
    for head, cell in (heads, owed):
        at = [
            cell_len(text[: text.index(found)]) for text, found in ((heading, head), (line, cell))
        ]
        assert at[0] == at[1]


async def test_an_empty_queue_says_so(scene: Scene, run: Run) -> None:
    shown = await run(scene.acceptor, "queue", "--head", "badly_overdue")

    assert (shown.returncode, "没有待办" in shown.stdout) == (0, True)


async def test_a_case_is_shown_with_its_clocks_and_materials(scene: Scene, run: Run) -> None:
    application = await scene.submitted()
    number = await number_of(scene, application)
    before = await run(scene.acceptor, "show", number)
    taken = await run(scene.acceptor, "take", number)

    by_number = await run(scene.acceptor, "show", number)
    as_json = await run(scene.acceptor, "show", application, "--json")

    assert (before.returncode, "not_found" in before.stderr + before.stdout) == (1, True)
    assert taken.stdout == f"{number}  受理 → {scene.acceptor.account.id}\n"
    for words in (
        f"{number}  已提交，待受理",
        "港口作业气象风险指数",
        "运营者应作出受理意见",
        "确权登记申请表",
        "2026年3月5日 星期四",
        "作出受理意见",
        "HN-10",
    ):
        assert words in by_number.stdout
    assert "application_form" not in by_number.stdout
    told = json.loads(as_json.stdout)
    assert told["file"]["application"]["application_number"] == number
    assert [each["timer"]["kind"] for each in told["timers"]] == ["acceptance"]


async def test_a_case_is_accepted_at_the_terminal(
    scene: Scene, run: Run, tmp_path: pathlib.Path
) -> None:
    def write(text: str) -> pathlib.Path:
        path = tmp_path / "body.json"
        path.write_text(text, "utf-8")
        return path

    application = await scene.submitted()
    number = await number_of(scene, application)

    done = await run(scene.acceptor, "decide", number, "accept")

    assert (done.returncode, done.stdout) == (0, f"{number}  受理 → 已受理\n")
    assert await scene.state(application) == "accepted"
    body = json.dumps({"channel": "in_app", "receipt": "站内信"})
    told = await run(
        scene.acceptor, "decide", number, "notify", "--body", write(body), "--lang", "en"
    )
    assert (told.returncode, told.stdout) == (0, f"{number}  notify → Accepted\n")
    shown = await run(scene.acceptor, "show", number, "--lang", "en")
    assert "Acceptance: accepted  2 March 2026" in shown.stdout


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("clock", CLOCKS),
        ("application", [state.value for state in State]),
        ("material", [kind.value for kind in MaterialKind]),
        ("urgency", [urgency.value for urgency in Urgency]),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_that_is_printed_has_its_words(
    language: str, words: str, kinds: list[str]
) -> None:
    t = Speaker(language)

    assert [kind for kind in kinds if f"label.{words}.{kind}" not in all_words(language)] == []
    assert all(t(f"case.next.{state.value}") for state in State)


async def test_what_a_step_needs_besides_comes_from_a_file(
    scene: Scene, run: Run, tmp_path: pathlib.Path
) -> None:
    application = await scene.submitted()
    body = tmp_path / "body.json"
    body.write_text(
        json.dumps(
            {
                "items": [
                    {
                        "target": "material:source_proof",
                        "problem": "未盖章",
                        "required_action": "补盖",
                    }
                ]
            }
        ),
        "utf-8",
    )

    done = await run(
        scene.acceptor, "decide", application, "require-correction", "--body", body, "--json"
    )

    assert done.returncode == 0, done.stderr
    assert await scene.state(application) == "correction_required"


async def test_a_refusal_is_told_in_both_languages_with_its_code(scene: Scene, run: Run) -> None:
    application = await scene.submitted()

    not_allowed = await run(scene.supplier, "decide", application, "accept")
    too_early = await run(scene.adjudicator, "decide", application, "pass")

    assert (not_allowed.returncode, "[permission_missing]" in not_allowed.stderr) == (1, True)
    assert (too_early.returncode, await scene.state(application)) == (1, "submitted")
    assert "[registration_event_not_allowed]" in too_early.stderr


@pytest.mark.parametrize(
    ("words", "exit_code", "told"),
    [
        (("show", "SHQ-不存在"), 1, "没有这一申请"),
        (("decide", "01890000-0000-7000-8000-000000000000", "accept"), 1, "[not_found]"),
        (("queue", "--url", "http://127.0.0.1:9"), 2, "无法连接服务"),
        (("queue", "--head", "tomorrow"), 2, "tomorrow"),
        (("queue", "--kind", "aceptance"), 2, "'acceptance'"),
        (("queue", "--against", "nobody"), 2, "'supermarket_operator'"),
        (("queue", "--lang", "fr"), 2, "'zh'"),
    ],
)
async def test_what_can_not_be_asked_says_why(
    *, scene: Scene, run: Run, words: tuple[str, ...], exit_code: int, told: str
) -> None:
    refused = await run(scene.acceptor, *words)

    assert refused.returncode == exit_code
    assert told in refused.stderr


async def test_without_a_token_nobody_is_asked(scene: Scene, run: Run) -> None:
    refused = await run(None, "queue")

    assert (refused.returncode, "MARKET_TOKEN" in refused.stderr) == (2, True)


async def test_a_years_notice_is_loaded_from_its_file(
    scene: Scene, run: Run, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "2027.toml"
    file.write_text(NOTICE_2027, "utf-8")

    first = await run(scene.regulator, "load-calendar", file)
    again = await run(scene.regulator, "load-calendar", file)
    not_allowed = await run(scene.acceptor, "load-calendar", file)

    assert (first.returncode, first.stdout) == (
        0,
        "2027 年节假日安排（国办发明电〔2026〕0号）已导入，0 个期限随之调整。\n",
    )
    assert (again.returncode, "[calendar_notice_already_loaded]" in again.stderr) == (1, True)
    assert (not_allowed.returncode, "[permission_missing]" in not_allowed.stderr) == (1, True)


@pytest.mark.parametrize(
    ("text", "exit_code", "told"),
    [
        ("year = 2027", 2, "不是节假日通知文件"),
        (NOTICE_2027.replace("2027-01-31", "2027-02-01"), 1, "[calendar_workday_not_weekend]"),
    ],
)
async def test_a_file_that_is_no_notice_is_not_sent(
    *, scene: Scene, run: Run, tmp_path: pathlib.Path, text: str, exit_code: int, told: str
) -> None:
    file = tmp_path / "notice.toml"
    file.write_text(text, "utf-8")

    refused = await run(scene.regulator, "load-calendar", file)

    assert refused.returncode == exit_code
    assert told in refused.stderr


@pytest.mark.parametrize("command", ["queue", "take", "show", "decide", "load-calendar"])
def test_each_command_gives_an_example_that_it_understands(command: str) -> None:
    helped = market(command, "--help", env={"COLUMNS": "200"})

    (example,) = [line for line in helped.stdout.splitlines() if "Example:" in line]
    _, options = example.split("Example:")
    assert f"market {command}" in options
