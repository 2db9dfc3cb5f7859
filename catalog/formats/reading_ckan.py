"""Read what a CKAN says of its packages, ours or anybody's, as records that can be imported."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from catalog.formats.iris import web_address
from catalog.formats.reading_dcat import CataloguePage, CatalogueUnreadable, Skipped
from catalog.products.imports import Record

_LONGEST_KEYWORD: Final = 100


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
        name, title = _text(package, "id") or _text(package, "name"), _text(package, "title")
        if not (name and title):
            skipped.append(Skipped(name or title, "title_missing" if name else "id_missing"))
            continue
        records.append(_record(package, name, title, source))
    return CataloguePage(tuple(records), tuple(skipped)), count


def _record(package: dict[str, Any], name: str, title: str, source: str) -> Record:
    resources = _dicts(package, "resources")
    extras = {_text(each, "key"): _text(each, "value") for each in _dicts(package, "extras")}
    groups = _dicts(package, "groups")
    organisation = package.get("organization")
    addresses = [_text(package, "url"), *(_text(each, "url") for each in resources)]
    return Record(
        id=name,
        title=title,
        source=source,
        description=_text(package, "notes"),
        publisher=_text(organisation if isinstance(organisation, dict) else {}, "title"),
        theme=_text(groups[0], "title") if groups else "",
        keywords=_keywords(package),
        format=_first([_text(each, "format").lower() for each in resources]),
        update_frequency=_first([extras.get(key, "") for key in ("update_frequency", "frequency")]),
        region=_first([extras.get(key, "") for key in ("region", "spatial-text")]),
        url=_first([web_address(address) or "" for address in addresses]),
        licence=_text(package, "license_id"),
    )


def _keywords(package: dict[str, Any]) -> tuple[str, ...]:
    tags = _dicts(package, "tags")
    words = [_text(each, "display_name") or _text(each, "name") for each in tags]
    return tuple(dict.fromkeys(word[:_LONGEST_KEYWORD] for word in words if word))


def _dicts(value: dict[str, Any], field: str) -> list[dict[str, Any]]:
    found = value.get(field)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(value: dict[str, Any], field: str) -> str:
    found = value.get(field)
    return found.strip() if isinstance(found, str) else ""


def _first(words: list[str]) -> str:
    return next((word for word in words if word), "")
