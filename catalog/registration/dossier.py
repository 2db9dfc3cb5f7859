"""Take the dossier of an application (卷宗快照): what stood where when it was handed in.

Every part has a target: ``material:<kind>``, ``form:<field>`` or ``product:<field>``. A list of
corrections names targets, and comparing two dossiers tells what was handed in anew (HN-09).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from catalog.products.model import AiShare, Description, OriginPath, Product
from catalog.registration import rights
from catalog.registration.acceptance import Dossier
from catalog.registration.completeness import MaterialKind, Situation
from catalog.registration.model import ApplicationForm, Material
from catalog.registration.rights import RightClaimed
from catalog.registration.submission import Statement
from catalog.rulebooks.rulebook import Rulebook
from catalog.signing.canonical import canonical, sha256_hex

TARGETS: Final = frozenset(
    [f"material:{kind.value}" for kind in MaterialKind]
    + [f"form:{name}" for name in ApplicationForm.__struct_fields__]
    + [f"product:{name}" for name in (*Description.__struct_fields__, "content_sha256")]
)

# Fields that came when cases were running: of these a dossier has what says something, so that what others
# had looked at or consented to keeps its digest.
_SAID_SINCE: Final = frozenset(
    (
        *("sub_form", "market_tier", "open_attribute"),
        *("in_authorized_scope", "resource_code", "related_codes"),
    )
)


def current(materials: Iterable[Material]) -> dict[MaterialKind, Material]:
    """Return the newest version of each material."""
    found: dict[MaterialKind, Material] = {}
    for material in materials:
        held = found.get(material.kind)
        if held is None or material.version > held.version:
            found[material.kind] = material
    return found


def handed_in(materials: Mapping[MaterialKind, Material]) -> dict[MaterialKind, str | None]:
    """Return which materials are there, each with the reason why it does not apply, or None."""
    return {kind: material.not_applicable_reason for kind, material in materials.items()}


def take(
    product: Product,
    description: Description,
    form: ApplicationForm,
    materials: Mapping[MaterialKind, Material],
) -> Dossier:
    """Return the dossier as it stands now, part by part."""
    parts: dict[str, Any] = {
        f"product:{name}": value
        for name, value in msgspec.to_builtins(description).items()
        if value or name not in _SAID_SINCE
    }
    parts["product:content_sha256"] = product.content.sha256 if product.content else None
    parts |= {f"form:{name}": value for name, value in msgspec.to_builtins(form).items()}
    for kind, material in materials.items():
        parts[f"material:{kind.value}"] = {
            "version": material.version,
            "sha256": material.sha256,
            "not_applicable_reason": material.not_applicable_reason,
        }
    return Dossier(parts)


def digest(dossier: Dossier) -> str:
    """Return the SHA-256 of the dossier: what opinions, authorisation and certificate refer to."""
    return sha256_hex(canonical(dossier.parts))


def consented_digest(dossier: Dossier) -> str:
    """Return the SHA-256 of what joint owners consent to: all of it but who acts for whom."""
    letter = f"material:{MaterialKind.AUTHORISATION_LETTER.value}"
    return digest(Dossier({name: part for name, part in dossier.parts.items() if name != letter}))


def situation(
    description: Description,
    form: ApplicationForm,
    rulebook: Rulebook,
    *,
    files_through_agent: bool,
) -> Situation:
    """Return what decides which materials are needed."""
    return Situation(
        owner_count=len(form.owners),
        every_source_is_own=not any(
            source.authorisation_required or source.is_supermarket_resource
            for source in description.sources
        ),
        is_first_registration=form.is_first_registration is not False,
        files_through_agent=files_through_agent,
        always=rulebook.materials,
        source=rulebook.materials_source,
    )


def statement(
    description: Description,
    form: ApplicationForm,
    *,
    files_through_agent: bool,
    truth_confirmed: bool,
) -> Statement:
    """Return what the applicant states."""
    return Statement(
        is_first_registration=form.is_first_registration,
        prior_registrations=form.prior_registrations,
        files_through_agent=files_through_agent,
        truth_confirmed=truth_confirmed,
        is_of_supermarket_resource=description.origin_path is OriginPath.SUPERMARKET_RESOURCE,
        listing_intended_on=form.listing_intended_on,
        certificate_fields={
            "owners": bool(form.owners),
            "product_form": True,
            "product_name": bool(description.name.strip()),
            "scenarios": bool(description.scenarios),
        },
    )


def ai_share(parts: Mapping[str, Any]) -> str:
    """Return how much of the product a machine made, as a certificate says it: nothing if none."""
    share: str = parts.get("product:ai_generated", AiShare.NONE.value)
    return "" if share == AiShare.NONE.value else share


def validity(parts: Mapping[str, Any]) -> dict[str, str]:
    """Return the product's validity (数据产品时效) as notice and certificate state it."""
    found = {
        "from": parts.get("product:valid_from"),
        "to": parts.get("product:valid_to"),
        "update_cycle": parts.get("product:update_cycle"),
    }
    return {name: str(value) for name, value in found.items() if value}


def public_facts(
    parts: Mapping[str, Any], application_number: str, rulebook: Rulebook
) -> dict[str, Any]:
    """Return what a notice may show, out of the dossier that was reviewed (A13)."""
    more = {
        "registration_type": "initial",
        "summary": parts["product:description"],
        "restrictions": parts.get("form:restrictions", ""),
        "rights": rights.told(
            msgspec.convert(parts.get("form:rights", ()), tuple[RightClaimed, ...])
        ),
    }
    return {name: more[name] for name in rulebook.notice_fields} | {
        "product_name": parts["product:name"],
        "owner_names": [owner["name"] for owner in parts["form:owners"]],
        "product_form": parts["product:form"],
        "scenarios": parts["product:scenarios"],
        "validity": validity(parts),
        "application_number": application_number,
    }
