"""A notice on two sites: our service and a second instance of it as the bureau's, over sockets."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import pathlib
import secrets
import socket
import uuid
from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import msgspec
import pytest
import uvicorn

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import end_of_day
from catalog.notices.board import signature
from market.settings import Settings
from tests import contract
from tests.api import Api, code
from tests.makers_registration import Scene, make_scene, must

SECRET = "shared by both sides"


class Site:
    """A service on a port of its own, which can be taken off the net and come back."""

    def __init__(self, app: Any) -> None:
        self.app = app
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._running: asyncio.Task[None] | None = None

    async def up(self) -> None:
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=self.port, lifespan="off", log_level="critical",
            access_log=False,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._running = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)

    async def down(self) -> None:
        if self._server is not None and self._running is not None:
            self._server.should_exit = True
            await self._running
            self._server = None


@pytest.fixture
async def bureau(server: Any, tmp_path: pathlib.Path, clock: ManualClock) -> AsyncIterator[Site]:
    """The bureau's site: a second instance with a database of its own."""
    from market.app import create_app

    name = f"test_bureau_{secrets.token_hex(6)}"
    await server.create(name, server.template)
    theirs = Settings(
        database_url=server.dsn(name),
        separate_logins=True,
        data_dir=tmp_path / "bureau",
        board_operators=f"hainan-operator={SECRET}",
        run_jobs=False,
        log_level="critical",
    )
    app = create_app(theirs, clock=clock)
    async with app.wired():
        site = Site(app)
        await site.up()
        yield site
        await site.down()
    with contextlib.suppress(Exception):
        await server.drop(name)


@pytest.fixture
async def ours(app: Any, bureau: Site) -> AsyncIterator[Site]:
    """Our own service on a socket, wired to the bureau's board."""
    from market.app import _notice_channels

    site = Site(app)
    context = app.litestar.state.context
    context.settings = msgspec.structs.replace(
        context.settings,
        public_url=site.url,
        bureau_url=bureau.url,
        bureau_operator="hainan-operator",
        bureau_secret=SECRET,
    )
    async with httpx.AsyncClient(trust_env=False, event_hooks=contract.HOOKS) as web:
        context.notice_channels = _notice_channels(context.settings, context.clock, web)
        await site.up()
        yield site
        await site.down()


@pytest.fixture
async def scene(api: Api, db: Database, clock: ManualClock, ours: Site) -> Scene:
    return await make_scene(api, db, clock)


async def published(scene: Scene) -> tuple[str, dict[str, Any]]:
    """Return an application and its notice, posted on both sites by publishing it on ours."""
    application = await scene.reviewed()
    notice = must(await scene.publish(application))
    assert notice["state"] == "posting"
    await scene.api.run_jobs()
    return application, await shown(scene, notice["id"])


async def shown(scene: Scene, notice: str) -> dict[str, Any]:
    return dict((await scene.api.get(f"/api/v1/notices/{notice}")).json())


async def test_a_notice_is_posted_on_both_sites_with_a_receipt_and_counts_from_the_later(
    scene: Scene, bureau: Site
) -> None:
    application = await scene.reviewed()
    await bureau.down()
    notice = must(await scene.publish(application))["id"]

    # The bureau's site is away: no day counts, and nothing is lost.
    await scene.api.run_jobs()
    assert (await shown(scene, notice))["starts_on"] is None
    scene.clock.move_to(scene.clock.now() + dt.timedelta(days=1))
    await bureau.up()
    await scene.sign_in_again()
    await scene.api.run_jobs()

    running = await shown(scene, notice)
    assert (running["state"], running["starts_on"]) == ("running", "2026-03-03")
    assert running["ends_on"] == "2026-03-12"
    by_channel = {p["channel"]: p for p in running["postings"]}
    receipt = by_channel["authority_website"]
    async with httpx.AsyncClient(trust_env=False, event_hooks=contract.HOOKS) as anybody:
        stands = (
            await anybody.get(receipt["url"].replace("/notice-board", "/api/v1/notice-board"))
        ).json()
        board = (await anybody.get(f"{bureau.url}/api/v1/notice-board")).json()["items"]
        page = await anybody.get(receipt["url"])
    assert stands["public_fields"] == running["public_fields"]
    assert stands["content_sha256"] == receipt["receipt_sha256"]
    assert by_channel["operator_platform"]["receipt_sha256"] == receipt["receipt_sha256"]
    assert [p["notice_id"] for p in board] == [notice]
    assert page.status_code == 200
    assert running["public_fields"]["product_name"] in page.text
    assert await scene.state(application) == "in_public_notice"

    # Run again, it is the same posting.
    await scene.api.run_jobs()
    assert len((await shown(scene, notice))["postings"]) == 2


