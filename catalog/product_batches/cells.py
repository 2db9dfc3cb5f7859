"""Make of the cells of a row what a description takes, or say in which column it can not be (行解析)."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid
from catalog.product_batches.columns import COMMENT, KEY, Column, Shape
from catalog.product_batches.dates import read_day
from catalog.product_batches.vocabulary import NAMES, flag_of, value_of
from catalog.products.model import ItemType, OriginPath, Sensitivity
from catalog.products.standards import read_standard

_SEPARATORS: Final = re.compile(r"[;；、,，\n]+")
_LINES: Final = re.compile(r"[\n;；]+")
_PARTS: Final = re.compile(r"[|｜]")
_CODE: Final = re.compile(r"\s*([a-z][a-z0-9_]{0,63})\s*[:：]\s*(.*)", re.DOTALL)
#: A report puts this before a text that a spreadsheet would run; it comes off again here.
_GUARD: Final = re.compile(r"^'(?=[=+\-@\t\r])")
_ITEM_PARTS: Final = 6
_STANDARD_PARTS: Final = 3


class BatchValueUnknown(Invalid):
    """A cell holds a value that its list does not have (取值不在列表内)."""

    code = "product_batch_value_unknown"


class BatchFlagUnclear(Invalid):
    """A cell says neither yes nor no."""

    code = "product_batch_flag_unclear"


class BatchScenarioUnclear(Invalid):
    """A scenario is written as a code, a colon and what it is."""

    code = "product_batch_scenario_unclear"


class BatchItemUnclear(Invalid):
    """An item is written as a name and a type, then title, unit, whether required, sensitivity."""

    code = "product_batch_item_unclear"


class BatchStandardUnclear(Invalid):
    """A standard is written as its number, then its title and its address."""

    code = "product_batch_standard_unclear"


class Values(msgspec.Struct, frozen=True):
    """What a row says, as plain data of a description, and what in it can not be."""

    key: str
    said: dict[str, Any]
    faults: list[tuple[str, Invalid]]  # by column
    sources: tuple[int, ...] = ()  # which numbered sources those of the description are


def is_comment(cells: Mapping[str, Any]) -> bool:
    """Tell whether a row of a table is for people alone: its first filled cell begins with ``#``."""
    first = next((str(value) for value in cells.values() if value not in (None, "")), "")
    return first.startswith(COMMENT)


def read_cells(cells: Mapping[str, Any], columns: Mapping[str, Column]) -> Values:
    """Return what the cells of a row say. An empty cell says nothing."""
    said: dict[str, Any] = {}
    faults: list[tuple[str, Invalid]] = []
    key = ""
    for name, column in columns.items():
        text = text_of(cells.get(name))
        if not text:
            continue
        if column.path == KEY:
            key = text
            continue
        try:
            _put(said, column.path.split("/"), _value(column, text))
        except Invalid as refusal:
            faults.append((name, refusal))
    sources = tuple(sorted(said.get("sources", ())))
    _fill(said)
    return Values(key, said, faults, sources)


def text_of(value: Any) -> str:
    """Return a cell as text; what a workbook knows as a number or a truth is written out."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _GUARD.sub("", str(value).replace("\r\n", "\n").strip())


def _value(column: Column, text: str) -> Any:
    if column.shape is Shape.FLAG:
        flag = flag_of(text)
        if flag is None:
            raise BatchFlagUnclear(given=text[:50])
        return flag
    if column.shape is Shape.DAY:
        return read_day(text)
    if column.shape is Shape.VALUE:
        return _listed(column, text)
    if column.shape is Shape.SCENARIOS:
        return [_scenario(line) for line in _split(_LINES, text)]
    if column.shape is Shape.ITEMS:
        return [_item(line) for line in _split(_LINES, text)]
    if column.shape is Shape.STANDARDS:
        return [_standard(line) for line in _split(_LINES, text)]
    if column.shape in (Shape.WORDS, Shape.VALUES):
        words = _split(_SEPARATORS, text)
        return words if column.shape is Shape.WORDS else [_listed(column, word) for word in words]
    return text


def _listed(column: Column, text: str) -> str:
    assert column.kind is not None, "a list has its values"
    found = value_of(column.kind, text)
    if found is None:
        raise BatchValueUnknown(given=text[:50], known=_known(column.kind))
    return found


def _known(kind: type[enum.StrEnum]) -> list[str]:
    return [f"{chinese} {value}" for value, (chinese, _) in NAMES[kind].items()]


def _scenario(line: str) -> dict[str, str]:
    found = _CODE.fullmatch(line)
    if found is None:
        raise BatchScenarioUnclear(given=line[:50])
    return {"code": found[1], "description": found[2].strip()}


def _item(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in _PARTS.split(line)]
    name, kind, title, unit, required, sensitivity = (*parts, *[""] * _ITEM_PARTS)[:_ITEM_PARTS]
    of_type = value_of(ItemType, kind)
    is_required = flag_of(required or "no")
    told = value_of(Sensitivity, sensitivity or "none")
    if len(parts) > _ITEM_PARTS or None in (of_type, is_required, told) or not name:
        raise BatchItemUnclear(given=line[:50])
    return {
        "name": name,
        "type": of_type,
        "title": title,
        "unit": unit,
        "is_required": is_required,
        "sensitivity": told,
    }


def _standard(line: str) -> dict[str, str]:
    parts = [part.strip() for part in _PARTS.split(line)]
    number, title, address = (*parts, *[""] * _STANDARD_PARTS)[:_STANDARD_PARTS]
    if len(parts) > _STANDARD_PARTS or not number:
        raise BatchStandardUnclear(given=line[:50])
    found: dict[str, str] = msgspec.to_builtins(read_standard(number, title=title, address=address))
    return found


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    return [part.strip() for part in pattern.split(text) if part.strip()]


def _put(said: dict[str, Any], path: list[str], value: Any) -> None:
    if path[0] == "sources":
        number, field = int(path[1]), path[2]
        said.setdefault("sources", {}).setdefault(number, {})[field] = value
    elif len(path) > 1:
        said.setdefault(path[0], {})[path[1]] = value
    else:
        said[path[0]] = value


def _fill(said: dict[str, Any]) -> None:
    """Say what a table says by leaving it out."""
    said.setdefault("origin_path", OriginPath.OWN_RESOURCE.value)
    if "classification" in said:
        said["classification"] = {"scheme": "", "category": ""} | said["classification"]
    if "sources" in said:
        said["sources"] = [
            {"source_id": f"s{number + 1}"} | source
            for number, source in sorted(said["sources"].items())
        ]
