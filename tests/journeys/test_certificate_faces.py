"""A certificate is had as vc+jwt, and the status list tells within the same second what ended."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import pathlib
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log.verdict import Fault, Unreadable, Verdict
from catalog.certificates import credential_check, status_list
from catalog.certificates.status_list import Status
from tests.api import code
from tests.journeys.test_offline_evidence import check, served
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

REASON = "双方就来源数据的使用权发生争议"


scene = staged(make_scene)


async def fetched(scene: Scene, path: str) -> bytes:
    answer = await scene.api.http.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vc+jwt"
    return answer.content


async def faces(scene: Scene, number: str) -> tuple[bytes, bytes, form.Keys]:
    """Return a certificate as vc+jwt, the list that it names, and the published keys."""
    keys = msgspec.convert(must(await scene.api.get("/api/v1/keys")), form.Keys)
    held = await fetched(scene, f"/api/v1/certificates/{number}/credential")
    address = credential_check.address_of_list(held, keys)
    assert address is not None
    path = address.removeprefix(scene.api.context.settings.public_url)
    return held, await fetched(scene, path), keys


async def verdict(scene: Scene, number: str) -> Verdict:
    held, listed, keys = await faces(scene, number)
    return credential_check.check(held, keys=keys, now=scene.api.context.now(), listed=listed)


def payload(token: bytes) -> Any:
    return json.loads(_read(token.split(b".")[1]))


def _read(part: bytes) -> bytes:
    import base64

    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


async def lists_entered(owner_dsn: str) -> list[Any]:
    connection = await asyncpg.connect(owner_dsn)
    try:
        return await connection.fetch(
            "SELECT list_number, version, bits_sha256, encoded FROM catalog.status_list_versions "
            "ORDER BY list_number, version"
        )
    finally:
        await connection.close()


async def test_a_freeze_its_end_and_a_deregistration_are_told_by_the_next_list(
    scene: Scene, owner_dsn: str
) -> None:
    _, number = await scene.certified()
    path = f"/api/v1/certificates/{number}"

    counts = await verdict(scene, number)
    must(await scene.by(scene.issuer).post(f"{path}/freezes", {"reason": REASON}))
    frozen = await verdict(scene, number)
    must(await scene.by(scene.issuer).post(f"{path}/unfreezes", {"reason": REASON}))
    again = await verdict(scene, number)
    must(await scene.by(scene.supplier).post(f"{path}/deregistrations", {"reason": REASON}))
    ended = await verdict(scene, number)

    assert counts.problems == again.problems == ()
    assert [each.first_bad and each.first_bad.fault for each in (frozen, ended)] == [
        Fault.COUNTS_NO_MORE,
        Fault.COUNTS_NO_MORE,
    ]
    assert "suspended" in str(frozen.first_bad)
    assert "deregistered" in str(ended.first_bad)
    versions = await lists_entered(owner_dsn)
    assert [row["version"] for row in versions] == [1, 2, 3, 4]
    assert versions[0]["bits_sha256"] == versions[2]["bits_sha256"]


async def test_every_version_that_was_shown_is_in_the_log_and_the_same_one_only_once(
    scene: Scene, owner_dsn: str
) -> None:
    _, number = await scene.certified()
    lists = await asyncio.gather(*(faces(scene, number) for _ in range(5)))
    must(
        await scene.by(scene.issuer).post(
            f"/api/v1/certificates/{number}/freezes", {"reason": REASON}
        )
    )
    await asyncio.gather(*(faces(scene, number) for _ in range(5)))

    versions = await lists_entered(owner_dsn)
    connection = await asyncpg.connect(owner_dsn)
    try:
        entered = await connection.fetchval(
            "SELECT count(*) FROM audit_log.entries WHERE event = 'status_list:published'"
        )
    finally:
        await connection.close()

    assert len(versions) == 2
    assert len({payload(each[1])["credentialSubject"]["bitsSha256"] for each in lists}) == 1
    assert entered == 2


async def second_certificate(scene: Scene) -> str:
    scene.product_id = await scene.describe(name="另一个产品")
    application, notice = await scene.in_notice()
    await scene.pass_notice(notice)
    must(await scene.authorise(application, authorisation_number="授权〔2026〕002号"))
    return str(must(await scene.issue(application))["number"])


async def test_the_places_of_certificates_are_drawn_by_chance_and_never_change(
    scene: Scene, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = await scene.certified()
    before = payload((await faces(scene, first))[0])["credentialStatus"]
    monkeypatch.setattr(status_list, "FULL", 1)  # so the next one begins another list

    second = await second_certificate(scene)

    told = {
        number: payload((await faces(scene, number))[0])["credentialStatus"]
        for number in (first, second)
    }
    assert told[first] == before
    assert told[first]["statusListCredential"].endswith("/certificate-status-lists/0")
    assert told[second]["statusListCredential"].endswith("/certificate-status-lists/1")
    assert (await verdict(scene, second)).problems == ()
    connection = await asyncpg.connect(owner_dsn)
    try:
        for change in (
            "UPDATE catalog.certificate_status_places SET place = 1",
            "DELETE FROM catalog.certificate_status_places",
            "TRUNCATE catalog.status_list_versions",
        ):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(change)
    finally:
        await connection.close()


async def test_it_is_checked_offline_and_from_the_server_and_fails_closed(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    _, number = await scene.certified()
    await scene.api.keep_the_log()
    held, listed, keys = await faces(scene, number)
    (tmp_path / "cert.jwt").write_bytes(held)
    (tmp_path / "list.jwt").write_bytes(listed)
    (tmp_path / "keys.json").write_bytes(msgspec.json.encode(keys))
    now = scene.api.context.now()
    later = now + dt.timedelta(hours=1)
    given: dict[str, Any] = {"keys_file": tmp_path / "keys.json", "now": now}

    alone = await check(tmp_path / "cert.jwt", **given)
    both = await check(tmp_path / "cert.jwt", **given, status_place=str(tmp_path / "list.jwt"))
    stale = await check(
        tmp_path / "cert.jwt", **given | {"now": later}, status_place=str(tmp_path / "list.jwt")
    )
    by_itself = await check(tmp_path / "list.jwt", **given)

    assert alone.problems == both.problems == by_itself.problems == ()
    assert any("was not checked" in note for note in alone.notes)
    assert both.counts["status: valid"] == 1
    assert stale.first_bad is not None
    assert stale.first_bad.fault is Fault.LIST_STALE
    with pytest.raises(Unreadable, match="--status"):
        await check(tmp_path / "cert.jwt", **given, status_place=str(tmp_path / "none"))
    async with served(scene.api.http._transport.app) as base:  # type: ignore[attr-defined]
        url = f"{base}/api/v1/certificates/{number}/credential"
        online = await check(url, now=now, log_place=base)
        fetched_list = await check(
            tmp_path / "cert.jwt", **given, status_place=f"{base}/api/v1/certificate-status-lists/0"
        )
        with pytest.raises(Unreadable, match="nothing there"):
            await check(
                tmp_path / "cert.jwt",
                **given,
                status_place=f"{base}/api/v1/certificate-status-lists/7",
            )
    assert online.problems == fetched_list.problems == ()
    assert online.counts["status: valid"] == 1
    assert not any("--log" in note for note in online.notes)


async def test_the_published_set_has_exactly_the_keys_that_sign_and_are_believed(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    held, listed, _ = await faces(scene, number)

    jwks = must(await scene.api.get("/api/v1/keys/jwks"))["keys"]

    kids = [json.loads(_read(token.split(b".")[0]))["kid"] for token in (held, listed)]
    assert sorted(kids) == sorted(each["kid"] for each in jwks)
    assert {each["crv"] for each in jwks} == {"Ed25519"}


async def test_what_is_not_there_is_missing_whatever_one_asks_for(scene: Scene) -> None:
    for path in (
        "/api/v1/certificates/46-01-2026-00000019/credential",
        "/api/v1/certificates/nothing/credential",
        "/api/v1/certificate-status-lists/0",
        f"/api/v1/certificate-status-lists/{2**31}",
    ):
        answer = await scene.api.get(path)
        assert answer.status_code == 404, path
        assert code(answer) == "not_found"


async def test_what_counts_by_the_list_counts_by_the_register(scene: Scene) -> None:
    _, number = await scene.certified()
    _, listed, _ = await faces(scene, number)

    bits = status_list.decoded(payload(listed)["credentialSubject"]["encodedList"])

    assert {status_list.status_at(bits, place) for place in range(0, status_list.PLACES, 997)} == {
        Status.VALID
    }