async def test_a_channel_that_is_away_for_two_working_days_makes_the_notice_two_days_longer(
    scene: Scene, bureau: Site
) -> None:
    application, notice = await published(scene)
    assert notice["ends_on"] == "2026-03-11"
    await bureau.down()
    scene.clock.move_to(scene.clock.now() + dt.timedelta(hours=1))
    await scene.api.run_jobs()  # Monday: away
    (began,) = (await scene.api.get(f"/api/v1/notices/{notice['id']}/interruptions")).json()
    assert (began["channel"], began["standing"], began["up_at"]) == (
        "authority_website",
        "down",
        None,
    )
    scene.clock.move_to(scene.clock.now() + dt.timedelta(days=2))
    await bureau.up()
    await scene.sign_in_again()
    await scene.api.run_jobs()  # Wednesday: back

    longer = await shown(scene, notice["id"])
    assert (longer["ends_on"], longer["extended_by"]) == ("2026-03-13", 2)
    assert "中断 2 个工作日" in longer["remark"]
    (over,) = (await scene.api.get(f"/api/v1/notices/{notice['id']}/interruptions")).json()
    assert over["lost_working_days"] == 2
    inbox = await scene.by(scene.supplier).get("/api/v1/my/notifications")
    assert "notice_interrupted" in [i["topic"] for i in inbox.json()["items"]]
    clocks = await scene.by(scene.regulator).get("/api/v1/timers", kind="public_notice")
    assert '"due_on":"2026-03-13"' in clocks.text

    # One second before the end it runs, one second after it is over.
    await scene.move_past(dt.date(2026, 3, 13), seconds=-1)
    assert (await shown(scene, notice["id"]))["state"] == "running"
    await scene.move_past(dt.date(2026, 3, 13), seconds=1)
    assert (await shown(scene, notice["id"]))["state"] == "ended"
    assert await scene.state(application) == "awaiting_issuance_authorisation"


async def test_one_working_day_away_changes_nothing(scene: Scene, bureau: Site) -> None:
    _, notice = await published(scene)
    await bureau.down()
    scene.clock.move_to(scene.clock.now() + dt.timedelta(hours=1))
    await scene.api.run_jobs()
    scene.clock.move_to(scene.clock.now() + dt.timedelta(days=1))
    await bureau.up()
    await scene.api.run_jobs()

    after = await shown(scene, notice["id"])

    assert (after["ends_on"], after["extended_by"], after["remark"]) == ("2026-03-11", 0, "")


async def test_a_notice_is_not_over_while_a_channel_is_away_for_long(
    scene: Scene, bureau: Site
) -> None:
    _, notice = await published(scene)
    scene.clock.move_to(end_of_day(dt.date(2026, 3, 9)) - dt.timedelta(hours=2))
    await bureau.down()
    await scene.api.run_jobs()  # Monday the 9th, late: away

    await scene.move_past(dt.date(2026, 3, 11))  # the seventh day is over: three days lost
    assert (await shown(scene, notice["id"]))["state"] == "running"
    await bureau.up()
    await scene.api.run_jobs()

    longer = await shown(scene, notice["id"])
    assert (longer["state"], longer["ends_on"], longer["extended_by"]) == (
        "running",
        "2026-03-16",
        3,
    )
    await scene.move_past(dt.date(2026, 3, 16), seconds=-1)
    assert (await shown(scene, notice["id"]))["state"] == "running"
    await scene.move_past(dt.date(2026, 3, 16))
    assert (await shown(scene, notice["id"]))["state"] == "ended"


