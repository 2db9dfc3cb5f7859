"""Ask whether a product may be listed; the answer explains itself item by item (上架条件).

RULES §6.8: an active certificate where one is needed (A46), a price filing in effect (BJ-17), a
classification (GD-02), content, a registration (GD-06) and a secrecy review of public data (GD-17), a
basis for personal information (BJ-21), masking of important data (SIX-1), a label on what a machine made (AIL-1), a
data dictionary that its file does not contradict (GD-03).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.kernel.errors import Refused
from catalog.products.model import AiShare, DataNature, Description, OriginPath
from catalog.profiles.conformance import Reason
from market.listings.model import Item, Papers, PersonalBasisKind

_PUBLIC: Final = frozenset({DataNature.PUBLIC, DataNature.MIXED})


class ListingNotEligible(Refused):
    """Something that a listing needs is missing. ``items`` names all of it."""

    code = "listing_not_eligible"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate looks at."""

    description: Description | None
    has_content: bool
    has_active_certificate: bool
    certificate_required_for: frozenset[str]  # origin paths (rulebook, A46)
    filed_scenarios: frozenset[str] | None  # of the price filing in effect; None: there is none
    papers: Papers
    today: dt.date
    is_looked_into: bool = True  # the content was profiled
    is_for_everybody: bool = True
    is_publicly_registered: bool = False  # 公共数据资源登记, with us (GD-06)
    is_seized: bool = False  # 司法查封: a court holds what the certificate is about
    differing: frozenset[Reason] | None = (
        None  # where it contradicts the description; None: no table
    )


_DESCRIBE: Final = "PUT /api/v1/products/{product_id}"
_PAPERS: Final = "POST /api/v1/listings"

#: By which call each thing is had or put right (去哪里办).
WHERE: Final[dict[str, str]] = {
    "product_not_described": _DESCRIBE,
    "certificate_not_active": "POST /api/v1/applications",
    "certificate_seized": "GET /api/v1/certificates/{number}",
    "product_expired": "POST /api/v1/certificates/{number}/changes",
    "classification_missing": _DESCRIBE,
    "pricing_filing_required": "POST /api/v1/pricing-filings",
    "content_missing": "POST /api/v1/products/{product_id}/contents",
    "national_core_data_not_marketable": "",  # nowhere: it is not sold
    "content_not_profiled": "POST /api/v1/products/{product_id}/profiles",
    "dictionary_contradicts_file": _DESCRIBE,
    "personal_information_undeclared": _DESCRIBE,
    "public_registration_required": "POST /api/v1/applications",
    "secrecy_review_missing": _PAPERS,
    "raw_public_data_not_marketable": _DESCRIBE,
    "personal_information_basis_missing": _PAPERS,
    "anonymisation_not_accepted": _PAPERS,
    "consent_scope_too_wide": _PAPERS,
    "important_data_undetermined": _DESCRIBE,
    "masking_record_missing": _PAPERS,
    "ai_label_missing": _PAPERS,
    "public_data_not_for_everybody": _PAPERS,
}


def items(facts: Facts) -> tuple[Item, ...]:
    """Return everything that this product is asked for, each passed or not, and where it is had.

    What its kind of data does not ask for is not named.
    """
    return tuple(Item(each.code, each.passed, WHERE[each.code]) for each in _items(facts))


def _items(facts: Facts) -> tuple[Item, ...]:
    said = facts.description
    if said is None:
        return (Item("product_not_described", passed=False),)
    asked: list[Item] = []
    if said.origin_path.value in facts.certificate_required_for:
        asked.append(Item("certificate_not_active", facts.has_active_certificate))
    if facts.has_active_certificate:
        asked.append(Item("certificate_seized", not facts.is_seized))
    if said.valid_to is not None:  # 数据产品时效 (HN-17, A23)
        asked.append(Item("product_expired", facts.today <= said.valid_to))
    asked += (
        Item("classification_missing", said.classification is not None),
        Item("pricing_filing_required", facts.filed_scenarios is not None),
        Item("content_missing", facts.has_content),
        Item("national_core_data_not_marketable", not said.contains_national_core_data),
        *_of_the_content(said, facts),
        *_of_public_data(said, facts),
        *_of_personal_information(said, facts),
    )
    if said.contains_important_data:
        determined = bool(said.important_data_basis.strip())
        asked.append(Item("important_data_undetermined", determined))
        asked.append(Item("masking_record_missing", facts.papers.masking is not None))
    if said.ai_generated is not AiShare.NONE:
        asked.append(Item("ai_label_missing", bool(facts.papers.ai_label.strip())))
    return tuple(asked)


def _of_the_content(said: Description, facts: Facts) -> Iterable[Item]:
    """Ask whether the file is what the data dictionary says (GD-03, BJ-21)."""
    if said.items:
        yield Item("content_not_profiled", facts.is_looked_into)
    if facts.differing is None:
        return
    if said.items:
        otherwise = facts.differing - {Reason.PERSONAL_INFORMATION_UNDECLARED}
        yield Item("dictionary_contradicts_file", not otherwise)
    if Reason.PERSONAL_INFORMATION_UNDECLARED in facts.differing:
        yield Item("personal_information_undeclared", passed=False)


def _of_public_data(said: Description, facts: Facts) -> Iterable[Item]:
    if said.data_nature not in _PUBLIC and said.origin_path is not OriginPath.SUPERMARKET_RESOURCE:
        return
    papers = facts.papers
    # 「面向市场公平提供服务」 (GD-05(b)): an operator of public data does not choose its buyers.
    if not facts.is_for_everybody:
        yield Item("public_data_not_for_everybody", passed=False)
    elsewhere = papers.public_registration
    runs = elsewhere is not None and elsewhere.registered_on <= facts.today <= elsewhere.ends_on
    yield Item("public_registration_required", facts.is_publicly_registered or runs)
    review = papers.secrecy_review
    yield Item("secrecy_review_missing", review is not None and review.may_be_opened)
    # 「严格管控未依法依规公开的原始公共数据直接进入市场」 (GD-17)
    is_processed = not papers.is_raw_public_data and bool(said.processing_statement.strip())
    yield Item("raw_public_data_not_marketable", is_processed or papers.is_lawfully_disclosed)


def _of_personal_information(said: Description, facts: Facts) -> Iterable[Item]:
    if not (said.contains_personal_info or said.contains_sensitive_personal_info):
        return
    basis = facts.papers.personal_basis
    yield Item("personal_information_basis_missing", basis is not None)
    if basis is None:
        return
    if basis.kind is PersonalBasisKind.ANONYMISATION:
        yield Item("anonymisation_not_accepted", bool(basis.accepted_by.strip()))
        return
    # No 「一揽子授权」 (BJ-21): one scenario that is filed, and an end.
    scenarios = facts.filed_scenarios or frozenset()
    is_running = basis.ends_on is not None and facts.today <= basis.ends_on
    yield Item("consent_scope_too_wide", basis.scenario in scenarios and is_running)


def passes(found: tuple[Item, ...]) -> bool:
    """Tell whether every item passed."""
    return all(item.passed for item in found)


def check(found: tuple[Item, ...]) -> None:
    """Return if every item passed.

    :raises ListingNotEligible: if not; ``items`` names those that failed.
    """
    failed = [item.code for item in found if not item.passed]
    if failed:
        raise ListingNotEligible(items=failed)
