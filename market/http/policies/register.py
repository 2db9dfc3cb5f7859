"""Say what the routes of the register need: products, applications, certificates, objections."""

from __future__ import annotations

from typing import Final

from market.http.policies.rule import ASSIGNED, OWN, PARTY, V1, Rules, do, public, read

REGISTER: Final[Rules] = {
    # the register
    ("POST", f"{V1}/files"): do("file:upload", OWN),
    ("GET", f"{V1}/files/{{file_id}}"): read("file:read", PARTY),
    ("GET", f"{V1}/files/{{file_id}}/content"): read("file:read", PARTY),
    ("POST", f"{V1}/delegations"): do("operator:delegate"),
    ("GET", f"{V1}/delegations"): read("delegation:read"),
    ("POST", f"{V1}/delegations/{{delegation_id}}/endings"): do("operator:delegate"),
    ("GET", f"{V1}/agency-selections"): public(),
    ("POST", f"{V1}/agency-selections"): do("agency_selection:run"),
    ("GET", f"{V1}/agency-selections/{{selection_id}}"): public(),
    ("GET", f"{V1}/agency-selections/{{selection_id}}/file"): read("agency_selection:read"),
    ("GET", f"{V1}/agency-selections/{{selection_id}}/bids"): read("agency_bid:read", PARTY),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/bids"): do("agency_bid:hand_in", OWN),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/bid-withdrawals"): do(
        "agency_bid:hand_in", OWN
    ),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/openings"): do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/panel-draws"): do("agency_selection:run"),
    ("GET", f"{V1}/agency-selections/{{selection_id}}/draw"): public(),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/recusals"): do(
        "agency_selection:score", ASSIGNED
    ),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/score-sheets"): do(
        "agency_selection:score", ASSIGNED
    ),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/rankings"): do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/awards"): do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/failures"): do("agency_selection:run"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/remarks"): do("agency_selection:supervise"),
    ("POST", f"{V1}/agency-selections/{{selection_id}}/remarks/{{remark_id}}/settlements"): do(
        "agency_selection:supervise"
    ),
    ("POST", f"{V1}/authorisation-letters"): do("authorisation_letter:grant", OWN),
    ("GET", f"{V1}/authorisation-letters"): read("authorisation_letter:read", PARTY),
    ("GET", f"{V1}/authorisation-letters/{{letter_id}}"): read("authorisation_letter:read", PARTY),
    ("POST", f"{V1}/authorisation-letters/{{letter_id}}/revocations"): do(
        "authorisation_letter:revoke", PARTY
    ),
    ("POST", f"{V1}/agency-contracts"): do("agency_contract:sign"),
    ("GET", f"{V1}/agency-contracts"): read("agency_contract:read"),
    ("POST", f"{V1}/agency-contracts/{{contract_id}}/misconducts"): do("agency_misconduct:record"),
    ("GET", f"{V1}/agency-contracts/{{contract_id}}/misconducts"): read("agency_contract:read"),
    ("POST", f"{V1}/agency-contracts/{{contract_id}}/evaluations"): do("agency_evaluation:write"),
    ("GET", f"{V1}/agency-evaluations"): read("agency_evaluation:read", PARTY),
    ("GET", f"{V1}/agency-evaluations/{{evaluation_id}}"): read("agency_evaluation:read", PARTY),
    ("POST", f"{V1}/agency-evaluations/{{evaluation_id}}/filings"): do("agency_evaluation:write"),
    ("POST", f"{V1}/agency-evaluations/{{evaluation_id}}/acknowledgements"): do(
        "agency_evaluation:acknowledge"
    ),
    ("GET", f"{V1}/agency-standing"): read("agency_contract:read"),
    ("POST", f"{V1}/products"): do("product:describe", OWN),
    ("PUT", f"{V1}/products/{{product_id}}"): do("product:describe", OWN),
    ("POST", f"{V1}/products/{{product_id}}/contents"): do("product:describe", OWN),
    ("POST", f"{V1}/products/{{product_id}}/withdrawals"): do("product:withdraw", OWN),
    ("POST", f"{V1}/products/{{product_id}}/profiles"): do("product:describe", OWN),
    ("GET", f"{V1}/products/{{product_id}}/profile"): public(),
    ("GET", f"{V1}/products/{{product_id}}/preview"): public(),
    ("GET", f"{V1}/products/{{product_id}}/quality"): public(),
    ("GET", f"{V1}/products"): public(),
    ("GET", f"{V1}/products/{{product_id}}"): public(),
    ("GET", f"{V1}/my/products"): read("product:describe", OWN),
    ("POST", f"{V1}/product-batches"): do("product:describe", OWN),
    ("GET", f"{V1}/product-batches"): read("product:describe", OWN),
    ("GET", f"{V1}/product-template.csv"): public(),
    ("GET", f"{V1}/product-template.xlsx"): public(),
    ("GET", f"{V1}/product-batches/{{batch_id}}"): read("product:describe", OWN),
    ("POST", f"{V1}/product-batches/{{batch_id}}/cancellations"): do("product:describe", OWN),
    ("GET", f"{V1}/product-batches/{{batch_id}}/rows"): read("product:describe", OWN),
    ("GET", f"{V1}/product-batches/{{batch_id}}/report"): read("product:describe", OWN),
    ("GET", f"{V1}/code-trees/{{tree}}"): public(),
    ("GET", f"{V1}/standards"): public(),
    ("POST", f"{V1}/my/saved-searches"): do("search:save", OWN),
    ("GET", f"{V1}/my/saved-searches"): read("search:save", OWN),
    ("GET", f"{V1}/my/saved-searches/{{saved_search_id}}/matches"): read("search:save", OWN),
    ("PUT", f"{V1}/my/saved-searches/{{saved_search_id}}"): do("search:save", OWN),
    ("POST", f"{V1}/my/saved-searches/{{saved_search_id}}/removals"): do("search:save", OWN),
    ("GET", f"{V1}/synonyms"): public(),
    ("GET", f"{V1}/synonym-table"): public(),
    ("GET", f"{V1}/synonym-changes"): read("synonym:read"),
    ("POST", f"{V1}/synonym-proposals"): do("synonym:propose"),
    ("POST", f"{V1}/synonyms"): do("synonym:edit"),
    ("POST", f"{V1}/synonyms/{{group_id}}/decisions"): do("synonym:edit"),
    ("POST", f"{V1}/synonyms/{{group_id}}/removals"): do("synonym:edit"),
    ("POST", f"{V1}/synonym-imports"): do("synonym:edit"),
    ("GET", f"{V1}/products/{{product_id}}/provenance"): public(),
    ("GET", f"{V1}/products/{{product_id}}/classifications"): public(),
    ("GET", f"{V1}/products/{{product_id}}/revisions"): public(),
    ("GET", f"{V1}/products/{{product_id}}/revisions/{{version}}"): public(),
    ("POST", f"{V1}/products/{{product_id}}/quality-issues"): do("quality_issue:report"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/hops"): do("quality_issue:handle"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/assignments"): do("quality_issue:handle"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/answers"): do("quality_issue:answer", PARTY),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/feedbacks"): do("quality_issue:handle"),
    ("POST", f"{V1}/quality-issues/{{issue_id}}/closures"): do("quality_issue:report", PARTY),
    ("GET", f"{V1}/quality-issues"): read("quality_issue:read", PARTY),
    ("GET", f"{V1}/quality-issues/{{issue_id}}"): read("quality_issue:read", PARTY),
    ("POST", f"{V1}/products/{{product_id}}/reclassifications"): do(
        "reclassification:propose", OWN
    ),
    ("POST", f"{V1}/reclassifications/{{reclassification_id}}/withdrawals"): do(
        "reclassification:propose", OWN
    ),
    ("POST", f"{V1}/reclassifications/{{reclassification_id}}/decisions"): do(
        "reclassification:decide"
    ),
    ("GET", f"{V1}/reclassifications"): read("reclassification:read", PARTY),
    ("GET", f"{V1}/item-conflicts"): read("item_conflict:read", PARTY),
    ("POST", f"{V1}/item-settlements"): do("item_conflict:settle"),
    ("POST", f"{V1}/applications"): do("application:draft", OWN),
    ("PUT", f"{V1}/applications/{{application_id}}"): do("application:draft", OWN),
    ("PUT", f"{V1}/applications/{{application_id}}/materials/{{kind}}"): do(
        "application:draft", OWN
    ),
    ("POST", f"{V1}/applications/{{application_id}}/submissions"): do("application:submit", OWN),
    ("POST", f"{V1}/applications/{{application_id}}/resubmissions"): do("application:submit", OWN),
    ("POST", f"{V1}/applications/{{application_id}}/withdrawals"): do("application:withdraw", OWN),
    ("GET", f"{V1}/applications"): read("application:read", PARTY),
    ("GET", f"{V1}/applications/{{application_id}}"): read("application:read", PARTY),
    ("GET", f"{V1}/applications/{{application_id}}/dossier"): read("application:read", PARTY),
    ("POST", f"{V1}/applications/{{application_id}}/consents"): do("application:consent", PARTY),
    ("POST", f"{V1}/applications/{{application_id}}/consent-documents"): do(
        "application:draft", OWN
    ),
    ("POST", f"{V1}/applications/{{application_id}}/consent-withdrawals"): do(
        "application:consent", PARTY
    ),
    ("POST", f"{V1}/applications/{{application_id}}/material-requests"): do("review:start"),
    ("POST", f"{V1}/applications/{{application_id}}/supplements"): do("application:submit", OWN),
    ("GET", f"{V1}/applications/{{application_id}}/refusal-letter"): read(
        "application:read", PARTY
    ),
    ("GET", f"{V1}/applications/{{application_id}}/case-file"): read("case_file:issue", PARTY),
    ("POST", f"{V1}/applications/{{application_id}}/acceptance-opinions"): do("application:accept"),
    ("POST", f"{V1}/applications/{{application_id}}/decision-notifications"): do("decision:notify"),
    ("POST", f"{V1}/applications/{{application_id}}/reviews"): do("review:start"),
    ("POST", f"{V1}/applications/{{application_id}}/agency-replacements"): do("review:start"),
    ("POST", f"{V1}/applications/{{application_id}}/conflict-declarations"): do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("GET", f"{V1}/applications/{{application_id}}/agency-assignments"): read(
        "application:read", PARTY
    ),
    ("POST", f"{V1}/applications/{{application_id}}/technical-opinions"): do(
        "technical_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/applications/{{application_id}}/compliance-opinions"): do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/applications/{{application_id}}/review-decisions"): do("review:decide"),
    ("POST", f"{V1}/applications/{{application_id}}/review-extensions"): do("review:decide"),
    ("POST", f"{V1}/applications/{{application_id}}/notice-waivers"): do("notice:publish"),
    ("POST", f"{V1}/applications/{{application_id}}/notices"): do("notice:publish"),
    ("POST", f"{V1}/notices/{{notice_id}}/channel-postings"): do("notice:confirm_channel"),
    ("GET", f"{V1}/notices"): public(),
    ("GET", f"{V1}/notices/{{notice_id}}"): public(),
    ("GET", f"{V1}/notices/{{notice_id}}/interruptions"): public(),
    ("GET", "/notices.atom"): public(),
    ("GET", "/notices.json"): public(),
    ("POST", f"{V1}/notice-board"): public(command=True),
    ("GET", f"{V1}/notice-board"): public(),
    ("GET", f"{V1}/notice-board/{{posting_id}}"): public(),
    ("POST", f"{V1}/notice-board/{{posting_id}}/withdrawals"): public(command=True),
    ("POST", f"{V1}/applications/{{application_id}}/issuance-authorisations"): do(
        "issuance:authorise"
    ),
    ("POST", f"{V1}/applications/{{application_id}}/issuance-returns"): do("issuance:authorise"),
    ("POST", f"{V1}/applications/{{application_id}}/certificates"): do("certificate:issue"),
    ("GET", f"{V1}/certificates"): public(),
    ("GET", f"{V1}/certificates/{{number}}"): public(),
    ("GET", f"{V1}/certificates/{{number}}/credential"): public(),
    ("GET", f"{V1}/certificates/{{number}}/standing"): public(),
    ("GET", f"{V1}/certificates/{{number}}/signatures/{{algorithm}}"): public(),
    ("GET", f"{V1}/certificates/{{number}}/log-proof"): public(),
    ("GET", f"{V1}/certificates/{{number}}/evidence-record"): public(),
    ("GET", f"{V1}/certificate-documents/{{sha256}}/standing"): public(),
    ("POST", f"{V1}/certificate-verifications"): public(),
    ("GET", f"{V1}/certificate-status-lists/{{list_number}}"): public(),
    ("GET", f"{V1}/certificates/{{number}}/reissues"): read("certificate:read_burdens", PARTY),
    ("POST", f"{V1}/certificates/{{number}}/reissue-authorisations"): do("issuance:authorise"),
    ("POST", f"{V1}/certificates/{{number}}/reissues"): do("certificate:issue"),
    ("GET", f"{V1}/certificates/{{number}}/transfers"): read("certificate:read_burdens", PARTY),
    ("POST", f"{V1}/certificates/{{number}}/transfers"): do("certificate:deregister", OWN),
    ("POST", f"{V1}/certificates/{{number}}/transfer-signatures"): do(
        "instrument:take_over", PARTY
    ),
    ("POST", f"{V1}/certificates/{{number}}/transfer-withdrawals"): do(
        "instrument:take_over", PARTY
    ),
    ("POST", f"{V1}/certificates/{{number}}/transfer-authorisations"): do("issuance:authorise"),
    ("POST", f"{V1}/certificates/{{number}}/transfer-certificates"): do("certificate:issue"),
    ("GET", f"{V1}/register-events"): public(),
    ("GET", f"{V1}/register-events/{{event_id}}"): public(),
    ("GET", "/register.atom"): public(),
    ("GET", "/register.json"): public(),
    ("POST", f"{V1}/certificates/{{number}}/freezes"): do("certificate:freeze"),
    ("POST", f"{V1}/certificates/{{number}}/unfreezes"): do("certificate:freeze"),
    ("POST", f"{V1}/certificates/{{number}}/encumbrances"): do("certificate:encumber"),
    ("GET", f"{V1}/certificates/{{number}}/encumbrances"): read("certificate:read_burdens", PARTY),
    ("POST", f"{V1}/encumbrances/{{encumbrance_id}}/releases"): do("certificate:encumber"),
    ("GET", f"{V1}/foreign-registrars"): public(),
    ("POST", f"{V1}/foreign-registrars"): do("foreign_registrar:name"),
    ("GET", f"{V1}/foreign-certificates"): public(),
    ("POST", f"{V1}/foreign-certificates"): do("foreign_certificate:import", OWN),
    ("GET", f"{V1}/foreign-certificates/{{certificate_id}}"): public(),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/checks"): do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/verifications"): do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/recognitions"): do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/rechecks"): do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/rejections"): do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/foreign-certificates/{{certificate_id}}/withdrawals"): do(
        "foreign_certificate:verify"
    ),
    ("POST", f"{V1}/instruments"): do("instrument:lodge"),
    ("GET", f"{V1}/instruments"): read("instrument:read", PARTY),
    ("GET", f"{V1}/instruments/{{instrument_id}}"): read("instrument:read", PARTY),
    ("POST", f"{V1}/instruments/{{instrument_id}}/checks"): do("instrument:verify"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/verifications"): do("instrument:verify"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/rejections"): do("instrument:verify"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/executions"): do("instrument:apply"),
    ("POST", f"{V1}/instruments/{{instrument_id}}/transfers"): do("instrument:take_over", PARTY),
    ("POST", f"{V1}/instruments/{{instrument_id}}/deregistrations"): do(
        "instrument:take_over", PARTY
    ),
    ("GET", f"{V1}/certificates/{{number}}/deregistration"): read("certificate:deregister", OWN),
    ("POST", f"{V1}/certificates/{{number}}/requests"): do("application:submit", OWN),
    ("GET", f"{V1}/certificates/{{number}}/requests"): read("application:read", PARTY),
    ("POST", f"{V1}/certificate-requests/{{request_id}}/withdrawals"): do(
        "application:withdraw", OWN
    ),
    ("POST", f"{V1}/certificate-requests/{{request_id}}/decisions"): do("certificate:issue"),
    ("POST", f"{V1}/certificates/{{number}}/revocations"): do("review:decide"),
    ("POST", f"{V1}/certificates/{{number}}/deregistrations"): do("certificate:deregister", OWN),
    ("POST", f"{V1}/certificates/{{number}}/changes"): do("application:draft", OWN),
    ("PUT", f"{V1}/changes/{{change_id}}"): do("application:draft", OWN),
    ("PUT", f"{V1}/changes/{{change_id}}/materials/{{kind}}"): do("application:draft", OWN),
    ("POST", f"{V1}/changes/{{change_id}}/submissions"): do("application:submit", OWN),
    ("POST", f"{V1}/changes/{{change_id}}/resubmissions"): do("application:submit", OWN),
    ("POST", f"{V1}/changes/{{change_id}}/withdrawals"): do("application:withdraw", OWN),
    ("GET", f"{V1}/changes"): read("application:read", PARTY),
    ("GET", f"{V1}/changes/{{change_id}}"): read("application:read", PARTY),
    ("POST", f"{V1}/changes/{{change_id}}/acceptance-opinions"): do("application:accept"),
    ("POST", f"{V1}/changes/{{change_id}}/decision-notifications"): do("decision:notify"),
    ("POST", f"{V1}/changes/{{change_id}}/reviews"): do("review:start"),
    ("POST", f"{V1}/changes/{{change_id}}/agency-replacements"): do("review:start"),
    ("POST", f"{V1}/changes/{{change_id}}/conflict-declarations"): do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("GET", f"{V1}/changes/{{change_id}}/agency-assignments"): read("application:read", PARTY),
    ("POST", f"{V1}/changes/{{change_id}}/technical-opinions"): do(
        "technical_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/changes/{{change_id}}/compliance-opinions"): do(
        "compliance_opinion:record", ASSIGNED
    ),
    ("POST", f"{V1}/changes/{{change_id}}/review-decisions"): do("review:decide"),
    ("POST", f"{V1}/changes/{{change_id}}/issuance-authorisations"): do("issuance:authorise"),
    ("POST", f"{V1}/changes/{{change_id}}/issuance-returns"): do("issuance:authorise"),
    ("POST", f"{V1}/changes/{{change_id}}/certificates"): do("certificate:issue"),
    ("GET", f"{V1}/fee-schedule"): public(),
    ("POST", f"{V1}/fee-schedule/prices"): do("fee:set"),
    ("GET", f"{V1}/fees"): read("fee:read", PARTY),
    ("POST", f"{V1}/fees/{{fee_id}}/payments"): do("fee:record"),
    ("POST", f"{V1}/fees/{{fee_id}}/refunds"): do("fee:record"),
    ("POST", f"{V1}/fees/{{fee_id}}/waivers"): do("fee:record"),
    ("POST", f"{V1}/objections"): do("objection:file"),
    ("GET", f"{V1}/objections"): read("objection:read", PARTY),
    ("GET", f"{V1}/objections/{{objection_id}}"): read("objection:read", PARTY),
    ("POST", f"{V1}/objections/{{objection_id}}/rejections"): do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/forwardings"): do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/responses"): do("objection:respond", PARTY),
    ("POST", f"{V1}/objections/{{objection_id}}/material-requests"): do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/completions"): do("objection:file"),
    ("POST", f"{V1}/objections/{{objection_id}}/admissions"): do("objection:respond", PARTY),
    ("POST", f"{V1}/objections/{{objection_id}}/determinations"): do("objection:decide"),
    ("POST", f"{V1}/objections/{{objection_id}}/acceptances"): do(
        "objection:accept_outcome", PARTY
    ),
    ("POST", f"{V1}/objections/{{objection_id}}/proceedings"): do(
        "objection:start_proceedings", PARTY
    ),
    ("POST", f"{V1}/objections/{{objection_id}}/withdrawals"): do("objection:withdraw", PARTY),
}
