"""Read what a client of CKAN asks: ``package_search``'s parameters in Solr's clothes.

Of Solr's language what clients of catalogues send: words, ``*:*``, ``field:value`` with quotes and a
``+``, ``AND`` between them, one range of ``metadata_modified``. What is not understood is refused with
CKAN's own error and not left out: a filter that is not heeded would be a wrong answer.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

MAX_ROWS: Final = 1000  # CKAN's own limit (ckan.search.rows_max)
DEFAULT_ROWS: Final = 10
#: [P] with words nobody is led further than this into what was found; without, to its end.
DEEPEST_WITH_WORDS: Final = 10_000
#: [P] so many names are listed at once; more of them page by page.
MAX_NAMES: Final = 100_000
#: [P] so many organisations or groups are told with all fields at once; CKAN's own limit is 25.
MOST_WHOLE: Final = 1000
#: In which orders they are listed; CKAN calls some of them twice.
LABEL_ORDERS: Final = tuple(
    f"{field} {way}" for field in ("title", "name", "package_count") for way in ("asc", "desc")
)
LABEL_SORTS: Final = {"": "title", "packages": "package_count"}
_DEFAULT_FACET_VALUES: Final = 50
_MAX_NUMBER: Final = 10**9

FILTERS: Final = ("organization", "groups", "res_format", "tags", "license_id")
#: What our search can be narrowed down by; the rest needs a question without words.
WITH_WORDS: Final = frozenset({"organization", "groups"})
_TERM: Final = re.compile(
    r'\s*(?:AND\s+)?\+?(\w+):(?:"((?:[^"\\]|\\.)*)"|\[(\S+)\s+TO\s+(\S+?)\]|([^\s"\[\]()]+))'
)
_SORTS: Final[Mapping[str, str]] = {
    "": "",
    "score desc, metadata_modified desc": "",
    "relevance asc, metadata_modified desc": "",
    "score desc": "",
    "metadata_modified desc": "newest",
    "metadata_modified asc": "oldest",
    "name asc": "name",
    "id asc": "name",
}


class CkanRefusal(
    ValueError
):  # no refusal of ours: it leaves in CKAN's envelope, never as a problem
    """A parameter is not what ``package_search`` takes; ``said`` is told per field, as CKAN does."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(f"{field}: {said}")
        self.said = {field: [said]}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of ``package_search``."""

    words: str = ""
    filters: Mapping[str, str] = {}
    modified_from: dt.datetime | None = None
    modified_to: dt.datetime | None = None
    start: int = 0
    rows: int = DEFAULT_ROWS
    sort: str = ""  # "", newest, oldest, name
    facets: tuple[str, ...] = ()
    facet_values: int = _DEFAULT_FACET_VALUES


def read_search(given: Mapping[str, Any]) -> Asked:
    """Return what ``package_search`` is asked.

    :raises CkanRefusal: if a parameter is not understood, or can not be had with the others.
    """
    words = text(given, "q").strip()
    filters, begins, ends = _filters(f"{text(given, 'fq')} {_listed(given)}")
    order = " ".join(text(given, "sort").split())
    if order not in _SORTS:
        raise CkanRefusal("sort", f"not supported; one of {', '.join(filter(None, _SORTS))}")
    rows = min(number(given, "rows", DEFAULT_ROWS), MAX_ROWS)
    asked = Asked(
        words="" if words in ("*:*", "*") else words,
        filters=filters,
        modified_from=begins,
        modified_to=ends,
        start=number(given, "start", 0),
        rows=rows,
        sort=_SORTS[order],
        facets=_facets(given),
        facet_values=number(given, "facet.limit", _DEFAULT_FACET_VALUES),
    )
    if asked.words:
        _check_with_words(asked)
    return asked


class AskedLabels(msgspec.Struct, frozen=True, kw_only=True):
    """Which organisations, groups or tags are asked for."""

    like: str = ""
    names: tuple[str, ...] | None = None  # None: all of them
    order: str = "title asc"
    start: int = 0
    limit: int
    is_whole: bool = False  # with all fields, not the names alone
    is_limited: bool = False  # by who asks


def read_labels(given: Mapping[str, Any], *, names: str | None = None) -> AskedLabels:
    """Return what a list of organisations, groups or tags is asked; ``names`` is the field of names.

    :raises CkanRefusal: if a parameter is not understood.
    """
    is_whole = flag(given, "all_fields")
    is_limited = given.get("limit") not in (None, "")
    most = MOST_WHOLE if is_whole and names is not None else MAX_NAMES
    order = " ".join(text(given, "sort" if given.get("sort") else "order_by").split())
    field, _, direction = order.partition(" ")
    order = f"{LABEL_SORTS.get(field, field)} {direction or 'asc'}".strip()
    if order not in LABEL_ORDERS:
        raise CkanRefusal("sort", f"not supported; one of {', '.join(LABEL_ORDERS)}")
    return AskedLabels(
        like=text(given, "query") if names is None else "",
        names=None if names is None else _names(given, names),
        order=order,
        start=number(given, "offset", 0),
        limit=min(number(given, "limit", most), most),
        is_whole=is_whole,
        is_limited=is_limited,
    )


def _names(given: Mapping[str, Any], field: str) -> tuple[str, ...] | None:
    value = given.get(field)
    if value is None or value == "":
        return None
    if isinstance(value, str):  # as it stands in an address
        try:
            value = json.loads(value)
        except ValueError:
            value = [value]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise CkanRefusal(field, "Must be a list of strings")
    return tuple(value)


def text(given: Mapping[str, Any], field: str) -> str:
    """Return a parameter that is a text, empty if it is missing.

    :raises CkanRefusal: if it is something else.
    """
    value = given.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CkanRefusal(field, "Must be a string")
    return value


def number(given: Mapping[str, Any], field: str, default: int) -> int:
    """Return a parameter that is a number from 0 on, as CKAN's validators read it.

    :raises CkanRefusal: if it is none.
    """
    value = given.get(field)
    if value is None or value == "":
        return default
    try:
        found = int(value)
    except (TypeError, ValueError) as error:
        raise CkanRefusal(field, "Invalid integer") from error
    if not 0 <= found <= _MAX_NUMBER:
        raise CkanRefusal(field, "Must be a natural number")
    return found


def flag(given: Mapping[str, Any], field: str, *, default: bool = False) -> bool:
    """Return a parameter that is yes or no."""
    value = given.get(field)
    return default if value is None else str(value).lower() in ("true", "1", "yes", "t", "on")


def _listed(given: Mapping[str, Any]) -> str:
    value = given.get("fq_list") or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise CkanRefusal("fq_list", "Must be a list of strings")
    return " ".join(value)


def _filters(
    query: str,
) -> tuple[dict[str, str], dt.datetime | None, dt.datetime | None]:
    filters: dict[str, str] = {}
    begins = ends = None
    place = 0
    while query[place:].strip():
        found = _TERM.match(query, place)
        if found is None:
            raise CkanRefusal("fq", f"not understood: {query[place:].strip()[:100]}")
        field, quoted, low, high, plain = found.groups()
        if low is not None and field == "metadata_modified":
            begins, ends = _instant(low), _instant(high)
        elif low is None and field in ("dataset_type", "state", "capacity", "type"):
            _check_only(field, quoted or plain)
        elif low is None and field in FILTERS and field not in filters:
            filters[field] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
        else:
            raise CkanRefusal("fq", f"not supported: {field}")
        place = found.end()
    return filters, begins, ends


def _check_only(field: str, value: str) -> None:
    # What every product here is: clients ask for it by habit.
    if value not in ("dataset", "active", "public"):
        raise CkanRefusal("fq", f"not supported: {field}:{value}")


def _instant(written: str) -> dt.datetime | None:
    if written in ("*", "NOW"):
        return None
    try:
        found = dt.datetime.fromisoformat(written)
    except ValueError as error:
        raise CkanRefusal("fq", f"no instant: {written[:50]}") from error
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found


def _facets(given: Mapping[str, Any]) -> tuple[str, ...]:
    value = given.get("facet.field")
    if value is None or not flag(given, "facet", default=True):
        return ()
    if isinstance(value, str):  # as it stands in an address
        try:
            value = json.loads(value)
        except ValueError:
            value = [value]
    if not isinstance(value, list) or not all(each in FILTERS for each in value):
        raise CkanRefusal("facet.field", f"not supported; of {', '.join(FILTERS)}")
    return tuple(dict.fromkeys(value))


def _check_with_words(asked: Asked) -> None:
    others = sorted(set(asked.filters) - WITH_WORDS)
    if others or asked.modified_from or asked.modified_to:
        named = ", ".join(others) or "metadata_modified"
        raise CkanRefusal("fq", f"{named} is supported where q is empty")
    if asked.sort == "name":
        raise CkanRefusal("sort", "by name is supported where q is empty")
    if asked.start + asked.rows > DEEPEST_WITH_WORDS:
        raise CkanRefusal("start", f"with q at most {DEEPEST_WITH_WORDS} are shown")
