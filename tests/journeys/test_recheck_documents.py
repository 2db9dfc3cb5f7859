"""What agencies, the bureau and courts gave is looked at again; whoever alters it becomes an incident."""

from __future__ import annotations

from typing import Final

import asyncpg
import pytest

from market.cli.recheck import Rechecked
from market.retention.model import Kind
from tests.journeys import test_transfers as transferring
from tests.journeys.test_agency_evaluation import ended, evaluate
from tests.journeys.test_changes import let
from tests.journeys.test_retention import incidents, recheck
from tests.makers_changes import Changing
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

NOTHING: Final = f"'\\x{'00' * 64}'"
OTHER: Final = "convert_to('{}', 'UTF8')"


scene = staged(make_scene)


async def tampered(scene: Scene, owner_dsn: str, table: str, change: str) -> Rechecked:
    """Change every row of a table as its owner, past all triggers, and check again."""
    owner = await asyncpg.connect(owner_dsn)
    try:
        async with owner.transaction():
            await owner.execute(f"ALTER TABLE catalog.{table} DISABLE TRIGGER USER")
            await owner.execute(f"ALTER TABLE catalog.{table} NO FORCE ROW LEVEL SECURITY")
            assert await owner.execute(f"UPDATE catalog.{table} SET {change}") != "UPDATE 0"
    finally:
        await owner.close()
    return await recheck(scene, Kind.DOCUMENTS)


async def instrument(scene: Scene, number: str) -> str:
    return str(
        must(
            await scene.by(scene.objector).post(
                "/api/v1/instruments",
                {
                    "kind": "judgment",
                    "issuing_body": "示例市中级人民法院",
                    "document_number": "（2026）示01民终1号",
                    "issued_on": "2026-03-01",
                    "effect": "against_registrant",
                    "file_id": await scene.upload(scene.objector, "判决书"),
                    "certificate_number": number,
                },
            )
        )["id"]
    )


@pytest.mark.parametrize(
    ("table", "change", "kind"),
    [
        ("compliance_opinions", f"signature = {NOTHING}", "compliance_opinion"),
        (
            "compliance_opinions",
            f"document = {OTHER}, sha256 = encode(sha256({OTHER}), 'hex')",
            "compliance_opinion",
        ),
        ("issuance_authorisations", f"signature = {NOTHING}", "issuance_authorisation"),
        (
            "issuance_authorisations",
            f"document = {OTHER}, sha256 = encode(sha256({OTHER}), 'hex')",
            "issuance_authorisation",
        ),
        ("legal_instruments", f"file_sha256 = '{'ab' * 32}'", "instrument"),
        ("files", f"sha256 = '{'ab' * 32}'", "instrument"),
    ],
)
async def test_an_opinion_an_authorisation_and_an_instrument_are_as_they_were_given(
    scene: Scene, owner_dsn: str, table: str, change: str, kind: str
) -> None:
    _, number = await scene.certified()
    await instrument(scene, number)
    good = await recheck(scene, Kind.DOCUMENTS)

    bad = await tampered(scene, owner_dsn, table, change)
    again = await recheck(scene, Kind.DOCUMENTS)

    # Two opinions, the authorisation, the instrument; the two bids by which the agencies were selected.
    assert (good.checked, good.wrong) == (6, [])
    (line,) = bad.wrong
    assert line.startswith(kind)
    assert again.wrong == bad.wrong
    (incident,) = await incidents(scene)
    assert [each.split(":")[0] for each in incident["subjects"]] == [kind]


async def test_both_the_instrument_and_its_file_exchanged_are_not_what_the_log_holds(
    scene: Scene, owner_dsn: str
) -> None:
    _, number = await scene.certified()
    await instrument(scene, number)
    await tampered(scene, owner_dsn, "files", f"sha256 = '{'ab' * 32}'")

    bad = await tampered(scene, owner_dsn, "legal_instruments", f"file_sha256 = '{'ab' * 32}'")

    (line,) = bad.wrong
    assert "审计日志中无此摘要" in line


async def test_what_was_signed_in_a_change_is_looked_at_too(scene: Scene, owner_dsn: str) -> None:
    _, number = await scene.certified()
    changing = Changing(scene, number)
    await changing.authorised()
    good = await recheck(scene, Kind.DOCUMENTS)

    bad = await tampered(scene, owner_dsn, "change_papers", f"signature = {NOTHING}")

    assert good.wrong == []
    assert sorted(line.split(" ")[0] for line in bad.wrong) == [
        "compliance_opinion",
        "issuance_authorisation",
    ]


async def test_both_signatures_of_a_transfer_and_its_authorisation_are_looked_at(
    scene: Scene, owner_dsn: str
) -> None:
    handing = await transferring.make_handing(scene)
    await let(handing, transferring.FLAG)
    offered = must(await handing.offer())
    must(await handing.sign(offered))
    must(await handing.authorise_transfer(offered))
    good = await recheck(handing, Kind.DOCUMENTS)

    wrong = []
    for column in ("from_signature", "to_signature", "authorisation_signature"):
        bad = await tampered(handing, owner_dsn, "certificate_transfers", f"{column} = {NOTHING}")
        wrong.append(len(bad.wrong))

    assert (good.checked, good.wrong) == (8, [])
    assert wrong == [1, 2, 3]


async def test_what_the_operator_signed_of_an_agency_is_looked_at(
    scene: Scene, owner_dsn: str
) -> None:
    await ended(scene)
    must(await evaluate(scene))
    good = await recheck(scene, Kind.DOCUMENTS)

    bad = await tampered(
        scene, owner_dsn, "agency_evaluations", f"signature = {NOTHING} WHERE document IS NOT NULL"
    )

    assert good.wrong == []
    assert [line.split(" ")[0] for line in bad.wrong] == ["agency_evaluation"]
