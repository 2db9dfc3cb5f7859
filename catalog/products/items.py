"""Ask whether the information items fit the sources, and which of them the product claims (一数一源).

「一数一源」 (GD-01(b)): an item has one authoritative source. A product that claims one says so in its
description; who has it stands in ``catalog.authoritative_sources``, an item a row.
"""

from __future__ import annotations

import unicodedata

from catalog.kernel.errors import FieldError, Invalid, Refused
from catalog.products.model import Description


class ItemDoubled(Invalid):
    """One item comes from two sources, or stands there twice; which one counts? (一数一源)."""

    code = "item_doubled"


class ItemSourceUnknown(Invalid):
    """An item comes from a source that the description does not list."""

    code = "item_source_unknown"


class DuplicateAuthoritativeSource(Refused):
    """Another product is the authoritative source of this item; the conflict has to be settled."""

    code = "duplicate_authoritative_source"


def key_of(name: str) -> str:
    """Return what makes two names the same item: width, case and blanks make no difference."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def claimed(description: Description) -> dict[str, str]:
    """Return the items that the product claims to be the authoritative source of: key to name."""
    items = (item for item in description.items if item.is_authoritative)
    return {key_of(item.title or item.name): item.title or item.name for item in items}


def check_items(description: Description) -> None:
    """Return if each item stands there once, and comes from a source that is listed.

    :raises ItemDoubled: if one stands there twice; ``errors`` name the later ones.
    :raises ItemSourceUnknown: if one comes from a source that is not listed.
    """
    sources = {source.source_id for source in description.sources}
    seen: dict[str, str] = {}
    doubled, unknown = [], []
    for index, item in enumerate(description.items):
        key = key_of(item.name)
        if key in seen:
            doubled.append(FieldError(f"/items/{index}/name", ItemDoubled.code, item.name))
        seen[key] = item.source_id
        if item.source_id and item.source_id not in sources:
            unknown.append(
                FieldError(f"/items/{index}/source_id", ItemSourceUnknown.code, item.source_id)
            )
    if doubled:
        raise ItemDoubled(items=", ".join(e.message for e in doubled), errors=tuple(doubled))
    if unknown:
        raise ItemSourceUnknown(
            sources=", ".join(e.message for e in unknown), errors=tuple(unknown)
        )
