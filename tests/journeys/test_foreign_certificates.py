"""Certificates of other registrars: imported, verified, recognised, looked at again (互认)."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import pathlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import SHANGHAI
from catalog.products.model import OriginPath
from market.jobs import certificates_due
from market.settings import Settings
from tests.api import Api, code
from tests.makers_identity import Member
from tests.makers_owned import make_owned
from tests.makers_products import make_source
from tests.makers_registration import make_scene, must
from tests.makers_trade import REGISTRATION, Trade
from tests.stages import staged

UNKNOWN = "01890000-0000-7000-8000-000000000000"
LATER = dt.date(2026, 3, 20)  # when the other registrar has issued its certificate


class Theirs:
    """A certificate that a second instance of this service issued, and its keys."""

    def __init__(self, keys: str, certificate: str) -> None:
        self.keys = keys
        self.text = certificate
        self.shown = json.loads(certificate)

    @property
    def said(self) -> dict[str, Any]:
        content = self.shown["content"]
        return {
            "number": self.shown["number"],
            "holder_name": content["owners"][0]["name"],
            "product_name": content["product_name"],
            "issued_on": content["issued_at"][:10],
        }


class Importing(Trade):
    """A product of supermarket resources, which needs a certificate to be listed."""

    async def name(self, who: Member | None = None, **said: Any) -> httpx.Response:
        body = {"name": "示例省数据产权登记中心", "agreement": "互认〔2026〕1号"} | said
        return await self.by(who or self.regulator).post("/api/v1/foreign-registrars", body)

    async def bring(self, registrar: str, text: str = "证书扫描件", **said: Any) -> httpx.Response:
        who = self.by(self.supplier)
        uploaded = must(await who.upload(text.encode(), "外部凭证.json", "application/json"))
        body = {
            "registrar_id": registrar,
            "number": "SJ4602026110001",
            "product_id": self.product_id,
            "holder_name": "示例数据科技有限公司",
            "product_name": "港口作业气象风险指数",
            "issued_on": "2026-02-01",
            "file_id": uploaded["id"],
        } | said
        return await who.post("/api/v1/foreign-certificates", body)

    async def step(self, certificate: str, step: str, who: Member, **body: Any) -> httpx.Response:  # type: ignore[override]
        path = f"/api/v1/foreign-certificates/{certificate}/{step}"
        return await self.by(who).post(path, body)

    async def recognised(self, **said: Any) -> str:
        """Return a certificate that two people looked up, and that is recognised."""
        registrar = must(await self.name())["id"]
        certificate = str(must(await self.bring(registrar, **said))["id"])
        must(await self.step(certificate, "checks", self.adjudicator, source="官网查询 2026-03-02"))
        must(await self.step(certificate, "verifications", self.issuer))
        must(await self.step(certificate, "recognitions", self.issuer))
        return certificate

    async def shown(self, certificate: str) -> dict[str, Any]:
        return must(await self.api.get(f"/api/v1/foreign-certificates/{certificate}"))

    async def offer(self) -> dict[str, Any]:
        (found,) = must(await self.by(self.supplier).get("/api/v1/listings"))["items"]
        return dict(found)


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Importing:
    made = await make_owned(api, db, clock)
    importing = Importing(api, db, clock)
    vars(importing).update(vars(made))
    importing.product_id = await importing.describe(
        origin_path=OriginPath.SUPERMARKET_RESOURCE,
        sources=(make_source(is_supermarket_resource=True, resource_id=importing.product_id),),
        substantive_processing="质量控制与插值",
        innovative_labour="风险分级模型",
    )
    return importing


@pytest.fixture
async def theirs(server: Any, tmp_path: pathlib.Path) -> AsyncIterator[Theirs]:
    """A second instance with a database, keys and a log of its own, and one certificate of it."""
    from market.app import create_app

    clock = ManualClock(dt.datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI))
    name = f"test_other_{secrets.token_hex(6)}"
    await server.create(name, server.template)
    settings = Settings(
        database_url=server.dsn(name),
        separate_logins=True,
        data_dir=tmp_path / "other",
        public_url="http://other.example",
        log_origin="other.example/log",
        run_jobs=False,
        log_level="critical",
    )
    app = create_app(settings, clock=clock)
    async with app.wired(), Api.on(app, clock) as api:
        scene = await make_scene(api, api.context.db, clock)
        _, number = await scene.certified()
        await api.run_jobs()
        certificate = (await api.get(f"/api/v1/certificates/{number}")).text
        keys = (await api.get("/api/v1/keys")).text
        yield Theirs(keys, certificate)
    with contextlib.suppress(Exception):
        await server.drop(name)


async def test_a_certificate_of_another_instance_is_verified_by_its_signature_and_its_log(
    theirs: Theirs, trade: Importing
) -> None:
    await trade.move_past(LATER)
    registrar = must(await trade.name(keys=theirs.keys))["id"]
    imported = must(await trade.bring(registrar, theirs.text, content=theirs.text, **theirs.said))
    verified = must(await trade.step(imported["id"], "verifications", trade.issuer))
    recognised = must(await trade.step(imported["id"], "recognitions", trade.issuer))

    assert imported["is_signature_checked"] is True
    assert (verified["state"], recognised["state"]) == ("verified", "recognised")
    assert recognised["recheck_by"] is not None
    shown = await trade.shown(imported["id"])
    assert (shown["registrar"], shown["number"]) == (
        "示例省数据产权登记中心",
        theirs.shown["number"],
    )
    ours = must(await trade.api.get("/api/v1/certificates"))["items"]
    assert ours == []  # never counted as ours
    assert (await trade.api.get(f"/api/v1/certificates/{shown['number']}")).status_code == 404


async def test_what_is_not_what_the_other_registrar_signed_is_not_imported(
    theirs: Theirs, trade: Importing
) -> None:
    await trade.move_past(LATER)
    registrar = must(await trade.name(keys=theirs.keys))["id"]
    by_hand = must(await trade.name(name="手工登记机构"))["id"]
    wrong = theirs.text.replace(theirs.said["product_name"], "另一个产品")
    without = json.dumps(theirs.shown | {"log": theirs.shown["log"] | {"proof": None}})
    revoked = theirs.shown | {"state": "revoked"}
    revoked["history"] = [*revoked["history"], {**revoked["history"][-1], "state": "revoked"}]
    ended = json.dumps(revoked)
    named = {"content": theirs.text, **theirs.said}

    refused = [
        await trade.bring(registrar, wrong, **(named | {"content": wrong})),
        await trade.bring(registrar, "别的文件", **named),
        await trade.bring(registrar, without, **(named | {"content": without})),
        await trade.bring(registrar, "{}", **(named | {"content": "{}"})),
        await trade.bring(by_hand, theirs.text, **named),
        await trade.bring(registrar, theirs.text, **(named | {"holder_name": "别人"})),
        await trade.bring(registrar, ended, **(named | {"content": ended})),
        await trade.name(name="密钥不可读", keys="{}"),
    ]

    assert [code(each) for each in refused] == [
        *["foreign_signature_invalid"] * 5,
        "foreign_certificate_differs",
        "foreign_certificate_not_in_force",
        "foreign_signature_invalid",
    ]
    found = must(await trade.by(trade.issuer).get("/api/v1/foreign-certificates"))["items"]
    assert found == []


async def test_without_a_signature_two_people_look_and_say_where(trade: Importing) -> None:
    registrar = must(await trade.name())["id"]
    certificate = must(await trade.bring(registrar))["id"]

    refused = [
        await trade.step(certificate, "verifications", trade.issuer),
        await trade.step(certificate, "checks", trade.issuer, source=" "),
        await trade.step(certificate, "recognitions", trade.issuer),
        await trade.step(certificate, "checks", trade.supplier, source="官网"),
        await trade.step(UNKNOWN, "checks", trade.issuer, source="官网"),
        await trade.bring(registrar),
        await trade.name(),
        await trade.name(who=trade.issuer, name="自行列入"),
    ]
    must(await trade.step(certificate, "checks", trade.issuer, source="官网查询"))
    refused.append(await trade.step(certificate, "verifications", trade.issuer))

    assert [code(each) for each in refused] == [
        "foreign_not_checked",
        "foreign_source_missing",
        "foreign_certificate_event_not_allowed",
        "permission_missing",
        "not_found",
        "foreign_imported_already",
        "foreign_registrar_named_already",
        "permission_missing",
        "foreign_second_person_required",
    ]


async def test_a_product_is_listed_on_a_recognised_certificate_without_another_review(
    trade: Importing,
) -> None:
    await trade.priced()
    papers = {
        "secrecy_review": {
            "reviewed_by": "保密办",
            "reviewed_on": "2026-03-01",
            "may_be_opened": True,
            "evidence_sha256": "ab" * 32,
        },
        "public_registration": REGISTRATION,
    }
    drafted = must(await trade.draft_listing(**papers))
    early = await trade.listing_step(drafted["id"], "submissions", trade.supplier)
    certificate = await trade.recognised()

    await trade.listed(**papers)

    offer = await trade.offer()
    assert early.json()["facts"]["items"] == ["certificate_not_active"]
    assert (offer["certificate_number"], offer["foreign_certificate_id"]) == (None, certificate)
    page = await trade.api.get(f"/products/{trade.product_id}")
    assert "外部凭证" in page.text
    order = await trade.placed()

    withdrawn = await trade.step(certificate, "withdrawals", trade.issuer, reason=" ")
    must(await trade.step(certificate, "withdrawals", trade.issuer, reason="出证机构已撤销"))

    assert code(withdrawn) == "foreign_reason_missing"
    offer = await trade.offer()
    assert (offer["state"], offer["reason"]) == ("suspended", "foreign_certificate_withdrawn")
    told = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    assert "certificate_ended" in [each["topic"] for each in told]
    resumed = await trade.listing_step(offer["id"], "resumptions", trade.issuer)
    assert resumed.json()["facts"]["items"] == ["certificate_not_active"]
    rejected = must(await Trade.step(trade, order, "clearances", trade.acceptor))
    assert rejected["state"] == "rejected"


async def test_who_was_not_looked_at_in_time_is_stale_and_counts_again_after_a_look(
    trade: Importing,
) -> None:
    await trade.priced()
    papers = {
        "secrecy_review": {
            "reviewed_by": "保密办",
            "reviewed_on": "2026-03-01",
            "may_be_opened": True,
            "evidence_sha256": "ab" * 32,
        },
        "public_registration": REGISTRATION,
    }
    certificate = await trade.recognised()
    await trade.listed(**papers)
    due = dt.date.fromisoformat((await trade.shown(certificate))["recheck_by"])

    await trade.move_past(due - dt.timedelta(days=1))
    in_time = await certificates_due.run(trade.db, now=trade.clock.now())
    await trade.move_past(due)
    stale = await trade.shown(certificate)
    lapsed = await certificates_due.run(trade.db, now=trade.clock.now())
    again = await certificates_due.run(trade.db, now=trade.clock.now())
    suspended = await trade.offer()
    must(await trade.step(certificate, "rechecks", trade.issuer, source="官网查询"))
    resumed = must(await trade.listing_step(suspended["id"], "resumptions", trade.issuer))

    assert (in_time, lapsed, again) == (0, 1, 0)
    assert (stale["state"], stale["is_stale"]) == ("recognised", True)
    assert suspended["reason"] == "foreign_certificate_lapsed"
    assert resumed["state"] == "listed"
    assert not (await trade.shown(certificate))["is_stale"]


async def test_the_search_for_conflicts_sees_it(api: Api, db: Database, clock: ManualClock) -> None:
    scene = await make_scene(api, db, clock)
    importing = Importing(api, db, clock)
    vars(importing).update(vars(scene))
    must(await importing.bring(must(await importing.name())["id"]))

    application = await scene.drafted()
    must(await scene.submit(application))
    must(await scene.take(application, scene.acceptor, "acceptance"))

    (found,) = (await scene.read(application, scene.acceptor))["submissions"][0]["conflicts"]
    assert (found["reason"], found["application_number"]) == (
        "foreign_certificate",
        "SJ4602026110001",
    )


async def test_what_is_not_recognised_is_not_public_and_a_rejected_one_may_come_again(
    trade: Importing,
) -> None:
    registrar = must(await trade.name())["id"]
    certificate = must(await trade.bring(registrar))["id"]
    path = f"/api/v1/foreign-certificates/{certificate}"

    stranger = await trade.api.get(path)
    own = must(await trade.by(trade.supplier).get(path))
    must(await trade.step(certificate, "rejections", trade.issuer, reason="查无此证"))
    over = await trade.bring(registrar, valid_to="2026-03-01")
    never = await trade.bring(registrar, issued_on="2026-03-03")
    foreign = await trade.bring(registrar, product_id=UNKNOWN)
    again = await trade.bring(registrar)

    assert stranger.status_code == 404
    assert own["state"] == "imported"
    assert code(over) == "foreign_certificate_not_in_force"
    assert code(never) == "foreign_days_contradictory"
    assert code(foreign) == "not_found"
    assert again.status_code == 201
    named = must(await trade.api.get("/api/v1/foreign-registrars"))["items"]
    assert [each["agreement"] for each in named] == ["互认〔2026〕1号"]
