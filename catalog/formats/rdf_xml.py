"""Write a node of JSON-LD, as ``dcat.py`` makes it, as RDF/XML (W3C RDF 1.1 XML Syntax).

Portals of the nineties' stack harvest nothing else. Nodes stand inside what leads to them, so a node
without an address needs no name of its own. The tests hold what is written here against what rdflib
reads out of the JSON-LD: the same graph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from catalog.formats.iris import safe_iri

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# What XML 1.0 has no way to write; readers refuse the whole document for one of them.
_NOT_IN_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What stands in its place.
REPLACED: Final = "\ufffd"
_INDENT: Final = "  "

Node = dict[str, Any]


def write(document: Node) -> str:
    """Return the document as RDF/XML."""
    prefixes: dict[str, str] = document["@context"]
    names = {"rdf": RDF} | prefixes
    declared = "".join(f"\n    xmlns:{name}={quoteattr(iri)}" for name, iri in names.items())
    node = {key: value for key, value in document.items() if key != "@context"}
    lines = "\n".join(_Writer(prefixes).node(node, _INDENT))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{declared}>\n{lines}\n</rdf:RDF>\n'


class _Writer:
    def __init__(self, prefixes: dict[str, str]) -> None:
        self._prefixes = prefixes

    def node(self, node: Node, indent: str) -> Iterator[str]:
        """Yield the lines of a node and of what stands in it."""
        kinds = node.get("@type", [])
        kinds = kinds if isinstance(kinds, list) else [kinds]
        element = kinds[0] if kinds else "rdf:Description"
        about = f" rdf:about={self._address(node['@id'])}" if "@id" in node else ""
        yield f"{indent}<{element}{about}>"
        inner = indent + _INDENT
        for kind in kinds[1:]:
            yield f"{inner}<rdf:type rdf:resource={self._address(kind)}/>"
        for key, value in node.items():
            if not key.startswith("@"):
                for each in value if isinstance(value, list) else [value]:
                    yield from self._property(key, each, inner)
        yield f"{indent}</{element}>"

    def _property(self, key: str, value: Any, indent: str) -> Iterator[str]:
        if isinstance(value, str):
            yield f"{indent}<{key}>{_text(value)}</{key}>"
        elif "@value" in value:
            told = (
                f'xml:lang="{value["@language"]}"'
                if "@language" in value
                else f"rdf:datatype={self._address(value['@type'])}"
            )
            yield f"{indent}<{key} {told}>{_text(value['@value'])}</{key}>"
        elif set(value) == {"@id"}:
            yield f"{indent}<{key} rdf:resource={self._address(value['@id'])}/>"
        else:
            yield f"{indent}<{key}>"
            yield from self.node(value, indent + _INDENT)
            yield f"{indent}</{key}>"

    def _address(self, given: str) -> str:
        prefix, colon, local = given.partition(":")
        if colon and prefix in self._prefixes:
            given = self._prefixes[prefix] + local
        return quoteattr(safe_iri(given))


def _text(text: str) -> str:
    # A bare carriage return would be read as a line feed.
    return escape(_NOT_IN_XML.sub(REPLACED, text), {"\r": "&#13;"})
