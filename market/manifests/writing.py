"""Write products as a manifest that reads back as the same (导出清单), and the schema of manifests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import yaml

from catalog.products.states import State
from market.manifests.model import Manifest
from market.manifests.planning import Standing, by_key

SCHEMA_ID: Final = "urn:shushi:schema:products:1"


def manifest(standing: Iterable[Standing]) -> dict[str, Any]:
    """Return all products that stand, by their keys, each with what is not said by being silent."""
    products = []
    for key, each in sorted(by_key(standing).items()):
        draft = {"draft": True} if each.state is State.DRAFT else {}
        products.append({"key": key, **draft, **_said(each.description)})
    return {"version": 1, "products": products}


def as_yaml(value: Any) -> str:
    """Return a manifest as YAML, texts of several lines as they are read."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100, indent=2
    )
    return text


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a manifest, for editors that know the fields."""
    made = msgspec.json.schema(Manifest)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **made}


def _said(value: Any) -> Any:
    """Return a value as plain data, without the fields that say no more than their default."""
    if isinstance(value, msgspec.Struct):
        fields = ((each, getattr(value, each.name)) for each in msgspec.structs.fields(value))
        return {each.name: _said(held) for each, held in fields if held != each.default}
    if isinstance(value, tuple):
        return [_said(each) for each in value]
    return msgspec.to_builtins(value)


class _Dumper(yaml.SafeDumper):  # type: ignore[misc] # the library has no types
    """Write as people do: list entries set in, long texts line by line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the library's signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - likewise
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # What YAML takes for a line break of its own (NEL, U+2028) comes back only where it is escaped.
    if not all(character == "\n" or character.isprintable() for character in text):
        style: str | None = '"'
    else:
        style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
