"""Say it as CKAN's action API v3 does: packages, organisations, groups, tags, and the envelope.

The fields are those of CKAN's own ``package_show``; what CKAN has no field for stands in ``extras``.
A package is named by its id. Publishers and themes have names in any script, CKAN's may hold small
letters, figures and ``-`` alone: so their names here are made from their digest, and titles tell.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.formats import authorities
from catalog.formats.dcat import use_in_words
from catalog.formats.facts import NAME_EN, NAME_ZH, Facts, Site, yuan
from catalog.formats.iris import web_address

Node = dict[str, Any]

#: Whose interface this is a part of.
CKAN_VERSION: Final = "2.11.0"
ORGANISATION: Final = "organization"
GROUP: Final = "group"
_DIGITS: Final = 20
_OPEN: Final = frozenset(authorities.LICENCES)


def name_of(kind: str, title: str) -> str:
    """Return the name of an organisation or group: what CKAN lets be one."""
    digest = hashlib.md5(title.encode(), usedforsecurity=False).hexdigest()
    return f"{kind}-{digest[:_DIGITS]}"


def done(help_address: str, result: Any) -> Node:
    """Return the envelope of an answer."""
    return {"help": help_address, "success": True, "result": result}


def failed(help_address: str, kind: str, said: Mapping[str, Any]) -> Node:
    """Return the envelope of a refusal; ``kind`` is the word by which clients know it."""
    return {"help": help_address, "success": False, "error": {**said, "__type": kind}}


def package(facts: Facts, site: Site) -> Node:
    """Return a product as a package."""
    licence, title, address = _licence(facts, site)
    theme = theme_of(facts)
    resource = _resource(facts, site)
    organisation = collection(ORGANISATION, facts.supplier_name) if facts.supplier_name else None
    return {
        "id": str(facts.id),
        "name": str(facts.id),
        "title": facts.name,
        "notes": facts.description,
        "type": "dataset",
        "state": "active",
        "private": False,
        "isopen": facts.open_licence is not None or licence in _OPEN,
        "url": resource["url"],
        "version": str(facts.version),
        "author": facts.supplier_name,
        "author_email": None,
        "maintainer": facts.supplier_name,
        "maintainer_email": None,
        "license_id": licence,
        "license_title": title,
        "license_url": address,
        "metadata_created": _instant(facts.created_at),
        "metadata_modified": _instant(facts.updated_at),
        "creator_user_id": None,
        "organization": organisation,
        "owner_org": organisation["id"] if organisation else None,
        "groups": [collection(GROUP, theme)] if theme else [],
        "tags": [tag(word) for word in facts.keywords],
        "num_tags": len(facts.keywords),
        "resources": [resource],
        "num_resources": 1,
        "extras": [{"key": key, "value": value} for key, value in _extras(facts, site).items()],
        "relationships_as_object": [],
        "relationships_as_subject": [],
    }


def _licence(facts: Facts, site: Site) -> tuple[str, str, str]:
    """Return code, title and address of the licence."""
    if facts.open_licence is not None:
        opened = facts.open_licence
        return opened.code, opened.zh, site.licence(opened)
    if facts.foreign is not None:
        known = facts.foreign.licence
        return known, known, authorities.LICENCES.get(known, "")
    return "shushi-order", "数据产品使用许可", ""


def theme_of(facts: Facts) -> str:
    """Return the title of the group in which a product lies: the theme of its record."""
    return facts.foreign.theme if facts.foreign is not None else ""


def collection(kind: str, title: str, count: int | None = None) -> Node:
    """Return an organisation or a group, with how many packages it has where that was counted."""
    name = name_of(kind, title)
    found: Node = {
        "id": name,
        "name": name,
        "title": title,
        "display_name": title,
        "description": "",
        "image_url": "",
        "type": kind,
        "is_organization": kind == ORGANISATION,
        "approval_status": "approved",
        "state": "active",
    }
    return found if count is None else {**found, "package_count": count}


def tag(word: str) -> Node:
    """Return a keyword as a tag."""
    return {
        "id": word,
        "name": word,
        "display_name": word,
        "state": "active",
        "vocabulary_id": None,
    }


def status(site: Site) -> Node:
    """Return what this is."""
    return {
        "site_title": f"{NAME_ZH} · {NAME_EN}",
        "site_description": "",
        "site_url": site.url,
        "ckan_version": CKAN_VERSION,
        "locale_default": "zh_CN",
        "extensions": ["shushi"],
        "error_emails_to": None,
    }


def _resource(facts: Facts, site: Site) -> Node:
    page = site.product(facts.id)
    foreign = facts.foreign
    address = page if foreign is None else web_address(foreign.url) or page
    content = facts.content
    if facts.open_licence is not None and content is not None:
        address = site.open_content(facts.id)
    media_type = "" if content is None else content.media_type.partition(";")[0].strip()
    word = authorities.MEDIA_FILE_TYPE.get(media_type, "") if foreign is None else foreign.format
    return {
        "id": f"{facts.id}-1",
        "package_id": str(facts.id),
        "name": facts.name,
        "description": "",
        "url": address,
        "format": word.upper(),
        "mimetype": media_type or None,
        "size": None if content is None else content.size_bytes,
        "hash": "" if content is None else f"sha256:{content.sha256}",
        "created": _instant(facts.created_at),
        "last_modified": _instant(facts.updated_at if content is None else content.attached_at),
        "metadata_modified": _instant(facts.updated_at),
        "position": 0,
        "resource_type": None,
        "state": "active",
        "url_type": None,
    }


def _extras(facts: Facts, site: Site) -> dict[str, str]:
    told = {
        "page": site.product(facts.id),
        "dcat": f"{site.product(facts.id)}/dcat.jsonld",
        "form": facts.form.value if facts.form is not None else "",
        "region": facts.region,
        "certificate_number": facts.certificate_number or "",
        "source": facts.source or "",
        "identifier": facts.source_id or "",
    }
    if facts.foreign is not None:
        told |= {"update_frequency": facts.foreign.update_frequency}
    if facts.told is not None:
        told |= {
            "update_frequency": facts.told.update_cycle.value,
            "industry": facts.told.industry_section,
            "usage": use_in_words(facts),
        }
    if facts.told is not None and facts.told.conforms_to:
        cited = [each.number for each in facts.told.conforms_to]
        told["conforms_to"] = msgspec.json.encode(cited).decode()  # as ckanext-dcat keeps lists
    if facts.quality is not None:
        told["quality_overall"] = str(facts.quality.overall)
        told |= {f"quality_{name}": str(points) for name, points in facts.quality.dimensions}
    if facts.lowest is not None:
        told |= {
            "price_cny": yuan(facts.lowest.amount_fen),
            "price_unit": facts.lowest.unit.value,
            "price_filing": facts.lowest.filing_number,
        }
    return {key: value for key, value in told.items() if value}


def _instant(at: dt.datetime) -> str:
    # CKAN writes UTC without saying so.
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
