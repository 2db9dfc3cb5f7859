"""Say what of a product everyone may read, and what only its supplier and the authorities (HN-28)."""

from __future__ import annotations

import msgspec

from catalog.kernel.actor import Actor
from catalog.products.model import Description, Product


def sees_all(viewer: Actor, product: Product) -> bool:
    """Tell whether ``viewer`` reads the product as its supplier does, or acts for it in that product."""
    if viewer.sees_all:
        return True
    supplier = product.supplier_party_id
    if supplier is None:
        return False
    if viewer.acting_for == supplier:
        return viewer.acting_on is None or product.id in viewer.acting_on
    return supplier == viewer.party_id


def redacted(product: Product) -> Product:
    """Return the product without what concerns its supplier's own dealings.

    Who holds a source, on what ground and authorisation it was had, and why a level was lowered
    are materials of the registration, and its own reference tells of its books; names, nature and
    level of the sources are public.
    """
    if product.description is None:
        return product
    return msgspec.structs.replace(
        product, description=public_description(product.description), reference=None
    )


def public_description(description: Description) -> Description:
    """Return what everyone may read of a description."""
    classification = description.classification
    if classification is not None:
        classification = msgspec.structs.replace(classification, reclassification=None)
    return msgspec.structs.replace(
        description,
        classification=classification,
        important_data_basis="",
        substantive_processing="",
        innovative_labour="",
        sources=tuple(
            msgspec.structs.replace(
                source,
                holder="",
                legal_basis="",
                authorisation_scope="",
                authorisation_valid_to=None,
            )
            for source in description.sources
        ),
    )
