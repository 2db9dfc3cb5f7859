"""Every role and relation at what came after the certificate: requests, transfers, reissues, burdens.

And at what is no case of an applicant: foreign certificates, an operator's evaluations of agencies.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

import pytest

from catalog.agency_evaluation import store as evaluations
from catalog.agency_evaluation.model import Evaluation, EvaluationId
from catalog.agency_evaluation.states import State as EvaluationState
from catalog.certificates.number import CertificateNumber
from catalog.certificates.reissuing import Corrected, GroundKind, Reissue
from catalog.certificates.store import reissues, transfers
from catalog.certificates.transferring import Transfer
from catalog.kernel.actor import system
from catalog.kernel.db import begin
from catalog.kernel.ids import PartyId, new_id
from catalog.terms import store as terms
from catalog.terms.model import Kind, Request, RequestId
from catalog.terms.states import State as RequestState
from market.identity.permissions import Role
from tests.api import code
from tests.journeys.test_encumbrances import encumber, release
from tests.journeys.test_role_by_relation import HANDLERS, OWN, World, world
from tests.makers_identity import Member, make_member
from tests.makers_registration import must

__all__ = ["world"]

V1: Final = "/api/v1"
SHA256: Final = "ab" * 32
HOUSE: Final = HANDLERS | {
    "acceptor",
    "technical",
    "former",
    "another operator_acceptor",
    "another operator_technical_reviewer",
    "another operator_adjudicator",
    "another operator_issuer",
    "another operator_head",
}

#: Whose rows of which table; for everybody else there are none.
SEES: Final = {
    "certificate_requests": OWN | HANDLERS | {"regulator"},
    "certificate_transfers": OWN | HANDLERS | {"regulator", "objector"},
    "certificate_reissues": OWN | HANDLERS | {"regulator"},
    "notice_waivers": OWN | HANDLERS | {"regulator", "agency"},
    "foreign_certificates": OWN | HOUSE | {"regulator"},
    "agency_evaluations": HOUSE | {"regulator"},
    "agency_contracts": HOUSE | {"regulator", "agency", "other_agency"},
    "agency_assignments": HOUSE | {"regulator", "agency"},
}
#: Who reads which file; for everybody else it is not there.
READS: Final = {
    "contract of the transfer": OWN | HANDLERS | {"regulator"},
    "release of the burden": HANDLERS | {"regulator"},
    "foreign certificate": OWN | {"regulator"},
}


@pytest.fixture
async def later(world: World) -> World:
    """Let everything that may come after a certificate hang on that of the world."""
    scene = world.scene
    world.ids["contract of the transfer"] = await scene.upload(scene.supplier, "转让合同")
    await _hang(world)
    await _burden(world)
    registrar = must(
        await scene.by(scene.regulator).post(
            f"{V1}/foreign-registrars", {"name": "示例登记中心", "agreement": "互认〔2026〕1号"}
        )
    )["id"]
    world.ids["foreign certificate"] = await scene.upload(scene.supplier, "外部凭证")
    product = must(await scene.by(scene.supplier).get(f"{V1}/my/products"))["items"][0]["id"]
    world.ids["foreign"] = must(
        await scene.by(scene.supplier).post(
            f"{V1}/foreign-certificates",
            {
                "registrar_id": registrar,
                "number": "SJ4602026110001",
                "product_id": product,
                "holder_name": "示例数据科技有限公司",
                "product_name": "港口作业气象风险指数",
                "issued_on": "2026-02-01",
                "file_id": world.ids["foreign certificate"],
            },
        )
    )["id"]
    return world


async def _hang(world: World) -> None:
    scene, now = world.scene, world.scene.clock.now()
    own, other = PartyId(scene.supplier.party.id), PartyId(scene.objector.party.id)
    async with begin(scene.db, system("test")) as tx:
        await tx.execute("SELECT set_config('app.remembered', 'yes', true)")
        await terms.insert(
            tx,
            Request(
                id=RequestId(new_id()),
                certificate_number=CertificateNumber(world.number),
                registrant_party_id=own,
                kind=Kind.CANCELLATION,
                state=RequestState.FILED,
                reason="内部原因",
                by_law=False,
                rulebook="hn-2023-interim",
                filed_on=now.date(),
                filed_by=None,
                filed_at=now,
            ),
        )
        await transfers.insert_transfer(
            tx,
            Transfer(
                id=new_id(),
                certificate_number=world.number,
                from_party_id=own,
                to_party_id=other,
                agreement=b"{}",
                agreement_sha256=SHA256,
                from_key_id="key",
                from_signature=b"",
                offered_by=None,
                offered_at=now,
                contract_file_id=uuid.UUID(world.ids["contract of the transfer"]),
            ),
        )
        await reissues.insert_reissue(
            tx,
            Reissue(
                id=new_id(),
                certificate_number=world.number,
                registrant_party_id=own,
                ground=GroundKind.OBJECTION,
                ground_id=new_id(),
                corrected=Corrected(product_name="更正后的名称"),
                corrected_sha256=SHA256,
                ordered_at=now,
            ),
        )
        await tx.execute(
            """
            INSERT INTO catalog.notice_waivers
                   (application_id, submission_no, reason, waived_at) VALUES ($1, 1, '无需公示', $2)""",
            uuid.UUID(world.ids["application"]),
            now,
        )
        contract = await tx.fetch_one(
            "SELECT * FROM catalog.agency_contracts WHERE agency_party_id = $1",
            scene.agency.party.id,
        )
        assert contract is not None
        world.ids["evaluation"] = str(new_id())
        await evaluations.insert(
            tx,
            Evaluation(
                id=EvaluationId(uuid.UUID(world.ids["evaluation"])),
                contract_id=contract["id"],
                operator_party_id=contract["operator_party_id"],
                agency_party_id=contract["agency_party_id"],
                rulebook="hn-2023-interim",
                state=EvaluationState.DUE,
                opened_at=now,
            ),
        )


async def _burden(world: World) -> None:
    scene = world.scene
    burden = must(await encumber(scene, world.number))["id"]
    world.ids["release of the burden"] = await scene.upload(scene.issuer, "解押证明")
    must(await release(scene, burden, file_id=world.ids["release of the burden"]))


async def _rows(world: World, reader: Member, table: str) -> int:
    async with begin(world.scene.db, reader.actor) as tx:
        return int(await tx.fetch_value(f"SELECT count(*) FROM catalog.{table}"))


async def test_each_table_shows_its_rows_to_those_they_concern_and_to_nobody_else(
    later: World,
) -> None:
    wrong = {
        f"{name} · {table}": count
        for table, seers in SEES.items()
        for name, reader in later.readers.items()
        if bool(count := await _rows(later, reader, table)) != (name in seers)
    }

    assert wrong == {}


async def test_each_file_is_there_for_those_who_have_to_do_with_it(later: World) -> None:
    wrong = {}
    for thing, readers in READS.items():
        for name, reader in later.readers.items():
            client = later.scene.by(reader)
            got = await client.get(f"{V1}/files/{later.ids[thing]}")
            made_up = await client.get(f"{V1}/files/{uuid.uuid4()}")
            expected = 200 if name in readers else 404
            if (got.status_code, made_up.status_code) != (expected, 404):
                wrong[f"{name} · {thing}"] = got.status_code

    assert wrong == {}


async def test_the_lists_of_a_certificate_are_empty_to_whom_they_do_not_concern(
    later: World,
) -> None:
    lists = {"requests": "certificate_requests", "transfers": "certificate_transfers"}
    lists["reissues"] = "certificate_reissues"
    wrong = {}
    for place, table in lists.items():
        for name, reader in later.readers.items():
            path = f"{V1}/certificates/{later.number}/{place}"
            got = await later.scene.by(reader).get(path)
            if got.status_code == 403:
                assert code(got) == "permission_missing"
            elif bool(must(got)["items"]) != (name in SEES[table]):
                wrong[f"{name} · {place}"] = got.json()

    assert wrong == {}


async def test_reading_them_is_remembered_but_for_ones_own_people(later: World) -> None:
    scene = later.scene
    for who in (scene.supplier, scene.objector, scene.issuer, scene.regulator):
        must(await scene.by(who).get(f"{V1}/certificates/{later.number}/transfers"))
        must(await scene.by(who).get(f"{V1}/certificates/{later.number}/reissues"))
    must(await scene.by(scene.issuer).get(f"{V1}/certificates/{later.number}/requests"))

    auditor = await make_member(scene.db, Role.AUDIT_ADMINISTRATOR, now=scene.clock.now())
    found = await scene.by(auditor).find_in_log(
        subject_kind="application", subject_id=later.ids["application"]
    )
    read = {
        (e["payload"]["actor"]["account_id"], e["payload"]["facts"]["part"])
        for e in found
        if e["event"] == "material:read"
        and e["payload"]["facts"]["part"] in ("transfers", "reissues", "requests")
    }
    issuer, regulator = str(scene.issuer.account.id), str(scene.regulator.account.id)
    assert read == {
        (issuer, "transfers"),
        (issuer, "reissues"),
        (issuer, "requests"),
        (regulator, "transfers"),
        (regulator, "reissues"),
    }


async def test_what_a_colleague_keeps_is_not_decided_or_issued_by_another(later: World) -> None:
    another = later.scene.by(later.readers["another operator_issuer"])
    (request,) = must(
        await later.scene.by(later.scene.supplier).get(f"{V1}/certificates/{later.number}/requests")
    )["items"]
    commands: dict[str, dict[str, Any]] = {
        f"certificate-requests/{request['id']}/decisions": {"granted": False, "reason": "x"},
        f"certificates/{later.number}/transfer-certificates": {},
        f"certificates/{later.number}/reissues": {},
    }

    got = {path: code(await another.post(f"{V1}/{path}", body)) for path, body in commands.items()}
    unknown = await another.post(
        f"{V1}/certificate-requests/{uuid.uuid4()}/decisions", {"granted": True}
    )

    assert set(got.values()) == {"case_held_by_another"}, got
    assert (unknown.status_code, code(unknown)) == (404, "not_found")


async def test_the_file_of_a_foreign_certificate_opens_to_who_looks_it_up(later: World) -> None:
    scene, foreign = later.scene, later.ids["foreign"]
    file = f"{V1}/files/{later.ids['foreign certificate']}"
    second = later.readers["another operator_issuer"]

    before = await scene.by(scene.adjudicator).get(file)
    must(await scene.take(foreign, scene.adjudicator, "foreign_check", "foreign_certificate"))
    opened = await scene.by(scene.adjudicator).get(file)
    both = await scene.take(
        foreign, scene.adjudicator, "foreign_verification", "foreign_certificate"
    )
    held = await scene.by(scene.issuer).post(
        f"{V1}/foreign-certificates/{foreign}/checks", {"source": "官网"}
    )
    must(await scene.take(foreign, second, "foreign_verification", "foreign_certificate"))
    unknown = await scene.take(
        str(uuid.uuid4()), scene.issuer, "foreign_check", "foreign_certificate"
    )

    assert (before.status_code, opened.status_code) == (404, 200)
    assert (both.status_code, code(both)) == (409, "four_eyes_required")
    assert (held.status_code, code(held)) == (409, "case_held_by_another")
    assert (await scene.by(second).get(file)).status_code == 200
    assert (await scene.by(scene.issuer).get(file)).status_code == 404
    assert unknown.status_code == 404


async def test_an_evaluation_is_there_for_its_operator_and_the_authority(later: World) -> None:
    path = f"{V1}/agency-evaluations/{later.ids['evaluation']}"
    got = {
        name: (await later.scene.by(later.readers[name]).get(path)).status_code
        for name in ("issuer", "regulator", "agency", "other_agency", "other_regulator")
    }

    assert got == {
        "issuer": 200,
        "regulator": 200,
        "agency": 404,
        "other_agency": 404,
        "other_regulator": 403,
    }
