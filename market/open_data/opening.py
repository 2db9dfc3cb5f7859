"""Decide whether a product may be open data: everything that stands in the way is named (GD-08)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.products.classification import level_of_sources
from catalog.products.model import DataNature, Level, Product, SharingType
from catalog.products.states import State

# The lowest level of each standard: what may be known to everybody (RULES §8.1).
_OPEN_LEVELS: Final = frozenset({Level.BJ_1, Level.GENERAL})
_REVIEWED: Final = frozenset({DataNature.PUBLIC, DataNature.MIXED})


class OpenLicenceUnknown(Invalid):
    """Data are opened under one of the open licences that are listed."""

    code = "open_licence_unknown"


class OpenDataNotAllowed(Refused):
    """Something about the product forbids that it be open. ``items`` names all of it."""

    code = "open_data_not_allowed"


def check_licence(code: str, known: Collection[str]) -> None:
    """Return if ``code`` is a licence that is listed.

    :raises OpenLicenceUnknown: if not.
    """
    if code not in known:
        raise OpenLicenceUnknown(licence=code)


def check_may_be_open(product: Product, *, secrecy_review: str) -> None:
    """Return if everybody may have the product.

    :raises OpenDataNotAllowed: if not, with all that forbids it.
    """
    found = list(_obstacles(product, secrecy_review))
    if found:
        raise OpenDataNotAllowed(items=", ".join(found))


def _obstacles(product: Product, secrecy_review: str) -> Iterator[str]:
    said = product.description
    if said is None or product.state is not State.DESCRIBED:
        yield "product_not_described"
        return
    if not product.contents:
        yield "content_missing"
    if said.sharing_type is not SharingType.UNCONDITIONAL:
        yield "not_unconditional"
    level, of_sources = said.classification and said.classification.level, level_of_sources(said)
    if level not in _OPEN_LEVELS:
        yield "level_too_high" if level is not None else "classification_missing"
    elif of_sources is not None and of_sources not in _OPEN_LEVELS:
        yield "sources_too_high"
    of_persons = said.contains_personal_info or said.contains_sensitive_personal_info
    by_source = any(source.contains_personal_info for source in said.sources)
    if of_persons or by_source or said.data_nature is DataNature.PERSONAL:
        yield "personal_information"
    if said.contains_important_data or said.contains_national_core_data:
        yield "important_data"
    if said.data_nature in _REVIEWED and not secrecy_review.strip():
        yield "secrecy_review_missing"
