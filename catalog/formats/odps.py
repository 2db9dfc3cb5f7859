"""Say it as a data product with its price plans: Open Data Product Specification 4.1 (ODPI, LF)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from catalog.formats import odcs
from catalog.formats.dcat import use_in_words
from catalog.formats.facts import Facts, Price, Site, yuan
from catalog.kernel.local_time import local_date
from catalog.products.model import Form, MeteringUnit, UpdateCycle

Node = dict[str, Any]

VERSION: Final = "4.1"
SCHEMA: Final = "https://opendataproducts.org/v4.1/schema/odps.json"
_TYPES: Final[Mapping[Form, str]] = {
    Form.DATASET: "dataset",
    Form.DATA_API: "data-driven service",
    Form.DATA_INDICATOR: "derived data",
    Form.DATA_REPORT: "reports",
    Form.DATA_MODEL_ALGORITHM: "algorithm",
    Form.DATA_APPLICATION: "data-enhanced product",
    Form.DATA_SERVICE: "data-driven service",
    Form.OTHER_TRADABLE: "derived data",
}
_DURATIONS: Final = {
    MeteringUnit.DAY: "day",
    MeteringUnit.MONTH: "month",
    MeteringUnit.YEAR: "year",
}
_VOLUMES: Final = (MeteringUnit.GIGABYTE, MeteringUnit.DATA_CALL_VOLUME)
_UNITS: Final = {"s": "seconds", "d": "days", "m": "months", "y": "years"}
_LONGEST_VALUE: Final = 512  # of valueProposition and definition, by the specification
_LONGEST_RESTRICTIONS: Final = 255


def product(facts: Facts, site: Site) -> Node:
    """Return the product in ODPS 4.1."""
    page = site.product(facts.id)
    found: Node = {
        "details": {"zh": _details(facts)},
        "contract": {
            "id": str(facts.id),
            "type": "ODCS",
            "contractVersion": odcs.VERSION,
            "contractURL": f"{page}/contract.odcs.yaml",
        },
        "license": {"scope": _licence(facts)},
        "dataAccess": {"default": _access(facts, site)},
        "dataHolder": {"legalName": facts.supplier_name[:256]},
    }
    if facts.prices:
        found["pricingPlans"] = {"declarative": {"zh": [_plan(each) for each in facts.prices]}}
    if level := _level(facts):
        found["SLA"] = {"declarative": {"default": {"dimensions": [level]}}}
    return {"schema": SCHEMA, "version": VERSION, "product": found}


def _details(facts: Facts) -> Node:
    found: Node = {
        "name": facts.name,
        "productID": str(facts.id),
        "visibility": "public",
        "status": "production",
        "type": _TYPES[facts.form or Form.DATASET],
        "created": local_date(facts.created_at).isoformat(),
        "updated": local_date(facts.updated_at).isoformat(),
        "productVersion": str(facts.version),
        "description": facts.description,
        "tags": list(facts.keywords),
    }
    if facts.told is not None:
        found["valueProposition"] = facts.told.value_statement[:_LONGEST_VALUE]
        found["useCases"] = [
            {"useCase": {"useCaseTitle": each.code, "useCaseDescription": each.description}}
            for each in facts.told.scenarios
        ]
        if facts.told.industry_section:
            found["categories"] = [facts.told.industry_section]
    elif facts.foreign is not None and facts.foreign.theme:
        found["categories"] = [facts.foreign.theme]
    return found


def _plan(price: Price) -> Node:
    found: Node = {
        "name": price.note or price.code,
        "priceCurrency": "CNY",
        "price": yuan(price.amount_fen),
        "unit": _unit(price),
        "billingDuration": _DURATIONS.get(price.unit, "instant"),
        "validFrom": f"{price.effective_from}T00:00:00+08:00",
        "offering": [f"{price.unit.value}", f"filing {price.filing_number}"],
    }
    if price.has_tax:
        found["valueAddedTaxIncluded"] = price.is_tax_included
        if price.tax_rate_bps is not None and price.tax_rate_bps % 100 == 0:
            found["valueAddedTaxPercentage"] = price.tax_rate_bps // 100
    if price.effective_to is not None:
        found["validTo"] = f"{price.effective_to}T23:59:59+08:00"  # the last day counts
    if price.quantity_max is not None:
        found["maxTransactionQuantity"] = price.quantity_max
    return found


def _unit(price: Price) -> str:
    if price.amount_fen == 0:
        return "Open-data"
    if price.charge == "one_off":
        return "One-time-payment"
    if price.charge == "period":
        return "Recurring"
    return "Data-volume" if price.unit in _VOLUMES else "Pay-per-use"


def _licence(facts: Facts) -> Node:
    use = facts.use
    found: Node = {
        "definition": use_in_words(facts)[:_LONGEST_VALUE],
        "exclusive": False,
        "permanent": use is not None and not use.period,
        "rights": ["Display"],
    }
    if use is not None and use.regions:
        found["geographicalArea"] = list(use.regions)
    if facts.open_licence is not None or (use is not None and use.onward_use):
        found["rights"] = ["Display", "Distribution", "Transferring"]
    if use is not None and use.audience:
        found["restrictions"] = use.audience[:_LONGEST_RESTRICTIONS]
    return found


def _access(facts: Facts, site: Site) -> Node:
    found: Node = {
        "name": {"zh": "按订单交付", "en": "Delivered under an order"},
        "outputPortType": "API" if facts.form is Form.DATA_API else "file",
        "authenticationMethod": "Token",
        "specification": "OAS",
        "specsURL": f"{site.url}/openapi.json",
        "accessURL": site.product(facts.id),
        "documentationURL": site.product(facts.id),
    }
    if facts.content is not None:
        found |= {"hashType": "SHA-256", "checksum": facts.content.sha256}
    return found


def _level(facts: Facts) -> Node | None:
    cycle = facts.cycle
    if cycle is None or cycle not in odcs.CYCLES:
        return None
    value, unit = odcs.CYCLES[cycle]
    if cycle is UpdateCycle.HOURLY:  # the specification knows minutes and no hours
        value, unit = 60, "minutes"
    return {
        "dimension": "updateFrequency",
        "objective": value,
        "unit": _UNITS.get(unit, unit),
    }
