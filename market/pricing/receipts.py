"""Write what is filed, and the receipt for it (备案回执), as exact bytes.

A receipt says what was filed, when, and under which number; it approves of nothing (A32). It is signed
by the key for statements, and anybody can check it by the public key alone.
"""

from __future__ import annotations

from typing import Final

from catalog.audit_log.leaf import instant
from catalog.kernel.errors import Missing
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.signer import Signer
from market.pricing.model import Filing, Receipt

RECORD: Final = "shushi/pricing-filing/1"
FORMAT: Final = "shushi/price-filing-statement/1"
SAID: Final = "本回执证明所列价格已予备案；备案不是审批。"


class ReceiptMissing(Missing):
    """The filing was not recorded yet, so it has no receipt."""

    code = "pricing_receipt_not_found"


def record_of(drafted: Filing) -> bytes:
    """Return what is filed: of a first edition what was always written, of a later one which it follows."""
    said = {"format": RECORD, "id": drafted.id, "terms": drafted.terms}
    if drafted.amends is not None:
        said |= {"edition": drafted.edition, "amends": drafted.amends}
    return canonical(said)


def document(recorded: Filing) -> bytes:
    """Return the canonical bytes of the receipt for a filing that is recorded."""
    assert recorded.filed_at is not None, "what is recorded was filed"
    assert recorded.recorded_at is not None, "what is recorded was recorded"
    return canonical(
        {
            "format": FORMAT,
            "statement_id": recorded.id,
            "said": SAID,
            "filing_number": recorded.filing_number,
            "record_sha256": recorded.record_sha256,
            "edition": recorded.edition,
            "amends": recorded.amends,
            "filer_party_id": recorded.supplier_party_id,
            "product_id": recorded.product_id,
            "use_category": recorded.terms.use_category,
            "pricing_regime": recorded.terms.pricing_regime,
            "scenarios": recorded.terms.scenarios,
            "effective_from": recorded.terms.effective_from,
            "effective_to": recorded.terms.effective_to,
            "filed_at": instant(recorded.filed_at),
            "recorded_at": instant(recorded.recorded_at),
        }
    )


def signed(recorded: Filing, signer: Signer) -> Receipt:
    """Return the signed receipt for a filing that is recorded."""
    told = document(recorded)
    return Receipt(type=FORMAT, document=told, signature=signer.seal(told), sha256=sha256_hex(told))
