"""Read manifests: every product that can be read, and a problem for everything that can not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.kernel.errors import Invalid
from catalog.products.reading import ProductFieldUnknown, ProductValueWrong, read_fields
from market.manifests import documents
from market.manifests.model import Entry, Manifest, Problem, Read


class ManifestShapeWrong(Invalid):
    """The file is no list of products under ``products`` (清单结构)."""

    code = "manifest_shape_wrong"


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
            wrong = ProductValueWrong(field="products", reason="a product is a list of fields")
            problems.append(_problem(file, lines[""], wrong))
            continue
        entry, faults = read_fields(Entry, value)
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
            return [], ProductFieldUnknown(field=name, meant="version, products")
    if value.get("version", 1) != 1:
        return [], ManifestShapeWrong(field="version")
    return value["products"], None


def _within(base: str, lines: Mapping[str, int]) -> dict[str, int]:
    return {
        pointer[len(base) :]: line
        for pointer, line in lines.items()
        if pointer == base or pointer.startswith(f"{base}/")
    }


def _problem(
    file: str, line: int, refusal: Invalid, *, key: str | None = None, pointer: str = ""
) -> Problem:
    return Problem(
        file=file, line=line, key=key, pointer=pointer, code=refusal.code, facts=refusal.facts
    )
