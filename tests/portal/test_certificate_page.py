"""The page of a certificate in both languages: why it came into each state, and what counted when."""

from __future__ import annotations

import datetime as dt

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_registration import make_scene, must

WROTE = "权属争议，先行冻结"


async def test_reasons_and_answers_as_of_an_instant_are_told_in_the_reader_s_language(
    api: Api, db: Database, clock: ManualClock
) -> None:
    scene = await make_scene(api, db, clock)
    _, number = await scene.certified()
    before = clock.now()
    clock.move_by(dt.timedelta(minutes=1))
    frozen = f"/api/v1/certificates/{number}/freezes"
    must(await scene.by(scene.issuer).post(frozen, {"reason": WROTE}))

    async def look(language: str, **query: str) -> httpx.Response:
        return await api.http.get(
            f"/certificates/{number}",
            params={"lang": language, **query},
            headers={"accept": "text/html"},
        )

    english, chinese = await look("en"), await look("zh")
    then = await look("en", at=before.isoformat())
    now = await look("en", at=clock.now().isoformat())
    odd = await look("en", at="yesterday")
    to_come = await look("zh", at="2999-01-01T00:00")

    assert "the certificate was issued" in english.text
    assert f'<q lang="zh-CN">{WROTE}</q>' in english.text
    assert "in the words of whoever decided" in english.text
    assert "签发凭证" in chinese.text
    assert f'<q lang="zh-CN">{WROTE}</q>' in chinese.text
    assert "in the words of" not in chinese.text
    assert "The registration is in force." in then.text
    assert "It is frozen" in now.text
    assert (odd.status_code, to_come.status_code) == (422, 422)
    for refused in (odd, to_come):
        assert number in refused.text
        assert 'role="alert"><strong>' in refused.text
