"""Read what a CKAN says of its packages, ours or anybody's, as records that can be imported."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from catalog.formats import authorities
from catalog.formats.iris import web_address
from catalog.formats.reading_dcat import CataloguePage, CatalogueUnreadable, Skipped
from catalog.products.imports import Record

_LONGEST_KEYWORD: Final = 100
#: Where packages tell it: ours, those of most portals, those of ckanext-dcat.
_FREQUENCIES: Final = ("update_frequency", "frequency", "accrual_periodicity")
_REGIONS: Final = ("region", "spatial-text", "spatial_name", "spatial_text")


class _Answer(msgspec.Struct):
    """As much of CKAN's envelope as counts."""

    success: bool = False
    result: dict[str, Any] = {}


def read(data: bytes, *, source: str) -> tuple[CataloguePage, int]:
    """Return the packages of an answer of ``package_search``, and how many there are in all.

    :raises CatalogueUnreadable: if it is no such answer, or says that it failed.
    """
    try:
        answer = msgspec.json.decode(data, type=_Answer)
        count = int(answer.result["count"])
        packages = list(answer.result["results"])
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise CatalogueUnreadable(reason="no answer of package_search") from error
    if not answer.success:
        raise CatalogueUnreadable(reason="success is false")
    records, skipped = [], []
    for package in packages:
        if not isinstance(package, dict):
            skipped.append(Skipped("", "package_malformed"))
            continue
        found = record_of(package, source=source)
        if found.id and found.title:
            records.append(found)
        else:
            missing = "title_missing" if found.id else "id_missing"
            skipped.append(Skipped(found.id or found.title, missing))
    return CataloguePage(tuple(records), tuple(skipped)), count


def record_of(package: dict[str, Any], *, source: str) -> Record:
    """Return what is known here of a package; its name stands for a title that it lacks, as in CKAN."""
    resources = _dicts(package, "resources")
    extras = {_text(each, "key"): _text(each, "value") for each in _dicts(package, "extras")}
    groups = _dicts(package, "groups")
    organisation = package.get("organization")
    name, title = _text(package, "name"), _text(package, "title")
    publisher = _text(organisation if isinstance(organisation, dict) else {}, "title")
    addresses = [_text(package, "url"), *(_text(each, "url") for each in resources)]
    return Record(
        id=_text(package, "id") or name,
        title=title or name,
        source=source,
        description=_text(package, "notes"),
        publisher=publisher or _text(package, "author"),
        theme=_first([_named(each) for each in groups]),
        keywords=_keywords(package),
        format=_first([_text(each, "format").lower() for each in resources]),
        update_frequency=_frequency(_first([extras.get(key, "") for key in _FREQUENCIES])),
        region=_first([extras.get(key, "") for key in _REGIONS]),
        url=_first([web_address(address) or "" for address in addresses]),
        licence=_text(package, "license_id") or _text(package, "license_title"),
    )


def _keywords(package: dict[str, Any]) -> tuple[str, ...]:
    tags = package.get("tags")
    listed = tags if isinstance(tags, list) else []
    words = [_named(each) if isinstance(each, dict) else _written(each) for each in listed]
    return tuple(dict.fromkeys(word[:_LONGEST_KEYWORD] for word in words if word))


def _named(labelled: dict[str, Any]) -> str:
    return _first([_text(labelled, field) for field in ("title", "display_name", "name")])


def _frequency(word: str) -> str:
    # ckanext-dcat keeps the address of the EU's table.
    code = word.rstrip("/").rpartition("/")[2] if word.startswith("http") else ""
    return authorities.WORD_OF_FREQUENCY.get(code, word)


def _dicts(value: dict[str, Any], field: str) -> list[dict[str, Any]]:
    found = value.get(field)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(value: dict[str, Any], field: str) -> str:
    return _written(value.get(field))


def _written(value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value).strip() if isinstance(value, str) or is_number else ""


def _first(words: list[str]) -> str:
    return next((word for word in words if word), "")
