"""The lives of filings, listings, grants and orders: every state with every event."""

from __future__ import annotations

import itertools
from types import ModuleType

import pytest

from market.access import states as grants
from market.allowed_revenue import states as allowances
from market.anonymisations import states as anonymisations
from market.approvals import states as approvals
from market.auctions import states as auctions
from market.collections import states as collections
from market.complaints import states as complaints
from market.consents import states as consents
from market.credit import states as credit
from market.cut_offs import states as cut_offs
from market.data_demands import states as demands
from market.demand_posts import states as demand_posts
from market.listings import states as listings
from market.open_data import states as openings
from market.open_plans import states as promises
from market.orders import states as orders
from market.pricing import states as filings
from market.quotes import states as quotes
from market.special_prices import states as special_prices
from market.webhooks import states as webhooks
from market.zones import states as zones

MACHINES = (
    *(
        filings,
        special_prices,
        auctions,
        allowances,
        listings,
        grants,
        cut_offs,
        consents,
        anonymisations,
        orders,
        zones,
        collections,
    ),
    *(openings, promises, demands, demand_posts, quotes, complaints, credit, webhooks, approvals),
)
PAIRS = [
    pytest.param(machine, state, event, id=f"{machine.__name__.split('.')[1]}-{state}-{event}")
    for machine in MACHINES
    for state, event in itertools.product(machine.State, machine.Event)
]
REFUSALS = {
    approvals: (approvals.ApprovalEventNotAllowed, "approval_event_not_allowed"),
    filings: (filings.PricingEventNotAllowed, "pricing_event_not_allowed"),
    allowances: (allowances.AllowanceEventNotAllowed, "allowance_event_not_allowed"),
    special_prices: (
        special_prices.SpecialPriceEventNotAllowed,
        "special_price_event_not_allowed",
    ),
    auctions: (auctions.AuctionEventNotAllowed, "auction_event_not_allowed"),
    listings: (listings.ListingEventNotAllowed, "listing_event_not_allowed"),
    grants: (grants.GrantEventNotAllowed, "grant_event_not_allowed"),
    consents: (consents.ConsentEventNotAllowed, "consent_event_not_allowed"),
    anonymisations: (
        anonymisations.AnonymisationEventNotAllowed,
        "anonymisation_event_not_allowed",
    ),
    cut_offs: (cut_offs.CutOffEventNotAllowed, "cut_off_event_not_allowed"),
    orders: (orders.OrderEventNotAllowed, "order_event_not_allowed"),
    collections: (collections.CollectionEventNotAllowed, "collection_event_not_allowed"),
    openings: (openings.OpeningEventNotAllowed, "opening_event_not_allowed"),
    promises: (promises.OpenPlanItemEventNotAllowed, "open_plan_item_event_not_allowed"),
    demands: (demands.DataDemandEventNotAllowed, "data_demand_event_not_allowed"),
    demand_posts: (demand_posts.DemandPostEventNotAllowed, "demand_post_event_not_allowed"),
    quotes: (quotes.QuoteRequestEventNotAllowed, "quote_request_event_not_allowed"),
    complaints: (complaints.ComplaintEventNotAllowed, "complaint_event_not_allowed"),
    credit: (credit.CreditEventNotAllowed, "credit_event_not_allowed"),
    webhooks: (webhooks.WebhookEventNotAllowed, "webhook_event_not_allowed"),
    zones: (zones.ZoneEventNotAllowed, "zone_event_not_allowed"),
}

