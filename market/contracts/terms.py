"""Write what a person asks for as the policy of an offer, and hold a policy against what was filed.

A person says purpose, scenario, manner and how long; the policy says the same in constraints.
Whoever is offered a policy made elsewhere holds it against the same filing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from catalog.kernel.errors import Invalid, Refused
from catalog.products.model import DeliveryMode
from market.access.rates import Most, Per
from market.contracts import constraints, price_duty, templates
from market.contracts.constraints import CHANNEL, DELETE, DISTRIBUTE, SCENARIO, USE, USE_CATEGORY
from market.contracts.policy import (
    PROFILE,
    ClausesChosen,
    PolicyConstraint,
    PolicyOffer,
    PolicyRule,
    PolicyUnreadable,
    Succession,
)
from market.contracts.price_duty import Given, PriceDuty
from market.pricing.compute import quota
from market.pricing.model import Filing, UseCategory


class OfferOutsideFiledScope(Refused):
    """The offer allows a scenario, a manner of use or passing on that was not filed (BJ-17)."""

    code = "offer_outside_filed_scope"


class OfferTimesInvalid(Invalid):
    """The offer, or the use that it allows, ends before it begins."""

    code = "offer_times_invalid"


class OfferTermsMissing(Invalid):
    """The offer leaves open what for, in which scenario, in which manner or until when."""

    code = "offer_terms_missing"


class TermsWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one side asks of the other, in words (要约条款): the price is filed, or given within it."""

    price_item: Annotated[str, Meta(max_length=64)]
    special_price_id: uuid.UUID | None = None  # 特别定价: what this buyer was offered
    quantity: Annotated[int, Meta(ge=1, le=10**9)] = 1
    purpose: Annotated[str, Meta(min_length=1, max_length=500)]
    scenario: Annotated[str, Meta(min_length=1, max_length=64)]
    delivery_mode: DeliveryMode
    use_category: UseCategory | None = None
    ends_at: dt.datetime  # from then on nothing is used
    valid_until: dt.datetime  # from then on the offer is not accepted
    regions: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=50)] = ()
    fields: Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=200)] = ()
    uses_per_minute: Most | None = None  # 频次上限
    uses_per_hour: Most | None = None
    uses_per_day: Most | None = None
    rows_per_answer: Most | None = None  # 单次结果行数上限
    is_cross_border: bool = False
    onward_use: bool = False
    destroys_at_end: bool = True  # 到期销毁 (BJ-27(b))
    clauses: ClausesChosen
    succeeds: Succession | None = None


def write(
    wanted: TermsWanted,
    filing: Filing,
    *,
    offer_id: uuid.UUID,
    target: str,
    recipient: str,
    given: Given | None = None,
) -> PolicyOffer:
    """Return the offer: every wish a constraint, the filed price a duty, or the one that was given.

    :raises OfferPriceNotFiled: if the filing has no such price item.
    :raises QuantityOutOfRange: if it is not sold in that quantity (and the others of
        ``price_duty.of_filing``).
    """
    price = price_duty.of_filing(
        filing, item_code=wanted.price_item, quantity=wanted.quantity, given=given
    )
    item = filing.item(wanted.price_item)
    assert item is not None, "what has a price is an item"
    uses = quota(item, wanted.quantity)
    held = [
        PolicyConstraint(constraints.PURPOSE, "eq", wanted.purpose),
        PolicyConstraint(SCENARIO, "eq", wanted.scenario),
        PolicyConstraint(CHANNEL, "eq", wanted.delivery_mode.value),
        PolicyConstraint(constraints.RECIPIENT, "eq", recipient),
        PolicyConstraint(constraints.DATE_TIME, "lt", _instant(wanted.ends_at)),
        PolicyConstraint(
            constraints.CROSS_BORDER, "eq", "true" if wanted.is_cross_border else "false"
        ),
    ]
    if wanted.use_category is not None:
        held.append(PolicyConstraint(USE_CATEGORY, "eq", wanted.use_category.value))
    if uses is not None:
        held.append(PolicyConstraint(constraints.COUNT, "lteq", str(uses)))
    if wanted.regions:
        held.append(PolicyConstraint(constraints.REGION, "isAnyOf", wanted.regions))
    if wanted.fields:
        held.append(PolicyConstraint(constraints.FIELD, "isAnyOf", wanted.fields))
    held += _limits(wanted)
    onward = PolicyRule(DISTRIBUTE)
    return PolicyOffer(
        id=offer_id.urn,
        target=target,
        profile=PROFILE,
        permission=(PolicyRule(USE, tuple(held)), *((onward,) if wanted.onward_use else ())),
        prohibition=() if wanted.onward_use else (onward,),
        obligation=(
            price_duty.write(price),
            *((PolicyRule(DELETE),) if wanted.destroys_at_end else ()),
        ),
        clauses=wanted.clauses,
        succeeds=wanted.succeeds,
        valid_until=wanted.valid_until,
    )


