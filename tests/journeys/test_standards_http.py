"""Standards are looked up, cited by what counts today, and shown with what became of them (GD-02)."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_shelves import described, show

HTML = {"accept": "text/html"}
PATH = "/api/v1/products"


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


def cites(*cited: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return described(conforms_to=list(cited), **changes)


async def test_anybody_looks_up_what_is_known_and_what_replaced_it(api: Api) -> None:
    answer = await api.get("/api/v1/standards")
    known = {(each["code"], each["version"]): each for each in answer.json()}

    assert answer.headers["cache-control"].startswith("public")
    assert known["GB/T 4754", "2011"]["standing"] == "withdrawn"
    assert known["GB/T 4754", "2011"]["replaced_by"] == ["GB/T 4754-2017"]
    assert known["GB/T 4754", "2017"]["standing"] == "in_force"


@pytest.mark.parametrize(
    ("cited", "refused", "pointer"),
    [
        ({"code": "GB/T 4754", "version": "2011"}, "standard_withdrawn", "version"),
        ({"code": "GB/T 4754-2017"}, "standard_malformed", "code"),
        ({"code": "2017"}, "standard_malformed", "code"),
    ],
)
async def test_a_product_cites_nothing_that_is_withdrawn_or_no_number(
    api: Api, supplier: Member, cited: dict[str, Any], refused: str, pointer: str
) -> None:
    mine = api.as_(supplier.token)
    made = must(await mine.post(PATH, described()))["id"]
    new = await mine.post(PATH, cites(cited))
    again = await mine.put(f"{PATH}/{made}", cites(cited), if_match='"1"')
    kept = (await mine.get(f"{PATH}/{made}")).json()

    for answer in (new, again):
        assert (answer.status_code, code(answer)) == (422, refused)
        assert answer.json()["errors"][0]["pointer"] == f"/conforms_to/0/{pointer}"
    assert kept["version"] == 1


async def test_the_refusal_names_what_to_cite_instead(api: Api, supplier: Member) -> None:
    cited = {"code": "GB/T 35273", "version": "2017"}
    refused = await api.as_(supplier.token).post(PATH, cites(cited))

    assert refused.json()["wording"]["zh"] == (
        "引用的标准已废止：GB/T 35273-2017；请改引现行标准：GB/T 35273-2020。"
    )


async def test_a_product_s_page_and_its_dcat_tell_what_is_known_of_a_standard(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    cited = ({"code": "RFC 4180"}, {"code": "GB/T 7408"}, {"code": "QX/T 118", "title": "质量控制"})
    refused = await api.as_(supplier.token).post(PATH, cites(*cited))
    made = must(await api.as_(supplier.token).post(PATH, cites(cited[0], cited[2])))["id"]
    await show(db, clock, made)
    page = (await api.http.get(f"/products/{made}", headers=HTML)).text
    told = (await api.http.get(f"/products/{made}/dcat.jsonld")).json()["dct:conformsTo"]

    assert code(refused) == "standard_withdrawn"  # all that has this number was
    assert 'href="https://www.rfc-editor.org/rfc/rfc4180" rel="nofollow noopener">RFC 4180' in page
    assert "Common Format and MIME Type for CSV Files" in page
    assert "质量控制" in page
    assert [each["dct:identifier"] for each in told] == ["RFC 4180", "QX/T 118"]
    assert told[0]["@id"] == "https://www.rfc-editor.org/rfc/rfc4180"
