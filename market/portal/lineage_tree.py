"""Arrange what leads to a product and from it as a tree that can be read (来源可溯、去向可查)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from catalog.products.model import DataNature, Level
from catalog.products.provenance import Link, Provenance


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A product or a source, and what lies behind it."""

    name: str
    product_id: uuid.UUID | None  # None: it is none of the catalogue's, or none to be seen
    level: Level | None
    nature: DataNature | None = None  # only of sources
    below: tuple[Node, ...] = ()
    is_told_above: bool = False  # what lies behind it stands where it was named first


def sources_of(told: Provenance) -> tuple[Node, ...]:
    """Return from what the product was made, and those in turn (来源)."""
    by_product: dict[uuid.UUID, list[Link]] = defaultdict(list)
    for link in told.upstream:
        by_product[link.product_id].append(link)

    def node(link: Link, below: tuple[Node, ...], *, again: bool) -> Node:
        is_seen = link.resource_name is not None
        return Node(
            name=link.resource_name or link.source_name,
            product_id=link.resource_id if is_seen else None,
            level=link.source_level,
            nature=link.nature,
            below=below,
            is_told_above=again,
        )

    return _below(told.product_id, by_product, lambda link: link.resource_id, node, set())


def uses_of(told: Provenance) -> tuple[Node, ...]:
    """Return what was made from the product, and from that in turn (去向)."""
    by_resource: dict[uuid.UUID, list[Link]] = defaultdict(list)
    for link in told.downstream:
        if link.resource_id is not None and link.product_id not in {
            known.product_id for known in by_resource[link.resource_id]
        }:
            by_resource[link.resource_id].append(link)

    def node(link: Link, below: tuple[Node, ...], *, again: bool) -> Node:
        return Node(
            name=link.product_name,
            product_id=link.product_id,
            level=link.product_level,
            below=below,
            is_told_above=again,
        )

    return _below(told.product_id, by_resource, lambda link: link.product_id, node, set())


def _below(
    at: uuid.UUID,
    links: dict[uuid.UUID, list[Link]],
    following: Callable[[Link], uuid.UUID | None],
    node: Callable[..., Node],
    told: set[uuid.UUID],
) -> tuple[Node, ...]:
    """Return what hangs under ``at``; what many share is told once, or a tree would have no end."""
    found = []
    for link in _in_order(links.get(at, [])):
        further = following(link)
        again = further in told and further in links
        below: tuple[Node, ...] = ()
        if further is not None and further not in told:
            told.add(further)
            below = _below(further, links, following, node, told)
        found.append(node(link, below, again=again))
    return tuple(found)


def _in_order(links: Sequence[Link]) -> list[Link]:
    return sorted(links, key=lambda link: (link.product_name, link.source_name, link.source_id))