def use_category_of(offer: PolicyOffer) -> UseCategory | None:
    """Return for which category of use an offer is, by which its filing is found.

    :raises PolicyUnreadable: if it is for several: each has a price of its own.
    """
    named = constraints.values_of(offer, USE_CATEGORY)
    if named is None:
        return None
    if len(named) != 1 or named[0] not in set(UseCategory):
        raise PolicyUnreadable(reason="an offer is for one category of use")
    return UseCategory(named[0])


def check(
    offer: PolicyOffer,
    filing: Filing,
    *,
    recipient: str,
    now: dt.datetime,
    given: Given | None = None,
) -> PriceDuty:
    """Return the price of an offer that may be made and accepted now.

    :raises ConstraintUnknown: if a constraint has no evaluator (and ``PolicyUnreadable``).
    :raises OfferTermsMissing: if purpose, scenario, manner, recipient or end is left open.
    :raises ClauseParametersWrong: if the clauses are not filled in (``templates``).
    :raises OfferTimesInvalid: if the use is over already, or ends before it may begin.
    :raises OfferOutsideFiledScope: if scenario, manner or passing on was not filed.
    :raises OfferPriceNotFiled: if the price is neither the filed one nor the one that was given.
    """
    constraints.check_known(offer)
    _check_said(offer, recipient)
    templates.check(offer.clauses)
    ends_at = constraints.ends_at(offer)
    if ends_at is None or ends_at <= now or ends_at < offer.valid_until:
        raise OfferTimesInvalid
    outside = []
    if not set(constraints.values_of(offer, SCENARIO) or ()) <= set(filing.terms.scenarios):
        outside.append("scenario")
    modes = {mode.value for mode in filing.terms.delivery_modes}
    if not set(constraints.values_of(offer, CHANNEL) or ()) <= modes:
        outside.append("delivery_mode")
    passes_on = any(rule.action == DISTRIBUTE for rule in offer.permission)
    if passes_on and not filing.terms.use_scope.onward_use:
        outside.append("onward_use")
    if outside:
        raise OfferOutsideFiledScope(outside=outside)
    price = price_duty.read(offer)
    price_duty.check(price, filing, given)
    return price


def _limits(wanted: TermsWanted) -> list[PolicyConstraint]:
    most = {
        Per.MINUTE: wanted.uses_per_minute,
        Per.HOUR: wanted.uses_per_hour,
        Per.DAY: wanted.uses_per_day,
    }
    named = [(name, most[per]) for name, per in constraints.RATES.items()]
    named.append((constraints.ROWS, wanted.rows_per_answer))
    return [
        PolicyConstraint(name, "lteq", str(number)) for name, number in named if number is not None
    ]


def _check_said(offer: PolicyOffer, recipient: str) -> None:
    needed = (constraints.PURPOSE, SCENARIO, CHANNEL, constraints.RECIPIENT)
    # Values that contradict one another leave none: nothing could ever be used.
    missing = [name for name in needed if not constraints.values_of(offer, name)]
    if constraints.values_of(offer, constraints.RECIPIENT) != (recipient,):
        missing.append(constraints.RECIPIENT)
    if constraints.ends_at(offer) is None:
        missing.append(constraints.DATE_TIME)
    if missing:
        raise OfferTermsMissing(operands=list(dict.fromkeys(missing)))


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
