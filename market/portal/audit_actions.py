"""Sort all that the log remembers into the groups under which people look for it (行为分组)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from catalog.audit_log.events import Event

#: Each group with what stands in it: the noun of its events, or one event where its noun is divided.
GROUPS: Final = {
    "accounts": (
        "market",
        "party",
        "account",
        "password",
        "role",
        "session",
        "token",
        "contact",
        "contact_code",
    ),
    "refusals": ("sign_in", "credential", "access", "object", "material:denied", "data:denied"),
    "readings": (
        "audit_entries",
        "material:read",
        "record",
        "trace",
        "case_file",
        "proof_bundle",
        "log:exported",
    ),
    "keys": ("key", "key_ceremony", "key_destruction"),
    "settings": ("configuration", "rulebook", "calendar_year", "code_tree", "fee_price"),
    "log": ("heads", "log", "retention"),
    "clocks": ("timer", "timers", "notification", "webhook_endpoint"),
    "operators": ("operator", "delegation", "case"),
    "agencies": (
        "agency_selection",
        "agency_bid",
        "agency_bids",
        "agency_panel",
        "agency",
        "agency_contract",
        "agency_evaluation",
        "agency_reselection",
        "agency_case",
        "agency_neutrality",
        "agency_conflict",
    ),
    "products": (
        "product",
        "products",
        "product_content",
        "harvest_source",
        "harvest_run",
        "product_batch",
        "item_source",
        "reclassification",
        "quality_issue",
        "synonyms",
        "saved_search",
        "file",
        "files",
    ),
    "registration": (
        "authorisation_letter",
        "owner",
        "owner_consent",
        "application",
        "material:handed_in",
        "more_material",
        "correction",
        "decision",
        "fee",
        "review",
        "agency:replaced",
        "technical_opinion",
        "technical_points",
        "technical_review",
        "compliance_opinion",
        "registration",
        "issuance",
    ),
    "notices": ("notice", "notice_channel", "board_posting"),
    "certificates": (
        "certificate",
        "certificate_request",
        "transfer",
        "reissue",
        "product_expiry",
        "status_list",
    ),
    "changes": ("change",),
    "objections": ("objection",),
    "instruments": ("instrument",),
    "recognition": ("foreign_registrar", "foreign_certificate"),
    "money": (
        "journal",
        "ledger_account",
        "ledger_replay",
        "payment",
        "payment_break",
        "channel_statement",
        "channel_break",
        "refund",
        "refund_file",
        "beneficiary",
        "adjustment",
        "write_off",
        "payout_batch",
        "payout_file",
        "payout:sent",
        "payout:not_sent",
        "payout:doubted",
        "payout:paid",
        "payout:returned",
        "hold",
        "chargeback",
        "deposit",
        "retention_money",
        "escrow",
        "usage",
        "usage_account",
        "invoice",
        "fee_schedule",
        "revenue_agreement",
        "period",
    ),
    "pricing": ("pricing", "special_price", "ceiling", "allowance", "public_data_report"),
    "listings": ("listing",),
    "open_data": (
        "opening",
        "open_data",
        "open_plan",
        "open_plan_item",
        "data_demand",
        "chief_data_officer",
    ),
    "zones": ("zone", "zone_product", "collection"),
    "demands": ("demand_post", "demand_match", "quotes", "quote", "quote_request"),
    "negotiations": (
        "negotiation",
        "negotiation_message",
        "agreement",
        "auction",
        "award_objection",
        "approval_chain",
        "approval",
    ),
    "orders": (
        "order",
        "contract",
        "delivery",
        "dispute",
        "payout",
        "grant",
        "data",
        "statement",
        "cut_off",
        "bundle",
        "consent",
        "anonymisation",
        "destruction",
    ),
    "complaints": ("complaint", "credit", "affiliation", "related_dealing"),
    "supervision": ("report", "spot_check", "incident", "drill"),
}


def group_of(event: str) -> str:
    """Return the group of an event; one that is named itself stands there, whatever its noun.

    :raises KeyError: if it stands in none, which a test of the house finds.
    """
    noun = event.partition(":")[0]
    by_name = {name: group for group, names in GROUPS.items() for name in names}
    return by_name.get(event) or by_name[noun]


def grouped(within: Collection[str] | None) -> dict[str, list[str]]:
    """Return the events that may be asked for, group by group, in the order of a thing's life.

    ``within`` are those that the reader finds at all; None: every event.
    """
    found: dict[str, list[str]] = {group: [] for group in GROUPS}
    for event in Event:
        if within is None or event.value in within:
            found[group_of(event.value)].append(event.value)
    return {group: events for group, events in found.items() if events}
