"""Anybody asks whether a certificate counted at an instant, by its number or its document's digest."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib

from catalog.certificates import queries as certificates
from catalog.certificates.format import Reason, Verdict
from catalog.kernel.actor import system
from catalog.kernel.db import begin
from catalog.key_custody import operations as key_custody
from tests.api import code
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

REASON = "双方就来源数据的使用权发生争议"


scene = staged(make_scene)


async def frozen_after_an_hour(scene: Scene) -> tuple[str, dt.datetime]:
    """Return a certificate that was frozen an hour after its issue, and when it was issued."""
    _, number = await scene.certified()
    issued = scene.api.context.now()
    scene.clock.move_to(issued + dt.timedelta(hours=1))
    await scene.sign_in_again()
    must(
        await scene.by(scene.issuer).post(
            f"/api/v1/certificates/{number}/freezes", {"reason": REASON}
        )
    )
    return number, issued


async def test_it_is_told_of_each_instant_what_was_so_then(scene: Scene) -> None:
    number, issued = await frozen_after_an_hour(scene)
    path = f"/api/v1/certificates/{number}/standing"
    half = issued + dt.timedelta(minutes=30)

    now = must(await scene.api.get(path))
    then = must(await scene.api.get(path, at=half.isoformat()))
    before = must(await scene.api.get(path, at=(issued - dt.timedelta(days=1)).isoformat()))

    assert (now["counts"], now["state"]) == (False, "frozen")
    assert (then["counts"], then["state"]) == (True, "active")
    assert dt.datetime.fromisoformat(then["until"]) == issued + dt.timedelta(hours=1)
    assert (before["counts"], before["state"]) == (False, None)
    assert [each["ground"] for each in before["because"]] == ["not_yet_issued"]
    assert "争议" in now["because"][0]["zh"]


async def test_the_digest_of_the_document_leads_to_the_same_answer(scene: Scene) -> None:
    number, _ = await frozen_after_an_hour(scene)
    held = must(await scene.api.get(f"/api/v1/certificates/{number}"))
    by_number = must(await scene.api.get(f"/api/v1/certificates/{number}/standing"))

    for digest in (held["record_sha256"], held["record_sha256"].upper()):
        found = must(await scene.api.get(f"/api/v1/certificate-documents/{digest}/standing"))
        assert found == by_number
    page = await scene.api.http.get("/certificates", params={"number": held["record_sha256"]})
    assert page.status_code == 303
    assert page.headers["location"] == f"/certificates/{number}"


async def test_bad_instants_are_refused_by_name(scene: Scene) -> None:
    number, _ = await frozen_after_an_hour(scene)
    path = f"/api/v1/certificates/{number}/standing"

    unreadable = await scene.api.get(path, at="yesterday")
    later = await scene.api.get(path, at="2099-01-01T00:00:00Z")

    assert (unreadable.status_code, code(unreadable)) == (422, "instant_unreadable")
    assert (later.status_code, code(later)) == (422, "instant_still_to_come")


async def test_a_number_that_was_not_issued_is_as_unknown_as_one_that_never_will_be(
    scene: Scene,
) -> None:
    application, _ = await scene.authorised()  # its number is the next one, and nobody may know
    waiting = must(await scene.api.get("/api/v1/certificates"))["items"]
    answers = [
        await scene.api.get(f"/api/v1/{path}/standing")
        for path in (
            "certificates/HN-QQ-2026-0000001J",
            "certificates/HN-QQ-2026-9999999X",
            "certificates/nothing",
            f"certificates/{application}",
            f"certificate-documents/{hashlib.sha256(b'x').hexdigest()}",
            "certificate-documents/nothing",
        )
    ]

    assert waiting == []
    told = [{k: v for k, v in each.json().items() if k != "request_id"} for each in answers]
    assert [each.status_code for each in answers] == [404] * len(answers)
    assert all(each == told[0] for each in told)


async def test_the_page_answers_for_another_time_in_words(scene: Scene) -> None:
    number, issued = await frozen_after_an_hour(scene)
    beijing = (issued + dt.timedelta(hours=8, minutes=30)).strftime("%Y-%m-%dT%H:%M")
    path = f"/certificates/{number}"

    then = await scene.api.http.get(path, params={"at": beijing})
    english = await scene.api.http.get(path, params={"at": beijing, "lang": "en"})
    now = await scene.api.http.get(path)
    later = await scene.api.http.get(
        path, params={"at": "2099-01-01T00:00", "lang": "zh"}, headers={"accept": "text/html"}
    )

    assert "登记有效。" in then.text
    assert "争议冻结" in then.text  # what is so now stays on top
    assert f'value="{beijing}"' in then.text
    assert "it counted" in english.text
    assert "登记有效。" not in now.text
    assert later.status_code == 422
    assert "尚未到来" in later.text


async def test_a_certificate_entered_after_its_key_was_no_more_trusted_counts_nowhere(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    await scene.api.keep_the_log()
    held = must(await scene.api.get(f"/api/v1/certificates/{number}"))
    standing = f"/api/v1/certificates/{number}/standing"
    by = system("test", "key:distrust")

    async def distrusted_from(since: int) -> None:
        async with begin(scene.db, by) as tx:
            await key_custody.distrust(
                tx,
                actor=by,
                now=scene.api.context.now(),
                key_id=held["signature"]["key_id"],
                since=since,
                reason="私钥泄露",
                origin="",
            )

    place = held["log"]["index"]
    await distrusted_from(place + 1)
    before = must(await scene.api.get(standing))
    shown_before = must(await scene.api.get(f"/api/v1/certificates/{number}"))
    await distrusted_from(place)
    after = must(await scene.api.get(standing))
    shown_after = must(await scene.api.get(f"/api/v1/certificates/{number}"))
    page = await scene.api.get(f"/certificates/{number}")
    async with begin(scene.db, by) as tx:
        checked = await certificates.verify_document(tx, base64.b64decode(held["document"]))

    assert (before["counts"], shown_before["key_distrusted_from"]) == (True, None)
    assert (after["counts"], shown_after["key_distrusted_from"]) == (False, place)
    assert after["because"][0]["ground"] == "key_distrusted"
    assert "不作凭据" in page.text
    assert (checked.verdict, checked.reasons) == (Verdict.ALTERED, (Reason.KEY_DISTRUSTED,))
