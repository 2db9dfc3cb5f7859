"""Fill a struct to its last field, each text with the same word, to see what of it is left somewhere."""

from __future__ import annotations

import datetime as dt
import typing
import uuid
from typing import Any

import msgspec
from msgspec import inspect

T = typing.TypeVar("T")
WORD: typing.Final = "私密"

_PLAIN: typing.Final[dict[type, Any]] = {
    inspect.StrType: WORD,
    inspect.AnyType: WORD,
    inspect.RawType: msgspec.Raw(b"{}"),
    inspect.BytesType: WORD.encode(),
    inspect.IntType: 1,
    inspect.BoolType: True,
    inspect.NoneType: None,
    inspect.DateType: dt.date(2026, 3, 2),
    inspect.DateTimeType: dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC),
}


def filled(struct: type[T]) -> T:
    """Return an instance without an empty field: one element in each collection, never None."""
    return typing.cast("T", _value(inspect.type_info(struct)))


def words_in(thing: Any, at: str = "") -> set[str]:
    """Return in which fields of ``thing`` the word stands, by their paths."""
    if isinstance(thing, msgspec.Struct):
        thing = {name: getattr(thing, name) for name in thing.__struct_fields__}
    if isinstance(thing, dict):
        return {
            found
            for key, value in thing.items()
            for found in words_in(value, f"{at}.{key}".lstrip("."))
        }
    if isinstance(thing, (tuple, list, set, frozenset)):
        return {found for value in thing for found in words_in(value, at)}
    return {at} if thing in (WORD, WORD.encode()) else set()


def _value(kind: inspect.Type) -> Any:
    match kind:
        case inspect.Metadata(type=inner):
            return _value(inner)
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: _value(field.type) for field in fields})
        case inspect.UnionType(types=types):
            return _value(next(each for each in types if not isinstance(each, inspect.NoneType)))
        case inspect.EnumType(cls=cls):
            return next(iter(cls))
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.VarTupleType(item_type=item):
            return (_value(item),)
        case inspect.ListType(item_type=item):
            return [_value(item)]
        case inspect.FrozenSetType(item_type=item):
            return frozenset({_value(item)})
        case inspect.DictType(key_type=key, value_type=value):
            return {_value(key): _value(value)}
        case inspect.UUIDType():
            return uuid.uuid4()
    return _PLAIN[type(kind)]
