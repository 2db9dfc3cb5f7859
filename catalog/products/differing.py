"""Say field by field in what one description differs from another (版本差异).

Entries of a list that have a name of their own (sources, items, scenarios) are compared with their
namesake, wherever it stands; so moving one is no change, and adding one is one change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from catalog.products.labels import LABELS, Label
from catalog.products.model import Description

#: By which field the entries of a list are told apart.
_NAMED_BY: Final[Mapping[str, str]] = {
    "scenarios": "code",
    "sources": "source_id",
    "items": "name",
    "conforms_to": "code",
}


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """One field that is otherwise: what stood there, what stands there. None: nothing."""

    pointer: str  # entries of a list by their own name
    label: Label
    before: Any
    after: Any


def differences(before: Description | None, after: Description) -> tuple[FieldChange, ...]:
    """Return what is otherwise in ``after``, in the order of the fields; of the first, all of it."""
    old: dict[str, Any] = {} if before is None else _as_json(before)
    return tuple(_of_fields(old, _as_json(after), "", ""))


def _as_json(description: Description) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(description))
    return found


def _of_fields(
    old: Mapping[str, Any], new: Mapping[str, Any], pointer: str, path: str
) -> Iterator[FieldChange]:
    for field in dict.fromkeys((*new, *old)):
        yield from _of_values(
            old.get(field), new.get(field), f"{pointer}/{field}", f"{path}/{field}".lstrip("/")
        )


def _of_values(old: Any, new: Any, pointer: str, path: str) -> Iterator[FieldChange]:
    if old == new or (old is None and new in ("", [], False)):
        return
    named_by = _NAMED_BY.get(path)
    if named_by is not None:
        yield from _of_entries(_named(old, named_by), _named(new, named_by), pointer, path)
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _of_fields(old, new, pointer, path)
    else:
        yield FieldChange(pointer=pointer, label=LABELS[path], before=old, after=new)


def _of_entries(
    old: Mapping[str, Any], new: Mapping[str, Any], pointer: str, path: str
) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*new, *old)):
        place = f"{pointer}/{name}"
        if name in old and name in new:
            yield from _of_fields(old[name], new[name], place, path)
        else:
            yield FieldChange(
                pointer=place, label=LABELS[path], before=old.get(name), after=new.get(name)
            )


def _named(entries: list[Any] | None, named_by: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in entries or []:
        name = str(entry[named_by])
        # Drafts may hold two of one name: the later ones are told apart by their number.
        while name in found:
            name += "′"
        found[name] = entry
    return found
