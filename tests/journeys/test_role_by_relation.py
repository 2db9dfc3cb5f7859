"""Every role and every relation at every route with an object: who gets it, and to whom it is not there.

Generated: each reader asks for each thing, and for one of a made-up id. Who has no part in a thing gets
the same answer for both, so that nobody learns what is there (HN-28).
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.http.policy import API
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_changes import Changing
from tests.makers_identity import Member, make_member, make_party
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

V1: Final = "/api/v1"
# What stands in what was filed, and nowhere else.
SECRET_PHONE: Final = "19900007777"
SECRET_STATEMENT: Final = "采集设备由我方独家运行"
SECRET_REASON: Final = "内部代号七号因子"
SECRETS: Final = (SECRET_PHONE, SECRET_STATEMENT, SECRET_REASON)

OWN: Final = {"own", "own_colleague"}
# Who keeps the file of what was issued, and who deals with the objection to it; acceptor and technical
# reviewer were done with it when it was issued.
HANDLERS: Final = {"adjudicator", "issuer"}
SUPERVISORS: Final = {"regulator", "other_regulator"}
SIDES: Final = OWN | {"objector"}

#: Who gets what; for everybody else it is not there.
SEES: Final = {
    "application": OWN | HANDLERS | SUPERVISORS | {"agency"},
    "case_file": OWN | HANDLERS | {"regulator", "agency"},
    "change": OWN | SUPERVISORS | {"acceptor"},
    "objection": SIDES | HANDLERS | SUPERVISORS,
    "instrument": SIDES | HANDLERS | SUPERVISORS,
    "file of the application": OWN | HANDLERS | {"regulator", "agency"},
    "file of the change": OWN | {"regulator", "acceptor"},
    "evidence": SIDES | HANDLERS | {"regulator"},
    "secret evidence": HANDLERS | {"objector", "regulator"},
    "file of the instrument": HANDLERS | {"objector", "regulator"},
    "content of the product": OWN | HANDLERS | {"regulator"},
}
PATHS: Final = {
    "application": "applications/{application_id}",
    "case_file": "applications/{application_id}/case-file",
    "change": "changes/{change_id}",
    "objection": "objections/{objection_id}",
    "instrument": "instruments/{instrument_id}",
}
FILES: Final = [thing for thing in SEES if thing not in PATHS]
PATHS.update(dict.fromkeys(FILES, "files/{file_id}"))


class World:
    """One case with all that hangs on it, and everybody who may or may not see it."""

    scene: Scene
    ids: dict[str, str]
    readers: dict[str, Member]
    number: str
    duties: dict[str, str]


@staged
async def world(api: Api, db: Database, clock: ManualClock) -> World:
    scene = await make_scene(api, db, clock)
    made = World()
    made.scene, made.ids = scene, {}
    application, number = await _certified(scene)
    made.number = number
    made.ids["application"] = made.ids["case_file"] = application
    made.ids["file of the application"] = _file_of(await scene.read(application))
    products = must(await scene.by(scene.supplier).get(f"{V1}/my/products"))["items"]
    made.ids["content of the product"] = await _content(scene, products[0]["id"])
    await _objected(made)
    await _lodged(made)
    await _changed(made)
    await scene.api.run_jobs()
    made.readers = await _everybody(scene, application)
    return made


async def _certified(scene: Scene) -> tuple[str, str]:
    draft = scene.draft

    async def with_phone(**changes: Any) -> Any:
        return await draft(contact_phone=SECRET_PHONE, **changes)

    scene.draft = with_phone  # type: ignore[method-assign]
    certified = await scene.certified()
    scene.draft = draft  # type: ignore[method-assign]
    return certified


async def _content(scene: Scene, product_id: str) -> str:
    """Attach another version of the content, since a product does not tell the ids of its files."""
    file = await scene.upload(scene.supplier, "content, once more")
    path = f"{V1}/products/{product_id}/contents"
    must(await scene.by(scene.supplier).post(path, {"file_id": file}))
    return file


async def _objected(made: World) -> None:
    scene = made.scene
    shown = await scene.upload(scene.objector, "采集记录")
    secret = await scene.upload(scene.objector, "与第三方的合同")
    objection = must(
        await scene.object_to(
            certificate_number=made.number,
            statement=SECRET_STATEMENT,
            evidence_file_ids=[shown, secret],
            confidential_file_ids=[secret],
        )
    )["id"]
    must(
        await scene.objection_step(objection, "forwardings", scene.adjudicator, {"receipt": "回执"})
    )
    made.ids |= {"objection": objection, "evidence": shown, "secret evidence": secret}


async def _lodged(made: World) -> None:
    file = await made.scene.upload(made.scene.objector, "判决书")
    made.ids["file of the instrument"] = file
    made.ids["instrument"] = must(
        await made.scene.by(made.scene.objector).post(
            f"{V1}/instruments",
            {
                "kind": "judgment",
                "issuing_body": "示例市中级人民法院",
                "document_number": "（2026）示01民终1号",
                "issued_on": "2026-03-01",
                "effect": "against_registrant",
                "file_id": file,
                "certificate_number": made.number,
            },
        )
    )["id"]


async def _changed(made: World) -> None:
    changing = Changing(made.scene, made.number)
    change = await changing.submitted(reason=SECRET_REASON)
    must(await changing.accept(change))
    made.ids["change"] = change
    made.ids["file of the change"] = _file_of(await changing.read(change))


def _file_of(case: dict[str, Any]) -> str:
    return next(str(each["file_id"]) for each in case["materials"] if each["file_id"])


async def _everybody(scene: Scene, application: str) -> dict[str, Member]:
    now = scene.clock.now()
    operator, supplier = scene.acceptor.party, scene.supplier.party
    readers = {
        name: getattr(scene, name)
        for name in (
            "acceptor", "technical", "adjudicator", "issuer", "agency", "other_agency", "objector",
            "regulator",
        )
    }  # fmt: skip
    readers["own"] = scene.supplier
    readers["own_colleague"] = await make_member(scene.db, Role.SUPPLIER, now=now, party=supplier)
    for role in (
        Role.OPERATOR_ACCEPTOR,
        Role.OPERATOR_TECHNICAL_REVIEWER,
        Role.OPERATOR_ADJUDICATOR,
        Role.OPERATOR_ISSUER,
        Role.OPERATOR_HEAD,
        Role.SYSTEM_ADMINISTRATOR,
        Role.SECURITY_ADMINISTRATOR,
        Role.AUDIT_ADMINISTRATOR,
    ):
        readers[f"another {role}"] = await make_member(scene.db, role, now=now, party=operator)
    readers["operator's member"] = await make_member(scene.db, now=now, party=operator)
    readers["stranger"] = await make_member(scene.db, Role.SUPPLIER, now=now)
    readers["strange buyer"] = await make_member(scene.db, Role.BUYER, now=now)
    readers["other_regulator"] = await make_member(
        scene.db,
        Role.OTHER_REGULATOR,
        now=now,
        party=await make_party(scene.db, Capacity.OTHER_REGULATOR, now=now, name="省网信办"),
    )
    readers["former"] = await _former(scene, application, now)
    return readers


async def _former(scene: Scene, application: str, now: dt.datetime) -> Member:
    """Return one of the staff who had the case, decided nothing in it, and gave it back."""
    operator = scene.acceptor.party
    former = await make_member(scene.db, Role.OPERATOR_ISSUER, now=now, party=operator)
    head = await make_member(scene.db, Role.OPERATOR_HEAD, now=now, party=operator)
    reason = "临时代班"
    must(
        await scene.take(
            application, head, "issuance", account_id=str(former.account.id), reason=reason
        )
    )
    must(
        await scene.take(
            application, head, "issuance", account_id=str(scene.issuer.account.id), reason=reason
        )
    )
    return former


def _permission(thing: str) -> str:
    permission = API["GET", f"{V1}/{PATHS[thing]}"].permission
    assert permission is not None
    return permission


async def _ask(made: World, reader: Member, thing: str, identifier: str) -> tuple[int, str]:
    path = PATHS[thing]
    place = path[: path.index("{")] + identifier + path[path.index("}") + 1 :]
    response = await made.scene.by(reader).get(f"{V1}/{place}")
    is_problem = response.headers["content-type"].startswith("application/problem+json")
    return response.status_code, code(response) if is_problem else ""


async def test_every_reader_gets_exactly_what_its_relation_gives(world: World) -> None:
    wrong = {}
    for name, reader in world.readers.items():
        for thing, seers in SEES.items():
            got = await _ask(world, reader, thing, world.ids[thing])
            absent = await _ask(world, reader, thing, str(uuid.uuid4()))
            may_ask = _permission(thing) in reader.actor.permissions
            expected = (403, "permission_missing")
            if may_ask:
                expected = (200, "") if name in seers else (404, "not_found")
            made_up = (404, "not_found") if may_ask else expected
            if (got, absent) != (expected, made_up):
                wrong[f"{name} · {thing}"] = (got, absent, "expected", expected)

    assert wrong == {}


async def test_nothing_that_was_filed_stands_in_lists_queues_notices_or_the_interface(
    world: World,
) -> None:
    own_lists = {("own", "applications"), ("own_colleague", "applications"), ("own", "changes")}
    own_lists |= {("own_colleague", "changes"), ("objector", "objections")}
    own_lists |= {("own", "objections"), ("own_colleague", "objections")}
    lists = (
        "applications", "changes", "objections", "instruments", "work-queue", "timers",
        "case-assignments", "certificates", "notices", "my/notifications", "fees", "case-assignments",
        "spot-checks", "undeliverable-notifications",
    )  # fmt: skip
    leaks = []
    for name, reader in world.readers.items():
        for place in lists:
            response = await world.scene.by(reader).get(f"{V1}/{place}")
            if (name, place) not in own_lists and any(s in response.text for s in SECRETS):
                leaks.append(f"{name} · {place}")
    for place in ("/openapi.json", "/notices.atom", "/notices.json", f"{V1}/notices", "/notices"):
        response = await world.scene.api.get(place)
        assert response.status_code == 200, place
        if any(secret in response.text for secret in SECRETS):
            leaks.append(f"public · {place}")

    assert leaks == []


async def test_a_redacted_copy_holds_nothing_that_was_filed(world: World) -> None:
    other = world.readers["other_regulator"]
    for thing in ("application", "change", "objection", "instrument"):
        path = PATHS[thing].split("{")[0] + world.ids[thing]
        text = (await world.scene.by(other).get(f"{V1}/{path}")).text
        assert not any(secret in text for secret in SECRETS), thing


async def test_a_command_on_what_is_not_ones_own_meets_what_is_not_there(world: World) -> None:
    ids, strange = world.ids, world.readers["stranger"]
    application, change = f"applications/{ids['application']}", f"changes/{ids['change']}"
    objection, instrument = f"objections/{ids['objection']}", f"instruments/{ids['instrument']}"
    commands = [
        (strange, f"{application}/submissions", {"truth_confirmed": True}),
        (strange, f"{application}/resubmissions", {"truth_confirmed": True}),
        (strange, f"{application}/withdrawals", {"reason": "不是我的"}),
        (strange, f"{application}/supplements", {"answers": []}),
        (strange, f"{change}/submissions", {"truth_confirmed": True}),
        (strange, f"{change}/withdrawals", {"reason": "不是我的"}),
        (strange, f"{objection}/responses", {"statement": "x", "evidence_file_ids": []}),
        (strange, f"{objection}/acceptances", {"accepts": True}),
        (strange, f"{objection}/withdrawals", {"reason": "不是我的"}),
        (
            strange,
            f"{objection}/proceedings",
            {"court": "x", "case_number": "x", "evidence_file_ids": []},
        ),
        (strange, f"{instrument}/transfers", {}),
        (strange, f"{instrument}/deregistrations", {}),
    ]

    answers = {}
    for reader, path, body in commands:
        kind, identifier, step = path.split("/")
        real = await world.scene.by(reader).post(f"{V1}/{path}", body)
        made_up = await world.scene.by(reader).post(f"{V1}/{kind}/{uuid.uuid4()}/{step}", body)
        answers[path] = {(real.status_code, code(real)), (made_up.status_code, code(made_up))}
        assert identifier in path

    assert {path: got for path, got in answers.items() if got != {(404, "not_found")}} == {}


async def test_what_a_colleague_handles_is_not_done_by_another_of_the_same_role(
    world: World,
) -> None:
    application, objection = world.ids["application"], world.ids["objection"]
    world.scene.product_id = await world.scene.describe(name="另一个产品")
    under_way = await world.scene.reviewed()
    commands = [
        (
            Role.OPERATOR_ACCEPTOR,
            f"applications/{under_way}/decision-notifications",
            {"channel": "mail", "receipt": "1"},
        ),
        (
            Role.OPERATOR_ACCEPTOR,
            f"changes/{world.ids['change']}/reviews",
            {"technical_reviewer_account_id": str(uuid.uuid4())},
        ),
        (Role.OPERATOR_ISSUER, f"applications/{application}/notices", {}),
        (Role.OPERATOR_ISSUER, f"applications/{application}/certificates", {}),
        (
            Role.OPERATOR_ADJUDICATOR,
            f"applications/{under_way}/review-decisions",
            {"result": "pass"},
        ),
        (
            Role.OPERATOR_ADJUDICATOR,
            f"objections/{objection}/determinations",
            {"outcome": "keep", "reasons": "x"},
        ),
    ]

    got = {}
    for role, path, body in commands:
        response = await world.scene.by(world.readers[f"another {role}"]).post(f"{V1}/{path}", body)
        got[path] = (response.status_code, code(response))

    assert set(got.values()) == {(409, "case_held_by_another")}, got
