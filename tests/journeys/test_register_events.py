"""What becomes of a certificate is announced at once: a list, permanent entries, two feeds (HN-19(d))."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

from tests.api import code
from tests.journeys.test_instruments import verified
from tests.makers_changes import make_changing
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

ATOM = "{http://www.w3.org/2005/Atom}"
REASON = "内部事由：甲乙双方往来函件"


scene = staged(make_scene)


async def announced(scene: Scene, **asked: Any) -> list[dict[str, Any]]:
    return list(must(await scene.api.get("/api/v1/register-events", **asked))["items"])


async def test_a_life_is_told_entry_by_entry_and_each_stays_at_its_address(scene: Scene) -> None:
    _, number = await scene.certified()
    path = f"/api/v1/certificates/{number}"
    must(await scene.by(scene.issuer).post(f"{path}/freezes", {"reason": REASON}))
    must(await scene.by(scene.issuer).post(f"{path}/unfreezes", {"reason": REASON}))
    must(await scene.by(scene.supplier).post(f"{path}/deregistrations", {"reason": REASON}))

    told = await announced(scene)
    (gone,) = await announced(scene, event="deregistered")
    page = await scene.api.get(f"/register/{gone['id']}")

    assert [each["event"] for each in told] == ["deregistered", "unfrozen", "frozen", "issued"]
    assert must(await scene.api.get(f"/api/v1/register-events/{gone['id']}")) == gone
    assert (gone["number"], gone["state"]) == (number, "deregistered")
    assert page.status_code == 200
    assert number in page.text
    history = must(await scene.api.get(path))["history"]
    assert [each["event"] for each in history] == ["issued", "frozen", "unfrozen", "deregistered"]


async def test_both_feeds_tell_it_without_what_somebody_typed_and_are_not_sent_twice(
    scene: Scene,
) -> None:
    _, number = await scene.certified()
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/certificates/{number}/deregistrations", {"reason": REASON}
        )
    )
    http = scene.api.http

    for path, media_type in (
        ("/register.atom", "application/atom+xml"),
        ("/register.json", "application/feed+json"),
    ):
        answer = await http.get(path)
        again = await http.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert answer.headers["content-type"].startswith(media_type)
        assert "注销登记" in answer.text
        assert number in answer.text
        assert REASON not in answer.text
        assert again.status_code == 304
    root = ET.fromstring((await http.get("/register.atom")).content)
    assert len(root.findall(f"{ATOM}entry")) == 2


async def test_a_change_and_a_transfer_name_what_took_the_place(scene: Scene) -> None:
    changing = await make_changing(scene)
    change = await changing.authorised()
    new = must(await changing.issue(change))["number"]
    instrument = await verified(
        scene,
        certificate_number=new,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )
    must(await scene.by(scene.objector).post(f"/api/v1/instruments/{instrument}/transfers"))

    told = await announced(scene)

    assert [each["event"] for each in told] == [
        "issued", "transferred", "frozen", "issued", "changed", "issued",
    ]  # fmt: skip
    last, moved, _, second, changed, first = told
    assert (first["number"], first["superseded_by"]) == (changing.number, new)
    assert (changed["number"], changed["superseded_by"]) == (changing.number, new)
    assert (second["number"], second["supersedes"]) == (new, changing.number)
    assert (moved["number"], moved["superseded_by"]) == (new, last["number"])


async def test_older_entries_are_reached_page_by_page(scene: Scene) -> None:
    _, number = await scene.certified()
    path = f"/api/v1/certificates/{number}"
    for _ in range(26):
        must(await scene.by(scene.issuer).post(f"{path}/freezes", {"reason": REASON}))
        must(await scene.by(scene.issuer).post(f"{path}/unfreezes", {"reason": REASON}))

    first = json.loads((await scene.api.http.get("/register.json")).content)
    site = scene.api.context.settings.public_url
    older = json.loads((await scene.api.http.get(first["next_url"].removeprefix(site))).content)
    page = await scene.api.get("/register")
    refused = await scene.api.get("/api/v1/register-events", cursor="x")

    ids = [each["id"] for each in first["items"] + older["items"]]
    assert (len(first["items"]), len(older["items"])) == (50, 3)
    assert len(set(ids)) == 53
    assert "next_url" not in older
    assert 'rel="next"' in page.text
    assert code(refused) == "cursor_unreadable"
    unknown = await scene.api.get("/api/v1/register-events/01890000-0000-7000-8000-000000000000")
    assert unknown.status_code == 404