async def test_a_withdrawn_application_is_withdrawn_from_the_board_and_stays_in_the_archive(
    scene: Scene, bureau: Site
) -> None:
    application, notice = await published(scene)
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{application}/withdrawals", {"reason": "不再需要"}
        )
    )
    await scene.api.run_jobs()

    async with httpx.AsyncClient(trust_env=False, event_hooks=contract.HOOKS) as anybody:
        (posting,) = (await anybody.get(f"{bureau.url}/api/v1/notice-board")).json()["items"]
    assert posting["withdrawn_at"] is not None
    archive = (await scene.api.get("/api/v1/notices", year=2026, result="withdrawn")).json()
    assert [n["id"] for n in archive["items"]] == [notice["id"]]
    assert (await scene.api.get("/api/v1/notices", year=2025)).json()["items"] == []
    assert (await scene.api.get("/api/v1/notices", status="running")).json()["items"] == []


async def test_the_board_refuses_strangers_confidential_fields_and_other_content(
    scene: Scene, bureau: Site
) -> None:
    _, notice = await published(scene)
    fields = notice["public_fields"]

    async def post(body: dict[str, Any], path: str = "", **changes: str) -> httpx.Response:
        content = json.dumps(body).encode()
        path = path or "/api/v1/notice-board"
        at = int(scene.clock.now().timestamp())
        headers = {
            "content-type": "application/json",
            "idempotency-key": uuid.uuid4().hex,
            "x-operator": "hainan-operator",
            "x-signed-at": str(at),
            "x-signature": signature(SECRET, at=at, method="POST", path=path, body=content),
        }
        async with httpx.AsyncClient(trust_env=False, event_hooks=contract.HOOKS) as anybody:
            return await anybody.post(
                f"{bureau.url}{path}", content=content, headers=headers | changes
            )

    body = {
        "notice_id": str(uuid.uuid4()),
        "public_fields": fields,
        "page_url": "https://operator.example/notices/1",
    }
    for changes in ({"x-operator": "somebody"}, {"x-signature": "0" * 64}, {"x-signed-at": "1"}):
        assert code(await post(body, **changes)) == "board_signature_wrong"
    confidential = body | {"public_fields": fields | {"owner_contact": "13800138000"}}
    refused = await post(confidential)
    assert (code(refused), refused.status_code) == ("notice_field_confidential", 422)
    missing = body | {"public_fields": {k: v for k, v in fields.items() if k != "validity"}}
    assert code(await post(missing)) == "notice_field_missing"
    first, again = await post(body), await post(body)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    other = body | {"public_fields": fields | {"product_name": "另一个产品"}}
    assert code(await post(other)) == "board_posting_differs"

    address = f"/api/v1/notice-board/{first.json()['id']}/withdrawals"
    gone = await post({"remark": "终止"}, address)
    assert gone.json()["withdrawn_at"] is not None
    assert (await post({"remark": "再次"}, address)).json()["remark"] == "终止"
    nowhere = f"/api/v1/notice-board/{uuid.uuid4()}/withdrawals"
    assert (await post({"remark": "终止"}, nowhere)).status_code == 404


async def test_the_feeds_tell_the_notices_and_are_not_sent_twice(scene: Scene, ours: Site) -> None:
    _, notice = await published(scene)
    http = scene.api.http

    for path, media_type in (
        ("/notices.atom", "application/atom+xml"),
        ("/notices.json", "application/feed+json"),
    ):
        answer = await http.get(path)
        assert answer.headers["content-type"].startswith(media_type)
        assert notice["public_fields"]["product_name"] in answer.text
        async with httpx.AsyncClient(trust_env=False, event_hooks=contract.HOOKS) as anybody:
            again = await anybody.get(
                f"{ours.url}{path}", headers={"if-none-match": answer.headers["etag"]}
            )
        assert (again.status_code, again.content) == (304, b"")
    ET.fromstring((await http.get("/notices.atom")).content)


async def test_without_a_machine_the_bureau_confirms_by_hand(scene: Scene) -> None:
    scene.api.context.notice_channels = {}
    application = await scene.reviewed()
    notice = must(await scene.publish(application))["id"]
    await scene.api.run_jobs()
    assert (await shown(scene, notice))["state"] == "posting"

    assert must(await scene.confirm(notice))["state"] == "running"
    await scene.api.run_jobs()
