"""A listed product is had as a contract and as a product, at its filed price; a withdrawn one is gone."""

from __future__ import annotations

import json

import yaml

from catalog.kernel.ids import new_id
from tests.api import code
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

NAMES = ("contract.odcs", "product.odps", "product.odps4")


trade = staged(make_trade)


async def test_each_is_had_in_yaml_and_in_json_and_not_twice(trade: Trade) -> None:
    http = trade.api.http
    for name in NAMES:
        path = f"/products/{trade.product_id}/{name}"
        as_yaml, as_json = await http.get(f"{path}.yaml"), must(await http.get(f"{path}.json"))
        again = await http.get(f"{path}.yaml", headers={"if-none-match": as_yaml.headers["etag"]})
        assert as_yaml.headers["content-type"] == "application/yaml"
        assert yaml.safe_load(as_yaml.text) == as_json
        assert again.status_code == 304
        assert "自有设备采集" not in as_yaml.text  # on what ground a source was had
        assert "123.45" in json.dumps(as_json) or name == "product.odps"


async def test_what_is_unknown_or_taken_back_is_refused_in_each(trade: Trade) -> None:
    (listing,) = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    must(await trade.listing_step(listing["id"], "delistings", trade.supplier, reason="不再提供"))
    path = f"/api/v1/products/{trade.product_id}/withdrawals"
    must(await trade.by(trade.supplier).post(path, {"reason": "数据源停止更新"}))

    for name in NAMES:
        for ending in ("yaml", "json"):
            gone = await trade.api.http.get(f"/products/{trade.product_id}/{name}.{ending}")
            unknown = await trade.api.http.get(f"/products/{new_id()}/{name}.{ending}")
            assert (gone.status_code, code(gone)) == (410, "product_withdrawn")
            assert gone.json()["facts"]["reason"] == "数据源停止更新"
            assert unknown.status_code == 404
