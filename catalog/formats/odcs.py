"""Say it as a data contract: Open Data Contract Standard 3.1 (Bitol, LF AI & Data).

The dictionary is its schema, required items are its quality checks, the update cycle its service
level, the lowest filed price its price. A contract is offered here and signed with an order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from catalog.formats.dcat import use_in_words
from catalog.formats.facts import Facts, Site, yuan
from catalog.products.model import Description, Form, Item, ItemType, Sensitivity, UpdateCycle

Node = dict[str, Any]

VERSION: Final = "v3.1.0"
_TYPES: Final[Mapping[ItemType, str]] = {
    ItemType.TEXT: "string",
    ItemType.INTEGER: "integer",
    ItemType.DECIMAL: "number",
    ItemType.BOOLEAN: "boolean",
    ItemType.DATE: "date",
    ItemType.DATETIME: "timestamp",
    ItemType.STRUCTURE: "object",
}
# How often, and in which unit; what changes at no fixed time has no such level.
CYCLES: Final[Mapping[UpdateCycle, tuple[int, str]]] = {
    UpdateCycle.REAL_TIME: (1, "s"),
    UpdateCycle.HOURLY: (1, "h"),
    UpdateCycle.DAILY: (1, "d"),
    UpdateCycle.WEEKLY: (7, "d"),
    UpdateCycle.MONTHLY: (1, "m"),
    UpdateCycle.QUARTERLY: (3, "m"),
    UpdateCycle.HALF_YEARLY: (6, "m"),
    UpdateCycle.YEARLY: (1, "y"),
}


def contract(facts: Facts, site: Site) -> Node:
    """Return the data contract of a product."""
    page = site.product(facts.id)
    found: Node = {
        "apiVersion": VERSION,
        "kind": "DataContract",
        "id": str(facts.id),
        "name": facts.name,
        "version": str(facts.version),
        "status": "active",
        "dataProduct": facts.name,
        "description": _description(facts),
        "authoritativeDefinitions": definitions(facts, site),
        "contractCreatedTs": _instant(facts.created_at),
        "servers": [_server(facts, site)],
        "support": [{"channel": "page", "url": page, "tool": "other", "scope": "interactive"}],
        "customProperties": custom(facts),
    }
    if facts.supplier_name:
        found["tenant"] = facts.supplier_name
        found["team"] = {"name": facts.supplier_name}
    if facts.keywords:
        found["tags"] = list(facts.keywords)
    if facts.told is not None and facts.told.industry_section:
        found["domain"] = facts.told.industry_section
    if facts.told is not None and facts.told.items:
        found["schema"] = [_schema(facts, facts.told)]
    if facts.lowest is not None:
        found["price"] = {
            "priceAmount": float(yuan(facts.lowest.amount_fen)),
            "priceCurrency": "CNY",
            "priceUnit": facts.lowest.unit.value,
        }
    if levels := _levels(facts):
        found["slaProperties"] = levels
    return found


def definitions(facts: Facts, site: Site) -> list[Node]:
    """Return where more is said, and what can be checked."""
    page = site.product(facts.id)
    found = [
        {"type": "businessDefinition", "url": page},
        {"type": "dcat", "url": f"{page}/dcat.jsonld"},
    ]
    if facts.certificate_number is not None:
        address = f"{site.url}/certificates/{facts.certificate_number}"
        found.append({"type": "certificate", "url": address})
    if facts.open_licence is not None:
        found.append({"type": "license", "url": site.licence(facts.open_licence)})
    cited = facts.told.conforms_to if facts.told is not None else ()
    return found + [{"type": "standard", "url": each.address} for each in cited if each.address]


def custom(facts: Facts) -> list[Node]:
    """Return what these standards have no field for."""
    told: dict[str, Any] = {
        "certificateNumber": facts.certificate_number,
        "priceFiling": None if facts.lowest is None else facts.lowest.filing_number,
        "form": None if facts.form is None else facts.form.value,
        "region": facts.region or None,
        "isListed": facts.is_listed,
        "license": None if facts.open_licence is None else facts.open_licence.code,
        "conformsTo": None
        if facts.told is None
        else [standard.number for standard in facts.told.conforms_to] or None,
    }
    if facts.quality is not None:
        told["qualityOverall"] = facts.quality.overall
        told |= {f"quality{name.title()}": points for name, points in facts.quality.dimensions}
    return [{"property": name, "value": value} for name, value in told.items() if value is not None]


def _description(facts: Facts) -> Node:
    said = {"purpose": facts.description, "limitations": use_in_words(facts)}
    if facts.told is not None:
        said["usage"] = "；".join(each.description for each in facts.told.scenarios)
    return {name: text for name, text in said.items() if text}


def _server(facts: Facts, site: Site) -> Node:
    if facts.form is Form.DATA_API:
        return {"server": "shushi", "type": "api", "location": f"{site.url}/api/v1"}
    return {
        "server": "shushi",
        "type": "custom",
        "description": "按订单交付。 Delivered under an order.",
    }


def _schema(facts: Facts, told: Description) -> Node:
    found: Node = {
        "name": "data",
        "logicalType": "object",
        "businessName": facts.name,
        "properties": [_property(item) for item in told.items],
    }
    if told.catalogue.quality_standard:
        found["quality"] = [{"type": "text", "description": told.catalogue.quality_standard}]
    return found


def _property(item: Item) -> Node:
    found: Node = {
        "name": item.name,
        "logicalType": _TYPES[item.type],
        "required": item.is_required,
        "classification": "public" if item.sensitivity is Sensitivity.NONE else "restricted",
    }
    if item.title:
        found["businessName"] = item.title
    if item.type is ItemType.TEXT and item.length is not None:
        found["logicalTypeOptions"] = {"maxLength": item.length}
    if item.is_required:
        check = {"type": "library", "metric": "nullValues", "mustBe": 0}
        found["quality"] = [check | {"dimension": "completeness"}]
    told = {
        "unit": item.unit,
        "sensitivity": "" if item.sensitivity is Sensitivity.NONE else item.sensitivity.value,
    }
    if any(told.values()):
        found["customProperties"] = [
            {"property": name, "value": value} for name, value in told.items() if value
        ]
    return found


def _levels(facts: Facts) -> list[Node]:
    found: list[Node] = []
    if facts.cycle is not None and facts.cycle in CYCLES:
        value, unit = CYCLES[facts.cycle]
        found.append({"property": "frequency", "value": value, "unit": unit})
    told = facts.told
    if told is not None and told.valid_from is not None:
        found.append({"property": "generalAvailability", "value": told.valid_from.isoformat()})
    if told is not None and told.valid_to is not None:
        found.append({"property": "endOfLife", "value": told.valid_to.isoformat()})
    return found


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
