"""Say of each protected reading who remembers it (查阅留痕): the register of who reads what.

A house test holds this table against the policy table: a new reading is put into it, or the tests
fail. What is ``AT_THE_DOOR`` is remembered here, in the transaction that reads: what can not be
remembered is not served. One's own people read their own things without a trace.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.paging import Page
from market.http.policies.rule import V1


class Kept(enum.StrEnum):
    """Who remembers a reading, or why nobody does."""

    BY_THE_OPERATION = "by the operation"  # material, audit, trace, use: each its own event
    AT_THE_DOOR = "at the door"  # record:read
    OWN = "own"  # nobody else's is ever shown
    COVER = "cover"  # a list of cases without what lies in them
    OFFICIAL = "official"  # documents of office, of no person and no trade


class Reading(msgspec.Struct, frozen=True):
    """What is read there.

    ``subject`` is the kind of thing whose id the path has, if the leaf may name it: reading an
    order does not become a part of its line.
    ``by_all``: also whoever is of neither house (experts, agencies), since it is not theirs alone.
    """

    kept: Kept
    subject: str | None = None
    by_all: bool = False


_OWN: Final = Reading(Kept.OWN)
_COVER: Final = Reading(Kept.COVER)
_OFFICIAL: Final = Reading(Kept.OFFICIAL)
_OPERATION: Final = Reading(Kept.BY_THE_OPERATION)
_DOOR: Final = Reading(Kept.AT_THE_DOOR)

_OF_THE_HOUSES: Final = frozenset(
    {Clearance.STAFF, Clearance.REGULATOR, Clearance.ADMINISTRATOR, Clearance.AUDITOR}
)

READINGS: Final[Mapping[str, Reading]] = {
    # people
    f"{V1}/parties/{{party_id}}": Reading(Kept.AT_THE_DOOR, "party"),
    f"{V1}/parties": _DOOR,
    f"{V1}/me": _OWN,
    f"{V1}/tokens": _OWN,
    f"{V1}/my/notifications": _OWN,
    f"{V1}/my/notifications/{{notification_id}}": _OWN,
    f"{V1}/my/contact": _OWN,
    f"{V1}/undeliverable-notifications": _DOOR,
    f"{V1}/notifications/{{notification_id}}/proof": Reading(Kept.AT_THE_DOOR, "notification"),
    # the log
    f"{V1}/log/entries": _OPERATION,
    # clocks and covers
    f"{V1}/timers": _COVER,
    f"{V1}/timers/{{timer_id}}/explanation": _COVER,
    f"{V1}/work-queue": _COVER,
    f"{V1}/case-assignments": _COVER,
    f"{V1}/applications": _COVER,
    f"{V1}/applications/{{application_id}}/agency-assignments": _COVER,
    f"{V1}/changes": _COVER,
    f"{V1}/changes/{{change_id}}/agency-assignments": _COVER,
    f"{V1}/instruments": _COVER,
    f"{V1}/objections": _COVER,
    f"{V1}/fees": _COVER,
    # files and cases
    f"{V1}/files/{{file_id}}": Reading(Kept.AT_THE_DOOR, "file", by_all=True),
    f"{V1}/files/{{file_id}}/content": _OPERATION,
    f"{V1}/applications/{{application_id}}": _OPERATION,
    f"{V1}/applications/{{application_id}}/dossier": _OWN,
    f"{V1}/applications/{{application_id}}/refusal-letter": _OPERATION,
    f"{V1}/applications/{{application_id}}/case-file": _OPERATION,
    f"{V1}/changes/{{change_id}}": _OPERATION,
    f"{V1}/objections/{{objection_id}}": _OPERATION,
    f"{V1}/instruments/{{instrument_id}}": _OPERATION,
    f"{V1}/certificates/{{number}}/reissues": _OPERATION,
    f"{V1}/certificates/{{number}}/transfers": _OPERATION,
    f"{V1}/certificates/{{number}}/requests": _OPERATION,
    f"{V1}/certificates/{{number}}/encumbrances": _DOOR,
    f"{V1}/certificates/{{number}}/deregistration": _OWN,
    f"{V1}/authorisation-letters": _DOOR,
    f"{V1}/authorisation-letters/{{letter_id}}": Reading(Kept.AT_THE_DOOR, "authorisation_letter"),
    # agencies
    f"{V1}/agency-selections/{{selection_id}}/file": Reading(
        Kept.AT_THE_DOOR, "agency_selection", by_all=True
    ),
    f"{V1}/agency-selections/{{selection_id}}/bids": Reading(
        Kept.AT_THE_DOOR, "agency_selection", by_all=True
    ),
    f"{V1}/agency-contracts": _OFFICIAL,
    f"{V1}/agency-contracts/{{contract_id}}/misconducts": Reading(
        Kept.AT_THE_DOOR, "agency_contract"
    ),
    f"{V1}/agency-evaluations": _COVER,
    f"{V1}/agency-evaluations/{{evaluation_id}}": Reading(Kept.AT_THE_DOOR, "agency_evaluation"),
    f"{V1}/agency-standing": _OFFICIAL,
    f"{V1}/delegations": _OFFICIAL,
    f"{V1}/key-destructions": _OFFICIAL,
    # the trade
    f"{V1}/my/products": _OWN,
    f"{V1}/my/collections": _OWN,
    f"{V1}/openings": _COVER,
    f"{V1}/product-batches": _OWN,
    f"{V1}/product-batches/{{batch_id}}": _OWN,
    f"{V1}/product-batches/{{batch_id}}/rows": _OWN,
    f"{V1}/product-batches/{{batch_id}}/report": _OWN,
    f"{V1}/my/chief-data-officer": _OWN,
    f"{V1}/chief-data-officers": _DOOR,
    f"{V1}/data-demands": _DOOR,
    f"{V1}/demand-post-files": _DOOR,
    f"{V1}/demand-post-files/{{post_id}}": Reading(Kept.AT_THE_DOOR, "demand_post"),
    f"{V1}/demand-post-files/{{post_id}}/matches": Reading(Kept.AT_THE_DOOR, "demand_post"),
    f"{V1}/my/demand-matches": _OWN,
    f"{V1}/quote-requests": _DOOR,
    f"{V1}/quote-requests/{{request_id}}": Reading(Kept.AT_THE_DOOR, "quote_request"),
    f"{V1}/reclassifications": _DOOR,
    f"{V1}/quality-issues": _DOOR,
    f"{V1}/quality-issues/{{issue_id}}": _DOOR,
    f"{V1}/synonym-changes": _OFFICIAL,
    f"{V1}/harvest-sources": _OFFICIAL,
    f"{V1}/my/saved-searches": _OWN,
    f"{V1}/my/saved-searches/{{saved_search_id}}/matches": _OWN,
    f"{V1}/item-conflicts": _COVER,
    f"{V1}/pricing-filings": _COVER,
    f"{V1}/pricing-filings/{{filing_id}}": _DOOR,
    f"{V1}/special-prices": _DOOR,
    f"{V1}/award-objections": _DOOR,
    f"{V1}/auctions/{{auction_id}}/objections/full": Reading(Kept.AT_THE_DOOR, "auction"),
    f"{V1}/affiliations": _DOOR,
    f"{V1}/related-dealings": _DOOR,
    "/affiliations": _DOOR,
    "/related-dealings": _DOOR,
    f"{V1}/my/auctions": _OWN,
    f"{V1}/auctions/{{auction_id}}/deposits": _OWN,
    f"{V1}/auctions/{{auction_id}}/mine": _OWN,
    f"{V1}/allowed-revenues": _DOOR,
    f"{V1}/listings": _COVER,
    f"{V1}/targeted-offers": _OWN,
    f"{V1}/negotiations": _DOOR,
    f"{V1}/negotiations/{{negotiation_id}}": Reading(Kept.AT_THE_DOOR, "negotiation"),
    f"{V1}/negotiations/{{negotiation_id}}/messages": Reading(Kept.AT_THE_DOOR, "negotiation"),
    f"{V1}/negotiations/{{negotiation_id}}/agreement": Reading(Kept.AT_THE_DOOR, "negotiation"),
    f"{V1}/approval-chain": _OWN,
    f"{V1}/approvals": _OWN,
    f"{V1}/approvals/{{approval_id}}": _OWN,
    f"{V1}/agreements": _DOOR,
    f"{V1}/agreements/{{agreement_id}}": Reading(Kept.AT_THE_DOOR, "agreement"),
    f"{V1}/agreements/{{agreement_id}}/lineage": Reading(Kept.AT_THE_DOOR, "agreement"),
    f"{V1}/orders": _COVER,
    f"{V1}/cut-offs": _COVER,
    f"{V1}/products/{{product_id}}/consents": Reading(Kept.AT_THE_DOOR, "product"),
    f"{V1}/products/{{product_id}}/anonymisations": Reading(
        Kept.AT_THE_DOOR, "product", by_all=True
    ),
    f"{V1}/bundles/{{bundle_id}}": _DOOR,
    f"{V1}/orders/{{order_id}}/destruction-statement": _DOOR,
    f"{V1}/orders/{{order_id}}": _DOOR,
    f"{V1}/orders/{{order_id}}/contract": _DOOR,
    f"{V1}/orders/{{order_id}}/content": _OPERATION,
    f"{V1}/orders/{{order_id}}/usage": _OPERATION,
    f"{V1}/orders/{{order_id}}/ledger": _DOOR,
    f"{V1}/orders/{{order_id}}/split": _DOOR,
    f"{V1}/orders/{{order_id}}/charges": _DOOR,
    f"{V1}/orders/{{order_id}}/returns": _DOOR,
    f"{V1}/invoices": _DOOR,
    f"{V1}/invoices/{{invoice_id}}": Reading(Kept.AT_THE_DOOR, "invoice"),
    f"{V1}/fee-schedule-proposals": _OFFICIAL,
    f"{V1}/revenue-agreements": _DOOR,
    f"{V1}/revenue-agreements/{{agreement_id}}": Reading(Kept.AT_THE_DOOR, "revenue_agreement"),
    f"{V1}/proof-bundles/{{kind}}/{{identifier}}": _OPERATION,
    f"{V1}/refunds": _DOOR,
    f"{V1}/beneficiaries": _DOOR,
    f"{V1}/ledger/write-offs": _OFFICIAL,
    f"{V1}/ledger/write-offs/{{write_off_id}}": _OFFICIAL,
    f"{V1}/ledger/adjustments": _OFFICIAL,
    f"{V1}/ledger/adjustments/{{adjustment_id}}": _OFFICIAL,
    f"{V1}/refund-batches": _OFFICIAL,
    f"{V1}/refund-batches/{{batch_id}}/bank-file": Reading(Kept.AT_THE_DOOR, "refund_batch"),
    f"{V1}/payout-batches": _OFFICIAL,
    f"{V1}/payout-batches/{{batch_id}}": _OFFICIAL,
    f"{V1}/payout-batches/{{batch_id}}/bank-file": Reading(Kept.AT_THE_DOOR, "payout_batch"),
    f"{V1}/payouts": _DOOR,
    f"{V1}/custody": _OFFICIAL,
    f"{V1}/channels/{{channel}}/statements": _OFFICIAL,
    f"{V1}/channels/{{channel}}/clearing-gate": _OFFICIAL,
    f"{V1}/chargebacks": _DOOR,
    f"{V1}/chargebacks/{{chargeback_id}}": Reading(Kept.AT_THE_DOOR, "chargeback"),
    f"{V1}/channel-breaks": _DOOR,
    f"{V1}/channel-breaks/{{break_id}}": Reading(Kept.AT_THE_DOOR, "channel_break"),
    f"{V1}/ledger/accounts": _DOOR,
    f"{V1}/ledger/entries": _DOOR,
    f"{V1}/ledger/trial-balance": _OFFICIAL,
    f"{V1}/ledger/trial-balance/{{purpose}}": _DOOR,
    f"{V1}/account-statements": _OFFICIAL,
    f"{V1}/ledger/waiting": _OFFICIAL,
    f"{V1}/ledger/replays": _OFFICIAL,
    f"{V1}/ledger/replays/{{run_id}}": _OFFICIAL,
    f"{V1}/my/ledger-accounts": _OWN,
    f"{V1}/explanations/{{of}}/{{identifier}}": _DOOR,
    f"{V1}/account-ledgers/{{book}}/{{purpose}}/{{owner}}": _DOOR,
    f"{V1}/account-ledgers/{{book}}/{{purpose}}/{{owner}}/file": _DOOR,
    f"{V1}/account-statements/{{side}}/{{period}}": _DOOR,
    f"{V1}/account-statements/{{side}}/{{period}}/workbook": _DOOR,
    f"{V1}/public-data-reports/{{report_id}}": Reading(Kept.AT_THE_DOOR, "public_data_report"),
    f"{V1}/public-data-reports/{{report_id}}/workbook": Reading(
        Kept.AT_THE_DOOR, "public_data_report"
    ),
    f"{V1}/trade-statistics/{{period}}": _DOOR,
    f"{V1}/trade-statistics/{{period}}/workbook": _DOOR,
    f"{V1}/ledger/periods": _OFFICIAL,
    f"{V1}/ledger/periods/{{book}}/{{month}}": _OFFICIAL,
    f"{V1}/ledger/periods/{{book}}/{{month}}/record": _OFFICIAL,
    # supervision
    f"{V1}/reports": _OFFICIAL,
    f"{V1}/reports/{{report_id}}": _OFFICIAL,
    f"{V1}/reports/{{report_id}}/workbook": _OFFICIAL,
    f"{V1}/reports/{{report_id}}/recomputation": _OFFICIAL,
    f"{V1}/spot-checks/{{spot_check_id}}": _OPERATION,
    f"{V1}/spot-checks/{{spot_check_id}}/findings": _OPERATION,
    f"{V1}/traces/{{product_id}}": _OPERATION,
    f"{V1}/incidents": _COVER,
    f"{V1}/incidents/{{incident_id}}": Reading(Kept.AT_THE_DOOR, "incident"),
    f"{V1}/complaints": _DOOR,
    f"{V1}/complaints/{{complaint_id}}": Reading(Kept.AT_THE_DOOR, "complaint"),
    f"{V1}/my/complaints": _OWN,
    f"{V1}/credit-records": _DOOR,
    f"{V1}/credit-records/{{record_id}}": Reading(Kept.AT_THE_DOOR, "credit_record"),
    f"{V1}/my/credit": _OWN,
    f"{V1}/my/webhook-endpoints": _OWN,
    f"{V1}/my/webhook-endpoints/{{endpoint_id}}/deliveries": _OWN,
    f"{V1}/retained-cases": _COVER,
    f"{V1}/rechecks": _OFFICIAL,
    f"{V1}/drills": _OFFICIAL,
    # pages
    "/complaints/desk": _DOOR,
    "/complaints/{complaint_id}": Reading(Kept.AT_THE_DOOR, "complaint"),
    "/bundles/{bundle_id}": _DOOR,
    "/cut-offs": _COVER,
    "/credit-records": _DOOR,
    "/credit-records/{record_id}": Reading(Kept.AT_THE_DOOR, "credit_record"),
    "/revenue-agreements": _DOOR,
    "/revenue-agreements/new": _OWN,  # the form, with one's own products
    "/revenue-agreements/{agreement_id}": Reading(Kept.AT_THE_DOOR, "revenue_agreement"),
    "/invoices": _DOOR,
    "/invoices/{invoice_id}": Reading(Kept.AT_THE_DOOR, "invoice"),
    "/orders/{order_id}/invoices": _DOOR,
    "/write-offs": _OFFICIAL,
    "/write-offs/{write_off_id}": _OFFICIAL,
    "/adjustments": _OFFICIAL,
    "/adjustments/{adjustment_id}": _OFFICIAL,
    "/payout-batches": _OFFICIAL,
    "/payout-batches/{batch_id}": _OFFICIAL,
    "/payout-accounts": _DOOR,
    "/refund-batches": _OFFICIAL,
    "/refund-batches/{batch_id}": _OFFICIAL,
    "/chargebacks": _DOOR,
    "/chargebacks/{chargeback_id}": Reading(Kept.AT_THE_DOOR, "chargeback"),
    "/reconciliation": _DOOR,
    "/reconciliation/{break_id}": Reading(Kept.AT_THE_DOOR, "channel_break"),
    "/my/webhooks": _OWN,
    "/my/webhooks/{endpoint_id}": _OWN,
    "/products/{product_id}/personal-information": Reading(
        Kept.AT_THE_DOOR, "product", by_all=True
    ),
    "/my/buying": _OWN,
    "/my/keys": _OWN,
    "/my/keys/statement": _OWN,
    "/bundles/new": _OWN,
    "/my/selling": _OWN,
    "/negotiations": _DOOR,
    "/negotiations/{negotiation_id}": Reading(Kept.AT_THE_DOOR, "negotiation"),
    "/negotiations/{negotiation_id}/signing-input": Reading(Kept.AT_THE_DOOR, "negotiation"),
    "/products/{product_id}/negotiations": _OWN,  # the form, and an agreement of one's own
    "/agreements": _DOOR,
    "/agreements/{agreement_id}": Reading(Kept.AT_THE_DOOR, "agreement"),
    "/products/{product_id}/orders": _OWN,  # the form, and an agreement of one's own
    "/orders": _COVER,
    "/orders/{order_id}": _DOOR,
    "/orders/{order_id}/signing-input": _DOOR,
    "/orders/{order_id}/payment": _OWN,  # its buyer alone
    "/orders/{order_id}/charges": _DOOR,
    "/approvals": _OWN,
    "/approvals/{approval_id}": _OWN,
    "/approval-chain": _OWN,
    "/auctions/new": _OWN,
    "/auctions/{auction_id}/deposit": _OWN,
    "/my/products": _OWN,
    "/my/product-batches": _OWN,
    "/my/product-batches/{batch_id}": _OWN,
    "/my/saved-searches": _OWN,
    "/my/saved-searches/{saved_search_id}": _OWN,
    "/my/chief-data-officer": _OWN,
    "/chief-data-officers": _DOOR,
    "/data-demands/desk": _DOOR,
    "/my/demands/new": _OWN,
    "/my/demand-matches": _OWN,
    "/demand-files": _DOOR,
    "/demand-files/{post_id}": Reading(Kept.AT_THE_DOOR, "demand_post"),
    "/demand-files/{post_id}/revisions": _OWN,
    "/quote-requests": _DOOR,
    "/quote-requests/{request_id}": Reading(Kept.AT_THE_DOOR, "quote_request"),
    "/products/{product_id}/quality-issues": _OWN,  # the form alone
    "/quality-issues": _DOOR,
    "/quality-issues/{issue_id}": _DOOR,
    "/synonym-changes": _OFFICIAL,
    "/harvest-sources": _OFFICIAL,
    "/zone-desk": _OFFICIAL,
    "/zone-desk/{zone_id}": _OFFICIAL,
    "/my/zones": _OWN,
    "/my/zones/{zone_id}": _OWN,
    "/my/collections": _OWN,
    "/my/collections/{collection_id}": _OWN,
    "/openings": _COVER,
    "/open-plan-desk": _OFFICIAL,
    "/open-plan-desk/{year}": _OFFICIAL,
    "/inbox": _OWN,
    "/inbox/{notification_id}": _OWN,
    "/queue": _COVER,
    "/queue/{timer_id}": _COVER,
    "/applications": _COVER,
    "/applications/{application_id}": _OPERATION,
    "/changes/{change_id}": _OPERATION,
    "/spot-check-findings/{finding_id}": _OPERATION,
    "/objections": _COVER,
    "/objections/{objection_id}": _OPERATION,
    "/audit": _OPERATION,
    "/finance": _OFFICIAL,
    "/finance/replay": _OFFICIAL,
    "/finance/replay/{run_id}": _OFFICIAL,
    "/finance/trial-balance": _OFFICIAL,
    "/finance/trial-balance/{purpose}": _DOOR,
    "/explanations/{of}/{identifier}": _DOOR,
    "/account-ledgers/{book}/{purpose}/{owner}": _DOOR,
    "/finance/periods/{book}/{month}": _OFFICIAL,
    "/my/sales": _OWN,
    "/my/bills": _OWN,
    "/statements/{side}/{period}": _DOOR,
    "/statements/{side}/{period}/paper": _DOOR,
    "/trade-statistics": _DOOR,
    "/public-data-reports/{report_id}/paper": Reading(Kept.AT_THE_DOOR, "public_data_report"),
    "/reports": _OFFICIAL,
    "/reports/{report_id}": _OFFICIAL,
}


def is_remembered(route: str, reader: Actor) -> bool:
    """Tell whether the door remembers that somebody read there."""
    reading = READINGS.get(route)
    if reading is None or reading.kept is not Kept.AT_THE_DOOR:
        return False
    return reading.by_all or reader.clearance in _OF_THE_HOUSES


async def remember(
    tx: Tx, *, actor: Actor, now: dt.datetime, route: str, asked: Mapping[str, Any], found: Any
) -> None:
    """Remember that something was read: who, at which route, which ids were asked and shown."""
    kind = READINGS[route].subject
    await audit_log.append(
        tx,
        Event.RECORD_READ,
        actor=actor,
        now=now,
        subjects=[] if kind is None else [Subject(kind, str(next(iter(asked.values()))))],
        facts={
            "route": route,
            "clearance": actor.clearance.value,
            "asked": {name: str(value) for name, value in asked.items()},
            "shown": _shown(found),
        },
        rules=("HN-26", "HN-28"),
    )


def _shown(found: Any) -> list[str]:
    items = found.items if isinstance(found, Page) else found if isinstance(found, list) else []
    return [str(found) for found in map(_id_of, items) if found is not None]


def _id_of(item: Any) -> Any:
    # A party's file has the party in it.
    return getattr(item, "id", None) or getattr(getattr(item, "party", None), "id", None)
