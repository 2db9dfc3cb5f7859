"""Say what of a certificate may be changed (可变更事项), and apply it.

Name, form, validity and scenarios are what HN-17 names besides the owner and the number. The number
is given; the owner changes by transfer or by a fresh registration, never by a change (HN-19, A22).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from catalog.certificates.format import CertificateDocument
from catalog.kernel.errors import Invalid, Refused
from catalog.products.model import Description, Form, Scenario, UpdateCycle

Line = Annotated[str, Meta(max_length=200)]

#: What of a certificate's content a buyer relies on: form, scenarios and validity (RULES §5.2).
MATTERS_TO_BUYERS: Final = frozenset(
    {"form", "scenarios", "valid_from", "valid_to", "update_cycle"}
)


class ChangeEmpty(Invalid):
    """Nothing would be otherwise than the certificate says it."""

    code = "change_empty"


class OwnerChangeNotAChange(Refused):
    """The owner is not changed by a change registration: transfer it, or register afresh (A22)."""

    code = "owner_change_not_a_change"


class WantedContent(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What the certificate is to say from now on; what is left out stays (变更后内容)."""

    name: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    form: Form | UnsetType = UNSET
    form_description: Line | UnsetType = UNSET
    scenarios: Annotated[tuple[Scenario, ...], Meta(min_length=1, max_length=50)] | UnsetType = (
        UNSET
    )
    valid_from: dt.date | UnsetType | None = UNSET
    valid_to: dt.date | UnsetType | None = UNSET
    update_cycle: UpdateCycle | UnsetType = UNSET


class Difference(msgspec.Struct, frozen=True):
    """One thing that is to be said otherwise: what stands there, what is to stand there."""

    field: str
    before: Any
    after: Any


def certified(document: CertificateDocument) -> dict[str, Any]:
    """Return what a certificate says, by the names under which it can be changed."""
    validity = document.product_validity
    return {
        "name": document.product_name,
        "form": document.product_form,
        "scenarios": [dict(scenario) for scenario in document.scenarios],
        "valid_from": validity.get("from"),
        "valid_to": validity.get("to"),
        "update_cycle": validity.get("update_cycle"),
    }


def differences(document: CertificateDocument, wanted: WantedContent) -> tuple[Difference, ...]:
    """Return what would be otherwise.

    :raises ChangeEmpty: if nothing would.
    """
    stands = certified(document)
    asked = msgspec.to_builtins(wanted)
    found = tuple(
        Difference(field, stands[field], asked[field])
        for field in stands
        if field in asked and asked[field] != stands[field]
    )
    if not found:
        raise ChangeEmpty
    return found


def check_owners_stay(*, names_owners: bool) -> None:
    """Return if the application does not ask for another owner.

    :raises OwnerChangeNotAChange: if it does.
    """
    if names_owners:
        raise OwnerChangeNotAChange


def applied(description: Description, wanted: WantedContent) -> Description:
    """Return the product's description with the new content in it."""
    values = {
        name: value
        for name in wanted.__struct_fields__
        if (value := getattr(wanted, name)) is not UNSET
    }
    return msgspec.structs.replace(description, **values)


def restated(document: CertificateDocument, wanted: WantedContent) -> dict[str, Any]:
    """Return the members of the new certificate that say the new content."""
    said = certified(document) | {
        field: value
        for field, value in msgspec.to_builtins(wanted).items()
        if field != "form_description"
    }
    validity = {
        "from": said["valid_from"],
        "to": said["valid_to"],
        "update_cycle": said["update_cycle"],
    }
    return {
        "product_name": said["name"],
        "product_form": said["form"],
        "scenarios": tuple(said["scenarios"]),
        "product_validity": {name: str(value) for name, value in validity.items() if value},
    }


def told_to_buyers(found: tuple[Difference, ...]) -> tuple[str, ...]:
    """Return the fields of a change that those with running orders have to be told of."""
    return tuple(each.field for each in found if each.field in MATTERS_TO_BUYERS)


def as_parts(found: tuple[Difference, ...], wanted: WantedContent) -> Mapping[str, Any]:
    """Return the dossier's parts that say what is to be otherwise."""
    parts = {f"content:{each.field}": each.after for each in found}
    if wanted.form_description is not UNSET:
        parts["content:form_description"] = wanted.form_description
    return parts
