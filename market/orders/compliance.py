"""Put together what the compliance check of an order looks at (合规评估, RULES §8.2)."""

from __future__ import annotations

import datetime as dt

from catalog.products.model import Description
from market.access.decision import Condition, Facts, Leg
from market.listings.model import Listing, PersonalBasisKind
from market.orders import cross_border
from market.orders.model import Order
from market.pricing.regimes import is_public


def facts(
    order: Order,
    description: Description,
    listing: Listing | None,
    *,
    is_buyer_verified: bool,
    is_buyer_banned: bool,
    is_redevelopment: bool,
    is_cut_off: bool,
    is_certificate_alive: bool,
    is_scenario_filed: bool,
    may_pass_on: bool,
    has_personal_record: bool,
    today: dt.date,
) -> Facts:
    """Return the facts of the policy decision on an order."""
    is_public_data = is_public(description.data_nature)
    classification = description.classification
    return Facts(
        leg=Leg.ZONE_TO_BUYER if is_public_data else Leg.ENTERPRISE_TO_BUYER,
        mode=order.delivery_mode,
        is_party_verified=is_buyer_verified,
        is_party_banned=is_buyer_banned,
        is_redevelopment=is_redevelopment,
        is_cut_off=is_cut_off,
        is_certificate_alive=is_certificate_alive,
        is_listing_alive=listing is not None,
        level=None if classification is None else classification.level,
        contains_core_data=description.contains_national_core_data,
        contains_important_data=description.contains_important_data,
        has_masking_record=listing is not None and listing.papers.masking is not None,
        has_security_clause=bool(
            order.terms.provider_responsibility.strip()
            and order.terms.receiver_responsibility.strip()
        ),
        conditions=_conditions(order, description, listing),
        is_scenario_granted=is_scenario_filed,
        is_within_scope=may_pass_on or not order.terms.onward_use,
        contains_personal_information=description.contains_personal_info
        or description.contains_sensitive_personal_info,
        has_personal_basis=has_personal_record
        and listing is not None
        and _has_personal_basis(order, listing, today),
        is_cross_border=order.terms.is_cross_border,
        has_cross_border_route=cross_border.counts(
            order.terms.cross_border_route,
            contains_important_data=description.contains_important_data,
            today=today,
        ),
        needs_secrecy_review=is_public_data,
        has_secrecy_review=listing is not None
        and listing.papers.secrecy_review is not None
        and listing.papers.secrecy_review.may_be_opened,
    )


def _conditions(
    order: Order, description: Description, listing: Listing | None
) -> tuple[Condition, ...]:
    papers = None if listing is None else listing.papers
    found = {
        Condition.PROCESSED: bool(description.processing_statement.strip()),
        Condition.NOT_REVERSIBLE: papers is not None
        and bool(papers.irreversibility_statement.strip()),
        Condition.WRITTEN_NEED: bool(order.terms.written_need.strip()),
        Condition.TECHNICAL_MEANS: bool(order.terms.technical_means.strip()),
        Condition.TIME_LIMITED: order.terms.term_days > 0,
        Condition.RAW_TRADE_APPROVAL: papers is not None
        and papers.raw_trade_approval_sha256 is not None,
    }
    return tuple(condition for condition, is_met in found.items() if is_met)


def _has_personal_basis(order: Order, listing: Listing, today: dt.date) -> bool:
    basis = listing.papers.personal_basis
    if basis is None:
        return False
    if basis.kind is PersonalBasisKind.ANONYMISATION:
        return bool(basis.accepted_by.strip())
    # A consent is good for its own scenario and until its end (BJ-21).
    return basis.scenario == order.scenario and basis.ends_on is not None and today <= basis.ends_on
