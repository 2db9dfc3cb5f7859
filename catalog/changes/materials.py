"""Say which materials a change needs, and take its dossier (变更登记材料, HN-18).

Three kinds: the application, the proof of the changed content, and what else the registry asks for.
The third is needed once a list of corrections names it.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar

from catalog.kernel.errors import Invalid
from catalog.registration.acceptance import Dossier
from catalog.registration.completeness import MaterialMissing


class ChangeMaterialKind(enum.StrEnum):
    """The three kinds of material (材料种类, HN-18)."""

    CHANGE_APPLICATION_FORM = "change_application_form"  # 变更登记申请书
    CHANGE_PROOF = "change_proof"  # 变更内容的证明材料
    REGISTRY_REQUIRED_OTHER = "registry_required_other"  # 登记机构要求提供的其他材料


ALWAYS: Final = (ChangeMaterialKind.CHANGE_APPLICATION_FORM, ChangeMaterialKind.CHANGE_PROOF)
CONTENT_FIELDS: Final = (
    "name",
    "form",
    "form_description",
    "scenarios",
    "valid_from",
    "valid_to",
    "update_cycle",
)
#: What a list of corrections may point at.
TARGETS: Final = frozenset(
    [f"material:{kind.value}" for kind in ChangeMaterialKind]
    + [f"content:{field}" for field in CONTENT_FIELDS]
    + ["form:reason", "form:occurred_on", "form:kind"]
)


class ChangeReasonMissing(Invalid):
    """Who applies for a change says what happened."""

    code = "change_reason_missing"


class Versioned(Protocol):
    """A material in one of its versions."""

    @property
    def kind(self) -> ChangeMaterialKind:
        """Return of which kind it is."""

    @property
    def version(self) -> int:
        """Return the how-manieth it is."""


M = TypeVar("M", bound=Versioned)


def current(materials: Iterable[M]) -> dict[ChangeMaterialKind, M]:
    """Return the newest version of each material."""
    found: dict[ChangeMaterialKind, M] = {}
    for material in sorted(materials, key=lambda each: each.version):
        found[material.kind] = material
    return found


def check(
    handed_in: Collection[ChangeMaterialKind],
    *,
    asked_for: Collection[str],
    reason: str,
    rules: Collection[str] = ("HN-18",),
) -> None:
    """Return if everything that is needed is there; ``asked_for`` are the targets of a list.

    :raises ChangeReasonMissing: if it is not said what happened.
    :raises MaterialMissing: if materials are missing; all are named.
    """
    if not reason.strip():
        raise ChangeReasonMissing
    other = ChangeMaterialKind.REGISTRY_REQUIRED_OTHER
    needed = (*ALWAYS, other) if f"material:{other.value}" in asked_for else ALWAYS
    missing = [kind.value for kind in needed if kind not in handed_in]
    if missing:
        raise MaterialMissing(kinds=missing, rules=list(rules))


def take(
    *,
    certificate_number: str,
    form: Mapping[str, Any],
    content: Mapping[str, Any],
    materials: Mapping[ChangeMaterialKind, Mapping[str, Any]],
) -> Dossier:
    """Return the dossier of a change as it stands now, part by part (卷宗快照)."""
    parts: dict[str, Any] = {"certificate:number": certificate_number}
    parts |= {f"form:{name}": value for name, value in form.items()}
    parts |= content
    parts |= {f"material:{kind.value}": dict(held) for kind, held in materials.items()}
    return Dossier(parts)
