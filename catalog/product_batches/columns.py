"""Say which columns a table of products has, and find them by whatever they are called (列)."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from catalog.kernel.errors import Invalid
from catalog.product_batches.vocabulary import plain
from catalog.products import model
from catalog.products.labels import LABELS, Label

MAX_SOURCES: Final = 5  # [P] of one product in a table; JSON has no such bound
KEY: Final = "key"
_SHOWN: Final = 50  # characters of a column that is none
_MOST_SHOWN: Final = 10  # of them; the count tells the rest
COMMENT: Final = "#"  # what begins with it is for people: columns of a report, rows of a template


class Shape(enum.Enum):
    """What a cell holds."""

    TEXT = enum.auto()
    VALUE = enum.auto()  # one of a fixed list
    VALUES = enum.auto()  # several of it, separated
    WORDS = enum.auto()  # several words, separated
    FLAG = enum.auto()  # yes or no
    DAY = enum.auto()  # as people write it
    SCENARIOS = enum.auto()  # code: description, one a line
    ITEMS = enum.auto()  # name|type|title|unit|required|sensitivity, one a line
    STANDARDS = enum.auto()  # number|title|address, one a line


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: which field it is of, and how it is called."""

    path: str  # the pointer of the field, without its first slash; also a name of the column
    label: Label
    shape: Shape = Shape.TEXT
    kind: type[enum.StrEnum] | None = None


class BatchColumnUnknown(Invalid):
    """Columns are called as no field is; perhaps they are misspelt, or for people alone."""

    code = "product_batch_column_unknown"


class BatchColumnDoubled(Invalid):
    """Two columns are of the same field."""

    code = "product_batch_column_doubled"


class BatchColumnMissing(Invalid):
    """A column is missing without which no row can be a product."""

    code = "product_batch_column_missing"


_LISTS: Final[Mapping[str, type[enum.StrEnum]]] = {
    "form": model.Form,
    "sub_form": model.SubForm,
    "market_tier": model.MarketTier,
    "metering_unit": model.MeteringUnit,
    "origin_path": model.OriginPath,
    "data_nature": model.DataNature,
    "ai_generated": model.AiShare,
    "update_cycle": model.UpdateCycle,
    "sharing_type": model.SharingType,
    "open_attribute": model.OpenAttribute,
    "classification/level": model.Level,
    "sources/nature": model.DataNature,
    "sources/acquisition_method": model.AcquisitionMethod,
    "sources/classification_level": model.Level,
}
_FLAGS: Final = frozenset(
    {
        "contains_personal_info",
        "contains_sensitive_personal_info",
        "contains_important_data",
        "contains_national_core_data",
        "in_authorized_scope",
        "sources/authorisation_required",
        "sources/contains_personal_info",
        "sources/is_supermarket_resource",
    }
)
_DAYS: Final = frozenset({"valid_from", "valid_to", "sources/authorisation_valid_to"})
_SHAPES: Final[Mapping[str, tuple[Shape, type[enum.StrEnum] | None]]] = {
    "delivery_modes": (Shape.VALUES, model.DeliveryMode),
    "keywords": (Shape.WORDS, None),
    "related_codes": (Shape.WORDS, None),
    "scenarios": (Shape.SCENARIOS, None),
    "items": (Shape.ITEMS, None),
    "conforms_to": (Shape.STANDARDS, None),
}
#: What is not written in a table: parts of those above, and what two people record.
_INSIDE: Final = (
    "scenarios/",
    "items/",
    "conforms_to/",
    "sources",
    "classification/reclassification",
    "catalogue/",
)


def _column(path: str, name: str, label: Label) -> Column:
    shape, kind = _SHAPES.get(name, (Shape.TEXT, None))
    if name in _LISTS:
        shape, kind = Shape.VALUE, _LISTS[name]
    elif name in _FLAGS:
        shape = Shape.FLAG
    elif name in _DAYS:
        shape = Shape.DAY
    return Column(path=path, label=label, shape=shape, kind=kind)


def _of_sources(number: int) -> list[Column]:
    return [
        _column(
            f"sources/{number - 1}/{path.partition('/')[2]}",
            path,
            Label(f"来源{number}：{label.zh}", f"Source {number}: {label.en}"),
        )
        for path, label in LABELS.items()
        if path.startswith("sources/")
    ]


COLUMNS: Final[tuple[Column, ...]] = (
    Column(path=KEY, label=Label("供方编号", "Reference")),
    *(
        _column(path, path, label)
        for path, label in LABELS.items()
        if path not in ("classification", "catalogue")
        and (path.startswith("catalogue/") or not path.startswith(_INSIDE))
    ),
    *(column for number in range(1, MAX_SOURCES + 1) for column in _of_sources(number)),
)
REQUIRED: Final = (KEY, "name", "form")
BY_PATH: Final[Mapping[str, Column]] = {column.path: column for column in COLUMNS}
_BY_NAME: Final[Mapping[str, Column]] = {
    plain(name): column
    for column in COLUMNS
    for name in (column.label.en, column.label.zh, column.path)
}


def is_header(names: Sequence[str]) -> bool:
    """Tell whether a row names the columns: most of those that no table can do without."""
    found = {column.path for name in names if (column := _BY_NAME.get(plain(name))) is not None}
    return len(found.intersection(REQUIRED)) >= len(REQUIRED) - 1


def matched(names: Sequence[str]) -> dict[str, Column]:
    """Return of which field each column of a file is; those for people alone are left out.

    :raises BatchColumnUnknown: with all that are of none, and what each may mean.
    :raises BatchColumnDoubled: if two are of the same.
    :raises BatchColumnMissing: if one is missing that every product needs.
    """
    found: dict[str, Column] = {}
    told = [name for name in names if not name.startswith(COMMENT)]
    if unknown := [name for name in told if plain(name) not in _BY_NAME]:
        shown = [f"{name[:_SHOWN]}{_meant(name)}" for name in unknown[:_MOST_SHOWN]]
        raise BatchColumnUnknown(columns=shown, count=len(unknown))
    for name in told:
        column = _BY_NAME[plain(name)]
        if doubled := next((other for other, has in found.items() if has == column), None):
            raise BatchColumnDoubled(column=name, other=doubled)
        found[name] = column
    present = {column.path for column in found.values()}
    if missing := [path for path in REQUIRED if path not in present]:
        raise BatchColumnMissing(columns=[BY_PATH[path].label.zh for path in missing])
    return found


def _meant(name: str) -> str:
    near = difflib.get_close_matches(plain(name), _BY_NAME, n=1, cutoff=0.5)
    return f"（{_BY_NAME[near[0]].label.zh}？）" if near else ""
