"""Hold a declared data dictionary against the file (数据字典核对): column, row and reason.

What the file shows to be otherwise than declared is a contradiction, and nothing is described,
submitted or listed with one. What only looks sensitive is a finding: people decide.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Final

import msgspec

from catalog.kernel.errors import FieldError, Refused
from catalog.products.items import key_of
from catalog.products.model import Description, Item, ItemType, Sensitivity
from catalog.profiles.model import Column, Profile

_ACCEPTS: Final = {
    ItemType.TEXT: set(ItemType) - {ItemType.STRUCTURE},
    ItemType.INTEGER: {ItemType.INTEGER},
    ItemType.DECIMAL: {ItemType.INTEGER, ItemType.DECIMAL},
    ItemType.BOOLEAN: {ItemType.BOOLEAN},
    ItemType.DATE: {ItemType.DATE},
    ItemType.DATETIME: {ItemType.DATE, ItemType.DATETIME},
    ItemType.STRUCTURE: {ItemType.STRUCTURE},
}
_TRUTHS: Final = {"0", "1"}
#: What tells of a person, and is known by more than its looks (BJ-21).
_PERSONAL: Final = {Sensitivity.ID_CARD, Sensitivity.PHONE, Sensitivity.BANK_CARD}


class Reason(enum.StrEnum):
    """What is otherwise in the file than in the dictionary."""

    COLUMN_MISSING = "column_missing"  # declared, and not in the file
    COLUMN_UNDECLARED = "column_undeclared"  # in the file, and not declared
    TYPE_DIFFERS = "type_differs"
    LENGTH_EXCEEDED = "length_exceeded"
    VALUE_MISSING = "value_missing"  # required, and not there
    ROW_RAGGED = "row_ragged"  # a row with more or fewer values than columns
    PERSONAL_INFORMATION_UNDECLARED = "personal_information_undeclared"
    SENSITIVITY_UNDECLARED = "sensitivity_undeclared"
    SENSITIVITY_DIFFERS = "sensitivity_differs"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One place where file and description say different things."""

    reason: Reason
    column: str
    row: int | None = None  # the first one, as people count: the header of a table is row 1
    declared: str = ""
    found: str = ""
    is_contradiction: bool = True  # or else a suggestion


class DictionaryContradictsFile(Refused):
    """The data dictionary says otherwise than the file; ``findings`` name column, row and reason."""

    code = "dictionary_contradicts_file"


def findings(description: Description, profile: Profile) -> tuple[Finding, ...]:
    """Return where a description and the file say different things."""
    return (*_of_items(description.items, profile), *_of_persons(description, profile))


def check(description: Description, profile: Profile) -> None:
    """Return if nothing in the file contradicts the description.

    :raises DictionaryContradictsFile: if something does; suggestions do not.
    """
    against = [each for each in findings(description, profile) if each.is_contradiction]
    if not against:
        return
    places = {key_of(item.name): index for index, item in enumerate(description.items)}
    raise DictionaryContradictsFile(
        columns=", ".join(dict.fromkeys(each.column for each in against))[:500],
        findings=msgspec.to_builtins(against[:100]),
        errors=tuple(
            FieldError(_pointer(each, places), each.reason.value, _words(each))
            for each in against[:100]
        ),
    )


def _pointer(finding: Finding, places: dict[str, int]) -> str:
    if finding.reason is Reason.PERSONAL_INFORMATION_UNDECLARED:
        return "/contains_personal_info"
    place = places.get(key_of(finding.column))
    return "/items" if place is None else f"/items/{place}"


def _words(finding: Finding) -> str:
    row = "" if finding.row is None else f" row {finding.row}:"
    return f"{finding.column}:{row} {finding.declared} ≠ {finding.found}"


def _of_items(items: tuple[Item, ...], profile: Profile) -> Iterator[Finding]:
    if not items:
        return
    columns = {key_of(column.name): column for column in profile.columns}
    for item in items:
        column = columns.pop(key_of(item.name), None)
        if column is None:
            yield Finding(reason=Reason.COLUMN_MISSING, column=item.name, declared=item.type.value)
        else:
            yield from _of_column(item, column)
    for column in columns.values():
        yield Finding(reason=Reason.COLUMN_UNDECLARED, column=column.name, found=column.type.value)
    if profile.ragged_rows:
        yield Finding(
            reason=Reason.ROW_RAGGED,
            column="",
            row=profile.first_ragged_row,
            declared=str(len(profile.columns)),
            found=str(profile.ragged_rows),
        )


def _of_column(item: Item, column: Column) -> Iterator[Finding]:
    if (row := _row_of_other_type(item.type, column)) is not None:
        yield Finding(
            reason=Reason.TYPE_DIFFERS,
            column=item.name,
            row=row,
            declared=item.type.value,
            found=column.type.value,
        )
    if item.length is not None and column.longest > item.length:
        yield Finding(
            reason=Reason.LENGTH_EXCEEDED,
            column=item.name,
            row=column.longest_row,
            declared=str(item.length),
            found=str(column.longest),
        )
    if item.is_required and column.nulls:
        yield Finding(
            reason=Reason.VALUE_MISSING,
            column=item.name,
            row=column.first_null_row,
            declared="required",
            found=str(column.nulls),
        )
    seems = Sensitivity.NONE if column.suggestion is None else column.suggestion.sensitivity
    if seems is not Sensitivity.NONE and seems is not item.sensitivity:
        undeclared = item.sensitivity is Sensitivity.NONE
        yield Finding(
            reason=Reason.SENSITIVITY_UNDECLARED if undeclared else Reason.SENSITIVITY_DIFFERS,
            column=item.name,
            declared=item.sensitivity.value,
            found=seems.value,
            is_contradiction=False,
        )


def accepts(declared: ItemType, column: Column) -> int:
    """Return how many values of a column have a type that the declared one takes."""
    other = _other_types(declared, column)
    return sum(count for type_, count in column.types.items() if type_ not in other)


def _row_of_other_type(declared: ItemType, column: Column) -> int | None:
    other = _other_types(declared, column)
    return min((column.first_rows[type_] for type_ in other), default=None)


def _other_types(declared: ItemType, column: Column) -> set[ItemType]:
    other = set(column.types) - _ACCEPTS[declared]
    whole = column.types.get(ItemType.INTEGER, 0)
    if declared in (ItemType.DATE, ItemType.DATETIME) and column.compact_dates == whole:
        other.discard(ItemType.INTEGER)
    if declared is ItemType.BOOLEAN and {column.minimum, column.maximum} <= _TRUTHS:
        other.discard(ItemType.INTEGER)
    return other


def _of_persons(description: Description, profile: Profile) -> Iterator[Finding]:
    if description.contains_personal_info or description.contains_sensitive_personal_info:
        return
    for column in profile.columns:
        if column.suggestion is not None and column.suggestion.sensitivity in _PERSONAL:
            yield Finding(
                reason=Reason.PERSONAL_INFORMATION_UNDECLARED,
                column=column.name,
                declared="contains_personal_info = false",
                found=column.suggestion.sensitivity.value,
            )
