"""Ask whether a filing says what BJ-17 wants: 「相关定价及依据、应用场景、使用范围及方式」."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catalog.kernel.errors import FieldError, Invalid
from market.pricing import plans
from market.pricing.model import Basis, Terms


class PriceItemsMissing(Invalid):
    """No price is filed (相关定价, BJ-17)."""

    code = "filing_price_items_missing"


class BasisMissing(Invalid):
    """Nothing says on what the price rests (及依据, BJ-17)."""

    code = "filing_basis_missing"


class ScenariosMissing(Invalid):
    """Nothing says for which scenarios (应用场景, BJ-17)."""

    code = "filing_scenarios_missing"


class UseScopeMissing(Invalid):
    """Nothing says who may use it, and where (使用范围, BJ-17)."""

    code = "filing_use_scope_missing"


class DeliveryModesMissing(Invalid):
    """Nothing says in which manner it is used (方式, BJ-17)."""

    code = "filing_delivery_modes_missing"


class PriceItemTwice(Invalid):
    """Two prices bear one code."""

    code = "filing_price_item_twice"


class EffectivePeriodInvalid(Invalid):
    """The filing ends before it begins."""

    code = "filing_effective_period_invalid"


class AttachmentUndeclared(Invalid):
    """A file is attached whose digest does not stand among the documents that the prices rest on."""

    code = "filing_attachment_undeclared"


def check_attachments(basis: Basis | None, sha256s: Sequence[str]) -> None:
    """Return if what is filed names the digest of each attached file: with it the bytes are fixed.

    :raises AttachmentUndeclared: if not, with the places of those that are missing.
    """
    declared = () if basis is None else basis.document_sha256s
    errors = tuple(
        FieldError(f"/basis/attachments/{place}", AttachmentUndeclared.code)
        for place, sha256 in enumerate(sha256s)
        if sha256 not in declared
    )
    if errors:
        raise AttachmentUndeclared(errors=errors)


def faults(terms: Terms) -> Iterator[tuple[type[Invalid], str]]:
    """Yield every fault of ``terms`` and the place in the body where it lies."""
    if not terms.price_items:
        yield PriceItemsMissing, "/price_items"
    if terms.basis is None or not (terms.basis.explanation.strip() or terms.basis.document_sha256s):
        yield BasisMissing, "/basis"
    if not terms.scenarios:
        yield ScenariosMissing, "/scenarios"
    if not terms.use_scope.audience.strip() or not terms.use_scope.regions:
        yield UseScopeMissing, "/use_scope"
    if not terms.delivery_modes:
        yield DeliveryModesMissing, "/delivery_modes"
    codes = [item.code for item in terms.price_items]
    if len(set(codes)) < len(codes):
        yield PriceItemTwice, "/price_items"
    for place, item in enumerate(terms.price_items):
        for fault in plans.faults(item):
            yield fault, f"/price_items/{place}"
    if terms.effective_to is not None and terms.effective_to < terms.effective_from:
        yield EffectivePeriodInvalid, "/effective_to"


def check_complete(terms: Terms) -> None:
    """Return if nothing is missing. The refusal is named for the first fault and lists all.

    :raises PriceItemsMissing: if there is no price (and the others of this file and of
        ``plans.py`` likewise).
    """
    found = list(faults(terms))
    if found:
        errors = tuple(FieldError(pointer, fault.code) for fault, pointer in found)
        raise found[0][0](errors=errors, missing=[fault.code for fault, _ in found])
