"""Say it as a data product: Open Data Product Standard 1.0 (Bitol, LF AI & Data).

What goes out is one port whose contract is ``odcs.py``'s; what comes in are the products of ours that
it was made from, as far as everybody may know them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from catalog.formats.dcat import use_in_words
from catalog.formats.facts import Facts, Site
from catalog.formats.odcs import custom, definitions

Node = dict[str, Any]

VERSION: Final = "v1.0.0"


def product(facts: Facts, site: Site) -> Node:
    """Return the product in Bitol's ODPS."""
    page = site.product(facts.id)
    found: Node = {
        "apiVersion": VERSION,
        "kind": "DataProduct",
        "id": str(facts.id),
        "name": facts.name,
        "version": str(facts.version),
        "status": "active",
        "description": {"limitations": use_in_words(facts)},
        "authoritativeDefinitions": definitions(facts, site),
        "customProperties": custom(facts),
        "outputPorts": [
            {
                "name": "data",
                "version": str(facts.version),
                "contractId": str(facts.id),
                "type": facts.form.value if facts.form is not None else "dataset",
                "authoritativeDefinitions": [
                    {"type": "contract", "url": f"{page}/contract.odcs.yaml"}
                ],
            }
        ],
        "managementPorts": [
            {"name": "dcat", "content": "discoverability", "url": f"{page}/dcat.jsonld"},
        ],
        "support": [{"channel": "page", "url": page, "tool": "other", "scope": "interactive"}],
        "productCreatedTs": facts.created_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if facts.description:
        found["description"]["purpose"] = facts.description
    if facts.supplier_name:
        found |= {"tenant": facts.supplier_name, "team": {"name": facts.supplier_name}}
    if facts.keywords:
        found["tags"] = list(facts.keywords)
    made_from = [each for each in facts.origins if each.product_id is not None]
    if made_from:
        found["inputPorts"] = [
            {"name": each.name, "version": "1", "contractId": str(each.product_id)}
            for each in made_from
        ]
    return found
