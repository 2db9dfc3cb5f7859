"""Say what of an application the public sees (公示内容): a whitelist, and nothing besides (A13).

HN-28 keeps the applicant's materials and business data secret, so a field is public because it
stands here, never because somebody forgot to hide it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.errors import Invalid


class NoticeFieldConfidential(Invalid):
    """A field is not on the whitelist: it is confidential and is not shown (A13, HN-28)."""

    code = "notice_field_confidential"


class NoticeFieldMissing(Invalid):
    """A field that a notice shows is missing or malformed."""

    code = "notice_field_missing"


class Scenario(msgspec.Struct, frozen=True):
    """A scenario of use (使用场景)."""

    code: str
    description: str = ""


class PublicFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What stands in a notice (公示字段); the last four where a rulebook names them."""

    product_name: str
    owner_names: tuple[str, ...]
    product_form: str
    scenarios: tuple[Scenario, ...]
    validity: dict[str, str]
    application_number: str
    registration_type: str = ""  # 登记类型
    summary: str = ""  # 数据简介
    restrictions: str = ""  # 限制事项
    rights: tuple[str, ...] = ()  # 权利与权利主体


WHITELIST: Final = frozenset(PublicFields.__struct_fields__)
_ALWAYS: Final = frozenset(
    field.name for field in msgspec.structs.fields(PublicFields) if field.required
)

HOW_TO_OBJECT: Final = {
    "zh": "利害关系人对公示内容有异议的，可在任何时候附证据向运营者提出，提交至 POST /api/v1/objections。",
    "en": "An interested party may object at any time, with evidence: POST /api/v1/objections.",
}


def only_public(facts: Mapping[str, Any]) -> PublicFields:
    """Return the public fields out of all facts of an application; everything else is left out."""
    return msgspec.convert(
        {name: facts[name] for name in WHITELIST if name in facts or name in _ALWAYS},
        PublicFields,
        strict=False,
    )


def check_public(given: Mapping[str, Any]) -> PublicFields:
    """Return ``given`` as a notice's fields, if they are exactly those of the whitelist.

    :raises NoticeFieldConfidential: if there is one that is not whitelisted.
    :raises NoticeFieldMissing: if one is missing or malformed.
    """
    if strangers := sorted(set(given) - WHITELIST):
        raise NoticeFieldConfidential(fields=strangers)
    scenarios = given.get("scenarios")
    for scenario in scenarios if isinstance(scenarios, list | tuple) else ():
        parts = scenario if isinstance(scenario, Mapping) else {}
        if strangers := sorted(set(parts) - set(Scenario.__struct_fields__)):
            raise NoticeFieldConfidential(fields=[f"scenarios.{name}" for name in strangers])
    try:
        return msgspec.convert(given, PublicFields)
    except msgspec.ValidationError as error:
        raise NoticeFieldMissing(detail=str(error)) from error
