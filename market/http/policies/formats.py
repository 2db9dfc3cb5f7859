"""Say what the routes need by which the catalogue is read in the formats of others."""

from __future__ import annotations

from typing import Final

from market.http.policies.rule import V1, Rules, do, public, read

FORMATS: Final[Rules] = {
    # the catalogue in the formats of others
    ("GET", "/catalogue.jsonld"): public(),
    ("GET", "/catalogue.ttl"): public(),
    ("GET", "/catalogue.rdf"): public(),
    ("GET", "/products/{product_id}/dcat.jsonld"): public(),
    ("GET", "/products/{product_id}/dcat.ttl"): public(),
    ("GET", "/products/{product_id}/dcat.rdf"): public(),
    ("GET", "/catalogue.atom"): public(),
    ("GET", f"{V1}/harvest-sources"): read("harvest:manage"),
    ("POST", f"{V1}/harvest-sources"): do("harvest:manage"),
    ("POST", f"{V1}/harvest-sources/{{code}}/runs"): do("harvest:manage"),
    ("POST", f"{V1}/harvest-sources/{{code}}/pauses"): do("harvest:manage"),
    ("POST", f"{V1}/harvest-sources/{{code}}/resumptions"): do("harvest:manage"),
    ("POST", f"{V1}/harvest-sources/{{code}}/retirements"): do("harvest:manage"),
    ("POST", f"{V1}/harvest-runs/{{run_id}}/confirmations"): do("harvest:manage"),
    ("GET", "/sitemap.xml"): public(),
    ("GET", "/sitemaps/{number}"): public(),
    ("GET", "/robots.txt"): public(),
    ("GET", "/products/{product_id}/contract.odcs.yaml"): public(),
    ("GET", "/products/{product_id}/contract.odcs.json"): public(),
    ("GET", "/products/{product_id}/product.odps.yaml"): public(),
    ("GET", "/products/{product_id}/product.odps.json"): public(),
    ("GET", "/products/{product_id}/product.odps4.yaml"): public(),
    ("GET", "/products/{product_id}/product.odps4.json"): public(),
    ("GET", "/api/action/{action}"): public(),
    ("POST", "/api/action/{action}"): public(),
    ("GET", "/api/3/action/{action}"): public(),
    ("POST", "/api/3/action/{action}"): public(),
}
