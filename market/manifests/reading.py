"""Read manifests: every product that can be read, and a problem for everything that can not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid
from market.manifests import documents
from market.manifests.model import Entry, Manifest, Problem, Read

_FIELDS: Final = {field.name: field for field in msgspec.structs.fields(Entry)}


class ManifestShapeWrong(Invalid):
    """The file is no list of products under ``products`` (清单结构)."""

    code = "manifest_shape_wrong"


class ManifestFieldUnknown(Invalid):
    """A product has no such field; perhaps it is misspelt."""

    code = "manifest_field_unknown"


class ManifestFieldMissing(Invalid):
    """A product lacks a field without which it is nothing."""

    code = "manifest_field_missing"


class ManifestValueWrong(Invalid):
    """A field holds what it can not hold: another type, or a value that its list does not have."""

    code = "manifest_value_wrong"


class ManifestProductDoubled(Invalid):
    """Two products have the same key."""

    code = "manifest_product_doubled"


def read_all(files: Iterable[tuple[str, bytes]]) -> tuple[list[Read], list[Problem]]:
    """Return the products of all files, in their order, and what is wrong with the rest."""
    found: dict[str, Read] = {}
    problems: list[Problem] = []
    for file, raw in files:
        read, wrong = _read_one(file, raw)
        problems += wrong
        for each in read:
            first = found.setdefault(each.entry.key, each)
            if first is not each:
                place = f"{first.file}:{first.line_of('')}"
                refusal = ManifestProductDoubled(key=each.entry.key, first=place)
                problems.append(each.problem(refusal, "/key"))
    return list(found.values()), problems


def _read_one(file: str, raw: bytes) -> tuple[list[Read], list[Problem]]:
    try:
        document = documents.read(raw, is_json=file.lower().endswith(".json"))
    except documents.At as at:
        return [], [_problem(file, at.line, at.refusal, pointer=at.pointer)]
    products, refusal = _products(document.value)
    if refusal is not None:
        return [], [_problem(file, 1, refusal)]
    read: list[Read] = []
    problems: list[Problem] = []
    for index, value in enumerate(products):
        base = f"/products/{index}"
        lines = _within(base, document.lines)
        if not isinstance(value, dict):
            wrong = ManifestValueWrong(field="products", reason="a product is a list of fields")
            problems.append(_problem(file, lines[""], wrong))
            continue
        entry, faults = _entry(value)
        if entry is not None:
            read.append(Read(file=file, entry=entry, lines=lines))
        key = value.get("key")
        for pointer, fault in faults:
            line = lines.get(pointer, lines.get(pointer[: pointer.find("/", 1)], lines[""]))
            named = key if isinstance(key, str) else None
            problems.append(_problem(file, line, fault, key=named, pointer=pointer))
    return read, problems


def _products(value: Any) -> tuple[list[Any], Invalid | None]:
    if not isinstance(value, dict) or not isinstance(value.get("products"), list):
        return [], ManifestShapeWrong(field="products")
    for name in value:
        if name not in Manifest.__struct_fields__:
            return [], ManifestFieldUnknown(field=name, meant="version, products")
    if value.get("version", 1) != 1:
        return [], ManifestShapeWrong(field="version")
    return value["products"], None


def _within(base: str, lines: Mapping[str, int]) -> dict[str, int]:
    return {
        pointer[len(base) :]: line
        for pointer, line in lines.items()
        if pointer == base or pointer.startswith(f"{base}/")
    }


def _entry(value: Mapping[str, Any]) -> tuple[Entry | None, list[tuple[str, Invalid]]]:
    """Return the product, or all that is wrong with its fields, each with its pointer."""
    faults: list[tuple[str, Invalid]] = []
    given: dict[str, Any] = {}
    for name, raw in value.items():
        field = _FIELDS.get(name)
        if field is None:
            near = difflib.get_close_matches(name, _FIELDS, n=1)
            meant = near[0] if near else "—"
            faults.append((f"/{name}", ManifestFieldUnknown(field=name, meant=meant)))
            continue
        try:
            given[name] = msgspec.convert(raw, field.type)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            pointer = f"/{name}{as_pointer(place)}"
            faults.append((pointer, ManifestValueWrong(field=pointer[1:], reason=reason)))
    faults += [
        (f"/{name}", ManifestFieldMissing(field=name))
        for name, field in _FIELDS.items()
        if field.required and name not in value
    ]
    return (None, faults) if faults else (Entry(**given), faults)


def as_pointer(place: str) -> str:
    """Return where a fault lies, ``$.sources[0].nature`` in the library's words, as a JSON pointer."""
    inside = place.strip("`").removeprefix("$").replace("[", ".").replace("]", "")
    return inside.replace(".", "/")


def _problem(
    file: str, line: int, refusal: Invalid, *, key: str | None = None, pointer: str = ""
) -> Problem:
    return Problem(
        file=file, line=line, key=key, pointer=pointer, code=refusal.code, facts=refusal.facts
    )
