"""Say what of a product the public finds: one flat document with its terms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from catalog.code_trees.model import Tree
from catalog.products import terms
from catalog.products.coding import filed_under
from catalog.products.model import Description, Document, Product

SUMMARY_LENGTH: Final = 160
LONGEST_LABEL: Final = 100  # as long as a keyword of ours may be, and a tag of CKAN's


def document(product: Product, description: Description) -> Document:
    """Return the document of a product that its supplier described."""
    level = description.classification and description.classification.level
    labels = (
        *description.keywords,
        product.supplier_name,
        description.region,
        *(scenario.description for scenario in description.scenarios),
        *(f"{standard.number} {standard.title}" for standard in description.conforms_to),
    )
    return Document(
        product_id=product.id,
        source_id=None,
        name=description.name,
        supplier_name=product.supplier_name,
        summary=summary(description.description or description.value_statement),
        form=description.form.value,
        industry=description.industry_section or None,
        region=description.region or None,
        level=level.value if level else None,
        theme=None,
        source=None,
        update_cycle=description.update_cycle.value,
        format=None,
        industry_codes=filed_under(description, Tree.INDUSTRY),
        region_codes=filed_under(description, Tree.REGION),
        delivery_modes=tuple(mode.value for mode in dict.fromkeys(description.delivery_modes)),
        keywords=labels_of(description.keywords),
        terms=terms.vector(
            title=description.name,
            labels=labels,
            body=f"{description.description}\n{description.value_statement}",
        ),
    )


def labels_of(keywords: Iterable[str]) -> tuple[str, ...]:
    """Return the keywords by which the catalogue is listed, each once.

    Foreign records may have whole sentences for keywords; those are searched, not listed.
    """
    return tuple(dict.fromkeys(word for word in keywords if 0 < len(word) <= LONGEST_LABEL))


def summary(text: str) -> str:
    """Return the beginning of ``text`` on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SUMMARY_LENGTH else line[: SUMMARY_LENGTH - 1] + "…"