# Written down a second time on purpose: from → event → to, as RULES §6.1 and §6.8 have it.
ORDER_MOVES = """
placed: negotiate>negotiating clear>cleared reject>rejected cancel>cancelled terminate>terminated
negotiating: negotiate>negotiating clear>cleared reject>rejected cancel>cancelled
negotiating: terminate>terminated
cleared: sign>cleared conclude>contracted cancel>cancelled terminate>terminated
contracted: pay>paid deliver>delivering cancel>cancelled suspend>suspended terminate>terminated
paid: deliver>delivering cancel>cancelled suspend>suspended terminate>terminated
delivering: use>delivering accept>accepted inspection_ends>accepted raise_issue>disputed
delivering: put_to_use>accepted
delivering: suspend>suspended terminate>terminated
accepted: use>accepted complete>completed suspend>suspended terminate>terminated
disputed: resolve_for_supplier>accepted resolve_for_buyer>terminated terminate>terminated
disputed: resolve_in_part>accepted
suspended: resume_contracted>contracted resume_paid>paid resume_delivering>delivering
suspended: resume_accepted>accepted terminate>terminated
"""
FILING_MOVES = """
draft: file>filed withdraw>withdrawn
filed: record>recorded return>draft reject_over_ceiling>draft withdraw>withdrawn
filed: take_effect>effective
recorded: take_effect>effective reject_over_ceiling>draft withdraw>withdrawn
effective: amend>effective change_ceiling>non_compliant inquire>under_inquiry
effective: supersede>superseded expire>expired withdraw>withdrawn record>effective
under_inquiry: clear>effective order_correction>suspended answer>under_inquiry
under_inquiry: amend>under_inquiry change_ceiling>non_compliant
under_inquiry: supersede>superseded expire>expired withdraw>withdrawn
suspended: supersede>superseded withdraw>withdrawn amend>suspended expire>expired
non_compliant: supersede>superseded withdraw>withdrawn amend>non_compliant expire>expired
"""
ALLOWANCE_MOVES = """
laid_down: warn>laid_down compare>laid_down find_deviation>to_adjust close>closed deduct>laid_down
to_adjust: warn>to_adjust adjust>laid_down deduct>to_adjust
"""
SPECIAL_PRICE_MOVES = """
offered: use>used withdraw>withdrawn
"""
AUCTION_MOVES = """
draft: announce>announced cancel>cancelled
announced: begin>open cancel>cancelled
open: bid>open close>closed cancel>cancelled
closed: hand_over>closed decide>decided fail>failed void>voided
decided: object>objected award>awarded fail>failed void>voided
objected: object>objected go_on>decided exclude>decided void>voided
awarded: default>decided contract>contracted void>voided
"""
LISTING_MOVES = """
draft: revise>draft submit>compliance_check delist>delisted
compliance_check: publish>listed delist>delisted return>draft
listed: suspend>suspended delist>delisted
suspended: resume>listed delist>delisted
"""
COLLECTION_MOVES = """
draft: revise>draft publish>published withdraw>withdrawn
published: revise>published withdraw>withdrawn
"""
OPENING_MOVES = """
requested: confirm>open refuse>refused close>closed
open: close>closed
"""
PROMISE_MOVES = """
planned: open>opened postpone>postponed
postponed: open>opened postpone>postponed
"""
DEMAND_MOVES = """
received: join>joined answer>answered
"""
DEMAND_POST_MOVES = """
draft: revise>draft submit>submitted withdraw>withdrawn
submitted: revise>submitted publish>published reject>rejected withdraw>withdrawn expire>expired
published: revise>submitted take_up>negotiating meet>met withdraw>withdrawn expire>expired
negotiating: go_on>published meet>met withdraw>withdrawn
"""
QUOTE_MOVES = """
open: quote>open open_quotes>opened lapse>lapsed withdraw>withdrawn
opened: accept>accepted decline>declined withdraw>withdrawn
"""
COMPLAINT_MOVES = """
received: accept>accepted redirect>redirected decline>declined close>closed
redirected: close>closed
declined: close>closed
accepted: investigate>investigating close>closed
investigating: investigate>investigating interim_measure>investigating resolve>resolved
investigating: lift_measure>investigating close>closed
resolved: appeal>under_review_by_regulator refer_to_arbitration>arbitration
resolved: lift_measure>resolved close>closed
under_review_by_regulator: review>resolved lift_measure>under_review_by_regulator close>closed
arbitration: record_award>arbitration lift_measure>arbitration close>closed
"""
CREDIT_MOVES = """
found: object>contested punish>punished
contested: uphold_objection>overturned reject_objection>confirmed
confirmed: punish>punished
punished: repair>repaired expire>expired
"""
WEBHOOK_MOVES = """
queued: deliver>delivered defer>queued give_up>dead
delivered: replay>queued
dead: replay>queued
"""
ZONE_MOVES = """
preparing: open>open close>closed
open: suspend>suspended close>closed place>open remove>open
suspended: resume>open close>closed remove>suspended
"""
CONSENT_MOVES = """
standing: narrow>standing withdraw>withdrawn expire>expired
"""
ANONYMISATION_MOVES = """
submitted: accept>accepted refuse>refused
accepted: withdraw>withdrawn
"""
CUT_OFF_MOVES = """
standing: lift>lifted
"""
GRANT_MOVES = """
active: use>active cut_off>cut_off expire>expired revoke>revoked
cut_off: restore>active expire>expired revoke>revoked
"""
APPROVAL_MOVES = """
pending: pass>pending approve>approved reject>rejected expire>expired withdraw>withdrawn
approved: withdraw>withdrawn use>used
"""


