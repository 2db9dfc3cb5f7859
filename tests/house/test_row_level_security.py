"""Every table stands behind the second wall, row-level security, or it is said here why not."""

from __future__ import annotations

import asyncpg

_LOG = "the log is public: ids, numbers and hashes; what is personal lies in payloads"
_REGISTER = "the register is public"
_SERIALS = "a year and a number, of no party"

OPEN = {
    "audit_log.checkpoints": _LOG,
    "audit_log.cosignatures": _LOG,
    "audit_log.head_bundles": _LOG,
    "audit_log.head_snapshots": _LOG,
    "audit_log.head_tiles": _LOG,
    "audit_log.key_notices": _LOG,
    "audit_log.order_counts": _LOG,
    "audit_log.outbox": _LOG,
    "audit_log.places": _LOG,
    "audit_log.search_state": "how much of the log is indexed",
    "audit_log.search_subjects": "which entries name what is public, as the leaves are",
    "audit_log.state": _LOG,
    "audit_log.stops": _LOG,
    "audit_log.archive_hashes": _LOG,
    "audit_log.tiles": _LOG,
    "audit_log.timestamps": _LOG,
    "audit_log.witnessed_checkpoints": _LOG,
    "catalog.application_serials": _SERIALS,
    "catalog.rulebook_settings": "by which rules cases are decided is told to everybody",
    "catalog.agency_selections": "a public comparison is public; its bids, panel and sheets are not",
    "catalog.file_unsealings": "that a seal was opened, and when, is public",
    "catalog.board_postings": "a notice board is public",
    "catalog.notice_channel_checks": "whether a notice stands on its channels is public, as the notice is",
    "catalog.notice_interruptions": "whether a notice stands on its channels is public, as the notice is",
    "catalog.board_withdrawals": "a notice board is public",
    "catalog.calendar_years": "the working days of the State Council's notices",
    "catalog.authoritative_sources": "which product is the source of an item is told to everybody (GD-01(b))",
    "catalog.code_trees": "the codes of national standards",
    "catalog.codes": "the codes of national standards",
    "catalog.certificate_changes": _REGISTER,
    "catalog.certificate_encumbrances": "that one stands is public; for whom, the query asks",
    "catalog.certificate_serials": _SERIALS,
    "catalog.certificate_status_places": "each certificate names its place in a status list",
    "catalog.status_list_versions": "a status list is told to everybody",
    "catalog.certificates": _REGISTER,
    "catalog.change_serials": _SERIALS,
    "catalog.code_serials": _SERIALS,
    "catalog.registered_rights": _REGISTER,
    "catalog.fee_prices": "what a registration costs is told to everybody (HN-04)",
    "catalog.delegations": "who was delegated by which document is told to everybody (HN-05)",
    "catalog.foreign_registrars": "whose certificates are recognised, by which agreement, is public",
    "catalog.file_quarantines": "which files are locked away; the files themselves are behind the wall",
    "catalog.notice_postings": _REGISTER,
    "catalog.notices": _REGISTER,
    "catalog.product_tombstones": "of products that everybody saw: when they were taken back, and why",
    "catalog.harvest_records": "records of catalogues that are public where they come from",
    "catalog.harvest_runs": "how reading public catalogues went",
    "catalog.harvest_sources": "which public catalogues are read",
    "catalog.product_documents": "the public side of public products; @@ needs its index",
    "catalog.search_outbox": "which public documents changed, by their ids",
    "catalog.search_state": "how far back that is known",
    "catalog.synonym_groups": "by which words is searched is told to everybody; who changed them is not",
    "catalog.synonym_state": "how often the synonyms changed",
    "market.anonymised_versions": "that content shows no person, and until when, is told to everybody",
    "market.consent_grounds": "how many consented and until when; nobody's in particular",
    "market.auction_bids": "what is bid in public is public; a bidder stands there by its number",
    "market.cut_offs": "what is cut off, and why, is told to everybody whom it stops",
    "market.catalogue_label_changes": "how many public products have a label, more or less",
    "market.catalogue_labels": "how many public products have a label",
    "market.data_demand_answers": "what is answered is public; what was asked lies in data_demands",
    "market.fee_ceilings": "which ceilings were laid down is told to everybody (GD-07)",
    "market.public_data_publications": "what a yearly report says to everybody; the whole lies apart",
    "market.prices_held": "which filing holds which price is public, as the price list is",
    "market.open_downloads": "how often what is open was fetched, in which minute, and by nobody's name",
    "market.webhook_state": "how much of the log was told",
    "market.parties": "names of those who take part; their files lie in party_files",
    "market.sign_in_attempts": "who tries to sign in is not known yet",
    "settlement.accounts": "names of accounts; to book a leg one must find another's",
    "settlement.entry_flows": "which entries there are is told to everybody",
    "settlement.entry_kinds": "which entries there are is told to everybody",
    "settlement.flow_masks": "which entries there are is told to everybody",
    "settlement.periods": "which months are closed is told to everybody",
    "settlement.purposes": "the chart of accounts is told to everybody",
    "settlement.reversed_legs": "of no party: how much of a leg was taken back",
    "settlement.fee_schedules": "what a sale pays is told to everybody; so may be what was proposed",
    "settlement.closings": "which months are closed, and how their chains end, is told to everybody",
    "settlement.rollup_state": "of no party: how far the credits were added up",
    "settlement.rule_versions": "names of rules and agreements; who agreed is not said",
    "settlement.turnovers": "sums by purpose and month, of no party",
    "settlement.guard_balances": "a dispute holds money on an account of the other side",
    "settlement.lanes": "which process writes which lane of the journal; no party's rows",
    "signing.key_destructions": "which administrators ended which key; no party's rows, a permission asks",
    "signing.key_runs": "which process holds which public keys, and when it last told of them",
    "signing.keys": "public keys, by which anybody checks a signature",
}


async def test_every_table_forces_row_level_security_or_has_a_reason(owner_dsn: str) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        rows = await connection.fetch(
            """
            SELECT n.nspname || '.' || c.relname AS name
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
               AND n.nspname IN
                   ('catalog', 'audit_log', 'signing', 'settlement', 'market', 'search')
               AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            """
        )
    finally:
        await connection.close()

    assert sorted(row["name"] for row in rows) == sorted(OPEN)
