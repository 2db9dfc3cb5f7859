"""Say it as schema.org's Dataset, which search engines read from a page (JSON-LD in a script element)."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import msgspec

from catalog.formats import authorities
from catalog.formats.dcat import use_in_words
from catalog.formats.facts import NAME_ZH, NO_DESCRIPTION, Facts, Price, Site, yuan
from catalog.formats.iris import web_address

Node = dict[str, Any]

# What would end the script element, or the line of an older reader, is written otherwise.
_ESCAPES: Final[dict[str, str | int | None]] = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_SHORTEST: Final = 50  # search engines want descriptions of 50 to 5000 characters
_LONGEST: Final = 5000


def script(facts: Facts, site: Site) -> str:
    """Return what stands inside the script element of a product's page, safe where it stands."""
    written = msgspec.json.encode(
        {"@context": "https://schema.org", **dataset(facts, site)}
    ).decode()
    return written.translate(str.maketrans(_ESCAPES))


def dataset(facts: Facts, site: Site) -> Node:
    """Return the product as a Dataset with its offers."""
    page = site.product(facts.id)
    found: Node = {
        "@type": "Dataset",
        "@id": page,
        "url": page,
        "name": facts.name,
        "description": _description(facts),
        "identifier": _identifiers(facts, site),
        "version": str(facts.version),
        "dateCreated": _instant(facts.created_at),
        "dateModified": _instant(facts.updated_at),
        "includedInDataCatalog": {"@type": "DataCatalog", "name": NAME_ZH, "url": f"{site.url}/"},
    } | _access(facts, site)
    if facts.supplier_name:
        found["creator"] = {"@type": "Organization", "name": facts.supplier_name}
    if facts.keywords:
        found["keywords"] = list(facts.keywords)
    if facts.region:
        found["spatialCoverage"] = facts.region
    if facts.prices:
        found["offers"] = [_offer(price, page, facts) for price in facts.prices]
    if facts.origins:
        found["isBasedOn"] = [
            {"@type": "CreativeWork", "name": each.name}
            if each.product_id is None
            else {"@type": "Dataset", "@id": site.product(each.product_id), "name": each.name}
            for each in facts.origins
        ]
    return found | _content(facts, site) | _told(facts)


def _told(facts: Facts) -> Node:
    told = facts.told
    if told is None:
        return {}
    found: Node = {}
    if told.valid_from is not None or told.valid_to is not None:
        found["temporalCoverage"] = f"{told.valid_from or '..'}/{told.valid_to or '..'}"
    if told.items:
        found["variableMeasured"] = [
            {"@type": "PropertyValue", "name": item.title or item.name}
            | ({"unitText": item.unit} if item.unit else {})
            for item in told.items
        ]
    return found


def _content(facts: Facts, site: Site) -> Node:
    foreign = facts.foreign
    address = None if foreign is None else web_address(foreign.url)
    if foreign is not None and address is not None:
        download: Node = {"@type": "DataDownload", "contentUrl": address}
        if foreign.format:
            download["encodingFormat"] = foreign.format
        return {"distribution": [download]}
    if facts.content is None:
        return {}
    # Delivered under an order: what it is, and no address to load it from; unless it is open.
    download = {
        "@type": "DataDownload",
        "encodingFormat": facts.content.media_type,
        "contentSize": f"{facts.content.size_bytes} B",
        "sha256": facts.content.sha256,
    }
    if facts.open_licence is not None:
        download["contentUrl"] = site.open_content(facts.id)
    return {"distribution": [download]}


def _description(facts: Facts) -> str:
    said = facts.description or NO_DESCRIPTION
    if len(said) < _SHORTEST:
        parts = [facts.name, said, *facts.keywords, facts.supplier_name]
        said = " · ".join(part for part in parts if part)
    return said[:_LONGEST]


def _identifiers(facts: Facts, site: Site) -> list[Any]:
    found: list[Any] = [str(facts.id)]
    if facts.certificate_number is not None:
        certificate = {
            "@type": "PropertyValue",
            "propertyID": "确权登记凭证",
            "value": facts.certificate_number,
            "url": f"{site.url}/certificates/{facts.certificate_number}",
        }
        found.append(certificate)
    return found


def _access(facts: Facts, site: Site) -> Node:
    """Return under which licence it is had, and whether for nothing, as far as somebody said so."""
    found: Node = {}
    if licence := _licence(facts, site):
        found["license"] = licence
    foreign = facts.foreign
    is_open = foreign is not None and foreign.licence in authorities.LICENCES
    if facts.prices:
        found["isAccessibleForFree"] = any(not price.amount_fen for price in facts.prices)
    elif facts.open_licence is not None or is_open:
        found["isAccessibleForFree"] = True
    return found


def _licence(facts: Facts, site: Site) -> Any:
    if facts.open_licence is not None:
        return site.licence(facts.open_licence)
    if facts.foreign is None:
        return {
            "@type": "CreativeWork",
            "name": "数据产品使用许可",
            "description": use_in_words(facts),
            "url": site.product(facts.id),
        }
    word = facts.foreign.licence
    named = {"@type": "CreativeWork", "name": word} if word else None
    return authorities.LICENCES.get(word, named)


def _offer(price: Price, page: str, facts: Facts) -> Node:
    amount: Node = {"price": yuan(price.amount_fen), "priceCurrency": "CNY"}
    state = "InStock" if facts.is_listed else "OutOfStock"
    return {
        "@type": "Offer",
        "url": page,
        "availability": f"https://schema.org/{state}",
        "validFrom": price.effective_from.isoformat(),
        **amount,
        "priceSpecification": {
            "@type": "UnitPriceSpecification",
            "unitText": price.unit.value,
            "identifier": price.filing_number,
            **({"valueAddedTaxIncluded": price.is_tax_included} if price.has_tax else {}),
            **amount,
        },
    }


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
