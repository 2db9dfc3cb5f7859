"""Say at which field of a form a refusal is told that names none itself (拒绝理由写在哪一项旁)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.kernel.errors import DomainError

#: What stands before the name of a clause's parameter in a form.
CLAUSE: Final = "clause_"
_FIELDS: Final[Mapping[str, str]] = {
    "order_quantity_out_of_range": "quantity",
    "order_quotation_required": "price_item",
    "order_purpose_missing": "purpose",
    "price_item_unknown": "price_item",
    "offer_price_not_filed": "price_item",
    "offer_times_invalid": "ends_at",
    "offer_expired": "valid_until",
    "raw_export_forbidden": "delivery_mode",
    "contract_template_unknown": "template",
    "key_unknown": "key_id",
    "key_not_valid": "key_id",
    "algorithm_not_of_the_key": "key_id",
    "contract_signature_invalid": "signature",
    "affiliation_share_unfit": "share",
    "affiliation_basis_missing": "basis",
    "affiliation_dates_unfit": "valid_until",
    "related_dealing_reason_missing": "reason",
    "complaint_reason_missing": "reason",
    "approval_reason_missing": "reason",
    "complaint_hearing_over": "text",
    "complaint_position_stated": "text",
    "credit_reason_missing": "reason",
    "anonymisation_end_missing": "valid_to",
    "webhook_url_unfit": "url",
    "complaint_measure_stands": "measure",
    "complaint_measure_unknown": "measure",
    "complaint_ruling_unclear": "ruling",
    "ruling_refund_unclear": "refund_fen",
}


def field_of(error: DomainError) -> str:
    """Return the field that a refusal is about, or nothing if it is about none alone."""
    if error.code == "offer_outside_filed_scope":
        return str(next(iter(error.facts["outside"]), ""))
    if error.code == "clause_parameters_wrong":
        return CLAUSE + str(next(iter(error.facts["missing"]), ""))
    return _FIELDS.get(error.code, "")
