"""Ask whether an order is the one that an agreement is about (依协议下单): what was agreed is what is ordered."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId
from catalog.products.model import DeliveryMode
from market.access.rates import UNLIMITED, Limits
from market.contracts import constraints, limits, price_duty
from market.contracts.constraints import DELETE, DISTRIBUTE, TermsNotMet, Use
from market.contracts.model import Agreement, check_in_force
from market.contracts.policy import PolicyAgreement
from market.contracts.states import State as AgreementState
from market.orders import cross_border
from market.orders.terms import RequestedTerms
from market.pricing.compute import quota
from market.pricing.model import Filing, PriceItem, UseCategory


class AgreementOrderedBefore(Refused):
    """An order was placed by this agreement: it pays for one."""

    code = "agreement_ordered_before"


class AgreementPriceSuperseded(Refused):
    """The price that was agreed is not the one in effect any more: the agreement is to be amended."""

    code = "agreement_price_superseded"


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordered, as far as an agreement says something of it."""

    buyer: PartyId
    purpose: str
    scenario: str
    use_category: UseCategory | None
    mode: DeliveryMode
    item: PriceItem
    quantity: int
    amount_fen: int
    terms: RequestedTerms


def check(
    agreed: PolicyAgreement,
    ordered: Ordered,
    filing: Filing,
    *,
    rows: int | None = None,
    now: dt.datetime,
) -> None:
    """Return if what is ordered is what was agreed, in every respect; ``rows`` are those of the content.

    :raises TermsNotMet: if something differs, or is not told: it names all of it.
    :raises ConstraintUnknown: if the agreement has a constraint without an evaluator.
    :raises AgreementPriceSuperseded: if another filing is in effect than the agreed one.
    """
    uses = quota(ordered.item, ordered.quantity)
    asked = Use(
        at=now,
        purpose=ordered.purpose,
        scenario=ordered.scenario,
        use_category=ordered.use_category,
        mode=ordered.mode,
        region=ordered.terms.region or None,
        recipient=ordered.buyer.urn,
        uses=1 if uses is None else uses,
        used_lately={},  # none of them yet: each use is held to its rate when it is asked for
        rows=rows,
        is_cross_border=ordered.terms.is_cross_border,
    )
    differing = list(constraints.unmet(constraints.use_constraints(agreed), asked))
    price = price_duty.read(agreed)
    told = (price.price_item, price.quantity, price.amount_fen)
    if told != (ordered.item.code, ordered.quantity, ordered.amount_fen):
        differing.append(price_duty.PAY_AMOUNT)
    passes_on = any(rule.action == DISTRIBUTE for rule in agreed.permission)
    if ordered.terms.onward_use and not passes_on:
        differing.append(DISTRIBUTE)
    deletes = any(rule.action == DELETE for rule in agreed.obligation)
    if deletes and not ordered.terms.destroys_at_end:
        differing.append(DELETE)
    if differing:
        raise TermsNotMet(operands=differing)
    if (price.filing_number, price.filing_sha256) != (filing.filing_number, filing.record_sha256):
        raise AgreementPriceSuperseded(filing_number=price.filing_number)


def check_goes_on(agreement: Agreement, now: dt.datetime) -> None:
    """Return if what was ordered by an agreement goes on at this instant.

    Another agreement that took its place changes nothing for what was ordered before.

    :raises AgreementNotInForce: if it was ended.
    :raises AgreementOver: if its time is over.
    """
    if agreement.state is AgreementState.SUCCEEDED:
        agreement = msgspec.structs.replace(agreement, state=AgreementState.IN_FORCE)
    check_in_force(agreement, now)


def grant_ends_at(
    end: dt.datetime, agreed: PolicyAgreement | None, terms: RequestedTerms
) -> dt.datetime:
    """Return until when the use is granted: never longer than agreement and route abroad hold."""
    agreed_end = None if agreed is None else constraints.ends_at(agreed)
    route_end = cross_border.ends_at(terms.cross_border_route) if terms.is_cross_border else None
    return min(each for each in (end, agreed_end, route_end) if each is not None)


def limits_of(agreed: PolicyAgreement | None, rows: int | None) -> Limits | msgspec.UnsetType:
    """Return how often, and how much at once, the use is granted; unset: there is no limit."""
    found = UNLIMITED if agreed is None else limits.read(agreed)
    return msgspec.UNSET if found == UNLIMITED else msgspec.structs.replace(found, rows=rows)


def asks_for_rows(agreed: PolicyAgreement) -> bool:
    """Tell whether it has to be known how many rows the content has."""
    return limits.read(agreed).rows_per_answer is not None


def fields_of(agreed: PolicyAgreement | None) -> tuple[str, ...]:
    """Return to which fields the use is held; none named: to no fewer than the product has."""
    if agreed is None:
        return ()
    return constraints.values_of(agreed, constraints.FIELD) or ()
