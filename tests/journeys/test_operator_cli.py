"""The operator's day at a terminal: the queue, a case, a step, the calendar; real processes, real HTTP."""

from __future__ import annotations

import asyncio
import json
import pathlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_identity import Member
from tests.makers_registration import Scene, make_scene
from tests.terminal import free_port, market

Run = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]

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


@pytest.fixture
async def scene(api: Api, db: Database, clock: ManualClock) -> Scene:
    return await make_scene(api, db, clock)


@pytest.fixture
async def url(app: Any) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_level="error")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
def run(url: str) -> Run:
    async def run_as(who: Member | None, *words: Any) -> subprocess.CompletedProcess[str]:
        told = {"MARKET_URL": url, "COLUMNS": "160"} | (
            {} if who is None else {"MARKET_TOKEN": who.token}
        )
        return await asyncio.to_thread(market, *words, env=told)

    return run_as


async def number_of(scene: Scene, application: str) -> str:
    return str((await scene.read(application))["application"]["application_number"])


async def test_the_queue_names_the_case_and_its_day(scene: Scene, run: Run) -> None:
    number = await number_of(scene, await scene.submitted())

    shown = await run(scene.acceptor, "queue", "--kind", "acceptance")

    assert shown.returncode == 0, shown.stderr
    assert "未到期 1" in shown.stdout
    (line,) = [line for line in shown.stdout.splitlines() if number in line]
    assert all(word in line for word in ("2026-03-05", "剩 3 工作日", "港口作业气象风险指数"))


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
    assert number in by_number.stdout
    assert "application_form" in by_number.stdout
    assert "2026-03-05" in by_number.stdout
    told = json.loads(as_json.stdout)
    assert told["file"]["application"]["application_number"] == number
    assert [each["timer"]["kind"] for each in told["timers"]] == ["acceptance"]


async def test_a_case_is_accepted_at_the_terminal(scene: Scene, run: Run) -> None:
    application = await scene.submitted()
    number = await number_of(scene, application)

    done = await run(scene.acceptor, "decide", number, "accept")

    assert (done.returncode, done.stdout) == (0, f"{number}  受理 → accepted\n")
    assert await scene.state(application) == "accepted"


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

    assert (first.returncode, "2027 年" in first.stdout) == (0, True)
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
