"""Decide which products may stand in a collection."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence

from catalog.kernel.errors import FieldError, Invalid
from catalog.kernel.ids import PartyId
from catalog.products.model import Product
from market.collections.model import Entry


class CollectionEmpty(Invalid):
    """A collection that is published has at least one product."""

    code = "collection_empty"


class CollectionEntryUnfit(Invalid):
    """A product stands there twice, is unknown or not public, or is not the supplier's own."""

    code = "collection_entry_unfit"


def check_entries(
    entries: Sequence[Entry],
    found: Mapping[uuid.UUID, Product],
    *,
    owner: PartyId | None,
    kept: Collection[uuid.UUID] = (),
    must_be_public: bool,
) -> None:
    """Return if these products may stand in a collection.

    ``found`` are those that the curator may see; ``owner`` is whose all must be, None if the
    operator curates; ``kept`` stood there before and may be gone by now.

    :raises CollectionEmpty: if a public one has none.
    :raises CollectionEntryUnfit: if one may not; ``errors`` name all of them.
    """
    if must_be_public and not entries:
        raise CollectionEmpty
    faults = list(_faults(entries, found, owner, kept, must_be_public=must_be_public))
    if faults:
        errors = tuple(
            FieldError(f"/entries/{place}", CollectionEntryUnfit.code, why) for place, why in faults
        )
        raise CollectionEntryUnfit(
            entries=[str(place + 1) for place, _ in faults],
            reason=sorted({why for _, why in faults}),
            errors=errors,
        )


def _faults(
    entries: Sequence[Entry],
    found: Mapping[uuid.UUID, Product],
    owner: PartyId | None,
    kept: Collection[uuid.UUID],
    *,
    must_be_public: bool,
) -> Iterator[tuple[int, str]]:
    seen: set[uuid.UUID] = set()
    for place, entry in enumerate(entries):
        product = found.get(entry.product_id)
        if entry.product_id in seen:
            yield place, "twice"
        elif entry.product_id in kept:
            pass
        elif product is None:
            yield place, "unknown"
        elif owner is not None and product.supplier_party_id != owner:
            yield place, "foreign"
        elif must_be_public and not product.is_public:
            yield place, "not_public"
        seen.add(entry.product_id)
