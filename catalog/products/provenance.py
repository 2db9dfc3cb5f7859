"""Say from where a product comes and what became of it (来源可溯、去向可查), and who claims what."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from catalog.products.model import DataNature, Level

#: So many links are told at once; ``is_whole`` says if there are more.
MAX_LINKS: Final = 500


class Direction(enum.StrEnum):
    """Which way a link leads, seen from the product that was asked for."""

    UPSTREAM = "upstream"  # 来源
    DOWNSTREAM = "downstream"  # 去向


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """One step: a product and one source it was made from.

    ``resource_name`` is missing where the source is none of the catalogue's, or none that the
    viewer may see.
    """

    direction: Direction
    depth: int  # 1: next to the product itself
    product_id: uuid.UUID
    product_name: str
    product_level: Level | None
    source_id: str
    source_name: str
    nature: DataNature
    source_level: Level | None
    resource_id: uuid.UUID | None
    resource_name: str | None


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """All that leads to a product and from it, as far as the viewer may see."""

    product_id: uuid.UUID
    product_name: str
    upstream: list[Link]
    downstream: list[Link]
    is_whole: bool


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    """How a product was classified from a moment on (分类分级历史)."""

    number: int
    product_version: int
    scheme: str | None
    level: Level | None
    category: str | None
    level_of_sources: Level | None
    is_reclassified: bool
    set_by: str
    set_at: dt.datetime


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """An item that several products claim to be the one source of (一数一源冲突)."""

    item_key: str
    item: str
    claims: list[uuid.UUID]
    names: list[str]
    holder: uuid.UUID | None  # who counts: the first that was listed, or whom the operator named
    settled_at: dt.datetime | None
    reason: str | None


def arranged(product_id: uuid.UUID, product_name: str, links: Sequence[Link]) -> Provenance:
    """Return the links of a product by their direction; the one beyond the most is left out."""
    shown = links[:MAX_LINKS]
    return Provenance(
        product_id=product_id,
        product_name=product_name,
        upstream=[link for link in shown if link.direction is Direction.UPSTREAM],
        downstream=[link for link in shown if link.direction is Direction.DOWNSTREAM],
        is_whole=len(links) <= MAX_LINKS,
    )
