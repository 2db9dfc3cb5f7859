"""Make a product of what another catalogue tells of a data set: CKAN packages, DCAT records (外部目录)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.formats import reading_ckan
from catalog.kernel.errors import Invalid
from catalog.products import imports
from catalog.products.model import Form, OriginPath, UpdateCycle
from catalog.products.references import MAX_LENGTH

_KEYWORD: Final = 100
_MAX_KEYWORDS: Final = 50


class PackageListUnreadable(Invalid):
    """The file is no answer of CKAN that lists packages."""

    code = "product_batch_no_package_list"


def packages(answer: Any) -> list[Any]:
    """Return the packages in an answer of CKAN: a search, a list, or a single one.

    :raises PackageListUnreadable: if there are none that could be read.
    """
    found = answer.get("result", answer) if isinstance(answer, dict) else answer
    if isinstance(found, dict):
        found = found["results"] if isinstance(found.get("results"), list) else [found]
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise PackageListUnreadable
    return found


def record_of_package(package: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a package: what of it is known here."""
    record: dict[str, Any] = msgspec.to_builtins(reading_ckan.record_of(package, source="batch"))
    return record


def said_of_record(record: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return key and description of a record, as plain data; nothing is made up that it lacks.

    What a description has no field for (theme, publisher, address, licence) stands at its end.
    """
    form = imports.FORMS.get(record["format"].lower(), Form.DATASET)
    cycle = imports.CYCLES.get(record["update_frequency"].lower(), UpdateCycle.IRREGULAR)
    further = (
        ("发布机构", record["publisher"]),
        ("主题", record["theme"]),
        ("格式", record["format"]),
        ("原目录地址", record["url"]),
        ("许可", record["licence"]),
    )
    lines = [record["description"], *(f"{name}：{text}" for name, text in further if text)]
    keywords = dict.fromkeys(word[:_KEYWORD] for word in record["keywords"] if word)
    said = {
        "name": record["title"],
        "form": form.value,
        "origin_path": OriginPath.OWN_RESOURCE.value,
        "description": "\n".join(line for line in lines if line),
        "update_cycle": cycle.value,
        "keywords": list(keywords)[:_MAX_KEYWORDS],
        "region": record["region"],
    }
    return key_of(record["id"]), said


def key_of(identifier: str) -> str:
    """Return the reference of a foreign identifier: itself, or its digest if it is too long."""
    plain = identifier.strip()
    if len(plain) <= MAX_LENGTH:
        return plain
    return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"
