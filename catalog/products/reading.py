"""Read a description field by field out of plain data, and tell everything that is wrong with it."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from catalog.kernel.errors import Invalid

_LACKING: Final = re.compile(r"missing required field `(\w+)`")

S = TypeVar("S", bound=msgspec.Struct)


class ProductFieldUnknown(Invalid):
    """A product has no such field; perhaps it is misspelt."""

    code = "product_field_unknown"


class ProductFieldMissing(Invalid):
    """A product lacks a field without which it is nothing."""

    code = "product_field_missing"


class ProductValueWrong(Invalid):
    """A field holds what it can not hold: another type, or a value that its list does not have."""

    code = "product_value_wrong"


def read_fields(
    kind: type[S], value: Mapping[str, Any]
) -> tuple[S | None, list[tuple[str, Invalid]]]:
    """Return what ``value`` says, or all that is wrong with its fields, each with its pointer."""
    fields = _fields(kind)
    faults: list[tuple[str, Invalid]] = []
    given: dict[str, Any] = {}
    for name, raw in value.items():
        field = fields.get(name)
        if field is None:
            near = difflib.get_close_matches(name, fields, n=1)
            refusal = ProductFieldUnknown(field=name, meant=near[0] if near else "—")
            faults.append((f"/{name}", refusal))
            continue
        try:
            given[name] = msgspec.convert(raw, field.type)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            pointer = f"/{name}{as_pointer(place)}"
            if lacking := _LACKING.search(reason):
                pointer = f"{pointer}/{lacking[1]}"
            faults.append((pointer, ProductValueWrong(field=pointer[1:], reason=reason)))
    faults += [
        (f"/{name}", ProductFieldMissing(field=name))
        for name, field in fields.items()
        if field.required and name not in value
    ]
    return (None, faults) if faults else (kind(**given), faults)


@functools.cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    # The types of a struct's fields are worked out anew each time: for a row of a table, most of it.
    return {field.name: field for field in msgspec.structs.fields(kind)}


def as_pointer(place: str) -> str:
    """Return where a fault lies, ``$.sources[0].nature`` in the library's words, as a JSON pointer."""
    inside = place.strip("`").removeprefix("$").replace("[", ".").replace("]", "")
    return inside.replace(".", "/")
