"""Say it in DCAT-AP 3.0 (W3C DCAT 3 as Europe's portals harvest it), with an ODRL offer.

A document is one node of JSON-LD whose context stands in it, so that nobody has to fetch one:
compact names, ``@id``, ``@type``, ``@value``. ``turtle.py`` and ``rdf_xml.py`` write the same node as
Turtle and as RDF/XML. How good data are is said in W3C's Data Quality Vocabulary.
"""

from __future__ import annotations

import datetime as dt
import urllib.parse
from collections.abc import Sequence
from typing import Any, Final

from catalog.formats import authorities
from catalog.formats.authorities import CHINESE, CNY, EU
from catalog.formats.facts import (
    ABOUT,
    NAME_EN,
    NAME_ZH,
    NO_DESCRIPTION,
    Facts,
    Price,
    Site,
    yuan,
)
from catalog.formats.iris import is_worldwide, web_address
from catalog.products.model import Content, Form, Standard
from catalog.products.standards import find_known

Node = dict[str, Any]

CONTEXT: Final[dict[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
JSON_LD: Final = "application/ld+json"
TURTLE: Final = "text/turtle"
RDF_XML: Final = "application/rdf+xml"
#: So many products stand on a page of the catalogue.
PAGE: Final = 100
# How the dimensions of BJ-24 are called among the world's (Linked Data Quality Dimensions, W3C).
_DIMENSIONS: Final = {
    "accuracy": "semanticAccuracy",
    "relevance": "relevancy",
    "completeness": "completeness",
    "timeliness": "timeliness",
}


def product(facts: Facts, site: Site) -> Node:
    """Return the document of one product."""
    return {"@context": CONTEXT, **_dataset(facts, site)}


def catalogue(
    page: Sequence[Facts], site: Site, *, address: str, next_address: str | None, suffix: str
) -> Node:
    """Return one page of the catalogue; hydra's ``next`` leads on, as harvesters follow it."""
    view: Node = {
        "@id": address,
        "@type": "hydra:PartialCollectionView",
        "hydra:first": {"@id": f"{site.catalogue}.{suffix}"},
    }
    if next_address is not None:
        view["hydra:next"] = {"@id": next_address}
    services = [_service(each, site) for each in page if _is_service(each)]
    node: Node = {
        "@context": CONTEXT,
        "@id": site.catalogue,
        "@type": ["dcat:Catalog", "hydra:Collection"],
        "dct:title": [_zh(NAME_ZH), _en(NAME_EN)],
        "dct:description": ABOUT,
        "dct:publisher": {"@id": site.url, "@type": "foaf:Agent", "foaf:name": NAME_ZH},
        "dct:language": _language(),
        "foaf:homepage": {"@id": f"{site.url}/", "@type": "foaf:Document"},
        "hydra:view": view,
        "dcat:dataset": [_dataset(each, site) for each in page],
    }
    if services:
        node["dcat:service"] = services
    return node


def _dataset(facts: Facts, site: Site) -> Node:
    address = site.product(facts.id)
    node: Node = {
        "@id": address,
        "@type": "dcat:Dataset",
        "dct:identifier": _identifier(facts),
        "dct:title": facts.name,
        # What we say for a publisher has a language, what he said has none: readers tell them apart.
        "dct:description": facts.description or _zh(NO_DESCRIPTION),
        "dct:language": _language(),
        "dct:issued": _instant(facts.created_at),
        "dct:modified": _instant(facts.updated_at),
        "dcat:version": str(facts.version),
        "dcat:landingPage": {"@id": _landing_page(facts, site), "@type": "foaf:Document"},
        "foaf:page": {
            "@id": f"{site.url}/api/v1/products/{facts.id}/provenance",
            "@type": "foaf:Document",
        },
        "dcat:contactPoint": {
            "@type": ["vcard:Kind", "vcard:Organization"],
            "vcard:fn": facts.supplier_name or NAME_ZH,
            "vcard:hasURL": {"@id": address},
        },
        "dcat:distribution": _distribution(facts, site),
    }
    if facts.supplier_name:
        node["dct:publisher"] = _agent(facts)
    if facts.keywords:
        node["dcat:keyword"] = list(facts.keywords)
    node |= _frequency(facts) | _themes(facts) | _spatial(facts) | _temporal(facts)
    node |= _origins(facts, site) | _certificate(facts, site) | _offer(facts, site)
    node |= _standards(facts) | _quality(facts, site) | _versions(facts, site)
    if facts.open_licence is not None:
        public = {"@id": f"{EU}/access-right/PUBLIC", "@type": "dct:RightsStatement"}
        node["dct:accessRights"] = public
    return node


def _identifier(facts: Facts) -> str:
    """Return by what the catalogue calls a product; one of a source counts if it is nobody else's."""
    # Two sources number their records alike, and the identifier is to be unique here (DCAT-AP 3.0).
    of_source = facts.source_id or ""
    return of_source if is_worldwide(of_source) else str(facts.id)


def _landing_page(facts: Facts, site: Site) -> str:
    return _foreign_address(facts) or site.product(facts.id)


def _foreign_address(facts: Facts) -> str | None:
    return None if facts.foreign is None else web_address(facts.foreign.url)


def _agent(facts: Facts) -> Node:
    named = (
        {} if facts.supplier_party_id is None else {"@id": f"urn:uuid:{facts.supplier_party_id}"}
    )
    return {**named, "@type": "foaf:Agent", "foaf:name": facts.supplier_name}


def _distribution(facts: Facts, site: Site) -> Node:
    address = site.product(facts.id)
    # Where it is had: at its foreign publisher's, or by an order, from the page.
    had_at = _landing_page(facts, site)
    node: Node = {
        "@id": f"{address}#distribution",
        "@type": "dcat:Distribution",
        "dct:title": facts.name,
        "dcat:accessURL": {"@id": had_at, "@type": "rdfs:Resource"},
    }
    if licence := _licence(facts, site):
        node["dct:license"] = licence
    if facts.foreign is not None and facts.foreign.format:
        node["dct:format"] = _format(facts.foreign.format)
    if facts.content is not None:
        node |= _content(facts.content)
    if facts.open_licence is not None and facts.content is not None:
        fetched = {"@id": site.open_content(facts.id), "@type": "rdfs:Resource"}
        node["dcat:downloadURL"] = fetched
    if _is_service(facts):
        node["dcat:accessService"] = _service(facts, site)
    return node


def _content(content: Content) -> Node:
    media_type = content.media_type.partition(";")[0].strip()
    found: Node = {
        "dcat:byteSize": {"@value": str(content.size_bytes), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {
                "@id": "spdx:checksumAlgorithm_sha256",
                "@type": "spdx:ChecksumAlgorithm",
            },
            "spdx:checksumValue": {"@value": content.sha256, "@type": "xsd:hexBinary"},
        },
        "dcat:mediaType": {
            "@id": f"http://www.iana.org/assignments/media-types/{media_type}",
            "@type": "dct:MediaType",
        },
    }
    if code := authorities.MEDIA_FILE_TYPE.get(media_type):
        found["dct:format"] = {"@id": f"{EU}/file-type/{code}", "@type": "dct:MediaTypeOrExtent"}
    return found


def _is_service(facts: Facts) -> bool:
    return facts.form is Form.DATA_API


def _service(facts: Facts, site: Site) -> Node:
    # Ours are called under an order, by the interface that /openapi.json describes.
    address = site.product(facts.id)
    foreign = _foreign_address(facts)
    node: Node = {
        "@id": f"{address}#service",
        "@type": "dcat:DataService",
        "dct:title": facts.name,
        "dcat:endpointURL": {"@id": foreign or f"{site.url}/api/v1", "@type": "rdfs:Resource"},
        "dcat:servesDataset": {"@id": address},
    }
    if foreign is None:
        node["dcat:endpointDescription"] = {
            "@id": f"{site.url}/openapi.json",
            "@type": "rdfs:Resource",
        }
    return node


def _format(word: str) -> Node:
    address = authorities.file_type(word)
    # An address is everybody's; a word that is not just its last part is told beside it.
    named = {"rdfs:label": word} if address is None else {"@id": address}
    return {**named, "@type": "dct:MediaTypeOrExtent"}


def _licence(facts: Facts, site: Site) -> Node:
    opened = facts.open_licence
    if opened is not None:
        return {
            "@id": site.licence(opened),
            "@type": "dct:LicenseDocument",
            "dct:title": [_zh(opened.zh), _en(opened.en)],
            "dct:identifier": opened.code,
        }
    if facts.foreign is None:
        return {
            "@id": f"{site.product(facts.id)}#licence",
            "@type": "dct:LicenseDocument",
            "dct:title": _zh("数据产品使用许可"),
            "dct:description": use_in_words(facts),
        }
    licence = facts.foreign.licence
    if not licence:
        return {}  # a word in its place would be read as a licence of that name
    known = authorities.LICENCES.get(licence)
    named = {} if known is None else {"@id": known}
    return {**named, "@type": "dct:LicenseDocument", "rdfs:label": licence}


def use_in_words(facts: Facts) -> str:
    """Return what a licence of the product lets one do, in plain words."""
    if facts.open_licence is not None:
        opened = facts.open_licence
        return f"开放数据，许可为{opened.zh}。 Open data under {opened.en} ({opened.code})."
    if facts.use is None:
        return "使用须经订单与合同许可。 Use needs an order and its contract."
    use = facts.use
    said = [
        ("适用对象", use.audience),
        ("地域", "、".join(use.regions)),
        ("领域", "、".join(use.fields)),
        ("数量", use.volume),
        ("期限", use.period),
        ("无偿使用条件", use.free_if),
        ("转让与再提供", "允许" if use.onward_use else "不允许"),
    ]
    return "；".join(f"{what}：{text}" for what, text in said if text) + "。"


def _frequency(facts: Facts) -> Node:
    word = facts.foreign.update_frequency if facts.foreign is not None else ""
    code = authorities.CYCLE_WORDS.get(word)
    if facts.cycle is not None:
        code = authorities.FREQUENCY[facts.cycle]
    if code is None and not word:
        return {}
    named = {"rdfs:label": word} if code is None else {"@id": f"{EU}/frequency/{code}"}
    return {"dct:accrualPeriodicity": {**named, "@type": "dct:Frequency"}}


def _themes(facts: Facts) -> Node:
    if facts.foreign is not None:
        theme = facts.foreign.theme
        if not theme:
            return {}
        return {"dcat:theme": {"@type": "skos:Concept", "skos:prefLabel": theme}}
    section = facts.told.industry_section if facts.told is not None else ""
    code = authorities.THEME.get(section)
    if code is None:
        return {}
    label = _en(authorities.THEME_LABELS[code])
    concept = {"@type": "skos:Concept", "skos:prefLabel": label}
    return {"dcat:theme": {"@id": f"{EU}/data-theme/{code}", **concept}}


def _spatial(facts: Facts) -> Node:
    code = facts.told.region_code if facts.told is not None else ""
    if not (facts.region or code):
        return {}
    node: Node = {"@type": "dct:Location"}
    if facts.region:
        node["skos:prefLabel"] = facts.region
    if code:
        node["dct:identifier"] = f"GB/T 2260 {code}"
    return {"dct:spatial": node}


def _temporal(facts: Facts) -> Node:
    told = facts.told
    if told is None or (told.valid_from is None and told.valid_to is None):
        return {}
    node: Node = {"@type": "dct:PeriodOfTime"}
    if told.valid_from is not None:
        node["dcat:startDate"] = _date(told.valid_from)
    if told.valid_to is not None:
        node["dcat:endDate"] = _date(told.valid_to)
    return {"dct:temporal": node}


def _origins(facts: Facts, site: Site) -> Node:
    if not facts.origins:
        return {}
    return {
        "prov:wasDerivedFrom": [
            {
                **({} if each.product_id is None else {"@id": site.product(each.product_id)}),
                "@type": "prov:Entity",
                "rdfs:label": each.name,
            }
            for each in facts.origins
        ]
    }


def _certificate(facts: Facts, site: Site) -> Node:
    if facts.certificate_number is None:
        return {}
    return {
        "adms:identifier": {
            "@id": f"{site.url}/certificates/{facts.certificate_number}",
            "@type": "adms:Identifier",
            "skos:notation": facts.certificate_number,
            "adms:schemaAgency": NAME_ZH,
        }
    }


def _standards(facts: Facts) -> Node:
    if facts.told is None or not facts.told.conforms_to:
        return {}
    return {"dct:conformsTo": [_standard(each) for each in facts.told.conforms_to]}


def _standard(cited: Standard) -> Node:
    known = find_known(cited)
    title = cited.title or (cited.number if known is None else known.title)
    address = web_address(cited.address)
    if known is not None and known.address and address is None:
        # One address is called by one name, whoever cites it.
        title, address = known.title, known.address
    return {
        **({} if address is None else {"@id": address}),
        "@type": "dct:Standard",
        "dct:identifier": cited.number,
        "dct:title": title,
    }


def _quality(facts: Facts, site: Site) -> Node:
    if facts.quality is None:
        return {}
    measured = [("overall", facts.quality.overall), *facts.quality.dimensions]
    return {
        "dqv:hasQualityMeasurement": [
            {
                "@id": f"{site.product(facts.id)}#quality-{name}",
                "@type": "dqv:QualityMeasurement",
                "dqv:computedOn": {"@id": site.product(facts.id)},
                "dqv:isMeasurementOf": _metric(name, site),
                "dqv:value": {"@value": str(points), "@type": "xsd:integer"},
            }
            for name, points in measured
        ]
    }


def _metric(name: str, site: Site) -> Node:
    found: Node = {
        "@id": f"{site.catalogue}#metric-{name}",
        "@type": "dqv:Metric",
        "skos:prefLabel": _en(name),
        "skos:definition": _en("Points of a hundred, by the rules that the product's page names"),
        "dqv:expectedDataType": {"@id": "xsd:integer"},
    }
    if name in _DIMENSIONS:
        found["dqv:inDimension"] = {
            "@id": f"http://www.w3.org/2016/05/ldqd#{_DIMENSIONS[name]}",
            "@type": "dqv:Dimension",
        }
    return found


def _versions(facts: Facts, site: Site) -> Node:
    """Return the versions that the public saw before: each is told where its revision is read."""
    if not facts.earlier:
        return {}
    told = [
        {
            "@id": site.version(facts.id, each.version),
            "@type": "dcat:Dataset",
            "dct:title": each.name,
            "dct:description": f"第 {each.version} 版。 Version {each.version}.",
            "dct:issued": _instant(each.shown_at),
            "dcat:version": str(each.version),
        }
        for each in facts.earlier
    ]
    return {
        "dcat:hasVersion": told,
        "dcat:previousVersion": {"@id": site.version(facts.id, facts.earlier[0].version)},
    }


def _offer(facts: Facts, site: Site) -> Node:
    if not facts.prices:
        return {}
    address = site.product(facts.id)
    offer: Node = {
        "@id": f"{address}#offer",
        "@type": ["odrl:Policy", "odrl:Offer"],
        "odrl:uid": {"@id": f"{address}#offer"},
        "odrl:permission": [_permission(facts, price, site) for price in facts.prices],
    }
    if facts.supplier_party_id is not None:
        offer["odrl:assigner"] = {"@id": f"urn:uuid:{facts.supplier_party_id}"}
    if facts.use is not None and not facts.use.onward_use:
        offer["odrl:prohibition"] = {
            "@type": "odrl:Prohibition",
            "odrl:target": {"@id": address},
            "odrl:action": {"@id": "odrl:distribute"},
        }
    return {"odrl:hasPolicy": offer}


def _permission(facts: Facts, price: Price, site: Site) -> Node:
    address = site.product(facts.id)
    amount = {"@value": yuan(price.amount_fen), "@type": "xsd:decimal"}
    duty: Node = {
        "@type": "odrl:Duty",
        "odrl:action": {"@id": "odrl:compensate"},
        "odrl:constraint": {
            "@type": "odrl:Constraint",
            "odrl:leftOperand": {"@id": "odrl:payAmount"},
            "odrl:operator": {"@id": "odrl:eq"},
            "odrl:rightOperand": amount,
            "odrl:unit": {"@id": CNY},
        },
        # For one of what the amount is, and under which filing: ODRL has no words for that.
        "schema:priceSpecification": {
            "@type": "schema:UnitPriceSpecification",
            "schema:price": amount,
            "schema:priceCurrency": "CNY",
            "schema:unitText": price.unit.value,
            "schema:identifier": price.filing_number,
            "schema:validFrom": _date(price.effective_from),
            **_whether_taxed(price),
            **(
                {}
                if price.effective_to is None
                else {"schema:validThrough": _date(price.effective_to)}
            ),
        },
    }
    return {
        "@id": f"{address}#price-{urllib.parse.quote(price.filing_number, safe='')}-{price.code}",
        "@type": "odrl:Permission",
        "odrl:target": {"@id": address},
        "odrl:action": {"@id": "odrl:use"},
        "odrl:duty": duty,
    }


def _language() -> Node:
    return {"@id": CHINESE, "@type": "dct:LinguisticSystem"}


def _zh(text: str) -> Node:
    return {"@value": text, "@language": "zh"}


def _en(text: str) -> Node:
    return {"@value": text, "@language": "en"}


def _instant(at: dt.datetime) -> Node:
    written = at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"@value": written, "@type": "xsd:dateTime"}


def _whether_taxed(price: Price) -> Node:
    """Return whether the tax is in the price (含税); of what costs nothing, nothing."""
    told = {"@value": str(price.is_tax_included).lower(), "@type": "xsd:boolean"}
    return {"schema:valueAddedTaxIncluded": told} if price.has_tax else {}


def _date(day: dt.date) -> Node:
    return {"@value": day.isoformat(), "@type": "xsd:date"}