def _read(moves: str) -> dict[tuple[str, str], str]:
    found = {}
    for line in moves.strip().splitlines():
        state, _, rest = line.partition(":")
        for move in rest.split():
            event, _, following = move.partition(">")
            found[state, event] = following
    return found


MOVES = {
    approvals: _read(APPROVAL_MOVES),
    orders: _read(ORDER_MOVES),
    filings: _read(FILING_MOVES),
    special_prices: _read(SPECIAL_PRICE_MOVES),
    allowances: _read(ALLOWANCE_MOVES),
    auctions: _read(AUCTION_MOVES),
    listings: _read(LISTING_MOVES),
    grants: _read(GRANT_MOVES),
    consents: _read(CONSENT_MOVES),
    anonymisations: _read(ANONYMISATION_MOVES),
    cut_offs: _read(CUT_OFF_MOVES),
    zones: _read(ZONE_MOVES),
    demands: _read(DEMAND_MOVES),
    demand_posts: _read(DEMAND_POST_MOVES),
    quotes: _read(QUOTE_MOVES),
    promises: _read(PROMISE_MOVES),
    openings: _read(OPENING_MOVES),
    collections: _read(COLLECTION_MOVES),
    complaints: _read(COMPLAINT_MOVES),
    credit: _read(CREDIT_MOVES),
    webhooks: _read(WEBHOOK_MOVES),
}


@pytest.mark.parametrize(("machine", "state", "event"), PAIRS)
def test_every_event_moves_every_state_as_the_rules_say_or_is_refused_by_name(
    machine: ModuleType, state: str, event: str
) -> None:
    expected = MOVES[machine].get((state, event))

    if expected is not None:
        assert machine.advance(state, event) == expected
        return
    refusal, code = REFUSALS[machine]
    with pytest.raises(refusal) as refused:
        machine.advance(state, event)
    assert refused.value.code == code
    assert refused.value.facts == {"state": state.value, "event": event.value}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.__name__)
def test_every_state_can_be_reached(machine: ModuleType) -> None:
    reached = {next(iter(machine.State))}
    while more := {
        to for (at, _), to in machine.TRANSITIONS.items() if at in reached and to not in reached
    }:
        reached |= more

    assert reached == set(machine.State)


def test_an_order_allows_what_its_table_has() -> None:
    for state, event in itertools.product(orders.State, orders.Event):
        assert orders.allows(state, event) == ((state, event) in orders.TRANSITIONS)


def test_a_suspended_order_goes_on_where_it_was_suspended() -> None:
    for state, event in orders.RESUMING.items():
        suspended = orders.advance(state, orders.Event.SUSPEND)
        assert orders.advance(suspended, event) is state


def test_a_listing_lives_until_it_is_delisted() -> None:
    assert frozenset(listings.State) - {listings.State.DELISTED} == listings.LIVE
