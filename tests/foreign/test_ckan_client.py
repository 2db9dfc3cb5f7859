"""ckanapi, CKAN's own client library, reads our catalogue to its end over a socket."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.foreign_tools import python_packages
from tests.journeys.test_catalogue_ckan import RECORDS
from tests.journeys.test_catalogue_dcat import import_lines, import_records
from tests.journeys.test_two_instances import Site
from tests.makers_trade import Trade, make_trade

CLIENT = """
import json, sys
from ckanapi import RemoteCKAN, NotFound, ValidationError, CKANAPIError
url, product = sys.argv[1:]
told = {}
for way in (False, True):
    with RemoteCKAN(url, get_only=way) as ckan:
        names, start = [], 0
        while True:
            page = ckan.action.package_search(start=start, rows=100)
            if not page["results"]:
                break
            names += [each["name"] for each in page["results"]]
            start += len(page["results"])
        told[f"names {way}"], told["count"] = names, page["count"]
        told["listed"] = ckan.action.package_list()
        told["found"] = ckan.action.package_search(q="港口 观测", **{"facet.field": json.dumps(["organization"])})
        told["shown"] = ckan.action.package_show(id=product)
        told["organizations"] = ckan.action.organization_list(all_fields=True)
        told["organization"] = ckan.action.organization_show(id=told["organizations"][0]["name"])
        told["group"] = ckan.action.group_show(id=ckan.action.group_list()[0])
        told["tags"] = ckan.action.tag_list()
        told["tag"] = ckan.action.tag_show(id="k1")
        told["paged"] = [w for n in range(0, 9, 2) for w in ckan.action.tag_list(limit=2, offset=n)]
        told["status"] = ckan.action.status_show()
        refused = []
        for ask, kind in (
            (lambda: ckan.action.package_show(id="nothing"), NotFound),
            (lambda: ckan.action.package_search(fq="secret:1"), ValidationError),
            (lambda: ckan.action.tag_list(vocabulary_id="v"), NotFound),
            (lambda: ckan.action.organization_list(sort="views desc"), ValidationError),
            (lambda: ckan.action.group_show(id="group-0"), NotFound),
            (lambda: ckan.action.package_create(name="x"), CKANAPIError),
        ):
            try:
                ask()
            except kind as error:
                refused.append(type(error).__name__)
        told["refused"] = refused
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return python_packages(tmp_path_factory.mktemp("catalogue"), "catalogue.txt")


@pytest.fixture
async def site(app: Any) -> AsyncIterator[Site]:
    found = Site(app)
    await found.up()
    yield found
    await found.down()


async def test_the_client_walks_everything_and_knows_our_refusals(
    tools: dict[str, str], site: Site, api: Api, db: Database, clock: ManualClock
) -> None:
    trade: Trade = await make_trade(api, db, clock)
    await import_records(db, clock, 240)
    await import_lines(db, clock, [json.dumps(each).encode() for each in RECORDS])

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, site.url, trade.product_id,
        env=tools, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 120)

    assert process.returncode == 0, err.decode()[-2000:]
    told = json.loads(out)
    # Twelve of the records are in both; the second import described them anew.
    assert told["count"] == 241
    for names in (told["names False"], told["names True"], told["listed"]):
        assert len(names) == len(set(names)) == 241
    assert told["shown"]["name"] == trade.product_id
    assert told["organization"]["title"] == told["organizations"][0]["title"]
    assert told["group"]["type"] == "group"
    assert told["tag"]["name"] == "k1"
    assert "k1" in told["tags"]
    assert told["status"]["site_title"].startswith("数市")
    assert told["paged"] == told["tags"][:10]
    assert told["refused"] == [
        "NotFound", "ValidationError", "NotFound", "ValidationError", "NotFound", "CKANAPIError",
    ]  # fmt: skip
