"""Read the demo's products: what their suppliers say, and the bytes they deliver."""

from __future__ import annotations

import pathlib
import tomllib
from typing import Any, Final

import msgspec

from catalog.products.model import Description
from seeds.demo.payloads import MAKERS

_DIRECTORY: Final = pathlib.Path(__file__).parent / "products"


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is delivered: who makes it, and how it is called."""

    maker: str
    file_name: str
    media_type: str


class Lowering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The level below the sources that is proposed, and the text of the evidence (重新定级)."""

    scheme: str
    level: str
    category: str
    reason: str
    evidence: str


class DemoProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One product of the demo, as its supplier hands it in over HTTP."""

    serial: int
    key: str
    name: str
    description: dict[str, Any]  # the body of POST /api/v1/products
    file_name: str
    media_type: str
    lowering: Lowering | None
    content: bytes  # made anew each time and always the same


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: Payload
    description: Description
    lowering: Lowering | None = None


def read_products() -> list[DemoProduct]:
    """Return the demo's products in the order of their numbers."""
    return [_read(path) for path in sorted(_DIRECTORY.glob("*.toml"))]


def read_product(key: str) -> DemoProduct:
    """Return the product of that name.

    :raises KeyError: if there is none.
    """
    return {product.key: product for product in read_products()}[key]


def _read(path: pathlib.Path) -> DemoProduct:
    number, _, key = path.stem.partition("_")
    file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    return DemoProduct(
        serial=int(number),
        key=key,
        name=file.description.name,
        description=msgspec.to_builtins(file.description),
        file_name=file.payload.file_name,
        media_type=file.payload.media_type,
        lowering=file.lowering,
        content=MAKERS[file.payload.maker](),
    )
