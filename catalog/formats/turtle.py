"""Write a node of JSON-LD, as ``dcat.py`` makes it, as Turtle (W3C RDF 1.1 Turtle).

A node with an address becomes a block of its own, one without stands where it is needed. The tests
hold what is written here against what rdflib reads out of the JSON-LD: the same graph.
"""

from __future__ import annotations

import re
from typing import Any, Final

from catalog.formats.iris import safe_iri

_ESCAPES: Final = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\"\\]")
_LOCAL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Node = dict[str, Any]


def write(document: Node) -> str:
    """Return the document as Turtle."""
    prefixes: dict[str, str] = document["@context"]
    writer = _Writer(prefixes)
    writer.add({key: value for key, value in document.items() if key != "@context"})
    head = "".join(f"@prefix {name}: <{address}> .\n" for name, address in prefixes.items())
    return head + "\n" + "\n".join(writer.blocks()) + "\n"


class _Writer:
    def __init__(self, prefixes: dict[str, str]) -> None:
        self._prefixes = prefixes
        self._waiting: list[Node] = []
        self._written: dict[str, None] = {}

    def add(self, node: Node) -> None:
        self._waiting.append(node)

    def blocks(self) -> list[str]:
        """Return every block once, in the order in which nodes are met."""
        while self._waiting:
            node = self._waiting.pop(0)
            block = f"{self._name(node['@id'])}\n    {self._said(node, '    ')} .\n"
            self._written[block] = None  # a node that stands in two places is written once
        return list(self._written)

    def _said(self, node: Node, indent: str) -> str:
        parts = []
        if kinds := node.get("@type"):
            listed = kinds if isinstance(kinds, list) else [kinds]
            parts.append("a " + ", ".join(self._name(kind) for kind in listed))
        for key, value in node.items():
            if key.startswith("@"):
                continue
            values = value if isinstance(value, list) else [value]
            objects = ", ".join(self._object(each, indent) for each in values)
            parts.append(f"{self._name(key)} {objects}")
        return f" ;\n{indent}".join(parts)

    def _object(self, value: Any, indent: str) -> str:
        if isinstance(value, str):
            return literal(value)
        if "@value" in value:
            written = literal(value["@value"])
            if "@language" in value:
                return f"{written}@{value['@language']}"
            return f"{written}^^{self._name(value['@type'])}"
        if "@id" in value:
            if len(value) > 1:
                self.add(value)
            return self._name(value["@id"])
        inner = indent + "    "
        return f"[\n{inner}{self._said(value, inner)}\n{indent}]"

    def _name(self, given: str) -> str:
        prefix, colon, local = given.partition(":")
        if colon and prefix in self._prefixes:
            if _LOCAL.fullmatch(local):
                return given
            given = self._prefixes[prefix] + local
        return f"<{safe_iri(given)}>"


def literal(text: str) -> str:
    """Return a string as Turtle writes it."""
    return f'"{_CONTROLS.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"
