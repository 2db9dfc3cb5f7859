"""Lead whoever asks for RDF where a person gets a page, or a program JSON, to the right document.

By ``Accept`` (RFC 9110 §12.5.1); a 303, so that each document has one address and one ETag.
"""

from __future__ import annotations

import uuid
from typing import Final

from litestar import Response

from catalog.formats.dcat import JSON_LD, RDF_XML, TURTLE
from market.http.context import AnyRequest

_DOCUMENTS: Final = {JSON_LD: "dcat.jsonld", TURTLE: "dcat.ttl", RDF_XML: "dcat.rdf"}


def elsewhere(request: AnyRequest, product_id: uuid.UUID) -> Response[bytes] | None:
    """Return the way to the product's RDF if that is what is asked for most, else None."""
    name = rdf_wanted(request.headers.get("accept", ""))
    if name is None:
        return None
    address = f"/products/{product_id}/{name}"
    return Response(b"", status_code=303, headers={"location": address, "vary": "accept"})


def rdf_wanted(accept: str) -> str | None:
    """Return the name of the RDF document that ``accept`` prefers to everything else."""
    best, best_weight = None, 0.0
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = _weight(parameters)
        if weight > best_weight:
            best, best_weight = media_type, weight
    return _DOCUMENTS.get(best or "")


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
