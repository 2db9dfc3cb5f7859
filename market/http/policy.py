"""Say which permission each route needs: the one table from routes to permissions.

Guards, the security section of the OpenAPI document and the generated role × route test all read
this table. A handler that is not in it stops the start of the service, and so does an entry that
no handler serves.

``PUBLIC`` routes need nothing. ``relation`` tells a reader whose object may be named; it is asked
again by the operation itself, and a foreign id is answered like an unknown one, with 404 (HN-28).
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec


class Relation(enum.StrEnum):
    """Whose object the route is about."""

    ANY = "any"  # whoever has the permission
    OWN = "own"  # the caller's own account or party
    PARTY = "party"  # a party to the thing: applicant, buyer, supplier, objector, registrant
    ASSIGNED = "assigned"  # the case was assigned to the caller or its agency
    PUBLISHED = "published"  # only what is public


class Rule(msgspec.Struct, frozen=True):
    """What a route needs. ``permission`` None means that anyone may call it."""

    permission: str | None
    relation: Relation
    command: bool = False  # changes state: one transaction, one audit entry, Idempotency-Key


OPEN: Final = Rule(permission=None, relation=Relation.PUBLISHED)


def _public(*, command: bool = False) -> Rule:
    return Rule(permission=None, relation=Relation.PUBLISHED, command=command)


def _read(permission: str, relation: Relation = Relation.ANY) -> Rule:
    return Rule(permission=permission, relation=relation)


def _do(permission: str, relation: Relation = Relation.ANY) -> Rule:
    return Rule(permission=permission, relation=relation, command=True)


OWN, PARTY, ASSIGNED = Relation.OWN, Relation.PARTY, Relation.ASSIGNED
V1: Final = "/api/v1"

API: Final[dict[tuple[str, str], Rule]] = {
    # who is there
    ("POST", f"{V1}/foundation"): _public(command=True),
    ("POST", f"{V1}/parties"): _public(command=True),
    ("GET", f"{V1}/parties/{{party_id}}"): _read("party:read", PARTY),
    ("GET", f"{V1}/parties"): _read("party:verify"),
    ("POST", f"{V1}/parties/{{party_id}}/verifications"): _do("party:verify"),
    ("POST", f"{V1}/parties/{{party_id}}/suspensions"): _do("party:suspend"),
    ("POST", f"{V1}/accounts"): _do("account:open"),
    ("POST", f"{V1}/accounts/{{account_id}}/closures"): _do("account:close"),
    ("POST", f"{V1}/role-grants"): _do("role:grant"),
    ("POST", f"{V1}/role-grants/{{grant_id}}/revocations"): _do("role:revoke"),
    ("POST", f"{V1}/sessions"): _public(command=True),
    ("DELETE", f"{V1}/sessions/current"): _do("session:close", OWN),
    ("GET", f"{V1}/me"): _read("self:read", OWN),
    ("POST", f"{V1}/me/password"): _do("password:change", OWN),
    ("POST", f"{V1}/tokens"): _do("token:manage", OWN),
    ("GET", f"{V1}/tokens"): _read("token:manage", OWN),
    ("POST", f"{V1}/tokens/{{token_id}}/revocations"): _do("token:manage", OWN),
    # keys and the log
    ("GET", f"{V1}/keys"): _public(),
    ("GET", f"{V1}/keys/jwks"): _public(),
    ("POST", f"{V1}/keys"): _do("key:register", OWN),
    ("POST", f"{V1}/keys/{{key_id}}/revocations"): _do("key:revoke"),
    ("POST", f"{V1}/keys/{{key_id}}/destructions"): _do("key:destroy"),
    ("GET", f"{V1}/key-destructions"): _read("key_destruction:read"),
    ("POST", f"{V1}/key-destructions/{{destruction_id}}/confirmations"): _do(
        "key:confirm_destruction"
    ),
    ("POST", f"{V1}/key-destructions/{{destruction_id}}/refusals"): _do("key:confirm_destruction"),
    ("POST", f"{V1}/key-destructions/{{destruction_id}}/withdrawals"): _do("key:destroy", OWN),
    ("GET", "/log/checkpoint"): _public(),
    ("GET", "/log/checkpoint.witnessed"): _public(),
    ("GET", "/log/proof/{index}"): _public(),
    ("GET", "/log/timestamps/{number}"): _public(),
    ("GET", "/log/timestamps/{number}/covers"): _public(),
    ("GET", f"{V1}/log/timestamps"): _public(),
    ("GET", f"{V1}/log/entries/{{index}}/evidence-record"): _public(),
    ("GET", "/log/tile/{path}"): _public(),
    ("GET", f"{V1}/log/entries/{{index}}"): _public(),
    ("GET", f"{V1}/log/proofs/inclusion"): _public(),
    ("GET", f"{V1}/log/proofs/consistency"): _public(),
    ("GET", f"{V1}/log/subjects/{{kind}}/{{identifier}}"): _public(),
    ("GET", f"{V1}/log/entries"): _read("log:search", PARTY),
    # notifications
    ("GET", f"{V1}/my/notifications"): _read("notification:read", OWN),
    ("GET", f"{V1}/my/notifications/{{notification_id}}"): _read("notification:read", OWN),
    ("POST", f"{V1}/my/notifications/{{notification_id}}/openings"): _do("notification:read", OWN),
    ("GET", f"{V1}/my/contact"): _read("contact:manage", OWN),
    ("PUT", f"{V1}/my/contact"): _do("contact:manage", OWN),
    ("POST", f"{V1}/my/contact/confirmations"): _do("contact:manage", OWN),
    ("GET", f"{V1}/undeliverable-notifications"): _read("notification:supervise"),
    ("GET", f"{V1}/notifications/{{notification_id}}/proof"): _read("notification:supervise"),
    # calendar and clocks
    ("GET", f"{V1}/calendar"): _public(),
    ("POST", f"{V1}/calendar-years"): _do("calendar:load"),
    ("GET", f"{V1}/rulebooks"): _public(),
    ("GET", f"{V1}/rulebooks/{{code}}"): _public(),
    ("POST", f"{V1}/rulebooks/{{code}}/settings"): _do("rulebook:set"),
    ("GET", f"{V1}/timers"): _read("timer:read", PARTY),
    ("GET", f"{V1}/timers/{{timer_id}}/explanation"): _read("timer:read", PARTY),
    ("GET", f"{V1}/work-queue"): _read("timer:read", PARTY),
    ("GET", f"{V1}/case-assignments"): _read("case_assignment:read"),
    ("POST", f"{V1}/case-assignments"): _do("case:take"),
    ("POST", f"{V1}/case-assignments/{{assignment_id}}/endings"): _do("case:take", ASSIGNED),
    # the register
    ("POST", f"{V1}/files"): _do("file:upload", OWN),
    ("GET", f"{V1}/files/{{file_id}}"): _read("file:read", PARTY),
    ("GET", f"{V1}/files/{{file_id}}/content"): _read("file:read", PARTY),
    ("POST", f"{V1}/delegations"): _do("operator:delegate"),
    ("GET", f"{V1}/delegations"): _read("delegation:read"),
    ("POST", f"{V1}/delegations/{{delegation_id}}/endings"): _do("operator:delegate"),
    ("GET", f"{V1}/agency-selections"): _public(),
    ("POST", f"{V1}/agency-selections"): _do("agency_selection:run"),
    ("GET", f"{V1}/agency-selections/{{selection_id}}"): _public(),
    ("GET", f"{V1}/agency-selections/{{selection_id}}/file"): _read("agency_selection:read"),
    ("GET", f"{V1}/agency-selections/{{selection_id}}/bids"): _read("agency_bid:read", PARTY),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/bids"): _do("agency_bid:hand_in", OWN),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/bid-withdrawals"): _do(
        "agency_bid:hand_in", OWN
    ),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/openings"): _do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/panel-draws"): _do("agency_selection:run"),
    ("GET", f"{V1}/agency-selections/{{selection_id}}/draw"): _public(),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/recusals"): _do(
        "agency_selection:score", ASSIGNED
    ),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/score-sheets"): _do(
        "agency_selection:score", ASSIGNED
    ),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/rankings"): _do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/awards"): _do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/failures"): _do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/remarks"): _do("agency_selection:supervise"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/remarks/{{remark_id}}/settlements"): _do(
        "agency_selection:supervise"
    ),
    ("POST", f"{V1}/authorisation-letters"): _do("authorisation_letter:grant", OWN),
    ("GET", f"{V1}/authorisation-letters"): _read("authorisation_letter:read", PARTY),
    ("GET", f"{V1}/authorisation-letters/{{letter_id}}"): _read("authorisation_letter:read", PARTY),
    ("POST", f"{V1}/authorisation-letters/{{letter_id}}/revocations"): _do(
        "authorisation_letter:revoke", PARTY
    ),
    ("POST", f"{V1}/agency-contracts"): _do("agency_contract:sign"),
    ("GET", f"{V1}/agency-contracts"): _read("agency_contract:read"),
    ("POST", f"{V1}/agency-contracts/{{contract_id}}/misconducts"): _do("agency_misconduct:record"),
    ("GET", f"{V1}/agency-contracts/{{contract_id}}/misconducts"): _read("agency_contract:read"),
    ("POST", f"{V1}/agency-contracts/{{contract_id}}/evaluations"): _do("agency_evaluation:write"),
    ("GET", f"{V1}/agency-evaluations"): _read("agency_evaluation:read", PARTY),
    ("GET", f"{V1}/agency-evaluations/{{evaluation_id}}"): _read("agency_evaluation:read", PARTY),
    ("POST", f"{V1}/agency-evaluations/{{evaluation_id}}/filings"): _do("agency_evaluation:write"),
    ("POST", f"{V1}/agency-evaluations/{{evaluation_id}}/acknowledgements"): _do(
        "agency_evaluation:acknowledge"
    ),
    ("GET", f"{V1}/agency-standing"): _read("agency_contract:read"),
    ("POST", f"{V1}/products"): _do("product:describe", OWN),
    ("PUT", f"{V1}/products/{{product_id}}"): _do("product:describe", OWN),
    ("POST", f"{V1}/products/{{product_id}}/contents"): _do("product:describe", OWN),
    ("POST", f"{V1}/products/{{product_id}}/withdrawals"): _do("product:withdraw", OWN),
    ("POST", f"{V1}/products/{{product_id}}/profiles"): _do("product:describe", OWN),
    ("GET", f"{V1}/products/{{product_id}}/profile"): _public(),
    ("GET", f"{V1}/products/{{product_id}}/preview"): _public(),
    ("GET", f"{V1}/products/{{product_id}}/quality"): _public(),
    ("GET", f"{V1}/products"): _public(),
    ("GET", f"{V1}/products/{{product_id}}"): _public(),
    ("GET", f"{V1}/my/products"): _read("product:describe", OWN),
    ("POST", f"{V1}/product-batches"): _do("product:describe", OWN),
    ("GET", f"{V1}/product-batches"): _read("product:describe", OWN),
    ("GET", f"{V1}/product-template.csv"): _public(),
    ("GET", f"{V1}/product-template.xlsx"): _public(),
    ("GET", f"{V1}/product-batches/{{batch_id}}"): _read("product:describe", OWN),
    ("GET", f"{V1}/product-batches/{{batch_id}}/rows"): _read("product:describe", OWN),
    ("GET", f"{V1}/product-batches/{{batch_id}}/report"): _read("product:describe", OWN),
    ("GET", f"{V1}/code-trees/{{tree}}"): _public(),
    ("POST", f"{V1}/my/saved-searches"): _do("search:save", OWN),
    ("GET", f"{V1}/my/saved-searches"): _read("search:save", OWN),
    ("GET", f"{V1}/my/saved-searches/{{saved_search_id}}/matches"): _read("search:save", OWN),
    ("PUT", f"{V1}/my/saved-searches/{{saved_search_id}}"): _do("search:save", OWN),
    ("POST", f"{V1}/my/saved-searches/{{saved_search_id}}/removals"): _do("search:save", OWN),
    ("GET", f"{V1}/synonyms"): _public(),
    ("GET", f"{V1}/synonym-table"): _public(),
    ("GET", f"{V1}/synonym-changes"): _read("synonym:read"),
    ("POST", f"{V1}/synonym-proposals"): _do("synonym:propose"),
    ("POST", f"{V1}/synonyms"): _do("synonym:edit"),
    ("POST", f"{V1}/synonyms/{{group_id}}/decisions"): _do("synonym:edit"),
    ("POST", f"{V1}/synonyms/{{group_id}}/removals"): _do("synonym:edit"),
    ("POST", f"{V1}/synonym-imports"): _do("synonym:edit"),
    ("GET", f"{V1}/products/{{product_id}}/provenance"): _public(),
    ("GET", f"{V1}/products/{{product_id}}/classifications"): _public(),
    ("GET", f"{V1}/products/{{product_id}}/revisions"): _public(),
    ("GET", f"{V1}/products/{{product_id}}/revisions/{{version}}"): _public(),
    ("POST", f"{V1}/products/{{product_id}}/quality-issues"): _do("quality_issue:report"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/hops"): _do("quality_issue:handle"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/assignments"): _do("quality_issue:handle"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/answers"): _do("quality_issue:answer", PARTY),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/feedbacks"): _do("quality_issue:handle"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/closures"): _do("quality_issue:report", PARTY),
    ("GET", f"{V1}/quality-issues"): _read("quality_issue:read", PARTY),
    ("GET", f"{V1}/quality-issues/{{issue_id}}"): _read("quality_issue:read", PARTY),
    ("POST", f"{V1}/products/{{product_id}}/reclassifications"): _do(
        "reclassification:propose", OWN
    ),
    ("POST", f"{V1}/reclassifications/{{reclassification_id}}/withdrawals"): _do(
        "reclassification:propose", OWN
    ),
    ("POST", f"{V1}/reclassifications/{{reclassification_id}}/decisions"): _do(
        "reclassification:decide"
    ),
    ("GET", f"{V1}/reclassifications"): _read("reclassification:read", PARTY),
    ("GET", f"{V1}/item-conflicts"): _read("item_conflict:read", PARTY),
    ("POST", f"{V1}/item-settlements"): _do("item_conflict:settle"),
    ("POST", f"{V1}/applications"): _do("application:draft", OWN),
    ("PUT", f"{V1}/applications/{{application_id}}"): _do("application:draft", OWN),
    ("PUT", f"{V1}/applications/{{application_id}}/materials/{{kind}}"): _do(
        "application:draft", OWN
    ),
    ("POST", f"{V1}/applications/{{application_id}}/submissions"): _do("application:submit", OWN),
    ("POST", f"{V1}/applications/{{application_id}}/resubmissions"): _do("application:submit", OWN),
    ("POST", f"{V1}/applications/{{application_id}}/withdrawals"): _do("application:withdraw", OWN),
    ("GET", f"{V1}/applications"): _read("application:read", PARTY),
    ("GET", f"{V1}/applications/{{application_id}}"): _read("application:read", PARTY),
    ("GET", f"{V1}/applications/{{application_id}}/dossier"): _read("application:read", PARTY),
    ("POST", f"{V1}/applications/{{application_id}}/consents"): _do("application:consent", PARTY),
    ("POST", f"{V1}/applications/{{application_id}}/consent-documents"): _do(
        "application:draft", OWN
    ),
    ("POST", f"{V1}/applications/{{application_id}}/consent-withdrawals"): _do(
        "application:consent", PARTY
    ),
    ("POST", f"{V1}/applications/{{application_id}}/material-requests"): _do("review:start"),
    ("POST", f"{V1}/applications/{{application_id}}/supplements"): _do("application:submit", OWN),
    ("GET", f"{V1}/applications/{{application_id}}/refusal-letter"): _read(
        "application:read", PARTY
    ),
    ("GET", f"{V1}/applications/{{application_id}}/case-file"): _read("case_file:issue", PARTY),
    ("POST", f"{V1}/applications/{{application_id}}/acceptance-opinions"): _do(
        "application:accept"
    ),
    ("POST", f"{V1}/applications/{{application_id}}/decision-notifications"): _do(
        "decision:notify"
    ),
    ("POST", f"{V1}/applications/{{application_id}}/reviews"): _do("review:start"),
    ("POST", f"{V1}/applications/{{application_id}}/agency-replacements"): _do("review:start"),
    ("POST", f"{V1}/applications/{{application_id}}/conflict-declarations"): _do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("GET", f"{V1}/applications/{{application_id}}/agency-assignments"): _read(
        "application:read", PARTY
    ),
    ("POST", f"{V1}/applications/{{application_id}}/technical-opinions"): _do(
        "technical_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/applications/{{application_id}}/compliance-opinions"): _do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/applications/{{application_id}}/review-decisions"): _do("review:decide"),
    ("POST", f"{V1}/applications/{{application_id}}/review-extensions"): _do("review:decide"),
    ("POST", f"{V1}/applications/{{application_id}}/notice-waivers"): _do("notice:publish"),
    ("POST", f"{V1}/applications/{{application_id}}/notices"): _do("notice:publish"),
    ("POST", f"{V1}/notices/{{notice_id}}/channel-postings"): _do("notice:confirm_channel"),
    ("GET", f"{V1}/notices"): _public(),
    ("GET", f"{V1}/notices/{{notice_id}}"): _public(),
    ("GET", f"{V1}/notices/{{notice_id}}/interruptions"): _public(),
    ("GET", "/notices.atom"): _public(),
    ("GET", "/notices.json"): _public(),
    ("POST", f"{V1}/notice-board"): _public(command=True),
    ("GET", f"{V1}/notice-board"): _public(),
    ("GET", f"{V1}/notice-board/{{posting_id}}"): _public(),
    ("POST", f"{V1}/notice-board/{{posting_id}}/withdrawals"): _public(command=True),
    ("POST", f"{V1}/applications/{{application_id}}/issuance-authorisations"): _do(
        "issuance:authorise"
    ),
    ("POST", f"{V1}/applications/{{application_id}}/issuance-returns"): _do("issuance:authorise"),
    ("POST", f"{V1}/applications/{{application_id}}/certificates"): _do("certificate:issue"),
    ("GET", f"{V1}/certificates"): _public(),
    ("GET", f"{V1}/certificates/{{number}}"): _public(),
    ("GET", f"{V1}/certificates/{{number}}/credential"): _public(),
    ("GET", f"{V1}/certificates/{{number}}/standing"): _public(),
    ("GET", f"{V1}/certificates/{{number}}/signatures/{{algorithm}}"): _public(),
    ("GET", f"{V1}/certificates/{{number}}/log-proof"): _public(),
    ("GET", f"{V1}/certificates/{{number}}/evidence-record"): _public(),
    ("GET", f"{V1}/certificate-documents/{{sha256}}/standing"): _public(),
    ("POST", f"{V1}/certificate-verifications"): _public(),
    ("GET", f"{V1}/certificate-status-lists/{{list_number}}"): _public(),
    ("GET", f"{V1}/certificates/{{number}}/reissues"): _read("certificate:read_burdens", PARTY),
    ("POST", f"{V1}/certificates/{{number}}/reissue-authorisations"): _do("issuance:authorise"),
    ("POST", f"{V1}/certificates/{{number}}/reissues"): _do("certificate:issue"),
    ("GET", f"{V1}/certificates/{{number}}/transfers"): _read("certificate:read_burdens", PARTY),
    ("POST", f"{V1}/certificates/{{number}}/transfers"): _do("certificate:deregister", OWN),
    ("POST", f"{V1}/certificates/{{number}}/transfer-signatures"): _do(
        "instrument:take_over", PARTY
    ),
    ("POST", f"{V1}/certificates/{{number}}/transfer-withdrawals"): _do(
        "instrument:take_over", PARTY
    ),
    ("POST", f"{V1}/certificates/{{number}}/transfer-authorisations"): _do("issuance:authorise"),
    ("POST", f"{V1}/certificates/{{number}}/transfer-certificates"): _do("certificate:issue"),
    ("GET", f"{V1}/register-events"): _public(),
    ("GET", f"{V1}/register-events/{{event_id}}"): _public(),
    ("GET", "/register.atom"): _public(),
    # the catalogue in the formats of others
    ("GET", "/catalogue.jsonld"): _public(),
    ("GET", "/catalogue.ttl"): _public(),
    ("GET", "/catalogue.rdf"): _public(),
    ("GET", "/products/{product_id}/dcat.jsonld"): _public(),
    ("GET", "/products/{product_id}/dcat.ttl"): _public(),
    ("GET", "/products/{product_id}/dcat.rdf"): _public(),
    ("GET", "/catalogue.atom"): _public(),
    ("GET", f"{V1}/harvest-sources"): _read("harvest:manage"),
    ("POST", f"{V1}/harvest-sources"): _do("harvest:manage"),
    ("POST", f"{V1}/harvest-sources/{{code}}/runs"): _do("harvest:manage"),
    ("POST", f"{V1}/harvest-runs/{{run_id}}/confirmations"): _do("harvest:manage"),
    ("GET", "/sitemap.xml"): _public(),
    ("GET", "/sitemaps/{number}"): _public(),
    ("GET", "/robots.txt"): _public(),
    ("GET", "/products/{product_id}/contract.odcs.yaml"): _public(),
    ("GET", "/products/{product_id}/contract.odcs.json"): _public(),
    ("GET", "/products/{product_id}/product.odps.yaml"): _public(),
    ("GET", "/products/{product_id}/product.odps.json"): _public(),
    ("GET", "/products/{product_id}/product.odps4.yaml"): _public(),
    ("GET", "/products/{product_id}/product.odps4.json"): _public(),
    ("GET", "/api/action/{action}"): _public(),
    ("POST", "/api/action/{action}"): _public(),
    ("GET", "/api/3/action/{action}"): _public(),
    ("POST", "/api/3/action/{action}"): _public(),
    ("GET", "/register.json"): _public(),
    ("POST", f"{V1}/certificates/{{number}}/freezes"): _do("certificate:freeze"),
    ("POST", f"{V1}/certificates/{{number}}/unfreezes"): _do("certificate:freeze"),
    ("POST", f"{V1}/certificates/{{number}}/encumbrances"): _do("certificate:encumber"),
    ("GET", f"{V1}/certificates/{{number}}/encumbrances"): _read("certificate:read_burdens", PARTY),
    ("POST", f"{V1}/encumbrances/{{encumbrance_id}}/releases"): _do("certificate:encumber"),
    ("GET", f"{V1}/foreign-registrars"): _public(),
    ("POST", f"{V1}/foreign-registrars"): _do("foreign_registrar:name"),
    ("GET", f"{V1}/foreign-certificates"): _public(),
    ("POST", f"{V1}/foreign-certificates"): _do("foreign_certificate:import", OWN),
    ("GET", f"{V1}/foreign-certificates/{{certificate_id}}"): _public(),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/checks"): _do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/verifications"): _do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/recognitions"): _do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/rechecks"): _do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/rejections"): _do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/withdrawals"): _do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/instruments"): _do("instrument:lodge"),
    ("GET", f"{V1}/instruments"): _read("instrument:read", PARTY),
    ("GET", f"{V1}/instruments/{{instrument_id}}"): _read("instrument:read", PARTY),
    ("POST", f"{V1}/instruments/{{instrument_id}}/checks"): _do("instrument:verify"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/verifications"): _do("instrument:verify"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/rejections"): _do("instrument:verify"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/executions"): _do("instrument:apply"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/transfers"): _do("instrument:take_over", PARTY),
    ("POST", f"{V1}/instruments/{{instrument_id}}/deregistrations"): _do(
        "instrument:take_over", PARTY
    ),
    ("GET", f"{V1}/certificates/{{number}}/deregistration"): _read("certificate:deregister", OWN),
    ("POST", f"{V1}/certificates/{{number}}/requests"): _do("application:submit", OWN),
    ("GET", f"{V1}/certificates/{{number}}/requests"): _read("application:read", PARTY),
    ("POST", f"{V1}/certificate-requests/{{request_id}}/withdrawals"): _do(
        "application:withdraw", OWN
    ),
    ("POST", f"{V1}/certificate-requests/{{request_id}}/decisions"): _do("certificate:issue"),
    ("POST", f"{V1}/certificates/{{number}}/revocations"): _do("review:decide"),
    ("POST", f"{V1}/certificates/{{number}}/deregistrations"): _do("certificate:deregister", OWN),
    ("POST", f"{V1}/certificates/{{number}}/changes"): _do("application:draft", OWN),
    ("PUT", f"{V1}/changes/{{change_id}}"): _do("application:draft", OWN),
    ("PUT", f"{V1}/changes/{{change_id}}/materials/{{kind}}"): _do("application:draft", OWN),
    ("POST", f"{V1}/changes/{{change_id}}/submissions"): _do("application:submit", OWN),
    ("POST", f"{V1}/changes/{{change_id}}/resubmissions"): _do("application:submit", OWN),
    ("POST", f"{V1}/changes/{{change_id}}/withdrawals"): _do("application:withdraw", OWN),
    ("GET", f"{V1}/changes"): _read("application:read", PARTY),
    ("GET", f"{V1}/changes/{{change_id}}"): _read("application:read", PARTY),
    ("POST", f"{V1}/changes/{{change_id}}/acceptance-opinions"): _do("application:accept"),
    ("POST", f"{V1}/changes/{{change_id}}/decision-notifications"): _do("decision:notify"),
    ("POST", f"{V1}/changes/{{change_id}}/reviews"): _do("review:start"),
    ("POST", f"{V1}/changes/{{change_id}}/agency-replacements"): _do("review:start"),
    ("POST", f"{V1}/changes/{{change_id}}/conflict-declarations"): _do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("GET", f"{V1}/changes/{{change_id}}/agency-assignments"): _read("application:read", PARTY),
    ("POST", f"{V1}/changes/{{change_id}}/technical-opinions"): _do(
        "technical_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/changes/{{change_id}}/compliance-opinions"): _do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/changes/{{change_id}}/review-decisions"): _do("review:decide"),
    ("POST", f"{V1}/changes/{{change_id}}/issuance-authorisations"): _do("issuance:authorise"),
    ("POST", f"{V1}/changes/{{change_id}}/issuance-returns"): _do("issuance:authorise"),
    ("POST", f"{V1}/changes/{{change_id}}/certificates"): _do("certificate:issue"),
    ("GET", f"{V1}/fee-schedule"): _public(),
    ("POST", f"{V1}/fee-schedule/prices"): _do("fee:set"),
    ("GET", f"{V1}/fees"): _read("fee:read", PARTY),
    ("POST", f"{V1}/fees/{{fee_id}}/payments"): _do("fee:record"),
    ("POST", f"{V1}/fees/{{fee_id}}/refunds"): _do("fee:record"),
    ("POST", f"{V1}/fees/{{fee_id}}/waivers"): _do("fee:record"),
    ("POST", f"{V1}/objections"): _do("objection:file"),
    ("GET", f"{V1}/objections"): _read("objection:read", PARTY),
    ("GET", f"{V1}/objections/{{objection_id}}"): _read("objection:read", PARTY),
    ("POST", f"{V1}/objections/{{objection_id}}/rejections"): _do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/forwardings"): _do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/responses"): _do("objection:respond", PARTY),
    ("POST", f"{V1}/objections/{{objection_id}}/material-requests"): _do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/completions"): _do("objection:file"),
    ("POST", f"{V1}/objections/{{objection_id}}/admissions"): _do("objection:respond", PARTY),
    ("POST", f"{V1}/objections/{{objection_id}}/determinations"): _do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/acceptances"): _do(
        "objection:accept_outcome", PARTY
    ),
    ("POST", f"{V1}/objections/{{objection_id}}/proceedings"): _do(
        "objection:start_proceedings", PARTY
    ),
    ("POST", f"{V1}/objections/{{objection_id}}/withdrawals"): _do("objection:withdraw", PARTY),
    # the trade
    ("POST", f"{V1}/pricing-filings"): _do("pricing:file", OWN),
    ("GET", f"{V1}/pricing-filings"): _read("pricing:read", PARTY),
    ("GET", f"{V1}/pricing-filings/{{filing_id}}"): _read("pricing:read", PARTY),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/submissions"): _do("pricing:file", OWN),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/recordings"): _do("pricing:record"),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/returns"): _do("pricing:record"),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/withdrawals"): _do("pricing:file", OWN),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/amendments"): _do("pricing:file", OWN),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/inquiries"): _do("pricing:record"),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/replies"): _do("pricing:file", OWN),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/clearances"): _do("pricing:record"),
    ("POST", f"{V1}/pricing-filings/{{filing_id}}/corrections"): _do("pricing:record"),
    ("GET", f"{V1}/pricing-filings/{{filing_id}}/receipt"): _public(),
    ("POST", f"{V1}/allowed-revenues"): _do("allowed_revenue:lay_down"),
    ("GET", f"{V1}/allowed-revenues"): _read("allowed_revenue:read", PARTY),
    ("POST", f"{V1}/allowed-revenues/{{allowance_id}}/comparisons"): _do(
        "allowed_revenue:lay_down"
    ),
    ("POST", f"{V1}/allowed-revenues/{{allowance_id}}/adjustments"): _do(
        "allowed_revenue:adjust", OWN
    ),
    ("POST", f"{V1}/allowed-revenues/{{allowance_id}}/closings"): _do("allowed_revenue:lay_down"),
    ("POST", f"{V1}/price-ceilings"): _do("ceiling:lay_down"),
    ("GET", f"{V1}/price-ceilings"): _public(),
    ("GET", f"{V1}/price-list"): _public(),
    ("GET", f"{V1}/price-list/signed"): _public(),
    ("GET", f"{V1}/products/{{product_id}}/price"): _public(),
    ("POST", f"{V1}/special-prices"): _do("special_price:offer", OWN),
    ("GET", f"{V1}/special-prices"): _read("special_price:read", PARTY),
    ("POST", f"{V1}/special-prices/{{special_price_id}}/withdrawals"): _do(
        "special_price:offer", OWN
    ),
    ("POST", f"{V1}/listings"): _do("listing:draft", OWN),
    ("GET", f"{V1}/listings"): _read("listing:read", PARTY),
    ("POST", f"{V1}/listings/{{listing_id}}/submissions"): _do("listing:submit", OWN),
    ("POST", f"{V1}/listings/{{listing_id}}/returns"): _do("listing:review"),
    ("POST", f"{V1}/listings/{{listing_id}}/publications"): _do("listing:review"),
    ("POST", f"{V1}/listings/{{listing_id}}/suspensions"): _do("listing:suspend"),
    ("POST", f"{V1}/listings/{{listing_id}}/resumptions"): _do("listing:suspend"),
    ("POST", f"{V1}/listings/{{listing_id}}/delistings"): _do("listing:delist", OWN),
    ("POST", f"{V1}/zones"): _do("zone:found"),
    ("GET", f"{V1}/zones"): _public(),
    ("GET", f"{V1}/zones/{{zone_id}}"): _public(),
    ("PUT", f"{V1}/zones/{{zone_id}}"): _do("zone:found"),
    ("POST", f"{V1}/zones/{{zone_id}}/decisions"): _do("zone:found"),
    ("POST", f"{V1}/zones/{{zone_id}}/handovers"): _do("zone:found"),
    ("GET", f"{V1}/zones/{{zone_id}}/products"): _public(),
    ("POST", f"{V1}/zones/{{zone_id}}/products"): _do("zone:operate", OWN),
    ("POST", f"{V1}/zones/{{zone_id}}/products/{{product_id}}/removals"): _do("zone:operate", OWN),
    ("GET", f"{V1}/open-licences"): _public(),
    ("GET", f"{V1}/open-data"): _public(),
    ("GET", f"{V1}/open-data/{{product_id}}/content"): _public(),
    ("POST", f"{V1}/openings"): _do("opening:request", OWN),
    ("GET", f"{V1}/openings"): _read("opening:read", PARTY),
    ("POST", f"{V1}/openings/{{opening_id}}/decisions"): _do("opening:decide"),
    ("POST", f"{V1}/openings/{{opening_id}}/closings"): _do("opening:close", PARTY),
    ("GET", f"{V1}/open-plans"): _public(),
    ("GET", f"{V1}/open-plans/{{year}}"): _public(),
    ("PUT", f"{V1}/open-plans/{{year}}"): _do("open_plan:write"),
    ("POST", f"{V1}/open-plans/{{year}}/publications"): _do("open_plan:write"),
    ("POST", f"{V1}/open-plans/{{year}}/items"): _do("open_plan:write"),
    ("POST", f"{V1}/open-plan-items/{{item_id}}/openings"): _do("open_plan:write"),
    ("POST", f"{V1}/open-plan-items/{{item_id}}/postponements"): _do("open_plan:write"),
    ("POST", f"{V1}/data-demands"): _public(command=True),
    ("GET", f"{V1}/data-demands"): _read("data_demand:read"),
    ("POST", f"{V1}/data-demand-lookups"): _public(),
    ("GET", f"{V1}/data-demand-answers"): _public(),
    ("POST", f"{V1}/data-demands/{{demand_id}}/joinings"): _do("data_demand:answer"),
    ("POST", f"{V1}/data-demands/{{demand_id}}/answers"): _do("data_demand:answer"),
    ("GET", f"{V1}/responsibility-list"): _public(),
    ("GET", "/responsibility-list.csv"): _public(),
    ("PUT", f"{V1}/my/chief-data-officer"): _do("chief_data_officer:name", OWN),
    ("GET", f"{V1}/my/chief-data-officer"): _read("chief_data_officer:name", OWN),
    ("GET", f"{V1}/chief-data-officers"): _read("chief_data_officer:read"),
    ("POST", f"{V1}/collections"): _do("collection:curate", OWN),
    ("GET", f"{V1}/collections"): _public(),
    ("GET", f"{V1}/my/collections"): _read("collection:curate", OWN),
    ("GET", f"{V1}/collections/{{collection_id}}"): _public(),
    ("PUT", f"{V1}/collections/{{collection_id}}"): _do("collection:curate", OWN),
    ("POST", f"{V1}/collections/{{collection_id}}/publications"): _do("collection:curate", OWN),
    ("POST", f"{V1}/collections/{{collection_id}}/withdrawals"): _do("collection:curate", OWN),
    ("GET", "/collections.atom"): _public(),
    ("GET", "/collections.json"): _public(),
    ("POST", f"{V1}/negotiations"): _do("negotiation:conduct"),
    ("GET", f"{V1}/negotiations"): _read("negotiation:read", PARTY),
    ("GET", f"{V1}/negotiations/{{negotiation_id}}"): _read("negotiation:read", PARTY),
    ("GET", f"{V1}/negotiations/{{negotiation_id}}/messages"): _read("negotiation:read", PARTY),
    **{
        ("POST", f"{V1}/negotiations/{{negotiation_id}}/{step}"): _do("negotiation:conduct", PARTY)
        for step in (
            "requests",
            "offers",
            "acceptances",
            "agreements",
            "verifications",
            "finalizations",
            "terminations",
            "reconciliations",
        )
    },
    ("GET", f"{V1}/negotiations/{{negotiation_id}}/agreement"): _read("negotiation:read", PARTY),
    ("GET", f"{V1}/contract-templates"): _public(),
    ("GET", f"{V1}/agreements"): _read("negotiation:read", PARTY),
    ("GET", f"{V1}/agreements/{{agreement_id}}"): _read("negotiation:read", PARTY),
    ("GET", f"{V1}/agreements/{{agreement_id}}/lineage"): _read("negotiation:read", PARTY),
    ("POST", f"{V1}/agreements/{{agreement_id}}/end-proposals"): _do("negotiation:conduct", PARTY),
    ("POST", f"{V1}/agreements/{{agreement_id}}/end-refusals"): _do("negotiation:conduct", PARTY),
    ("POST", f"{V1}/agreements/{{agreement_id}}/end-confirmations"): _do(
        "negotiation:conduct", PARTY
    ),
    ("POST", f"{V1}/orders"): _do("order:place", OWN),
    ("GET", f"{V1}/orders"): _read("order:read", PARTY),
    ("GET", f"{V1}/orders/{{order_id}}"): _read("order:read", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/clearances"): _do("order:clear"),
    ("GET", f"{V1}/orders/{{order_id}}/contract"): _read("order:read", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/signatures"): _do("contract:sign", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/payments"): _do("order:pay", PARTY),
    ("POST", f"{V1}/sandbox-channel/payments/{{reference}}/confirmations"): _do("order:pay", PARTY),
    ("POST", f"{V1}/channels/{{channel}}/callbacks"): _public(command=True),
    ("POST", f"{V1}/orders/{{order_id}}/deliveries"): _do("order:deliver", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/access-tokens"): _do("grant:use", PARTY),
    ("GET", f"{V1}/orders/{{order_id}}/content"): _read("grant:use", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/acceptances"): _do("delivery:accept", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/issues"): _do("delivery:dispute", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/resolutions"): _do("dispute:resolve"),
    ("POST", f"{V1}/orders/{{order_id}}/cancellations"): _do("order:cancel", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/cut-offs"): _do("order:cut_off", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/resumptions"): _do("order:cut_off", PARTY),
    ("POST", f"{V1}/products/{{product_id}}/consents"): _do("consent:enter", PARTY),
    ("GET", f"{V1}/products/{{product_id}}/consents"): _read("consent:read", PARTY),
    ("POST", f"{V1}/consents/{{consent_id}}/withdrawals"): _do("consent:enter", PARTY),
    ("POST", f"{V1}/own-consents/withdrawals"): _public(command=True),
    ("POST", f"{V1}/own-consents/exports"): _public(command=True),
    ("POST", f"{V1}/own-consents/complaint-ways"): _public(),
    ("POST", f"{V1}/products/{{product_id}}/anonymisations"): _do("anonymisation:submit", PARTY),
    ("GET", f"{V1}/products/{{product_id}}/anonymisations"): _read("anonymisation:read", PARTY),
    ("POST", f"{V1}/anonymisations/{{anonymisation_id}}/decisions"): _do(
        "anonymisation:decide", PARTY
    ),
    ("POST", f"{V1}/bundles"): _do("order:place", OWN),
    ("GET", f"{V1}/bundles/{{bundle_id}}"): _read("order:read", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/destruction-statements"): _do("delivery:accept", PARTY),
    ("GET", f"{V1}/orders/{{order_id}}/destruction-statement"): _read("order:read", PARTY),
    ("POST", f"{V1}/cut-offs"): _do("order:cut_off", PARTY),
    ("GET", f"{V1}/cut-offs"): _read("order:cut_off", PARTY),
    ("POST", f"{V1}/cut-offs/{{cut_off_id}}/liftings"): _do("order:cut_off", PARTY),
    ("POST", f"{V1}/orders/{{order_id}}/releases"): _do("escrow:release"),
    ("GET", f"{V1}/orders/{{order_id}}/usage"): _read("statement:read", PARTY),
    ("GET", f"{V1}/proof-bundles/{{kind}}/{{identifier}}"): _read("proof_bundle:issue", PARTY),
    ("GET", f"{V1}/orders/{{order_id}}/ledger"): _read("order_ledger:read", PARTY),
    ("GET", f"{V1}/ledger/accounts"): _read("ledger:read"),
    ("GET", f"{V1}/ledger/entries"): _read("ledger:read"),
    ("GET", f"{V1}/ledger/trial-balance"): _read("ledger:read"),
    # supervision
    ("POST", f"{V1}/reports"): _do("report:generate"),
    ("GET", f"{V1}/reports"): _read("report:read"),
    ("GET", f"{V1}/reports/{{report_id}}"): _read("report:read"),
    ("GET", f"{V1}/reports/{{report_id}}/workbook"): _read("report:read"),
    ("GET", f"{V1}/reports/{{report_id}}/recomputation"): _read("report:read"),
    ("POST", f"{V1}/reports/{{report_id}}/signatures"): _do("report:sign"),
    ("POST", f"{V1}/reports/{{report_id}}/submissions"): _do("report:submit"),
    ("POST", f"{V1}/reports/{{report_id}}/acknowledgements"): _do("report:acknowledge"),
    ("POST", f"{V1}/reports/{{report_id}}/returns"): _do("report:acknowledge"),
    ("GET", f"{V1}/spot-checks"): _public(),
    ("POST", f"{V1}/spot-checks"): _do("spot_check:plan"),
    ("GET", f"{V1}/spot-checks/{{spot_check_id}}"): _read("spot_check:read"),
    ("GET", f"{V1}/spot-checks/{{spot_check_id}}/draw"): _public(),
    ("GET", f"{V1}/spot-checks/{{spot_check_id}}/findings"): _read("spot_check:read"),
    ("POST", f"{V1}/spot-checks/{{spot_check_id}}/draws"): _do("spot_check:plan"),
    ("POST", f"{V1}/spot-checks/{{spot_check_id}}/recusals"): _do("spot_check:inspect", ASSIGNED),
    ("POST", f"{V1}/spot-checks/{{spot_check_id}}/beginnings"): _do("spot_check:plan"),
    ("POST", f"{V1}/spot-checks/{{spot_check_id}}/findings"): _do("spot_check:inspect", ASSIGNED),
    ("POST", f"{V1}/spot-checks/{{spot_check_id}}/conclusions"): _do("spot_check:plan"),
    ("POST", f"{V1}/spot-checks/{{spot_check_id}}/publications"): _do("spot_check:plan"),
    ("POST", f"{V1}/spot-checks/{{spot_check_id}}/rectifications"): _do("spot_check:rectify"),
    ("GET", f"{V1}/traces/{{product_id}}"): _read("trace:read"),
    ("POST", f"{V1}/incidents"): _do("incident:detect"),
    ("GET", f"{V1}/incidents"): _read("incident:read"),
    ("GET", f"{V1}/incidents/{{incident_id}}"): _read("incident:read"),
    ("POST", f"{V1}/incidents/{{incident_id}}/triages"): _do("incident:handle"),
    ("POST", f"{V1}/incidents/{{incident_id}}/dismissals"): _do("incident:handle"),
    ("POST", f"{V1}/incidents/{{incident_id}}/measures"): _do("incident:handle"),
    ("POST", f"{V1}/incidents/{{incident_id}}/reports"): _do("incident:handle"),
    ("POST", f"{V1}/incidents/{{incident_id}}/receipts"): _do("incident:acknowledge"),
    ("POST", f"{V1}/incidents/{{incident_id}}/affected-notifications"): _do("incident:handle"),
    ("POST", f"{V1}/incidents/{{incident_id}}/root-causes"): _do("incident:handle"),
    ("POST", f"{V1}/incidents/{{incident_id}}/closings"): _do("incident:handle"),
    ("GET", f"{V1}/retained-cases"): _read("retention:read"),
    ("GET", f"{V1}/rechecks"): _read("retention:read"),
    ("POST", f"{V1}/complaints"): _public(command=True),
    ("GET", f"{V1}/complaints"): _read("complaint:read"),
    ("POST", f"{V1}/complaint-lookups"): _public(),
    ("POST", f"{V1}/complaint-appeals"): _public(command=True),
    ("GET", f"{V1}/complaint-statistics"): _public(),
    ("GET", f"{V1}/my/complaints"): _read("complaint:read_own", OWN),
    ("GET", f"{V1}/complaints/{{complaint_id}}"): _read("complaint:read_own", PARTY),
    ("POST", f"{V1}/complaints/{{complaint_id}}/triages"): _do("complaint:handle"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/investigations"): _do("complaint:handle"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/measures"): _do("complaint:handle"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/liftings"): _do("complaint:handle"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/resolutions"): _do("complaint:handle"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/appeals"): _do("complaint:appeal", PARTY),
    ("POST", f"{V1}/complaints/{{complaint_id}}/reviews"): _do("complaint:review"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/arbitrations"): _do("complaint:appeal", PARTY),
    ("POST", f"{V1}/complaints/{{complaint_id}}/awards"): _do("complaint:handle"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/closings"): _do("complaint:handle"),
    ("POST", f"{V1}/complaints/{{complaint_id}}/credit-findings"): _do("credit:find"),
    ("GET", f"{V1}/webhook-event-types"): _public(),
    ("POST", f"{V1}/my/webhook-endpoints"): _do("webhook:manage", OWN),
    ("GET", f"{V1}/my/webhook-endpoints"): _read("webhook:manage", OWN),
    ("POST", f"{V1}/my/webhook-endpoints/{{endpoint_id}}/secret-rotations"): _do(
        "webhook:manage", OWN
    ),
    ("POST", f"{V1}/my/webhook-endpoints/{{endpoint_id}}/disablings"): _do("webhook:manage", OWN),
    ("POST", f"{V1}/my/webhook-endpoints/{{endpoint_id}}/enablings"): _do("webhook:manage", OWN),
    ("GET", f"{V1}/my/webhook-endpoints/{{endpoint_id}}/deliveries"): _read("webhook:manage", OWN),
    ("POST", f"{V1}/my/webhook-deliveries/{{delivery_id}}/replays"): _do("webhook:manage", OWN),
    ("POST", f"{V1}/credit-records"): _do("credit:find"),
    ("GET", f"{V1}/credit-records"): _read("credit:read_own", PARTY),
    ("GET", f"{V1}/credit-records/{{record_id}}"): _read("credit:read_own", PARTY),
    ("GET", f"{V1}/my/credit"): _read("credit:read_own", OWN),
    ("GET", f"{V1}/credit-list"): _public(),
    ("POST", f"{V1}/credit-records/{{record_id}}/objections"): _do("credit:object", PARTY),
    ("POST", f"{V1}/credit-records/{{record_id}}/answers"): _do("credit:decide"),
    ("POST", f"{V1}/credit-records/{{record_id}}/sanctions"): _do("credit:decide"),
    ("POST", f"{V1}/credit-records/{{record_id}}/repairs"): _do("credit:decide"),
    ("POST", f"{V1}/credit-rewards"): _do("credit:decide"),
    ("GET", f"{V1}/drills"): _read("incident:read"),
    ("POST", f"{V1}/drills"): _do("incident:handle"),
    # the house itself
    ("GET", "/healthz/live"): _public(),
    ("GET", "/healthz/ready"): _public(),
    ("GET", "/openapi.json"): _public(),
    ("GET", "/docs"): _public(),
    ("GET", "/docs/rapidoc-min.js"): _public(),
}

# Pages for people. The portal signs its forms with the session; each form is one command.
PAGES: Final[dict[tuple[str, str], Rule]] = {
    ("GET", "/"): _public(),
    ("GET", "/products"): _public(),
    ("GET", "/products/found.csv"): _public(),
    ("GET", "/browse/{tree}"): _public(),
    ("GET", "/my/products"): _read("product:describe", OWN),
    ("GET", "/products/{product_id}"): _public(),
    ("GET", "/products/{product_id}/revisions"): _public(),
    ("GET", "/products/{product_id}/quality-issues"): _read("quality_issue:report"),
    ("POST", "/products/{product_id}/quality-issues"): _do("quality_issue:report"),
    ("GET", "/quality-issues"): _read("quality_issue:read", PARTY),
    ("GET", "/quality-issues/{issue_id}"): _read("quality_issue:read", PARTY),
    ("POST", "/quality-issues/{issue_id}/hops"): _do("quality_issue:handle"),
    ("POST", "/quality-issues/{issue_id}/assignments"): _do("quality_issue:handle"),
    ("POST", "/quality-issues/{issue_id}/answers"): _do("quality_issue:answer", PARTY),
    ("POST", "/quality-issues/{issue_id}/feedbacks"): _do("quality_issue:handle"),
    ("POST", "/quality-issues/{issue_id}/closures"): _do("quality_issue:report", PARTY),
    ("GET", "/my/product-batches"): _read("product:describe", OWN),
    ("POST", "/my/product-batches"): _do("product:describe", OWN),
    ("GET", "/my/product-batches/{batch_id}"): _read("product:describe", OWN),
    ("GET", "/my/saved-searches"): _read("search:save", OWN),
    ("POST", "/my/saved-searches"): _do("search:save", OWN),
    ("GET", "/my/saved-searches/{saved_search_id}"): _read("search:save", OWN),
    ("POST", "/my/saved-searches/{saved_search_id}/names"): _do("search:save", OWN),
    ("POST", "/my/saved-searches/{saved_search_id}/removals"): _do("search:save", OWN),
    ("GET", "/synonyms"): _public(),
    ("POST", "/synonyms"): _do("synonym:edit"),
    ("GET", "/synonym-changes"): _read("synonym:read"),
    ("POST", "/synonym-proposals"): _do("synonym:propose"),
    ("POST", "/synonyms/{group_id}/decisions"): _do("synonym:edit"),
    ("POST", "/synonyms/{group_id}/removals"): _do("synonym:edit"),
    ("POST", "/synonym-imports"): _do("synonym:edit"),
    ("GET", "/harvest-sources"): _read("harvest:manage"),
    ("POST", "/harvest-sources"): _do("harvest:manage"),
    ("POST", "/harvest-sources/{code}/runs"): _do("harvest:manage"),
    ("POST", "/harvest-runs/{run_id}/confirmations"): _do("harvest:manage"),
    ("GET", "/responsibility-list"): _public(),
    ("GET", "/chief-data-officers"): _read("chief_data_officer:read"),
    ("GET", "/my/chief-data-officer"): _read("chief_data_officer:name", OWN),
    ("POST", "/my/chief-data-officer"): _do("chief_data_officer:name", OWN),
    ("GET", "/notices"): _public(),
    ("GET", "/notices/{notice_id}"): _public(),
    ("GET", "/certificates"): _public(),
    ("GET", "/certificates/{number}"): _public(),
    ("GET", "/certificates/{number}/paper"): _public(),
    ("GET", "/certificates/paper-seal.pem"): _public(),
    ("GET", "/certificates/paper-seals/{key_id}/pem"): _public(),
    ("GET", "/verify"): _public(),
    ("POST", "/verify"): _public(),
    ("GET", "/register"): _public(),
    ("GET", "/register/{event_id}"): _public(),
    ("GET", "/price-list"): _public(),
    ("GET", "/prices"): _public(),
    ("GET", "/open-data"): _public(),
    ("GET", "/data-demands"): _public(),
    ("GET", "/complaints"): _public(),
    ("POST", "/complaints"): _public(command=True),
    ("POST", "/complaints/status"): _public(),
    ("GET", "/data-demands/new"): _public(),
    ("POST", "/data-demands/new"): _public(command=True),
    ("GET", "/data-demands/desk"): _read("data_demand:read"),
    ("POST", "/data-demands/{demand_id}/answers"): _do("data_demand:answer"),
    ("POST", "/data-demands/{demand_id}/joinings"): _do("data_demand:answer"),
    ("GET", "/data-demands/look-up"): _public(),
    ("POST", "/data-demands/look-up"): _public(),
    ("GET", "/accessibility"): _public(),
    ("GET", "/site-map"): _public(),
    ("GET", "/open-plans"): _public(),
    ("GET", "/open-plans/{year}"): _public(),
    ("GET", "/collections"): _public(),
    ("GET", "/collections/{collection_id}"): _public(),
    ("GET", "/zones"): _public(),
    ("GET", "/zones/{code}"): _public(),
    ("GET", "/agency-selections"): _public(),
    ("GET", "/agency-selections/{selection_id}"): _public(),
    ("GET", "/notice-board/{posting_id}"): _public(),
    ("GET", "/orders"): _read("order:read", PARTY),
    ("GET", "/orders/{order_id}"): _read("order:read", PARTY),
    ("GET", "/inbox"): _read("notification:read", OWN),
    ("GET", "/inbox/{notification_id}"): _read("notification:read", OWN),
    ("POST", "/inbox/{notification_id}"): _do("notification:read", OWN),
    ("GET", "/spot-checks"): _public(),
    ("GET", "/spot-checks/{spot_check_id}"): _public(),
    ("GET", "/queue"): _read("timer:read", PARTY),
    ("GET", "/queue/{timer_id}"): _read("timer:read", PARTY),
    ("GET", "/applications"): _read("application:read", PARTY),
    ("GET", "/applications/{application_id}"): _read("application:read", PARTY),
    ("GET", "/changes/{change_id}"): _read("application:read", PARTY),
    ("GET", "/spot-check-findings/{finding_id}"): _read("spot_check:read"),
    ("GET", "/objections"): _read("objection:read", PARTY),
    ("GET", "/objections/{objection_id}"): _read("objection:read", PARTY),
    ("GET", "/audit"): _read("log:search", PARTY),
    ("GET", "/sign-in"): _public(),
    ("POST", "/sign-in"): _public(command=True),
    ("POST", "/sign-out"): _do("session:close", OWN),
    ("GET", "/reports"): _read("report:read"),
    ("GET", "/reports/{report_id}"): _read("report:read"),
    ("GET", "/static/{path}"): _public(),
}

POLICY: Final = API | PAGES
