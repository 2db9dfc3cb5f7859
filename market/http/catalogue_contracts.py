"""Give each public product as a data contract and as a data product, in YAML and JSON (合约与产品规范)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec
import yaml
from litestar import Response, get
from litestar.params import FromPath

from catalog.formats import odcs, odps, odps_bitol
from catalog.formats.facts import Facts, Site
from market.http.answers import answers, sends
from market.http.catalogue_dcat import facts_of, site_of
from market.http.context import AnyRequest
from market.http.feed import feed_answer

_YAML: Final = "application/yaml"
_JSON: Final = "application/json"
_TAGS: Final = ["catalogue formats"]
_IN_YAML: Final = sends(_YAML, "etag", statuses=(200, 304), refusals=(404, 410))
_IN_JSON: Final = answers(dict[str, Any], 200, 304, version=True, refusals=(404, 410))

_Write = Callable[[Facts, Site], dict[str, Any]]


@get(
    "/products/{product_id:uuid}/contract.odcs.yaml",
    summary="A product's data contract, ODCS 3.1",
    tags=_TAGS,
    opt=_IN_YAML,
)
async def contract_yaml(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the data contract of a product: dictionary, quality, service level, price."""
    return await _yaml(request, product_id, odcs.contract)


@get(
    "/products/{product_id:uuid}/contract.odcs.json",
    summary="A product's data contract, ODCS 3.1, JSON",
    tags=_TAGS,
    opt=_IN_JSON,
)
async def contract_json(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return the data contract of a product as JSON."""
    return await _json(request, product_id, odcs.contract)


@get(
    "/products/{product_id:uuid}/product.odps.yaml",
    summary="A product in Bitol's ODPS 1.0",
    tags=_TAGS,
    opt=_IN_YAML,
)
async def bitol_yaml(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a product with its ports in Bitol's Open Data Product Standard."""
    return await _yaml(request, product_id, odps_bitol.product)


@get(
    "/products/{product_id:uuid}/product.odps.json",
    summary="A product in Bitol's ODPS 1.0, JSON",
    tags=_TAGS,
    opt=_IN_JSON,
)
async def bitol_json(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a product with its ports in Bitol's Open Data Product Standard as JSON."""
    return await _json(request, product_id, odps_bitol.product)


@get(
    "/products/{product_id:uuid}/product.odps4.yaml",
    summary="A product in ODPS 4.1, with price plans",
    tags=_TAGS,
    opt=_IN_YAML,
)
async def odps_yaml(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a product with its price plans in the Open Data Product Specification 4.1."""
    return await _yaml(request, product_id, odps.product)


@get(
    "/products/{product_id:uuid}/product.odps4.json",
    summary="A product in ODPS 4.1, with price plans, JSON",
    tags=_TAGS,
    opt=_IN_JSON,
)
async def odps_json(request: AnyRequest, product_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """Return a product with its price plans in the Open Data Product Specification 4.1 as JSON."""
    return await _json(request, product_id, odps.product)


async def _yaml(request: AnyRequest, product_id: uuid.UUID, write: _Write) -> Response[bytes]:
    document = write(await facts_of(request, product_id), site_of(request))
    body: str = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
    return feed_answer(request, body.encode(), _YAML)


async def _json(request: AnyRequest, product_id: uuid.UUID, write: _Write) -> Response[bytes]:
    document = write(await facts_of(request, product_id), site_of(request))
    return feed_answer(request, msgspec.json.encode(document), _JSON)
